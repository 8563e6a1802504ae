from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from kzocr.channel import families
from kzocr.channel.families import LIKE_ITS_CAPITAL
from kzocr.channel.model import ChannelModel
from kzocr.text import KAZAKH_SPECIFIC_LOWER

N_DRAWS = 300
Family = Callable[[np.random.Generator], ChannelModel]


@cache
def draws(family: Family) -> tuple[ChannelModel, ...]:
    return tuple(family(np.random.default_rng([1, seed])) for seed in range(N_DRAWS))


def share(family: Family, has: Callable[[ChannelModel], bool]) -> float:
    return sum(map(has, draws(family))) / N_DRAWS


def outputs(model: ChannelModel, source: str) -> dict[str, float]:
    found = [rule.outputs for rule in model.rules if rule.source == source and not rule.left and not rule.right]
    return dict(found[0]) if found else {}


def known_letters(model: ChannelModel) -> frozenset[str]:
    return frozenset(letter for letter in KAZAKH_SPECIFIC_LOWER if not outputs(model, letter))


def test_one_russian_engine_in_seven_has_letters_of_a_neighbour() -> None:
    known = [known_letters(model) for model in draws(families.russian_engine)]
    alphabets = set(map(frozenset, ("", "і", "өү", "өүң", "әөүғңһ", "әөүңһ", "қғ", "іөүқғ")))
    assert set(known) == alphabets
    assert sum(map(bool, known)) / N_DRAWS == pytest.approx(0.15, abs=0.05)


def test_letters_of_a_neighbour_are_read_as_they_are() -> None:
    letters = "қғңәөұүһі"
    for seed, model in enumerate(draws(families.russian_engine)):
        if known := known_letters(model):
            text = " ".join(letters) * 5
            read = model.sample(text, np.random.default_rng(seed))
            assert all(read.count(letter) >= 4 for letter in known - {"і"}), model


@pytest.mark.parametrize("family", [families.spaced_letters, families.similar_letters, families.russian_engine])
def test_one_document_in_eight_has_hyphens_that_line_ends_left(family: Family) -> None:
    rates = [model.insertions["¬"] for model in draws(family) if "¬" in model.insertions]
    assert len(rates) / N_DRAWS == pytest.approx(0.12, abs=0.05)
    assert 0.001 <= min(rates) < max(rates) <= 0.01


@pytest.mark.parametrize("family", [families.similar_letters, families.worn_print])
def test_one_document_in_five_has_capitals_for_small_letters(family: Family) -> None:
    def has_capitals(model: ChannelModel) -> bool:
        return any(letter.upper() in outputs(model, letter) for letter in LIKE_ITS_CAPITAL)

    assert share(family, has_capitals) == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize(
    "family", [families.spaced_letters, families.similar_letters, families.russian_engine, families.worn_print]
)
def test_every_other_document_has_full_stops_for_commas(family: Family) -> None:
    rates = [outputs(model, ",").get(".", 0.0) for model in draws(family)]
    usual = [rate for rate in rates if rate]
    assert len(usual) / N_DRAWS == pytest.approx(0.54, abs=0.07)  # some have them from the list of all marks
    assert np.mean(usual) == pytest.approx(1 / 9, abs=0.03)
