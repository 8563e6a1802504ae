from __future__ import annotations

import pytest

from kzocr.inference.doubts import DIVISION, whole_or_compound, whole_words

KNOWN = {"өндіріс", "қарым", "қатынас"}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Өнді-\nріс", "өндіріс"),
        ("өнді- \n  ріс", "өндіріс"),
        ("өнді¬\r\nріс", "өнді¬\r\nріс"),
        ("қарым-қатынас", "қарым-қатынас"),
        ("ол\nбар", "ол\nбар"),
    ],
)
def test_words_in_one_piece(text: str, whole: str) -> None:
    assert whole_words(text) == whole


def test_known_pieces_are_a_compound_unless_they_make_a_known_word() -> None:
    assert whole_or_compound("Өнді-\nріс туралы", KNOWN.__contains__) == "Өндіріс туралы"
    assert whole_or_compound("қарым-\nқатынас", KNOWN.__contains__) == "қарым қатынас"
    assert whole_or_compound("қарым-\nқатыназ", KNOWN.__contains__) == "қарымқатыназ"
    assert whole_or_compound("5-\nбап", KNOWN.__contains__) == "5-\nбап"


def test_what_divides_a_word() -> None:
    assert DIVISION.fullmatch("-\n")
    assert not DIVISION.fullmatch("\n")
    assert not DIVISION.fullmatch(" -\n")
