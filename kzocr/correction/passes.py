"""One pass over texts: windows, what the model prints for each, the guards, and the edits that are left of it.

A pass is a function of the text alone. So a text that a pass leaves as it is stays as it is for ever, and
`settled` repeats the pass until that is so: the same call on its result then changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kzocr.confidence.edit_features import NO_BACKGROUND, Background
from kzocr.confidence.model import Calibration
from kzocr.confidence.recurrence import Recurrence
from kzocr.correction.guards import Guards
from kzocr.correction.proposals import Proposal, decide, has_tails, propose
from kzocr.edits import Edit, apply_edits, composed
from kzocr.inference.outputs import OutputCache
from kzocr.inference.views import Output, View, columns, view
from kzocr.lines.repeats import Folding
from kzocr.preparation.steps import NO_PREPARATION, Preparation
from kzocr.spelling.profile import NO_PROFILE, Profile
from kzocr.spelling.respelling import Respeller
from kzocr.text import has_kazakh_or_russian, n_bytes
from kzocr.windows import Window, windows

GROUP_BATCHES = 8
"""Windows of so many batches are sorted by length and decoded before the text goes on: memory stays flat."""

PIECE_BYTES = 64
"""A window whose output cannot be used is looked at once more in pieces of at most so many bytes."""

REMEMBERED_WINDOWS = 65536
"""Windows without anything to decide are remembered for the next pass: some 10 MB of text."""


@dataclass(frozen=True)
class Correction:
    """What `Corrector.explain` can tell beyond the corrected text.

    Attributes:
        text: the corrected text.
        original: the text that was given; `apply_edits(original, edits) == text`.
        edits: the changes from left to right, offsets in characters of `original`.
        kept: how often the corrector declined, by reason (`kzocr.correction.guards.WINDOW_REASONS` count windows,
            `EDIT_REASONS` count edits); reasons that did not occur are absent. Of several passes it is the last:
            what was declined in the text as it came out.
        n_windows: windows that the text was cut into.
        n_model_windows: those among them that have a Kazakh or Russian letter and were shown to the model.
        n_passes: how often the text was looked at.
        is_settled: whether the same corrector would leave `text` as it is; it is False only where the passes
            ran out before that was seen.
    """

    text: str
    original: str
    edits: tuple[Edit, ...]
    kept: Mapping[str, int]
    n_windows: int
    n_model_windows: int
    n_passes: int = 1
    is_settled: bool = True


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the model makes of a window.

    Attributes:
        seen: what it read of it.
        proposal: what it would do with it.
        needs_model: whether it was asked.
        is_plain: whether it would be the same in any document: there was nothing to decide.
    """

    seen: View
    proposal: Proposal
    needs_model: bool
    is_plain: bool


@dataclass(frozen=True, slots=True)
class _Document:
    """A text, and what is known of the whole of it when its windows are looked at.

    Attributes:
        text: the text.
        profile: what its words say of how it was read.
        has_tails: whether its commas may be tails of letters.
        columns: where spaces between columns stand in it, from left to right.
    """

    text: str
    profile: Profile
    has_tails: bool
    columns: Sequence[int]

    @classmethod
    def of(cls, text: str, respeller: Respeller | None) -> _Document:
        """Return a text with what is known of it; without a respeller nothing asks for its profile."""
        profile = NO_PROFILE if respeller is None else Profile.of(text, respeller.lexicon)
        return cls(text, profile, has_tails(text), columns(text))


