r"""Printed lines -> paragraphs: which line ends the printer only put for lack of room, and what stands there instead.

A line end is *soft* if it is there because the next word did not fit. Nothing marks it, so it is told by the
measure (how long the lines are), by how a line ends and by how the next one begins:

- blank lines, indentation, list items, table rows and headings in capitals divide paragraphs;
- a line that leaves room for the next word ends a paragraph, unless the sentence visibly goes on;
- lines that do not fill a measure, or that all begin with a capital (verse), stay lines;
- a hyphen right behind a letter, with a letter at the next line's start, divides a word, whatever the measure;
- over a page break (a form feed) a sentence that goes on is joined.

A soft line end becomes a space; at a divided word it goes, and the hyphen with it if it is not the word's own
(`kzocr.lines.hyphens`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from kzocr.edits import LINE_BREAKS, Edit, apply_edits

Layout = Literal["keep", "reflow"]

HYPHENS = "-\u2010\u2011"
"""Hyphens that may be a word's own."""

SOFT_HYPHENS = "\u00ad¬"
"""Signs at a line's end that only ever divide a word."""

LEAST_MEASURE_CHARS = 20
"""Lines of fewer characters are no running text."""

_LEAST_LINES = 4
"""So many lines show what their measure is."""

_FULL = 0.8
"""A line is full if with the next word it would exceed this share of the measure: letters differ in width."""

_HALF = 0.5
_VERSE_SHARE = 0.6
_INDENT_CHARS = 2
_TAB_CHARS = 8
_CONTEXT_CHARS = 60

_JOINED_BREAKS = ("\n", "\r\n", "\r", "\x0c", "\u2028")
_PAGE_BREAK = "\x0c"
_MARKER = re.compile(r"(?:[-–—•·*▪○●■□►]|\(?\d{1,3}[.)]|\(?[^\W\d_]\)|§)\s+")
_TABLE = re.compile(r"\S(?:\t|[ \u00a0]{3,})\s*\S")
_SENTENCE_END = re.compile(r"[.!?…:;][»”\"')\]]*$")
_OPENING = "«“„\"'(["
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{HYPHENS}](?=[^\W_]))*")
_LONGEST_ENDING_CHARS = 80
"""So much of a line is looked at for its last word and its punctuation."""


@dataclass(frozen=True, slots=True)
class DividedWord:
    """A word that a line end divides.

    Attributes:
        left: its letters before the hyphen.
        right: its letters on the next line.
        before: what stands before `left` on its line, at most 60 characters.
        after: what stands behind `right` on the next line, at most 60 characters.
    """

    left: str
    right: str
    before: str
    after: str


