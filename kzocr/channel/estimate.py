"""Counts of many documents -> a distribution over channels that new documents' channels are drawn from.

Each document's rates are Beta posteriors and its readings Dirichlet posteriors around what all documents show,
shifted to the document's own severity: rate = logistic(logit(pooled rate) + severity), one severity for each
group of errors. So a clean document stays clean in letters that it shows too rarely to count, and what an engine
cannot print stays lost in every document. A draw picks one document and samples from its posteriors: errors that
went together stay together.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kzocr.channel.contexts import Context, find_contexts
from kzocr.channel.counts import DocumentCounts
from kzocr.channel.families import similar_to
from kzocr.channel.model import BOUNDARY, MAX_PROBABILITY, ChannelModel, Rule
from kzocr.text import LOWER, UPPER

Floats = npt.NDArray[np.float64]

KINDS = ("rule", "space_after", "space_before", "insertion")
GROUPS = ("certain", "letter", "sign", "space", "insertion")
CERTAIN_RATE = 0.3
"""A source that is misread more often than this over all documents counts as one that the engine cannot print."""

MIN_RATE = 1e-5
"""Outputs of a smaller rate are left out of a drawn channel."""

MAX_BURSTINESS = 6.0
_PSEUDO_ERRORS = 0.1
_N_HALVINGS = 40
_BURST_WEIGHT = 4.0
_SIMILAR_WEIGHT = 0.5


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


@dataclass(frozen=True)
class EstimatedPrior:
    """A distribution over documents' channels, counted on documents that an engine has read.

    Attributes:
        name: for people; drawn channels carry it.
        units: what can go wrong.
        outputs: (unit number, what is read instead, count over all documents).
        contexts: neighbours that change a source's readings.
        documents: the counts of each document.
        alphabet: the characters that the engine was seen to print, sorted.
        provenance: where the counts come from: engine, version, sizes, dates.
        strength: how many occurrences of a source the other documents' evidence is worth.
        output_strength: how many of its misreadings the other documents' readings are worth.
        flatness: 0 takes other documents' readings as often as they were counted, 1 all alike.
    """

    name: str
    units: tuple[Unit, ...]
    outputs: tuple[tuple[int, str, float], ...]
    contexts: tuple[Context, ...]
    documents: tuple[Tally, ...]
    alphabet: str = ""
    provenance: Mapping[str, str | int | float] = field(default_factory=dict)
    strength: float = 10.0
    output_strength: float = 3.0
    flatness: float = 0.3

    def draw(self, rng: np.random.Generator) -> ChannelModel:
        """Return the channel of a new document, like one of the counted ones but not the same.

        Digits and Latin letters are misread as the engine misread them; for training see
        `ChannelModel.without_sources`.
        """
        return self.channel(int(rng.integers(len(self.documents))), rng)

    def channel(self, document: int, rng: np.random.Generator | None = None) -> ChannelModel:
        """Return a channel drawn from the posterior of one document, or its posterior mean without `rng`."""
        return self._tables.channel(self, self._tables.documents[document], rng)

    @cached_property
    def _tables(self) -> _Tables:
        return _Tables(self)


def fit_prior(
    documents: Mapping[str, DocumentCounts],
    name: str,
    provenance: Mapping[str, str | int | float] | None = None,
) -> EstimatedPrior:
    """Return the distribution that `documents` came from.

    Args:
        documents: document id -> counts, at least one with a character; see `counts.count_documents`.
        name: for people.
        provenance: what to remember about their origin.

    Raises:
        ValueError: nothing was counted.
    """
    counted = [counts for counts in documents.values() if counts.n_chars]
    if not counted:
        raise ValueError("no document has a line to count")
    pooled = DocumentCounts.total(counted)
    places, errors = _tally(pooled)
    places.update({("rule", sign): max(places.get(("rule", sign), 0.0), 0.0) for sign in LOWER + UPPER})
    wrong = {(kind, key) for kind, key, _ in errors}
    kept = sorted(unit for unit, n in places.items() if unit in wrong or (len(unit[1]) == 1 and n >= 0))
    number_of = {unit: number for number, unit in enumerate(kept)}
    listed = {(kind, key, output): count for (kind, key, output), count in errors.items()}
    for kind, key in kept:
        if kind == "rule":
            for output in similar_to(key):
                if output != key and pooled.alphabet.issuperset(output):
                    listed.setdefault((kind, key, output), 0.0)
    ordered = sorted(listed)
    output_numbers = {entry: number for number, entry in enumerate(ordered)}
    return EstimatedPrior(
        name=name,
        units=tuple(Unit(kind, key, float(places[kind, key])) for kind, key in kept),
        outputs=tuple((number_of[kind, key], output, listed[kind, key, output]) for kind, key, output in ordered),
        contexts=find_contexts(counted, number_of, output_numbers),
        documents=tuple(_document(counts, number_of, output_numbers) for counts in counted),
        alphabet="".join(sorted(pooled.alphabet)),
        provenance=dict(provenance or {}),
    )


def estimate_channel(
    counts: DocumentCounts,
    pooled: EstimatedPrior | None = None,
    strength: float = 10.0,
    rng: np.random.Generator | None = None,
) -> ChannelModel:
    """Return the channel of one document.

    Args:
        counts: the document.
        pooled: what other documents show of the same engine; None takes the document alone. What the
            document shows and `pooled` does not is taken from the document alone.
        strength: how many occurrences of a source `pooled` is worth, >= 0.
        rng: draws from the posterior; None gives its mean.

    Raises:
        ValueError: the document is empty, or `strength` is negative.
    """
    if strength < 0:
        raise ValueError(f"strength must not be negative, got {strength}")
    known = fit_prior({"": counts}, "estimated") if pooled is None else pooled
    units = {(unit.kind, unit.key): number for number, unit in enumerate(known.units)}
    outputs = {
        (known.units[u].kind, known.units[u].key, output): number for number, (u, output, _) in enumerate(known.outputs)
    }
    tables = known._tables
    model = tables.channel(known, tables.rows([_document(counts, units, outputs)])[0], rng, strength)
    places, errors = _tally(counts)
    new: dict[str, dict[str, float]] = {}
    for (kind, key, output), count in errors.items():
        if kind == "rule" and (kind, key, output) not in outputs:
            new.setdefault(key, {})[output] = count / max(places[kind, key] + strength, count, 1.0)
    return _with_readings(model, new)


def _with_readings(model: ChannelModel, new: Mapping[str, Mapping[str, float]]) -> ChannelModel:
    """Return `model` with more readings for some sources, whatever their neighbours."""
    rules = []
    left = dict(new)
    for rule in model.rules:
        more = new.get(rule.source, {})
        left.pop(rule.source, None)
        rules.append(dataclasses.replace(rule, outputs=_capped({**more, **rule.outputs})) if more else rule)
    rules += [Rule(source, _capped(outputs)) for source, outputs in left.items()]
    return dataclasses.replace(model, rules=tuple(rules))


def _capped(outputs: Mapping[str, float]) -> dict[str, float]:
    total = sum(outputs.values())
    return {output: rate * min(1.0, MAX_PROBABILITY / total) if total else rate for output, rate in outputs.items()}


def _tally(counts: DocumentCounts) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str, str], float]]:
    """Return places by (kind, key) and misreadings by (kind, key, output).

    What was read from nothing beside a space or at a line's edge is a reading of that space or line end; a
    space inside a word has the letter before it or behind it as its cause.
    """
    places: dict[tuple[str, str], float] = {}
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
    result: dict[tuple[str, str, str], float] = {key: float(n) for key, n in errors.items()}
    result.update(_space_causes(spaces, places))
    for kind, key, _ in result:
        places.setdefault((kind, key), 0.0)
    return places, result


def _space_causes(
    spaces: Mapping[tuple[str, str], int], places: Mapping[tuple[str, str], float]
) -> dict[tuple[str, str, str], float]:
    """Return how many spurious spaces each letter before and each letter behind has caused.

    A space stands where the letter before it, the one behind it or both have pushed it in, independently
    (noisy or); expectation maximisation, exact for that model.
    """
    kinds = ("space_after", "space_before")
    caused: dict[tuple[str, str, str], float] = {}
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


def _document(
    counts: DocumentCounts,
    units: Mapping[tuple[str, str], int],
    outputs: Mapping[tuple[str, str, str], int],
) -> Tally:
    places, found = _tally(counts)
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


@dataclass(frozen=True)
class _Row:
    """One document as arrays: places by unit, errors by output, severity by group, burstiness."""

    places: Floats
    errors: Floats
    severity: Floats
    burstiness: float


class _Tables:
    """An `EstimatedPrior` as arrays, so that a draw is a few numpy calls."""

    def __init__(self, prior: EstimatedPrior) -> None:
        self.unit_places = np.array([unit.occurrences for unit in prior.units])
        self.output_unit = np.array([unit for unit, _, _ in prior.outputs], dtype=np.int64)
        counts = np.array([count for _, _, count in prior.outputs])
        n_units = len(prior.units)
        errors = np.bincount(self.output_unit, counts, n_units)
        places = np.maximum(self.unit_places, errors)
        self.frequency = places / max(sum(tally.n_chars for tally in prior.documents), 1)
        self.group = np.array([_group(u, e, n) for u, e, n in zip(prior.units, errors, places, strict=True)])
        n_groups = len(GROUPS)
        group_rate = np.bincount(self.group, errors, n_groups) / np.maximum(
            np.bincount(self.group, places, n_groups), 1.0
        )
        rate = np.clip((errors + group_rate[self.group]) / (places + 1.0), 1e-7, 1 - 1e-4)
        self.logit = np.log(rate) - np.log1p(-rate)
        has_output = np.bincount(self.output_unit, minlength=n_units) > 0
        self.logit[~has_output] = -30.0
        shares = (counts + np.where(counts > 0, 0.0, _SIMILAR_WEIGHT)) ** (1 - prior.flatness)
        self.shares = shares / np.bincount(self.output_unit, shares, n_units)[self.output_unit]
        self.burstiness = _burstiness([tally.lines for tally in prior.documents], 0.0, 0.0)
        self.documents = self.rows(prior.documents)

    def rows(self, tallies: Sequence[Tally]) -> list[_Row]:
        """Return documents' arrays, severities fitted to all of them at once."""
        n_units, n_outputs = len(self.unit_places), len(self.output_unit)
        places = np.outer([tally.n_chars for tally in tallies], self.frequency)
        errors = np.zeros((len(tallies), n_outputs))
        for index, tally in enumerate(tallies):
            places[index, list(tally.occurrences)] = list(tally.occurrences.values())
            errors[index, list(tally.errors)] = list(tally.errors.values())
        by_unit = np.zeros((len(tallies), n_units))
        np.add.at(by_unit, (slice(None), self.output_unit), errors)
        places = np.maximum(places, by_unit)
        severity = self._severity(places, by_unit)
        return [
            _Row(places[i], errors[i], severity[i], _burstiness([tally.lines], self.burstiness, _BURST_WEIGHT))
            for i, tally in enumerate(tallies)
        ]

    def _severity(self, places: Floats, errors: Floats) -> Floats:
        """Return shifts (document, group) of the logits that make expected errors equal the counted ones."""
        member = np.eye(len(GROUPS))[self.group]
        target = errors @ member + _PSEUDO_ERRORS
        most = places @ member
        target = np.minimum(target, np.maximum(most - _PSEUDO_ERRORS, most / 2))
        low, high = np.full(target.shape, -12.0), np.full(target.shape, 8.0)
        for _ in range(_N_HALVINGS):
            middle = (low + high) / 2
            expected = (places / (1 + np.exp(-(self.logit + middle[:, self.group])))) @ member
            low, high = np.where(expected < target, middle, low), np.where(expected < target, high, middle)
        return np.asarray((low + high) / 2)

    def channel(
        self, prior: EstimatedPrior, row: _Row, rng: np.random.Generator | None, strength: float | None = None
    ) -> ChannelModel:
        """Return the channel of a document's arrays: drawn, or the posterior mean without `rng`."""
        n_units = len(self.unit_places)
        weight = prior.strength if strength is None else strength
        expected = 1 / (1 + np.exp(-(self.logit + row.severity[self.group])))
        by_unit = np.bincount(self.output_unit, row.errors, n_units)
        wrong = by_unit + weight * expected + 1e-9
        right = row.places - by_unit + weight * (1 - expected) + 1e-9
        parts = row.errors + prior.output_strength * self.shares
        if rng is None:
            rate = wrong / (wrong + right)
        else:
            rate = rng.beta(wrong, right)
            parts = rng.standard_gamma(parts)
        totals = np.bincount(self.output_unit, parts, n_units)
        rates = rate[self.output_unit] * parts / np.maximum(totals[self.output_unit], 1e-300)
        return _assemble(prior, rates, row.burstiness)