@dataclass(slots=True)
class _Job:
    """One window on its way through the model; the last job of a text has no window."""

    document: _Document
    window: Window | None
    answer: _Answer | None = None

    def is_own(self, position: int) -> bool:
        """Return whether a position in the window is in its core; the end of the text is the last window's."""
        if self.window is None:
            return False
        place = position + self.window.start
        is_last = self.window.core_end == len(self.document.text)
        return self.window.core_start <= place and (place < self.window.core_end or is_last)

    def own_columns(self, start: int = 0, end: int | None = None) -> tuple[int, ...]:
        """Return where spaces between columns stand in a stretch of the window, or in all of it, from its start on."""
        if self.window is None:
            return ()
        first = self.window.start + start
        last = self.window.start + (len(self.window.text) if end is None else end)
        found = self.document.columns
        return tuple(place - first for place in found[bisect_left(found, first) : bisect_left(found, last)])

    def own_edits(self) -> list[Edit]:
        """Return the edits that the model would make in the window's core, offsets in characters of the window."""
        return [] if self.answer is None else [e for e in self.answer.proposal.edits if self.is_own(e.start)]


class Pass:
    """Looks at texts once; windows that had nothing to decide are remembered for the next call.

    Args:
        cache: the model's outputs.
        guards: the thresholds of what is declined.
        calibration: turns the model's probabilities into confidences.
        respeller: decides about words in doubt.
        preparation: what is done to a text before the model sees it.
        background: what the calibration weighs edits with, whatever the document.
        group_bytes: bytes of windows that are worth sorting into batches.
        core_bytes: see `kzocr.windows.windows`.
        context_bytes: see `kzocr.windows.windows`.
    """

    def __init__(
        self,
        cache: OutputCache,
        guards: Guards,
        calibration: Calibration,
        respeller: Respeller | None = None,
        preparation: Preparation = NO_PREPARATION,
        background: Background = NO_BACKGROUND,
        *,
        group_bytes: int,
        core_bytes: int,
        context_bytes: int,
    ) -> None:
        self._cache = cache
        self._guards = guards
        self._calibration = calibration
        self._respeller = respeller
        self._preparation = preparation
        self._background = background
        self._group_bytes = group_bytes
        self._core_bytes = core_bytes
        self._context_bytes = context_bytes
        self._plain: dict[str, _Answer] = {}

    def corrections(self, texts: Iterable[str], on_chars: Callable[[int], None] | None = None) -> Iterator[Correction]:
        """Yield what is done to each text.

        Args:
            texts: any strings.
            on_chars: called with the characters of each window that is done.
        """
        texts = list(texts)
        prepared = [self._preparation.edits(text, self._guards.min_confidence) for text in texts]
        shown = list(map(apply_edits, texts, prepared))
        foldings = list(map(Folding.of, shown))
        folded = self._printed((folding.text for folding in foldings), on_chars)
        for text, edits, read, folding, printed in zip(texts, prepared, shown, foldings, folded, strict=True):
            if not edits and not folding.has_repeats:
                yield printed
                continue
            if on_chars is not None:
                on_chars(len(text) - len(printed.original))
            after = folding.unfolded(printed.edits)
            corrected = apply_edits(read, after)
            both = tuple(composed(text, edits, after))
            yield replace(printed, text=corrected, original=text, edits=both, is_settled=corrected == text)

    def _printed(self, texts: Iterable[str], on_chars: Callable[[int], None] | None) -> Iterator[Correction]:
        """Yield what the model does to each text; arguments as for `corrections`."""
        for jobs in self._answered(texts, on_chars):
            text = jobs[-1].document.text
            edits, kept = self._decided(jobs)
            corrected = apply_edits(text, edits)
            yield Correction(
                corrected,
                text,
                tuple(edits),
                dict(kept),
                len(jobs) - 1,
                sum(job.answer is not None and job.answer.needs_model for job in jobs),
                is_settled=corrected == text,
            )

    def _answered(self, texts: Iterable[str], on_chars: Callable[[int], None] | None) -> Iterator[list[_Job]]:
        """Yield the jobs of each text, its windows in order, once the model has seen all of them."""
        jobs: list[_Job] = []
        for group in self._groups(texts):
            self._answer(group)
            for job in group:
                jobs.append(job)
                if job.window is None:
                    yield jobs
                    jobs = []
                elif on_chars is not None:
                    on_chars(job.window.core_end - job.window.core_start)

    def _decided(self, jobs: Sequence[_Job]) -> tuple[list[Edit], Counter[str]]:
        """Return the edits of a text, and how often was declined what.

        Args:
            jobs: those of its windows, in order; what the model proposes anywhere in it counts everywhere.
        """
        recurrence = Recurrence.of((edit for job in jobs for edit in job.own_edits()), jobs[-1].document.text)
        edits: list[Edit] = []
        kept: Counter[str] = Counter()
        for job in jobs:
            if job.window is None or job.answer is None:
                continue
            seen, proposal = job.answer.seen, job.answer.proposal
            background = self._background.of(job.document.profile, recurrence)
            decided = decide(job.window.text, seen, proposal, self._guards, self._calibration, background)
            _add_edits(edits, kept, job, job.window.start, decided)
        return edits, kept

    def _groups(self, texts: Iterable[str]) -> Iterator[list[_Job]]:
        """Yield as many windows at a time as are worth sorting into batches."""
        group: list[_Job] = []
        group_bytes = 0
        for text in texts:
            document = _Document.of(text, self._respeller)
            for window in windows(text, core_bytes=self._core_bytes, context_bytes=self._context_bytes):
                group.append(_Job(document, window))
                group_bytes += n_bytes(window.text)
                if group_bytes >= self._group_bytes:
                    yield group
                    group, group_bytes = [], 0
            group.append(_Job(document, None))
            group_bytes += 1
        yield group

    def _answer(self, group: Sequence[_Job]) -> None:
        """Give every window of `group` its answer; the model is asked about those that are new."""
        jobs = [(job, job.window.text, job.own_columns()) for job in group if job.window is not None]
        new: dict[tuple[str, tuple[int, ...]], View] = {
            (text, gaps): view(text, gaps) for _, text, gaps in jobs if text not in self._plain
        }
        outputs = self._cache.outputs(seen.text for seen in new.values() if has_kazakh_or_russian(seen.text))
        for job, text, gaps in jobs:
            job.answer = self._plain.get(text)
            if job.answer is None:
                seen = new[text, gaps]
                job.answer = self._proposed(text, seen, outputs.get(seen.text), job)
                if job.answer.proposal.kept is not None:
                    job.answer = replace(job.answer, proposal=self._in_pieces(text, job.answer.proposal, job))
            if job.answer.is_plain:
                self._plain[text] = job.answer
        while len(self._plain) > REMEMBERED_WINDOWS:
            del self._plain[next(iter(self._plain))]

    def _in_pieces(self, window: str, refused: Proposal, job: _Job) -> Proposal:
        """Return what the model makes of a window bit by bit, where its output for the whole of it was refused.

        What it cannot read, a table's frame perhaps, then costs only what stands beside it. A window that would change
        too much, or that has no white space to be cut at, is no text, and stays as it is.
        """
        pieces = list(windows(window, core_bytes=PIECE_BYTES, context_bytes=0))
        is_text = refused.kept != "changed" and all(window[piece.start - 1].isspace() for piece in pieces[1:])
        if len(pieces) == 1 or not is_text:
            return refused
        views = [view(piece.text, job.own_columns(piece.start, piece.start + len(piece.text))) for piece in pieces]
        outputs = self._cache.outputs(seen.text for seen in views if has_kazakh_or_russian(seen.text))
        together = Proposal([])
        for piece, seen in zip(pieces, views, strict=True):
            proposal = self._proposed(piece.text, seen, outputs.get(seen.text), job).proposal
            together = together.joined(proposal, piece.start)
        return together

    def _proposed(self, window: str, seen: View, output: Output | None, job: _Job) -> _Answer:
        """Return what the model makes of one window, or of a piece of that of `job`."""
        printed = output
        if printed is not None and self._respeller is not None:
            printed = self._respeller.respelt(printed, job.document.profile)
        proposal = propose(window, seen, printed, self._guards, commas_are_tails=job.document.has_tails)
        is_plain = output is None or (output.text == seen.text and not output.doubts)
        return _Answer(seen, proposal, output is not None, is_plain)


