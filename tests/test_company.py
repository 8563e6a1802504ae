from __future__ import annotations

import math

import numpy as np
import pytest

from kzocr.company import KINDS, NO_COMPANY, NO_GAINS, Company

LINES = ["халық ертегілері көп", "халық ертегілері", "ескі ертегілер", "ескі ертегілер", "халық әндері"]


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.from_lines(LINES)


def gains(company: Company, *words: str) -> dict[str, float]:
    left, before, after, right = words
    return dict(zip(KINDS, company.gains(left, before.split(), after.split(), right), strict=True))


def test_a_gain_is_a_difference_of_mutual_information(company: Company) -> None:
    # 5 lines with an edge at either side: 21 words; «-лық -ері» is there three times, «-лық -лер» never.
    assert company.n_words == 21
    expected = math.log((3 + 2) / (3 * 3 / 21 + 2)) - math.log(2 / (3 * 2 / 21 + 2))
    # The end of the line behind it counts too: twice «-ері», twice «-лер», of five.
    edges = math.log((2 + 2) / (3 * 10 / 21 + 2)) - math.log((2 + 2) / (2 * 10 / 21 + 2))
    found = gains(company, "халық", "ертегілер", "ертегілері", "")
    assert found["ending_ending"] == pytest.approx(expected + edges)
    # The stem is the same, so what only stems decide has not changed.
    assert found["stem_stem"] == 0.0


def test_nothing_is_gained_by_the_same_words(company: Company) -> None:
    assert company.gains("халық", ["ертегілері"], ["ертегілері"], "көп") == NO_GAINS


def test_two_words_for_one_are_looked_at_in_a_row(company: Company) -> None:
    whole = gains(company, "", "халықертегілері", "халық ертегілері", "")
    assert whole["stem_stem"] > 0
    assert whole["ending_ending"] > 0


def test_rare_pairs_are_left_out() -> None:
    assert len(Company.from_lines(["бір екі"])) == 0
    # ^ бір, бір екі, екі ^, of four kinds each
    assert len(Company.from_lines(["бір екі"], least_count=1)) == 12


def test_a_short_word_is_counted_once_though_it_is_stem_and_ending() -> None:
    counted = Company.from_lines(["не", "не"])
    arrays = counted.to_arrays()
    parts = bytes(arrays["company_parts"]).decode().split("\n")
    assert dict(zip(parts, arrays["company_counts"].tolist(), strict=True)) == {"^": 4, "не": 2}


def test_signs_and_case_do_not_count() -> None:
    assert (
        Company.from_lines(["Ескі, үй!"] * 2).to_arrays().keys()
        == Company.from_lines(["ескі үй"] * 2).to_arrays().keys()
    )
    one, other = (Company.from_lines([line] * 2).to_arrays() for line in ("«Ескі», үй!", "ескі үй"))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_arrays_give_the_same_company(company: Company) -> None:
    again = Company.from_arrays(company.to_arrays())
    words = ("халық", "ертегілер", "ертегілері", "көп")
    assert gains(again, *words) == gains(company, *words)
    assert len(again) == len(company)


def test_nothing_is_known_without_counts() -> None:
    assert Company.from_arrays({}) is NO_COMPANY
    assert NO_COMPANY.gains("бір", ["екі"], ["үш"], "") == NO_GAINS


@pytest.mark.parametrize(("name", "wrong"), [("company_counts", "counts"), ("company_seen_stem_stem", "pairs")])
def test_arrays_that_do_not_belong_together_are_refused(company: Company, name: str, wrong: str) -> None:
    arrays = company.to_arrays()
    with pytest.raises(ValueError, match=wrong):
        Company.from_arrays({**arrays, name: arrays[name][:-1]})


def test_a_pair_of_what_was_not_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="'үш' of a pair was not counted"):
        Company({"бір": 1}, {"stem_stem": {("бір", "үш"): 2}}, 5)
