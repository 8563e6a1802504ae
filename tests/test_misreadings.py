from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from kzocr.misreadings import RARE, Misreadings, misreadings
from kzocr.pairs import TextPair


def test_misreadings_between_words() -> None:
    assert misreadings(printed="Жаңа", read="жана") == [("ң", "н")]
    assert misreadings(printed="бар", read="бар") == []
    assert misreadings(printed="бар", read="баар") == [("", "а")]
    assert misreadings(printed="бұ не", read="бұне") == [(" ", "")]


@given(st.text("абВң -", max_size=12), st.text("абВң -", max_size=12))
def test_there_are_as_many_as_edits(printed: str, read: str) -> None:
    assert len(misreadings(printed=printed, read=read)) == Levenshtein.distance(printed.lower(), read.lower())


def test_shares_of_what_was_printed() -> None:
    pair = TextPair("ңа\nңа", "на\nңа", "a", "synthetic")
    one_line_more = TextPair("ң", "н\n", "b", "synthetic")
    usual = Misreadings.from_pairs([pair] * 30 + [one_line_more] * 30)
    assert usual.shares == {("ң", "н"): pytest.approx(30 / 110, abs=1e-3)}
    assert usual.log_probability(printed="жаңа", read="жана") == pytest.approx(math.log(30 / 110), abs=1e-2)
    assert usual.log_probability(printed="жаңа", read="шана") == pytest.approx(
        math.log(30 / 110) + math.log(RARE), abs=1e-2
    )
    assert usual.log_probability(printed="жаңа", read="жаңа") == 0.0
