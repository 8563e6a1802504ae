from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from kzocr.channel.prior import ChannelPrior
from kzocr.config import DataConfig, TrainingConfig, load_config
from kzocr.corpus import folded, load_corpus, with_held_out
from kzocr.data import Pools
from kzocr.encoding import decode
from kzocr.pairs import TextPair, write_pairs
from kzocr.runs.data import RunData
from kzocr.runs.state import Progress, TrainingError
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


def test_printed_text_of_real_pairs_is_learnt_from_nowhere(tmp_path: Path, config: TrainingConfig) -> None:
    poem = "Тау басында тұман бар,\nЕтегінде бұлақ бар,\nБұлақ басы көк шалғын.\n"
    sentence = "Кеше кешке біз бәріміз ауылдағы ескі диірменнің жанында жиналдық"
    kept = "Мұны ешкім өлшемейді."
    corpus = [kept, "Етегінде бұлақ бар", f"Ол айтты: {sentence}, сосын тарадық.", "тұман бар етегінде бұлақ бар"]
    write_pairs(tmp_path / "scan.jsonl", [TextPair(text, text, "a", "real") for text in (poem, sentence, "тұман")])
    config = with_data(
        config,
        corpus=(write_text(tmp_path / "text.txt", corpus),),
        validation_pairs=(str(tmp_path / "scan.jsonl"),),
        word_lists=(write_text(tmp_path / "words.txt", ["тұман", "жаңбыр"]),),
    )
    data = RunData.load(config)
    assert [source.lines for source in data.sources] == [(kept, "тұман бар етегінде бұлақ бар")]
    assert data.sampler.word_list == ["жаңбыр"]


def drawn(config: TrainingConfig, progress: Progress, n_processes: int, n_rounds: int) -> list[str]:
    """Return the first printed text of each batch that the processes draw from where the run is, in their order."""
    data = RunData.load(config)
    found = []
    for rank in range(n_processes):
        own = dataclasses.replace(progress)
        batches = data.batches(config, own, n_processes, rank)
        found.append([decode(next(batches)["labels"][0].tolist()) for _ in range(n_rounds)])
    vars(progress).update(vars(own))
    return [text for turn in zip(*found, strict=True) for text in turn]


def test_another_number_of_processes_goes_on_with_the_next_batch(config: TrainingConfig) -> None:
    config = dataclasses.replace(with_data(config, pool_examples=40), curriculum=())
    whole = drawn(config, Progress(), 1, 9)
    assert len(set(whole)) == 9
    progress = Progress()
    assert drawn(config, progress, 2, 2) == whole[:4]
    assert (progress.pool, progress.n_batches) == (0, 4)
    assert drawn(config, progress, 1, 1) == whole[4:5]
    assert drawn(config, progress, 4, 1) == whole[5:9]
    assert progress.n_batches == 9


def test_what_is_left_of_a_pool_is_no_error_where_more_processes_go_on(config: TrainingConfig) -> None:
    config = dataclasses.replace(with_data(config, pool_examples=40), curriculum=())
    progress = Progress()
    n_batches = len(Pools(RunData.load(config).sampler, config.seed, (), config.run.changed_byte_weight)[0])
    progress.n_batches = n_batches - 1
    assert len(drawn(config, progress, 3, 1)) == 3
    assert (progress.pool, progress.n_batches) == (1, 3)
    with pytest.raises(TrainingError, match=f"has {n_batches} batches for {n_batches + 1} processes"):
        drawn(config, Progress(), n_batches + 1, 1)


def test_checkpoints_that_counted_rounds_are_read() -> None:
    described = {"step": 8, "pool": 2, "batch": 3, "target_bytes": 5, "seconds": 1.0, "validations": []}
    assert Progress.from_dict(described, 2) == Progress(8, 2, 6, 5, 1.0)
    assert Progress.from_dict(vars(Progress(8, 2, 6, 5, 1.0)), 3) == Progress(8, 2, 6, 5, 1.0)
