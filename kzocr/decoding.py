"""Input-guided greedy decoding: the bytes that greedy decoding gives, in a fraction of its steps.

A corrector's output is mostly its input. So the input is taken as a draft of the output: one pass of the
decoder over a stretch of the draft tells for every byte of it what greedy decoding would have chosen there.
The bytes up to the first disagreement are right by construction, and so is the model's own byte at that
place; the draft is then re-aligned behind it and the next stretch is verified. Nothing about the draft can
change what comes out, only how soon: a draft that is never right costs one pass a byte, as greedy decoding
does.

Sources: aggressive decoding, Sun et al. 2021 (ACL, section 3) and Ge et al. 2022. New here: rows of a batch
advance each at its own pace (`kzocr.inference.packed`), what the model said behind a disagreement repairs the draft
there, and the second byte of a letter is guessed from what that letter was corrected to before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from kzocr.inference.drafts import Draft
from kzocr.inference.generation import MaxNewBytes, allowed_ids, check_settings, eos_ids, limits_of, start_id
from kzocr.inference.packed import PackedT5, Row

TAIL_BYTES = 8
"""Ids behind the last difference that are scored with a replacement: what follows must still fit."""

SCORED_AT_ONCE, BRANCHES_AT_ONCE = 64, 128
"""Replacements, and ways to go on, that are asked about in one batch."""

N_RIVALS, LEAST_RIVAL = 2, 0.015
"""So many ids besides the likeliest are told of, if they have this probability or more."""


class Memory(Protocol):
    """What was learnt from earlier rows, such as `kzocr.inference.recollection.Recollection`."""

    def learn(self, source: Sequence[int], output: Sequence[int]) -> None:
        """Take in a row's input ids and output ids, both without an end of sequence."""

    def draft(self, source: Sequence[int]) -> list[int]:
        """Return the ids that are expected to come out for the input ids `source`."""


@dataclass(frozen=True, slots=True)
class Rival:
    """An id that greedy decoding might have chosen in place of the one it chose.

    Attributes:
        place: number of the chosen id.
        id: the second or third likeliest.
    """

    place: int
    id: int


@dataclass(frozen=True)
class Decoded:
    """What greedy decoding gives for one input.

    Attributes:
        ids: the chosen ids, without the decoder's start id and without the end-of-sequence id.
        log_probabilities: the natural logarithm of the probability of each chosen id among the allowed ones.
        finished: False if the row reached its greatest length before an end of sequence.
        end_log_probability: that of the end-of-sequence id; 0.0 if not finished.
        rivals: the other ids that had a probability of `LEAST_RIVAL` or more, from left to right, likely ones first;
            empty if they were not asked for.
    """

    ids: list[int]
    log_probabilities: list[float]
    finished: bool
    end_log_probability: float = 0.0
    rivals: list[Rival] = field(default_factory=list)


@dataclass(frozen=True)
class Replacement:
    """Other bytes for a stretch of an output.

    Attributes:
        row: number of the decoded row.
        start: first id that is replaced.
        end: one past the last.
        ids: what stands there instead; not empty.
    """

    row: int
    start: int
    end: int
    ids: list[int]


@dataclass(frozen=True)
class Branch:
    """Another id in an output, behind which decoding is to go on.

    Attributes:
        row: number of the decoded row.
        place: number of the id in whose place it stands.
        id: the other id.
        end: the output's ids from `place` up to here are the draft of what follows.
    """

    row: int
    place: int
    id: int
    end: int


@dataclass(frozen=True)
class DecodingCounts:
    """What decoding cost; addable. Accepted bytes are those that came out, end-of-sequence ids included."""

    n_rows: int = 0
    n_passes: int = 0
    n_row_passes: int = 0
    verified_bytes: int = 0
    accepted_bytes: int = 0

    def __add__(self, other: DecodingCounts) -> DecodingCounts:
        return DecodingCounts(
            self.n_rows + other.n_rows,
            self.n_passes + other.n_passes,
            self.n_row_passes + other.n_row_passes,
            self.verified_bytes + other.verified_bytes,
            self.accepted_bytes + other.accepted_bytes,
        )


