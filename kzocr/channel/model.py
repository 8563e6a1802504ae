"""One document's noise: a `ChannelModel` turns printed text into what an engine would have read.

Errors of real OCR are systematic inside a document: one scan puts a space behind most ш, another reads every қ
as `^`. So a model is drawn once per document (see `prior`) and then sampled for all of that document's text.
"""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from kzocr.channel.rules import MAX_PROBABILITY, Rule, capped
from kzocr.channel.sampling import Sampler
from kzocr.json_files import read_json_object, write_json

UNKNOWABLE = string.digits + string.ascii_letters + "ёЁ–—+=&@#<>$€₸§°•"
"""Signs whose corruption cannot be undone without guessing: digits, Latin letters in Kazakh text, ё, dashes (what was
printed where `-` was read?) and signs that stand alone."""

TELLING_DASHES = frozenset({"--", "-—", "——", "-–"})
"""Readings of a dash that a hyphen does not have, so that they can be undone."""

FORMAT_VERSION = 1


@dataclass(frozen=True)
class ChannelModel:
    """The noise of one document; every rate is a probability per place where the error could happen.

    Attributes:
        name: where the model comes from, for people.
        rules: substitutions, deletions and everything that replaces a source. A rule with neighbours takes the
            place of the rules for the same source with fewer neighbours, and one with a left neighbour that of
            one with a right neighbour. Longer sources go first: a shorter one has its chance, at its full rate,
            where no longer one has struck.
        space_after: character -> rate of a spurious space between it and the next character of the same word.
        space_before: character -> the same, between the previous character and it.
        insertions: string -> rate per gap between two characters (specks, doubled letters).
        latin_words: rate at which a whole word is read with the Latin alphabet where it has look-alikes.
        burstiness: variance of the local error intensity (mean 1) over stretches of `sampling.INTENSITY_CHARS`;
            0 spreads errors evenly.
    """

    name: str = "identity"
    rules: tuple[Rule, ...] = ()
    space_after: Mapping[str, float] = field(default_factory=dict)
    space_before: Mapping[str, float] = field(default_factory=dict)
    insertions: Mapping[str, float] = field(default_factory=dict)
    latin_words: float = 0.0
    burstiness: float = 0.0

    def sample(self, text: str, rng: np.random.Generator) -> str:
        """Return what this channel makes of `text`; all randomness comes from `rng`.

        A model whose rates are all zero returns `text` itself.
        """
        return self._sampler.sample(text, rng)

    def expected_error_rate(self, text: str) -> float:
        """Return how many misreadings a character of `text` there are on average, 0 for an empty text.

        About the CER that samples have, but that a misreading of several characters counts once. Words read with
        the Latin alphabet are left out.
        """
        return float(self._sampler.rates(text).mean()) if text else 0.0

    def without_sources(self, characters: str) -> ChannelModel:
        """Return the model without the errors that touch any of `characters`.

        Rules whose source has one of them go, and spaces beside them and insertions of them too. So training
        text keeps its digits and Latin letters (`without_sources(UNKNOWABLE)`): nobody can know what a
        misread digit was. A letter may still be read as a digit, and a dash as `TELLING_DASHES`: both can be
        undone.
        """
        kept = frozenset(characters)
        rules = []
        for rule in self.rules:
            outputs = rule.outputs
            if not kept.isdisjoint(rule.source):
                outputs = {o: rate for o, rate in outputs.items() if rule.source in "–—" and o in TELLING_DASHES}
                if not outputs:
                    continue
            elif rule.source.isspace():
                outputs = {o: rate for o, rate in outputs.items() if kept.isdisjoint(o)}
            rules.append(
                rule if len(outputs) == len(rule.outputs) else Rule(rule.source, outputs, rule.left, rule.right)
            )
        return dataclasses.replace(
            self,
            rules=tuple(rules),
            space_after={sign: rate for sign, rate in self.space_after.items() if sign not in kept},
            space_before={sign: rate for sign, rate in self.space_before.items() if sign not in kept},
            insertions={output: rate for output, rate in self.insertions.items() if kept.isdisjoint(output)},
        )

    def scaled(self, factor: float) -> ChannelModel:
        """Return the model with every rate multiplied by `factor` >= 0 (capped at `MAX_PROBABILITY` a place)."""
        if factor < 0:
            raise ValueError(f"factor must not be negative, got {factor}")

        def scale_each(rates: Mapping[str, float]) -> dict[str, float]:
            return {key: min(rate * factor, MAX_PROBABILITY) for key, rate in rates.items()}

        return dataclasses.replace(
            self,
            rules=tuple(Rule(r.source, capped(r.outputs, factor), r.left, r.right) for r in self.rules),
            space_after=scale_each(self.space_after),
            space_before=scale_each(self.space_before),
            insertions=capped(self.insertions, factor),
            latin_words=min(self.latin_words * factor, MAX_PROBABILITY),
        )

    def sample_with_cer(
        self, text: str, cer: float, rng: np.random.Generator, *, tolerance: float = 0.1
    ) -> tuple[str, float]:
        """Return (noisy text, its CER), with rates scaled so that the CER is near `cer`.

        The scale is found by bisection with the same random numbers, so the outcome is one coherent sample.

        Args:
            text: the printed text; the longer it is, the closer the target can be met.
            cer: the target, a fraction (errors / characters of `text`, white space counted as it stands).
            rng: source of the seed that all trial samples share.
            tolerance: accepted deviation relative to `cer`, but never less than two characters of `text`.

        Raises:
            ValueError: the channel cannot reach `cer` on this text (all its rates at their cap fall short).
        """
        seed = int(rng.integers(2**63))

        def attempt(factor: float) -> tuple[str, float]:
            noisy = self.scaled(factor).sample(text, np.random.default_rng(seed))
            return noisy, Levenshtein.distance(text, noisy) / max(len(text), 1)

        if cer <= 0 or not text:
            return text, 0.0
        allowed = max(tolerance * cer, 2 / len(text))
        low, high = 0.0, 1.0
        best = attempt(high)
        while best[1] < cer - allowed:
            low, high = high, high * 2
            best = attempt(high)
            if high > 1e6:
                raise ValueError(
                    f"channel {self.name!r} reaches a CER of {best[1]:.3f} on this text, {cer:.3f} was asked for"
                )
        for _ in range(60):
            if abs(best[1] - cer) <= allowed:
                break
            middle = (low + high) / 2
            trial = attempt(middle)
            low, high = (middle, high) if trial[1] < cer else (low, middle)
            if abs(trial[1] - cer) < abs(best[1] - cer):
                best = trial
        return best

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON types; `from_dict` reads it back."""
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "rules": [
                {"source": r.source, "left": r.left, "right": r.right, "outputs": dict(r.outputs)} for r in self.rules
            ],
            "space_after": dict(self.space_after),
            "space_before": dict(self.space_before),
            "insertions": dict(self.insertions),
            "latin_words": self.latin_words,
            "burstiness": self.burstiness,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "channel") -> ChannelModel:
        """Return the model that `to_dict` described.

        Args:
            data: parsed JSON.
            where: what to call the source in an error message, for instance the file's name.

        Raises:
            ValueError: a field is missing, unknown, of a wrong type or out of range; the message names it.
        """
        expected = {f.name for f in dataclasses.fields(cls)} | {"format_version"}
        if unknown := sorted(set(data) - expected):
            raise ValueError(f"{where}: unknown field {unknown[0]!r}")
        if missing := sorted(expected - set(data)):
            raise ValueError(f"{where}: missing field {missing[0]!r}")
        if data["format_version"] != FORMAT_VERSION:
            raise ValueError(f"{where}: format_version is {data['format_version']!r}, expected {FORMAT_VERSION}")
        if not isinstance(data["rules"], list):
            raise ValueError(f"{where}: field 'rules' must be a list")
        rules = []
        for number, rule in enumerate(data["rules"]):
            try:
                outputs = _rates(rule["outputs"], f"rules[{number}].outputs")
                rules.append(Rule(str(rule["source"]), outputs, str(rule["left"]), str(rule["right"])))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{where}: rules[{number}]: {error}") from error
        try:
            return cls(
                name=str(data["name"]),
                rules=tuple(rules),
                space_after=_rates(data["space_after"], "space_after"),
                space_before=_rates(data["space_before"], "space_before"),
                insertions=_rates(data["insertions"], "insertions"),
                latin_words=_rate(data["latin_words"], "latin_words"),
                burstiness=_number(data["burstiness"], "burstiness"),
            )
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write the model as JSON to `path`."""
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> ChannelModel:
        """Return the model that `save` wrote to `path`.

        Raises:
            ValueError: the file is no JSON or a field is wrong; the message names file and field.
        """
        return cls.from_dict(read_json_object(path), where=str(path))

    @cached_property
    def _sampler(self) -> Sampler:
        spaces = (self.space_after, self.space_before)
        return Sampler(self.name, self.rules, spaces, self.insertions, self.latin_words, self.burstiness)


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise ValueError(f"field {name!r} must be a number >= 0, got {value!r}")
    return float(value)


def _rate(value: object, name: str) -> float:
    number = _number(value, name)
    if number > 1:
        raise ValueError(f"field {name!r} must be in [0, 1], got {value!r}")
    return number


def _rates(value: object, name: str) -> dict[str, float]:
    if not isinstance(value, dict):
        raise ValueError(f"field {name!r} must be an object of rates")
    return {str(key): _rate(rate, f"{name}[{key!r}]") for key, rate in value.items()}
