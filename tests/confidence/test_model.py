from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.boosting.trees import LEAF, BoostedTrees, Tree
from kzocr.confidence.edit_features import FEATURES
from kzocr.confidence.model import IDENTITY, Calibration
from kzocr.edits import Edit
from kzocr.models.loading import load_calibration
from toy_trees import by, constant, stump

TWO = Calibration(BoostedTrees(0.25, (stump("noise", 0.5, -1.0, 1.0), stump("log_odds", 0.1, 2.0, 3.0))), 7, ("қ",))


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-3, 3), st.floats(-3, 3))
def test_a_confidence_is_a_probability(low: float, high: float, first: float, second: float) -> None:
    calibration = by("log_odds", 0.0, *sorted((first, second)))
    low, high = sorted((low, high))
    edits = [Edit(0, 1, "а", "ә", low), Edit(2, 3, "а", "ә", high)]
    after = calibration("а а", edits)
    assert 0 <= after[0] <= after[1] <= 1
    assert IDENTITY("а а", edits) == [low, high]


def test_a_calibration_by_hand() -> None:
    edits = [Edit(0, 1, "а", "ә", 0.75), Edit(2, 3, "а", "ә", 0.25)]
    assert constant(math.log(3))("а а", edits) == pytest.approx([3 / 4] * 2)
    assert by("log_odds", 0.0, -math.log(3), math.log(9))("а а", edits) == pytest.approx([9 / 10, 1 / 4])
    assert [edit.confidence for edit in constant(0.0).calibrated("а а", edits)] == [0.5, 0.5]
    assert IDENTITY("", []) == constant(0.0)("", []) == []


def test_a_repair_keeps_its_confidence() -> None:
    edits = [Edit(0, 1, "ə", "ә", 1.0), Edit(4, 5, "е", "ө", 0.5)]
    assert constant(-1.0)("əн сез", edits) == pytest.approx([1.0, 1 / (1 + math.e)])
    assert constant(-1.0)("əн", edits[:1]) == [1.0]


def test_a_feature_that_there_is_not() -> None:
    tree = Tree((len(FEATURES), LEAF, LEAF), (0.0, 0.0, 0.0), (1, 0, 0), (2, 0, 0), (0.0, 1.0, 2.0))
    with pytest.raises(ValueError, match=f"feature {len(FEATURES)}"):
        Calibration(BoostedTrees(0.0, (tree,)))


@pytest.mark.parametrize("calibration", [TWO, IDENTITY, constant(0.5)])
def test_a_calibration_is_written_and_read(tmp_path: Path, calibration: Calibration) -> None:
    path = tmp_path / "calibration.json"
    calibration.write(path)
    assert Calibration.read(path) == calibration


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": ["log_odds"]}, "features.*weighs edits by log_odds, noise"),
        ({"base": "much"}, "base"),
        ({"trees": None}, "trees"),
        ({"trees": [{"feature": [0]}]}, "trees', tree 0"),
        (
            {"trees": [{**stump("noise", 0.0, 0.0, 0.0).to_dict(), "threshold": [math.inf, 0.0, 0.0]}]},
            "tree 0: .*finite",
        ),
        ({"trees": [{**stump("noise", 0.0, 0.0, 0.0).to_dict(), "feature": [99, -1, -1]}]}, "feature 99"),
        ({"more": 1}, "more"),
        ({"n_edits": None}, "n_edits"),
        ({"weights": {}}, "weights"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "calibration.json"
    record = {"n_edits": 0, "fitted_on": [], "features": list(FEATURES), "base": 0.0, "trees": []}
    path.write_text(json.dumps({**record, **change}))
    with pytest.raises(ValueError, match=rf"calibration.json.*{message}"):
        Calibration.read(path)
    for text in ("{", "[]"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"calibration.json"):
            Calibration.read(path)


def test_the_shipped_calibration_is_one_of_this_version() -> None:
    shipped = load_calibration()
    assert shipped is not None
    assert shipped.trees is not None
    assert shipped.n_edits > 5000
