from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.calibration import reliability
from kzocr.confidence import FEATURES, IDENTITY, Background, Calibration, features, fit, is_repair
from kzocr.edits import Edit
from kzocr.lexicon import Lexicon
from kzocr.profile import Profile
from kzocr.recurrence import Recurrence

LEXICON = Lexicon({"сөз": 90, "көп": 50, "көл": 5, "қала": 20, "бар": 30})
PLAIN = {**dict.fromkeys(FEATURES, 0.0), "log_odds": 1.0}


def weights(**changed: float) -> dict[str, float]:
    return {**PLAIN, **changed}


def one(text: str, before: str, after: str, confidence: float = 0.9) -> Edit:
    start = text.index(before)
    return Edit(start, start + len(before), before, after, confidence)


def named(text: str, edit: Edit, lexicon: Lexicon | None = LEXICON) -> dict[str, float]:
    [row] = features(text, [edit], Background(lexicon))
    return {name: value for name, value in zip(FEATURES, row, strict=True) if value}


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-3, 3), st.floats(0.1, 3))
def test_a_calibration_is_monotone_and_a_probability(low: float, high: float, constant: float, slope: float) -> None:
    calibration = Calibration(weights(constant=constant, log_odds=slope))
    low, high = sorted((low, high))
    edits = [Edit(0, 1, "а", "ә", low), Edit(2, 3, "а", "ә", high)]
    after = calibration("а а", edits)
    assert 0 <= after[0] <= after[1] <= 1
    assert IDENTITY("а а", edits) == [low, high]


def test_a_calibration_by_hand() -> None:
    edit = Edit(0, 1, "а", "ә", 0.75)
    assert Calibration(weights(log_odds=2.0))("а", [edit]) == pytest.approx([9 / 10])
    assert Calibration(weights(constant=-math.log(3)))("а", [edit]) == pytest.approx([1 / 2])
    assert Calibration(weights(constant=-math.log(3))).calibrated("а", [edit])[0].confidence == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (weights(log_odds=0.0), "positive one for log_odds"),
        (weights(constant=math.nan), "finite weights"),
        ({"log_odds": 1.0}, "unknown or missing"),
        (weights(more=1.0), "'more'"),
    ],
)
def test_wrong_weights_are_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Calibration(wrong)


def test_words_known_and_unknown() -> None:
    assert named("бұл сез", one("бұл сез", "е", "ө"))["unknown_to_known"] == 1
    assert named("қала бар", one("қала бар", "л", "п"))["known_to_unknown"] == 1
    gained = named("көл бар", one("көл бар", "л", "п"))
    assert gained["known_to_known"] == 1
    assert gained["frequency_gain"] == pytest.approx(math.log(10) / 5)
    assert not {"unknown_to_known", "known_to_known", "known_to_unknown"} & set(
        named("сез", one("сез", "е", "ө"), None)
    )
    assert not {"unknown_to_known", "known_to_known"} & set(named("12 мл", one("12 мл", "л", "м")))
    assert named("«қ ала»,", one("«қ ала»,", " ", ""))["unknown_to_known"] == 1


def test_kinds_of_edits() -> None:
    assert named("қ ала", one("қ ала", " ", ""))["is_joined"] == 1
    assert named("сөзбар", Edit(3, 3, "", " ", 0.9))["is_split"] == 1
    assert named("бар.", one("бар.", ".", ","))["is_mark"] == 1
    assert named("Бар", one("Бар", "Б", "б")).keys() >= {"is_case", "is_capitalised", "same_shape"}
    assert named("кала", one("кала", "к", "қ"))["same_shape"] == 1
    assert "same_shape" not in named("пала", one("пала", "п", "қ"))
    assert named("барр", Edit(3, 4, "р", "", 0.9))["is_deletion"] == 1
    assert named("ба", Edit(2, 2, "", "р", 0.9))["is_insertion"] == 1


def test_signs_that_no_kazakh_word_has() -> None:
    assert named("6арды", one("6арды", "6", "б"))["is_foreign"] == 1
    assert named("бар. көп", one("бар. көп", ".", ","))["is_foreign"] == 1
    assert "is_foreign" not in named("қ ала", one("қ ала", " ", ""))
    assert "is_foreign" not in named("кала", one("кала", "к", "қ"))


