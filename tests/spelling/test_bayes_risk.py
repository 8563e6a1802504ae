from __future__ import annotations

import pytest

from kzocr.inference.doubts import Alternative, DoubtfulWord, Evidence
from kzocr.spelling.bayes_risk import RISK_OF_NONE, least_risk, outcomes


def test_what_is_likelier_right_than_wrong_is_chosen() -> None:
    choice = least_risk("салем", ["сәлем"], [0.6])
    assert choice is not None
    assert choice.number == 0
    assert choice.probability == pytest.approx(0.6 / (0.6 + 0.4 * RISK_OF_NONE))


def test_what_hardly_anything_speaks_for_is_left() -> None:
    assert least_risk("салем", ["сәлем"], [0.3]) is None
    assert least_risk("салем", [], []) is None
    assert least_risk("қала", ["өзен"], [0.3]) is None
    assert least_risk("қала", ["қала"], [0.5]) is None


def test_what_is_as_far_from_one_as_from_the_other_neither_helps_nor_harms() -> None:
    choice = least_risk("ан", ["он", "ын"], [0.6, 0.3])
    assert choice is not None
    assert choice.number == 0
    assert choice.probability == pytest.approx(0.6 / (0.6 + 0.1 * RISK_OF_NONE))


def test_an_unlikely_word_is_chosen_where_the_likely_ones_are_spelt_nearly_like_it() -> None:
    """Each of the three is likelier wrong than right, and all of them mend the first letters."""
    choice = least_risk("қауармандары", ["қаһармандары", "қаһармандар", "қаһармандарын"], [0.3, 0.25, 0.25])
    assert choice is not None
    assert choice.number == 0
    assert choice.probability == pytest.approx(0.8 / (0.8 + 0.2 * RISK_OF_NONE))


def test_the_middle_of_the_likely_words_is_better_than_the_likeliest_at_their_edge() -> None:
    choice = least_risk("бxxxx", ["бабалар", "балалар", "балалары"], [0.34, 0.33, 0.33])
    assert choice is not None
    assert choice.number == 1


def test_alternatives_of_two_words_are_compared_over_both() -> None:
    text = "бұл бала лар еді"
    joined = Alternative(4, 12, "бала лар", "балалар", 1, -9.0, False)
    single = Alternative(9, 12, "лар", "дар", 1, -9.0, False)
    word = DoubtfulWord((Evidence(joined, 0.0), Evidence(single, 0.0)), 0.05)
    assert outcomes(word, text) == ("бала лар", ["балалар", "бала дар"])
