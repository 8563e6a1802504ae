from __future__ import annotations

import math

import pytest

from kzocr.confidence.recurrence import NO_RECURRENCE, Recurrence
from kzocr.edits import Edit


def test_a_change_counts_where_else_it_is_proposed() -> None:
    edits = [Edit(1, 2, "е", "ө", 0.5), Edit(9, 10, "Е", "Ө", 0.75), Edit(12, 13, "е", "э", 0.9)]
    recurrence = Recurrence.of(edits, "а" * 900)
    assert recurrence.expected == {("е", "ө"): 1.25, ("е", "э"): 0.9}
    assert [recurrence.elsewhere(edit) for edit in edits] == pytest.approx([math.log(1.75), math.log(1.5), 0.0])


def test_other_changes_are_counted_in_the_whole_document() -> None:
    edits = [Edit(1, 2, "е", "ө", 0.5), Edit(9, 10, "у", "ұ", 0.75), Edit(12, 13, ",", ".", 0.55)]
    few, many = Recurrence.of(edits, "а" * 500), Recurrence.of(edits * 10, "а" * 500)
    assert few.share_of_others(edits[0]) == pytest.approx(math.log(1.5 / 1500 / 0.002))
    assert few.share_of_others(edits[1]) < few.share_of_others(edits[0]) < many.share_of_others(edits[0])
    assert Recurrence.of(edits[:1], "а" * 100_000).share_of_others(edits[0]) < NO_RECURRENCE.share_of_others(edits[0])


def test_an_edit_is_lone_where_little_else_is_expected() -> None:
    first, second = Edit(1, 2, "е", "ө", 0.9), Edit(9, 10, "у", "ұ", 0.8)
    assert Recurrence.of([first], "а" * 100).are_lone([first])  # 0.2 in 1,100 characters
    assert not Recurrence.of([first, second], "а" * 100).are_lone([first])  # 1.0 in 1,100
    assert Recurrence.of([first, second], "а" * 600).are_lone([first])  # 1.0 in 1,600
    # Two changes of one word say nothing of the others.
    assert Recurrence.of([first, second], "а" * 100).are_lone([first, second])
    assert NO_RECURRENCE.are_lone([first])


def test_all_white_space_is_one_space() -> None:
    edits = [Edit(1, 2, " ", "", 0.5), Edit(4, 6, " \u00a0", "", 0.5), Edit(9, 9, "", " ", 0.5)]
    assert Recurrence.of(edits, "а" * 10).expected == {(" ", ""): 1.0, ("", " "): 0.5}


def test_blank_lines_and_the_gaps_of_a_layout_say_nothing_of_how_many_errors_there_are() -> None:
    edits = [Edit(1, 2, "е", "ө", 0.9), Edit(9, 10, "у", "ұ", 0.8)]
    assert Recurrence.of(edits, "ән " * 100 + "\n \n" * 5000 + "ән").n_chars == 302
    assert Recurrence.of(edits, "ән\nән").n_chars == 5


def test_of_nothing_nothing_is_known() -> None:
    assert NO_RECURRENCE.elsewhere(Edit(1, 2, "е", "ө", 0.5)) == 0.0
