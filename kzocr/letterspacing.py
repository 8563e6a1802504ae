"""Words set with space between their letters -> the edits that close them up: Қ А З А Қ С Т А Н is ҚАЗАҚСТАН.

Headings and emphasised words were set so, and where an engine gives every letter a space, the gap between two words
looks like any other. Which gaps are left is asked from a text model, piece by piece, in a beam search. Single letters
that make no likely text, an alphabet or initials, stay apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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

CONFIDENCE = 0.99
"""Of each space that goes; `docs/trust.md` says what was measured."""

BEAM = 24
"""Ways to read the stretch so far that are kept."""

_LONGEST_PIECE = 3
_CONTEXT = 16
_PIECE = rf"[^\W\d_]{{1,{_LONGEST_PIECE}}}"
_OPENING, _CLOSING = "«„“\"'(", ".,:;!?…»”\"')"
_TOKEN = rf"[{re.escape(_OPENING)}]*-?{_PIECE}-?[{re.escape(_CLOSING)}]*|[{re.escape(_CLOSING)}]+"
_STRETCH = re.compile(rf"(?<!\S)(?:{_TOKEN})(?: +(?:{_TOKEN}))+(?!\S)")
_GAP = re.compile(" +")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to close up the start of a stretch.

    Attributes:
        text: what stands there, with a little of the text in front.
        score: log probability, nats.
        removed: numbers of the gaps that went.
    """

    text: str
    score: float
    removed: tuple[int, ...]


class LetterSpacing:
    """Finds words whose letters stand apart.

    Args:
        text_model: says how likely letters and spaces are.
    """

    def __init__(self, text_model: TextModel) -> None:
        self.text_model = text_model

    def edits(self, text: str) -> list[Edit]:
        """Return the deletions of spaces that close up the words of `text` whose letters stand apart."""
        found: list[Edit] = []
        for start, end in _stretches(text):
            found += self._closed_up(text, start, end)
        return found

    def _closed_up(self, text: str, start: int, end: int) -> list[Edit]:
        stretch = text[start:end]
        gaps = [match.span() for match in _GAP.finditer(stretch)]
        removed = self._removed(text[max(0, start - _CONTEXT) : start], stretch, gaps)
        spans = [gaps[number] for number in removed]
        edits = [Edit(first, last, stretch[first:last], "", CONFIDENCE) for first, last in spans]
        if self.text_model.log_probabilities(apply_edits(stretch, edits)).mean() < LEAST_LIKELY:
            return []
        return [replace(edit, start=edit.start + start, end=edit.end + start) for edit in edits]

    def _removed(self, before: str, stretch: str, gaps: Sequence[tuple[int, int]]) -> tuple[int, ...]:
        """Return the numbers of the gaps that go in the likeliest way to read the stretch."""
        narrow = min(end - start for start, end in gaps)
        is_wide = [end - start > narrow for start, end in gaps]
        says_where = sum(is_wide) * LONGEST_WORD >= len(gaps)
        ways = [_Way(before, 0.0, ())]
        last = 0
        for number, (start, end) in enumerate(gaps):
            ways = self._extended(ways, stretch[last:start])
            may_go, may_stay = _choices(stretch[start - 1], stretch[end])
            if is_wide[number] and may_stay:
                may_go = False
            elif says_where and may_go:
                may_stay = False
            kept = self._extended(ways, " ") if may_stay else []
            gone = [_Way(way.text, way.score, (*way.removed, number)) for way in ways] if may_go else []
            ways = sorted([*kept, *gone], key=lambda way: -way.score)[:BEAM]
            last = end
        ends = self._extended(ways, f"{stretch[last:]} ")
        return max(ends, key=lambda way: way.score).removed

    def _extended(self, ways: Sequence[_Way], piece: str) -> list[_Way]:
        """Return each way with `piece` behind it."""
        scores = self.text_model.continuations([(way.text, piece) for way in ways])
        return [
            _Way((way.text + piece)[-_CONTEXT:], way.score + score, way.removed)
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
