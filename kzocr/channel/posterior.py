"""One document's rates, from its own counts and from what other documents of the same engine show.

Rates are Beta posteriors and readings Dirichlet posteriors around what all documents show, shifted to the
document's own severity: rate = logistic(logit(pooled rate) + severity), with one severity for each group of
errors. So a clean document stays clean in letters that it shows too rarely to count, and what an engine cannot
print stays lost in every document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kzocr.channel.sampling import INTENSITY_CHARS
from kzocr.channel.tally import Tally, Unit

Floats = npt.NDArray[np.float64]

GROUPS = ("certain", "letter", "string", "sign", "space", "insertion")
CERTAIN_RATE = 0.3
"""A source that is misread more often than this over all documents counts as one that the engine cannot print."""

MAX_BURSTINESS = 6.0
"""The most that is believed of how unevenly errors lie, chosen by hand."""

_N_HALVINGS = 40
"""They narrow the 20 nats in which a severity is looked for to 2e-11."""

_BURST_WEIGHT = 4.0
"""Lines with one error each that the other documents' burstiness is worth, chosen by hand."""

_SIMILAR_WEIGHT = 0.5
"""How often a look-alike that was never read counts as read, in all documents together, chosen by hand."""

_TINY = 1e-9
"""Keeps the parameters of a Beta distribution above 0 where nothing was counted."""

_WIDE = 4.0
"""Spread of severities in nats before any document is known, chosen by hand: odds may be fifty times others."""

_NARROW = 0.2
"""What documents of like severity may still differ by, in nats, chosen by hand: their spread may be 0."""


@dataclass(frozen=True)
class Row:
    """One document as arrays: places by unit, errors by output, severity by group, burstiness."""

    places: Floats
    errors: Floats
    severity: Floats
    burstiness: float


class Posterior:
    """What is known of channels as arrays, so that a draw is a few numpy calls."""

    def __init__(
        self,
        units: Sequence[Unit],
        outputs: Sequence[tuple[int, str, float]],
        documents: Sequence[Tally],
        flatness: float,
    ) -> None:
        """Prepare all documents.

        Args:
            units: what can go wrong.
            outputs: (unit number, what is read instead, count over all documents).
            documents: the counts of each document.
            flatness: 0 takes other documents' readings as often as they were counted, 1 all alike.
        """
        n_units, n_groups = len(units), len(GROUPS)
        self.output_unit = np.array([unit for unit, _, _ in outputs], dtype=np.int64)
        counts = np.array([count for _, _, count in outputs], dtype=np.float64)
        errors = np.bincount(self.output_unit, counts, n_units)
        places = np.maximum([unit.occurrences for unit in units], errors)
        self.frequency = places / max(sum(tally.n_chars for tally in documents), 1)
        self.group = np.array([_group(u, e, n) for u, e, n in zip(units, errors, places, strict=True)], dtype=np.int64)
        group_places = np.maximum(np.bincount(self.group, places, n_groups), 1.0)
        group_rate = np.bincount(self.group, errors, n_groups) / group_places
        rate = np.clip((errors + group_rate[self.group]) / (places + 1.0), 1e-7, 1 - 1e-4)
        self.logit = np.log(rate) - np.log1p(-rate)
        self.logit[np.bincount(self.output_unit, minlength=n_units) == 0] = -30.0
        shares = (counts + np.where(counts > 0, 0.0, _SIMILAR_WEIGHT)) ** (1 - flatness)
        self.shares = shares / self._by_unit(shares)[self.output_unit]
        self.usual_severity, self.severity_spread = np.zeros(n_groups), np.full(n_groups, _WIDE)
        self.burstiness = _burstiness([tally.lines for tally in documents], 0.0, 0.0)
        if len(documents) > 1:
            severity = np.array([row.severity for row in self.rows(documents)])
            self.usual_severity, self.severity_spread = severity.mean(axis=0), severity.std(axis=0) + _NARROW
        self.documents = self.rows(documents)

    def _by_unit(self, values: Floats) -> Floats:
        """Return sums of the outputs' values for each unit."""
        return np.asarray(np.bincount(self.output_unit, values, len(self.group)), dtype=np.float64)

    def rows(self, tallies: Sequence[Tally]) -> list[Row]:
        """Return documents' arrays, severities fitted to all of them at once."""
        places = np.outer([tally.n_chars for tally in tallies], self.frequency)
        errors = np.zeros((len(tallies), len(self.output_unit)))
        for index, tally in enumerate(tallies):
            places[index, list(tally.occurrences)] = list(tally.occurrences.values())
            errors[index, list(tally.errors)] = list(tally.errors.values())
        by_unit = np.array([self._by_unit(row) for row in errors])
        places = np.maximum(places, by_unit)
        severity = self._severity(places, by_unit)
        return [
            Row(places[i], errors[i], severity[i], _burstiness([tally.lines], self.burstiness, _BURST_WEIGHT))
            for i, tally in enumerate(tallies)
        ]

    def _severity(self, places: Floats, errors: Floats) -> Floats:
        """Return the likeliest shifts (document, group) of the logits, under a normal prior over documents.

        At the maximum, counted less expected errors equal (severity - usual) / spread ** 2; found by halving.
        """
        member = np.eye(len(GROUPS))[self.group]
        counted = errors @ member
        low, high = np.full(counted.shape, -12.0), np.full(counted.shape, 8.0)
        for _ in range(_N_HALVINGS):
            middle = (low + high) / 2
            expected = (places / (1 + np.exp(-(self.logit + middle[:, self.group])))) @ member
            pull = (middle - self.usual_severity) / self.severity_spread**2
            is_low = counted - expected > pull
            low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
        return np.asarray((low + high) / 2)

    def rates(
        self, row: Row, strength: float, output_strength: float, rng: np.random.Generator | None = None
    ) -> Floats:
        """Return a rate for each output: drawn, or the posterior mean without `rng`.

        Args:
            row: a document.
            strength: how many occurrences of a unit the other documents' evidence is worth.
            output_strength: how many of its misreadings the other documents' readings are worth.
            rng: source of randomness.
        """
        expected = 1 / (1 + np.exp(-(self.logit + row.severity[self.group])))
        by_unit = self._by_unit(row.errors)
        wrong = by_unit + strength * expected + _TINY
        right = row.places - by_unit + strength * (1 - expected) + _TINY
        parts = row.errors + output_strength * self.shares
        if rng is None:
            rate = wrong / (wrong + right)
        else:
            rate = rng.beta(wrong, right)
            parts = rng.standard_gamma(parts)
        rates = rate[self.output_unit] * parts / np.maximum(self._by_unit(parts)[self.output_unit], 1e-300)
        totals = self._by_unit(rates)
        raised = _before_bursts(totals, row.burstiness) / np.maximum(totals, 1e-300)
        return np.asarray(rates * raised[self.output_unit])


