"""Drawing a channel's errors for a text, with numpy: no Python loop over characters or rules.

Most places are read right. So each place's random number is first compared with the greatest rate that a letter has in
any surroundings (thinning), and only the few that pass have their rules looked up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from kzocr.channel.rules import BOUNDARY, MAX_PROBABILITY, Rule
from kzocr.text import LATINISED

INTENSITY_CHARS = 40
"""Length of the stretches, about one printed line, that share a local error intensity, in characters."""

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.int32]
Codes = npt.NDArray[np.uint32]

_WHITE_SPACE = (BOUNDARY, "\n", "\t", "\r")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NO_RULE = -1
_LARGEST_TABLE = 65536
_SLACK = 1 + 1e-5
"""Bounds in single precision are raised by so much, that rounding may not hide a place where an error happens."""


class Sampler:
    """The errors of one channel, compiled to arrays."""

    def __init__(
        self,
        name: str,
        rules: Sequence[Rule],
        spaces: tuple[Mapping[str, float], Mapping[str, float]],
        insertions: Mapping[str, float],
        latin_words: float,
        burstiness: float,
    ) -> None:
        """Compile.

        Args:
            name: of the channel, for messages.
            rules: as in `ChannelModel`.
            spaces: letter -> rate of a spurious space behind it, and before it.
            insertions: string -> rate per gap.
            latin_words: rate of words read with the Latin alphabet.
            burstiness: variance of the local intensity.

        Raises:
            ValueError: two rules have the same source and neighbours.
        """
        symbols = {*_WHITE_SPACE, *spaces[0], *spaces[1]}
        for rule in rules:
            symbols.update(rule.source + rule.left + rule.right)
        alphabet = sorted(symbols)
        number_of = {symbol: number for number, symbol in enumerate(alphabet, start=1)}
        self.base = len(alphabet) + 1
        self.number_of_code = np.zeros(ord(alphabet[-1]) + 2, dtype=np.int32)
        self.number_of_code[[ord(symbol) for symbol in alphabet]] = np.arange(1, self.base)
        self.is_space = np.zeros(self.base, dtype=bool)
        self.is_space[[number_of[symbol] for symbol in _WHITE_SPACE]] = True
        self.boundary = number_of[BOUNDARY]
        self.as_neighbour = np.where(self.is_space, self.boundary, np.arange(self.base)).astype(np.int32)
        self.space_tables = np.zeros((2, self.base))
        for table, rates in zip(self.space_tables, spaces, strict=True):
            for symbol, rate in rates.items():
                table[number_of[symbol]] = rate
        self.has_spaces = bool(self.space_tables.any())
        self.spared_by_space = (1 - self.space_tables).astype(np.float32)
        self.insertion_rate = float(sum(insertions.values()))
        self.latin_words = latin_words
        self.burstiness = burstiness
        self.rule_totals = np.minimum([*(sum(rule.outputs.values()) for rule in rules), 0.0], MAX_PROBABILITY)
        self.most_odds = self._most_odds(rules, number_of)
        self.insertion_group, self.space_group = len(rules), len(rules) + 1
        self.readings = _Readings([*(rule.outputs for rule in rules), insertions, {" ": 1.0}])
        self.shapes = _shapes(name, rules, number_of, self.base)

    def sample(self, text: str, rng: np.random.Generator) -> str:
        """Return a sample. As many numbers are drawn for every model of the same burstiness and Latin rate.

        Each place has its own numbers, so samples of a model and of a scaled one differ by the scale alone. Only
        places where the letter's greatest rate lets an error through are looked at more closely.
        """
        n_chars = len(text)
        if n_chars == 0:
            return text
        codes = np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
        numbers = self._numbers(codes)
        intensity = self._intensity(n_chars, rng)
        seed = int(rng.integers(2**63))
        rule_draws, gap_draws = rng.random((2, n_chars), dtype=np.float32)
        latin_places, latin_text = self._latin_events(text, codes, rng)
        places = np.concatenate(
            (
                self._gap_events(numbers, intensity, gap_draws),
                latin_places,
                self._rule_events(numbers, intensity, rule_draws, seed),
            ),
            axis=1,
        )
        return _apply(codes, self.readings.text, latin_text, places)

    def rates(self, text: str) -> Floats:
        """Return for each character of `text` the rate at which it, or the gap before it, is misread."""
        if not text:
            return np.zeros(0)
        codes = np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
        numbers, places = self._numbers(codes), np.arange(len(codes))
        _, misread = self._match(numbers, places)
        gaps = np.minimum(self._space_rates(numbers, places) + self.insertion_rate, MAX_PROBABILITY)
        return np.asarray(misread + gaps)

    def _most_odds(self, rules: Sequence[Rule], number_of: Mapping[str, int]) -> Singles:
        """Return for each symbol the odds that no misreading of a source that begins with it goes beyond."""
        most = np.zeros((max((len(rule.source) for rule in rules), default=0) + 1, self.base))
        for rule, total in zip(rules, self.rule_totals.tolist(), strict=False):
            row = most[len(rule.source)]
            row[number_of[rule.source[0]]] = max(row[number_of[rule.source[0]]], total)
        spared = np.maximum(np.prod(1 - most, axis=0), 1 - MAX_PROBABILITY)
        return np.asarray((1 - spared) / spared * _SLACK, dtype=np.float32)

    def _numbers(self, codes: Codes) -> Symbols:
        return np.asarray(self.number_of_code.take(codes, mode="clip"))

    def _intensity(self, n_chars: int, rng: np.random.Generator) -> Floats | None:
        """Return the local intensity of every stretch; None if it is the same everywhere."""
        if self.burstiness <= 0:
            return None
        shape = 1 / self.burstiness
        return np.asarray(rng.gamma(shape, 1 / shape, size=n_chars // INTENSITY_CHARS + 1))

    def _match(self, numbers: Symbols, places: Whole) -> tuple[list[tuple[int, Whole]], Floats]:
        """Return per source length, longest first, the rule of each of `places`, and the rate of any there."""
        n_chars = len(numbers)
        found: dict[int, Whole] = {}
        spared = np.ones(len(places))
        for shape in self.shapes:
            inside = np.arange(len(places))
            if shape.length > 1:
                inside = inside[places <= n_chars - shape.length]
            at = places[inside]
            columns = [numbers[at + offset] for offset in range(shape.length)]
            if shape.has_left:
                before = self.as_neighbour[numbers[at - 1]]
                columns.insert(0, np.where(at > 0, before, self.boundary))
            if shape.has_right:
                behind = at + shape.length
                after = self.as_neighbour[numbers.take(behind, mode="clip")]
                columns.append(np.where(behind < n_chars, after, self.boundary))
            matched, rules = shape.find(columns, self.base)
            if shape.length not in found:
                found[shape.length] = np.full(len(places), _NO_RULE, dtype=np.int64)
            found[shape.length][inside[matched]] = rules
        for rules in found.values():
            spared *= 1 - self.rule_totals[rules]
        return sorted(found.items(), reverse=True, key=lambda entry: entry[0]), 1 - spared

    def _rule_events(self, numbers: Symbols, intensity: Floats | None, draws: Singles, seed: int) -> Whole:
        """Return the misreadings; of several rules at one place the longer ones have their chance first."""
        if not self.shapes:
            return _no_events()
        odds = self.most_odds[numbers]
        if intensity is not None:
            odds *= np.repeat(intensity.astype(np.float32), INTENSITY_CHARS)[: len(odds)]
        candidates = np.flatnonzero(draws < odds / (1 + odds))
        matches, totals = self._match(numbers, candidates)
        struck = draws[candidates] < _intensified(totals, intensity, candidates)
        hits = candidates[struck]
        rules = np.array([rules[struck] for _, rules in matches])
        chances = self.rule_totals[rules]
        left = np.ones(len(hits))
        for row in chances:
            row *= left
            left -= row
        reached = np.cumsum(chances, axis=0)
        choice = (reached <= _uniform(hits, seed) * reached[-1]).sum(axis=0)
        choice = np.where(choice == len(matches), chances.argmax(axis=0), choice)
        lengths = np.array([length for length, _ in matches])[choice]
        rule = rules[choice, np.arange(len(hits))]
        return _events(hits, hits + lengths, 2, *self.readings.choose(rule, _uniform(hits, seed + 1)))

    def _space_rates(self, numbers: Symbols, places: Whole) -> Floats:
        """Return the rate of a spurious space before each of `places`."""
        left, right = numbers[places - 1], numbers[places]
        rates = 1 - (1 - self.space_tables[0][left]) * (1 - self.space_tables[1][right])
        return np.where((places == 0) | self.is_space[left] | self.is_space[right], 0.0, rates)

    def _gap_events(self, numbers: Symbols, intensity: Floats | None, draws: Singles) -> Whole:
        """Return spurious spaces and other insertions."""
        if not self.has_spaces and not self.insertion_rate:
            return _no_events()
        most = np.full(len(numbers) if self.has_spaces else 1, self.insertion_rate, dtype=np.float32)
        if self.has_spaces:
            before, behind = self.spared_by_space
            most[1:] += 1 - before[numbers[:-1]] * behind[numbers[1:]]
        if intensity is not None:
            most = most * np.repeat(np.maximum(intensity, 1.0).astype(np.float32), INTENSITY_CHARS)[: len(numbers)]
        candidates = np.flatnonzero(draws < most * _SLACK + (_SLACK - 1))
        space_rates = _intensified(self._space_rates(numbers, candidates), intensity, candidates)
        local = 1.0 if intensity is None else intensity[candidates // INTENSITY_CHARS]
        rates = np.minimum(self.insertion_rate * local, MAX_PROBABILITY) + space_rates
        struck = draws[candidates] < np.minimum(rates, MAX_PROBABILITY)
        hits, rates, space_rates = candidates[struck], rates[struck], space_rates[struck]
        is_space = draws[hits] < space_rates
        groups = np.where(is_space, self.space_group, self.insertion_group)
        shares = (draws[hits] - space_rates) / np.maximum(rates - space_rates, 1e-300)
        return _events(hits, hits, 0, *self.readings.choose(groups, np.where(is_space, 0.0, shares)))

    def _latin_events(self, text: str, codes: Codes, rng: np.random.Generator) -> tuple[Whole, str]:
        """Return words that are read with the Latin alphabet, and what is read, one after the other."""
        if self.latin_words <= 0:
            return _no_events(), ""
        is_letter = _letters().take(codes, mode="clip")
        begins = is_letter.copy()
        begins[1:] &= ~is_letter[:-1]
        starts = np.flatnonzero(begins)
        events: list[tuple[int, int, int, int, int]] = []
        pieces: list[str] = []
        n_read = 0
        for start in starts[rng.random(len(starts)) < self.latin_words].tolist():
            word = _WORD.match(text, start)
            if word is None:
                continue
            read = "".join(LATINISED.get(letter, letter) for letter in word.group())
            if sum(a == b for a, b in zip(word.group(), read, strict=False)) <= len(read) / 3:
                events.append((start, word.end(), 1, n_read, len(read)))
                pieces.append(read)
                n_read += len(read)
        return np.array(events, dtype=np.int64).reshape(-1, 5).T, "".join(pieces)


class _Shape:
    """The rules of one source length with the same neighbours given: a table or, where that is large, sorted keys."""

    def __init__(self, shape: tuple[int, bool, bool], rules: Mapping[tuple[int, ...], int], base: int) -> None:
        self.length, self.has_left, self.has_right = shape
        symbols = np.array(list(rules), dtype=np.int64)
        keys = _key([symbols[:, column] for column in range(symbols.shape[1])], base)
        order = np.argsort(keys)
        self.keys, self.rules = keys[order], np.array(list(rules.values()), dtype=np.int64)[order]
        n_keys = base ** symbols.shape[1]
        self.rule_of: Whole | None = None
        if n_keys <= _LARGEST_TABLE:
            self.rule_of = np.full(n_keys, _NO_RULE, dtype=np.int64)
            self.rule_of[keys] = list(rules.values())
        self.occurring = np.zeros((symbols.shape[1], base), dtype=bool)
        for column in range(symbols.shape[1]):
            self.occurring[column, symbols[:, column]] = True

    def find(self, columns: Sequence[Symbols], base: int) -> tuple[Whole, Whole]:
        """Return the places where a rule matches, and the rules."""
        if self.rule_of is not None:
            rules = self.rule_of[_key(columns, base)]
            matched = np.flatnonzero(rules != _NO_RULE)
            return matched, rules[matched]
        may_match = self.occurring[0][columns[0]]
        for occurring, column in zip(self.occurring[1:], columns[1:], strict=True):
            may_match &= occurring[column]
        places = np.flatnonzero(may_match)
        wanted = _key([column[places] for column in columns], base)
        position = np.searchsorted(self.keys, wanted)
        position[position == len(self.keys)] = 0
        is_there = self.keys[position] == wanted
        return places[is_there], self.rules[position[is_there]]


def _shapes(name: str, rules: Sequence[Rule], number_of: Mapping[str, int], base: int) -> list[_Shape]:
    """Return the shapes, short sources and few neighbours first, so that what comes later takes precedence."""
    found: dict[tuple[int, bool, bool], dict[tuple[int, ...], int]] = {}
    for index, rule in enumerate(rules):
        shape = (len(rule.source), bool(rule.left), bool(rule.right))
        symbols = tuple(number_of[symbol] for symbol in rule.left + rule.source + rule.right)
        same = found.setdefault(shape, {})
        if symbols in same:
            raise ValueError(f"channel {name!r}: two rules for the same source and neighbours")
        same[symbols] = index
    order = sorted(found, key=lambda shape: (shape[0], shape[1] + shape[2], shape[1]))
    return [_Shape(shape, found[shape], base) for shape in order]


def _key(columns: Sequence[npt.NDArray[np.integer[Any]]], base: int) -> Whole:
    key = columns[0].astype(np.int64)
    for column in columns[1:]:
        key = key * base + column
    return key


class _Readings:
    """Groups of strings, each with its probability in its group, to choose from many groups at once."""

    def __init__(self, groups: Sequence[Mapping[str, float]]) -> None:
        self.first = np.cumsum([0, *map(len, groups)])
        bounds: list[float] = []
        for number, group in enumerate(groups):
            total = sum(group.values()) or 1.0
            bounds += [number + reached / total for reached in accumulate(group.values())]
        self.bounds = np.array(bounds)
        strings = [output for group in groups for output in group]
        self.text = "".join(strings)
        self.lengths = np.array([len(output) for output in strings], dtype=np.int64)
        self.starts = np.cumsum(self.lengths) - self.lengths

    def choose(self, groups: Whole, draws: Floats) -> tuple[Whole, Whole]:
        """Return where in `text` the chosen strings start and how long they are.

        Args:
            groups: a number of a group that is not empty, for each choice.
            draws: uniform numbers in [0, 1).
        """
        chosen = np.searchsorted(self.bounds, groups + draws, side="right")
        chosen = np.clip(chosen, self.first[groups], self.first[groups + 1] - 1)
        return self.starts[chosen], self.lengths[chosen]


def _events(starts: Whole, ends: Whole, rank: int, text_starts: Whole, text_lengths: Whole) -> Whole:
    """Return events as rows: start, end, rank (who goes first at the same start), and where the text is."""
    return np.array((starts, ends, np.full(len(starts), rank), text_starts, text_lengths), dtype=np.int64)


def _no_events() -> Whole:
    return np.zeros((5, 0), dtype=np.int64)


def _intensified(rates: Floats, intensity: Floats | None, places: Whole) -> Floats:
    """Return rates whose odds are multiplied by the local intensity: what is certain stays so in a good line.

    Args:
        rates: of the places.
        intensity: of every stretch, or None.
        places: where in the text they are.
    """
    capped = np.minimum(rates, MAX_PROBABILITY)
    if intensity is None:
        return capped
    odds = capped * intensity[places // INTENSITY_CHARS]
    return np.minimum(odds / (1 - capped + odds), MAX_PROBABILITY)


def _uniform(places: Whole, seed: int) -> Floats:
    """Return a number in [0, 1) for each place, always the same for the same place and seed.

    Source: splitmix64, Steele et al. 2014.
    """
    mixed = (places.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(
        seed * 0xD1342543DE82EF95 % 2**64
    )
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) / 2.0**53)


@cache
def _letters() -> npt.NDArray[np.bool_]:
    """Return for each code up to the end of the basic plane whether it is a letter."""
    return np.array([chr(code).isalpha() for code in range(0x10000)] + [False])


def _apply(codes: npt.NDArray[np.uint32], readings: str, latin: str, events: Whole) -> str:
    """Return the text with the events applied in order; those that begin inside an earlier one are dropped."""
    order = np.argsort(events[0] * 3 + events[2], kind="stable")
    starts, ends, ranks, text_starts, text_lengths = events[:, order]
    text_starts = text_starts + len(codes) + np.where(ranks == 1, len(readings), 0)
    kept = _apart(starts, ends)
    starts, ends, text_starts, text_lengths = (row[kept] for row in (starts, ends, text_starts, text_lengths))
    added = np.frombuffer((readings + latin).encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
    pool = np.concatenate((codes, added))
    piece_starts = np.concatenate(([0], ends))
    piece_lengths = np.concatenate((starts, [len(codes)])) - piece_starts
    all_starts, all_lengths = np.empty((2, 2 * len(starts) + 1), dtype=np.int64)
    all_starts[::2], all_lengths[::2] = piece_starts, piece_lengths
    all_starts[1::2], all_lengths[1::2] = text_starts, text_lengths
    offsets = np.cumsum(all_lengths) - all_lengths
    places = np.repeat(all_starts - offsets, all_lengths) + np.arange(int(all_lengths.sum()))
    return pool[places].tobytes().decode("utf-32-le", errors="surrogatepass")


def _apart(starts: Whole, ends: Whole) -> npt.NDArray[np.bool_]:
    """Return which events, in order, do not begin inside an earlier one that stays."""
    kept = np.ones(len(starts), dtype=bool)
    late = np.flatnonzero(starts[1:] < np.maximum.accumulate(ends)[:-1]) + 1 if len(starts) else starts
    for number in late.tolist():
        earlier = number - 1
        while not kept[earlier]:
            earlier -= 1
        kept[number] = starts[number] >= ends[earlier]
    return kept
