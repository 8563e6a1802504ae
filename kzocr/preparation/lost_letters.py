"""Text without the letters that Russian lacks: «аза стан» with spaces in their place, «азастан» with nothing at all.

A text layer comes out so where its font does not say what these letters are, and a program leaves out what it does not
know. Where the letters were is found by a beam search over a text model's probabilities, and believed if it makes known
words of the first lines.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rapidfuzz.distance import Levenshtein

from kzocr.channel.hyphenation import VOWELS
from kzocr.edits import Edit
from kzocr.language.text_model import TextModel
from kzocr.preparation.capitals import begins_sentence
from kzocr.text import KAZAKH_SPECIFIC_LOWER, LETTERS, LOWER

CONFIDENCE_LOST = 0.9
"""Of each letter; `scripts/measure_spacing.py` measures it."""

SHARES = dict(zip(KAZAKH_SPECIFIC_LOWER, (0.009, 0.016, 0.034, 0.015, 0.009, 0.009, 0.008, 0.0001, 0.054), strict=True))
"""Letters that fonts and encodings made for Russian may lack -> their share of all letters of Kazakh text."""

LEAST_LOST = 12.0
"""So many letters fewer than in other documents of its length."""

USUAL_LETTERS = 10.0
"""How many expected letters it takes until a letter's own rate of loss counts as much as that of all together."""

LEAST_RATE = 0.1
"""Letters that are lost more rarely are left to the model."""

GONE = 0.995
"""Share of a letter that is lost where it counts as gone altogether."""

LEAST_VOWELLESS = 0.05
"""Share of the words without a vowel, which Kazakh has not, in text that is looked at because letters are gone: where
an engine reads Russian letters for Kazakh ones, there are fewer of them."""

LEAST_EXPLAINED, LEAST_EXPLAINED_WORDS = 0.35, 4
"""Share of the unknown words, and number of them, that one letter put in makes known, in text that is looked at because
there are fewer letters than usual. On pages that engines misread it is a third at most, and mostly a tenth."""

SAMPLE_CHARS = 500
"""So much of the text shows whether letters bring words back."""

LEAST_KNOWN, LEAST_MORE_KNOWN = 0.75, 0.05
"""Share of known words in it with the letters, and by how much that is more than without."""

LETTER_COST = 1.5
"""What a letter out of nothing costs, nats, beside what its being lost does."""

MOST_TOGETHER = 2
"""Letters that are put in one place."""

BEAM = 12
"""Ways to read the start of a line that are kept."""

SETTLED_EVERY = 200
"""After so many signs of a line the likeliest way is taken for good, so that the work grows no faster than the line."""

_CONTEXT = 16
_WORD = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = re.compile(rf"(?<![^\s«„“\"(-])[{''.join(sorted(LETTERS))}]{{2,}}(?![^\s»”\").,:;!?-])")

Left = Literal["spaces", "gaps", "nothing"]
"""What letters leave behind: a space each; what is left of that where spaces in a row became one; nothing."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to read the start of a line.

    Attributes:
        text: what stands there.
        score: log probability, nats, less what the letters cost.
    """

    text: str
    score: float = 0.0


def lost_letters(text: str, text_model: TextModel, is_known: Callable[[str], bool]) -> list[Edit]:
    """Return the edits that put lost letters back, from left to right; none if the text has not lost any.

    Args:
        text: any string.
        text_model: says how likely letters are.
        is_known: says whether a word in lower case is one.
    """
    counts = Counter(text.lower())
    expected = _expected(counts)
    lost = _rates(counts, expected)
    if not lost:
        return []
    sample = list(_sample(text))
    is_vowelless = _are_gone(counts, lost, expected) and _share_vowelless(text) >= LEAST_VOWELLESS
    if not is_vowelless and not _is_explained(sample, lost, is_known):
        return []
    before = _share_known(sample, is_known)
    readers = [_Reader(text_model, lost, left) for left in get_args(Left)]
    shares = [_share_known(map(reader.read, sample), is_known) for reader in readers]
    if max(shares) < max(LEAST_KNOWN, before + LEAST_MORE_KNOWN):
        return []
    return list(_edits(text, readers[shares.index(max(shares))]))


