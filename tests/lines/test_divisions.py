from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzocr.edits import apply_edits
from kzocr.language.text_model import TextModel
from kzocr.lines.divisions import CONFIDENCE_DIVIDED, divisions

LINES = [
    "Кітапхана ауылдың ортасында тұр, оқырмандары көп.",
    "Оқырмандары ауылдың кітапхана жұмысын біледі.",
    "Ол ауылдың ортасында тұрады – кітапхана жақын.",
    "Ата-ана мен оқырмандары кітапхана жұмысын көрді – жақсы.",
]
WORDS = frozenset("кітапхана ауылдың оқырмандары".split())


@pytest.fixture(scope="module")
def text_model() -> TextModel:
    return TextModel.from_lines(LINES * 3)


def closed_up(text_model: TextModel, text: str) -> str:
    return apply_edits(text, divisions(text, text_model, WORDS.__contains__))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Кітап- хана ауыл- дың ортасында", "Кітапхана ауылдың ортасында"),
        ("оқыр- манда- ры көп", "оқырмандары көп"),
        ("КІТАП- ХАНА", "КІТАПХАНА"),
        ("кітап - хана жұмысын", "кітапхана жұмысын"),
        ("кітап\u00ad хана, ауыл¬ дың", "кітапхана, ауылдың"),
        ("ата- ана мен", "ата-ана мен"),
        ("әдіс- тәсілдер", "әдіс-тәсілдер"),
        ("КТК- ның", "КТК-ның"),
        ("1990- жылы", "1990-жылы"),
        ("оқырман-дары ауылдың кітап-хана", "оқырмандары ауылдың кітапхана"),
    ],
)
def test_divided_words_are_closed_up(text_model: TextModel, text: str, expected: str) -> None:
    assert closed_up(text_model, text) == expected
    assert {edit.confidence for edit in divisions(text, text_model, WORDS.__contains__)} == {CONFIDENCE_DIVIDED}


@pytest.mark.parametrize(
    "text",
    [
        "тұрады - кітапхана жақын",
        "тұрады- кітапхана жақын",
        "кітап-\nхана",
        "кітап- Хана",
        "ата - ана мен",
        "2023-жыл",
        "2023 - жыл",
        "2023- Жыл",
        "ата-ана мен",
        "жұмы-сын",
        "text- layer",
        "КСР- ҒА",
        "т- ұр",
        "",
    ],
)
def test_what_may_be_two_words_stays(text_model: TextModel, text: str) -> None:
    assert divisions(text, text_model, WORDS.__contains__) == []


def test_a_document_that_writes_the_word_with_a_hyphen_keeps_it(text_model: TextModel) -> None:
    alone = closed_up(text_model, "кітап- хана")
    assert alone == "кітапхана"
    text = "кітап-хана, кітап-хана, кітап-хана, кітап-хана, кітап-хана, кітап- хана"
    assert closed_up(TextModel.from_lines(["кітап-хана, кітап-хана"]), text) == text.replace("- ", "-")


@given(st.text(st.sampled_from("кітап хана-–¬\u00ad\n1A"), max_size=60))
@settings(max_examples=100, deadline=None)
def test_only_hyphens_and_spaces_go(text: str) -> None:
    edits = divisions(text, TextModel.from_lines(LINES), WORDS.__contains__)
    assert [edit.start for edit in edits] == sorted(edit.start for edit in edits)
    signs = str.maketrans("", "", " -\u00ad¬")
    assert apply_edits(text, edits).translate(signs) == text.translate(signs)
