"""Counts of many documents -> a distribution over channels that new documents' channels are drawn from.

A draw picks one counted document and samples its rates from the posterior around it (see `posterior`): errors
that went together in a document stay together, and the new document is like it without being the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from kzocr import __version__
from kzocr.channel.contexts import Context, find_contexts
from kzocr.channel.counts import DocumentCounts, count_documents
from kzocr.channel.families import similar_to
from kzocr.channel.model import ChannelModel
from kzocr.channel.posterior import Floats, Posterior, Row
from kzocr.channel.rules import MAX_PROBABILITY, Rule, capped
from kzocr.channel.tally import KINDS, Tally, Unit, tally, tally_document
from kzocr.pairs import TextPair
from kzocr.text import LOWER, UPPER

MIN_RATE = 1e-5
"""Outputs of a smaller rate are left out of a drawn channel."""


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
    output_strength: float = 8.0
    flatness: float = 0.0

    def draw(self, rng: np.random.Generator) -> ChannelModel:
        """Return the channel of a new document, like one of the counted ones but not the same.

        Digits and Latin letters are misread as the engine misread them; for training see
        `ChannelModel.without_sources`.
        """
        return self.channel(int(rng.integers(len(self.documents))), rng)

    def channel(self, document: int, rng: np.random.Generator | None = None) -> ChannelModel:
        """Return a channel drawn from the posterior of one document, or its posterior mean without `rng`."""
        return self._drawn(self.posterior.documents[document], self.strength, rng)

    @cached_property
    def posterior(self) -> Posterior:
        """The counts as arrays, made once."""
        return Posterior(self.units, self.outputs, self.documents, self.flatness)

    def _drawn(self, row: Row, strength: float, rng: np.random.Generator | None) -> ChannelModel:
        rates = self.posterior.rates(row, strength, self.output_strength, rng)
        return _assemble(self, rates, row.burstiness)


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
    places, errors = tally(pooled)
    for sign in LOWER + UPPER:
        places.setdefault(("rule", sign), 0.0)
    wrong = {(kind, key) for kind, key, _ in errors}
    kept = sorted(unit for unit in places if unit in wrong or len(unit[1]) == 1)
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
        contexts=find_contexts(counted, number_of),
        documents=tuple(tally_document(counts, number_of, output_numbers) for counts in counted),
        alphabet="".join(sorted(pooled.alphabet)),
        provenance=dict(provenance or {}),
    )


def fit_pairs(pairs: Sequence[TextPair], name: str, date: str, note: str = "") -> EstimatedPrior:
    """Return the distribution that the documents of `pairs` came from, with its provenance.

    Args:
        pairs: documents of one engine.
        name: for people.
        date: when the pairs were made or read, ISO 8601.
        note: anything else to remember, such as how pages were chosen.

    Raises:
        ValueError: nothing could be counted.
    """
    documents = count_documents(pairs)
    pooled = DocumentCounts.total(documents.values())
    provenance: dict[str, str | int | float] = {
        "engine": ", ".join(sorted({pair.engine for pair in pairs if pair.engine})),
        "origin": ", ".join(sorted({pair.origin for pair in pairs})),
        "n_documents": len(documents),
        "n_chars": pooled.n_chars,
        "n_misreadings": pooled.n_errors,
        "n_skipped_chars": pooled.n_skipped_chars,
        "kzocr_version": __version__,
        "date": date,
        "note": note,
    }
    return fit_prior(documents, name, provenance)


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
    [row] = known.posterior.rows([tally_document(counts, units, outputs)])
    model = known._drawn(row, strength, rng)
    places, errors = tally(counts)
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
        rules.append(dataclasses.replace(rule, outputs=capped({**more, **rule.outputs})) if more else rule)
    rules += [Rule(source, capped(outputs)) for source, outputs in left.items()]
    return dataclasses.replace(model, rules=tuple(rules))


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
    made = [Rule(prior.units[number].key, capped(outputs)) for number, outputs in rules.items()]
    for context in prior.contexts:
        outputs = rules.get(context.unit)
        if outputs:
            source = prior.units[context.unit].key
            made.append(Rule(source, capped(context.apply(outputs)), context.left, context.right))
    return ChannelModel(
        name=prior.name,
        rules=tuple(made),
        space_after=tables["space_after"],
        space_before=tables["space_before"],
        insertions=tables["insertion"],
        burstiness=burstiness,
    )
