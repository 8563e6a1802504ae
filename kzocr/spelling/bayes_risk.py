"""Which of several words to print if each of them may be right? The one that is expected to leave the fewest errors.

The likeliest of many alternatives may be right once in four times only, and yet better than what stands there, since
the others are spelt nearly like it: so the expected edit distance decides (minimum Bayes risk, Goel and Byrne 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from kzocr.inference.doubts import DoubtfulWord

RISK_OF_NONE = 0.7
"""If none of the alternatives was printed, a change is taken to do harm by this share of the characters it changes."""


@dataclass(frozen=True)
class Choice:
    """An alternative that is better than what stands there.

    Attributes:
        number: of the alternative.
        probability: that it brings the text nearer to its print, given that it does that or the contrary.
    """

    number: int
    probability: float


def outcomes(word: DoubtfulWord, text: str) -> tuple[str, list[str]]:
    """Return the stretch of `text` that the alternatives of a word in doubt touch, as it is and with each of them."""
    items = [evidence.alternative for evidence in word.evidence]
    start, end = min(item.start for item in items), max(item.end for item in items)
    return text[start:end], [text[start : item.start] + item.after + text[item.end : end] for item in items]


def least_risk(current: str, others: Sequence[str], shares: Sequence[float]) -> Choice | None:
    """Return the choice that is expected to leave the fewest errors, None if that is to leave `current` as it is.

    Args:
        current: what stands there.
        others: what may stand there instead.
        shares: the probability of each of them; what is missing to 1 is that of none.
    """
    if not others:
        return None
    p = np.asarray(shares, dtype=np.float64)
    apart = cdist(others, others, scorer=Levenshtein.distance).astype(np.float64)
    changed = cdist([current], others, scorer=Levenshtein.distance)[0].astype(np.float64)
    none = RISK_OF_NONE * max(1.0 - float(p.sum()), 0.0)
    gains = changed @ p - apart @ p - none * changed
    best = int(gains.argmax())
    if gains[best] <= 0:
        return None
    helps = float(p[apart[best] < changed].sum())
    harms = float(p[apart[best] > changed].sum()) + none
    return Choice(best, helps / (helps + harms))
