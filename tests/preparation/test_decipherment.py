from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import ScriptedDecoder
from kzocr.corrector import Corrector
from kzocr.edits import apply_edits
from kzocr.language.text_model import TextModel
from kzocr.preparation.decipherment import CONFIDENCE_DECIPHERED, LEAST_PLACES, deciphered
from kzocr.preparation.steps import Knowledge, Preparation

LINES = [
    "Мұғалім балаларға көл жағасындағы құстарды көрсетті.",
    "Құстарды балалар түнде де, күндіз де көрген екен.",
    "Көл жағасындағы қамыс ішінде жүздеген құс жүрген.",
    "Мұғалім айтқан сөз балаларға ұнаған, олар түнде ұйықтамаған.",
]
PRINTED = "\n".join(LINES)
WORDS = frozenset("".join(sign if sign.isalpha() else " " for sign in PRINTED.lower()).split())


@pytest.fixture(scope="module")
def text_model() -> TextModel:
    return TextModel.from_lines(LINES * 3)


def read(text_model: TextModel, text: str) -> str:
    return apply_edits(text, deciphered(text, text_model, WORDS.__contains__))


def with_signs(signs: dict[str, str]) -> str:
    return "".join(signs.get(letter, letter) for letter in PRINTED)


@pytest.mark.parametrize("sign", ["□", "\ufffd", "¤"])
def test_one_sign_for_all_letters(text_model: TextModel, sign: str) -> None:
    assert read(text_model, with_signs(dict.fromkeys("әғқңөұүі", sign))) == PRINTED


def test_a_sign_for_each_letter(text_model: TextModel) -> None:
    signs = {"і": "³", "ғ": "º", "ү": "(cid:17)", "ө": "@"}
    assert read(text_model, with_signs(signs)) == PRINTED


def test_capitals_of_other_alphabets(text_model: TextModel) -> None:
    both = f"{PRINTED}\n{PRINTED.upper()}"
    assert read(text_model, both.translate(str.maketrans("ғҒұҰ", "єЄўЎ"))) == both


def test_a_sign_that_is_not_deciphered_stays_in_its_place(text_model: TextModel) -> None:
    signs = with_signs({"ғ": "º"}).replace("ұйықтама", "ұйы(cid:5)тама")
    assert read(text_model, signs) == PRINTED.replace("ұйықтама", "ұйы(cid:5)тама")


def test_a_rare_sign_beside_others_stays(text_model: TextModel) -> None:
    printed = read(text_model, with_signs({"ғ": "º", "ж": "+"}))
    assert printed == PRINTED.replace("ж", "+")


def test_a_capital_where_a_sentence_begins(text_model: TextModel) -> None:
    text = with_signs(dict.fromkeys("ғқөұүіҚ", "□"))
    assert read(text_model, f"Ол айтты. {text.splitlines()[1]}\n{text}").startswith("Ол айтты. Құстарды балалар түнде")
    upper = "МҰҒАЛІМ АЙТҚАН СӨЗ. ҚҰСТАРДЫ БАЛАЛАРҒА КӨРСЕТТІ."
    lost = "".join("□" if letter in "ҒҚӨҰІ" else letter for letter in upper)
    assert read(text_model, lost) == upper


def test_question_marks_that_stand_behind_words_are_some(text_model: TextModel) -> None:
    text = "с?з к?л т?нде к?ндіз " + "Балалар? Мұғалім? Екен? " * 6
    assert deciphered(text, text_model, WORDS.__contains__) == []
    assert deciphered("с?з к?л т?нде к?ндіз", text_model, WORDS.__contains__) != []


def test_a_question_mark_before_another_mark_is_a_letter(text_model: TextModel) -> None:
    text = with_signs(dict.fromkeys("ғқөұүі", "?")) + " т?н?, к?л"
    is_known = (WORDS | {"түн", "түні"}).__contains__
    assert apply_edits(text, deciphered(text, text_model, is_known)).endswith(" түні, көл")


def test_question_marks_stay_where_they_are_some(text_model: TextModel) -> None:
    text = with_signs(dict.fromkeys("ғқөұүі", "?")) + " Көл ме? Түн. Балалар?"
    assert read(text_model, text).endswith(" Көл ме? Түн. Балалар?")
    assert "балаларға көл жағасындағы құстарды" in read(text_model, text)


@pytest.mark.parametrize(
    "text",
    [
        "Мұ□алім балалар□а сөз айтқан.",
        "пере□од ко□ферен□ия про□рамма ин□ерес ма□азин",
        "қ*ыс, т*үн, к*өл, қ*ұс, с*өз",
        "5 м³, 7 км³, 9 м³, 12 м³, 15 м³",
        "a?b c?d e?f g?h",
        "",
    ],
)
def test_what_makes_no_words_stays(text_model: TextModel, text: str) -> None:
    assert deciphered(text, text_model, WORDS.__contains__) == []


def test_a_number_is_none(text_model: TextModel) -> None:
    text = with_signs({"і": "1"}) + " 1 бала, 11бала, 2011 жыл, а1б"
    assert read(text_model, text) == PRINTED + " 1 бала, 11бала, 2011 жыл, а1б"


def test_the_corrector_reads_letters_for_signs(text_model: TextModel) -> None:
    corrector = Corrector(ScriptedDecoder(str), preparation=Preparation(Knowledge(text_model, WORDS.__contains__)))
    correction = corrector.explain(with_signs({"ө": "□", "ү": "□"}) + " www.к□л.kz")
    assert correction.text == f"{PRINTED} www.к□л.kz"
    assert {edit.confidence for edit in correction.edits} == {CONFIDENCE_DECIPHERED}
    assert correction.is_settled


@given(st.text(st.sampled_from("көлқұс□?³1 .\n"), max_size=60))
@settings(max_examples=100, deadline=None)
def test_only_signs_change(text: str) -> None:
    model = TextModel.from_lines(LINES)
    edits = deciphered(text * LEAST_PLACES, model, WORDS.__contains__)
    assert all(len(edit.before) == 1 and edit.before in "□?³1" and edit.after.isalpha() for edit in edits)
    assert [edit.start for edit in edits] == sorted({edit.start for edit in edits})


@pytest.mark.parametrize(("n_known", "is_believed"), [(3, True), (2, False)])
def test_three_words_in_five_must_become_known_ones(text_model: TextModel, n_known: int, is_believed: bool) -> None:
    words = ["мұғалім", "құстарды", "құс", "ұнаған", "ұйықтамаған"]
    text = " ".join(words)
    lost = text.replace("ұ", "□")
    edits = deciphered(lost, text_model, words[:n_known].__contains__)
    assert apply_edits(lost, edits) == (text if is_believed else lost)


def test_cubic_metres_stay_where_the_sign_is_a_letter(text_model: TextModel) -> None:
    text = with_signs({"і": "³"})
    assert read(text_model, text + " 5 м³, 7 км³, 9 дм³") == PRINTED + " 5 м³, 7 км³, 9 дм³"
    assert read(text_model, text + " көлем³ 5 м³") == PRINTED + " көлемі 5 м³"


@pytest.mark.parametrize("n_pieces", [40, 41])
def test_words_of_forty_letters_and_no_longer_ones_are_looked_at(text_model: TextModel, n_pieces: int) -> None:
    long = ("қ□с" + "тар" * 13)[: n_pieces - 1] + "а"
    printed = long.replace("□", "ұ") if n_pieces == 40 else long
    assert read(text_model, f"{with_signs({'ұ': '□'})} {long}") == f"{PRINTED} {printed}"