def test_a_mark_is_not_credited_with_the_letters_before_it() -> None:
    asked: list[tuple[int, int, str]] = []

    def fits(text: str, changes: Sequence[tuple[int, int, str]]) -> list[float]:
        assert text == "көп. қала"
        asked.extend(changes)
        return [0.0] * len(changes)

    edits = [Edit(1, 2, "е", "ө", 0.9), Edit(3, 3, "", ".", 0.9)]
    letter, mark = features("кеп қала", edits, Background(LEXICON, context=fits))
    assert asked == [(0, 4, "кеп"), (0, 4, "көп."), (0, 4, "көп"), (0, 4, "көп.")]
    assert letter[FEATURES.index("unknown_to_known")] == mark[FEATURES.index("known_to_known")] == 1
    assert mark[FEATURES.index("unknown_to_known")] == 0
    assert mark[FEATURES.index("is_mark")] == 1


def test_noise_is_what_the_other_edits_are() -> None:
    text = "сез кәп қада бар " * 5 + "əн"
    edits = [one(text, "сез", "сөз"), one(text, "кәп", "көп"), one(text, "қада", "қала")]
    alone, together = named(text, edits[0])["noise"], features(text, edits)[0][FEATURES.index("noise")]
    assert together > alone
    repair = Edit(len(text) - 2, len(text) - 1, "ə", "ә", 1.0)
    assert features(text, [edits[0], repair])[0][FEATURES.index("noise")] == alone


def test_noise_of_the_document() -> None:
    edit, place = one("сез бар", "е", "ө"), FEATURES.index("document_noise")
    values = [
        features("сез бар", [edit], Background(LEXICON, Profile.of(document, LEXICON)))[0][
            FEATURES.index("document_noise")
        ]
        for document in ("сөз көп " * 50, "сез кәп " * 50)
    ]
    assert values[0] < 0 < values[1]
    assert features("сез бар", [edit], Background(LEXICON))[0][place] == 0.0


def test_what_is_proposed_is_weighed_by_the_document_s_noise() -> None:
    text = "сез бар, сез көп"
    edits = [Edit(1, 2, "е", "ө", 0.9), Edit(10, 11, "е", "ө", 0.9)]
    background = Background(LEXICON, Profile.of("сез кәп " * 50, LEXICON), Recurrence.of(edits, 200))
    row = dict(zip(FEATURES, features(text, edits, background)[0], strict=True))
    assert row["recurrence"] > 0 < row["document_noise"]
    assert row["noise_in_noise"] == row["noise"] * row["document_noise"]
    assert row["recurrence_in_noise"] == row["recurrence"] * row["document_noise"]


def test_words_are_those_that_all_edits_together_make() -> None:
    text = "сө з қ ала"
    edits = [Edit(2, 3, " ", "", 0.9), Edit(6, 7, " ", "", 0.9)]
    rows = [dict(zip(FEATURES, row, strict=True)) for row in features(text, edits, Background(LEXICON))]
    assert [row["unknown_to_known"] for row in rows] == [1.0, 1.0]
    pieces = [Edit(1, 2, " ", "", 0.9), Edit(3, 4, " ", "", 0.9)]
    rows = [dict(zip(FEATURES, row, strict=True)) for row in features("с ө з", pieces, Background(LEXICON))]
    assert [row["unknown_to_known"] for row in rows] == [1.0, 1.0]
    split = [Edit(3, 3, "", " ", 0.9), Edit(4, 5, "е", "ө", 0.9)]
    rows = [dict(zip(FEATURES, row, strict=True)) for row in features("барсез", split, Background(LEXICON))]
    assert [row["unknown_to_known"] for row in rows] == [1.0, 1.0]


