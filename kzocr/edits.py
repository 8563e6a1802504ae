"""`Edit`: what a correction changed and where; two strings -> edits; edits -> the corrected string."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Levenshtein

LINE_BREAKS = frozenset("\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
"""The characters at which `str.splitlines` ends a line."""

_SPACED = str.maketrans(dict.fromkeys(LINE_BREAKS, " "))


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a text.

    Attributes:
        start: first character changed, in characters of the original.
        end: one past the last character changed; equal to `start` for an insertion.
        before: the original's characters from `start` to `end`.
        after: what stands there instead.
        confidence: 0 to 1, the model's probability of the least certain byte of `after`; 1.0 for a change
            that needs no model (a composed й, a Latin ə inside a Kazakh word).
    """

    start: int
    end: int
    before: str
    after: str
    confidence: float

    def moved(self, n_chars: int) -> Edit:
        """Return the edit so many characters further to the right: its offsets in another stretch of the text."""
        return replace(self, start=self.start + n_chars, end=self.end + n_chars)


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between two strings: `source[start:end]` became `after`.

    Attributes:
        start: first character in the source.
        end: one past the last character in the source.
        after: the characters that replace it.
        destination_start: where the aligner saw the change in the destination.
        destination_end: one past its last character there.
        alone: it touches a line break or a fixed character, so that nothing was merged with it.
    """

    start: int
    end: int
    after: str
    destination_start: int
    destination_end: int
    alone: bool = False


def apply_edits(original: str, edits: Iterable[Edit]) -> str:
    """Return `original` with `edits` applied.

    Args:
        original: the text that the edits' offsets count characters of.
        edits: from left to right, without overlaps.

    Returns:
        The edited text: `apply_edits("еді 1", [Edit(0, 1, "е", "Е", 0.9)]) == "Еді 1"`.

    Raises:
        ValueError: edits overlap, are out of order, or do not fit the original.
    """
    parts = []
    position = 0
    for edit in edits:
        if edit.start < position or original[edit.start : edit.end] != edit.before:
            raise ValueError(f"{edit} does not fit the text behind character {position}")
        parts += [original[position : edit.start], edit.after]
        position = edit.end
    parts.append(original[position:])
    return "".join(parts)


def composed(original: str, first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """Return the edits that do in one step what two lists of edits do one after the other.

    Args:
        original: the text that the offsets of `first` count characters of.
        first: from left to right, without overlaps.
        second: the same, offsets in characters of `apply_edits(original, first)`.

    Returns:
        Edits of the original: `apply_edits(original, composed(original, first, second))` equals
        `apply_edits(apply_edits(original, first), second)`. Edits that meet are merged, with the lower
        confidence of the two; what the second takes back is gone.

    Raises:
        ValueError: one of the lists does not fit its text.
    """
    between = apply_edits(original, first)
    apply_edits(between, second)
    steps = [_Step(edit.start, edit.start + len(edit.after), edit, True) for edit in _placed(first)]
    steps += [_Step(edit.start, edit.end, edit, False) for edit in second]
    together: list[Edit] = []
    shift = 0
    group: list[_Step] = []
    for step in sorted(steps, key=lambda step: (step.start, step.end)):
        if group and not _meet(group, step):
            shift = _close(original, between, group, shift, together)
            group = []
        group.append(step)
    if group:
        _close(original, between, group, shift, together)
    return together


@dataclass(frozen=True, slots=True)
class _Step:
    """An edit of the first or second list, with its place in the text between the two."""

    start: int
    end: int
    edit: Edit
    is_first: bool


def _placed(edits: Iterable[Edit]) -> list[Edit]:
    """Return `edits` with their starts counted in the edited text."""
    shift = 0
    placed = []
    for edit in edits:
        placed.append(edit.moved(shift))
        shift += len(edit.after) - len(edit.before)
    return placed


def _meet(group: Sequence[_Step], step: _Step) -> bool:
    """Return whether `step` overlaps the group, or touches it where one of the two is empty."""
    end = max(other.end for other in group)
    if step.start < end:
        return True
    return step.start == end and any(
        other.is_first != step.is_first and other.end == end and (other.start == end or step.start == step.end)
        for other in group
    )


def _close(original: str, between: str, group: Sequence[_Step], shift: int, together: list[Edit]) -> int:
    """Add to `together` the one edit that a group of steps is, or its single edit; return the shift behind it.

    Args:
        original: the text before both lists.
        between: the text between them.
        group: steps that meet.
        shift: what to subtract from a place in `between` before the group to find it in `original`.
        together: the edits so far.
    """
    start, end = group[0].start, max(step.end for step in group)
    next_shift = shift + sum(len(s.edit.after) - len(s.edit.before) for s in group if s.is_first)
    before = original[start - shift : end - next_shift]
    parts = []
    position = start
    for step in group:
        if not step.is_first:
            parts += [between[position : step.start], step.edit.after]
            position = step.end
    after = "".join(parts) + between[position:end]
    if before != after:
        confidence = min(step.edit.confidence for step in group)
        together.append(Edit(start - shift, end - next_shift, before, after, confidence))
    return next_shift


def changes(source: str, destination: str, *, fixed: Collection[int] = ()) -> list[Change]:
    """Return the differences between two strings, neighbouring ones merged, each at its leftmost place.

    A line break in one and a space in the other count as equal: so the letters beside a line break that a model
    has moved find their partners.

    Args:
        source: the string before.
        destination: the string after.
        fixed: positions in the source whose changes must not be merged with any other.

    Returns:
        Changes from left to right. Applied together they turn the source into the destination, line breaks and
        spaces apart; any of them can be left out: `changes("м ы з", "мыз")` deletes the characters 1 and 3.
    """
    found: list[Change] = []
    for operation in Levenshtein.editops(source.translate(_SPACED), destination.translate(_SPACED)):
        tag, source_position, destination_position = operation.tag, operation.src_pos, operation.dest_pos
        end = source_position + (tag != "insert")
        destination_end = destination_position + (tag != "delete")
        after = destination[destination_position:destination_end]
        alone = after in LINE_BREAKS or (
            tag != "insert" and (source_position in fixed or source[source_position] in LINE_BREAKS)
        )
        last = found[-1] if found else None
        if (
            last is not None
            and not alone
            and not last.alone
            and last.end == source_position
            and last.destination_end == destination_position
        ):
            found[-1] = Change(last.start, end, last.after + after, last.destination_start, destination_end)
        else:
            found.append(Change(source_position, end, after, destination_position, destination_end, alone))
    return _leftmost(source, found, fixed)


def _leftmost(source: str, found: list[Change], fixed: Collection[int]) -> list[Change]:
    """Return the changes with every insertion and deletion as far left as it can stand."""
    moved: list[Change] = []
    for change in found:
        lowest = moved[-1].end if moved else 0
        start, end, after, alone = change.start, change.end, change.after, change.alone
        if alone and not after:
            start = _space_before(source, start, lowest, fixed)
            end, alone = start + 1, start in fixed or source[start] in LINE_BREAKS
        if not alone and (start == end or not after):
            while start > lowest and start - 1 not in fixed:
                last = after[-1] if after else source[end - 1]
                if source[start - 1] != last or last in LINE_BREAKS:
                    break
                start, end = start - 1, end - 1
                after = after and last + after[:-1]
        destination_start = change.destination_start
        if moved and not alone and not moved[-1].alone and moved[-1].end == start:
            left = moved.pop()
            start, after, destination_start = left.start, left.after + after, left.destination_start
        moved.append(Change(start, end, after, destination_start, change.destination_end, alone))
    return moved


def _space_before(source: str, position: int, lowest: int, fixed: Collection[int]) -> int:
    """Return the nearest space in the white space before a deleted line break, or its own position.

    Of a space and a line break next to it either may be the one deleted; that it is the space is likelier.
    """
    if source[position] not in LINE_BREAKS:
        return position
    place = position
    while place > lowest and source[place].translate(_SPACED) == " ":
        place -= 1
        if source[place] == " " and place not in fixed:
            return place
    return position
