"""Words with boxes and the edits of their line -> the words of the corrected line, with boxes.

The text of a line is its words with a space between. An edit that touches no such space changes words one by one:
their boxes stay. One that removes or makes a space merges or splits words: then every character of the old words has
its share of their width, and a new word lies where its characters lay.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from kzocr.edits import Edit, apply_edits


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page, in the unit of its file; y grows downward."""

    left: float
    top: float
    right: float
    bottom: float

    def union(self, other: Box) -> Box:
        """Return the smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass(frozen=True, slots=True)
class Word:
    """A word as an engine read it; its box is None where the file gives none."""

    text: str
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class NewWord:
    """A word of the corrected line.

    Attributes:
        text: without white space.
        box: where it stands; None where the old words had none.
        source: number in the line of the old word that it begins in.
    """

    text: str
    box: Box | None
    source: int


@dataclass(frozen=True, slots=True)
class Replacement:
    """Neighbouring words of a line and what they became.

    Attributes:
        first: number of the first old word.
        end: one past the number of the last old word.
        words: the new ones; none if all of it was deleted.
        confidence: of the least certain edit in it, 0 to 1.
    """

    first: int
    end: int
    words: tuple[NewWord, ...]
    confidence: float

    @property
    def keeps_boxes(self) -> bool:
        """Whether one word became one word."""
        return self.end - self.first == 1 == len(self.words)


def line_text(words: Sequence[Word]) -> str:
    """Return the words with a space between."""
    return " ".join(word.text for word in words)


def replacements(words: Sequence[Word], edits: Sequence[Edit]) -> list[Replacement]:
    """Return which words of a line become which, from left to right; words that no edit touches are in none.

    Args:
        words: of the line, none of them empty.
        edits: from left to right, offsets in characters of `line_text(words)`.
    """
    starts = list(accumulate((len(word.text) + 1 for word in words), initial=0))[:-1]
    groups: list[tuple[int, int, list[Edit]]] = []
    for edit in edits:
        first = bisect_right(starts, edit.start) - 1
        last_place = max(edit.end - 1, edit.start)
        end = bisect_right(starts, last_place)
        if edit.end > edit.start and last_place == starts[end - 1] + len(words[end - 1].text):
            end += 1  # it ends with the space behind a word, and so concerns the next one
        if groups and first < groups[-1][1]:
            last = groups[-1]
            groups[-1] = (last[0], max(last[1], end), [*last[2], edit])
        else:
            groups.append((first, end, [edit]))
    return [_replacement(words, starts, *group) for group in groups]


def _replacement(
    words: Sequence[Word], starts: Sequence[int], first: int, end: int, edits: Sequence[Edit]
) -> Replacement:
    """Return what the words from `first` to `end` become by `edits`, which all lie among them."""
    shift = starts[first]
    original = line_text(words[first:end])
    own = [Edit(e.start - shift, e.end - shift, e.before, e.after, e.confidence) for e in edits]
    text = apply_edits(original, own)
    confidence = min(edit.confidence for edit in edits)
    pieces = _pieces(text)
    if end - first == 1 == len(pieces):
        return Replacement(first, end, (NewWord(text.strip(), words[first].box, first),), confidence)
    places = _places(original, own)
    new = []
    for start, stop in pieces:
        source = max(bisect_right(starts, shift + int(places[start])) - 1, first)
        box = _box(words[first:end], places[start], places[stop], start / len(text), stop / len(text))
        new.append(NewWord(text[start:stop], box, min(source, end - 1)))
    return Replacement(first, end, tuple(new), confidence)


def _pieces(text: str) -> list[tuple[int, int]]:
    """Return where the words of `text` begin and end."""
    pieces, position = [], 0
    for piece in text.split():
        start = text.index(piece, position)
        position = start + len(piece)
        pieces.append((start, position))
    return pieces


def _places(original: str, edits: Sequence[Edit]) -> list[float]:
    """Return where each character border of the edited text lies in the original, in characters."""
    places: list[float] = []
    position = 0
    for edit in map(_trimmed, edits):
        places += [float(place) for place in range(position, edit.start)]
        width = edit.end - edit.start
        places += [edit.start + width * i / len(edit.after) for i in range(len(edit.after))]
        position = edit.end
    return [*places, *(float(place) for place in range(position, len(original) + 1))]


def _trimmed(edit: Edit) -> Edit:
    """Return the edit without the characters that it begins and ends with on both sides."""
    n_same = _n_same(edit.before, edit.after)
    before, after = edit.before[n_same:], edit.after[n_same:]
    n_same_behind = _n_same(before[::-1], after[::-1])
    before, after = before[: len(before) - n_same_behind], after[: len(after) - n_same_behind]
    return Edit(edit.start + n_same, edit.end - n_same_behind, before, after, edit.confidence)


def _n_same(one: str, other: str) -> int:
    """Return how many characters both strings begin with."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _box(words: Sequence[Word], start: float, end: float, start_share: float, end_share: float) -> Box | None:
    """Return the box of what lies between two places in a run of words; None if one of them has none.

    Args:
        words: the run.
        start: in characters of the run's text.
        end: the same.
        start_share: the start as a share of the new text, for what was inserted whole and has no width of its own.
        end_share: the same of the end.
    """
    boxes = [word.box for word in words if word.box is not None]
    if len(boxes) < len(words):
        return None
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.union(box)
    if end - start < 1e-9:
        width = whole.right - whole.left
        return Box(whole.left + start_share * width, whole.top, whole.left + end_share * width, whole.bottom)
    parts: list[Box] = []
    position = 0
    for word, box in zip(words, boxes, strict=True):
        n_chars = len(word.text)
        left, right = max(start - position, 0.0), min(end - position, float(n_chars))
        if left < right:
            width = (box.right - box.left) / n_chars
            parts.append(Box(box.left + left * width, box.top, box.left + right * width, box.bottom))
        position += n_chars + 1
    if not parts:  # it took the place of the space between two words
        return whole
    joined = parts[0]
    for box in parts[1:]:
        joined = joined.union(box)
    return joined