def _add_edits(edits: list[Edit], kept: Counter[str], job: _Job, offset: int, decided: Proposal) -> None:
    """Add to a text's edits those that begin in a window's core, and to the counts what was declined there.

    Args:
        edits: of the windows before, offsets in characters of the text.
        kept: what was declined so far.
        job: the window's job.
        offset: its window's first character in the text.
        decided: what is to be done with the window.
    """
    if decided.kept is not None:
        kept[decided.kept] += 1
    kept.update(reason for position, reason in decided.refused if job.is_own(position))
    for edit in filter(lambda edit: job.is_own(edit.start), decided.edits):
        placed = edit.moved(offset)
        last_end = edits[-1].end if edits else -1
        if placed.start < last_end or (placed.start == last_end and not _may_adjoin(edit)):
            kept["overlap"] += 1
            continue
        edits.append(placed)


def _may_adjoin(edit: Edit) -> bool:
    """Return whether the edit replaces visible characters by visible ones, whatever stands before it."""
    sides = (edit.before[:1], edit.before[-1:], edit.after[:1], edit.after[-1:])
    return all(side and not side.isspace() for side in sides)


def settled(
    texts: Sequence[str], once: Pass, *, max_passes: int, on_chars: Callable[[int], None] | None = None
) -> list[Correction]:
    """Return what is done to each text by passes that follow each other until a text stays as it is.

    A text that went through two states in turn would never stay. Of such a circle the state that the model
    leaves with the least confidence is taken, the first in the alphabet of equals: whichever state one begins
    with, it is the same. The edits that lead on from it are counted as "oscillates".

    Args:
        texts: any strings.
        once: a pass.
        max_passes: how often a text is looked at, at most.
        on_chars: called in the first pass with the characters of each window that is done.
    """
    trails = [[correction] for correction in once.corrections(texts, on_chars)]
    ends: dict[int, Correction] = {}
    moving = list(range(len(texts)))
    while moving:
        moving = [number for number in moving if number not in ends]
        for number in moving:
            end = _end(trails[number], max_passes)
            if end is not None:
                ends[number] = end
        moving = [number for number in moving if number not in ends]
        again = once.corrections(trails[number][-1].text for number in moving)
        for number, correction in zip(moving, again, strict=True):
            trails[number].append(correction)
    return [ends[number] for number in range(len(texts))]