@dataclass
class _RowState:
    """One input on its way through decoding.

    `stops` are the ids that end it, `first` is the decoder's position of its first id, and `logits`, where they are
    kept, those of all chosen ids.
    """

    row: Row
    draft: Draft
    max_new_bytes: int
    stretch_bytes: int
    stops: frozenset[int]
    first: int = 0
    log_probabilities: list[float] = field(default_factory=list)
    logits: list[Tensor] | None = None
    finished: bool = False

    def proposed(self) -> list[int]:
        """Return the part of the draft that the next pass verifies, at most to the last allowed byte."""
        return self.draft.propose(min(self.stretch_bytes, self.max_new_bytes - len(self.draft.chosen) - 1))


class GuidedDecoder:
    """Greedy decoding of a T5-family byte model with the input as the draft.

    Args:
        model: a `T5ForConditionalGeneration` or `MT5ForConditionalGeneration`; its weights are read once, here.
        first_stretch_bytes: how many draft bytes are verified at once behind a disagreement.
        longest_stretch_bytes: how far that number grows, doubling, while all are accepted.
        mask_non_bytes: only bytes and the end of sequence can come out. If False any id of the vocabulary
            can.
        memory: improves the drafts by what came out before; without it every draft is its input.

    Raises:
        TypeError: a model class whose decoder this does not know.
        ValueError: the model's generation settings ask for something other than plain greedy decoding.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        *,
        first_stretch_bytes: int = 16,
        longest_stretch_bytes: int = 64,
        mask_non_bytes: bool = True,
        memory: Memory | None = None,
    ) -> None:
        if not 1 <= first_stretch_bytes <= longest_stretch_bytes:
            raise ValueError("a stretch has at least one byte, and the first is not longer than the longest")
        check_settings(model.generation_config)
        self.first_stretch_bytes = first_stretch_bytes
        self.longest_stretch_bytes = longest_stretch_bytes
        self.start_id = start_id(model)
        self.eos_ids = eos_ids(model)
        self.output_ids = allowed_ids(model, mask_non_bytes=mask_non_bytes)
        self.packed = PackedT5(model, self.output_ids)
        self.counts = DecodingCounts()
        self._allowed = frozenset(self.output_ids)
        self._second_bytes: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.memory = memory

    def decode(
        self,
        inputs: Sequence[Sequence[int]],
        *,
        drafts: Sequence[Sequence[int]] | None = None,
        max_new_bytes: MaxNewBytes | None = None,
    ) -> list[Decoded]:
        """Return what greedy decoding gives for each input.

        Args:
            inputs: encoder ids of each row, the end-of-sequence id included.
            drafts: ids that the output is expected to resemble; the inputs if not given. They change the time
                taken and nothing else.
            max_new_bytes: the most ids per row, the end of sequence included; twice the input and 16 more if
                not given. A row that reaches it comes back as not `finished`.

        Raises:
            ValueError: an input without ids, or lists of different lengths.
        """
        return [result for result, _ in self.decode_rows(inputs, drafts=drafts, max_new_bytes=max_new_bytes)]

    @torch.inference_mode()
    def decode_rows(
        self,
        inputs: Sequence[Sequence[int]],
        *,
        drafts: Sequence[Sequence[int]] | None = None,
        max_new_bytes: MaxNewBytes | None = None,
        with_rivals: bool = False,
    ) -> list[tuple[Decoded, Row]]:
        """Return what `decode` does, each with the model's state behind it, which `score` and `branched` take.

        Args:
            inputs: as for `decode`.
            drafts: as for `decode`.
            max_new_bytes: as for `decode`.
            with_rivals: tell where other ids were likely too.
        """
        limits = limits_of(inputs, max_new_bytes)
        memory = self.memory if drafts is None else None
        if drafts is None:
            drafts = inputs if memory is None else [memory.draft(self._usable(source)) for source in inputs]
        if len(drafts) != len(inputs):
            raise ValueError(f"{len(drafts)} drafts for {len(inputs)} inputs")
        if not all(inputs):
            raise ValueError("every input needs at least one id (the end of sequence)")
        if not inputs:
            return []
        states = [
            _RowState(
                row,
                Draft(self._usable(draft), self._second_bytes),
                limit,
                self.first_stretch_bytes,
                self.eos_ids,
                logits=[] if with_rivals else None,
            )
            for row, draft, limit in zip(self.packed.encode(inputs), drafts, limits, strict=True)
        ]
        self.counts += self._run(states)
        if memory is not None:
            for source, state in zip(inputs, states, strict=True):
                if state.finished:
                    memory.learn(self._usable(source), state.draft.chosen[:-1])
        return [(_decoded(state, self._rivals(state)), state.row) for state in states]

    def _rivals(self, state: _RowState) -> list[Rival]:
        """Return the likeliest ids besides the chosen ones, if the row's logits were kept and they are likely."""
        if not state.logits:
            return []
        shares = torch.cat(state.logits).softmax(dim=-1)
        others = shares.scatter(1, shares.argmax(dim=-1, keepdim=True), 0.0)
        likely = others.topk(min(N_RIVALS, others.shape[1]), dim=-1)
        places, ranks = (likely.values >= LEAST_RIVAL).nonzero(as_tuple=True)
        found = zip(places.tolist(), likely.indices[places, ranks].tolist(), strict=True)
        return [Rival(place, self.output_ids[index]) for place, index in found]

    @torch.inference_mode()
    def branched(
        self, decoded: Sequence[tuple[Decoded, Row]], branches: Sequence[Branch], stops: frozenset[int], longest: int
    ) -> list[list[int]]:
        """Return the ids that greedy decoding chooses behind each branch, from its own id up to the first stop.

        Args:
            decoded: what `decode_rows` returned.
            branches: in any order; each stands for itself.
            stops: ids behind which nothing more is asked for; they are left out, ends of sequence too.
            longest: the most ids that are chosen; a branch without a stop among them gives no ids.
        """
        found = []
        for start in range(0, len(branches), BRANCHES_AT_ONCE):
            states = [
                self._branch(*decoded[item.row], item, stops | self.eos_ids, longest)
                for item in branches[start : start + BRANCHES_AT_ONCE]
            ]
            self._run(states)
            found += [state.draft.chosen[:-1] if state.finished else [] for state in states]
        return found

    def _branch(self, result: Decoded, row: Row, item: Branch, stops: frozenset[int], longest: int) -> _RowState:
        draft = Draft(result.ids[item.place : item.end], self._second_bytes)
        draft.propose(0)
        draft.accept([item.id])
        forked = row.forked(item.place + 1, longest + 1)
        return _RowState(forked, draft, longest, self.first_stretch_bytes, stops, item.place)

    def _run(self, states: Sequence[_RowState]) -> DecodingCounts:
        """Advance every row until it is finished or at its greatest length, and return what that cost."""
        counts = DecodingCounts(n_rows=len(states))
        active = [state for state in states if state.max_new_bytes > 0]
        while active:
            counts += self._advance(active)
            active = [s for s in active if not s.finished and len(s.draft.chosen) < s.max_new_bytes]
        return counts

    @torch.inference_mode()
    def score(self, decoded: Sequence[tuple[Decoded, Row]], replacements: Sequence[Replacement]) -> list[float]:
        """Return by how much likelier the model finds each replacement than what it printed there, in nats.

        Compared are the replacement, to `TAIL_BYTES` behind the last byte that differs, and the output over the same
        stretch; what greedy decoding chose is mostly the likelier, so most numbers are negative.

        Args:
            decoded: what `decode_rows` returned.
            replacements: what is to be scored, in any order; each stands for itself.
        """
        scores = []
        for start in range(0, len(replacements), SCORED_AT_ONCE):
            scores += self._score(decoded, replacements[start : start + SCORED_AT_ONCE])
        return scores

    def _score(self, decoded: Sequence[tuple[Decoded, Row]], replacements: Sequence[Replacement]) -> list[float]:
        eos_id = min(self.eos_ids)
        index_of = {token: index for index, token in enumerate(self.output_ids)}
        starts, rows, stretches, targets, printed = [], [], [], [], []
        for item in replacements:
            result, row = decoded[item.row]
            whole = [*result.ids, eos_id] if result.finished else result.ids
            # What both begin with has been decoded already; behind the last difference a few bytes tell enough.
            n_begun = _n_shared(item.ids[:-1], whole[item.start : item.end])
            start, new = item.start + n_begun, item.ids[n_begun:]
            n_ended = _n_shared(new[::-1], whole[start : item.end][::-1])
            end = min(item.end - n_ended + TAIL_BYTES, len(whole))
            target = [*new[: len(new) - n_ended], *whole[item.end - n_ended : end]]
            starts.append(start)
            rows.append(row.forked(start, len(target)))
            stretches.append([whole[start - 1] if start else self.start_id, *target[:-1]])
            targets.append([index_of[token] for token in target])
            log_probabilities = [*result.log_probabilities, result.end_log_probability]
            printed.append(sum(log_probabilities[start:end]))
        logits = self.packed.decode(rows, starts, stretches).float()
        places = torch.tensor([index for target in targets for index in target], device=logits.device)
        found = logits.gather(1, places[:, None])[:, 0] - logits.logsumexp(dim=-1)
        sums = [float(part.sum()) for part in found.split([len(target) for target in targets])]
        return [new - old for new, old in zip(sums, printed, strict=True)]

    def _usable(self, draft: Sequence[int]) -> list[int]:
        """Return the ids of `draft` that can come out, up to its end of sequence."""
        usable = []
        for token in draft:
            if token in self.eos_ids:
                break
            if token in self._allowed:
                usable.append(token)
        return usable

    def _advance(self, active: list[_RowState]) -> DecodingCounts:
        """Verify one stretch of every row in one pass of the decoder and return what that cost."""
        proposals = [state.proposed() for state in active]
        logits = self.packed.decode(
            [state.row for state in active],
            [state.first + len(state.draft.chosen) for state in active],
            [
                [state.draft.chosen[-1] if state.draft.chosen else self.start_id, *proposal]
                for state, proposal in zip(active, proposals, strict=True)
            ],
        )
        logits = logits.float()
        best, index = logits.max(dim=-1)
        best = best - logits.logsumexp(dim=-1)
        chosen = [self.output_ids[i] for i in index.tolist()]
        log_probabilities = best.tolist()
        start, accepted_bytes = 0, 0
        for state, proposal in zip(active, proposals, strict=True):
            stop = start + len(proposal) + 1
            taken = self._accept(state, chosen[start:stop], log_probabilities[start:stop])
            if state.logits is not None:
                state.logits.append(logits[start : start + taken])
            accepted_bytes += taken
            start = stop
        return DecodingCounts(0, 1, len(active), start, accepted_bytes)

    def _accept(self, state: _RowState, chosen: list[int], log_probabilities: list[float]) -> int:
        """Take what the model confirmed of the draft, and its own id behind; return how many ids that is.

        Args:
            state: the row, changed in place.
            chosen: what greedy decoding chooses in place of each proposed id, and behind the last.
            log_probabilities: of `chosen`.
        """
        for number, token in enumerate(chosen):
            if token in state.stops:
                chosen = chosen[: number + 1]
                break
        taken = state.draft.accept(chosen)
        state.log_probabilities += log_probabilities[:taken]
        state.finished = chosen[taken - 1] in state.stops
        if taken == len(chosen):
            state.stretch_bytes = min(2 * state.stretch_bytes, self.longest_stretch_bytes)
        else:
            state.stretch_bytes = min(max(taken, self.first_stretch_bytes // 4, 1), self.first_stretch_bytes)
        return taken


def _decoded(state: _RowState, rivals: list[Rival]) -> Decoded:
    ids, log_probabilities = state.draft.chosen, state.log_probabilities
    if state.finished:
        return Decoded(ids[:-1], log_probabilities[:-1], True, log_probabilities[-1], rivals)
    return Decoded(ids, log_probabilities, False, rivals=rivals)


def _n_shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many ids two sequences begin with in common."""
    pairs = zip(one, other, strict=False)
    return next((number for number, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
