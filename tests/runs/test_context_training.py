from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kzocr.language.lexicon import Lexicon
from kzocr.runs.context_training import ContextLosses, ContextTraining, Vocabulary, train_context
from kzocr.spelling.context_model import ContextModel, ContextShape

LEXICON = Lexicon({"қар": 9, "қыр": 9, "қас": 5, "ақ": 20, "жауды": 9, "жасыл": 9, "биік": 4, "бүгін": 4, "тағы": 4})
HOW = ContextTraining(
    shape=ContextShape(n_rows=256, part_dim=16, state_dim=16),
    n_epochs=2,
    n_rows=4,
    n_words=12,
    n_near=3,
    learning_rate=1.0e-2,
    table_learning_rate=0.2,
    warmup_steps=5,
    dropout=0.0,
    misspelt_share=0.05,
)


def lines(n: int) -> list[str]:
    """Return weather and landscape: snow falls, a hill is green, whatever stands around them."""
    rng = random.Random(3)
    chosen = [rng.choice(["ақ қар жауды", "биік қыр жасыл"]) for _ in range(n)]
    return [f"{rng.choice(['бүгін', 'тағы'])} {line}." for line in chosen]


def test_words_that_are_a_letter_away() -> None:
    vocabulary = Vocabulary.of(["қар", "қор", "."], LEXICON, HOW.shape, 2)
    words = list(vocabulary.words)
    assert words[:3] == ["қар", "қор", "."]
    assert set(words) == {"қор", ".", *LEXICON.counts}
    named = [[words[number] for number in row if number >= 0] for row in vocabulary.near.tolist()]
    assert named[0] == ["қыр", "қас"]
    assert named[1] == ["қар", "қыр"]
    assert named[2] == []
    assert vocabulary.parts.shape == (len(words), 14)


def test_it_learns_what_fits() -> None:
    seen: list[ContextLosses] = []
    readings: list[ContextModel] = []
    model = train_context(lines(400), LEXICON, HOW, lambda losses, n_steps: seen.append(losses), readings.append)
    assert not model.training
    assert len(readings) == HOW.n_epochs
    assert [losses.n_steps for losses in seen] == list(range(1, len(seen) + 1))
    assert seen[-1].near < seen[0].near / 3
    snow, hill = (
        model.fits(text, [(place, place + 3, word) for word in ("қар", "қыр")])
        for text, place in (("тағы ақ қыр жауды", 8), ("тағы биік қар жасыл", 10))
    )
    assert snow[0] > snow[1] + 1
    assert hill[1] > hill[0] + 1


def test_the_same_seed_gives_the_same_weights() -> None:
    models = [train_context(lines(60), LEXICON, replace(HOW, seed=seed)).state_dict() for seed in (1, 1, 2)]
    same, other = (
        all(torch.equal(models[0][name], model[name]) for name in models[0]) for model in (models[1], models[2])
    )
    assert same
    assert not other


class Interruption(Exception):
    """The power fails."""


def test_an_interrupted_run_comes_to_the_same(tmp_path: Path) -> None:
    whole = train_context(lines(60), LEXICON, HOW).state_dict()

    def fail(model: ContextModel) -> None:
        raise Interruption

    with pytest.raises(Interruption):
        train_context(lines(60), LEXICON, HOW, on_epoch=fail, folder=tmp_path)
    steps: list[int] = []
    resumed = train_context(
        lines(60), LEXICON, HOW, lambda losses, n_steps: steps.append(losses.n_steps), folder=tmp_path
    ).state_dict()
    assert steps[0] == 1 + steps[-1] // 2
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_the_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    how = replace(HOW, n_epochs=1)
    train_context(lines(60), LEXICON, how, folder=tmp_path)
    with pytest.raises(ValueError, match=r"checkpoint-\d+: of another run, recipe\.dropout, text differ"):
        train_context(lines(59), LEXICON, replace(how, dropout=0.5), folder=tmp_path)


def test_words_without_neighbours_are_told_from_those_of_the_batch_alone() -> None:
    seen: list[ContextLosses] = []
    lonely = Lexicon({"жауды": 9, "биік": 4})
    train_context(lines(60), lonely, replace(HOW, n_epochs=1), lambda losses, n_steps: seen.append(losses))
    assert {losses.near for losses in seen} == {0.0}
    assert all(math.isfinite(losses.batch) for losses in seen)


def test_too_little_text_is_refused() -> None:
    with pytest.raises(ValueError, match="a step needs 60"):
        train_context(["ақ қар жауды"], LEXICON, HOW)
