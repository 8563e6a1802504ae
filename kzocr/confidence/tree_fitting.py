"""Outcomes with their features -> boosted trees: what scikit-learn finds, as plain numbers.

Needs `pip install "kzocr[fit]"`; a corrector needs only what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kzocr.confidence.boosted_trees import LEAF, BoostedTrees, Tree

N_TREES = 150
N_LEAVES = 12
LEAST_ROWS = 20
"""Of a leaf: fewer rows than twice that give no tree at all, but the share of outcomes that are true."""

LEARNING_RATE = 0.05
L2 = 5.0

_MOST_DIFFERENT = 1e-4


def fit_trees(
    rows: Sequence[Sequence[float]],
    outcomes: Sequence[bool],
    importance: Sequence[float] | None = None,
    is_increasing: Sequence[bool] | None = None,
) -> BoostedTrees:
    """Return trees whose log odds make the outcomes likely; the same arguments give the same trees.

    Gradient boosting of the log likelihood (Friedman 2001), as scikit-learn's `HistGradientBoostingClassifier` does it.

    Args:
        rows: a number for each feature.
        outcomes: as many.
        importance: what each row counts, positive; 1 without it. Only their relation to each other matters.
        is_increasing: for each feature whether the log odds may never fall where it rises.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: no rows, or fewer or more outcomes than rows.
    """
    if not rows or len(rows) != len(outcomes):
        raise ValueError(f"{len(rows)} rows and {len(outcomes)} outcomes: as many are needed, and one at least")
    x, y = np.array(rows, dtype=np.float64), np.array(outcomes, dtype=np.int64)
    counts = np.ones(len(x)) if importance is None else np.array(importance, dtype=np.float64)
    counts /= counts.mean()
    if y.min() == y.max():
        share = (counts[y == 1].sum() + 0.5) / (counts.sum() + 1)
        return BoostedTrees(_rounded(np.log(share / (1 - share))))
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError as error:
        raise ImportError('fitting confidences needs scikit-learn: pip install "kzocr[fit]"') from error
    machine = HistGradientBoostingClassifier(
        learning_rate=LEARNING_RATE,
        max_iter=N_TREES,
        max_leaf_nodes=N_LEAVES,
        min_samples_leaf=LEAST_ROWS,
        l2_regularization=L2,
        monotonic_cst=None if is_increasing is None else [int(each) for each in is_increasing],
        early_stopping=False,
        random_state=0,
    ).fit(x, y, sample_weight=counts)
    trees = tuple(_tree(predictors[0].nodes) for predictors in machine._predictors)
    found = BoostedTrees(_rounded(machine._baseline_prediction.item()), trees)
    # The nodes are no part of scikit-learn's public interface: what they mean is checked, not believed.
    if np.abs(np.array(found.log_odds(rows)) - machine.decision_function(x)).max() > _MOST_DIFFERENT:
        raise RuntimeError("the trees do not say what scikit-learn says: its nodes are not what they were in 1.9")
    return found


def _tree(nodes: npt.NDArray[Any]) -> Tree:
    """Return a tree of scikit-learn's nodes, a structured array."""
    is_leaf = nodes["is_leaf"].astype(bool)
    return Tree(
        feature=tuple(np.where(is_leaf, LEAF, nodes["feature_idx"]).tolist()),
        # Not rounded: a threshold may be the value of a row.
        threshold=tuple(np.where(is_leaf, 0.0, nodes["num_threshold"]).tolist()),
        left=tuple(np.where(is_leaf, 0, nodes["left"]).tolist()),
        right=tuple(np.where(is_leaf, 0, nodes["right"]).tolist()),
        value=tuple(map(_rounded, np.where(is_leaf, nodes["value"], 0.0).tolist())),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.7g}")
