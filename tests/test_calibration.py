from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.calibration import (
    IDENTITY,
    Calibration,
    calibrate,
    calibrated,
    fit,
    is_repair,
    judge,
    outcomes,
    reliability,
    trade_offs,
)
from kzocr.edits import Edit
from kzocr.pairs import TextPair


def pair(reference: str, hypothesis: str, document_id: str = "д1") -> TextPair:
    return TextPair(reference, hypothesis, document_id, "real")


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-3, 3), st.floats(0.1, 3))
def test_a_calibration_is_monotone_and_a_probability(low: float, high: float, intercept: float, slope: float) -> None:
    calibration = Calibration(intercept, slope)
    low, high = sorted((low, high))
    assert 0 <= calibration(low) <= calibration(high) <= 1
    assert IDENTITY(low) == low


def test_a_calibration_by_hand() -> None:
    assert Calibration(0.0, 2.0)(0.75) == pytest.approx(9 / 10)
    assert Calibration(-math.log(3), 1.0)(0.75) == pytest.approx(1 / 2)
    for slope in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="positive slope"):
            Calibration(0.0, slope)


def test_fit_finds_what_the_outcomes_were_drawn_from() -> None:
    rng = np.random.default_rng(0)
    confidences = rng.uniform(0.3, 0.999, 5000)
    truth = Calibration(-1.0, 0.5)
    is_right = [bool(rng.random() < truth(c)) for c in confidences.tolist()]
    found = fit(confidences.tolist(), is_right, ["қ"])
    assert found.intercept == pytest.approx(-1.0, abs=0.1)
    assert found.slope == pytest.approx(0.5, abs=0.1)
    assert (found.n_edits, found.fitted_on) == (5000, ("қ",))
    before, after = (reliability(c, is_right) for c in (confidences.tolist(), list(map(found, confidences.tolist()))))
    assert after.expected_calibration_error < 0.03 < before.expected_calibration_error


def test_few_edits_move_a_fit_little() -> None:
    assert fit([], []) == IDENTITY
    once = fit([0.9], [False])
    assert -1 < once.intercept < 0 < once.slope < 1
    assert fit([0.999999] * 50 + [0.4] * 50, [False] * 50 + [True] * 50).slope > 0


def test_a_calibration_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    calibration = Calibration(-0.25, 0.5, 7, ("қ",))
    calibration.write(path)
    assert Calibration.read(path) == calibration


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slope": 0}, "positive slope"),
        ({"slope": "1"}, "slope"),
        ({"more": 1}, "more"),
        ({"n_edits": None}, "n_edits"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "calibration.json"
    record = {"intercept": 0.0, "slope": 1.0, "n_edits": 0, "fitted_on": []}
    path.write_text(json.dumps({**record, **change}))
    with pytest.raises(ValueError, match=f"calibration.json.*{message}"):
        Calibration.read(path)
    for text in ("{", "[]"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"calibration.json"):
            Calibration.read(path)


def test_edits_are_judged_by_themselves_and_by_line() -> None:
    edits = [Edit(1, 2, "е", "ө", 0.9), Edit(6, 7, "й", "ы", 0.4), Edit(12, 13, "е", "э", 0.3)]
    first, second = judge(pair("сөз\n\nай мен ел", "сез\n\nай мен ел"), edits)
    assert (first.edits, first.n_removed) == ((Edit(1, 2, "е", "ө", 0.9),), (1,))
    assert second.edits == (Edit(1, 2, "й", "ы", 0.4), Edit(7, 8, "е", "э", 0.3))
    assert second.n_removed == (-1, -1)
    assert outcomes([first, second]) == ([0.9, 0.4, 0.3], [True, False, False])


def test_other_lines_are_one_passage() -> None:
    [passage] = judge(pair("өндіріс", "өнді-\nріс"), [Edit(4, 6, "-\n", "", 0.9)])
    assert passage.n_removed == (2,)
    [passage] = judge(pair("бір\nсөз", "бір сез"), [Edit(5, 6, "е", "а", 0.9)])
    assert passage.n_removed == (0,)
    assert outcomes([passage]) == ([0.9], [False])


def test_repairs_need_no_model() -> None:
    assert is_repair(Edit(0, 1, "ə", "ә", 1.0))
    assert is_repair(Edit(0, 2, "и\u0306", "й", 1.0))
    assert not is_repair(Edit(0, 1, "е", "ө", 1.0))
    [passage] = judge(pair("ән сөз", "əн сез"), [Edit(0, 1, "ə", "ә", 1.0), Edit(4, 5, "е", "ө", 0.5)])
    assert outcomes([passage]) == ([0.5], [True])
    assert [e.confidence for e in calibrated(passage, Calibration(0, 2)).edits] == [1.0, 0.5]


def test_reliability_by_hand() -> None:
    perfect = reliability([0.75] * 4, [True, True, True, False])
    assert perfect.expected_calibration_error == 0
    assert perfect.brier == pytest.approx(3 / 16)
    poor = reliability([0.75] * 4 + [1.0], [True, False, False, False, True])
    assert poor.expected_calibration_error == pytest.approx(4 / 5 * 1 / 2)
    assert [(b.n_edits, b.share_right) for b in poor.bins if b.n_edits] == [(4, 0.25), (1, 1.0)]
    assert reliability([], []).expected_calibration_error == 0


def test_trade_offs_by_hand() -> None:
    passages = judge(
        pair("сөз көп еді", "сез коп еді"),
        [Edit(1, 2, "е", "ө", 0.9), Edit(5, 6, "о", "ө", 0.6), Edit(8, 9, "е", "э", 0.5)],
    )
    low, middle, high = trade_offs(passages, (0.0, 0.6, 0.95))
    assert (low.n_edits, low.precision, low.recall) == (3, 2 / 3, 2 / 2)
    assert (low.cer_before, low.cer_after) == (2 / 11, 1 / 11)
    assert (middle.n_edits, middle.precision, middle.recall, middle.cer_after) == (2, 1.0, 1.0, 0.0)
    assert (high.n_edits, high.precision, high.recall, high.cer_after) == (0, 0.0, 0.0, 2 / 11)


def test_a_map_is_tested_on_other_documents() -> None:
    edits = [Edit(1, 2, "е", "ө", 0.9)]
    one, two = judge(pair("сөз", "сез", "а"), edits), judge(pair("сез", "сез", "ә"), edits)
    report = calibrate({"s": one}, {"s": two})
    assert (report.n_documents_fitted, report.n_documents_tested) == (1, 1)
    assert report.raw.expected_calibration_error == pytest.approx(0.9)
    assert report.calibration == fit([0.9], [True], ["s"])
    assert report.by_set["s"] == report.calibrated
    with pytest.raises(ValueError, match="both sides"):
        calibrate({"s": one}, {"s": one})
    with pytest.raises(ValueError, match="and 0 to test on"):
        calibrate({"s": one}, {"s": judge(pair("а", "а", "б"), [])})