def _group(unit: Unit, errors: float, places: float) -> int:
    if unit.kind != "rule":
        return GROUPS.index("insertion" if unit.kind == "insertion" else "space")
    if places >= 5 and errors > CERTAIN_RATE * places:
        return GROUPS.index("certain")
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
            squares += mean**2
    value = (excess + weight * expected) / (squares + weight) if squares + weight > 0 else 0.0
    return round(min(max(value, 0.0), MAX_BURSTINESS), 4)


def _assemble(prior: EstimatedPrior, rates: Floats, burstiness: float) -> ChannelModel:
    """Return the model that has these rates (one an output), with the rules for neighbours."""
    rules: dict[int, dict[str, float]] = {}
    tables: dict[str, dict[str, float]] = {kind: {} for kind in KINDS[1:]}
    kept = np.flatnonzero(rates > MIN_RATE).tolist()
    for number in kept:
        unit_number, output, _ = prior.outputs[number]
        unit = prior.units[unit_number]
        rate = float(rates[number])
        if unit.kind == "rule":
            rules.setdefault(unit_number, {})[output] = rate
        else:
            tables[unit.kind][output if unit.kind == "insertion" else unit.key] = min(rate, MAX_PROBABILITY)
    made = [Rule(prior.units[number].key, _capped(outputs)) for number, outputs in rules.items()]
    for context in prior.contexts:
        outputs = rules.get(context.unit)
        if outputs:
            changed = {o: r * context.factors.get(o, context.other) for o, r in outputs.items()}
            source = prior.units[context.unit].key
            made.append(Rule(source, _capped(changed), context.left, context.right))
    return ChannelModel(
        name=prior.name,
        rules=tuple(made),
        space_after=tables["space_after"],
        space_before=tables["space_before"],
        insertions=tables["insertion"],
        burstiness=burstiness,
    )
