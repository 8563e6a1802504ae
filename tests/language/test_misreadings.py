from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from kzocr.language.misreadings import RARE, Misreadings, misreadings
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


def test_stretches_count_as_one_misreading() -> None:
    pair = TextPair("әкім әкім", "әюм әюм", "a", "synthetic")
    usual = Misreadings.from_pairs([pair] * 30)
    assert usual.shares["кі", "ю"] == pytest.approx(60 / 110, abs=1e-3)
    assert usual.log_probability(printed="әкім", read="әюм") == pytest.approx(math.log(60 / 110), abs=1e-2)
    far = TextPair("абвгд", "еёжзи", "a", "synthetic")
    assert all(max(map(len, one)) == 1 for one in Misreadings.from_pairs([far] * 30).shares)


@given(st.text("абвг", max_size=7), st.text("абвг", max_size=7))
def test_the_likeliest_way_is_no_less_likely_than_single_letters(printed: str, read: str) -> None:
    usual = Misreadings({("аб", "в"): 0.2, ("в", "г"): 0.1, ("", "а"): 0.01})
    single = math.fsum(
        math.log(max(usual.shares.get(one, 0.0), RARE)) for one in misreadings(printed=printed, read=read)
    )
    assert usual.log_probability(printed=printed, read=read) >= single - 1e-9
    assert usual.log_probability(printed=printed + "аб", read=read + "в") >= single + math.log(0.2) - 1e-9