def _group(unit: Unit, errors: float, places: float) -> int:
    if unit.kind != "rule":
        return GROUPS.index("insertion" if unit.kind == "insertion" else "space")
    if len(unit.key) == 1 and places >= 5 and errors > CERTAIN_RATE * places:
        return GROUPS.index("certain")
    if len(unit.key) > 1:
        return GROUPS.index("string")
    return GROUPS.index("letter" if unit.key.isalpha() else "sign")


def _burstiness(documents: Sequence[Sequence[tuple[int, int]]], expected: float, weight: float) -> float:
    """Return by how much errors vary between lines beyond chance: the variance of a local intensity of mean 1.

    Args:
        documents: characters and errors of each line of each document.
        expected: the value for other documents.
        weight: how many lines with one error each `expected` is worth.
    """
    excess = squares = 0.0
    for lines in documents:
        n_chars = sum(n for n, _ in lines)
        rate = min(sum(k for _, k in lines) / max(n_chars, 1), 1.0)
        for n, k in lines:
            mean = rate * n
            excess += (k - mean) ** 2 - mean * (1 - rate)
            squares += mean**2 * _share_of_variance(n)
    value = (excess + weight * expected) / (squares + weight) if squares + weight > 0 else 0.0
    return round(min(max(value, 0.0), MAX_BURSTINESS), 4)


def _share_of_variance(n_chars: int) -> float:
    """Return which share of the variance of stretches is left in the mean over a line of `n_chars`.

    Lines begin anywhere in a stretch: 1 - n / 3w for a line shorter than a stretch of w, else (w / n)(1 - w / 3n).
    """
    ratio = n_chars / INTENSITY_CHARS
    return 1 - ratio / 3 if ratio < 1 else (1 - 1 / (3 * ratio)) / ratio


def _before_bursts(rates: Floats, burstiness: float) -> Floats:
    """Return the rates that, sampled with `burstiness`, come out as `rates` on average.

    The sampler multiplies odds by a gamma-distributed intensity of mean 1, which lowers a high rate on average
    (Jensen). The mean is integrated over the logarithm of the intensity, where the density has no pole.
    """
    if burstiness < 0.01:
        return rates
    shape, spread = 1 / burstiness, max(burstiness, burstiness**0.5)
    logarithm = np.linspace(-12 * spread, np.log1p(12 * spread), 400)
    intensity = np.exp(logarithm)
    density = np.exp(shape * (logarithm - intensity))
    density /= density.sum()
    trial = np.concatenate(([0.0], np.geomspace(1e-4, 0.5, 40), 1 - np.geomspace(0.45, 1e-6, 40), [1.0]))
    odds = trial[:, None] * intensity[None, :]
    mean = (odds / np.maximum(1 - trial[:, None] + odds, 1e-12)) @ density
    return np.interp(rates, mean, trial)
