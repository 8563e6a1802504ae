"""Kazakh post-OCR correction: `from kzocr import correct`.

Names are imported when they are first used: `import kzocr` loads neither torch nor a model.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from kzocr.correction.passes import Correction
    from kzocr.corrector import Corrector
    from kzocr.edits import Edit
    from kzocr.lines.reflow import Layout
    from kzocr.metrics import cer, wer

__version__ = "0.1.0"
__all__ = ["Correction", "Corrector", "Edit", "__version__", "cer", "correct", "wer"]

_HOME = {
    "Correction": "kzocr.correction.passes",
    "Corrector": "kzocr.corrector",
    "Edit": "kzocr.edits",
    "cer": "kzocr.metrics",
    "wer": "kzocr.metrics",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kzocr' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


@overload
def correct(text: str, *, layout: Layout = "keep", on_progress: Callable[[int, int], None] | None = None) -> str: ...
@overload
def correct(
    text: list[str] | tuple[str, ...],
    *,
    layout: Layout = "keep",
    on_progress: Callable[[int, int], None] | None = None,
) -> list[str]: ...
def correct(
    text: str | list[str] | tuple[str, ...],
    *,
    layout: Layout = "keep",
    on_progress: Callable[[int, int], None] | None = None,
) -> str | list[str]:
    """Return the text that was printed, from what an OCR engine read, by the model in the package.

    Args:
        text: a string of any length, or a list of strings.
        layout: "keep" leaves lines, indentation and tabs; "reflow" joins the lines of each paragraph and the words
            that a line end divides.
        on_progress: called now and then with the number of characters done and the number of all.

    Returns:
        A string for a string, a list for a list.

    Raises:
        TypeError: something else was given.
        ValueError: an unknown layout.
    """
    from kzocr.correction.inputs import check_layout, check_texts

    check_texts(text)
    check_layout(layout)
    from kzocr.corrector import embedded

    return embedded().correct(text, layout=layout, on_progress=on_progress)
