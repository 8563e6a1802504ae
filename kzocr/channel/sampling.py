"""Drawing a channel's errors for a text, with numpy from end to end: no Python loop over characters or rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from kzocr.channel.rules import BOUNDARY, MAX_PROBABILITY, Rule
from kzocr.text import LATINISED

INTENSITY_CHARS = 40
"""Length of the stretches, about one printed line, that share a local error intensity, in characters."""

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

_WHITE_SPACE = (BOUNDARY, "\n", "\t", "\r")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NO_RULE = -1


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
        self.number_of_code = np.zeros(ord(alphabet[-1]) + 2, dtype=np.int64)
        self.number_of_code[[ord(symbol) for symbol in alphabet]] = np.arange(1, self.base)
        self.is_space = np.zeros(self.base, dtype=bool)
        self.is_space[[number_of[symbol] for symbol in _WHITE_SPACE]] = True
        self.boundary = number_of[BOUNDARY]
        self.space_tables = np.zeros((2, self.base))
        for table, rates in zip(self.space_tables, spaces, strict=True):
            for symbol, rate in rates.items():
                table[number_of[symbol]] = rate
        self.has_spaces = bool(self.space_tables.any())
        self.insertion_rate = float(sum(insertions.values()))
        self.latin_words = latin_words
        self.burstiness = burstiness
        self.rule_totals = np.minimum([*(sum(rule.outputs.values()) for rule in rules), 0.0], MAX_PROBABILITY)
        self.insertion_group, self.space_group = len(rules), len(rules) + 1
        self.readings = _Readings([*(rule.outputs for rule in rules), insertions, {" ": 1.0}])
        self.shapes = _shapes(name, rules, number_of, self.base)

    def sample(self, text: str, rng: np.random.Generator) -> str:
        """Return a sample. As many numbers are drawn for every model of the same burstiness and Latin rate.

        Each place has its own numbers, so samples of a model and of a scaled one differ by the scale alone.
        """
        n_chars = len(text)
        if n_chars == 0:
            return text
        codes = np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
        numbers = self._numbers(codes)
        intensity = self._intensity(n_chars, rng)
        rule_draws, gap_draws, rule_choices, output_choices = rng.random((4, n_chars))
        latin_places, latin_text = self._latin_events(text, rng)
        places = np.concatenate(
            (
                self._gap_events(numbers, intensity, gap_draws),
                latin_places,
                self._rule_events(numbers, intensity, rule_draws, rule_choices, output_choices),
            ),
            axis=1,
        )
        return _apply(codes, self.readings.text, latin_text, places)

    def rates(self, text: str) -> Floats:
        """Return for each character of `text` the rate at which it, or the gap before it, is misread."""
        if not text:
            return np.zeros(0)
        codes = np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
        numbers = self._numbers(codes)
        _, misread = self._match(numbers)
        gaps = np.minimum(self._space_rates(numbers) + self.insertion_rate, MAX_PROBABILITY)
        return np.asarray(misread + gaps)

    def _numbers(self, codes: npt.NDArray[np.uint32]) -> Whole:
        return np.asarray(self.number_of_code[np.minimum(codes, len(self.number_of_code) - 1)])

    def _intensity(self, n_chars: int, rng: np.random.Generator) -> Floats:
        if self.burstiness <= 0:
            return np.ones(1)
        shape = 1 / self.burstiness
        stretches = rng.gamma(shape, 1 / shape, size=n_chars // INTENSITY_CHARS + 1)
        return np.repeat(stretches, INTENSITY_CHARS)[:n_chars]

    def _match(self, numbers: Whole) -> tuple[list[tuple[int, Whole]], Floats]:
        """Return per source length, longest first, the rule of every place, and the rate of any."""
        n_chars = len(numbers)
        neighbours = np.where(self.is_space[numbers], self.boundary, numbers)
        padded = np.concatenate(([self.boundary], neighbours, [self.boundary]))
        found: dict[int, Whole] = {}
        for shape in self.shapes:
            n_places = n_chars - shape.length + 1
            if n_places <= 0:
                continue
            columns = [numbers[offset : offset + n_places] for offset in range(shape.length)]
            if shape.has_left:
                columns.insert(0, padded[:n_places])
            if shape.has_right:
                columns.append(padded[shape.length + 1 : shape.length + 1 + n_places])
            if shape.length not in found:
                found[shape.length] = np.full(n_chars, _NO_RULE, dtype=np.int64)
            places, rules = shape.find(columns, self.base)
            found[shape.length][:n_places][places] = rules
        spared = np.ones(n_chars)
        for rules in found.values():
            spared *= 1 - self.rule_totals[rules]
        return sorted(found.items(), reverse=True, key=lambda entry: entry[0]), 1 - spared

    def _rule_events(
        self, numbers: Whole, intensity: Floats, draws: Floats, rule_choices: Floats, output_choices: Floats
    ) -> Whole:
        """Return the misreadings; of several rules at one place the longer ones have their chance first."""
        if not self.shapes:
            return _no_events()
        matches, totals = self._match(numbers)
        hits = np.flatnonzero(draws < _intensified(totals, intensity))
        rules = np.array([rules[hits] for _, rules in matches])
        chances = self.rule_totals[rules]
        chances[1:] *= np.cumprod(1 - chances, axis=0)[:-1]
        reached = np.cumsum(chances, axis=0)
        choice = (reached <= rule_choices[hits] * reached[-1]).sum(axis=0)
        choice = np.where(choice == len(matches), chances.argmax(axis=0), choice)
        lengths = np.array([length for length, _ in matches])[choice]
        rule = rules[choice, np.arange(len(hits))]
        return _events(hits, hits + lengths, 2, *self.readings.choose(rule, output_choices[hits]))

    def _space_rates(self, numbers: Whole) -> Floats:
        rates = np.zeros(len(numbers))
        if self.has_spaces:
            left, right = numbers[:-1], numbers[1:]
            rates[1:] = 1 - (1 - self.space_tables[0][left]) * (1 - self.space_tables[1][right])
            rates[1:][self.is_space[left] | self.is_space[right]] = 0
        return rates

    def _gap_events(self, numbers: Whole, intensity: Floats, draws: Floats) -> Whole:
        """Return spurious spaces and other insertions."""
        if not self.has_spaces and not self.insertion_rate:
            return _no_events()
        space_rates = _intensified(self._space_rates(numbers), intensity)
        rates = np.minimum(self.insertion_rate * intensity, MAX_PROBABILITY) + space_rates
        hits = np.flatnonzero(draws < np.minimum(rates, MAX_PROBABILITY))
        is_space = draws[hits] < space_rates[hits]
        groups = np.where(is_space, self.space_group, self.insertion_group)
        shares = (draws[hits] - space_rates[hits]) / np.maximum(rates[hits] - space_rates[hits], 1e-300)
        return _events(hits, hits, 0, *self.readings.choose(groups, np.where(is_space, 0.0, shares)))

    def _latin_events(self, text: str, rng: np.random.Generator) -> tuple[Whole, str]:
        """Return words that are read with the Latin alphabet, and what is read, one after the other."""
        if self.latin_words <= 0:
            return _no_events(), ""
        words = list(_WORD.finditer(text))
        events: list[tuple[int, int, int, int, int]] = []
        pieces: list[str] = []
        n_read = 0
        for number in np.flatnonzero(rng.random(len(words)) < self.latin_words).tolist():
            word = words[number].group()
            read = "".join(LATINISED.get(letter, letter) for letter in word)
            if sum(a == b for a, b in zip(word, read, strict=False)) <= len(word) / 3:
                events.append((words[number].start(), words[number].end(), 1, n_read, len(read)))
                pieces.append(read)
                n_read += len(read)
        return np.array(events, dtype=np.int64).reshape(-1, 5).T, "".join(pieces)


class _Shape:
    """The rules of one source length with the same neighbours given, found by their first two symbols first."""

    def __init__(self, shape: tuple[int, bool, bool], rules: Mapping[tuple[int, ...], int], base: int) -> None:
        self.length, self.has_left, self.has_right = shape
        symbols = np.array(list(rules), dtype=np.int64)
        keys = _key([symbols[:, column] for column in range(symbols.shape[1])], base)
        order = np.argsort(keys)
        self.keys, self.rules = keys[order], np.array(list(rules.values()), dtype=np.int64)[order]
        self.begins = np.zeros((2, base), dtype=bool)
        for column in range(min(2, symbols.shape[1])):
            self.begins[column, symbols[:, column]] = True

    def find(self, columns: Sequence[Whole], base: int) -> tuple[Whole, Whole]:
        """Return the places where a rule matches, and the rules."""
        may_match = self.begins[0][columns[0]]
        if len(columns) > 1:
            may_match &= self.begins[1][columns[1]]
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


def _key(columns: Sequence[Whole], base: int) -> Whole:
    key = columns[0]
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


def _intensified(rates: Floats, intensity: Floats) -> Floats:
    """Return rates whose odds are multiplied by the local intensity: what is certain stays so in a good line."""
    capped = np.minimum(rates, MAX_PROBABILITY)
    if len(intensity) == 1 and intensity[0] == 1.0:
        return capped
    odds = capped * intensity
    return np.minimum(odds / (1 - capped + odds), MAX_PROBABILITY)


def _apply(codes: npt.NDArray[np.uint32], readings: str, latin: str, events: Whole) -> str:
    """Return the text with the events applied in order; those that begin inside an earlier one are dropped."""
    order = np.argsort(events[0] * 3 + events[2], kind="stable")
    starts, ends, ranks, text_starts, text_lengths = events[:, order]
    text_starts = text_starts + len(codes) + np.where(ranks == 1, len(readings), 0)
    if (starts[1:] < ends[:-1]).any():
        kept: list[int] = []
        done = 0
        for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            if start >= done:
                kept.append(number)
                done = end
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
