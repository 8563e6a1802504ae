"""Words whose print is known -> the choice between their spellings: Newton's method, and boosted trees upon it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kzocr.boosting.fitting import Growth, fit_to
from kzocr.boosting.trees import NO_TREES, BoostedTrees
from kzocr.language.misreadings import NO_MISREADINGS, Misreadings
from kzocr.spelling.choice import Floats, SpellingModel, grouped_softmax, log_sums

GROWTH = Growth(n_trees=400, n_leaves=16, least_rows=30, learning_rate=0.03, l2=20.0, feature_share=0.3)
"""Of the trees, chosen on texts that they were not fitted on (`docs/experiments.md`)."""

LEAST_SPREAD = 0.1
"""Standard deviation that every feature is taken to have at least, so that a rare one needs some evidence."""

_LEAST_STEP = 1e-6
_LEAST_CURVATURE = 1e-3


@dataclass(frozen=True)
class JudgedWord:
    """A word in doubt whose print is known.

    Attributes:
        rows: the features of each alternative.
        right: number of the alternative that was printed; None if none of them was.
        harms: for each alternative by how many characters the text with it is farther from its print; negative if it
            is nearer. Empty if that is not known.
        current: what stands there.
        outcomes: what stands there with each alternative.
    """

    rows: Sequence[Sequence[float]]
    right: int | None
    harms: Sequence[int] = ()
    current: str = ""
    outcomes: Sequence[str] = ()


def fit_spelling(
    words: Sequence[JudgedWord],
    usual: Misreadings = NO_MISREADINGS,
    fitted_on: Sequence[str] = (),
    penalty: float = 1.0,
    n_steps: int = 60,
    growth: Growth | None = GROWTH,
) -> SpellingModel:
    """Return the weights and trees that make what was printed likeliest, and the errors few.

    Where it is known what harm each alternative does, the harm that is expected counts as well, a character as a nat
    (minimum risk training, Smith and Eisner 2006): of two wrong words the one that is nearly right is better.

    Args:
        words: words in doubt whose print is known.
        usual: what their features were computed with.
        fitted_on: names for the record.
        penalty: see `fit_choice`.
        n_steps: see `fit_choice`.
        growth: of the trees; None for none.

    Raises:
        ImportError: trees are asked for, and LightGBM is not installed.
        ValueError: no word to fit on.
    """
    weights = fit_choice(words, penalty, n_steps)
    trees = NO_TREES if growth is None else _fit_trees(_Stacked.of(words), weights, growth)
    return SpellingModel(tuple(weights.tolist()), usual, len(words), tuple(fitted_on), trees)


@dataclass(frozen=True)
class _Stacked:
    """The alternatives of many words, one below the other.

    Attributes:
        rows: their features, (alternatives, features).
        group: of each alternative the number of its word.
        starts: of each word the place of its first alternative.
        target: 1 for those that were printed.
        harms: of each alternative, 0 where not known.
    """

    rows: Floats
    group: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    target: Floats
    harms: Floats

    @classmethod
    def of(cls, words: Sequence[JudgedWord]) -> _Stacked:
        """Return the alternatives of `words`, each of which has one at least.

        Raises:
            ValueError: no word.
        """
        if not words:
            raise ValueError("no word with alternatives to fit on")
        sizes = [len(word.rows) for word in words]
        rows = np.concatenate([np.asarray(word.rows, dtype=float) for word in words])
        starts = np.cumsum([0, *sizes[:-1]])
        target = np.zeros(len(rows))
        target[[start + word.right for start, word in zip(starts, words, strict=True) if word.right is not None]] = 1.0
        harms = np.concatenate([np.asarray(word.harms or [0] * len(word.rows), dtype=float) for word in words])
        return cls(rows, np.repeat(np.arange(len(words)), sizes), starts, target, harms)

    def shares(self, utilities: Floats) -> Floats:
        """Return the probability of each alternative."""
        return grouped_softmax(utilities, self.group, len(self.starts))

    def slope(self, shares: Floats) -> Floats:
        """Return how fast log likelihood less expected harm rises with the utility of each alternative."""
        expected = np.add.reduceat(shares * self.harms, self.starts)[self.group]
        slope: Floats = self.target - shares - shares * (self.harms - expected)
        return slope

    def loss(self, utilities: Floats) -> float:
        """Return the expected harm less the log likelihood."""
        sums = log_sums(utilities, self.group, len(self.starts))
        risk = np.exp(utilities - sums[self.group]) @ self.harms
        return float(sums.sum() - self.target @ utilities + risk)


def fit_choice(words: Sequence[JudgedWord], penalty: float = 1.0, n_steps: int = 60) -> Floats:
    """Return the weights of a choice that make what was printed likeliest, one a feature.

    Newton's method with the curvature of the likelihood, its steps halved where they overshoot. The weights are lightly
    pulled to 0, those of features that hardly ever differ more.

    Args:
        words: words in doubt whose print is known, all with the same features.
        penalty: precision of the normal prior on each weight, its feature scaled to a spread of 1; one with a spread
            below `LEAST_SPREAD` is scaled as if it had that.
        n_steps: Newton steps; a dozen are enough for the likelihood alone.

    Raises:
        ValueError: no word to fit on.
    """
    stacked = _Stacked.of(words)
    spread = np.maximum(stacked.rows.std(axis=0), LEAST_SPREAD)
    scaled = stacked.rows / spread

    def loss(weights: Floats) -> float:
        return stacked.loss(scaled @ weights) + float(penalty * weights @ weights / 2)

    weights = np.zeros(scaled.shape[1])
    for _ in range(n_steps):
        shares = stacked.shares(scaled @ weights)
        weighted = scaled * shares[:, None]
        means = np.add.reduceat(weighted, stacked.starts, axis=0)
        gradient = scaled.T @ stacked.slope(shares) - penalty * weights
        curvature = scaled.T @ weighted - means.T @ means + penalty * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        before = loss(weights)
        while loss(weights + step) > before and np.abs(step).max() > _LEAST_STEP:
            step = step / 2
        weights = weights + step
    fitted: Floats = weights / spread
    return fitted


def _fit_trees(stacked: _Stacked, weights: Floats, growth: Growth) -> BoostedTrees:
    """Return trees that add to the linear utility what makes likelihood less expected harm greater."""
    linear = stacked.rows @ weights

    def objective(added: Floats) -> tuple[Floats, Floats]:
        shares = stacked.shares(linear + added)
        return -stacked.slope(shares), np.maximum(shares * (1 - shares), _LEAST_CURVATURE)

    return BoostedTrees(trees=fit_to(stacked.rows, objective, growth))
