"""Russian passages in a Kazakh text: archives are written in both languages, and a Kazakh model must not touch one.

A word says by its letters where it is likelier from: letter 3-grams counted in a list of Russian words and in the
Kazakh lexicon, the latter as an engine without Kazakh letters would print them, so that «казак халкынын» is no Russian;
what is likelier as letters drawn by lot is none either, since an engine may have made it up. One word says little,
several in a row say much: a hidden Markov model of two states finds the passages (Viterbi 1967), and a single Russian
word between Kazakh ones stays open to correction.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kzocr.language.letter_model import witten_bell
from kzocr.language.spans import Span
from kzocr.text import KAZAKH_SPECIFIC_LOWER, RUSSIFIED

RUSSIAN_FILE = Path(__file__).with_name("russian.npz")
"""The table that comes with the package; `scripts/make_russian.py` made it."""

SWITCH_PENALTY = 6.0
"""So many nats less likely is a change of language than to go on; half of it at the ends of the text."""

MAX_EVIDENCE = 6.0
"""The most that one word can say, in nats."""

KAZAKH_LETTER_PENALTY = 2.0
"""What a letter says that Russian does not have, in nats; an engine may have misread one."""

FUNCTION_WORDS = (
    "и в не на что он с по как это к а из у за для от при его ее их все был была было были до или но же так бы если "
    "только то уже когда чтобы этот эта эти того этом также где под над во со об о без между через после перед мы вы "
    "они я ты она оно нет есть быть который которая которое которые может можно будет более свой себя лишь даже"
).split()
"""Words that a list has once each and a text in every second place."""

_FUNCTION_WORD_COUNT = 60.0
_LONGEST_WORD_CHARS = 40
_ORDER = 3
_ALPHABET = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_EDGE = len(_ALPHABET)
_N_SIGNS = len(_ALPHABET) + 1
_CODE_OF = {letter: code for code, letter in enumerate(_ALPHABET)}
_WORD = re.compile(r"[^\W\d_]+")
_STEP = 0.1
_REMEMBERED_WORDS = 65536

Table = npt.NDArray[np.int8]
"""Log probabilities of a letter behind two others in Russian and in Kazakh, in steps of `_STEP` nats, of shape
(2, 33, 33, 33); the last place of an axis is the edge of a word."""


def russian_passages(text: str) -> list[Span]:
    """Return (start, end) of the Russian passages of `text`, in characters.

    Returns:
        From left to right, from the first to the last letter of each: none in Kazakh text, however many of its letters
        an engine took for Russian ones. Three words are a short passage, one is none.
    """
    words = [(match.start(), match.end(), russian_evidence(match.group())) for match in _WORD.finditer(text)]
    if not words:
        return []
    kazakh, russian = 0.0, -SWITCH_PENALTY / 2
    came_from: list[tuple[bool, bool]] = []
    for _, _, evidence in words:
        came_from.append((russian - SWITCH_PENALTY > kazakh, russian >= kazakh - SWITCH_PENALTY))
        kazakh, russian = (
            max(kazakh, russian - SWITCH_PENALTY),
            max(russian, kazakh - SWITCH_PENALTY) + evidence,
        )
    is_russian = russian - SWITCH_PENALTY / 2 > kazakh
    found: list[Span] = []
    is_open = False
    for (start, end, _), (from_russian, stayed_russian) in zip(reversed(words), reversed(came_from), strict=True):
        if is_russian and is_open:
            found[-1] = (start, found[-1][1])
        elif is_russian:
            found.append((start, end))
        is_open = is_russian
        is_russian = stayed_russian if is_russian else from_russian
    return found[::-1]


@lru_cache(maxsize=_REMEMBERED_WORDS)
def russian_evidence(word: str) -> float:
    """Return by how many nats a word is likelier Russian than not, within `MAX_EVIDENCE` on both sides.

    Args:
        word: letters, in any case. Of a word with letters of another alphabet, and of one that is longer than words
            are, nothing is known: 0.
    """
    if len(word) > _LONGEST_WORD_CHARS:
        return 0.0
    lower = word.lower()
    folded = _folded(lower)
    if not all(letter in _CODE_OF for letter in folded):
        return 0.0
    first, second, third = np.array(_grams(folded)).T
    russian, kazakh = _STEP * _table()[:, first, second, third].sum(axis=1, dtype=np.int64)
    drawn_by_lot = -math.log(_N_SIGNS) * (len(folded) + 1)
    n_kazakh_letters = sum(letter in KAZAKH_SPECIFIC_LOWER for letter in lower)
    evidence = float(russian - max(kazakh, drawn_by_lot)) - KAZAKH_LETTER_PENALTY * n_kazakh_letters
    return max(-MAX_EVIDENCE, min(MAX_EVIDENCE, evidence))


def letter_table(russian: Iterable[str], kazakh: Mapping[str, int]) -> Table:
    """Return the table of `russian_evidence`, counted anew.

    Args:
        russian: a list of Russian words, in any case; words with hyphens are taken apart.
        kazakh: lower-case Kazakh words with their counts; frequent ones count more, but not much.
    """
    of_russian = dict.fromkeys((_folded(part) for word in russian for part in _WORD.findall(word.lower())), 1.0)
    for word in FUNCTION_WORDS:
        of_russian[word] = of_russian.get(word, 0.0) + _FUNCTION_WORD_COUNT
    of_kazakh: dict[str, float] = {}
    for word, count in kazakh.items():
        folded = _folded(word)
        of_kazakh[folded] = of_kazakh.get(folded, 0.0) + math.log1p(count)
    steps = np.array([_log_probabilities(of_russian), _log_probabilities(of_kazakh)]) / _STEP
    return np.clip(np.rint(steps), -127, 0).astype(np.int8)


def write_table(table: Table, path: Path) -> None:
    """Write the table to a compressed NumPy file."""
    np.savez_compressed(path, log_probabilities=table)


@cache
def _table() -> Table:
    with np.load(RUSSIAN_FILE, allow_pickle=False) as stored:
        table: Table = stored["log_probabilities"]
    return table


def _folded(lower: str) -> str:
    """Return a lower-case word as an engine without Kazakh letters prints it, and ё as е."""
    return lower.translate(RUSSIFIED).replace("ё", "е")


def _grams(word: str) -> list[tuple[int, ...]]:
    codes = [*[_EDGE] * (_ORDER - 1), *(_CODE_OF[letter] for letter in word), _EDGE]
    return [tuple(codes[place : place + _ORDER]) for place in range(len(codes) - _ORDER + 1)]


def _log_probabilities(weights: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Return the log probabilities of the last letter of each 3-gram, counted in weighted words and smoothed."""
    counts = np.zeros((_N_SIGNS,) * _ORDER)
    for word, weight in weights.items():
        if word and all(letter in _CODE_OF for letter in word):
            np.add.at(counts, tuple(np.array(_grams(word)).T), weight)
    return np.asarray(np.log(witten_bell(counts)))
