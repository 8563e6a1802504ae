from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.boosting.trees import LEAF, BoostedTrees, Tree

# x0 <= 1 ? (x1 <= 2 ? 10 : 20) : 30
DEEP = Tree(
    (0, 1, LEAF, LEAF, LEAF),
    (1.0, 2.0, 0.0, 0.0, 0.0),
    (1, 2, 0, 0, 0),
    (4, 3, 0, 0, 0),
    (0.0, 0.0, 10.0, 20.0, 30.0),
)
LONE_LEAF = Tree((LEAF,), (0.0,), (0,), (0,), (5.0,))


def walked(tree: Tree, row: tuple[float, ...]) -> float:
    """Return what one tree says, by walking down from its root."""
    node = 0
    while tree.feature[node] != LEAF:
        goes_left = row[tree.feature[node]] <= tree.threshold[node]
        node = tree.left[node] if goes_left else tree.right[node]
    return tree.value[node]


def test_trees_by_hand() -> None:
    rows = [(1.0, 2.0), (1.0, 2.1), (1.1, 0.0)]
    assert BoostedTrees(0.5, (DEEP,)).log_odds(rows) == [10.5, 20.5, 30.5]
    assert BoostedTrees(0.5, (DEEP, LONE_LEAF)).log_odds(rows) == [15.5, 25.5, 35.5]
    assert BoostedTrees(0.5).log_odds(rows) == [0.5] * 3
    assert BoostedTrees(0.5, (DEEP,)).log_odds([]) == []


@given(st.lists(st.tuples(st.floats(-3, 5), st.floats(-3, 5)), min_size=1, max_size=9), st.integers(1, 4))
def test_all_trees_together_are_the_sum_of_each(rows: list[tuple[float, float]], n_trees: int) -> None:
    trees = (DEEP, LONE_LEAF, DEEP, LONE_LEAF)[:n_trees]
    expected = [sum(walked(tree, row) for tree in trees) for row in rows]
    assert BoostedTrees(0.0, trees).log_odds(rows) == pytest.approx(expected)


def test_a_record_and_a_pickle_give_the_same_trees() -> None:
    assert Tree.from_dict(DEEP.to_dict()) == DEEP
    trees = BoostedTrees(0.5, (DEEP,))
    trees.log_odds([(0.0, 0.0)])
    assert pickle.loads(pickle.dumps(trees)) == trees


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": (0.0, 0.0, 1.0, 2.0)}, "as many of each"),
        ({"value": (0.0, 0.0, math.nan, 2.0, 3.0)}, "finite"),
        ({"left": (1, 2, 0, 0, 0), "right": (4, 9, 0, 0, 0)}, "node 1"),
        ({"right": (4, 5, 0, 0, 0)}, "node 1"),
        ({"left": (0, 2, 0, 0, 0)}, "node 0"),
        ({"feature": (0, -2, -1, -1, -1)}, "node 1"),
        ({"right": (4, 4, 0, 0, 0)}, "two parents"),
    ],
)
def test_broken_trees_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tree.from_dict({**DEEP.to_dict(), **change})


def test_a_record_of_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="not colour"):
        Tree.from_dict({"colour": [1]})
