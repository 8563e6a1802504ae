from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzocr.edits import Edit, apply_edits, changes

LETTERS = st.text("аә \nь", max_size=30)


def apply_changes(source: str, destination: str) -> str:
    edits = [Edit(c.start, c.end, source[c.start : c.end], c.after, 1.0) for c in changes(source, destination)]
    return apply_edits(source, edits)


@given(LETTERS, LETTERS)
@settings(max_examples=300, deadline=None)
def test_changes_turn_the_source_into_the_destination(source: str, destination: str) -> None:
    assert apply_changes(source, destination).replace("\n", " ") == destination.replace("\n", " ")


def spans(source: str, destination: str) -> list[tuple[int, int, str]]:
    return [(change.start, change.end, change.after) for change in changes(source, destination)]


def test_neighbouring_differences_are_one_change() -> None:
    assert spans("6ip жыл", "бір жыл") == [(0, 3, "бір")]
    assert spans("м ы з", "мыз") == [(1, 2, ""), (3, 4, "")]
    assert spans("сәлем", "сәлем") == []


def test_ambiguous_changes_stand_at_the_left() -> None:
    assert spans("көл  жаға", "көл жаға") == [(3, 4, "")]
    assert spans("асыл", "ассыл") == [(1, 1, "с")]


def test_a_line_break_read_as_a_space_is_no_change() -> None:
    assert spans("бір\nекі", "бі екы") == [(2, 3, ""), (6, 7, "ы")]
    assert spans("бір екі\nүш", "бір\nекі үш") == []


def test_of_a_space_and_a_line_break_the_space_is_deleted() -> None:
    assert spans("көл \nжаға", "көл\nжаға") == [(3, 4, "")]


def test_other_changes_of_line_breaks_stand_alone() -> None:
    found = changes("өнді-\nріс", "өндіріс")
    assert [(change.start, change.end, change.alone) for change in found] == [(4, 5, False), (5, 6, True)]


def test_edits_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        apply_edits("ән", [Edit(0, 1, "а", "ә", 1.0)])
    with pytest.raises(ValueError, match="does not fit"):
        apply_edits("ән", [Edit(1, 2, "н", "", 1.0), Edit(0, 1, "ә", "", 1.0)])
