from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.language.lexicon import Lexicon
from kzocr.spelling import profile
from kzocr.spelling.profile import NO_PROFILE, Profile

LEXICON = Lexicon({"негізгі": 9, "қандай": 8, "роман": 7, "толқын": 5, "дала": 30, "бала": 40})


def test_a_document_that_takes_one_letter_for_another_does_it_again() -> None:
    found = Profile.of("мегізгі қамдай ромам, қамдай", LEXICON)
    assert found.repetition(printed="толқын", read="толқым") > found.repetition(printed="бала", read="дала")
    assert found.repetition(printed="бала", read="дала") == 0.0


def test_an_unknown_word_shows_what_known_ones_near_it_would_have_been_read_as() -> None:
    weight = 8**0.6  # of «қандай», which was seen eight times; 3 speak for the word as it stands
    assert Profile.of("қамдай", LEXICON).misread == {("н", "м"): pytest.approx(weight / (weight + 3.0))}
    assert Profile.of("дара", LEXICON).misread == {("л", "р"): pytest.approx(30**0.6 / (30**0.6 + 3.0))}
    assert Profile.of("тақ", Lexicon({"тау": 90})).misread == {}


def test_a_word_is_no_witness_for_itself() -> None:
    alone = Profile.of("Қамдай бала дала қамдай", LEXICON)
    assert alone.repetition(printed="қандай", read="Қамдай") == pytest.approx(0.0)
    assert alone.repetition(printed="толқын", read="толқым") > 0.0


def test_share_of_misread_words_is_drawn_to_the_usual_one() -> None:
    assert Profile.of("", LEXICON).misread_share() == NO_PROFILE.misread_share() == 0.04
    assert Profile.of("бала дала негізгі " * 100, LEXICON).misread_share() < 0.01
    assert Profile.of("мегізгі ромам қамдай " * 100, LEXICON).misread_share() > 0.9
    assert 0.04 < Profile.of("мегізгі", LEXICON).misread_share() < 0.1


def test_a_word_that_is_asked_about_does_not_count() -> None:
    line = Profile.of("бала дала қамдай қандай", LEXICON)
    assert line.misread_share("Қамдай,") == 1 / 28 < line.misread_share()
    assert line.misread_share("бала") > line.misread_share()
    page = Profile.of("ромам мегізгі қ а з " * 100, LEXICON)
    assert page.misread_share("ромам") == pytest.approx(page.misread_share(), abs=0.01)
    assert NO_PROFILE.misread_share("қамдай қамдай") == 1 / 25
    assert NO_PROFILE.noise() == 0 < page.noise("ромам")


def test_words_that_look_like_no_known_one_are_rare_rather_than_misread() -> None:
    assert Profile.of("бүлдіршіндер " * 100, LEXICON).misread_share() < 0.02
    assert Profile.of("бүл;ірш]ндер " * 100, LEXICON).misread_share() > 0.7
    assert Profile.of("қ а з " * 100, LEXICON).misread_share() > 0.9


def test_words_are_counted_in_lower_case() -> None:
    assert Profile.of("Бала, БАЛА дала!", LEXICON).counts == {"бала": 2, "дала": 1}


def test_russian_passages_say_nothing() -> None:
    russian = "Письмо хранится в областном архиве, его написал мой дед, когда был молодым. "
    kazakh = "бала негізгі қандай толқын дала роман бала\n"
    assert Profile.of(kazakh + russian + kazakh, LEXICON) == Profile.of(kazakh + kazakh, LEXICON)


def test_frequent_words_are_looked_up_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "PROFILED_WORDS", 1)
    assert set(Profile.of("ромам қамдай қамдай", LEXICON).misread_in) == {("қамдай", ("н", "м"))}


@given(st.text("абдлңмн -", max_size=60))
def test_numbers_are_sensible_for_any_text(text: str) -> None:
    found = Profile.of(text, LEXICON)
    assert 0 < found.misread_share() < 1
    assert 0 < found.misread_share(text) < 1
    assert all(value > 0 for value in found.misread.values())
    assert found.repetition(printed="бала", read="дала") >= 0.0
