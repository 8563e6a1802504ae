"""Which neighbours change how a character is read, where the counts of many documents show it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kzocr.channel.counts import DocumentCounts
from kzocr.channel.rules import BOUNDARY

MIN_OCCURRENCES = 15
"""A neighbour is looked at if the character stood beside it so often, all documents together."""

MIN_GAIN = 4.0
"""Log-likelihood that a neighbour must gain for each factor that it adds."""

_SHRINKAGE = 2.0
_MIN_COUNT = 3


@dataclass(frozen=True)
class Context:
    """How a neighbour changes a character's readings.

    Attributes:
        unit: number of the character's unit.
        left: the neighbour before it, or "".
        right: the neighbour behind it, or ""; one of the two is set.
        odds: factor to the odds that the character is misread at all.
        factors: what is read -> factor to its share of the misreadings; 1 for what is not listed. The shares
            are brought to a sum of 1 again.
    """

    unit: int
    left: str
    right: str
    odds: float
    factors: Mapping[str, float]

    def apply(self, outputs: Mapping[str, float]) -> dict[str, float]:
        """Return the rates of `outputs` beside this neighbour."""
        total = min(sum(outputs.values()), 1 - 1e-9)
        shares = {output: rate * self.factors.get(output, 1.0) for output, rate in outputs.items()}
        changed = self.odds * total / (1 - total + self.odds * total)
        scale = changed / max(sum(shares.values()), 1e-300)
        return {output: share * scale for output, share in shares.items()}


def find_contexts(
    documents: Sequence[DocumentCounts],
    units: Mapping[tuple[str, str], int],
) -> tuple[Context, ...]:
    """Return the neighbours that matter; for one character only those on the side that matters more.

    What a neighbour changes is judged inside documents: its misreadings are compared with what the same
    documents' rates without neighbours lead to expect, so a bad scan that happens to have many of a pair
    proves nothing.

    Args:
        documents: counts of each document.
        units: (kind, key) -> number; characters without a number are passed over.
    """
    seen, expected, places = _observe(documents)
    contexts: list[Context] = []
    for source in sorted({key[1] for key in places}):
        if ("rule", source) not in units:
            continue
        sides: list[tuple[float, list[Context]]] = []
        for side in ("left", "right"):
            gain, found = 0.0, []
            for key, n_places in places.items():
                if key[:2] != (side, source) or n_places < MIN_OCCURRENCES:
                    continue
                context, gained = _compare(units["rule", source], key, n_places, seen, expected)
                if context is not None:
                    gain += gained
                    found.append(context)
            sides.append((gain, sorted(found, key=lambda c: (c.left, c.right))))
        contexts += max(sides, key=lambda entry: entry[0])[1]
    return tuple(contexts)


_Key = tuple[str, str, str]


def _observe(
    documents: Sequence[DocumentCounts],
) -> tuple[dict[_Key, Counter[str]], dict[_Key, dict[str, float]], Counter[_Key]]:
    """Return misreadings seen, misreadings expected and places, by (side, character, neighbour)."""
    seen: dict[_Key, Counter[str]] = {}
    expected: dict[_Key, dict[str, float]] = {}
    places: Counter[_Key] = Counter()
    for counts in documents:
        own: dict[str, Counter[str]] = {}
        alone: Counter[_Key] = Counter()
        for pair, n in counts.occurrences.items():
            if len(pair) == 2:
                alone["right", pair[0], pair[1]] += n
                alone["left", pair[1], pair[0]] += n
        for reading, n in counts.readings.items():
            source = reading.reference
            for i, sign in enumerate(source if not source.isspace() else ""):
                left = (reading.left + source)[i]
                right = (source + reading.right)[i + 1]
                for side, neighbour in (("left", left), ("right", right)):
                    key = (side, sign, BOUNDARY if neighbour.isspace() else neighbour)
                    if len(source) == 1:
                        seen.setdefault(key, Counter())[reading.hypothesis] += n
                    else:
                        alone[key] -= n
            if len(source) == 1:
                own.setdefault(source, Counter())[reading.hypothesis] += n
        for key, n in alone.items():
            if key[1] == BOUNDARY or n <= 0:
                continue
            places[key] += n
            n_own = counts.occurrences.get(key[1], 0)
            for output, k in own.get(key[1], Counter()).items():
                usual = expected.setdefault(key, {})
                usual[output] = usual.get(output, 0.0) + n * k / max(n_own, k)
    return seen, expected, places


def _compare(
    unit: int,
    key: _Key,
    n_places: int,
    seen: Mapping[_Key, Mapping[str, int]],
    expected: Mapping[_Key, Mapping[str, float]],
) -> tuple[Context | None, float]:
    """Return the context of a neighbour and its gain in log-likelihood, or None where it changes too little."""
    here, usual = seen.get(key, {}), expected.get(key, {})
    n_here, n_usual = float(sum(here.values())), sum(usual.values())
    gain = _gain(n_here, n_usual) + _gain(n_places - n_here, n_places - n_usual)
    odds = 1.0
    if gain > MIN_GAIN and max(n_here, n_usual) >= _MIN_COUNT:
        right_here, right_usual = max(n_places - n_here, 0.0), max(n_places - n_usual, 0.0)
        odds = (n_here + _SHRINKAGE) / (n_usual + _SHRINKAGE) * (right_usual + _SHRINKAGE) / (right_here + _SHRINKAGE)
    else:
        gain = 0.0
    factors: dict[str, float] = {}
    for output in sorted({*here, *usual}):
        k, e = float(here.get(output, 0)), usual.get(output, 0.0) * n_here / max(n_usual, 1e-9)
        if max(k, e) >= _MIN_COUNT and (gained := _gain(k, e)) > MIN_GAIN:
            factors[output] = round((k + _SHRINKAGE) / (e + _SHRINKAGE), 3)
            gain += gained
    if gain == 0.0:
        return None, 0.0
    side, _, neighbour = key
    left, right = (neighbour, "") if side == "left" else ("", neighbour)
    return Context(unit, left, right, round(odds, 3), factors), gain


def _gain(seen: float, expected: float) -> float:
    """Return the log-likelihood ratio of Poisson counts: seen * ln(seen / expected) - (seen - expected)."""
    expected = max(expected, 0.1)
    return (seen * math.log(seen / expected) if seen > 0 else 0.0) - (seen - expected)
