"""Which spelling is right? Odds of every alternative for an unknown word against leaving it, from a few features.

A conditional logit (McFadden 1974): each alternative has a utility that is linear in its features, leaving the word
as it is has the utility 0, and the probabilities are the softmax over both. A dozen weights, fitted on words whose
print is known (`scripts/fit_spelling.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kzocr.alternatives import Alternative
from kzocr.json_files import read_json

SPELLING_FILE = "spelling.json"
"""Name of the file beside a model's weights."""

FEATURES = (
    "bias",
    "model_gain",
    "model_doubt",
    "log_frequency",
    "distance",
    "distance_share",
    "is_capitalised",
    "unknown_share",
    "is_split",
    "is_joined",
    "length",
    "is_known",
    "known_log_frequency",
)
_LEAST_GAIN, _GREATEST_GAIN = -14.0, 4.0
_LEAST_DOUBT = -8.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """An alternative and what the model says of it.

    Attributes:
        alternative: the other spelling.
        gain: by how much likelier the model finds it than what it printed, in nats; mostly negative.
        printed: the log probability of what it printed there.
    """

    alternative: Alternative
    gain: float
    printed: float


def features(evidence: Evidence, unknown_share: float) -> list[float]:
    """Return the numbers that the utility is linear in, in the order of `FEATURES`.

    Args:
        evidence: of one alternative.
        unknown_share: share of the window's words that the lexicon does not know, 0 to 1: how noisy it is.
    """
    item = evidence.alternative
    return [
        1.0,
        min(max(evidence.gain, _LEAST_GAIN), _GREATEST_GAIN),
        max(evidence.printed, _LEAST_DOUBT),
        item.log_frequency,
        float(item.distance),
        item.distance / len(item.before),
        float(item.is_capitalised),
        unknown_share,
        float(" " in item.after),
        float(" " in item.before),
        min(len(item.before), 14) / 10,
        float(item.is_known),
        item.log_frequency_before,
    ]


@dataclass(frozen=True)
class SpellingModel:
    """The weights of the utility.

    Attributes:
        weights: one for each of `FEATURES`.
        n_words: unknown words that they were fitted on.
        fitted_on: names of the sets that those are from.

    Raises:
        ValueError: another number of weights, or one that is not finite.
    """

    weights: tuple[float, ...]
    n_words: int = 0
    fitted_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.weights) != len(FEATURES) or not all(map(math.isfinite, self.weights)):
            raise ValueError(f"a spelling model needs {len(FEATURES)} finite weights, not {self.weights}")

    def probabilities(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Return the probability of each alternative for one word; what is missing to 1 is that of leaving it."""
        if not rows:
            return []
        shares: list[float] = _probabilities(np.asarray(rows, dtype=float), np.asarray(self.weights)).tolist()
        return shares

    def write(self, path: Path) -> None:
        """Write the weights by their names as JSON."""
        record = {
            "weights": dict(zip(FEATURES, self.weights, strict=True)),
            "n_words": self.n_words,
            "fitted_on": list(self.fitted_on),
        }
        path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> SpellingModel:
        """Return the model in a file.

        Raises:
            ValueError: it is no such file; the message names it and the field.
            OSError: it cannot be read.
        """
        record = read_json(path)
        weights = record.get("weights") if isinstance(record, dict) else None
        if not isinstance(weights, Mapping) or set(weights) != set(FEATURES):
            raise ValueError(f"{path}: field 'weights' must hold exactly {', '.join(FEATURES)}")
        for name, value in weights.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{path}: field 'weights.{name}' is no number")
        try:
            ordered = tuple(float(weights[name]) for name in FEATURES)
            return cls(ordered, int(record.get("n_words", 0)), tuple(map(str, record.get("fitted_on", ()))))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error


@dataclass(frozen=True)
class JudgedWord:
    """An unknown word whose print is known.

    Attributes:
        rows: the features of each alternative.
        right: number of the alternative that was printed; None if none of them was.
    """

    rows: Sequence[Sequence[float]]
    right: int | None


def fit_spelling(
    words: Sequence[JudgedWord], fitted_on: Sequence[str] = (), penalty: float = 1.0, n_steps: int = 30
) -> SpellingModel:
    """Return the weights that make what was printed likeliest (Newton's method), lightly pulled to 0.

    Args:
        words: unknown words whose print is known.
        fitted_on: names for the record.
        penalty: precision of the normal prior on each weight, its feature scaled to a spread of 1.
        n_steps: Newton steps; the likelihood is concave, a dozen are enough.

    Raises:
        ValueError: no word to fit on.
    """
    if not words:
        raise ValueError("no unknown word with alternatives to fit on")
    sizes = [len(word.rows) for word in words]
    stacked = np.concatenate([np.asarray(word.rows, dtype=float) for word in words])
    spread = stacked.std(axis=0)
    spread[spread == 0] = 1.0
    scaled = stacked / spread
    group = np.repeat(np.arange(len(words)), sizes)
    target = np.zeros(len(stacked))
    starts = np.cumsum([0, *sizes[:-1]])
    target[[start + word.right for start, word in zip(starts, words, strict=True) if word.right is not None]] = 1.0
    weights = np.zeros(stacked.shape[1])
    for _ in range(n_steps):
        shares = _grouped(scaled @ weights, group, len(words))
        weighted = scaled * shares[:, None]
        means = np.add.reduceat(weighted, starts, axis=0)
        gradient = scaled.T @ (target - shares) - penalty * weights
        curvature = scaled.T @ weighted - means.T @ means + penalty * np.eye(len(weights))
        weights = weights + np.linalg.solve(curvature, gradient)
    return SpellingModel(tuple((weights / spread).tolist()), len(words), tuple(fitted_on))


def _grouped(utilities: Floats, group: npt.NDArray[np.int64], n_groups: int) -> Floats:
    """Return the softmax of the utilities within each group, leaving (utility 0) included."""
    greatest = np.zeros(n_groups)
    np.maximum.at(greatest, group, utilities)
    grown = np.exp(utilities - greatest[group])
    sums = np.bincount(group, grown, minlength=n_groups) + np.exp(-greatest)
    shares: Floats = grown / sums[group]
    return shares


def _probabilities(rows: Floats, weights: Floats) -> Floats:
    return _grouped(rows @ weights, np.zeros(len(rows), dtype=np.int64), 1)
