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
_BEHIND = "\n"
_BEFORE = _BEHIND * (ORDER - 1)
_CODES = np.full(max(map(ord, LOWER)) + 2, _OTHER, dtype=np.int64)
_CODES[[ord(letter) for letter in LOWER]] = range(len(LOWER))
_CODES[ord(_BEHIND)] = _EDGE


class LetterModel:
    """Letter 4-grams of words; a sign that is no small Kazakh letter is as unlikely as any other such sign.

    Args:
        weights: word -> what it counts, positive.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        codes = _coded("".join(f"{_BEFORE}{word}{_BEHIND}" for word in weights))
        lengths = np.array([len(_BEFORE) + len(word) + len(_BEHIND) for word in weights], dtype=np.int64)
        counts = np.repeat(np.array(list(weights.values()), dtype=np.float64), lengths)
        starts = np.cumsum(lengths) - lengths
        # The count of a sign belongs to the 4-gram that it ends; those that run over the start of a word count nothing.
        for place in range(len(_BEFORE)):
            counts[starts + place] = 0.0
        grams = _grams(np.concatenate([np.full(ORDER - 1, _EDGE), codes]))
        table = np.bincount(grams, counts, _N_SIGNS**ORDER).astype(np.float64).reshape((_N_SIGNS,) * ORDER)
        self._log_probabilities = np.log(witten_bell(table)).astype(np.float32).reshape(-1)

    def log_probability(self, word: str) -> float:
        """Return the natural logarithm of the probability of `word` (lower case), its end included."""
        return math.fsum(self._log_probabilities[_grams(_coded(f"{_BEFORE}{word}{_BEHIND}"))].tolist())


def _coded(text: str) -> npt.NDArray[np.int64]:
    """Return the number of each sign; `_BEHIND` is the edge of a word."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return _CODES[np.minimum(points, len(_CODES) - 1)]


def _grams(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number of each run of `ORDER` signs."""
    n_grams = max(len(codes) - ORDER + 1, 0)
    grams = np.zeros(n_grams, dtype=np.int64)
    for place in range(ORDER):
        grams = grams * _N_SIGNS + codes[place : place + n_grams]
    return grams


def witten_bell(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the smoothed probability of the last sign of each n-gram after the others.

    Args:
        counts: one axis a sign, the last sign last.
    """
    lower = np.array(1 / counts.shape[-1]) if counts.ndim == 1 else witten_bell(counts.sum(axis=0))
    seen, kinds = counts.sum(axis=-1, keepdims=True), (counts > 0).sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        smoothed = (counts + kinds * lower) / (seen + kinds)
    return np.where(seen > 0, smoothed, lower)
