from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np
import pytest

from kzocr.boosting.fitting import Floats, Growth, fit_to, fit_trees
from kzocr.boosting.trees import LEAF, BoostedTrees


def drawn(n_rows: int, seed: int) -> tuple[list[tuple[float, ...]], list[bool]]:
    """Return rows of two features; an outcome is true with 0.9 where both are positive, else with 0.2."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, 2))
    share = np.where((rows > 0).all(axis=1), 0.9, 0.2)
    return [tuple(row) for row in rows.tolist()], (rng.random(n_rows) < share).tolist()


def test_what_the_outcomes_were_drawn_from_is_found() -> None:
    trees = fit_trees(*drawn(4000, 0))
    odds = trees.log_odds([(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0)])
    shares = [1 / (1 + math.exp(-value)) for value in odds]
    assert shares == pytest.approx([0.9, 0.2, 0.2], abs=0.08)
    assert fit_trees(*drawn(4000, 0)) == trees


def test_importance_is_as_good_as_repetition() -> None:
    rows, outcomes = drawn(300, 1)
    weights = [3.0 if outcome else 1.0 for outcome in outcomes]
    base = fit_trees(rows, outcomes, weights).base
    n_true = 3 * sum(outcomes)
    assert base == pytest.approx(math.log(n_true / (len(rows) - sum(outcomes))), abs=1e-4)


def test_log_odds_never_fall_where_they_must_not() -> None:
    rows, outcomes = drawn(400, 2)
    trees = fit_trees(rows, outcomes, None, [True, False])
    for second in (-1.0, 0.5):
        odds = trees.log_odds([(float(first), second) for first in np.linspace(-3, 3, 61)])
        assert odds == sorted(odds)
    free = fit_trees(rows, outcomes).log_odds([(float(first), 0.5) for first in np.linspace(-3, 3, 61)])
    assert free != sorted(free)


def test_few_rows_or_outcomes_all_alike_give_the_share_alone() -> None:
    few = fit_trees([(0.0,), (1.0,), (2.0,)], [True, True, False])
    assert not few.trees
    assert few.log_odds([(0.0,), (2.0,)]) == pytest.approx([math.log(2)] * 2)
    alike = fit_trees([(0.0,)] * 9, [True] * 9)
    assert alike.log_odds([(5.0,)]) == pytest.approx([math.log(9.5 / 0.5)])
    with pytest.raises(ValueError, match="0 rows and 0 outcomes"):
        fit_trees([], [])
    with pytest.raises(ValueError, match="1 rows and 2 outcomes"):
        fit_trees([(0.0,)], [True, False])


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("lightgbm"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"kzocr\[fit\]"):
        fit_trees([(0.0,), (1.0,)] * 20, [True, False] * 20)


def test_an_objective_of_ones_own_is_met() -> None:
    rows = np.random.default_rng(4).normal(size=(500, 3))
    wanted = np.where(rows[:, 1] > 0.5, 3.0, -1.0)
    trees = BoostedTrees(0.0, fit_to(rows, lambda added: (added - wanted, np.ones(500)), Growth(l2=0.0)))
    assert np.abs(np.array(trees.log_odds(rows.tolist())) - wanted).mean() < 0.1
    assert {feature for tree in trees.trees for feature in tree.feature} <= {LEAF, 0, 1, 2}


def test_rows_that_cannot_be_parted_give_no_trees() -> None:
    def falling(added: Floats) -> tuple[Floats, Floats]:
        return added - 1, np.ones(len(added))

    assert fit_to(np.zeros((100, 2)), falling, Growth()) == ()
    assert fit_to(np.arange(39.0)[:, None], falling, Growth(least_rows=20)) == ()
    assert fit_to(np.arange(40.0)[:, None], falling, Growth(least_rows=20)) != ()