def _expected(counts: Counter[str]) -> dict[str, float]:
    """Return how often the letters that may be lost were printed, going by how often the other letters are there."""
    n_others = sum(counts[letter] for letter in LOWER if letter not in SHARES)
    return {letter: share * n_others / (1 - sum(SHARES.values())) for letter, share in SHARES.items()}


def _rates(counts: Counter[str], expected: Mapping[str, float]) -> dict[str, float]:
    """Return the letters that a text has lost, each with the share that is gone; none if it may lack them by chance."""
    usual = min(1.0, sum(counts[letter] for letter in SHARES) / max(sum(expected.values()), 1.0))
    rates = {
        letter: 1 - (counts[letter] + USUAL_LETTERS * usual) / (number + USUAL_LETTERS)
        for letter, number in expected.items()
    }
    lost = {letter: rate for letter, rate in rates.items() if rate >= LEAST_RATE}
    n_lost = sum(expected[letter] - counts[letter] for letter in lost)
    return lost if n_lost >= LEAST_LOST else {}


def _are_gone(counts: Counter[str], lost: Iterable[str], expected: Mapping[str, float]) -> bool:
    """Return whether letters are gone altogether of which there would be many."""
    gone = [letter for letter in lost if counts[letter] <= (1 - GONE) * expected[letter]]
    return sum(expected[letter] for letter in gone) >= LEAST_LOST


def _share_vowelless(text: str) -> float:
    """Return the share of the words without a vowel; among small letters abbreviations are no words."""
    found = _WHOLE_WORD.findall(text)
    words = [word for word in found if not word.isupper()] or found
    return sum(map(VOWELS.isdisjoint, words)) / max(len(words), 1)


def _is_explained(lines: Iterable[str], lost: Iterable[str], is_known: Callable[[str], bool]) -> bool:
    """Return whether a lost letter, within a word or for the space beside it, makes many of the unknown words known."""
    n_unknown = n_explained = 0
    for line in lines:
        words = _WORD.findall(line)
        for left, word, right in zip(["", *words], words, [*words[1:], ""], strict=False):
            if len(word) > 2 and not is_known(word):
                within = (word[:place] + letter + word[place:] for letter in lost for place in range(len(word) + 1))
                beside = (whole for letter in lost for whole in (left + letter + word, word + letter + right))
                n_unknown += 1
                n_explained += any(map(is_known, within)) or any(map(is_known, beside))
    return n_explained >= max(LEAST_EXPLAINED_WORDS, LEAST_EXPLAINED * n_unknown)


def _sample(text: str) -> Iterator[str]:
    """Yield the first lines of `text`, in lower case."""
    n_chars = 0
    for line in text.lower().splitlines():
        if n_chars >= SAMPLE_CHARS:
            return
        if line.strip():
            yield line[:SAMPLE_CHARS]
            n_chars += len(line)


def _share_known(lines: Iterable[str], is_known: Callable[[str], bool]) -> float:
    """Return the share of known words among those of more than two letters."""
    words = [word for line in lines for word in _WORD.findall(line) if len(word) > 2]
    return sum(map(is_known, words)) / max(len(words), 1)


