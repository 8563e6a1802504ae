"""One document's noise: a `ChannelModel` turns printed text into what an engine would have read.

Errors of real OCR are systematic inside a document: one scan puts a space behind most ш, another reads every қ
as `^`. So a model is drawn once per document (see `prior`) and then sampled for all of that document's text.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import string
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from kzocr.text import LATINISED

UNKNOWABLE = string.digits + string.ascii_letters + "–—+=&@#<>$€₸§°•"
"""Signs whose corruption cannot be undone without guessing: digits, Latin letters in Kazakh text, dashes (what was
printed where `-` was read?) and signs that stand alone."""

TELLING_DASHES = frozenset({"--", "-—", "——", "-–"})
"""Readings of a dash that a hyphen does not have, so that they can be undone."""

BOUNDARY = " "
"""As a rule's neighbour: a word's edge (white space, or either end of the text)."""

MAX_PROBABILITY = 0.998
"""No place is changed with certainty, so that every text keeps a chance to survive."""

INTENSITY_CHARS = 40
"""Length of the stretches, about one printed line, that share a local error intensity, in characters."""

FORMAT_VERSION = 1
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Rule:
    """What one source string becomes, between given neighbours.

    Attributes:
        source: 1 to 3 printed characters.
        outputs: read string -> probability in [0, 1]; `""` is a deletion. The rest of the mass keeps the source.
        left: the character before, `BOUNDARY` for a word's edge, `""` for any.
        right: the character behind, likewise.
    """

    source: str
    outputs: Mapping[str, float]
    left: str = ""
    right: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.source) <= 3:
            raise ValueError(f"rule: source {self.source!r} must have 1 to 3 characters")
        if len(self.left) > 1 or len(self.right) > 1:
            raise ValueError(f"rule {self.source!r}: left and right must be one character or empty")
        for output, probability in self.outputs.items():
            if output == self.source:
                raise ValueError(f"rule {self.source!r}: the output equals the source")
            if not 0 <= probability <= 1:
                raise ValueError(f"rule {self.source!r}: probability of {output!r} is {probability}, not in [0, 1]")
        if sum(self.outputs.values()) > 1 + 1e-6:
            raise ValueError(f"rule {self.source!r}: probabilities sum to {sum(self.outputs.values()):.3f} > 1")


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
        burstiness: variance of the local error intensity (mean 1) over stretches of `INTENSITY_CHARS`;
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
            rules.append(dataclasses.replace(rule, outputs=outputs))
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

        def scale(rates: Mapping[str, float]) -> dict[str, float]:
            total = sum(rates.values()) * factor
            shrink = factor if total <= MAX_PROBABILITY else factor * MAX_PROBABILITY / total
            return {key: rate * shrink for key, rate in rates.items()}

        def scale_each(rates: Mapping[str, float]) -> dict[str, float]:
            return {key: min(rate * factor, MAX_PROBABILITY) for key, rate in rates.items()}

        return dataclasses.replace(
            self,
            rules=tuple(dataclasses.replace(rule, outputs=scale(rule.outputs)) for rule in self.rules),
            space_after=scale_each(self.space_after),
            space_before=scale_each(self.space_before),
            insertions=scale(self.insertions),
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
        Path(path).write_text(json.dumps(self.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> ChannelModel:
        """Return the model that `save` wrote to `path`.

        Raises:
            ValueError: the file is no JSON or a field is wrong; the message names file and field.
        """
        return cls.from_dict(read_json(path), where=str(path))

    @cached_property
    def _sampler(self) -> _Sampler:
        return _Sampler(self)


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises:
        ValueError: the file is not UTF-8, no JSON or no object.
        OSError: the file cannot be read.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{os.fspath(path)}: expected a JSON object")
    return data


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


class _Sampler:
    """A `ChannelModel` as arrays: places are found with numpy, only the hits are walked in Python."""

    def __init__(self, model: ChannelModel) -> None:
        self.model = model
        symbols = {BOUNDARY, "\n", "\t", "\r"}
        for rule in model.rules:
            symbols.update(rule.source + rule.left + rule.right)
        symbols.update(model.space_after, model.space_before)
        self.alphabet = sorted(symbols)
        number_of = {symbol: number for number, symbol in enumerate(self.alphabet, start=1)}
        self.base = len(self.alphabet) + 1
        self.codes = np.array([ord(symbol) for symbol in self.alphabet], dtype=np.uint32)
        self.is_space = np.zeros(self.base, dtype=bool)
        for symbol in (BOUNDARY, "\n", "\t", "\r"):
            self.is_space[number_of[symbol]] = True
        self.boundary = number_of[BOUNDARY]
        self.after = np.zeros(self.base)
        self.before = np.zeros(self.base)
        for rates, table in ((model.space_after, self.after), (model.space_before, self.before)):
            for symbol, rate in rates.items():
                table[number_of[symbol]] = rate
        self._compile_rules(number_of)
        self.insertion_strings = list(model.insertions)
        self.insertion_cumulative = list(accumulate(model.insertions.values())) or [0.0]

    def _compile_rules(self, number_of: Mapping[str, int]) -> None:
        self.rules = list(self.model.rules)
        self.rule_totals = np.minimum([*(sum(rule.outputs.values()) for rule in self.rules), 0.0], MAX_PROBABILITY)
        self.outputs = [(list(r.outputs), list(accumulate(r.outputs.values()))) for r in self.rules]
        shapes: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
        for index, rule in enumerate(self.rules):
            key = 0
            for symbol in rule.left + rule.source + rule.right:
                key = key * self.base + number_of[symbol]
            shape = (len(rule.source), len(rule.left), len(rule.right))
            shapes.setdefault(shape, []).append((key, index))
        order = sorted(shapes, key=lambda shape: (shape[0], shape[1] + shape[2], shape[1]))
        self.shapes = []
        for shape in order:
            keys, indices = zip(*sorted(shapes[shape]), strict=True)
            if len(set(keys)) < len(keys):
                raise ValueError(f"channel {self.model.name!r}: two rules for the same source and neighbours")
            self.shapes.append((shape, np.array(keys, dtype=np.int64), np.array(indices, dtype=np.int64)))

    def sample(self, text: str, rng: np.random.Generator) -> str:
        """Return a sample. As many numbers are drawn for every model of the same burstiness and Latin rate.

        Each place has its own numbers, so samples of a model and of a scaled one differ by the scale alone.
        """
        n_chars = len(text)
        if n_chars == 0:
            return text
        codes = np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
        numbers = np.searchsorted(self.codes, codes)
        numbers[numbers == len(self.codes)] = 0
        numbers = np.where(self.codes[numbers] == codes, numbers + 1, 0)
        intensity = self._intensity(n_chars, rng)
        rule_draws, gap_draws, rule_choices, output_choices = rng.random((4, n_chars))
        events = self._latin_events(text, rng)
        matches, totals = self._match(numbers)
        rule_hits = np.flatnonzero(rule_draws < _intensified(totals, intensity))
        space_rates = _intensified(self._space_rates(numbers), intensity)
        insertion_rates = np.minimum(self.insertion_cumulative[-1] * intensity, MAX_PROBABILITY)
        gap_rates = np.minimum(space_rates + insertion_rates, MAX_PROBABILITY)
        for place in np.flatnonzero(gap_draws < gap_rates).tolist():
            inserted = " "
            if (left := gap_draws[place] - space_rates[place]) >= 0:
                share = left / (gap_rates[place] - space_rates[place])
                inserted = self._choose(self.insertion_strings, self.insertion_cumulative, share)
            events.append((place, 0, place, inserted))
        for place in rule_hits.tolist():
            index, length = self._choose_rule(matches, place, rule_choices[place])
            outputs, cumulative = self.outputs[index]
            events.append((place, 2, place + length, self._choose(outputs, cumulative, output_choices[place])))
        events.sort()
        return _apply(text, events)

    def _intensity(self, n_chars: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        if self.model.burstiness <= 0:
            return np.ones(1)
        shape = 1 / self.model.burstiness
        stretches = rng.gamma(shape, 1 / shape, size=n_chars // INTENSITY_CHARS + 1)
        return np.repeat(stretches, INTENSITY_CHARS)[:n_chars]

    def _space_rates(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        rates = np.zeros(len(numbers))
        left, right = numbers[:-1], numbers[1:]
        rates[1:] = 1 - (1 - self.after[left]) * (1 - self.before[right])
        rates[1:][self.is_space[left] | self.is_space[right]] = 0
        return rates

    def _match(
        self, numbers: npt.NDArray[np.int64]
    ) -> tuple[list[tuple[int, npt.NDArray[np.int64]]], npt.NDArray[np.float64]]:
        """Return per source length, longest first, the rule of every place (-1: none), and the rate of any."""
        n_chars = len(numbers)
        neighbours = np.where(self.is_space[numbers], self.boundary, numbers)
        padded = np.concatenate(([self.boundary], neighbours, [self.boundary]))
        found: dict[int, npt.NDArray[np.int64]] = {}
        for (length, n_left, n_right), keys, indices in self.shapes:
            n_places = n_chars - length + 1
            if n_places <= 0:
                continue
            key = padded[:n_places].copy() if n_left else np.zeros(n_places, dtype=np.int64)
            for offset in range(length):
                key = key * self.base + numbers[offset : offset + n_places]
            if n_right:
                key = key * self.base + padded[length + 1 : length + 1 + n_places]
            position = np.searchsorted(keys, key)
            position[position == len(keys)] = 0
            hit = keys[position] == key
            rules = found.setdefault(length, np.full(n_chars, -1, dtype=np.int64))
            rules[:n_places][hit] = indices[position[hit]]
        spared = np.ones(n_chars)
        for rules in found.values():
            spared *= 1 - self.rule_totals[rules]
        return sorted(found.items(), reverse=True, key=lambda entry: entry[0]), 1 - spared

    def _choose_rule(
        self, matches: list[tuple[int, npt.NDArray[np.int64]]], place: int, draw: float
    ) -> tuple[int, int]:
        candidates = [(int(rules[place]), length) for length, rules in matches if rules[place] >= 0]
        chances = []
        spared = 1.0
        for index, _ in candidates:
            chances.append(spared * float(self.rule_totals[index]))
            spared *= 1 - self.rule_totals[index]
        left = draw * sum(chances)
        for candidate, chance in zip(candidates, chances, strict=True):
            left -= chance
            if left < 0:
                return candidate
        return candidates[int(np.argmax(chances))]

    @staticmethod
    def _choose(choices: list[str], cumulative: list[float], draw: float) -> str:
        return choices[min(bisect_right(cumulative, draw * cumulative[-1]), len(choices) - 1)]

    def _latin_events(self, text: str, rng: np.random.Generator) -> list[tuple[int, int, int, str]]:
        if self.model.latin_words <= 0:
            return []
        events = []
        for word in _WORD.finditer(text):
            if rng.random() >= self.model.latin_words:
                continue
            read = "".join(LATINISED.get(letter, letter) for letter in word.group())
            n_same = sum(a == b for a, b in zip(word.group(), read, strict=False))
            if n_same <= len(word.group()) / 3:
                events.append((word.start(), 1, word.end(), read))
        return events


def _intensified(rates: npt.NDArray[np.float64], intensity: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return rates whose odds are multiplied by the local intensity: what is certain stays so in a good line."""
    capped = np.minimum(rates, MAX_PROBABILITY)
    odds = capped * intensity
    return np.minimum(odds / (1 - capped + odds), MAX_PROBABILITY)


def _apply(text: str, events: list[tuple[int, int, int, str]]) -> str:
    """Return `text` with sorted (start, rank, end, output) events applied; overlapped later events are dropped."""
    pieces = []
    done = 0
    for start, _, end, output in events:
        if start < done:
            continue
        pieces.append(text[done:start])
        pieces.append(output)
        done = end
    pieces.append(text[done:])
    return "".join(pieces)
