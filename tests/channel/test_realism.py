from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from kzocr.channel.model import ChannelModel
from kzocr.channel.realism import divergence, measure, synthesise
from kzocr.channel.rules import Rule
from kzocr.pairs import TextPair

WORDS = "ел тілі жаңа шаңырақ күш бүгін ұлт мектебінде оқушылар жазып отыр алма ағашының түбінде".split()
TRUE = ChannelModel(rules=(Rule("қ", {"к": 0.6}), Rule("ш", {"щ": 0.3}), Rule("і", {"!": 0.3, "": 0.1})))
OTHER = ChannelModel(rules=(Rule("а", {"о": 0.2}), Rule("н", {"и": 0.2}), Rule("е", {"с": 0.2})), burstiness=2.0)


def pages(seed: int = 0) -> list[TextPair]:
    rng = np.random.default_rng(seed)
    made = []
    for number in range(10):
        text = "\n".join(" ".join(rng.choice(WORDS, 6)) for _ in range(20))
        made.append(TextPair(text, TRUE.sample(text, rng), f"page {number}", "real"))
    return made


def test_divergence() -> None:
    assert divergence({"a": 1}, {"b": 5}) == 1.0
    assert divergence({"a": 1, "b": 1}, {"a": 3, "b": 3}) == 0.0
    assert divergence(Counter("aab"), Counter("abb")) == pytest.approx(divergence(Counter("abb"), Counter("aab")))
    # 2/3, 1/3 against 1/3, 2/3: the middle is 1/2, 1/2
    assert divergence(Counter("aab"), Counter("abb")) == pytest.approx(
        1 + 2 / 3 * np.log2(2 / 3) + 1 / 3 * np.log2(1 / 3)
    )
    with pytest.raises(ValueError, match="at least one"):
        divergence({}, {"a": 1})


def test_the_true_channel_beats_another_on_every_measure() -> None:
    real = pages()
    true = measure(real, synthesise(real, TRUE.sample, 1, 3))
    other = measure(real, synthesise(real, OTHER.sample, 1, 3))
    for name in ("edits", "edits_with_neighbours", "errors_per_line", "positions", "repetition"):
        assert getattr(true, name) < getattr(other, name)
    assert true.classifier_accuracy is not None
    assert other.classifier_accuracy is not None
    assert 0.4 < true.classifier_accuracy < 0.6
    assert other.classifier_accuracy > 0.9
    assert measure(real[:2], synthesise(real[:2], TRUE.sample, 1)).classifier_accuracy is None
    assert true.cer_synthetic == pytest.approx(true.cer_real, rel=0.1)


def test_synthesis_is_reproducible_and_keeps_lines() -> None:
    real = pages()
    assert synthesise(real, TRUE.sample, 1, 2) == synthesise(real, TRUE.sample, 1, 2)
    assert len({pair.document_id for pair in synthesise(real, TRUE.sample, 1, 2)}) == 20
    with pytest.raises(ValueError, match="number of lines"):
        synthesise(real, lambda text, rng: text.replace("\n", " "), 1)


def test_nothing_to_compare() -> None:
    real = pages()
    with pytest.raises(ValueError, match="no pairs"):
        measure(real, [])
    with pytest.raises(ValueError, match="synthetic pairs have no error"):
        measure(real, synthesise(real, lambda text, rng: text, 1))
