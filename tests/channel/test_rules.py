from __future__ import annotations

import pytest

from kzocr.channel.rules import MAX_PROBABILITY, Rule, capped


def test_readings_are_lowered_alike_where_their_sum_is_too_large() -> None:
    assert capped({"к": 0.5, "^": 0.25}) == {"к": 0.5, "^": 0.25}
    assert capped({"к": 0.5, "^": 0.25}, factor=2.0, most=0.75) == {"к": 0.5, "^": 0.25}
    assert capped({"к": 0.9, "^": 0.3}, most=0.8) == pytest.approx({"к": 0.6, "^": 0.2})
    assert sum(capped({"к": 0.9, "^": 0.3}).values()) == pytest.approx(MAX_PROBABILITY)
    assert capped({"к": 0.0}, factor=3.0) == {"к": 0.0}
    assert capped({}) == {}


def test_a_rule_that_cannot_be_names_its_source() -> None:
    with pytest.raises(ValueError, match="rule: source 'қала'"):
        Rule("қала", {"к": 0.5})
    with pytest.raises(ValueError, match="rule 'қ': the output equals the source"):
        Rule("қ", {"қ": 0.5})
    with pytest.raises(ValueError, match=r"rule 'қ': probabilities sum to 1\.200 > 1"):
        Rule("қ", {"к": 0.6, "^": 0.6})
