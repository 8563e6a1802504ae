from __future__ import annotations

import numpy as np
import pytest

from kzocr.channel.model import ChannelModel
from kzocr.channel.posterior import _before_bursts
from kzocr.channel.rules import Rule
from kzocr.channel.sampling import INTENSITY_CHARS

RATES = np.array([0.001, 0.02, 0.1, 0.4, 0.7, 0.9, 0.98])


@pytest.mark.parametrize("burstiness", [0.1, 0.5, 2.0])
def test_rates_before_bursts_come_out_as_they_are_meant_on_average(burstiness: float) -> None:
    intensity = np.random.default_rng(1).gamma(1 / burstiness, burstiness, 200_000)
    before = _before_bursts(RATES, burstiness)
    odds = (before / (1 - before))[:, None] * intensity
    assert (odds / (1 + odds)).mean(axis=1) == pytest.approx(RATES, rel=0.02)
    assert (before > RATES).all()


def test_without_bursts_rates_stay() -> None:
    assert (_before_bursts(RATES, 0.0) == RATES).all()
    assert _before_bursts(np.array([0.0, 1.0]), 2.0).tolist() == [0.0, 1.0]


def test_what_is_sampled_in_bursts_is_as_much_as_was_meant() -> None:
    meant = {"а": 0.02, "е": 0.1, "ы": 0.5, "о": 0.8}
    before = _before_bursts(np.array(list(meant.values())), 2.0)
    rules = tuple(Rule(letter, {"?": float(rate)}) for letter, rate in zip(meant, before, strict=True))
    model = ChannelModel("toy", rules, burstiness=2.0)
    text = "".join(meant) * (INTENSITY_CHARS * 2500)
    read = model.sample(text, np.random.default_rng(2))
    for place, (letter, rate) in enumerate(meant.items()):
        assert read[place::4].count("?") / text.count(letter) == pytest.approx(rate, rel=0.05), letter
