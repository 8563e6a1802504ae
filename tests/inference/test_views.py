from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.inference.views import columns, is_known, view


@given(st.text(st.characters()) | st.text("əӛқ \t\r\n\u0306и\u00ad😀а_¬"))
def test_every_character_is_seen_hidden_or_replaced(window: str) -> None:
    seen = view(window)
    assert len(seen.text) == len(seen.starts) == len(seen.ends)
    assert seen.text == seen.text.strip()
    assert seen.text.encode() is not None
    position = 0
    for index, character in enumerate(seen.text):
        start, end = seen.starts[index], seen.ends[index]
        assert position <= start < end <= len(window)
        if index in seen.repairs:
            assert seen.repairs[index] == character != window[start:end]
        elif index not in seen.fixed and character != " ":
            assert window[start:end] == character
        position = end


def test_spellings_are_repaired_in_cyrillic_words_only() -> None:
    seen = view("əн Azərbaycan ҡала и\u0306 Ѳмір")
    assert seen.text == "ән Azərbaycan қала й Өмір"
    assert seen.repairs == {0: "ә", 14: "қ", 19: "й", 21: "Ө"}


def test_the_letter_of_an_old_font_is_repaired_beside_others_of_it() -> None:
    assert view("жјне ќар").text == "және ќар"
    assert view("жјне ќар").repairs == {1: "ә"}
    assert view("ЖЈНЕ ЎЛТ").repairs == {1: "Ә"}
    assert view("Београд је велики").repairs == {}
    assert view("ќар ј").repairs == {}
    assert view("µткен ћјм ўлт").text == "өткен һәм ўлт"
    assert view("5 µм").repairs == {}


def test_the_mark_of_a_lines_end_goes_where_it_was_left_inside_a_word() -> None:
    seen = view("әлеу¬меттік и\u0306¬и\u0306 а¬ə а¬\nб A¬B ¬а")
    assert seen.text == "әлеуметтік йй аә а¬\nб A¬B ¬а"
    assert seen.repairs == {4: "м", 11: "й", 12: "й", 15: "ә"}
    assert seen.span(4, 5) == (4, 6)


def test_signs_that_an_engine_cannot_print_are_repaired() -> None:
    seen = view("-- Абай -- ақын; Ме 7, Хо 12 --")
    assert seen.text == "— Абай — ақын; № 7, № 12 —"
    assert seen.repairs == {0: "—", 7: "—", 15: "№", 20: "№", 25: "—"}
    assert seen.span(7, 8) == (8, 10)
    assert view("Ауданы 5 км?, 12 мың км”.").text == "Ауданы 5 км², 12 мың км²."
    assert view("5 км?").repairs == {4: "²"}
    assert view("25 0С, 18 оC-қа").text == "25 °С, 18 °C-қа"
    assert view("25 0Сол, 18 0 С, 0С").repairs == {}
    assert view("Неше км? 5 км. 7 м?").repairs == {}
    for same in ("Ол ---- күй", "kzocr --help", "ме 7", "Ме, 7", "М. 7", "М2 7", "Мен 7", "Не 7", "а--ә"):
        assert not {"—", "№"} & set(view(same).text)


@pytest.mark.parametrize(
    ("window", "read"),
    [
        ("2ОО5 жылы", "2005 жылы"),
        ("l995 ж. І99О", "1995 ж. 1990"),
        ("1О пайыз, 1З-бап, (5О)", "10 пайыз, 13-бап, (50)"),
        ("9.ОО-де, 1О:ЗО, 55-1О-З2", "9.00-де, 10:30, 55-10-32"),
        ("25о С, 5l, О2, 2б, 16ж, 5О бет", "25о С, 5l, О2, 2б, 16ж, 50 бет"),
        ("ХХІ, ІІІ, А1О, 1Оа, a/2О, x@1О.kz, 3.1О.ОО", "ХХІ, ІІІ, А1О, 1Оа, a/2О, x@1О.kz, 3.1О.ОО"),
    ],
)
def test_letters_within_numbers_are_digits(window: str, read: str) -> None:
    assert view(window).text == read


