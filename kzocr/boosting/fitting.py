"""Rows and what is wanted of them -> boosted trees: what LightGBM finds, as plain numbers.

Needs `pip install "kzocr[fit]"`; a corrector needs only what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kzocr.boosting.trees import LEAF, BoostedTrees, Tree

Floats = npt.NDArray[np.float64]

Objective = Callable[[Floats], tuple[Floats, Floats]]
"""What the trees add to each row -> the gradient of what is to be small, and its curvature, both by row."""


@dataclass(frozen=True)
class Growth:
    """How trees grow.

    Attributes:
        n_trees: so many, one after the other.
        n_leaves: of a tree at most.
        least_rows: of a leaf.
        learning_rate: what is taken of each tree.
        l2: pulls the values of leaves to 0, in units of curvature.
        feature_share: so many of the features, drawn anew for each tree, may be asked about.
    """

    n_trees: int = 150
    n_leaves: int = 12
    least_rows: int = 20
    learning_rate: float = 0.05
    l2: float = 5.0
    feature_share: float = 1.0


OF_OUTCOMES = Growth()
"""For `fit_trees`."""


def fit_trees(
    rows: Sequence[Sequence[float]],
    outcomes: Sequence[bool],
    importance: Sequence[float] | None = None,
    is_increasing: Sequence[bool] | None = None,
) -> BoostedTrees:
    """Return trees whose log odds make the outcomes likely; the same arguments give the same trees.

    Gradient boosting of the log likelihood (Friedman 2001). Outcomes that are all alike give no tree, but their share.

    Args:
        rows: a number for each feature.
        outcomes: as many.
        importance: what each row counts, positive; 1 without it. Only their relation to each other matters.
        is_increasing: for each feature whether the log odds may never fall where it rises.

    Raises:
        ImportError: LightGBM is not installed.
        ValueError: no rows, or fewer or more outcomes than rows.
    """
    if not rows or len(rows) != len(outcomes):
        raise ValueError(f"{len(rows)} rows and {len(outcomes)} outcomes: as many are needed, and one at least")
    y = np.array(outcomes, dtype=np.float64)
    counts = np.ones(len(y)) if importance is None else np.array(importance, dtype=np.float64)
    counts /= counts.mean()
    spare = 0.5 if y.min() == y.max() else 0.0
    share = (counts @ y + spare) / (counts.sum() + 2 * spare)
    base = float(np.log(share / (1 - share)))
    if spare:
        return BoostedTrees(_rounded(base))

    def objective(added: Floats) -> tuple[Floats, Floats]:
        p = 1 / (1 + np.exp(-base - added))
        return counts * (p - y), counts * p * (1 - p)

    return BoostedTrees(_rounded(base), fit_to(rows, objective, OF_OUTCOMES, is_increasing))


def fit_to(
    rows: Sequence[Sequence[float]] | Floats,
    objective: Objective,
    growth: Growth,
    is_increasing: Sequence[bool] | None = None,
) -> tuple[Tree, ...]:
    """Return trees that make something small, step by step by its gradient; the same arguments give the same trees.

    There are none if the rows are all alike, or fewer than those of two leaves.

    Args:
        rows: a number for each feature.
        objective: what is to be small.
        growth: how they grow.
        is_increasing: for each feature whether what the trees add may never fall where it rises.

    Raises:
        ImportError: LightGBM is not installed.
    """
    # LightGBM's wheel has no OpenMP of its own: where the system has none either, that of torch serves.
    import torch  # noqa: F401

    try:
        import lightgbm
    except ImportError as error:
        raise ImportError('fitting trees needs LightGBM: pip install "kzocr[fit]"') from error
    x = np.asarray(rows, dtype=np.float64)
    if len(x) < 2 * growth.least_rows or not np.ptp(x, axis=0).any():
        return ()
    settings: dict[str, Any] = {
        "objective": lambda added, _: objective(added),
        "num_leaves": growth.n_leaves,
        "min_data_in_leaf": growth.least_rows,
        "learning_rate": growth.learning_rate,
        "lambda_l2": growth.l2,
        "feature_fraction": growth.feature_share,
        "monotone_constraints": None if is_increasing is None else [int(each) for each in is_increasing],
        "feature_pre_filter": False,
        "num_threads": 1,
        "deterministic": True,
        "force_col_wise": True,
        "seed": 0,
        "verbose": -1,
    }
    machine = lightgbm.train(settings, lightgbm.Dataset(x, label=np.zeros(len(x))), num_boost_round=growth.n_trees)
    return tuple(_tree(found["tree_structure"]) for found in machine.dump_model()["tree_info"])


def _tree(root: dict[str, Any]) -> Tree:
    """Return a tree of the nodes that `dump_model` gives, each with its children inside."""
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    value: list[float] = []

    def add(node: dict[str, Any]) -> int:
        number, is_leaf = len(feature), "leaf_value" in node
        feature.append(LEAF if is_leaf else node["split_feature"])
        # Not rounded: a threshold may be the value of a row.
        threshold.append(0.0 if is_leaf else node["threshold"])
        value.append(_rounded(node["leaf_value"]) if is_leaf else 0.0)
        left.append(0)
        right.append(0)
        if not is_leaf:
            left[number] = add(node["left_child"])
            right[number] = add(node["right_child"])
        return number

    add(root)
    return Tree(tuple(feature), tuple(threshold), tuple(left), tuple(right), tuple(value))


def _rounded(value: float) -> float:
    return float(f"{value:.7g}")
