"""Drawing a channel's errors for a text, with numpy: no Python loop over characters or rules.

Most places are read right. So each place's random number is first compared with the greatest rate that a letter has in
any surroundings (thinning), and only the few that pass have their rules looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from kzocr.channel.rules import BOUNDARY, MAX_PROBABILITY, Rule
from kzocr.text import LATINISED

INTENSITY_CHARS = 40
"""Length of the stretches, about one printed line, that share a local error intensity, in characters."""

BLOCK_CHARS = 800 * INTENSITY_CHARS
"""Characters that are looked at together, whole stretches: what is computed of them stays in a processor's cache."""

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
        self.outside = len(alphabet) + 1
        self.base = self.outside + 1
        self.number_of_code = np.zeros(ord(alphabet[-1]) + 2, dtype=np.int32)
        self.number_of_code[[ord(symbol) for symbol in alphabet]] = np.arange(1, self.outside)
        self.is_space = np.zeros(self.base, dtype=bool)
        self.is_space[[*(number_of[symbol] for symbol in _WHITE_SPACE), self.outside]] = True
        self.boundary = number_of[BOUNDARY]
        self.as_neighbour = np.where(self.is_space, self.boundary, np.arange(self.base)).astype(np.int32)
        self.longest = max((len(rule.source) for rule in rules), default=1)
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
        self.most_rates = self.most_odds / (1 + self.most_odds)
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
        codes = _codes(text)
        numbers = self._numbers(codes)
        intensity = self._intensity(n_chars, rng)
        seed = int(rng.integers(2**63))
        gap_events: list[Whole] = []
        rule_events: list[Whole] = []
        for start in range(0, n_chars, BLOCK_CHARS):
            rule_draws, gap_draws = rng.random((2, min(BLOCK_CHARS, n_chars - start)), dtype=np.float32)
            gap_events.append(self._gap_events(numbers, start, intensity, gap_draws))
            rule_events.append(self._rule_events(numbers, start, intensity, rule_draws, seed))
        latin_places, latin_text = self._latin_events(text, codes, rng)
        events = np.concatenate((*gap_events, latin_places, *rule_events), axis=1)
        return _apply(codes, self.readings.codes, latin_text, events)

    def rates(self, text: str) -> Floats:
        """Return for each character of `text` the rate at which it, or the gap before it, is misread."""
        if not text:
            return np.zeros(0)
        numbers, places = self._numbers(_codes(text)), np.arange(len(text))
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
        """Return the numbers of the signs of a text, between one that stands outside and as many as a rule may reach.

        So the sign at a place has number `place + 1` of them, that in front of it number `place`.
        """
        numbers = np.full(len(codes) + self.longest + 1, self.outside, dtype=np.int32)
        self.number_of_code.take(codes, mode="clip", out=numbers[1 : len(codes) + 1])
        return numbers

    def _intensity(self, n_chars: int, rng: np.random.Generator) -> Floats | None:
        """Return the local intensity of every stretch; None if it is the same everywhere."""
        if self.burstiness <= 0:
            return None
        shape = 1 / self.burstiness
        return np.asarray(rng.gamma(shape, 1 / shape, size=n_chars // INTENSITY_CHARS + 1))

    def _match(self, numbers: Symbols, places: Whole) -> tuple[list[tuple[int, Whole]], Floats]:
        """Return per source length, longest first, the rule of each of `places`, and the rate of any there."""
        found: dict[int, Whole] = {}
        for shape in self.shapes:
            matched, rules = shape.find(numbers, self.as_neighbour, places)
            if shape.length not in found:
                found[shape.length] = np.full(len(places), _NO_RULE, dtype=np.int64)
            found[shape.length][matched] = rules
        spared = np.ones(len(places))
        for rules in found.values():
            spared *= 1 - self.rule_totals[rules]
        return sorted(found.items(), reverse=True, key=lambda entry: entry[0]), 1 - spared

    def _rule_events(self, numbers: Symbols, first: int, intensity: Floats | None, draws: Singles, seed: int) -> Whole:
        """Return the misreadings; of several rules at one place the longer ones have their chance first.

        Args:
            numbers: of the signs of the whole text, see `_numbers`.
            first: place that the first of `draws` is for.
            intensity: of every stretch of the text, or None.
            draws: a number in [0, 1) for each of some places.
            seed: of what else is drawn.
        """
        if not self.shapes:
            return _no_events()
        here = numbers[first + 1 : first + len(draws) + 1]
        if intensity is None:
            most = self.most_rates.take(here)
        else:
            most = self.most_odds.take(here)
            most *= _at_each(intensity, first, len(draws))
            most /= 1 + most
        near = np.flatnonzero(draws < most)
        candidates = near + first
        matches, totals = self._match(numbers, candidates)
        struck = draws[near] < _intensified(totals, intensity, candidates)
        hits = candidates[struck]
        rules = np.array([rules[struck] for _, rules in matches])
        has_rule = rules != _NO_RULE
        choice = has_rule.argmax(axis=0)
        several = np.flatnonzero(has_rule.sum(axis=0) > 1)
        if len(several):
            choice[several] = self._choices(rules[:, several], _uniform(hits[several], seed))
        lengths = np.array([length for length, _ in matches])[choice]
        rule = rules[choice, np.arange(len(hits))]
        return _events(hits, hits + lengths, 2, *self.readings.choose(rule, _uniform(hits, seed + 1)))

    def _choices(self, rules: Whole, draws: Floats) -> Whole:
        """Return which row of `rules` (lengths, places) strikes at each place, those above having had their chance."""
        chances = self.rule_totals[rules]
        left = np.ones(len(draws))
        for row in chances:
            row *= left
            left -= row
        reached = np.cumsum(chances, axis=0)
        choice = (reached <= draws * reached[-1]).sum(axis=0)
        return np.asarray(np.where(choice == len(rules), chances.argmax(axis=0), choice))

    def _space_rates(self, numbers: Symbols, places: Whole) -> Floats:
        """Return the rate of a spurious space before each of `places`."""
        left, right = numbers[places], numbers[places + 1]
        rates = 1 - (1 - self.space_tables[0][left]) * (1 - self.space_tables[1][right])
        return np.where(self.is_space[left] | self.is_space[right], 0.0, rates)

    def _gap_events(self, numbers: Symbols, first: int, intensity: Floats | None, draws: Singles) -> Whole:
        """Return spurious spaces and other insertions; the arguments are those of `_rule_events`."""
        if not self.has_spaces and not self.insertion_rate:
            return _no_events()
        most = np.full(len(draws) if self.has_spaces else 1, self.insertion_rate, dtype=np.float32)
        if self.has_spaces:
            before, behind = self.spared_by_space
            around = numbers[first : first + len(draws) + 1]
            most += 1 - before.take(around[:-1]) * behind.take(around[1:])
        if intensity is not None:
            most = most * np.maximum(_at_each(intensity, first, len(draws)), 1)
        near = np.flatnonzero(draws < most * _SLACK + (_SLACK - 1))
        candidates, draws = near + first, draws[near]
        space_rates = _intensified(self._space_rates(numbers, candidates), intensity, candidates)
        local = 1.0 if intensity is None else intensity[candidates // INTENSITY_CHARS]
        rates = np.minimum(self.insertion_rate * local, MAX_PROBABILITY) + space_rates
        struck = draws < np.minimum(rates, MAX_PROBABILITY)
        hits, draws, rates, space_rates = candidates[struck], draws[struck], rates[struck], space_rates[struck]
        is_space = draws < space_rates
        groups = np.where(is_space, self.space_group, self.insertion_group)
        shares = (draws - space_rates) / np.maximum(rates - space_rates, 1e-300)
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
        self.length, has_left, has_right = shape
        self.base = base
        self.offsets = range(-has_left, self.length + has_right)
        symbols = np.array(list(rules), dtype=np.int64)
        keys = self._keys(symbols.T)
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

    def find(self, numbers: Symbols, as_neighbour: Symbols, places: Whole) -> tuple[Whole, Whole]:
        """Return which of `places` have a rule, and the rules.

        Args:
            numbers: of the signs of the text, see `Sampler._numbers`.
            as_neighbour: number of a sign -> that of the neighbour that it is.
            places: in the text.
        """

        def signs(at: Whole, offset: int) -> Symbols:
            found = numbers.take(at + (offset + 1))
            return found if 0 <= offset < self.length else as_neighbour.take(found)

        if self.rule_of is not None:
            rules = self.rule_of.take(self._keys([signs(places, offset) for offset in self.offsets]))
            matched = np.flatnonzero(rules != _NO_RULE)
            return matched, rules[matched]
        which = np.arange(len(places))
        for offset, occurring in zip(self.offsets, self.occurring, strict=True):
            kept = np.flatnonzero(occurring.take(signs(places, offset)))
            which, places = which[kept], places[kept]
        wanted = self._keys([signs(places, offset) for offset in self.offsets])
        position = np.searchsorted(self.keys, wanted)
        position[position == len(self.keys)] = 0
        is_there = self.keys[position] == wanted
        return which[is_there], self.rules[position[is_there]]

    def _keys(self, columns: Iterable[npt.NDArray[np.integer[Any]]]) -> Whole:
        """Return a number for each row of signs."""
        first, *others = columns
        keys = first.astype(np.int64)
        for column in others:
            keys = keys * self.base + column
        return keys


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
        self.codes = _codes("".join(strings))
        self.lengths = np.array([len(output) for output in strings], dtype=np.int64)
        self.starts = np.cumsum(self.lengths) - self.lengths

    def choose(self, groups: Whole, draws: Floats) -> tuple[Whole, Whole]:
        """Return where in `codes` the chosen strings start and how long they are.

        Args:
            groups: a number of a group that is not empty, for each choice.
            draws: uniform numbers in [0, 1).
        """
        chosen = self.first[groups]
        wanted = groups + draws
        others = np.flatnonzero(wanted >= self.bounds[chosen])  # mostly few
        if len(others):
            found = np.searchsorted(self.bounds, wanted[others], side="right")
            chosen[others] = np.clip(found, chosen[others], self.first[groups[others] + 1] - 1)
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


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")


def _at_each(intensity: Floats, first: int, n_places: int) -> Singles:
    """Return the local intensity of so many places; `first` is where a stretch begins."""
    stretches = intensity[first // INTENSITY_CHARS : (first + n_places - 1) // INTENSITY_CHARS + 1]
    return np.repeat(stretches.astype(np.float32), INTENSITY_CHARS)[:n_places]


def _apply(codes: Codes, readings: Codes, latin: str, events: Whole) -> str:
    """Return the text with the events applied in order; those that begin inside an earlier one are dropped."""
    order = np.argsort(events[0] * 3 + events[2], kind="stable")
    starts, ends, ranks, text_starts, text_lengths = events[:, order]
    text_starts = text_starts + len(codes) + np.where(ranks == 1, len(readings), 0)
    kept = _apart(starts, ends)
    starts, ends, text_starts, text_lengths = (row[kept] for row in (starts, ends, text_starts, text_lengths))
    pool = np.concatenate((codes, readings, _codes(latin)))
    piece_starts = np.concatenate(([0], ends))
    piece_lengths = np.concatenate((starts, [len(codes)])) - piece_starts
    all_starts, all_lengths = np.empty((2, 2 * len(starts) + 1), dtype=np.int64)
    all_starts[::2], all_lengths[::2] = piece_starts, piece_lengths
    all_starts[1::2], all_lengths[1::2] = text_starts, text_lengths
    offsets = np.cumsum(all_lengths) - all_lengths
    bounds = 2 * np.searchsorted(starts, np.arange(BLOCK_CHARS, len(codes), BLOCK_CHARS))
    read: list[bytes] = []
    for first, last in pairwise((0, *bounds.tolist(), len(all_starts))):
        places = np.repeat(all_starts[first:last] - offsets[first:last], all_lengths[first:last])
        places += np.arange(offsets[first], offsets[first] + len(places))
        read.append(pool[places].tobytes())
    return b"".join(read).decode("utf-32-le", errors="surrogatepass")


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
