"""Which neighbours change how a character is read, where the counts of many documents show it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kzocr.channel.counts import DocumentCounts
from kzocr.channel.model import BOUNDARY

MIN_OCCURRENCES = 15
"""A neighbour is looked at if the character stood beside it so often, all documents together."""

MIN_GAIN = 4.0
"""Log-likelihood that a neighbour must gain for each factor that it adds."""

_SHRINKAGE = 2.0
_MIN_COUNT = 3


@dataclass(frozen=True)
class Context:
    """How a neighbour changes a character's readings, as factors to the rates without it.

    Attributes:
        unit: number of the character's unit.
        left: the neighbour before it, or "".
        right: the neighbour behind it, or ""; one of the two is set.
        factors: what is read -> factor.
        other: the factor of all other readings.
    """

    unit: int
    left: str
    right: str
    factors: Mapping[str, float]
    other: float


def find_contexts(
    documents: Sequence[DocumentCounts],
    units: Mapping[tuple[str, str], int],
    outputs: Mapping[tuple[str, str, str], int],
) -> tuple[Context, ...]:
    """Return the neighbours that matter; for one character only those on the side that matters more.

    What a neighbour changes is judged inside documents: its misreadings are compared with what the same
    documents' rates without neighbours lead to expect, so a bad scan that happens to have many of a pair
    proves nothing.

    Args:
        documents: counts of each document.
        units: (kind, key) -> number; characters without a number are passed over.
        outputs: (kind, key, output) -> number; likewise.
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
                context, gained = _compare(units["rule", source], key, seen, expected)
                if context is not None:
                    gain += gained
                    found.append(context)
            sides.append((gain, sorted(found, key=lambda c: (c.left, c.right))))
        contexts += max(sides, key=lambda entry: entry[0])[1]
    return tuple(contexts)


_Key = tuple[str, str, str]


def _observe(
    documents: Sequence[DocumentCounts],
) -> tuple[dict[_Key, Counter[str]], dict[_Key, Counter[str]], Counter[_Key]]:
    """Return misreadings seen, misreadings expected and places, by (side, character, neighbour)."""
    seen: dict[_Key, Counter[str]] = {}
    expected: dict[_Key, Counter[str]] = {}
    places: Counter[_Key] = Counter()
    for counts in documents:
        own: dict[str, Counter[str]] = {}
        for reading, n in counts.readings.items():
            if len(reading.reference) == 1 and not reading.reference.isspace():
                own.setdefault(reading.reference, Counter())[reading.hypothesis] += n
                for side, neighbour in (("left", reading.left), ("right", reading.right)):
                    key = (side, reading.reference, BOUNDARY if neighbour.isspace() else neighbour)
                    seen.setdefault(key, Counter())[reading.hypothesis] += n
        for pair, n in counts.occurrences.items():
            if len(pair) != 2:
                continue
            for side, source, neighbour in (("right", pair[0], pair[1]), ("left", pair[1], pair[0])):
                if source == BOUNDARY:
                    continue
                key = (side, source, neighbour)
                places[key] += n
                n_own = counts.occurrences.get(source, 0)
                for output, k in own.get(source, Counter()).items():
                    share = n * k / max(n_own, k, 1)
                    expected.setdefault(key, Counter())[output] += share  # type: ignore[assignment]
    return seen, expected, places


def _compare(
    unit: int, key: _Key, seen: Mapping[_Key, Counter[str]], expected: Mapping[_Key, Counter[str]]
) -> tuple[Context | None, float]:
    """Return the context of a neighbour and its gain in log-likelihood, or None where it changes too little."""
    here, usual = seen.get(key, Counter()), expected.get(key, Counter())
    factors: dict[str, float] = {}
    gain, rest_seen, rest_usual = 0.0, 0.0, 0.0
    for output in sorted({*here, *usual}):
        k, e = here[output], float(usual[output])
        gained = _gain(k, e)
        if max(k, e) >= _MIN_COUNT and gained > MIN_GAIN:
            factors[output] = round((k + _SHRINKAGE) / (e + _SHRINKAGE), 3)
            gain += gained
        else:
            rest_seen += k
            rest_usual += e
    rest = _gain(rest_seen, rest_usual)
    if rest > MIN_GAIN and max(rest_seen, rest_usual) >= _MIN_COUNT:
        gain += rest
        other = round((rest_seen + _SHRINKAGE) / (rest_usual + _SHRINKAGE), 3)
    elif factors:
        other = 1.0
    else:
        return None, 0.0
    side, _, neighbour = key
    return Context(unit, neighbour if side == "left" else "", neighbour if side == "right" else "", factors, other), gain


def _gain(seen: float, expected: float) -> float:
    """Return the log-likelihood ratio of Poisson counts: seen * ln(seen / expected) - (seen - expected)."""
    expected = max(expected, 0.1)
    return (seen * math.log(seen / expected) if seen else 0.0) - (seen - expected)
