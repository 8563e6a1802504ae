"""Layout files: hOCR, ALTO and PAGE XML as lines of words; edits of their text put back where the words stand.

The text of such a file is its lines, a line of words with a space between; an empty line stands between two blocks.
So a corrector sees every line with what comes before and behind it, over line ends and blocks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from kzocr.edits import Edit, apply_edits
from kzocr.formats.boxes import Box, Replacement, Word, line_text, replacements
from kzocr.formats.markup import Element, Markup, Tree


class Line(ABC):
    """A line of a layout file, in its tree.

    Attributes:
        element: what of the file changes when the line does.
        words: its words, none of them empty; none at all if the file has only the line's text.
        plain_text: the text of a line without words.
    """

    def __init__(self, element: Element, words: Sequence[Word], plain_text: str = "") -> None:
        self.element = element
        self.words = list(words)
        self.plain_text = plain_text

    @property
    def text(self) -> str:
        """The line as a corrector reads it."""
        return line_text(self.words) if self.words else self.plain_text

    @abstractmethod
    def rewrite(self, changes: Sequence[Replacement], text: str, confidence: float) -> None:
        """Change the tree.

        Args:
            changes: which words become which; none for a line without words.
            text: the corrected line.
            confidence: of the line's least certain edit.
        """


@dataclass(frozen=True)
class Page:
    """The lines of a file by blocks, with the tree that they stand in."""

    tree: Tree
    blocks: tuple[tuple[Line, ...], ...]

    def finish(self, changed: Sequence[Line]) -> Iterable[Element]:
        """Change what depends on more than one line, and return the elements that were changed besides the lines'."""
        return ()


class Dialect(ABC):
    """One of the formats."""

    name: str

    @abstractmethod
    def page(self, tree: Tree) -> Page:
        """Return the lines of a tree.

        Raises:
            ValueError: the tree is none of this format, or a value in it is broken.
        """


@dataclass(frozen=True)
class LayoutFile:
    """A layout file in memory; it is never changed, `with_edits` returns another file's bytes."""

    markup: Markup
    dialect: Dialect

    @classmethod
    def of(cls, data: bytes, name: str, dialect: Dialect) -> LayoutFile:
        """Return the layout file that `data` is.

        Raises:
            ValueError: it cannot be read; the message names the file and, where there is one, the line.
        """
        file = cls(Markup.of(data, name), dialect)
        file.text  # noqa: B018 -- what is broken is found now
        return file

    def _page(self) -> Page:
        tree = self.markup.tree()
        try:
            return self.dialect.page(tree)
        except ValueError as error:
            raise ValueError(f"{self.markup.name}: {error}") from error

    @cached_property
    def text(self) -> str:
        """The text of all lines, `\\n` between two, an empty line between two blocks."""
        return _text(self._page())

    def boxes(self) -> list[list[Word]]:
        """Return the words of each line, with their boxes."""
        return [line.words for block in self._page().blocks for line in block]

    def with_edits(self, edits: Sequence[Edit]) -> bytes:
        """Return the file with its text edited; without edits its own bytes.

        Args:
            edits: from left to right, offsets in characters of `text`; none of them reaches over a line end.

        Raises:
            ValueError: an edit reaches over a line end, or does not fit.
        """
        page = self._page()
        lines = [line for block in page.blocks for line in block]
        starts = _starts(page)
        own: dict[int, list[Edit]] = {}
        for edit in edits:
            number = bisect_right(starts, edit.start) - 1
            line = lines[number] if number >= 0 else None
            if line is None or edit.end > starts[number] + len(line.text):
                raise ValueError(f"{self.markup.name}: {edit} reaches over the end of a line")
            shift = starts[number]
            own.setdefault(number, []).append(edit.moved(-shift))
        for number, line_edits in own.items():
            line = lines[number]
            corrected = apply_edits(line.text, line_edits)
            changes = replacements(line.words, line_edits) if line.words else []
            line.rewrite(changes, corrected, min(edit.confidence for edit in line_edits))
        changed = [lines[number] for number in own]
        more = page.finish(changed) if changed else ()
        return self.markup.patched(page.tree, [*(line.element for line in changed), *more])


def _text(page: Page) -> str:
    return "\n\n".join("\n".join(line.text for line in block) for block in page.blocks)


def _starts(page: Page) -> list[int]:
    """Return where each line begins in the text."""
    widths = [
        len(line.text) + (2 if number == len(block) else 1)
        for block in page.blocks
        for number, line in enumerate(block, 1)
    ]
    return list(accumulate(widths, initial=0))[:-1]


def whole(value: float, like: str) -> str:
    """Return a number as `like`, another one of the file, is written: whole, or with as many decimals."""
    n_decimals = len(like.partition(".")[2])
    return f"{value:.{n_decimals}f}"


def number(value: str | None, what: str, line: int | None) -> float:
    """Return an attribute's number.

    Raises:
        ValueError: it is none; the message has `what` and the line in the file.
    """
    try:
        return float(value or "")
    except ValueError as error:
        raise ValueError(f"line {line}: {what} is {value!r}: expected a number") from error


def rounded(box: Box) -> tuple[int, int, int, int]:
    """Return the box in whole pixels: left, top, right, bottom."""
    return round(box.left), round(box.top), round(box.right), round(box.bottom)
