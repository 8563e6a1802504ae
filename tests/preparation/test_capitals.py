from __future__ import annotations

import pytest

from kzocr.preparation.capitals import begins_sentence


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", True),
        (" — «", True),
        ("Күз келді. ", True),
        ("Күз келді… — „", True),
        ("Күз келді!» ", False),
        ("Күз келді\n \n", True),
        ("Күз келді\n", False),
        ("Күз келді, ", False),
        ("Күз ", False),
        ("Күз келді. " + " " * 7, False),
        (" " * 9, False),
    ],
)
def test_a_sentence_begins_behind_the_end_of_another(before: str, expected: bool) -> None:
    for may_follow_question in (True, False):
        found = begins_sentence(f"{before}ө", len(before), may_follow_question=may_follow_question)
        assert found is expected


def test_a_question_mark_that_may_be_a_letter_ends_no_sentence() -> None:
    text = "Күз келді ме? өзен"
    assert begins_sentence(text, text.index("өзен"))
    assert not begins_sentence(text, text.index("өзен"), may_follow_question=False)
