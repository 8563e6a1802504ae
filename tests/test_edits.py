from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzocr.edits import LINE_BREAKS, Edit, apply_edits, changes, composed

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
    assert spans("қала", "қалаап") == [(4, 4, "ап")]
    assert spans("сәлем", "сәлем") == []


def test_ambiguous_changes_stand_at_the_left() -> None:
    assert spans("көл  жаға", "көл жаға") == [(3, 4, "")]
    assert spans("асыл", "ассыл") == [(1, 1, "с")]


def test_a_line_break_read_as_a_space_is_no_change() -> None:
    assert spans("бір\nекі", "бі екы") == [(2, 3, ""), (6, 7, "ы")]
    assert spans("бір екі\nүш", "бір\nекі үш") == []


def test_of_a_space_and_a_line_break_the_space_is_deleted() -> None:
    assert spans("көл \nжаға", "көл\nжаға") == [(3, 4, "")]


def test_line_breaks_are_where_python_ends_lines() -> None:
    assert {
        character for character in map(chr, range(0x110000)) if len(f"а{character}б".splitlines()) == 2
    } == LINE_BREAKS


@pytest.mark.parametrize(
    ("source", "destination", "fixed", "expected"),
    [
        ("қаа", "қа", [], (1, 2, "", False)),
        ("қаа", "қа", [1], (2, 3, "", False)),
        ("қаа", "қа", [2], (2, 3, "", True)),
        ("ақ  б", "ақ б", [3], (3, 4, "", True)),
        ("көл \nжаға", "көл\nжаға", [3], (4, 5, "", True)),
    ],
)
def test_changes_of_fixed_characters_stand_alone_and_others_do_not_move_there(
    source: str, destination: str, fixed: list[int], expected: tuple[int, int, str, bool]
) -> None:
    found = changes(source, destination, fixed=fixed)
    assert [(change.start, change.end, change.after, change.alone) for change in found] == [expected]


def test_other_changes_of_line_breaks_stand_alone() -> None:
    found = changes("өнді-\nріс", "өндіріс")
    assert [(change.start, change.end, change.alone) for change in found] == [(4, 5, False), (5, 6, True)]


def test_edits_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        apply_edits("ән", [Edit(0, 1, "а", "ә", 1.0)])
    with pytest.raises(ValueError, match="does not fit"):
        apply_edits("ән", [Edit(1, 2, "н", "", 1.0), Edit(0, 1, "ә", "", 1.0)])


@st.composite
def edits_of(draw: st.DrawFn, text: str) -> list[Edit]:
    found, position = [], 0
    for skipped, n_before, after in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.text("xy", max_size=2)))
    ):
        start, end = position + skipped, min(position + skipped + n_before, len(text))
        if start > len(text):
            break
        if end > start or after:
            found.append(Edit(start, end, text[start:end], after, 0.5))
            position = end + (end == start)
    return found


@given(st.text("абв", max_size=8), st.data())
@settings(max_examples=100)
def test_composed_edits_do_what_the_two_do(text: str, data: st.DataObject) -> None:
    first = data.draw(edits_of(text))
    between = apply_edits(text, first)
    second = data.draw(edits_of(between))
    together = composed(text, first, second)
    assert apply_edits(text, together) == apply_edits(between, second)
    assert composed(text, first, []) == [edit for edit in first if edit.before != edit.after]
    assert composed(between, [], second) == [edit for edit in second if edit.before != edit.after]


def test_composed_edits_keep_apart_and_merge() -> None:
    original = "өнді-\nріс сез"
    first = [Edit(4, 6, "-\n", "", 0.9)]
    assert composed(original, first, [Edit(9, 10, "е", "ө", 0.7)]) == [*first, Edit(11, 12, "е", "ө", 0.7)]
    assert composed(original, first, [Edit(4, 4, "", "х", 0.7)]) == [Edit(4, 6, "-\n", "х", 0.7)]
    assert composed(original, first, [Edit(3, 5, "ір", "і", 0.7)]) == [Edit(3, 7, "і-\nр", "і", 0.7)]
    assert composed("аб", [Edit(0, 1, "а", "в", 0.9)], [Edit(0, 1, "в", "а", 0.7)]) == []
    assert composed("аб", [Edit(0, 1, "а", "в", 0.9)], [Edit(1, 1, "", "г", 0.7)]) == [Edit(0, 1, "а", "вг", 0.7)]
    assert composed("аб", [Edit(0, 1, "а", "", 0.9)], [Edit(0, 1, "б", "в", 0.7)]) == [Edit(0, 2, "аб", "в", 0.7)]
    with pytest.raises(ValueError, match="does not fit"):
        composed("аб", [], [Edit(0, 1, "в", "а", 0.7)])
