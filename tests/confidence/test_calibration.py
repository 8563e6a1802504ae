from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import ANY

import pytest

from kzocr.boosting.fitting import fit_trees
from kzocr.confidence.calibration import (
    CLEAN_WEIGHT,
    calibrate,
    calibrated,
    fitted,
    judge,
    judge_document,
    outcomes,
    reliability,
    trade_offs,
)
from kzocr.confidence.edit_features import FEATURES, INCREASING, features
from kzocr.confidence.model import Calibration
from kzocr.edits import Edit
from kzocr.pairs import TextPair
from toy_trees import by


def pair(reference: str, hypothesis: str, document_id: str = "д1") -> TextPair:
    return TextPair(reference, hypothesis, document_id, "real")


def fit(
    rows: Sequence[Sequence[float]], is_right: list[bool], names: list[str], importance: list[float] | None = None
) -> Calibration:
    trees = fit_trees(rows, is_right, importance, [name in INCREASING for name in FEATURES])
    return Calibration(trees, len(rows), tuple(names))


def test_edits_are_judged_by_themselves() -> None:
    edits = [Edit(1, 2, "е", "ө", 0.9), Edit(6, 7, "й", "ы", 0.4), Edit(12, 13, "е", "э", 0.3)]
    passage = judge(pair("сөз\n\nай мен ел", "сез\n\nай мен ел"), edits)
    assert passage.n_removed == (1, -1, -1)
    assert outcomes([passage]) == ([0.9, 0.4, 0.3], [True, False, False])
    passage = judge(pair("өндіріс", "өнді-\nріс"), [Edit(4, 6, "-\n", "", 0.9)])
    assert passage.n_removed == (2,)
    passage = judge(pair("бір\nсөз", "бір сез"), [Edit(5, 6, "е", "а", 0.9)])
    assert passage.n_removed == (0,)
    assert outcomes([passage]) == ([], [])  # a wrong letter for another neither helps nor harms


def test_reliability_by_hand() -> None:
    perfect = reliability([0.75] * 4, [True, True, True, False])
    assert perfect.expected_calibration_error == 0
    assert perfect.brier == pytest.approx(3 / 16)
    poor = reliability([0.75] * 4 + [1.0], [True, False, False, False, True])
    assert poor.expected_calibration_error == pytest.approx(4 / 5 * 1 / 2)
    assert [(b.n_edits, b.share_right) for b in poor.bins if b.n_edits] == [(4, 0.25), (1, 1.0)]
    assert reliability([], []).expected_calibration_error == 0


def test_trade_offs_by_hand() -> None:
    passage = judge(
        pair("сөз көп еді", "сез коп еді"),
        [Edit(1, 2, "е", "ө", 0.9), Edit(5, 6, "о", "ө", 0.6), Edit(8, 9, "е", "э", 0.5)],
    )
    low, middle, high = trade_offs([passage], (0.0, 0.6, 0.95))
    assert (low.n_edits, low.precision, low.recall) == (3, 2 / 3, 2 / 2)
    assert (low.cer_before, low.cer_after) == (2 / 11, 1 / 11)
    assert (middle.n_edits, middle.precision, middle.recall, middle.cer_after) == (2, 1.0, 1.0, 0.0)
    assert (high.n_edits, high.precision, high.recall, high.cer_after) == (0, 0.0, 0.0, 2 / 11)


def test_a_calibration_is_tested_on_other_documents() -> None:
    edits = [Edit(1, 2, "е", "ө", 0.9)]
    one, two = [judge(pair("сөз", "сез", "а"), edits)], [judge(pair("сез", "сез", "ә"), edits)]
    report = calibrate({"s": one}, {"s": two})
    assert (report.n_documents_fitted, report.n_documents_tested, report.n_neutral) == (1, 1, 0)
    assert report.raw.expected_calibration_error == pytest.approx(0.9)
    assert report.calibration == fit(features("сез", edits), [True], ["s"])
    assert list(report.worth) == list(FEATURES)
    assert not any(report.worth.values())  # one edit: there is no tree
    assert report.by_set["s"] == report.calibrated
    neutral = [judge(pair("сөз", "сез", "б"), [Edit(1, 2, "е", "а", 0.9)])]
    assert calibrate(
        {"s": [*one, *neutral]}, {"s": [*two, judge(pair("сөз", "сез", "в"), [Edit(1, 2, "е", "а", 0.8)])]}
    ) == (replace(report, n_documents_fitted=2, n_documents_tested=2, n_neutral=1, trade_offs=ANY))
    with pytest.raises(ValueError, match="both sides"):
        calibrate({"s": one}, {"s": one})
    with pytest.raises(ValueError, match="and 0 to test on"):
        calibrate({"s": one}, {"s": [judge(pair("а", "а", "б"), [])]})


def test_sets_count_as_the_root_of_their_edits_and_clean_text_more() -> None:
    edits = [Edit(1, 2, "е", "ө", 0.9)]
    helps, harms = judge(pair("сөз", "сез"), edits), judge(pair("сез", "сез"), edits)
    [row] = features("сез", edits)
    mean = (4 * 1 / 2 + CLEAN_WEIGHT) / 5
    expected = fit([row] * 5, [True] * 4 + [False], ["clean", "s"], [1 / 2 / mean] * 4 + [CLEAN_WEIGHT / mean])
    assert fitted({"s": [helps] * 4, "clean": [harms]}) == expected
    noisy = judge(pair("сез көп", "сез көб"), edits)
    rows = [*features("сез", edits)] * 4 + features("сез көб", edits)
    mean = (4 * 1 / 2 + 1) / 5
    expected = fit(rows, [True] * 4 + [False], ["clean", "s"], [1 / 2 / mean] * 4 + [1 / mean])
    assert fitted({"s": [helps] * 4, "clean": [noisy]}) == expected


def test_what_is_proposed_elsewhere_in_the_document_counts() -> None:
    lines = "сез коп\nсез мол\nбар екен"
    edits = [Edit(1, 2, "е", "ө", 0.9), Edit(9, 10, "е", "ө", 0.8), Edit(20, 21, "е", "а", 0.7)]
    passages = judge_document(pair("сөз коп\nсөз мол\nбар екен", lines), edits, 1000)
    [passage] = passages
    place = FEATURES.index("recurrence")
    rows = features(passage.hypothesis, passage.edits, passage.background)
    assert [row[place] for row in rows] == pytest.approx([math.log(1.8), math.log(1.9), 0.0])
    alone = judge_document(pair("сөз коп", "сез коп", "ә"), edits[:1], 1000)
    calibration = by("recurrence", 0.5, 0.0, math.log(9))
    assert calibrated(passage, calibration).edits[0].confidence == pytest.approx(0.9)
    assert calibrated(alone[0], calibration).edits[0].confidence == pytest.approx(0.5)


def test_what_a_feature_is_worth() -> None:
    sure, unsure = Edit(1, 2, "е", "ө", 0.9), Edit(1, 2, "е", "ө", 0.6)
    sets = []
    for side in "аә":
        right = [judge(pair("сөз", "сез", f"{side}{n}"), [sure]) for n in range(60)]
        wrong = [judge(pair("сез", "сез", f"{side}{n}"), [unsure]) for n in range(60, 120)]
        sets.append({"s": right + wrong})
    report = calibrate(*sets)
    assert report.worth["log_odds"] > 1
    assert not any(nats for name, nats in report.worth.items() if name != "log_odds")
    assert report.to_dict()["calibration"] == {"n_edits": 120, "fitted_on": ["s"]}
