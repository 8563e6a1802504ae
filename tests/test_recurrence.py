from __future__ import annotations

import math

import pytest

from kzocr.edits import Edit
from kzocr.recurrence import NO_RECURRENCE, Recurrence


def test_a_change_counts_where_else_it_is_proposed() -> None:
    edits = [Edit(1, 2, "е", "ө", 0.5), Edit(9, 10, "Е", "Ө", 0.75), Edit(12, 13, "е", "э", 0.9)]
    recurrence = Recurrence.of(edits)
    assert recurrence.expected == {("е", "ө"): 1.25, ("е", "э"): 0.9}
    assert [recurrence.elsewhere(edit) for edit in edits] == pytest.approx([math.log(1.75), math.log(1.5), 0.0])


def test_all_white_space_is_one_space() -> None:
    edits = [Edit(1, 2, " ", "", 0.5), Edit(4, 6, " \u00a0", "", 0.5), Edit(9, 9, "", " ", 0.5)]
    assert Recurrence.of(edits).expected == {(" ", ""): 1.0, ("", " "): 0.5}


def test_of_nothing_nothing_is_known() -> None:
    assert NO_RECURRENCE.elsewhere(Edit(1, 2, "е", "ө", 0.5)) == 0.0