def test_signs_whose_encoding_was_taken_for_another_are_repaired() -> None:
    seen = view("Су вЂ” „таза“, в„– 5 вЂћүйвЂњ")
    assert seen.text == "Су — „таза“, № 5 „үй“"
    assert seen.repairs == {3: "—", 13: "№", 17: "„", 20: "“"}
    assert seen.span(3, 4) == (3, 6)


def test_brackets_in_pairs_are_quotation_marks() -> None:
    assert view("<<Жас ұлан>> пен ‹‹Арай›› да").text == "«Жас ұлан» пен «Арай» да"
    for same in ("a << b", "5 << 7 >> 3", "<<Жас", "Жас>>"):
        assert view(same).text == same


@pytest.mark.parametrize(
    ("window", "read"),
    [
        (",,Ана тілі'' журналы, ‘‘Жұлдыз’’", '„Ана тілі" журналы, “Жұлдыз”'),
        ("52°31'12'' ендік", "52°31'12'' ендік"),
        ("бір,,екі, ,, үш", "бір,,екі, ,, үш"),
        ("'''сөз'''", "'''сөз'''"),
    ],
)
def test_two_marks_for_one_quotation_mark_are_repaired(window: str, read: str) -> None:
    assert view(window).text == read


def test_a_latin_h_in_a_cyrillic_word_is_typed_for_the_kazakh_letter() -> None:
    seen = view("қаhарман hәм шаh Ghана h hello")
    assert (seen.text, seen.repairs) == ("қаһарман һәм шаһ Ghана h hello", {2: "һ", 9: "һ", 15: "һ"})


def test_what_a_model_cannot_know_is_hidden_or_a_placeholder() -> None:
    seen = view("\ufeff қыз\u200bмет\t😀 س\r\nән\x0cкүй\u00a0\ud800.")
    assert seen.text == "қызмет _ _ \nән\nкүй ."
    assert [seen.text[index] for index in sorted(seen.fixed)] == [" ", "_", "_", " ", "\n"]
    assert seen.span(2, 4) is None
    assert seen.span(2, 3) == (4, 5)
    assert seen.span(3, 3) == (5, 5)


def test_known_characters() -> None:
    assert is_known("Қар жауды — №5, «ән»…\n")
    assert not any(map(is_known, "\t\ud800\x00😀سə\ufffd\u200b"))


def test_of_leaders_rules_and_gaps_between_columns_the_beginning_is_seen() -> None:
    assert view("Ән ........ 7").text == "Ән ... 7"
    assert view("Ән . . . . . . 7").text == "Ән ... 7"
    assert view("Ән ..,.·... 7").text == "Ән .., 7"
    assert view("Күй     12").text == "Күй 12"
    assert view("Ән…  «Күй»!..  — деді…").text == "Ән…  «Күй»!..  — деді…"
    seen = view("Ән ........ 7")
    assert seen.fixed == {2, 3, 4, 5, 6}
    assert seen.span(6, 7) == (11, 12)


@pytest.mark.parametrize(
    ("window", "n_fixed"),
    [
        ("Асан Б.  1905  орден\nҮсен Қ.  1912  медаль", 8),
        ("Асан Б.   1905  орден\nҮсен Қ.  1912  медаль", 7),
        ("а) алма  ә) алмұрт  б) өрік", 4),
        ("Бұл  сөйлем  жай ғана\nекі рет екі  бос орын", 0),
        ("Бұл  сөйлем екі  бос орын", 0),
        ("Ән  күй\nБи  жыр", 0),
    ],
)
def test_the_gaps_between_columns_stay(window: str, n_fixed: int) -> None:
    seen = view(window, columns(window))
    assert len(seen.fixed) == n_fixed
    assert {seen.text[place] for place in seen.fixed} <= {" "}


def test_the_rules_between_the_cells_of_a_table_stay() -> None:
    row = "| Күй | 12 |"
    assert view(row).text == row
    assert view(row).fixed == {0, 6, 11}
    assert view("| Күй тартылды |").fixed == set()
    assert view("кел|п, б|рак, ж|г|т").fixed == set()
    assert view("|---|---|").text == "|--"
