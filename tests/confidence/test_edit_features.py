from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from kzocr.confidence.edit_features import (
    FEATURES,
    INCREASING,
    NO_WORD,
    UNKNOWN,
    Background,
    features,
    is_repair,
)
from kzocr.confidence.recurrence import Recurrence
from kzocr.edits import Edit
from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import Misreadings
from kzocr.language.text_model import TextModel
from kzocr.spelling.profile import Profile

LEXICON = Lexicon({"сөз": 90, "көп": 50, "көл": 5, "қала": 20, "бар": 30})


def one(text: str, before: str, after: str, confidence: float = 0.9) -> Edit:
    start = text.index(before)
    return Edit(start, start + len(before), before, after, confidence)


def named(text: str, edit: Edit, lexicon: Lexicon | None = LEXICON) -> dict[str, float]:
    [row] = features(text, [edit], Background(lexicon))
    return dict(zip(FEATURES, row, strict=True))


def frequencies(text: str, edit: Edit) -> tuple[float, float]:
    row = named(text, edit)
    return row["frequency_before"], row["frequency_after"]


def frequency(word: str) -> float:
    return math.log(LEXICON.counts[word]) - math.log(195)


def test_names() -> None:
    assert set(FEATURES) > INCREASING
    assert named("а", Edit(0, 1, "а", "ә", 0.75), None)["log_odds"] == pytest.approx(math.log(3))


def test_words_known_and_unknown() -> None:
    assert frequencies("бұл сез", one("бұл сез", "е", "ө")) == (UNKNOWN, frequency("сөз"))
    assert frequencies("қала бар", one("қала бар", "л", "п")) == (frequency("қала"), UNKNOWN)
    assert frequencies("көл бар", one("көл бар", "л", "п")) == (frequency("көл"), frequency("көп"))
    assert frequencies("12 мл", one("12 мл", "л", "м")) == (NO_WORD, NO_WORD)
    assert frequencies("«қ ала»,", one("«қ ала»,", " ", "")) == (UNKNOWN, frequency("қала"))
    row = named("сез", one("сез", "е", "ө"), None)
    assert (row["frequency_before"], row["frequency_after"], row["letters_gain"]) == (NO_WORD, NO_WORD, 0.0)


def test_letters_of_words() -> None:
    row = named("кола бар", one("кола бар", "ко", "қа"))
    likely = {word: LEXICON.letters.log_probability(word) for word in ("кола", "қала")}
    assert row["letters_gain"] == pytest.approx(likely["қала"] - likely["кола"])
    assert row["strangeness"] == pytest.approx(likely["кола"] / 4)
    assert named("қаланың", one("қаланың", "ң", "н"))["known_start"] == 4 / 7
    assert row["known_start"] == 0


def test_usual_misreadings() -> None:
    background = Background(LEXICON, usual=Misreadings({("ө", "е"): 0.25}))
    [row] = features("Сез,", [Edit(1, 2, "е", "ө", 0.9)], background)
    assert row[FEATURES.index("misreading")] == pytest.approx(math.log(0.25))
    [row] = features("сез", [Edit(0, 3, "сез", "", 0.9)], background)
    assert row[FEATURES.index("misreading")] == 0


def test_the_text_model_is_asked_about_whole_words() -> None:
    model = TextModel.from_lines(["көп сөз бар"] * 50, order=3, least_count=1)
    text = "көп сез бар"
    [row] = features(text, [one(text, "е", "ө")], Background(LEXICON, text_model=model))
    expected = -model.gains("көп сөз бар", [(4, 7, "сез")])[0]
    assert row[FEATURES.index("text_gain")] == pytest.approx(min(expected, 25.0))
    assert expected > 1


def test_kinds_of_edits() -> None:
    assert named("сөзбар", Edit(3, 3, "", " ", 0.9))["is_split"] == 1
    assert named("бар.", one("бар.", ".", ","))["is_mark"] == 1
    row = named("Бар", one("Бар", "Б", "б"))
    assert (row["is_capitalised"], row["same_shape"], row["is_mark"]) == (1, 1, 0)
    assert named("кала", one("кала", "к", "қ"))["same_shape"] == 1
    assert named("пала", one("пала", "п", "қ"))["same_shape"] == 0
    row = named("барр", Edit(3, 4, "р", "", 0.9))
    assert (row["is_deletion"], row["is_insertion"], row["is_split"]) == (1, 0, 0)
    row = named("ба", Edit(2, 2, "", "р", 0.9))
    assert (row["is_deletion"], row["is_insertion"]) == (0, 1)


def test_signs_that_no_kazakh_word_has() -> None:
    assert named("6арды", one("6арды", "6", "б"))["is_foreign"] == 1
    assert named("бар. көп", one("бар. көп", ".", ","))["is_foreign"] == 1
    assert named("қ ала", one("қ ала", " ", ""))["is_foreign"] == 0
    assert named("кала", one("кала", "к", "қ"))["is_foreign"] == 0


def test_a_mark_is_not_credited_with_the_letters_before_it() -> None:
    asked: list[tuple[int, int, str]] = []

    def fits(text: str, changes: Sequence[tuple[int, int, str]]) -> list[float]:
        assert text == "көп. қала"
        asked.extend(changes)
        return [0.0] * len(changes)

    edits = [Edit(1, 2, "е", "ө", 0.9), Edit(3, 3, "", ".", 0.9)]
    letter, mark = features("кеп қала", edits, Background(LEXICON, context=fits))
    assert asked == [(0, 4, "кеп"), (0, 4, "көп."), (0, 4, "көп"), (0, 4, "көп.")]
    place = FEATURES.index("frequency_before")
    assert (letter[place], mark[place]) == (UNKNOWN, frequency("көп"))
    assert mark[FEATURES.index("is_mark")] == 1


