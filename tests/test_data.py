from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from kzocr.channel.prior import ChannelPrior
from kzocr.config import CurriculumStage, DataConfig
from kzocr.corpus import Source, load_corpus
from kzocr.data import Example, ExampleSampler, Pools, loader, make_batches
from kzocr.encoding import EOS_ID, IGNORED_LABEL, PAD_ID, decode
from kzocr.text import n_bytes
from places import DATA
from toy_data import CONFIG

SENTENCES = DATA / "sentences.txt"
LETTERS = CurriculumStage(n_pools=1, kind="random_letters", least=3, greatest=9, batch_bytes=256)
WORDS = CurriculumStage(n_pools=2, kind="words", least=1, greatest=3, batch_bytes=512)


class CountingPrior(ChannelPrior):
    """A prior that remembers how often it was asked."""

    n_draws = 0

    def draw(self, rng: np.random.Generator):  # type: ignore[no-untyped-def]
        type(self).n_draws += 1
        return super().draw(rng)


def sampler(config: DataConfig = CONFIG, prior: ChannelPrior | None = None) -> ExampleSampler:
    return ExampleSampler(load_corpus([str(SENTENCES)]), prior or ChannelPrior.shipped("mixture"), config)


def pools(seed: int = 7, changed_byte_weight: float = 1.0, first_pool: int = 0, n_pools: int = 5) -> Pools:
    return Pools(sampler(), seed, [LETTERS, WORDS], changed_byte_weight, first_pool, n_pools)


def same(one: list[dict[str, torch.Tensor]], other: list[dict[str, torch.Tensor]]) -> bool:
    return len(one) == len(other) and all(
        a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a) for a, b in zip(one, other, strict=True)
    )


def test_a_pool_is_the_same_in_any_order_and_process() -> None:
    forward = [pools()[index] for index in range(5)]
    one = pools()
    backward = [one[index] for index in (4, 3, 2, 1, 0)][::-1]
    by_workers = list(loader(pools(), n_workers=2))
    resumed = [pools(first_pool=3)[index] for index in range(2)]
    assert all(same(a, b) for a, b in zip(forward, backward, strict=True))
    assert all(same(a, b) for a, b in zip(forward, by_workers, strict=True))
    assert all(same(a, b) for a, b in zip(forward[3:], resumed, strict=True))
    assert not same(forward[3], forward[4])
    assert not same(forward[3], pools(seed=8)[3])


def test_batches_stay_within_their_budget_and_waste_little() -> None:
    for pool, budget in [(0, 256), (1, 512), (3, 2048), (4, 2048)]:
        n_ids = n_padding = 0
        for batch in pools()[pool]:
            rows, longest = batch["input_ids"].shape
            assert rows == 1 or max(longest, batch["labels"].shape[1]) * rows <= budget
            n_ids += batch["input_ids"].numel()
            n_padding += int((batch["input_ids"] == PAD_ID).sum())
            assert torch.equal(batch["attention_mask"], (batch["input_ids"] != PAD_ID).long())
        assert n_padding / n_ids < 0.2, pool


def test_a_pool_of_the_usual_number_of_windows_is_hardly_padded() -> None:
    examples = sampler().documents(512, np.random.default_rng(5))
    batches = make_batches(examples, 2048, np.random.default_rng(6))
    n_ids = sum(batch["input_ids"].numel() + batch["labels"].numel() for batch in batches)
    n_padding = sum(int((b["input_ids"] == PAD_ID).sum() + (b["labels"] == IGNORED_LABEL).sum()) for b in batches)
    assert n_padding / n_ids < 0.08


def test_one_example_longer_than_the_budget_is_a_batch_of_its_own() -> None:
    examples = [Example("а" * 50, "а" * 50), Example("б", "б"), Example("в", "в")]
    shapes = sorted(tuple(b["input_ids"].shape) for b in make_batches(examples, 16, np.random.default_rng(0)))
    assert shapes == [(1, 101), (2, 3)]


def test_no_example_is_lost_and_all_decode_back() -> None:
    examples = sampler().documents(100, np.random.default_rng(1))
    batches = make_batches(examples, 2048, np.random.default_rng(2))
    found = []
    for batch in batches:
        for source, target in zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True):
            assert source.count(EOS_ID) == 1
            assert target.count(EOS_ID) == 1
            found.append((decode(target), decode(source)))
    assert sorted(found) == sorted((e.reference, e.hypothesis) for e in examples)


def test_the_curriculum_goes_from_letters_to_words_to_windows() -> None:
    stages = pools()
    examples = [stages.examples(pool, np.random.default_rng(pool)) for pool in range(4)]
    assert [len(part) for part in examples] == [512, 512, 512, 128]
    assert all(e.reference == e.hypothesis and 3 <= len(e.reference) <= 9 for e in examples[0])
    for part in examples[1:3]:
        assert all(1 <= len(e.reference.split()) <= 3 for e in part)
    assert all(n_bytes(e.reference) <= 120 for e in examples[3])
    assert np.mean([n_bytes(e.reference) for e in examples[3]]) > 40


def test_windows_of_a_document_share_one_channel() -> None:
    prior = CountingPrior("clean", {"clean": 1.0})
    for windows, least, greatest in [(1, 60, 60), (3, 20, 60)]:
        CountingPrior.n_draws = 0
        config = DataConfig(**{**vars(CONFIG), "windows_per_document": windows})
        assert len(sampler(config, prior).documents(60, np.random.default_rng(3))) == 60
        assert least <= CountingPrior.n_draws <= greatest


