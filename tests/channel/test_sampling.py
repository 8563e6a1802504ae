from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzocr.channel import sampling
from kzocr.channel.model import ChannelModel
from kzocr.channel.prior import ChannelPrior
from kzocr.channel.rules import MAX_PROBABILITY, Rule
from kzocr.channel.sampling import INTENSITY_CHARS, _apart, _uniform

TEXT = "Ауыл кітапханасындағы ескі газеттер көп жылдан бері шаң басып жатты, енді оқушылар оқиды.\n" * 6


@pytest.mark.parametrize("name", ChannelPrior.shipped_names())
def test_no_place_is_misread_oftener_than_its_letter_s_bound(name: str) -> None:
    for seed in range(5):
        sampler = ChannelPrior.shipped(name).draw(np.random.default_rng(seed))._sampler
        numbers = sampler._numbers(np.array([ord(sign) for sign in TEXT], dtype=np.uint32))
        _, rates = sampler._match(numbers, np.arange(len(TEXT)))
        odds = sampler.most_odds[numbers[1 : len(TEXT) + 1]]
        assert (np.minimum(rates, MAX_PROBABILITY) <= odds / (1 + odds) + 1e-9).all()


@pytest.mark.parametrize("burstiness", [0.0, 3.0])
def test_errors_strike_where_and_as_often_as_their_rates_say(burstiness: float) -> None:
    rules = (
        Rule("а", {"1": 0.01}),
        Rule("а", {"2": 0.4}, left="т"),
        Rule("тт", {"3": 0.2}),
        Rule("н", {"4": 0.05}, right=" "),
    )
    model = ChannelModel("toy", rules, burstiness=burstiness)
    word = "матта ана тттт сан "
    text = word * (INTENSITY_CHARS * 50)
    rng = np.random.default_rng(3)
    found = "".join(model.sample(text, rng) for _ in range(4))
    n_words = 4 * INTENSITY_CHARS * 50
    if burstiness == 0:
        # `матта`: its тт first, then each а; what follows a misread тт keeps its own rule
        assert found.count("1") == pytest.approx(n_words * 4 * 0.01, rel=0.2)
        assert found.count("2") == pytest.approx(n_words * 0.4, rel=0.05)
        assert found.count("4") == pytest.approx(n_words * 0.05, rel=0.15)
        # `тттт` has three places for тт, of which no two that overlap can strike
        assert found.count("3") == pytest.approx(n_words * (0.2 + 0.2 * (1 + 0.8 + 0.8**2 + 0.2)), rel=0.1)
    else:
        assert 0.2 * n_words < found.count("2") < 0.4 * n_words
        assert found.count("1") > 0
        assert found.count("3") > 0


def test_long_text_is_misread_alike_where_its_blocks_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "BLOCK_CHARS", INTENSITY_CHARS)
    rules = (
        Rule("алм", {"?": MAX_PROBABILITY}),
        Rule("б", {"!": MAX_PROBABILITY}, left=" ", right="і"),
        Rule("і", {"": MAX_PROBABILITY}, right=" "),
    )
    n_words = 5000
    text = "алм бір өнді " * n_words  # thirteen signs: every place of it comes to stand where blocks meet
    found = ChannelModel("toy", rules, space_after={"р": 0.5}).sample(text, np.random.default_rng(0))
    assert found.replace(" ", "").count("?!ірөнд") == pytest.approx(n_words, rel=0.01)
    assert ChannelModel("none", (Rule("ж", {"?": 1.0}),)).sample(text, np.random.default_rng(0)) == text


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=40))
def test_of_events_inside_one_another_the_first_stays(drawn: list[tuple[int, int]]) -> None:
    events = sorted((start, start + length) for start, length in drawn)
    starts, ends = np.array(events, dtype=np.int64).reshape(-1, 2).T
    expected, done = [], 0
    for start, end in events:
        expected.append(start >= done)
        done = end if start >= done else done
    assert _apart(starts, ends).tolist() == expected
    kept = [event for event, stays in zip(events, expected, strict=True) if stays]
    assert all(before[1] <= behind[0] for before, behind in pairwise(kept))


def test_numbers_of_places_are_uniform_and_do_not_hang_together() -> None:
    places = np.arange(100_000)
    first, second = _uniform(places, 5), _uniform(places, 6)
    for numbers in (first, second):
        assert numbers.min() >= 0
        assert numbers.max() < 1
        shares = np.histogram(numbers, bins=20, range=(0, 1))[0] / len(places)
        assert np.abs(shares - 0.05).max() < 0.005
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.02
    assert (_uniform(places[70:80], 5) == first[70:80]).all()