HyphenOdds = Callable[[Sequence[DividedWord]], Sequence[float]]
"""Divided words -> for each the natural logarithm of the odds that the hyphen is the word's own."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A text with its paragraphs joined.

    Attributes:
        text: the joined text.
        edits: what was done to the original; `apply_edits(original, edits) == text`. A joined line end has
            confidence 1.0, a divided word the probability of the decision about its hyphen.
    """

    text: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank.

    Attributes:
        start: its first visible character, in characters of the text.
        end: one past its last visible character.
        text: the characters between.
        indent_chars: width of the white space before it.
        gap: the line breaks and blank lines between it and the line before.
    """

    start: int
    end: int
    text: str
    indent_chars: int
    gap: str

    @property
    def width_chars(self) -> int:
        return self.indent_chars + len(self.text)


@dataclass(frozen=True, slots=True)
class _Setting:
    """How the lines around a line end are set.

    Attributes:
        measure_chars: the width that full lines have.
        is_filled: whether the lines are running text; False for verse and lists.
        is_certain: whether there are lines enough to know.
    """

    measure_chars: int
    is_filled: bool
    is_certain: bool


def reflow(text: str, hyphen_odds: HyphenOdds) -> Flow:
    r"""Return `text` with its paragraphs joined; time is linear in the text.

    Args:
        text: any string.
        hyphen_odds: decides about the hyphens of divided words; called once, with all of them, if there are any.

    Returns:
        The joined text with the edits that made it. With odds that are always negative
        `reflow("Күз келді, өнді-\nріс өсті.", ...).text == "Күз келді, өндіріс өсті."`.
    """
    lines = _lines(text)
    soft = _soft_ends(lines)
    divided = [(i, word) for i in soft if (word := _divided_word(lines[i - 1], lines[i])) is not None]
    odds = dict(
        zip((i for i, _ in divided), hyphen_odds([word for _, word in divided]) if divided else (), strict=True)
    )
    edits = []
    for i in soft:
        start, end, after, confidence = lines[i - 1].end, lines[i].start, " ", 1.0
        if i in odds:
            is_soft = text[start - 1] in SOFT_HYPHENS
            keeps = odds[i] > 0 and not is_soft
            start -= not keeps
            after, confidence = "", 1.0 if is_soft else _probability(abs(odds[i]))
        edits.append(Edit(start, end, text[start:end], after, confidence))
    return Flow(apply_edits(text, edits), tuple(edits))


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def _lines(text: str) -> list[_Line]:
    """Return the lines that are not blank."""
    lines = []
    position = gap_start = 0
    for whole in text.splitlines(keepends=True):
        content = whole.strip()
        if content:
            start = position + whole.index(content)
            indent_chars = len(whole[: start - position].replace("\t", " " * _TAB_CHARS))
            lines.append(_Line(start, start + len(content), content, indent_chars, text[gap_start:start]))
            gap_start = start + len(content)
        position += len(whole)
    return lines


def _soft_ends(lines: Sequence[_Line]) -> list[int]:
    """Return the numbers of the lines, from 1, that go on what the line before began."""
    blocks = _blocks(lines)
    document = _measure(lines)
    is_verse = _is_verse(lines)
    soft = []
    for start, end in blocks:
        setting = _setting(lines[start:end], document, is_verse, is_certain=len(lines) >= _LEAST_LINES)
        if start and _runs_over_page(lines[start - 1], lines[start], setting):
            soft.append(start)
        soft += [i for i in range(start + 1, end) if _is_soft(lines[i - 1], lines[i], setting)]
    return soft


def _blocks(lines: Sequence[_Line]) -> list[tuple[int, int]]:
    """Return (first, one past the last) of the runs of lines without a blank line or a page break between."""
    starts = [i for i, line in enumerate(lines) if i == 0 or not _is_plain_break(line.gap)]
    return list(pairwise([*starts, len(lines)]))


def _is_plain_break(gap: str) -> bool:
    """Return whether the gap is a single line break, and no page break."""
    breaks = "".join(character for character in gap if character in LINE_BREAKS)
    return breaks in _JOINED_BREAKS and breaks != _PAGE_BREAK


def _measure(lines: Sequence[_Line]) -> int:
    """Return the width that all but the longest tenth of the lines stay within; of few lines the greatest."""
    widths = sorted(line.width_chars for line in lines)
    return widths[math.ceil(0.9 * len(widths)) - 1] if widths else 0


def _setting(block: Sequence[_Line], document_chars: int, is_verse: bool, *, is_certain: bool) -> _Setting:
    own_chars = _measure(block)
    if len(block) < _LEAST_LINES:
        own_chars = max(own_chars, document_chars)
        is_verse = is_verse or _is_verse(block)
    else:
        is_verse = _is_verse(block)
    # Behind the end of a sentence a line may end for either reason: only the others show whether lines are filled.
    ends = [
        _is_full(left, right, own_chars, _FULL)
        for left, right in pairwise(block)
        if not _is_divided(left, right) and not _ends_sentence(left)
    ]
    is_filled = own_chars >= LEAST_MEASURE_CHARS and not is_verse and 2 * sum(ends) >= max(len(ends), 1)
    return _Setting(own_chars, is_filled or (len(block) < _LEAST_LINES and not is_verse), is_certain)


def _is_verse(lines: Sequence[_Line]) -> bool:
    """Return whether lines begin with a capital even where no sentence does."""
    unfinished = [
        right.text
        for left, right in pairwise(lines)
        if _is_plain_break(right.gap) and not _ends_sentence(left) and not _is_divided(left, right)
    ]
    n_capitals = sum(_first_letter(text).isupper() for text in unfinished)
    if n_capitals >= 2 and n_capitals > _VERSE_SHARE * len(unfinished):
        return True
    return len(lines) >= _LEAST_LINES and all(_first_letter(line.text).isupper() for line in lines)


def _is_full(left: _Line, right: _Line, measure_chars: int, share: float) -> bool:
    """Return whether the first word of `right` would have exceeded `share` of the measure behind `left`."""
    return left.width_chars + 1 + len(right.text.split(None, 1)[0]) > share * measure_chars


def _is_soft(left: _Line, right: _Line, setting: _Setting) -> bool:
    """Return whether the line end between two neighbouring lines is soft."""
    if _TABLE.search(left.text) or _TABLE.search(right.text):
        return False
    if _is_divided(left, right):
        return True
    if not setting.is_filled or setting.measure_chars < LEAST_MEASURE_CHARS or _begins_anew(left, right):
        return False
    goes_on = _goes_on(left, right)
    is_full = _is_full(left, right, setting.measure_chars, _FULL)
    if _MARKER.match(right.text):
        return is_full and goes_on
    if goes_on:
        return is_full or left.width_chars >= _HALF * setting.measure_chars
    if not setting.is_certain:
        return False
    if _ends_sentence(left):
        return _is_full(left, right, setting.measure_chars, 1.0)
    return is_full


def _runs_over_page(left: _Line, right: _Line, setting: _Setting) -> bool:
    """Return whether a sentence goes on from one page to the next."""
    if _PAGE_BREAK not in right.gap or _TABLE.search(left.text) or _TABLE.search(right.text):
        return False
    if not setting.is_filled:
        return False
    return _is_divided(left, right) or (_goes_on(left, right) and not _MARKER.match(right.text))


def _begins_anew(left: _Line, right: _Line) -> bool:
    """Return whether indentation or capitals set `right` off from `left`."""
    marker = _MARKER.match(left.text)
    hanging_chars = len(marker.group()) if marker else 0
    if right.indent_chars >= left.indent_chars + _INDENT_CHARS and (
        right.indent_chars > left.indent_chars + hanging_chars
    ):
        return True
    return _is_heading(left.text) != _is_heading(right.text)


def _is_heading(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return len(letters) >= 3 and all(map(str.isupper, letters))


def _goes_on(left: _Line, right: _Line) -> bool:
    """Return whether the sentence of `left` visibly goes on: no end of a sentence, then a small letter."""
    marker = _MARKER.match(right.text)
    text = right.text[marker.end() :] if marker else right.text
    return not _ends_sentence(left) and _first_letter(text).islower()


def _ends_sentence(line: _Line) -> bool:
    return _SENTENCE_END.search(line.text[-_LONGEST_ENDING_CHARS:]) is not None


def _first_letter(text: str) -> str:
    """Return the first character behind opening quotation marks and brackets."""
    return text.lstrip(_OPENING)[:1]


def _is_divided(left: _Line, right: _Line) -> bool:
    """Return whether the two lines share a word."""
    ends_divided = left.text[-1] in HYPHENS + SOFT_HYPHENS and left.text[-2:-1].isalnum()
    return ends_divided and right.text[0].isalnum() and not _MARKER.match(right.text)


def _divided_word(left: _Line, right: _Line) -> DividedWord | None:
    """Return the word that the two lines share, or `None`."""
    if not _is_divided(left, right):
        return None
    head, tail = left.text[:-1], right.text[: _LONGEST_ENDING_CHARS + _CONTEXT_CHARS]
    *_, first = _WORD.finditer(head[-_LONGEST_ENDING_CHARS:])
    second = _WORD.match(tail)
    if second is None:
        return None
    start = len(head) - len(first.group())
    after = tail[second.end() : second.end() + _CONTEXT_CHARS]
    return DividedWord(first.group(), second.group(), head[max(0, start - _CONTEXT_CHARS) : start], after)
