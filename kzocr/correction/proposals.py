"""A model's output for one window -> the edits that the guards let through, and a count of the others.

In two steps, since how sure one may be of an edit depends on what is proposed for the rest of the document.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from kzocr.confidence.edit_features import NO_BACKGROUND, Background
from kzocr.confidence.model import IDENTITY, Calibration
from kzocr.correction.guards import EditReason, Guards, WindowReason
from kzocr.correction.refusals import END_MARKS, WindowGuard, is_changed_too_much, output_reason, unbalanced
from kzocr.edits import Change, Edit, changes
from kzocr.inference.views import Output, View, byte_offsets

_TAILED = {"к": "қ", "К": "Қ", "г": "ғ", "Г": "Ғ", "н": "ң", "Н": "Ң"}
"""Letters whose tail is read as a comma behind another letter."""

_COMMA = re.compile(r"(?P<word>(?<![^\W\d_]))?[кКгГ],(?P<within>(?=[^\W\d_]))?")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the model would do with one window, or, once it is decided, what is to be done.

    Attributes:
        edits: from left to right, offsets in characters of the window; with the model's own probabilities until it
            is decided.
        refused: for each edit that a guard refused its start in the window and the reason.
        kept: why the model's output was not used, for the window or a piece of it, or `None`.
    """

    edits: list[Edit]
    refused: list[tuple[int, EditReason]] = field(default_factory=list)
    kept: WindowReason | None = None

    def joined(self, other: Proposal, start: int) -> Proposal:
        """Return this proposal with that for a stretch of the same window behind it, which begins at `start`."""
        edits = [edit.moved(start) for edit in other.edits]
        refused = [(place + start, reason) for place, reason in other.refused]
        return Proposal(self.edits + edits, self.refused + refused, self.kept or other.kept)


def propose(
    window: str, seen: View, output: Output | None, guards: Guards, *, commas_are_tails: bool = True
) -> Proposal:
    """Return what the model would do with one window, without what guards refuse however sure it is.

    Args:
        window: the window's characters.
        seen: what the model read of it.
        output: what the model printed; `None` if it was not asked.
        guards: the thresholds.
        commas_are_tails: whether a comma behind a word that ends in к may be the tail of қ (`has_tails`).
    """
    if output is None or output.text == seen.text:
        return Proposal([])
    reason = output_reason(seen.text, output.text, output.finished, guards)
    if reason is None and len(output.log_probabilities) != len(output.text.encode("utf-8")) + 1:
        reason = "invalid"
    found = changes(seen.text, output.text, fixed=seen.fixed) if reason is None else []
    if is_changed_too_much(seen.text, found, guards):
        reason = "changed"
    if reason is not None:
        return Proposal([], kept=reason)
    accepted = []
    refused: list[tuple[int, EditReason]] = []
    guard = WindowGuard(window, guards)
    for index, confidence in enumerate(_confidences(output, found)):
        change = _in_capitals(seen.text, found[index])
        if not commas_are_tails:
            change = _with_comma(seen.text, change)
        if guards.keep_end:
            change = _with_last_mark(seen.text, change)
        span = seen.span(change.start, change.end)
        if span is None:
            refused.append((seen.starts[change.start], "unreadable"))
            continue
        edit = Edit(*span, window[slice(*span)], change.after, confidence)
        if edit.before == edit.after:
            continue
        refusal = guard.reason(edit)
        if refusal is None and change.alone:
            refusal = "unreadable"
        if refusal is None and _adjoins_line_break(found, index):
            refusal = "lines"
        if refusal is None:
            accepted.append(edit)
        else:
            refused.append((edit.start, refusal))
    return Proposal(accepted, refused)


def decide(
    window: str,
    seen: View,
    proposal: Proposal,
    guards: Guards,
    calibration: Calibration = IDENTITY,
    background: Background = NO_BACKGROUND,
) -> Proposal:
    """Return what is to be done with one window, the view's own repairs included.

    Args:
        window: the window's characters.
        seen: what the model read of it.
        proposal: what `propose` returned.
        guards: the thresholds.
        calibration: turns the model's probabilities into confidences.
        background: of the window, for the calibration.
    """
    guard = WindowGuard(window, guards)
    refused = list(proposal.refused)
    edits = calibration.calibrated(window, proposal.edits, background)
    is_calibrated = calibration != IDENTITY
    doubts: list[EditReason | None] = []
    for first, end in _by_word(window, edits):
        is_lone = background.recurrence.are_lone(proposal.edits[first:end])
        of_word = [guard.doubt(edit, is_calibrated=is_calibrated, is_lone=is_lone) for edit in edits[first:end]]
        if is_lone and is_calibrated and any(of_word):
            # Half of the repair of such a word would be worse than either word.
            of_word = [reason or "lone" for reason in of_word]
        doubts += of_word
    sure = _taken(edits, doubts, refused)
    whole = _taken(sure, ["latin" if is_torn else None for is_torn in guard.tears_row(sure)], refused)
    balanced = _taken(whole, unbalanced(whole, guards), refused)
    return Proposal(_with_repairs(window, seen, balanced), refused, proposal.kept)


