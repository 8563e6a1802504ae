from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from kzocr.channel.damage import kinds_of_damage

TEXT = "Ауылда жаңа кітапхана ашылды, деп жазды ескі газет. " * 200
KINDS = kinds_of_damage()


def damaged(name: str) -> str:
    return KINDS[name].sample(TEXT, np.random.default_rng(1))


def test_the_first_kind_is_none() -> None:
    assert next(iter(KINDS)) == "nothing"
    assert damaged("nothing") == TEXT


@pytest.mark.parametrize(
    ("name", "share"),
    [("one space in ten lost", 0.1), ("three spaces in ten lost", 0.3), ("19 spaces in 20 lost", 0.95)],
)
def test_spaces_are_lost_and_nothing_else(name: str, share: float) -> None:
    read = damaged(name)
    assert read.replace(" ", "") == TEXT.replace(" ", "")
    assert 1 - read.count(" ") / TEXT.count(" ") == pytest.approx(share, abs=0.03)


def test_spaces_come_inside_words_and_nothing_else() -> None:
    gaps = sum(one.isalpha() and not other.isspace() for one, other in pairwise(TEXT))
    for name, share in (("a space behind a letter in 20", 0.05), ("every letter apart", 0.998)):
        read = damaged(name)
        assert read.replace(" ", "") == TEXT.replace(" ", "")
        assert (read.count(" ") - TEXT.count(" ")) / gaps == pytest.approx(share, abs=0.02)


def test_small_letters_are_replaced_by_any_other_small_one() -> None:
    read = damaged("a small letter in 25 as any other")
    wrong = [(printed, other) for printed, other in zip(TEXT, read, strict=True) if printed != other]
    assert all(printed.islower() and other.islower() for printed, other in wrong)
    assert len(wrong) / sum(map(str.islower, TEXT)) == pytest.approx(0.04, abs=0.005)
    assert len({other for _, other in wrong}) > 35


def test_kazakh_letters_go_capitals_come_letters_are_lost_or_doubled_marks_fall() -> None:
    assert sum(damaged("Kazakh letters as Russian ones").count(letter) for letter in "әғқңөұүһі") < 30
    capitals = damaged("a letter like its capital in 10 as that")
    assert capitals.lower() == TEXT.lower()
    assert 0.03 < sum(map(str.isupper, capitals)) / len(TEXT) < 0.1
    assert len(damaged("a letter in 30 lost")) / len(TEXT) == pytest.approx(1 - 0.033 * 0.82, abs=0.01)
    assert len(damaged("a letter in 50 twice")) / len(TEXT) == pytest.approx(1 + 0.02 * 0.82, abs=0.01)
    assert damaged("half of the marks lost").count(",") / TEXT.count(",") == pytest.approx(0.5, abs=0.12)
    assert sum(damaged("a speck behind a sign in 50").count(speck) for speck in "·|~_'`*•^°") / len(TEXT) == (
        pytest.approx(0.02, abs=0.005)
    )
