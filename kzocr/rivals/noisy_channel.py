"""The classical rival: a noisy channel with a character n-gram model, decoded line by line with a beam.

For a line that was read, the decoder looks for the printed line that maximises P(printed) * P(read | printed)
(Kernighan, Church & Gale 1990). P(printed) is a character n-gram model with Witten-Bell interpolation (Chen & Goodman
1998, section 2.5) learnt from text; P(read | printed) comes from the average of channels drawn from a `ChannelPrior`.
Nothing here needs a package beyond the standard library and numpy. KenLM would give the same kind of model, but its
Python package can only query models, not learn them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kzocr.channel.model import ChannelModel
from kzocr.channel.prior import ChannelPrior
from kzocr.text import nfc

ORDER = 6
"""Characters of an n-gram, chosen by hand."""

BEAM = 24
"""Hypotheses kept at each place, chosen by hand."""

N_CHANNELS = 40
"""Channels whose average the errors are, chosen by hand."""

MIN_RATE = 2e-4
"""Misreadings rarer than this are left out, chosen by hand."""

LANGUAGE_WEIGHT = 0.8
"""Weight of the language model against the channel; below 1 it trusts what was read more. Chosen by hand."""

START = "\n"
"""Stands before every line and after it; no line holds one."""


class CharacterModel:
    """A character n-gram model: log-probabilities of the next character, interpolated over all shorter contexts."""

    def __init__(self, order: int, counts: Sequence[Mapping[str, Counter[str]]], n_characters: int):
        self.order = order
        self._counts = counts
        self._totals = [{context: sum(c.values()) for context, c in level.items()} for level in counts]
        self._uniform = 1 / (n_characters + 1)
        self.log_probability = lru_cache(maxsize=1 << 19)(self._log_probability)

    @classmethod
    def from_lines(cls, lines: Iterable[str], order: int = ORDER) -> CharacterModel:
        """Return the model of `lines`.

        Args:
            lines: text without errors, one line or paragraph each.
            order: characters of an n-gram, at least 1.

        Raises:
            ValueError: `order` is below 1, or there is no text.
        """
        if order < 1:
            raise ValueError(f"order is {order}: expected at least 1")
        counts: list[defaultdict[str, Counter[str]]] = [defaultdict(Counter) for _ in range(order)]
        characters: set[str] = set()
        for line in lines:
            text = START + " ".join(nfc(line).split()) + START
            characters.update(text)
            for place in range(1, len(text)):
                for n_context in range(min(order, place + 1)):
                    counts[n_context][text[place - n_context : place]][text[place]] += 1
        if len(characters) < 2:
            raise ValueError("no text to learn characters from")
        return cls(order, counts, len(characters))

    def _log_probability(self, character: str, context: str) -> float:
        """Return log P(character | context), natural; only the last `order - 1` characters of `context` count."""
        probability = self._uniform
        for n_context in range(min(self.order, len(context) + 1)):
            key = context[len(context) - n_context :]
            total = self._totals[n_context].get(key)
            if total is None:
                break
            seen = self._counts[n_context][key]
            probability = (seen[character] + len(seen) * probability) / (total + len(seen))
        return math.log(probability)


@dataclass(frozen=True)
class _Hypothesis:
    score: float
    context: str
    text: str


class NoisyChannel:
    """A corrector by noisy channel; `correct` is a function for `kzocr.evaluation.evaluate`.

    Args:
        language: model of what is printed.
        costs: read string -> printed string -> log P(read | printed) for readings that are errors.
        keep: log P of a character being read right.
        language_weight: weight of the language model; below 1 it trusts what was read more.
        beam: hypotheses kept at each place.
    """

    def __init__(
        self,
        language: CharacterModel,
        costs: Mapping[str, Mapping[str, float]],
        keep: Mapping[str, float],
        *,
        language_weight: float = LANGUAGE_WEIGHT,
        beam: int = BEAM,
    ):
        self.language = language
        self.costs = costs
        self.keep = keep
        self.language_weight = language_weight
        self.beam = beam
        self._longest = max(map(len, costs), default=0)

    @classmethod
    def from_text(
        cls,
        lines: Iterable[str],
        *,
        prior: str = "mixture",
        order: int = ORDER,
        beam: int = BEAM,
        n_channels: int = N_CHANNELS,
        seed: int = 0,
    ) -> NoisyChannel:
        """Return the corrector whose letters come from `lines` and whose errors come from a channel prior.

        Args:
            lines: text without errors.
            prior: name or file of a `ChannelPrior`.
            order: characters of an n-gram.
            beam: hypotheses kept at each place.
            n_channels: channels drawn from the prior and averaged.
            seed: seed of these draws.

        Raises:
            ValueError: no text, or no such prior.
        """
        rng = np.random.default_rng(seed)
        source = ChannelPrior.load(prior)
        costs, keep = channel_costs([source.draw(rng) for _ in range(n_channels)])
        return cls(CharacterModel.from_lines(lines, order), costs, keep, beam=beam)

    def correct(self, texts: list[str]) -> list[str]:
        """Return `texts` corrected line by line; line ends, spaces at the ends of lines and blank lines stay."""
        return ["\n".join(self._correct_line(line) for line in text.split("\n")) for text in texts]

    def _correct_line(self, line: str) -> str:
        core = line.strip()
        if not core:
            return line
        start = line.index(core)
        return line[:start] + self._decode(core) + line[start + len(core) :]

    def _decode(self, read: str) -> str:
        """Return the likeliest printed line; `waiting[i]` holds hypotheses that have explained `read[:i]`."""
        waiting: list[dict[str, _Hypothesis]] = [{} for _ in range(len(read) + 1)]
        waiting[0][START] = _Hypothesis(0.0, START, "")
        for place in range(len(read)):
            for hypothesis in self._best(waiting[place]):
                self._add(waiting, place + 1, hypothesis, read[place], self.keep.get(read[place], 0.0))
                for length in range(1, min(self._longest, len(read) - place) + 1):
                    for printed, cost in self.costs.get(read[place : place + length], {}).items():
                        self._add(waiting, place + length, hypothesis, printed, cost)
            waiting[place] = {}
        finished = [
            (h.score + self.language_weight * self.language.log_probability(START, h.context), h.text)
            for h in self._best(waiting[len(read)])
        ]
        return max(finished)[1].strip() or read

    def _best(self, hypotheses: Mapping[str, _Hypothesis]) -> list[_Hypothesis]:
        return sorted(hypotheses.values(), key=lambda h: (-h.score, h.text))[: self.beam]

    def _add(
        self, waiting: list[dict[str, _Hypothesis]], place: int, hypothesis: _Hypothesis, printed: str, cost: float
    ) -> None:
        """Put `hypothesis` with `printed` behind it among those at `place`, if none with its context is better."""
        score, context = hypothesis.score + cost, hypothesis.context
        for character in printed:
            score += self.language_weight * self.language.log_probability(character, context)
            context = (context + character)[-max(self.language.order - 1, 1) :]
        known = waiting[place].get(context)
        if known is None or known.score < score:
            waiting[place][context] = _Hypothesis(score, context, hypothesis.text + printed)


def channel_costs(channels: Sequence[ChannelModel]) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Return log P(read | printed) for the errors of the average channel, and log P of each character staying.

    Neighbours in the rules are left out: a rule with neighbours counts with the largest rate that it has. Spurious
    spaces are explained by the character before or behind them; characters that vanish without a trace are not
    explained, because every place could hide one.

    Args:
        channels: equally likely; at least one.

    Returns:
        (read -> printed -> log P, printed -> log P of being read right); rates below `MIN_RATE` are left out.
    """
    rates: defaultdict[tuple[str, str], float] = defaultdict(float)
    for channel in channels:
        largest: dict[tuple[str, str], float] = {}
        for rule in channel.rules:
            for output, rate in rule.outputs.items():
                key = rule.source, output
                largest[key] = max(largest.get(key, 0.0), rate)
        for sign, rate in channel.space_after.items():
            largest[sign, sign + " "] = max(largest.get((sign, sign + " "), 0.0), rate)
        for sign, rate in channel.space_before.items():
            largest[sign, " " + sign] = max(largest.get((sign, " " + sign), 0.0), rate)
        for key, rate in largest.items():
            rates[key] += rate / len(channels)
    costs: dict[str, dict[str, float]] = defaultdict(dict)
    wrong: defaultdict[str, float] = defaultdict(float)
    for (printed, read), rate in rates.items():
        if read and printed != read and rate >= MIN_RATE:
            costs[read][printed] = math.log(min(rate, 0.98))
            if len(printed) == 1:
                wrong[printed] += rate
    keep = {sign: math.log(max(1 - rate, 0.02)) for sign, rate in wrong.items()}
    return dict(costs), keep
