from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import ScriptedDecoder
from kzocr.corrector import Corrector
from kzocr.edits import Edit, apply_edits
from kzocr.lines.repeats import Folding


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ән\nән\nән\nкүй\n", "ән\nкүй\n"),
        ("ән\nкүй\nән\n", "ән\nкүй\nән\n"),
        ("күй\nән\r\nән", "күй\nән\r\n"),
        ("ән\n ән\n", "ән\n ән\n"),
        ("ән \nән\n", "ән \n"),
        ("ән\n\n\nән\n", "ән\n\n\nән\n"),
        ("ән  12\nән  12\n", "ән  12\nән  12\n"),
        ("ән", "ән"),
        ("", ""),
    ],
)
def test_a_run_of_the_same_line_is_one_line(text: str, folded: str) -> None:
    folding = Folding.of(text)
    assert folding.text == folded
    assert folding.has_repeats == (folded != text)


def test_what_is_done_to_a_line_is_done_to_its_repeats() -> None:
    text = "бар\nэн\nэн \nэн\nкуй"
    edits = [Edit(4, 5, "э", "ә", 0.9), Edit(8, 9, "у", "ү", 0.8)]
    folding = Folding.of(text)
    assert folding.text == "бар\nэн\nкуй"
    assert apply_edits(folding.text, edits) == "бар\nән\nкүй"
    assert apply_edits(text, folding.unfolded(edits)) == "бар\nән\nән \nән\nкүй"
    assert [edit.start for edit in folding.unfolded(edits)] == [4, 7, 11, 15]


def test_the_corrector_shows_them_once() -> None:
    decoder = ScriptedDecoder(lambda text: text.replace("казак", "қазақ"))
    correction = Corrector(decoder).explain("Бұл казак.\n" * 3)
    assert correction.text == "Бұл қазақ.\n" * 3
    assert apply_edits(correction.original, correction.edits) == correction.text
    assert decoder.inputs == ["Бұл казак.", "Бұл қазақ."]


@given(st.lists(st.sampled_from(["э", " э", "э ", "б", ""]), max_size=8), st.sampled_from(["\n", "\r\n", "\u2028"]))
def test_nothing_is_lost(lines: list[str], end: str) -> None:
    text = end.join(lines)
    folding = Folding.of(text)
    assert apply_edits(text, folding.unfolded([])) == text
    edits = [Edit(place, place + 1, "э", "ә", 0.9) for place, sign in enumerate(folding.text) if sign == "э"]
    assert apply_edits(text, folding.unfolded(edits)) == text.replace("э", "ә")
