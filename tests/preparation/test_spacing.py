from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import ScriptedDecoder
from kzocr.correction.guards import Guards
from kzocr.corrector import Corrector
from kzocr.edits import apply_edits
from kzocr.language.text_model import TextModel
from kzocr.preparation.spacing import CONFIDENCE_APART, CONFIDENCE_TOGETHER, Spacing
from kzocr.preparation.steps import Knowledge, Preparation

LINES = [
    "Күзде бау-бақша жемісін жинайтын кез келеді.",
    "Жемісін жинайтын кез келсе, бақша иелері қуанады.",
    "Бақша иелері күзде қуанады, көршілер де келеді.",
    "Көршілер күзде жемісін жинайтын бақша аз емес.",
]
WORDS = frozenset("күзде бақша жемісін жинайтын кез келеді келсе иелері қуанады көршілер де аз емес".split())


@pytest.fixture(scope="module")
def spacing() -> Spacing:
    return Spacing(TextModel.from_lines(LINES * 3), WORDS.__contains__)


def prepared(spacing: Spacing) -> Preparation:
    return Preparation(Knowledge(spacing.text_model, spacing.is_known))


def spaced(spacing: Spacing, text: str) -> str:
    return apply_edits(text, spacing.edits(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("К ү з д е б а қ ш а и е л е р і", "Күзде бақша иелері"),
        ("К Ү З Д Е   Б А Қ Ш А   И Е Л Е Р І", "КҮЗДЕ   БАҚША   ИЕЛЕРІ"),
        ("Күзде: б а қ ш а , к ө р ші л е р ! Аз.", "Күзде: бақша, көршілер! Аз."),
        ("б а у -б а қ ш а ж е м і с і н", "бау-бақша жемісін"),
        ("К ү з д е ( 1 9 3 7 ) б а қ ш а", "Күзде (1937) бақша"),
        ("2 0 2 3 к ү з д е 1 9 б а қ ш а", "2023 күзде 19 бақша"),
        ("« б а қ ш а » — к ү з д е ж е м і с і н", "«бақша» — күзде жемісін"),
        ("2 0 2 3 - к ү з д е 1 9 - б а қ ш а", "2023-күзде 19-бақша"),
        ("к ү з д е - б а қ ш а", "күзде - бақша"),
    ],
)
def test_letters_that_stand_apart_are_closed_up(spacing: Spacing, text: str, expected: str) -> None:
    assert spaced(spacing, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "к ү з д е\nб а қ ш а",
        "а ә б в г ғ д е ж з",
        "А. Б. В. Г. Д. Е. Ж.",
        "a b c d e f g h",
        "1 2 3 4 5 6 7 8",
        "а ә б в г ғ д 1 2 3 4 5 6",
        "кез аз де",
        "",
        "к ү з",
    ],
)
def test_what_is_no_text_stays_apart(spacing: Spacing, text: str) -> None:
    assert spacing.edits(text) == []


def test_digits_that_are_no_year_stay_apart(spacing: Spacing) -> None:
    assert spaced(spacing, "ж е м і с і н 1 2 3 4 5") == "жемісін 1 2 3 4 5"
    assert spaced(spacing, "ж е м і с і н 1 9 3 7 4") == "жемісін 1 9 3 7 4"
    assert spaced(spacing, "ж е м і с і н 2 5") == "жемісін 2 5"
    assert spaced(spacing, "б а қ ш а  1 9  к ү з д е") == "бақша  19  күзде"


def test_words_that_run_together_are_parted(spacing: Spacing) -> None:
    assert spaced(spacing, "Күздебақшаиелеріқуанады.") == "Күзде бақша иелері қуанады."
    assert spaced(spacing, "жемісінжинайтынкезкеледі") == "жемісін жинайтын кез келеді"
    assert {edit.confidence for edit in spacing.edits("жемісінжинайтынкезкеледі")} == {CONFIDENCE_TOGETHER}


