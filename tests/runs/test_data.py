from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from kzocr.channel.prior import ChannelPrior
from kzocr.config import DataConfig, TrainingConfig, load_config
from kzocr.corpus import folded, load_corpus, with_held_out
from kzocr.runs.data import RunData
from kzocr.runs.validation import validation_examples
from places import ROOT


@pytest.fixture(name="config")
def make_config(monkeypatch: pytest.MonkeyPatch) -> TrainingConfig:
    monkeypatch.chdir(ROOT)
    return load_config(ROOT / "configs" / "smoke.yaml")


def with_data(config: TrainingConfig, **changes: object) -> TrainingConfig:
    data: DataConfig = dataclasses.replace(config.data, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(config, data=data)


def write_text(path: Path, lines: list[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def test_a_share_of_the_corpus_is_validated_on_and_not_learnt_from(tmp_path: Path, config: TrainingConfig) -> None:
    lines = [f"Кітапханада {number} кітап бар екен." for number in range(100)]
    corpus = write_text(tmp_path / "text.txt", [*lines, *(line.upper() for line in lines)])
    config = with_data(config, corpus=(corpus,), validation_corpus=(), held_out_share=0.2)
    data = RunData.load(config)
    _, held_out = with_held_out(load_corpus([corpus]), 0.2)
    assert data.validation == validation_examples(held_out, ChannelPrior.load("mixture"), config)
    learnt, measured = ({folded(line) for source in some for line in source.lines} for some in (data.sources, held_out))
    assert len(measured) == 40
    assert learnt == {folded(line) for line in lines} - measured  # the repeats in capitals are gone too