class _Reader:
    """Puts letters where they are missing.

    Args:
        text_model: says how likely letters are.
        lost: the letters that may be missing, and the share of each that is.
        left: what they left behind.
    """

    def __init__(self, text_model: TextModel, lost: Mapping[str, float], left: Left) -> None:
        self.text_model = text_model
        self.costs = {letter: -math.log(rate) for letter, rate in lost.items()}
        self.left = left

    def read(self, line: str) -> str:
        """Return a line, in lower case, with the missing letters."""
        settled: list[str] = []
        ways = [_Way(" ")]
        if self.left == "gaps":
            ways = self._with_letters(ways)
        for number, sign in enumerate(line, start=1):
            ways = self._with_sign(ways, sign)
            if number % SETTLED_EVERY == 0:
                likeliest = self._best(ways)[0].text
                settled.append(likeliest[:-_CONTEXT])
                ways = [_Way(likeliest[-_CONTEXT:])]
        ends = self._best(self._extended(ways if self.left == "spaces" else self._with_letters(ways), {" ": 0.0}))
        return "".join([*settled, ends[0].text])[1:-1]

    def _with_sign(self, ways: Sequence[_Way], sign: str) -> list[_Way]:
        """Return the ways with the next sign of the line behind them, or with what it stands for."""
        if self.left == "nothing":
            ways = self._with_letters(ways)
        if sign != " " or self.left == "nothing":
            return self._best(self._extended(ways, {sign: 0.0}))
        if self.left == "spaces":
            return self._best(self._extended(ways, {" ": 0.0, **self.costs}))
        return self._with_letters(self._best(self._extended(self._with_letters(ways), {" ": 0.0, **self.costs})))

    def _with_letters(self, ways: Sequence[_Way]) -> list[_Way]:
        """Return the ways, and those with letters behind them."""
        together = list(ways)
        costs = {letter: cost + LETTER_COST for letter, cost in self.costs.items()}
        for _ in range(MOST_TOGETHER):
            ways = self._best(self._extended(ways, costs))
            together += ways
        return together

    def _extended(self, ways: Sequence[_Way], signs: Mapping[str, float]) -> list[_Way]:
        """Return each way with each of the signs behind it, which have costs."""
        tried = [(way, sign) for way in ways for sign in signs]
        scores = self.text_model.continuations([(way.text[-_CONTEXT:], sign) for way, sign in tried])
        return [
            _Way(way.text + sign, way.score + score - signs[sign])
            for (way, sign), score in zip(tried, scores, strict=True)
        ]

    @staticmethod
    def _best(ways: Sequence[_Way]) -> list[_Way]:
        return sorted(ways, key=lambda way: -way.score)[:BEAM]


def _edits(text: str, reader: _Reader) -> Iterator[Edit]:
    """Yield the edits of all lines."""
    start, last_end = 0, -1
    for line in text.splitlines(keepends=True):
        shown = line.rstrip("\r\n")
        small = shown.lower()
        if small.strip() and len(small) == len(shown):
            for place, before, letters in _put_in(small, reader.read(small)):
                first = start + place
                cased = _cased(text, first, letters, before, may_begin=first != last_end)
                last_end = first + len(before)
                yield Edit(first, last_end, before, cased, CONFIDENCE_LOST)
        start += len(line)


def _put_in(line: str, read: str) -> list[tuple[int, str, str]]:
    """Return where `read` has letters that `line` has not, what it has there (spaces, nothing), and the letters."""
    changes = Levenshtein.opcodes(line, read)
    return [
        (change.src_start, line[change.src_start : change.src_end], read[change.dest_start : change.dest_end])
        for change in changes
        if change.tag != "equal"
    ]


def _cased(text: str, start: int, letters: str, before: str, *, may_begin: bool) -> str:
    """Return the letters that come in at `start`, in capitals in a word of such, with one where a sentence begins.

    Args:
        text: the whole text.
        start: where they come in.
        letters: in lower case.
        before: what they replace, spaces or nothing.
        may_begin: whether no letter comes in right in front of them.
    """
    left, right = text[max(0, start - 2) : start], text[start + len(before) : start + len(before) + 2]
    if (right.isupper() and not left[-1:].islower()) or (left.isupper() and not right[:1].islower()):
        return letters.upper()
    begins = may_begin and not left[-1:].isalpha() and begins_sentence(text, start)
    return letters[0].upper() + letters[1:] if begins else letters