def test_noise_is_what_the_other_edits_are() -> None:
    text = "сез кәп қада бар " * 5 + "əн"
    edits = [one(text, "сез", "сөз"), one(text, "кәп", "көп"), one(text, "қада", "қала")]
    alone, together = named(text, edits[0])["noise"], features(text, edits)[0][FEATURES.index("noise")]
    assert alone == pytest.approx(math.log(0.5 / (len(text) + 20)) - math.log(0.02))
    assert together == pytest.approx(math.log(2.5 / (len(text) + 20)) - math.log(0.02))
    repair = Edit(len(text) - 2, len(text) - 1, "ə", "ә", 1.0)
    assert features(text, [edits[0], repair])[0][FEATURES.index("noise")] == alone


def test_noise_of_the_document() -> None:
    edit, place = one("сез бар", "е", "ө"), FEATURES.index("document_noise")
    values = [
        features("сез бар", [edit], Background(LEXICON, profile=Profile.of(document, LEXICON)))[0][
            FEATURES.index("document_noise")
        ]
        for document in ("сөз көп " * 50, "сез кәп " * 50)
    ]
    assert values[0] < 0 < values[1]
    assert features("сез бар", [edit], Background(LEXICON))[0][place] == 0.0


def test_what_is_proposed_elsewhere() -> None:
    text = "сез бар, сез көп"
    edits = [Edit(1, 2, "е", "ө", 0.9), Edit(10, 11, "е", "ө", 0.9)]
    once, twice = Recurrence.of(edits[:1], "а" * 200), Recurrence.of(edits, "а" * 200)
    rows = [
        dict(zip(FEATURES, features(text, edits, Background(LEXICON, recurrence=one))[0], strict=True))
        for one in (once, twice)
    ]
    assert [row["recurrence"] for row in rows] == pytest.approx([0.0, math.log(1.9)])
    assert [row["document_edits"] for row in rows] == pytest.approx(
        [once.share_of_others(edits[0]), twice.share_of_others(edits[0])]
    )


def test_words_are_those_that_all_edits_together_make() -> None:
    place = FEATURES.index("frequency_after")
    for text, edits in (
        ("сө з қ ала", [Edit(2, 3, " ", "", 0.9), Edit(6, 7, " ", "", 0.9)]),
        ("с ө з", [Edit(1, 2, " ", "", 0.9), Edit(3, 4, " ", "", 0.9)]),
        ("барсез", [Edit(3, 3, "", " ", 0.9), Edit(4, 5, "е", "ө", 0.9)]),
    ):
        rows = features(text, edits, Background(LEXICON))
        assert all(row[place - 1] == UNKNOWN < row[place] for row in rows), text


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
    assert [row["context_gain"] for row in rows] == [4.0, -12.0]
    assert named(text, edits[0])["context_gain"] == 0.0
    asked.clear()
    features("көп сез.", [Edit(5, 6, "е", "ө", 0.9), Edit(7, 8, ".", ",", 0.6)], background)
    assert [words for _, _, words in asked] == ["сез", "сөз", "сөз", "сөз"]  # what follows the last sign nobody knows


def test_words_are_asked_about_where_the_edits_before_them_have_moved_them() -> None:
    asked = []

    def context(text: str, changes: Sequence[tuple[int, int, str]]) -> list[float]:
        asked.extend((text, text[start:end], words) for start, end, words in changes)
        return [0.0] * len(changes)

    text = "қ ала мен сез бар"
    features(text, [one(text, " ", ""), one(text, "сез", "сөз")], Background(LEXICON, context=context))
    corrected = "қала мен сөз бар"
    assert asked == [
        (corrected, word, words)
        for word, words in [("қала", "қ ала"), ("қала", "қала"), ("сөз", "сез"), ("сөз", "сөз")]
    ]


@pytest.mark.parametrize(
    ("text", "before", "after", "becomes_known"),
    [
        ("бұл қа-\nлз бар", "з", "а", True),
        ("бұл кз-\nла бар", "кз", "қа", True),
        ("бұл қала-\nсёз", "ё", "ө", True),
        ("бұл қа-\nла бар", "ла", "ло", False),
        ("бұл қа¬\n ла бар", "ла", "ло", False),
    ],
)
def test_a_word_that_a_line_end_divides_is_one_word(text: str, before: str, after: str, becomes_known: bool) -> None:
    was, now = frequencies(text, one(text, before, after))
    assert (was, now)[1 - becomes_known] == UNKNOWN < (was, now)[becomes_known] < 0


def test_repairs() -> None:
    assert is_repair(Edit(0, 1, "ə", "ә", 1.0))
    assert is_repair(Edit(0, 2, "и\u0306", "й", 1.0))
    assert not is_repair(Edit(0, 1, "е", "ө", 1.0))


def test_features_are_finite_whatever_stands_there() -> None:
    background = Background(LEXICON)
    for text in ("", "  ", "…", "12", "Ғ", "сез\n\nқала", "a" * 50):
        edits = [Edit(0, len(text), text, "көп", 1e-9)]
        assert np.isfinite(features(text, edits, background)).all()