def test_a_clean_channel_gives_the_text_of_the_corpus() -> None:
    examples = sampler(prior=ChannelPrior.shipped("clean")).documents(50, np.random.default_rng(4))
    assert all(e.reference == e.hypothesis for e in examples)


def test_the_text_that_a_seed_draws_stays_the_same() -> None:
    examples = sampler(prior=ChannelPrior.shipped("clean")).documents(60, np.random.default_rng(3))
    drawn = "\0".join(example.reference for example in examples)
    assert hashlib.sha256(drawn.encode("utf-8")).hexdigest().startswith("cde3fb648190d56e")


def test_a_passage_does_not_copy_the_rest_of_the_corpus() -> None:
    class Lines(tuple[str, ...]):
        n_copied = 0

        def __getitem__(self, place: Any) -> Any:
            found = super().__getitem__(place)
            type(self).n_copied += len(found) if isinstance(place, slice) else 0
            return found

    source = Source("кітап", Lines(f"Кітаптың {number}-жолы ұзын емес." for number in range(10_000)), "")
    ExampleSampler([source], ChannelPrior.shipped("clean"), CONFIG).documents(30, np.random.default_rng(5))
    assert 30 < Lines.n_copied < 1000


def test_windows_without_an_error_are_drawn_as_often_as_asked() -> None:
    prior = ChannelPrior.shipped("tesseract-kaz")
    taken = {}
    for share in (1.0, 0.25):
        drawn = sampler(replace(CONFIG, undamaged_share=share), prior)
        examples = drawn.documents(1200, np.random.default_rng(2))
        n_undamaged = sum(example.reference == example.hypothesis for example in examples)
        taken[share] = n_undamaged / (len(examples) - n_undamaged)
    assert taken[0.25] == pytest.approx(0.25 * taken[1.0], rel=0.25)


def test_changed_bytes_weigh_more_and_nothing_else_does() -> None:
    # "қ" (2 bytes) was read as "к", "." was lost, a space was put behind the end
    example = Example("ақ.", "ак ")
    (batch,) = make_batches([example, Example("ақ.", "ақ.")], 64, np.random.default_rng(0), changed_byte_weight=3.0)
    changed = [decode(ids) for ids in batch["input_ids"].tolist()].index("ак ")
    assert batch["weights"][1 - changed].tolist() == [1.0] * 6
    assert batch["weights"][changed].tolist()[:5] == [1.0, 1.0, 3.0, 3.0, 3.0]


def test_an_insertion_weighs_on_the_byte_behind_it() -> None:
    (batch,) = make_batches([Example("аб", "а б")], 64, np.random.default_rng(0), changed_byte_weight=2.0)
    assert batch["weights"].tolist() == [[1.0, 1.0, 2.0, 1.0, 1.0]]
    (batch,) = make_batches([Example("аб", "аб ")], 64, np.random.default_rng(0), changed_byte_weight=2.0)
    assert batch["weights"].tolist() == [[1.0, 1.0, 1.0, 1.0, 2.0]]  # where the end of sequence is due


def test_labels_are_ignored_where_there_is_padding() -> None:
    (batch,) = make_batches([Example("аб", "аб"), Example("а", "а")], 64, np.random.default_rng(0))
    assert sorted(batch["labels"].eq(IGNORED_LABEL).sum(dim=1).tolist()) == [0, 2]
    assert "weights" not in batch


def test_a_corpus_without_enough_words_is_an_error_and_not_an_endless_loop() -> None:
    tiny = ExampleSampler([Source.from_lines("tiny", ["сөз"])], ChannelPrior.shipped("clean"), CONFIG)
    with pytest.raises(ValueError, match=r"the corpus \(tiny\) has no passage of 20 words"):
        tiny.words(1, 20, 30, np.random.default_rng(0))


def test_listed_words_make_their_share_of_the_documents() -> None:
    """Every word of the list has a letter that nothing else has, so that a document tells its origin."""
    words = [f"щ{letter}ѫ" for letter in "абвгдежз"]
    config = replace(CONFIG, word_lists=("unused",), word_list_share=0.5)
    sampler = ExampleSampler(load_corpus([str(SENTENCES)]), ChannelPrior.shipped("clean"), config, words)
    examples = sampler.documents(300, np.random.default_rng(1))
    of_list = [example for example in examples if "ѫ" in example.reference.lower()]
    assert 0.35 < len(of_list) / len(examples) < 0.65
    allowed = set("".join(words)) | set(" \n-")
    assert all(set(example.reference.lower()) <= allowed for example in of_list)


def test_without_a_list_nothing_is_drawn_of_it() -> None:
    sampler = ExampleSampler(load_corpus([str(SENTENCES)]), ChannelPrior.shipped("clean"), CONFIG)
    plain = sampler.documents(20, np.random.default_rng(1))
    listed = ExampleSampler(load_corpus([str(SENTENCES)]), ChannelPrior.shipped("clean"), CONFIG, ["щаъ"]).documents(
        20, np.random.default_rng(1)
    )
    assert {"ъ" in example.reference for example in plain + listed} == {False}
