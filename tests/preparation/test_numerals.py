from __future__ import annotations

import pytest

from kzocr.edits import apply_edits
from kzocr.preparation.numerals import numerals


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("ХУШ ғасырда", "XVIII ғасырда"),
        ("УП-УШ ғасырлар", "VII-VIII ғасырлар"),
        ("XVII – ХҮІІІ ғғ.", "XVII – XVIII ғғ."),
        ("ХУ! ғ. соңы, УІІ ғ. басы", "XVI ғ. соңы, VII ғ. басы"),
        ("ХУ-ғасыр", "XV-ғасыр"),
        ("Ш ғасыр", "III ғасыр"),
        ("П дүниежүзілік соғыс", "II дүниежүзілік соғыс"),
        ("И дүниежүзілік соғыс", "II дүниежүзілік соғыс"),
        ("ІУ\nғасыр", "IV\nғасыр"),
        ("Х1Х ғасырдың", "ХІХ ғасырдың"),
        ("XlX-XX ғғ.", "XIX-XX ғғ."),
        ("V1 тарау", "VI тарау"),
        ("X|V ғасыр", "XIV ғасыр"),
        ("ХХУ!І съезі", "XXVII съезі"),
        ("П бөлім. Ш том. ХХХУП сессия", "II бөлім. III том. XXXVII сессия"),
    ],
)
def test_numerals_of_centuries_are_latin(read: str, printed: str) -> None:
    assert apply_edits(read, numerals(read)) == printed


@pytest.mark.parametrize(
    "text",
    [
        "ХІХ ғасыр",
        "XVIII ғасыр",
        "ҮШ ҒАСЫР",
        "Үш ғасыр",
        "ХУШ жылы",
        "ҮШІ ғғ.",
        "ХУХ ғасыр",
        "АХУ ғасыр",
        "ҚХПУ ғ.",
        "1 ғасыр",
        "11 ғасырда",
        "l тарау",
        "1 тарау",
        "Ш. Томов",
        "И томаты, и огурцы",
        "И том же",
        "Ш томпиды",
        "",
    ],
)
def test_what_is_no_such_numeral_stays(text: str) -> None:
    assert numerals(text) == []
