"""Spaces that are in every word or in none -> the edits that take them out and put them in.

Headings and emphasised words were set with space between their letters (Қ А З А Қ С Т А Н), and an engine may lose the
gaps of a whole line. Where words end is asked from a text model, letter by letter, in a beam search. Single letters
that make no likely text, an alphabet or initials, stay apart, and a long word that is likely enough stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kzocr.edits import Edit, apply_edits
from kzocr.text import LETTERS
from kzocr.text_model import TextModel

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
_TOKEN = rf"[{re.escape(_OPENING)}]*-?{_PIECE}-?[{re.escape(_CLOSING)}]*|[{re.escape(_CLOSING)}]+"
_STRETCH = re.compile(rf"(?<!\S)(?:{_TOKEN})(?: +(?:{_TOKEN}))+(?!\S)")
_GAP = re.compile(" +")
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
    """Finds words whose letters stand apart, and words that run together.

    Args:
        text_model: says how likely letters and spaces are.
        is_known: says whether a word in lower case is one.
    """

    def __init__(self, text_model: TextModel, is_known: Callable[[str], bool]) -> None:
        self.text_model = text_model
        self.is_known = is_known

    def edits(self, text: str) -> list[Edit]:
        """Return the spaces of `text` that go and those that come, from left to right."""
        found: list[Edit] = []
        for start, end in _stretches(text):
            found += self._closed_up(text, start, end)
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
        if self.text_model.log_probabilities(apply_edits(stretch, edits)).mean() < LEAST_LIKELY:
            return []
        return [edit.moved(start) for edit in edits]

    def _removed(self, before: str, stretch: str, gaps: Sequence[tuple[int, int]]) -> list[int]:
        """Return the numbers of the gaps that go in the likeliest way to read the stretch."""
        narrow = min(end - start for start, end in gaps)
        is_wide = [end - start > narrow for start, end in gaps]
        says_where = sum(is_wide) * LONGEST_WORD >= len(gaps)
        ways = [_Way(before)]
        settled: list[int] = []
        last = 0
        for number, (start, end) in enumerate(gaps):
            ways = self._extended(ways, stretch[last:start])
            may_go, may_stay = _choices(stretch[start - 1], stretch[end])
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
            parted = self._extended([way.then(number) for way in (*whole, *ways)], " ") if may_part else []
            ways = sorted([*ways, *parted], key=lambda way: -way.score)[:BEAM]
            letter = text[number]
            whole, ways = self._extended(whole, letter), self._extended(ways, letter)
        behind = f"{text[end : end + _CONTEXT]} "
        whole, ways = self._extended(whole, behind), self._extended(ways, behind)
        best = max(ways, key=lambda way: way.score)
        if best.score - whole[0].score < LEAST_GAIN:
            return []
        parts = [text[first:last].lower() for first, last in pairwise([start, *best.changed, end])]
        is_known = [self.is_known(part) for part in parts]
        certain = (place for place, both in zip(best.changed, pairwise(is_known), strict=True) if all(both))
        return [Edit(place, place, "", " ", CONFIDENCE_TOGETHER) for place in certain]

    def _extended(self, ways: Sequence[_Way], piece: str) -> list[_Way]:
        """Return each way with `piece` behind it."""
        scores = self.text_model.continuations([(way.text, piece) for way in ways])
        return [
            _Way((way.text + piece)[-_CONTEXT:], way.score + score, way.changed)
            for way, score in zip(ways, scores, strict=True)
        ]


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the stretches of `text` whose letters stand apart."""
    for match in _STRETCH.finditer(text):
        pieces = [word.group() for word in _WORD.finditer(match.group())]
        n_alone = sum(piece in LETTERS for piece in pieces)
        if n_alone >= LEAST_LETTERS and n_alone >= LEAST_SHARE_APART * len(pieces):
            yield match.span()


def _choices(left: str, right: str) -> tuple[bool, bool]:
    """Return whether the gap between two signs may go, and whether it may stay."""
    if "-" in (left, right) or (right in _CLOSING and right not in _OPENING):
        return True, False
    return left not in _CLOSING and right not in _OPENING, True