def _end(trail: Sequence[Correction], max_passes: int) -> Correction | None:
    """Return what the passes of `trail` are together if no other is to follow, else `None`."""
    last = trail[-1]
    starts = [correction.original for correction in trail]
    if last.text == last.original:
        return replace(_together(trail), kept=last.kept, is_settled=True)
    if last.text in starts:
        circle = range(starts.index(last.text), len(trail))
        place = min(circle, key=lambda number: (_weight(trail[number]), starts[number]))
        kept = Counter(trail[place].kept) + Counter(oscillates=len(trail[place].edits))
        reached = trail[:place] or [replace(trail[0], text=trail[0].original, edits=())]
        return replace(_together(reached), kept=dict(kept), n_passes=len(trail), is_settled=True)
    return _together(trail) if len(trail) >= max_passes else None


def _weight(correction: Correction) -> float:
    """Return how sure the model is of all edits together; rounded, since it may be computed in other batches."""
    return round(sum(edit.confidence for edit in correction.edits), 3)


def _together(trail: Sequence[Correction]) -> Correction:
    """Return the one correction that the passes of `trail` are, one after the other."""
    first = trail[0]
    edits: Sequence[Edit] = first.edits
    for correction in trail[1:]:
        edits = composed(first.original, edits, correction.edits)
    return replace(trail[-1], original=first.original, edits=tuple(edits), n_passes=len(trail))