def test_a_space_comes_between_known_words_only(spacing: Spacing) -> None:
    few = Spacing(spacing.text_model, frozenset(["жемісін", "жинайтын"]).__contains__)
    assert spaced(few, "жемісінжинайтынкезкеледі") == "жемісін жинайтынкезкеледі"
    whole = Spacing(spacing.text_model, frozenset(["жемісінжинайтын"]).__contains__)
    assert whole.edits("жемісінжинайтын") == []


def test_a_known_word_stays_whole_unless_the_text_is_much_likelier_with_a_space(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The two words are seen more often than the one that they make."""
    text_model = TextModel.from_lines([*LINES * 3, "Күзде бақшаиелері қуанады."])
    spacing = Spacing(text_model, (WORDS | {"бақшаиелері"}).__contains__)
    assert spaced(spacing, "Күздебақшаиелеріқуанады.") == "Күзде бақшаиелері қуанады."
    monkeypatch.setattr("kzocr.preparation.spacing.WITHIN_WORD", 0.0)
    assert spaced(spacing, "Күздебақшаиелеріқуанады.") == "Күзде бақша иелері қуанады."


def test_wide_gaps_are_those_between_words(spacing: Spacing) -> None:
    assert spaced(spacing, "б а қ  ш а к ү з д е") == "бақ  шакүзде"


def test_long_stretches_are_no_harder(spacing: Spacing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kzocr.preparation.spacing.SETTLED_EVERY", 20)
    read = " ".join("күздебақшаиелеріқуанады" * 20)
    assert spaced(spacing, read) == " ".join(["күзде бақша иелері қуанады"] * 20)


def test_a_word_without_end_is_left_alone(spacing: Spacing) -> None:
    assert spacing.edits("күздебақша" * 100_000) == []


@given(st.text(st.sampled_from("күздебақша  ,.-«»1a\n"), max_size=60))
@settings(max_examples=100, deadline=None)
def test_only_spaces_change(text: str) -> None:
    spacing = Spacing(TextModel.from_lines(LINES), WORDS.__contains__)
    result = spaced(spacing, text)
    assert result.replace(" ", "") == text.replace(" ", "")


def test_the_corrector_sees_closed_words_and_its_edits_are_of_the_original(spacing: Spacing) -> None:
    text = "Міне: к ү з д е б а қ ш а сез."
    decoder = ScriptedDecoder(lambda window: window.replace("сез", "сөз"))
    correction = Corrector(decoder, preparation=prepared(spacing)).explain(text)
    assert correction.text == "Міне: күзде бақша сөз."
    assert correction.is_settled
    assert apply_edits(text, correction.edits) == correction.text
    assert "Міне: күзде бақша сез." in decoder.inputs
    assert not any("к ү з" in window for window in decoder.inputs)
    assert CONFIDENCE_APART in {edit.confidence for edit in correction.edits}


def test_spaces_obey_the_least_confidence(spacing: Spacing) -> None:
    corrector = Corrector(ScriptedDecoder(str), preparation=prepared(spacing), guards=Guards(min_confidence=0.995))
    text = "к ү з д е б а қ ш а"
    assert corrector.correct(text) == text


def test_an_address_stays_together(spacing: Spacing) -> None:
    corrector = Corrector(ScriptedDecoder(str), preparation=prepared(spacing))
    assert corrector.correct("жемісінжинайтынкезкеледі@mail.kz") == "жемісінжинайтынкезкеледі@mail.kz"
    assert corrector.correct("жемісінжинайтынкезкеледі mail") == "жемісін жинайтын кез келеді mail"


def test_progress_counts_all_characters(spacing: Spacing) -> None:
    seen: list[tuple[int, int]] = []
    corrector = Corrector(ScriptedDecoder(str), preparation=prepared(spacing))
    texts = ["к ү з д е б а қ ш а", "Күзде бақша."]
    corrector.correct(texts, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (sum(map(len, texts)),) * 2
