"""How likely is a string as a Kazakh word? Letters after letters, counted in known words.

A model of letter 4-grams with Witten-Bell smoothing (Chen and Goodman 1999, section 2.4): a string that no lexicon
knows is a rare form if its letters follow each other as in known words, and a misreading if they do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from kzocr.text import LOWER

ORDER = 4

_OTHER = len(LOWER)
_EDGE = len(LOWER) + 1
_N_SIGNS = len(LOWER) + 2
_INDEX = {letter: number for number, letter in enumerate(LOWER)}


class LetterModel:
    """Letter 4-grams of words; a sign that is no small Kazakh letter is as unlikely as any other such sign.

    Args:
        weights: word -> what it counts, positive.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        codes, counts = [], []
        for word, weight in weights.items():
            padded = _padded(word)
            codes += padded
            counts += [0.0] * (ORDER - 1) + [weight] * (len(padded) - ORDER + 1)
        # The count of a sign belongs to the 4-gram that it ends; those that run over the start of a word count nothing.
        grams = _grams(np.array([*[_EDGE] * (ORDER - 1), *codes], dtype=np.int64))
        table = np.bincount(grams, np.array(counts), _N_SIGNS**ORDER).astype(np.float64).reshape((_N_SIGNS,) * ORDER)
        self._log_probabilities = np.log(_smoothed(table)).astype(np.float32).reshape(-1)

    def log_probability(self, word: str) -> float:
        """Return the natural logarithm of the probability of `word` (lower case), its end included."""
        return math.fsum(self._log_probabilities[_grams(np.array(_padded(word), dtype=np.int64))].tolist())


def _padded(word: str) -> list[int]:
    return [*[_EDGE] * (ORDER - 1), *(_INDEX.get(letter, _OTHER) for letter in word), _EDGE]


def _grams(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number of each run of `ORDER` signs."""
    n_grams = max(len(codes) - ORDER + 1, 0)
    grams = np.zeros(n_grams, dtype=np.int64)
    for place in range(ORDER):
        grams = grams * _N_SIGNS + codes[place : place + n_grams]
    return grams


def _smoothed(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the probability of the last sign of each n-gram after the others.

    Args:
        counts: one axis a sign, the last sign last.
    """
    if counts.ndim == 0:
        return np.array(1 / _N_SIGNS)
    lower = _smoothed(counts.sum(axis=0))
    seen, kinds = counts.sum(axis=-1, keepdims=True), (counts > 0).sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        smoothed = (counts + kinds * lower) / (seen + kinds)
    return np.where(seen > 0, smoothed, lower)