def test_context_is_asked_about_whole_words_in_the_corrected_text() -> None:
    asked = []

    def context(text: str, changes: Sequence[tuple[int, int, str]]) -> list[float]:
        asked.extend((text, text[start:end], words) for start, end, words in changes)
        return [{"сөз": 4.0, "қала,": -90.0}.get(words, 0.0) for _, _, words in changes]

    text = "көп сез бар. қада, бар"
    edits = [one(text, "се", "сө"), one(text, "д", "л")]
    background = Background(LEXICON, context=context)
    rows = [dict(zip(FEATURES, row, strict=True)) for row in features(text, edits, background)]
    corrected = "көп сөз бар. қала, бар"
    assert asked == [
        (corrected, "сөз", "сез"),
        (corrected, "сөз", "сөз"),
        (corrected, "қала,", "қада,"),
        (corrected, "қала,", "қала,"),
    ]
    assert [row["context_gain"] for row in rows] == [4 / 5, -12 / 5]
    assert [row["known_context_gain"] for row in rows] == [0.0, 0.0]
    assert "context_gain" not in named(text, edits[0])
    asked.clear()
    features("көп сез.", [Edit(5, 6, "е", "ө", 0.9), Edit(7, 8, ".", ",", 0.6)], background)
    assert [words for _, _, words in asked] == ["сез", "сөз", "сөз", "сөз"]  # what follows the last sign nobody knows


@pytest.mark.parametrize(
    ("text", "before", "after", "feature"),
    [
        ("бұл қа-\nлз бар", "з", "а", "unknown_to_known"),
        ("бұл кз-\nла бар", "кз", "қа", "unknown_to_known"),
        ("бұл қала-\nсёз", "ё", "ө", "unknown_to_known"),
        ("бұл қа-\nла бар", "ла", "ло", "known_to_unknown"),
        ("бұл қа¬\n ла бар", "ла", "ло", "known_to_unknown"),
    ],
)
def test_a_word_that_a_line_end_divides_is_one_word(text: str, before: str, after: str, feature: str) -> None:
    assert feature in named(text, one(text, before, after))


def test_a_repair_keeps_its_confidence() -> None:
    assert is_repair(Edit(0, 1, "ə", "ә", 1.0))
    assert is_repair(Edit(0, 2, "и\u0306", "й", 1.0))
    assert not is_repair(Edit(0, 1, "е", "ө", 1.0))
    edits = [Edit(0, 1, "ə", "ә", 1.0), Edit(4, 5, "е", "ө", 0.5)]
    assert Calibration(weights(constant=-1.0))("əн сез", edits) == pytest.approx([1.0, 1 / (1 + math.e)])


def test_fit_finds_what_the_outcomes_were_drawn_from() -> None:
    rng = np.random.default_rng(0)
    text = "сез " * 20
    truth = Calibration(weights(constant=-1.0, log_odds=0.5, is_mark=-1.0))
    marked = [Edit(3, 3, "", ",", float(c)) for c in rng.uniform(0.3, 0.999, 2500)]
    edits = [Edit(1, 2, "е", "ө", float(c)) for c in rng.uniform(0.3, 0.999, 2500)] + marked
    right = [bool(rng.random() < truth(text, [edit])[0]) for edit in edits]
    found = fit([features(text, [edit])[0] for edit in edits], right, ["қ"])
    assert found.weights["log_odds"] == pytest.approx(0.5, abs=0.1)
    assert (found.n_edits, found.fitted_on) == (5000, ("қ",))
    before = reliability([edit.confidence for edit in edits], right)
    after = reliability([found(text, [edit])[0] for edit in edits], right)
    assert after.expected_calibration_error < 0.03 < before.expected_calibration_error


def test_few_edits_move_a_fit_little() -> None:
    assert fit([], []).weights == PLAIN
    once = fit(features("сез", [Edit(1, 2, "е", "ө", 0.9)]), [False])
    assert -1 < once.weights["constant"] < 0 < once.weights["log_odds"] < 1


def test_a_calibration_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    calibration = Calibration(weights(noise=-0.25), 7, ("қ",))
    calibration.write(path)
    assert Calibration.read(path) == calibration


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": {"log_odds": 1.0}}, "unknown or missing"),
        ({"weights": weights(noise="much")}, "weights"),
        ({"weights": None}, "weights"),
        ({"more": 1}, "more"),
        ({"n_edits": None}, "n_edits"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "calibration.json"
    record = {"weights": PLAIN, "n_edits": 0, "fitted_on": []}
    path.write_text(json.dumps({**record, **change}))
    with pytest.raises(ValueError, match=rf"calibration.json.*{message}"):
        Calibration.read(path)
    for text in ("{", "[]"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"calibration.json"):
            Calibration.read(path)
