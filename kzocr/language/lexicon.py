"""Words with their frequencies: is one known, how usual is it, what is spelt nearly like it, what stands beside it?"""

from __future__ import annotations

import lzma
import math
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from io import StringIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from kzocr.language.letter_model import LetterModel
from kzocr.language.remembered import Remembered
from kzocr.text import LOWER, RUSSIAN_LOWER, RUSSIFIED

LEXICON_FILE = "lexicon.txt.xz"
"""Name of the file beside a model's weights."""

RUSSIFIED_RATIO = 20
"""So many times as frequent is a word of which another one is taken for a misspelling in Russian letters."""

_REMEMBERED = 1 << 14
_BITS = {letter: 1 << place for place, letter in enumerate(LOWER)}
_KAZAKH_WORD = re.compile(f"[{LOWER}]+")
_N_BITS_OF = np.array([bin(number).count("1") for number in range(1 << 16)], dtype=np.uint8)


class Lexicon:
    """Lower-case words of Kazakh letters, each with how often it was seen, and which stood side by side.

    Args:
        counts: word -> count, at least 1.
        pairs: (word, the word behind it) -> count, at least 1; both are in `counts`.

    Raises:
        ValueError: a word is not of lower-case Kazakh letters or unknown in a pair, or a count is not positive.
    """

    def __init__(self, counts: Mapping[str, int], pairs: Mapping[tuple[str, str], int] | None = None) -> None:
        for word, count in counts.items():
            if not _KAZAKH_WORD.fullmatch(word) or count < 1:
                raise ValueError(
                    f"lexicon: {word!r} with count {count}: expected lower-case Kazakh letters, count >= 1"
                )
        for (left, right), count in (pairs or {}).items():
            if left not in counts or right not in counts or count < 1:
                raise ValueError(f"lexicon: pair {left!r} {right!r} with count {count}: expected words that are in it")
        self.counts = dict(counts)
        self.pairs = dict(pairs or {})
        self._near = Remembered(self._looked_up, _REMEMBERED)
        self._log_total = math.log(sum(self.counts.values()) or 1)

    def __len__(self) -> int:
        return len(self.counts)

    def __contains__(self, word: str) -> bool:
        return word in self.counts

    def log_frequency(self, word: str) -> float:
        """Return the natural logarithm of the share of `word` among all words; that of one seen once if unknown."""
        return math.log(self.counts.get(word, 1)) - self._log_total

    def known_start(self, word: str) -> float:
        """Return the share of `word` that its longest start that is a known word makes up: a stem with endings.

        Args:
            word: lower case; of "" it is 0.
        """
        longest = next((length for length in range(len(word), 0, -1) if word[:length] in self), 0)
        return longest / max(len(word), 1)

    def near(self, word: str, max_distance: int) -> list[tuple[str, int]]:
        """Return the known words within `max_distance` edits of `word`, each with its Levenshtein distance.

        Args:
            word: lower case; it may hold signs that are no letters.
            max_distance: the most letters to substitute, insert or delete.

        Returns:
            `(known word, distance)`, nearest first, usual ones before rare ones; `word` itself is left out.
        """
        return list(self._near[word, max_distance])

    def _looked_up(self, question: tuple[str, int]) -> list[tuple[str, int]]:
        word, max_distance = question
        first, last = max(0, len(word) - max_distance), len(word) + max_distance
        start, stop = np.searchsorted(self._lengths, [first, last + 1])
        # An edit changes the set of a word's letters by at most two members.
        different = self._letter_sets[start:stop] ^ np.uint64(_letter_set(word))
        possible = np.nonzero(_n_bits(different) <= 2 * max_distance)[0] + start
        found = []
        for index in possible.tolist():
            known = self._words[index]
            distance = Levenshtein.distance(word, known, score_cutoff=max_distance)
            if 0 < distance <= max_distance:
                found.append((known, distance))
        found.sort(key=lambda item: (item[1], -self.counts[item[0]], item[0]))
        return found

    @cached_property
    def letters(self) -> LetterModel:
        """How the letters of the words follow each other; frequent words count more, but not much."""
        return LetterModel({word: math.log1p(count) for word, count in self.counts.items()})

    @cached_property
    def _words(self) -> list[str]:
        return sorted(self.counts, key=lambda word: (len(word), word))

    @cached_property
    def _lengths(self) -> npt.NDArray[np.int64]:
        return np.array([len(word) for word in self._words], dtype=np.int64)

    @cached_property
    def _letter_sets(self) -> npt.NDArray[np.uint64]:
        return np.array([_letter_set(word) for word in self._words], dtype=np.uint64)

    @classmethod
    def from_counts(
        cls, counts: Mapping[str, int], pairs: Mapping[tuple[str, str], int] | None = None, least_count: int = 1
    ) -> Lexicon:
        """Return the lexicon of those of `counts` that are lower-case Kazakh words seen `least_count` times or more.

        Args:
            counts: word -> count.
            pairs: (word, the word behind it) -> count; those of words that are not kept are left out.
            least_count: of a word.
        """
        kept = {word: count for word, count in counts.items() if count >= least_count and _KAZAKH_WORD.fullmatch(word)}
        return cls(kept, {pair: count for pair, count in (pairs or {}).items() if pair[0] in kept and pair[1] in kept})

    @classmethod
    def read(cls, path: Path) -> Lexicon:
        """Return the lexicon in an xz-compressed file of lines `word count` and `word word count`.

        Raises:
            ValueError: the file is no such file; the message names it and the line.
            OSError: it cannot be read.
        """
        try:
            lines = [line.rstrip("\r\n") for line in StringIO(lzma.decompress(path.read_bytes()).decode("utf-8"))]
        except (lzma.LZMAError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not an xz file of UTF-8 text: {error}") from error
        counts: dict[str, int] = {}
        pairs: dict[tuple[str, str], int] = {}
        for number, line in enumerate(lines, start=1):
            *words, count = line.split(" ")
            if not count.isdecimal() or len(words) not in (1, 2):
                raise ValueError(f"{path}:{number}: expected one word or two, and their count, got {line!r}")
            if len(words) == 1:
                counts[words[0]] = int(count)
            else:
                pairs[words[0], words[1]] = int(count)
        try:
            return cls(counts, pairs)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def write(self, path: Path) -> None:
        """Write the lexicon, words in alphabetical order, so that the same words give the same file."""
        lines = [f"{word} {self.counts[word]}\n" for word in sorted(self.counts)]
        lines += [f"{left} {right} {self.pairs[left, right]}\n" for left, right in sorted(self.pairs)]
        path.write_bytes(lzma.compress("".join(lines).encode("utf-8"), preset=9))


def count_words(texts: Iterable[str]) -> dict[str, int]:
    """Return how often each lower-case word of Kazakh letters occurs in `texts`.

    Words with any other sign inside are left out: `count_words(["Ана тілі, ана!"]) == {"ана": 2, "тілі": 1}`.
    """
    counts: dict[str, int] = {}
    for text in texts:
        for word in _tokens(text):
            if _KAZAKH_WORD.fullmatch(word):
                counts[word] = counts.get(word, 0) + 1
    return counts


def count_pairs(texts: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return how often one word stands before another in a line, words as `count_words` knows them.

    `count_pairs(["Ана тілі, ана!"]) == {("ана", "тілі"): 1, ("тілі", "ана"): 1}`.
    """
    counts: dict[tuple[str, str], int] = {}
    for text in texts:
        for pair in pairwise(_tokens(text)):
            if all(map(_KAZAKH_WORD.fullmatch, pair)):
                counts[pair] = counts.get(pair, 0) + 1
    return counts


def _tokens(text: str) -> list[str]:
    return [token.strip(_AROUND) for token in text.lower().split()]


def without_russified(counts: Mapping[str, int], least_ratio: int = RUSSIFIED_RATIO) -> dict[str, int]:
    """Return `counts` without words that are a far more frequent one typed or read with Russian letters.

    Word lists made from the web are full of them (жаксы for жақсы), and they would pass for known words.
    A word goes if another one, at least `least_ratio` times as frequent, differs from it in Kazakh letters
    alone, where it has the Russian look-alike: `without_russified({"жақсы": 90, "жаксы": 1}) == {"жақсы": 90}`.
    """
    usual: dict[str, str] = {}
    for word in counts:
        skeleton = word.translate(RUSSIFIED)
        if skeleton not in usual or counts[word] > counts[usual[skeleton]]:
            usual[skeleton] = word
    kept = {}
    for word, count in counts.items():
        other = usual[word.translate(RUSSIFIED)]
        if counts[other] < least_ratio * count or not _is_russified(word, other):
            kept[word] = count
    return kept


def _is_russified(word: str, other: str) -> bool:
    """Return whether `word` has a Russian letter wherever it differs from `other`; they are of one length."""
    return word != other and all(
        a == b or (a in RUSSIAN_LOWER and b not in RUSSIAN_LOWER) for a, b in zip(word, other, strict=True)
    )


_AROUND = ".,:;!?…()[]{}«»\"'“”„‘’–—-"


def _letter_set(word: str) -> int:
    return sum({_BITS[letter] for letter in word if letter in _BITS})


def _n_bits(sets: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """Return the number of members of each letter set (42 letters: three times sixteen bits)."""
    low = np.uint64(0xFFFF)
    parts = [(sets >> np.uint64(shift)) & low for shift in (0, 16, 32)]
    return sum((_N_BITS_OF[part.astype(np.int64)] for part in parts), np.zeros(len(sets), dtype=np.uint8))
