from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import ScriptedDecoder
from kzocr.corrector import Corrector
from kzocr.edits import apply_edits
from kzocr.language.text_model import TextModel
from kzocr.preparation.lost_letters import CONFIDENCE_LOST, lost_letters
from kzocr.preparation.steps import Knowledge, Preparation
from kzocr.text import KAZAKH_SPECIFIC_LOWER, KAZAKH_SPECIFIC_UPPER

LINES = [
    "Қыстың қысқа күнінде үйдің іші жылы, ұйқы тәтті.",
    "Ғалым үйдің алдындағы қарды күреді, өзі әнді жақсы көреді.",
    "Күннің көзі көрінді, ұшқан құстың үні де естілді.",
    "Өзеннің үсті мұз, ғажап әдемі көрініс.",
]
PRINTED = "\n".join(LINES * 2)
WORDS = frozenset("".join(sign if sign.isalpha() else " " for sign in PRINTED.lower()).split())
LETTERS = KAZAKH_SPECIFIC_LOWER + KAZAKH_SPECIFIC_UPPER


@pytest.fixture(scope="module")
def text_model() -> TextModel:
    return TextModel.from_lines(LINES * 3)


def read(text_model: TextModel, text: str) -> str:
    return apply_edits(text, lost_letters(text, text_model, WORDS.__contains__))


def without(letters: str, left: str) -> str:
    return "".join(left if letter in letters else letter for letter in PRINTED)


@pytest.mark.parametrize(
    ("letters", "left"), [(LETTERS, " "), (LETTERS, ""), (LETTERS.translate({ord("і"): None}), " ")]
)
def test_lost_letters_come_back(text_model: TextModel, letters: str, left: str) -> None:
    lines = read(text_model, without(letters, left)).splitlines()
    # A capital comes back where a sentence begins, and a line need not begin one.
    assert lines[0] == LINES[0]
    assert [line.lower() for line in lines] == PRINTED.lower().splitlines()


def test_lost_letters_come_back_where_spaces_in_a_row_became_one(text_model: TextModel) -> None:
    gaps = "\n".join(" ".join(line.split()) for line in without(LETTERS, " ").splitlines())
    assert read(text_model, gaps).lower() == PRINTED.lower()


def test_long_lines_are_no_harder(text_model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kzocr.preparation.lost_letters.SETTLED_EVERY", 20)
    line = without(LETTERS, " ").replace("\n", " ")
    assert read(text_model, line).lower() == PRINTED.lower().replace("\n", " ")


def test_capitals(text_model: TextModel) -> None:
    upper = PRINTED.upper()
    assert read(text_model, "".join(letter for letter in upper if letter not in LETTERS)) == upper


@pytest.mark.parametrize("left", [" ", ""])
def test_letters_of_which_half_are_lost_come_back(left: str) -> None:
    lines = [
        "Бала далада доп ойнады, анасы шай дайындады.",
        "Ата балаға аттың жалын тарауды, тайды баптауды айтты.",
        "Базарда алма, алмұрт, сары май, балмұздақ сатылады.",
        "Қала шетінде ағаш отырғызды, арық қазды.",
        "Таулардан аққан бұлақ суы даланы аралап барады.",
    ]
    printed = "\n".join(lines * 6)
    n_lost = itertools.count()
    text = "".join(left if letter in LETTERS and next(n_lost) % 2 else letter for letter in printed)
    known = frozenset(re.findall(r"\w+", printed.lower()))
    edits = lost_letters(text, TextModel.from_lines(lines * 3), known.__contains__)
    assert apply_edits(text, edits).lower() == printed.lower()


@pytest.mark.parametrize(
    "text",
    [
        PRINTED,
        # Abbreviations of an engine that reads «К,» for Қ have no vowel, and are no words.
        "К,ыстын, к,ыск,а кунi. Г,алым к,арды куредi. Ұшк,ан к,ус Ә. Ғ. Қ. Ң. Ү. Өзен г,ажап.\n" * 4,
        PRINTED.translate(str.maketrans("әғқңөұүһі", "агкноуухи")),
        "В школе тридцать учеников, все они хотят учиться дальше.\n" * 5,
        LINES[0].translate(dict.fromkeys(map(ord, LETTERS), " ")),
        "",
    ],
)
def test_text_that_lost_nothing_stays(text_model: TextModel, text: str) -> None:
    assert lost_letters(text, text_model, WORDS.__contains__) == []


def test_the_corrector_puts_them_back(text_model: TextModel) -> None:
    corrector = Corrector(ScriptedDecoder(str), preparation=Preparation(Knowledge(text_model, WORDS.__contains__)))
    text = without(LETTERS, "") + " www.kzocr.kz"
    correction = corrector.explain(text)
    assert correction.text.lower() == f"{PRINTED} www.kzocr.kz".lower()
    assert {edit.confidence for edit in correction.edits} == {CONFIDENCE_LOST}
    assert apply_edits(text, correction.edits) == correction.text
    assert correction.is_settled


@given(st.text(st.sampled_from("күн бзАж1.\r\n İ"), max_size=60))
@settings(max_examples=60, deadline=None)
def test_only_letters_come_in(text: str) -> None:
    text = "ж шн бл тн кз " * 10 + text
    edits = lost_letters(text, TextModel.from_lines(LINES), lambda word: len(word) > 3)
    assert all(not edit.before.strip() and edit.after.replace(" ", "").isalpha() for edit in edits)
    apply_edits(text, edits)
