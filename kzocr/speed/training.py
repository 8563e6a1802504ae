"""Speed of training: kzocr's step next to transformers' Seq2SeqTrainer, and the loader alone."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, Seq2SeqTrainer, Seq2SeqTrainingArguments, TrainerCallback

from kzocr.channel.prior import ChannelPrior
from kzocr.config import OptimizerConfig, TrainingConfig
from kzocr.corpus import load_corpus
from kzocr.data import Batch, Example, ExampleSampler, Pools, make_batches
from kzocr.encoding import IGNORED_LABEL, collate, encode
from kzocr.runs.hardware import resolve_precision, speed_up
from kzocr.runs.loss import masked_cross_entropy, shift_right
from kzocr.runs.optimization import make_optimizer

N_WARMUP_STEPS = 2
"""First steps, in which memory is got, are not timed."""


@dataclass(frozen=True)
class TrainingSpeed:
    """How fast one way of training learns from the same examples.

    Attributes:
        name: of the way.
        seconds: for all steps but the first ones, which warm up.
        target_bytes: printed bytes learnt from in that time, padding not counted.
        padding_share: share of the ids fed to encoder and decoder that are padding, 0 to 1.
        n_steps: optimiser steps in that time.
    """

    name: str
    seconds: float
    target_bytes: int
    padding_share: float
    n_steps: int

    @property
    def bytes_per_second(self) -> float:
        """Printed bytes a second."""
        return self.target_bytes / self.seconds


@dataclass(frozen=True)
class TrainingSpeeds:
    """All that is compared.

    Attributes:
        ways: of training; the first is the yardstick.
        loader_examples_per_second: examples that one process prepares, noise included.
        loader_bytes_per_second: printed bytes of them.
    """

    ways: Sequence[TrainingSpeed]
    loader_examples_per_second: float
    loader_bytes_per_second: float


def training_speeds(
    model: PreTrainedModel, config: TrainingConfig, corpus: str, n_examples: int, batch_bytes: int
) -> TrainingSpeeds:
    """Return how fast the same examples are learnt from by `Seq2SeqTrainer` and by kzocr, and how fast they are made.

    Args:
        model: the checkpoint that is trained on, on its device.
        config: its data settings and optimiser are used.
        corpus: text file, folder or packed corpus.
        n_examples: windows to learn from.
        batch_bytes: input bytes of a batch.
    """
    data = replace(
        config.data,
        corpus=(corpus,),
        word_lists=(),
        word_list_share=0.0,
        pool_examples=n_examples,
        batch_bytes=batch_bytes,
    )
    sampler = ExampleSampler(load_corpus(data.corpus), ChannelPrior.load(data.prior), data)
    drawn = sampler.documents(n_examples, np.random.default_rng(1))
    ways = [
        stock(model, drawn, rows_of_like_cost(drawn, batch_bytes)),
        ours(model, drawn, batch_bytes, config.optimizer),
    ]
    return TrainingSpeeds(ways, *loader_speed(sampler, 2))


def ours(
    model: PreTrainedModel, examples: Sequence[Example], batch_bytes: int, optimizer: OptimizerConfig
) -> TrainingSpeed:
    """Return the speed of kzocr's own step: batches of like lengths within a budget of bytes."""
    model = copy.deepcopy(model).train()
    model.config.use_cache = False
    device = next(model.parameters()).device
    speed_up(model, device)
    moves = make_optimizer(model, optimizer)
    batches = make_batches(examples, batch_bytes, np.random.default_rng(1))
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=resolve_precision("auto") == "bf16")
    started, learnt = time.perf_counter(), 0
    for number, batch in enumerate(batches):
        if number == N_WARMUP_STEPS:
            started, learnt = time.perf_counter(), 0
        labels = batch["labels"].to(device)
        with autocast:
            logits = model(
                input_ids=batch["input_ids"].to(device),
                attention_mask=batch["attention_mask"].to(device),
                decoder_input_ids=shift_right(labels),
            ).logits
            loss = masked_cross_entropy(logits, labels, None)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), optimizer.gradient_clip)
        moves.step()
        moves.zero_grad(set_to_none=True)
        learnt += int((labels != IGNORED_LABEL).sum())
        loss.item()
    return TrainingSpeed(
        "kzocr", time.perf_counter() - started, learnt, _padding_share(batches), len(batches) - N_WARMUP_STEPS
    )


class _Clock(TrainerCallback):
    """Notes when the warm-up is over."""

    def __init__(self) -> None:
        self.started = 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock behind the warm-up."""
        if state.global_step == N_WARMUP_STEPS:
            self.started = time.perf_counter()


def stock(model: PreTrainedModel, examples: Sequence[Example], n_rows: int) -> TrainingSpeed:
    """Return the speed of `Seq2SeqTrainer` with a padding collator and random batches of `n_rows` examples."""
    rows = [(encode(example.hypothesis), encode(example.reference)) for example in examples]
    seen: list[Batch] = []

    def padded(items: list[dict[str, Any]]) -> Batch:
        seen.append(collate([item["pair"] for item in items]))
        return seen[-1]

    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Seq2SeqTrainer(
            model=copy.deepcopy(model),
            args=Seq2SeqTrainingArguments(
                output_dir=folder,
                per_device_train_batch_size=n_rows,
                max_steps=len(rows) // n_rows,
                bf16=resolve_precision("auto") == "bf16",
                remove_unused_columns=False,
                save_strategy="no",
                logging_strategy="no",
                report_to=[],
                disable_tqdm=True,
                use_cpu=next(model.parameters()).device.type == "cpu",
            ),
            train_dataset=[{"pair": row} for row in rows],
            data_collator=padded,
            callbacks=[clock],
        )
        trainer.train()
    seconds = time.perf_counter() - clock.started
    batches = seen[: len(rows) // n_rows]
    learnt = sum(int((batch["labels"] != IGNORED_LABEL).sum()) for batch in batches[N_WARMUP_STEPS:])
    return TrainingSpeed("Seq2SeqTrainer", seconds, learnt, _padding_share(batches), len(batches) - N_WARMUP_STEPS)


def loader_speed(sampler: ExampleSampler, n_pools: int) -> tuple[float, float]:
    """Return how many examples and how many printed bytes a second one process prepares, noise included."""
    pools = Pools(sampler, 1, [], 1.0)
    started = time.perf_counter()
    batches = [batch for number in range(n_pools) for batch in pools[number]]
    seconds = time.perf_counter() - started
    n_examples = sum(len(batch["labels"]) for batch in batches)
    return n_examples / seconds, sum(int((batch["labels"] != IGNORED_LABEL).sum()) for batch in batches) / seconds


def rows_of_like_cost(examples: Sequence[Example], batch_bytes: int) -> int:
    """Return how many examples of mean length fill a batch of `batch_bytes`: what both ways learn from in a step."""
    mean = sum(len(encode(example.hypothesis)) for example in examples) / len(examples)
    return max(1, round(batch_bytes / mean))


def _padding_share(batches: Sequence[Batch]) -> float:
    real = sum(int(b["attention_mask"].sum()) + int((b["labels"] != IGNORED_LABEL).sum()) for b in batches)
    return 1 - real / sum(b["input_ids"].numel() + b["labels"].numel() for b in batches)
