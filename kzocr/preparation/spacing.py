"""Spaces that are in every word or in none -> the edits that take them out and put them in.

Headings and emphasised words were set with space between their letters (Қ А З А Қ С Т А Н), and an engine may lose the
gaps of a whole line. Where words end is asked from a text model, letter by letter, in a beam search. Single letters
that make no likely text, an alphabet or initials, stay apart, and a long word that is likely enough stays whole. Digits
among such letters are closed up where they make a year (1 9 3 7) or two of them stand before a word (1 9 қ а р а ш а).
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from kzocr.edits import Edit, apply_edits
from kzocr.language.text_model import TextModel
from kzocr.lines.divisions import divisions
from kzocr.text import LETTERS

LEAST_LETTERS = 6
"""Letters that stand alone in a stretch that is looked at."""

LEAST_SHARE_APART = 0.7
"""Of the pieces of such a stretch that are one Kazakh or Russian letter each."""

LEAST_LIKELY = -3.2
"""Log probability a sign of what is closed up, nats: Kazakh with a letter in ten misread has -2.7, an alphabet -7."""

LONGEST_WORD = 16
"""If the wide gaps of a stretch are no farther apart than this on average, letters, they are all that words have."""

LEAST_TOGETHER = 14
"""Letters of an unknown word that is looked at as several ones."""

MOST_TOGETHER = 300
"""Letters of the longest one."""

LEAST_GAIN = 12.0
"""By how many nats the text has to be likelier with the spaces in such a word."""

WITHIN_WORD = 4.0
"""By how many nats more, if the parts on both sides of a space are one known word together: әуежай (airport) is hardly
two words."""

CONFIDENCE_APART, CONFIDENCE_TOGETHER = 0.99, 0.93
"""Of each space that goes, and of each that comes; `scripts/measure_spacing.py` measures them."""

BEAM = 24
"""Ways to read the stretch so far that are kept."""

SETTLED_EVERY = 200
"""After so many gaps the likeliest way is taken for good, so that the work grows no faster than the stretch."""

UNSETTLED = 16
"""But for the last gaps."""

_LONGEST_PIECE = 3
_LEAST_PART = 2
_CONTEXT = 16
_LETTER = r"[^\W\d_]"
_PIECE = rf"{_LETTER}{{1,{_LONGEST_PIECE}}}"
_OPENING, _CLOSING = "«„“\"'(", ".,:;!?…»”\"')"
_DASHES = frozenset("-–—")
_SIGNS_ALONE = rf"[{re.escape(_OPENING)}]+|[{re.escape(_CLOSING)}]+|[{''.join(sorted(_DASHES))}]"
_TOKEN = rf"[{re.escape(_OPENING)}]*-?(?:{_PIECE}|\d{{1,4}})-?[{re.escape(_CLOSING)}]*|{_SIGNS_ALONE}"
_STRETCH = re.compile(rf"(?<!\S)(?:{_TOKEN})(?: +(?:{_TOKEN}))+(?!\S)")
_GAP = re.compile(" +")
_ORDINAL = rf" - (?={_LETTER})"
_NUMBER_APART = re.compile(
    rf"(?<!\d )(?<!\d)(?:(?:1 [5-9]|2 0) \d \d(?:{_ORDINAL}|(?! ?\d))|\d \d(?:{_ORDINAL}|(?= +{_LETTER})))"
)
_WORD = re.compile(rf"{_LETTER}+")
_LONG_WORD = re.compile(rf"(?<!{_LETTER}){_LETTER}{{{LEAST_TOGETHER},{MOST_TOGETHER}}}(?!{_LETTER})")


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to read the start of a stretch.

    Attributes:
        text: what stands there, with a little of the text in front.
        score: log probability, nats.
        changed: numbers of the gaps that went, or of the letters that got a space in front.
    """

    text: str
    score: float = 0.0
    changed: tuple[int, ...] = ()

    def then(self, number: int) -> _Way:
        """Return the way with one more change."""
        return _Way(self.text, self.score, (*self.changed, number))