def _by_word(window: str, edits: Sequence[Edit]) -> list[tuple[int, int]]:
    """Return which edits change the same word: the number of the first and one past that of the last, for each word."""
    groups: list[tuple[int, int]] = []
    for number, edit in enumerate(edits):
        first, end = groups[-1] if groups else (0, 0)
        if groups and not any(map(str.isspace, window[edits[end - 1].start : edit.end])):
            groups[-1] = (first, number + 1)
        else:
            groups.append((number, number + 1))
    return groups


def _taken(
    edits: Iterable[Edit], reasons: Iterable[EditReason | None], refused: list[tuple[int, EditReason]]
) -> list[Edit]:
    """Return the edits without a reason against them; the others are added to `refused`."""
    taken = []
    for edit, reason in zip(edits, reasons, strict=True):
        if reason is None:
            taken.append(edit)
        else:
            refused.append((edit.start, reason))
    return taken


def _adjoins_line_break(found: Sequence[Change], index: int) -> bool:
    """Return whether the change belongs to one of a line break, which is refused: a hyphen at a line's end."""
    change = found[index]
    before, after = found[index - 1 : index], found[index + 1 : index + 2]
    return any(other.alone and other.end == change.start for other in before) or any(
        other.alone and other.start == change.end for other in after
    )


def has_tails(text: str) -> bool:
    """Return whether an engine read tails of letters as commas in `text`, as ABBYY's Russian model does.

    Behind a word's first letter («К,ыс») such a comma is none that was printed. Within a word («шык,ты») a space may be
    lost behind it: they have to be more than those behind words.
    """
    found = list(_COMMA.finditer(text))
    within = [comma for comma in found if comma["within"] is not None]
    return any(comma["word"] is not None for comma in within) or 2 * len(within) > len(found)


def _with_comma(text: str, change: Change) -> Change:
    """Return a change without the comma behind the word that it would take for a letter's tail: «балык,» is балық, ."""
    before, behind = text[change.start : change.end], text[change.end : change.end + 1]
    is_tail = before[-1:] == "," and change.after[-1:] == _TAILED.get(before[-2:-1]) and not behind.isalpha()
    return replace(change, end=change.end - 1) if is_tail else change


def _with_last_mark(text: str, change: Change) -> Change:
    """Return a change without what it does to the marks at the end of the text beside the letters before them."""
    before, after = text[change.start : change.end], change.after
    kept, kept_after = before.rstrip(END_MARKS), after.rstrip(END_MARKS)
    is_mixed = any(sign.isalnum() or sign.isspace() for sign in kept)
    if text[change.end :].strip() or not is_mixed or before[len(kept) :] == after[len(kept_after) :]:
        return change
    return replace(change, end=change.end - len(before) + len(kept), after=kept_after)


def _in_capitals(text: str, change: Change) -> Change:
    """Return a change with its letters in capitals where all others of the word are: КYН is КҮН.

    Args:
        text: what is changed.
        change: of some of its characters.
    """
    start, end = change.start, change.end
    while start and text[start - 1].isalpha():
        start -= 1
    while text[end : end + 1].isalpha():
        end += 1
    others = text[start : change.start] + text[change.end : end]
    is_shouted = end - start > 2 and others.isupper() and text[start:end].isupper()
    return replace(change, after=change.after.upper()) if is_shouted else change


def _confidences(output: Output, found: Sequence[Change]) -> list[float]:
    """Return the probability of the least certain byte of each change; of the next byte for a deletion."""
    offsets = byte_offsets(output.text)
    confidences = []
    for change in found:
        start = offsets[change.destination_start]
        end = max(offsets[change.destination_end], start + 1)
        confidences.append(min(1.0, math.exp(min(output.log_probabilities[start:end]))))
    return confidences


def _with_repairs(window: str, seen: View, edits: list[Edit]) -> list[Edit]:
    """Return the edits together with the view's own repairs where no edit stands, adjoining ones merged."""
    if not seen.repairs:
        return edits
    covered = {position for edit in edits for position in range(edit.start, edit.end)}
    together = [(edit, False) for edit in edits] + [
        (Edit(start, end, window[start:end], character, 1.0), True)
        for index, character in seen.repairs.items()
        if (start := seen.starts[index]) not in covered and (end := seen.ends[index])
    ]
    merged: list[tuple[Edit, bool]] = []
    for edit, is_repair in sorted(together, key=lambda pair: (pair[0].start, pair[0].end)):
        last, last_is_repair = merged[-1] if merged else (None, False)
        if last is not None and last.end == edit.start and (is_repair or last_is_repair):
            merged[-1] = (_joined(last, edit), is_repair)
        else:
            merged.append((edit, is_repair))
    return [edit for edit, _ in merged]


def _joined(left: Edit, right: Edit) -> Edit:
    return Edit(
        left.start,
        right.end,
        left.before + right.before,
        left.after + right.after,
        min(left.confidence, right.confidence),
    )
