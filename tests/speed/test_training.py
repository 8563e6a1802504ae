from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kzocr.config import load_config
from kzocr.data import Example
from kzocr.speed.training import rows_of_like_cost, training_speeds
from places import ROOT
from toy_models import tiny_model

SENTENCES = ["Ауыл сыртындағы көлге қаз қонды.", "Кітапханада ескі кітап көп екен.", "Балалар далада ойнап жүр."]


def test_a_batch_of_rows_costs_what_a_batch_of_bytes_does() -> None:
    examples = [Example("қаз", "қаз"), Example("қаздар", "қаздар")]  # 7 and 13 ids
    assert rows_of_like_cost(examples, 40) == 4
    assert rows_of_like_cost(examples, 5) == 1


def test_two_ways_of_training_learn_from_the_same_examples(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    lines = [f"{sentence} {number}\n" for number in range(40) for sentence in SENTENCES]
    corpus.write_text("".join(lines), encoding="utf-8")
    config = load_config(ROOT / "configs" / "embedded" / "kzocr-embedded.yaml")
    config = replace(config, data=replace(config.data, prior="clean"))
    speeds = training_speeds(tiny_model(), config, str(corpus), 24, 512)
    stock, ours = speeds.ways
    assert (stock.name, ours.name) == ("Seq2SeqTrainer", "kzocr")
    assert ours.padding_share < stock.padding_share < 1
    for one in speeds.ways:
        assert one.n_steps > 0
        assert one.bytes_per_second == one.target_bytes / one.seconds
    assert speeds.loader_bytes_per_second > speeds.loader_examples_per_second > 0
