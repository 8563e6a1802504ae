"""Counts -> what could go wrong in a document, how often it could have and how often it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from kzocr.channel.counts import DocumentCounts
from kzocr.channel.rules import BOUNDARY

KINDS = ("rule", "space_after", "space_before", "insertion")

Places = dict[tuple[str, str], float]
"""(kind, key) of a unit -> how often it could have gone wrong."""

Misreadings = dict[tuple[str, str, str], float]
"""(kind, key, what was read) -> how often."""


@dataclass(frozen=True)
class Unit:
    """One thing that can go wrong.

    Attributes:
        kind: "rule" (`key` is a source of 1 to 3 characters), "space_after" and "space_before" (`key` is a
            letter) or "insertion" (`key` is empty: any gap between two characters of a word).
        key: see `kind`.
        occurrences: how often it could have gone wrong, all documents together.
    """

    kind: str
    key: str
    occurrences: float


@dataclass(frozen=True)
class Tally:
    """One document's counts by the numbers of units and outputs.

    Attributes:
        n_chars: printed characters.
        occurrences: unit number -> places; units that are not listed have their share of `n_chars`.
        errors: output number -> misreadings, fractions where a space has two possible causes.
        lines: characters and misreadings of each line.
    """

    n_chars: int
    occurrences: Mapping[int, float]
    errors: Mapping[int, float]
    lines: tuple[tuple[int, int], ...]


def tally(counts: DocumentCounts) -> tuple[Places, Misreadings]:
    """Return places by (kind, key) and misreadings by (kind, key, output).

    What was read from nothing beside a space or at a line's edge is a reading of that space or line end; a
    space inside a word has the letter before it or behind it as its cause.
    """
    places: Places = {}
    errors: Counter[tuple[str, str, str]] = Counter()
    spaces: Counter[tuple[str, str]] = Counter()
    for source, n in counts.occurrences.items():
        if BOUNDARY not in source or source == BOUNDARY:
            places["rule", source] = float(n)
    places["rule", "\n"] = float(len(counts.lines))
    n_gaps = 0.0
    for sign, n in counts.occurrences.items():
        if len(sign) == 1 and not sign.isspace():
            places["space_after", sign] = float(max(n - counts.occurrences.get(sign + BOUNDARY, 0), 0))
            places["space_before", sign] = float(max(n - counts.occurrences.get(BOUNDARY + sign, 0), 0))
            n_gaps += places["space_after", sign]
    places["insertion", ""] = n_gaps
    for reading, n in counts.readings.items():
        left, source, output, right = reading.left, reading.reference, reading.hypothesis, reading.right
        if source:
            errors["rule", source, output] += n
        elif "\n" in (left, right):
            errors["rule", "\n", "\n" + output if left == "\n" else output + "\n"] += n
        elif left.isspace() or right.isspace():
            errors["rule", " ", output + " " if right.isspace() else " " + output] += n
        elif output == " ":
            spaces[left, right] += n
        else:
            errors["insertion", "", output] += n
    result: Misreadings = {key: float(n) for key, n in errors.items()}
    result.update(_space_causes(spaces, places))
    for kind, key, _ in result:
        places.setdefault((kind, key), 0.0)
    return places, result


def _space_causes(spaces: Mapping[tuple[str, str], int], places: Places) -> Misreadings:
    """Return how many spurious spaces each letter before and each letter behind has caused.

    A space stands where the letter before it, the one behind it or both have pushed it in, independently
    (noisy or); expectation maximisation, exact for that model.
    """
    kinds = ("space_after", "space_before")
    caused: Misreadings = {}
    for pair, n in spaces.items():
        for kind, letter in zip(kinds, pair, strict=True):
            caused[kind, letter, " "] = caused.get((kind, letter, " "), 0.0) + n / 2
    for _ in range(30 if spaces else 0):
        rates = {
            (kind, letter): min(count / max(places.get((kind, letter), 0.0), count, 1.0), 1.0)
            for (kind, letter, _), count in caused.items()
        }
        caused = dict.fromkeys(caused, 0.0)
        for pair, n in spaces.items():
            after, before = (rates[kind, letter] for kind, letter in zip(kinds, pair, strict=True))
            either = 1 - (1 - after) * (1 - before)
            for kind, letter, rate in zip(kinds, pair, (after, before), strict=True):
                caused[kind, letter, " "] += n * rate / either if either else n / 2
    return {entry: count for entry, count in caused.items() if count > 0.01}


def tally_document(
    counts: DocumentCounts,
    units: Mapping[tuple[str, str], int],
    outputs: Mapping[tuple[str, str, str], int],
) -> Tally:
    """Return `counts` by the numbers of `units` (kind, key) and `outputs` (kind, key, what is read)."""
    places, found = tally(counts)
    errors = {outputs[entry]: round(count, 2) for entry, count in found.items() if entry in outputs}
    wrong = {(kind, key) for kind, key, _ in found}
    return Tally(
        n_chars=counts.n_chars,
        occurrences={
            units[unit]: n
            for unit, n in places.items()
            if unit in units and (unit in wrong or (unit[0] == "rule" and len(unit[1]) == 1))
        },
        errors=errors,
        lines=counts.lines,
    )
