"""An ensemble of decision trees whose values add up: rows of numbers in, sums out, with numpy alone.

What a fitting library found (`kzocr.boosting.fitting`) is kept as plain numbers, so that a corrector needs no such
library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

LEAF = -1
"""In place of a feature's number: the node is a leaf."""


@dataclass(frozen=True)
class Tree:
    """One tree; its nodes are numbered from the root, 0, a child always after its parent.

    Attributes:
        feature: of each node the number of the feature that it asks about, `LEAF` in a leaf.
        threshold: of each node: rows of at most this value go left, others right.
        left: of each node the number of its left child; 0 in a leaf.
        right: of each node the number of its right child; 0 in a leaf.
        value: of each leaf what it adds to the log odds; 0 in other nodes.

    Raises:
        ValueError: the lists differ in length or are empty, a number is not finite, a child does not stand behind its
            parent or not in the tree, or a node has two parents.
    """

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]

    def __post_init__(self) -> None:
        n_nodes = len(self.feature)
        if not n_nodes or any(len(values) != n_nodes for values in (self.threshold, self.left, self.right, self.value)):
            raise ValueError("a tree needs as many of each: features, thresholds, left and right children, values")
        if not all(map(math.isfinite, (*self.threshold, *self.value))):
            raise ValueError("thresholds and values must be finite")
        children: list[int] = []
        for node, feature in enumerate(self.feature):
            if feature == LEAF:
                continue
            own = (self.left[node], self.right[node])
            if feature < LEAF or not all(node < child < n_nodes for child in own):
                raise ValueError(f"node {node} asks about feature {feature} and has the children {own}")
            children += own
        if len(set(children)) != len(children):
            raise ValueError("a node has two parents")

    @classmethod
    def from_dict(cls, record: Mapping[str, Sequence[Any]]) -> Tree:
        """Return the tree in a record of its five lists.

        Raises:
            TypeError: a list has another name, is missing, or holds something else than numbers.
            ValueError: see the class.
        """
        kinds = {"feature": int, "threshold": float, "left": int, "right": int, "value": float}
        if set(record) != set(kinds):
            raise TypeError(f"a tree has the lists {', '.join(kinds)}, not {', '.join(map(str, record))}")
        return cls(**{name: tuple(map(kind, record[name])) for name, kind in kinds.items()})

    def to_dict(self) -> dict[str, Any]:
        """Return the five lists."""
        return asdict(self)


@dataclass(frozen=True)
class BoostedTrees:
    """Trees whose values are added.

    Attributes:
        base: log odds before any tree.
        trees: in any order.
    """

    base: float = 0.0
    trees: tuple[Tree, ...] = ()

    def check_features(self, n_features: int) -> None:
        """Raise a ValueError if a tree asks about a feature behind the first `n_features`."""
        asked = max((feature for tree in self.trees for feature in tree.feature), default=LEAF)
        if asked >= n_features:
            raise ValueError(f"a tree asks about feature {asked}, there are {n_features}")

    def log_odds(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Return the log odds of each row.

        Args:
            rows: a number for each feature.
        """
        if not rows:
            return []
        x = np.array(rows, dtype=np.float64)
        total = np.full(len(x), self.base)
        if self.trees:
            feature, threshold, left, right, value, roots, depth = self._together
            place = np.broadcast_to(roots, (len(x), len(roots)))
            row = np.arange(len(x))[:, None]
            for _ in range(depth):
                place = np.where(x[row, feature[place]] <= threshold[place], left[place], right[place])
            total = total + value[place].sum(axis=1)
        found: list[float] = total.tolist()
        return found

    @cached_property
    def _together(self) -> tuple[npt.NDArray[Any], ...]:
        """The nodes of all trees one after the other, leaves their own children; the roots; the greatest depth."""
        sizes = [len(tree.feature) for tree in self.trees]
        roots = np.cumsum([0, *sizes[:-1]])
        joined: list[list[Any]] = [[], [], [], [], []]
        for tree, root in zip(self.trees, roots.tolist(), strict=True):
            for node, feature in enumerate(tree.feature):
                is_leaf = feature == LEAF
                joined[0].append(0 if is_leaf else feature)
                joined[1].append(tree.threshold[node])
                joined[2].append(root + (node if is_leaf else tree.left[node]))
                joined[3].append(root + (node if is_leaf else tree.right[node]))
                joined[4].append(tree.value[node])
        arrays = [np.array(values) for values in joined]
        return (*arrays, roots, np.array(max(map(_depth, self.trees))))

    def __getstate__(self) -> dict[str, Any]:
        return {"base": self.base, "trees": self.trees}


def trees_of_records(records: object, path: Path) -> tuple[Tree, ...]:
    """Return the trees in the records of a file's field "trees".

    Args:
        records: what the field holds.
        path: of the file, for messages.

    Raises:
        ValueError: it is no list of trees; the message names the file, the field and the tree.
    """
    if not isinstance(records, list):
        raise ValueError(f"{path}: field 'trees' must be a list")
    found = []
    for number, record in enumerate(records):
        try:
            found.append(Tree.from_dict(record))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: field 'trees', tree {number}: {error}") from error
    return tuple(found)


NO_TREES = BoostedTrees()
"""They add nothing."""


def _depth(tree: Tree) -> int:
    """Return how many questions the longest way from the root to a leaf has."""
    depths = [0] * len(tree.feature)
    for node, feature in enumerate(tree.feature):
        if feature != LEAF:
            for child in (tree.left[node], tree.right[node]):
                depths[child] = depths[node] + 1
    return max(depths)