class Spacing:
    """Finds words whose letters stand apart, words that run together, and words that a line's end once divided.

    Args:
        text_model: says how likely letters and spaces are.
        is_known: says whether a word in lower case is one.
    """

    def __init__(self, text_model: TextModel, is_known: Callable[[str], bool]) -> None:
        self.text_model = text_model
        self.is_known = is_known

    def edits(self, text: str) -> list[Edit]:
        """Return the spaces of `text` that go and those that come, from left to right."""
        stretches = list(_stretches(text))
        found = [edit for start, end in stretches for edit in self._closed_up(text, start, end)]
        found += [
            edit for edit in divisions(text, self.text_model, self.is_known) if not _is_within(edit.start, stretches)
        ]
        for word in _LONG_WORD.finditer(text):
            if LETTERS.issuperset(word.group()) and not self.is_known(word.group().lower()):
                found += self._parted(text, *word.span())
        return sorted(found, key=lambda edit: edit.start)

    def _closed_up(self, text: str, start: int, end: int) -> list[Edit]:
        stretch = text[start:end]
        gaps = [match.span() for match in _GAP.finditer(stretch)]
        removed = self._removed(text[max(0, start - _CONTEXT) : start], stretch, gaps)
        spans = [gaps[number] for number in removed]
        edits = [Edit(first, last, stretch[first:last], "", CONFIDENCE_APART) for first, last in spans]
        closed_up = apply_edits(stretch, edits)
        is_no_digit = np.array([not sign.isdigit() for sign in closed_up])
        if self.text_model.log_probabilities(closed_up)[is_no_digit].mean() < LEAST_LIKELY:
            return []
        return [edit.moved(start) for edit in edits]

    def _removed(self, before: str, stretch: str, gaps: Sequence[tuple[int, int]]) -> list[int]:
        """Return the numbers of the gaps that go in the likeliest way to read the stretch."""
        narrow = min(end - start for start, end in gaps)
        is_wide = [end - start > narrow for start, end in gaps]
        says_where = sum(is_wide) * LONGEST_WORD >= len(gaps)
        ways = [_Way(before)]
        settled: list[int] = []
        in_numbers = _gaps_in_numbers(stretch)
        last = 0
        for number, (start, end) in enumerate(gaps):
            ways = self._extended(ways, stretch[last:start])
            may_go, may_stay = (True, False) if start in in_numbers else _choices(stretch, start, end)
            if is_wide[number] and may_stay:
                may_go = False
            elif says_where and may_go:
                may_stay = False
            kept = self._extended(ways, " ") if may_stay else []
            gone = [way.then(number) for way in ways] if may_go else []
            ways = sorted([*kept, *gone], key=lambda way: -way.score)[:BEAM]
            last = end
            if number % SETTLED_EVERY == SETTLED_EVERY - 1:
                certain = tuple(gap for gap in ways[0].changed if gap <= number - UNSETTLED)
                settled += certain
                ways = [
                    _Way(way.text, way.score, way.changed[len(certain) :])
                    for way in ways
                    if way.changed[: len(certain)] == certain
                ]
        ends = self._extended(ways, f"{stretch[last:]} ")
        return [*settled, *max(ends, key=lambda way: way.score).changed]

    def _parted(self, text: str, start: int, end: int) -> list[Edit]:
        """Return the spaces that come into a word, between known ones: where letters are misread, so may spaces be."""
        whole = [_Way(text[max(0, start - _CONTEXT) : start])]
        ways: list[_Way] = []
        for number in range(start, end):
            may_part = start + _LEAST_PART <= number <= end - _LEAST_PART
            ended = [self._ended(text, way, start, number).then(number) for way in (*whole, *ways)] if may_part else []
            parted = self._extended(ended, " ") if ended else []
            ways = sorted([*ways, *parted], key=lambda way: -way.score)[:BEAM]
            letter = text[number]
            whole, ways = self._extended(whole, letter), self._extended(ways, letter)
        behind = f"{text[end : end + _CONTEXT]} "
        whole, ways = self._extended(whole, behind), self._extended(ways, behind)
        best = max((self._ended(text, way, start, end) for way in ways), key=lambda way: way.score)
        if best.score - whole[0].score < LEAST_GAIN:
            return []
        parts = [text[first:last].lower() for first, last in pairwise([start, *best.changed, end])]
        is_known = [self.is_known(part) for part in parts]
        certain = (place for place, both in zip(best.changed, pairwise(is_known), strict=True) if all(both))
        return [Edit(place, place, "", " ", CONFIDENCE_TOGETHER) for place in certain]

    def _ended(self, text: str, way: _Way, start: int, end: int) -> _Way:
        """Return a way whose last part ends at `end`; dearer if it and the part before it divide a known word.

        Args:
            text: the text.
            way: a way to part the word that begins at `start`.
            start: see there.
            end: where the last part ends.
        """
        *_, before, _ = (None, start, *way.changed)
        if before is None or not self.is_known(text[before:end].lower()):
            return way
        return replace(way, score=way.score - WITHIN_WORD)

    def _extended(self, ways: Sequence[_Way], piece: str) -> list[_Way]:
        """Return each way with `piece` behind it."""
        scores = self.text_model.continuations([(way.text, piece) for way in ways])
        return [
            _Way((way.text + piece)[-_CONTEXT:], way.score + score, way.changed)
            for way, score in zip(ways, scores, strict=True)
        ]


def _is_within(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Return whether one of the spans, which are in ascending order, holds the place."""
    number = bisect_right(spans, (place, sys.maxsize)) - 1
    return number >= 0 and place < spans[number][1]


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the stretches of `text` whose letters stand apart."""
    for match in _STRETCH.finditer(text):
        pieces = [word.group() for word in _WORD.finditer(match.group())]
        n_alone = sum(piece in LETTERS for piece in pieces)
        n_digits = sum(map(str.isdigit, match.group()))
        if n_alone >= max(LEAST_LETTERS, LEAST_SHARE_APART * len(pieces), n_digits):
            yield match.span()


def _gaps_in_numbers(stretch: str) -> frozenset[int]:
    """Return where the gaps begin that stand between the digits of a number, or beside its hyphen, single spaces."""
    numbers = _NUMBER_APART.finditer(stretch)
    return frozenset(number.start() + gap.start() for number in numbers for gap in _GAP.finditer(number.group()))


def _choices(stretch: str, start: int, end: int) -> tuple[bool, bool]:
    """Return whether a gap of `stretch`, between two signs, may go, and whether it may stay."""
    left, right = stretch[start - 1], stretch[end]
    beside = (stretch[max(start - 2, 0) : start].lstrip(), stretch[end : end + 2].rstrip())
    is_beside_number = left.isalnum() and right.isalnum() and (left.isdigit() or right.isdigit())
    if is_beside_number or not _DASHES.isdisjoint(beside):
        return False, True
    if "-" in (left, right) or (right in _CLOSING and right not in _OPENING):
        return True, False
    if left in _OPENING and left not in _CLOSING:
        return True, False
    return left not in _CLOSING and right not in _OPENING, True
