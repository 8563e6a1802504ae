"""What a caller may give to a corrector; a message about what else was given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from kzocr.lines.reflow import Layout


def check_layout(layout: str) -> None:
    """Raise if there is no such layout.

    Raises:
        ValueError: it is none of `kzocr.lines.reflow.Layout`; the message lists them.
    """
    if layout not in get_args(Layout):
        raise ValueError(f"no layout {layout!r}: expected one of {', '.join(get_args(Layout))}")


def check_texts(text: object, function: str = "correct") -> Sequence[str]:
    """Return the texts of a string (one) or of a list.

    Args:
        text: what a caller gave.
        function: what the caller called, for the message.

    Raises:
        TypeError: something else was given, or a list with something else in it.
    """
    if isinstance(text, str):
        return [text]
    if not isinstance(text, (list, tuple)):
        hint = "; decode it first" if isinstance(text, (bytes, bytearray)) else ""
        raise TypeError(f"{function}() takes a str or a list of str, not {_type_name(text)}{hint}")
    for index, item in enumerate(text):
        _check_item(item, index)
    return text


def checked(texts: Iterable[str]) -> Iterator[str]:
    """Yield the texts, each checked when its turn comes.

    Raises:
        TypeError: an item is no string; the message has its index.
    """
    for index, item in enumerate(texts):
        _check_item(item, index)
        yield item


def _check_item(item: object, index: int) -> None:
    if not isinstance(item, str):
        raise TypeError(f"item {index} is not a str but {_type_name(item)}")


def _type_name(value: object) -> str:
    return "None" if value is None else type(value).__name__
