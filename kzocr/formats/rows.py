"""Rows in, the same rows with one text of each corrected out: what JSONL and Parquet have in common."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Row = TypeVar("Row")
CorrectStream = Callable[[Iterable[str]], Iterator[str]]
"""Texts -> their corrections in order, read a little ahead: `Corrector.correct_stream`."""


def corrected_rows(
    rows: Iterable[Row], text_of: Callable[[Row], str | None], correct_stream: CorrectStream
) -> Iterator[tuple[Row, str | None]]:
    """Yield each row with its corrected text (None where it has none); few rows are in memory at a time.

    Args:
        rows: any number of them.
        text_of: a row -> its text, or None.
        correct_stream: the corrector.
    """
    waiting: deque[tuple[Row, bool]] = deque()

    def texts() -> Iterator[str]:
        for row in rows:
            text = text_of(row)
            waiting.append((row, text is not None))
            yield text or ""

    for corrected in correct_stream(texts()):
        row, has_text = waiting.popleft()
        yield row, corrected if has_text else None
