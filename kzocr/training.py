"""Configuration + data -> a run folder with checkpoints, a log and, in `model/`, the model to ship.

A lean loop on `accelerate`: batches are made by bytes, noise is drawn on the fly, and everything that a step
depends on (weights, their average, optimiser, place in the data, random state) is in the checkpoint, so that a
killed run goes on exactly where it was.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from transformers import PreTrainedModel

from kzocr import __version__
from kzocr.channel.prior import ChannelPrior
from kzocr.checkpoint import build_model, read_metadata, write_model
from kzocr.config import TrainingConfig
from kzocr.corpus import Source, load_corpus
from kzocr.data import Batch, Example, ExampleSampler, Pools, loader
from kzocr.decoding import GuidedDecoder
from kzocr.encoding import IGNORED_LABEL, decode, encode
from kzocr.metrics import cer
from kzocr.optimization import WeightAverage, make_optimizer, schedule

logger = logging.getLogger(__name__)

VALIDATION_SEED = 20_261
CHECKPOINT_PREFIX = "checkpoint-"


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and which checkpoint is still good."""


@dataclass
class Progress:
    """Where a run is; saved with every checkpoint.

    Attributes:
        step: optimiser steps done.
        pool: number of the pool that is being read.
        batch: batches of that pool that are done.
        target_bytes: printed bytes learnt from so far, padding not counted.
        seconds: wall-clock time spent so far.
        validations: one record a validation, oldest first.
    """

    step: int = 0
    pool: int = 0
    batch: int = 0
    target_bytes: int = 0
    seconds: float = 0.0
    validations: list[dict[str, float]] = field(default_factory=list)


class Trainer:
    """One run of `config` in `folder`; `train` starts it or goes on with it."""

    def __init__(self, config: TrainingConfig, folder: Path) -> None:
        """Load the corpus and the newest checkpoint of `folder`, or build a new model.

        Raises:
            CorpusError, ConfigError, OSError: something named in `config` cannot be read.
        """
        self.config = config
        self.folder = folder
        self.accelerator = Accelerator(
            mixed_precision=config.run.mixed_precision,
            gradient_accumulation_steps=config.run.gradient_accumulation,
        )
        set_seed(config.seed)
        sources = load_corpus(config.data.corpus)
        held_out = load_corpus(config.data.validation_corpus)
        self.sources = sources
        prior = ChannelPrior.shipped(config.data.prior)
        self.sampler = ExampleSampler(sources, prior, config.data)
        self.validation = _validation_examples(held_out, prior, config)
        model = build_model(config.model)
        self.parent = {} if config.model.init == "scratch" else read_metadata(config.model.init)
        if config.run.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        model.config.use_cache = False
        self.optimizer = make_optimizer(model, config.optimizer)
        self.model, self.optimizer = self.accelerator.prepare(model, self.optimizer)
        self.forward = torch.compile(self.model, dynamic=True) if config.run.compile else self.model
        self.average = (
            WeightAverage(self.plain_model, config.optimizer.ema_decay) if config.optimizer.ema_decay else None
        )
        self.progress = Progress()
        if (checkpoint := newest_checkpoint(folder)) is not None:
            self._load(checkpoint)

    @property
    def plain_model(self) -> PreTrainedModel:
        """The model without the wrappers that accelerate puts around it."""
        return self.accelerator.unwrap_model(self.model)

    def train(self) -> Path:
        """Train until `max_steps` and return the folder of the finished model.

        Raises:
            TrainingError: the loss is no finite number.
        """
        run = self.config.run
        self.folder.mkdir(parents=True, exist_ok=True)
        self._trim_log()
        self.model.train()
        batches = self._batches()
        losses: list[float] = []
        logged = time.monotonic()
        logged_bytes = self.progress.target_bytes
        while self.progress.step < run.max_steps:
            started = time.monotonic()
            losses.append(self._step(batches))
            step = self.progress.step
            self.progress.seconds += time.monotonic() - started
            if step % run.log_steps == 0:
                elapsed = time.monotonic() - logged
                rate = (self.progress.target_bytes - logged_bytes) / elapsed
                self._log({"step": step, "loss": sum(losses) / len(losses), "bytes_per_second": rate})
                losses, logged, logged_bytes = [], time.monotonic(), self.progress.target_bytes
            if step % run.validate_steps == 0 or step == run.max_steps:
                self._validate()
            if step % run.checkpoint_steps == 0 or step == run.max_steps:
                self.save()
        return self.export()

    def _step(self, batches: Iterator[Batch]) -> float:
        rate = schedule(self.progress.step, self.config.run.max_steps, self.config.optimizer)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        for _ in range(self.config.run.gradient_accumulation):
            batch = next(batches)
            with self.accelerator.accumulate(self.model):
                with self.accelerator.autocast():
                    loss = self._loss(batch)
                total += loss.item()
                if not math.isfinite(total):
                    newest = newest_checkpoint(self.folder)
                    raise TrainingError(
                        f"the loss is {total} at step {self.progress.step}; last good checkpoint: {newest or 'none'}"
                    )
                self.accelerator.backward(loss)
                if self.accelerator.sync_gradients:
                    self.accelerator.clip_grad_norm_(self.model.parameters(), self.config.optimizer.gradient_clip)
                self.optimizer.step()
                self.optimizer.zero_grad(set_to_none=True)
            self.progress.target_bytes += int((batch["labels"] != IGNORED_LABEL).sum())
        self.progress.step += 1
        if self.average is not None:
            self.average.update(self.plain_model)
        return total / self.config.run.gradient_accumulation

    def _loss(self, batch: Batch) -> torch.Tensor:
        """Return the mean cross entropy a byte, in nats; changed bytes count `changed_byte_weight` times."""
        device = self.accelerator.device
        labels = batch["labels"].to(device)
        logits = self.forward(
            input_ids=batch["input_ids"].to(device),
            attention_mask=batch["attention_mask"].to(device),
            decoder_input_ids=shift_right(labels),
        ).logits.float()
        losses = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED_LABEL, reduction="none"
        )
        weights = (labels != IGNORED_LABEL).float()
        if "weights" in batch:
            weights = weights * batch["weights"].to(device)
        return (losses * weights.flatten()).sum() / weights.sum()

    def _batches(self) -> Iterator[Batch]:
        """Yield batches from where the run is; with several processes each takes every n-th batch."""
        world, rank = self.accelerator.num_processes, self.accelerator.process_index
        pools = Pools(
            self.sampler,
            self.config.seed,
            self.config.curriculum,
            self.config.run.changed_byte_weight,
            first_pool=self.progress.pool,
        )
        for batches in loader(pools, self.config.data.n_workers):
            n_rounds = len(batches) // world
            for number in range(self.progress.batch, n_rounds):
                self.progress.batch = number + 1
                yield batches[number * world + rank]
            self.progress.pool += 1
            self.progress.batch = 0

    def _validate(self) -> None:
        if not self.accelerator.is_main_process:
            return
        started = time.monotonic()
        if self.average is not None:
            self.average.swap(self.plain_model)
        try:
            record = {"step": self.progress.step, **validate(self.plain_model, self.validation)}
        finally:
            if self.average is not None:
                self.average.swap(self.plain_model)
        record["validation_seconds"] = time.monotonic() - started
        self.progress.validations.append(record)
        self._log(record)

    def save(self) -> Path:
        """Write a checkpoint and return its folder; it appears whole or not at all. Old ones are removed."""
        target = self.folder / f"{CHECKPOINT_PREFIX}{self.progress.step:08d}"
        if self.accelerator.is_main_process:
            partial = self.folder / f".{target.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            state = {
                "model": self.plain_model.state_dict(),
                "average": self.average.state_dict() if self.average else {},
                "optimizer": self.optimizer.state_dict(),
                "random_state": torch.get_rng_state(),
            }
            torch.save(state, partial / "state.pt")
            described = {"config": self.config.to_dict(), "progress": vars(self.progress)}
            (partial / "progress.json").write_text(json.dumps(described, indent=1), encoding="utf-8")
            shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
            for old in checkpoints(self.folder)[: -self.config.run.keep_checkpoints]:
                shutil.rmtree(old)
        self.accelerator.wait_for_everyone()
        return target

    def export(self) -> Path:
        """Write the (averaged) model with its metadata to `model/` in the run's folder and return that folder."""
        target = self.folder / "model"
        if self.accelerator.is_main_process:
            if self.average is not None:
                self.average.swap(self.plain_model)
            self.plain_model.config.use_cache = True
            write_model(self.plain_model, target, self.metadata())
            self.plain_model.config.use_cache = False
            if self.average is not None:
                self.average.swap(self.plain_model)
        return target

    def metadata(self) -> dict[str, Any]:
        """Return what a model card needs to know of the run."""
        return {
            "kzocr_version": __version__,
            "config": self.config.to_dict(),
            "n_parameters": self.plain_model.num_parameters(),
            "steps": self.progress.step,
            "target_bytes": self.progress.target_bytes,
            "training_seconds": round(self.progress.seconds),
            "device": str(self.accelerator.device),
            "n_processes": self.accelerator.num_processes,
            "sources": [{"name": s.name, "n_bytes": s.n_bytes, "sha256": s.sha256} for s in self.sources],
            "validation": self.progress.validations[-1] if self.progress.validations else {},
            "parent": self.parent,
        }

    def _load(self, checkpoint: Path) -> None:
        described = json.loads((checkpoint / "progress.json").read_text(encoding="utf-8"))
        state = torch.load(checkpoint / "state.pt", map_location=self.accelerator.device, weights_only=True)
        self.plain_model.load_state_dict(state["model"])
        if self.average is not None and state["average"]:
            self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random_state"].cpu())
        self.progress = Progress(**described["progress"])
        logger.info("resumed from %s (step %d)", checkpoint, self.progress.step)

    def _log(self, record: dict[str, float]) -> None:
        if not self.accelerator.is_main_process:
            return
        logger.info("  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in record.items()))
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")

    def _trim_log(self) -> None:
        """Drop what a killed run had logged behind its last checkpoint: those steps are done again."""
        path = self.folder / "log.jsonl"
        if path.exists() and self.accelerator.is_main_process:
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if json.loads(line)["step"] <= self.progress.step]
            path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")


def shift_right(labels: torch.Tensor) -> torch.Tensor:
    """Return decoder inputs for `labels` of shape (batch, sequence): moved by one, the start id in front."""
    shifted = torch.zeros_like(labels)
    shifted[:, 1:] = labels[:, :-1]
    return shifted.masked_fill(shifted == IGNORED_LABEL, 0)


def checkpoints(folder: Path) -> list[Path]:
    """Return the complete checkpoints in a run's folder, oldest first."""
    return sorted(folder.glob(f"{CHECKPOINT_PREFIX}*")) if folder.is_dir() else []


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest complete checkpoint in a run's folder, or None."""
    found = checkpoints(folder)
    return found[-1] if found else None


def validate(model: PreTrainedModel, examples: list[Example]) -> dict[str, float]:
    """Return pooled `cer_before` and `cer_after` on `examples`, and the share of clean ones that were changed."""
    was_training = model.training
    model.eval()
    inputs = [encode(example.hypothesis) for example in examples]
    decoded = GuidedDecoder(model).decode(inputs, max_new_bytes=[2 * len(ids) + 16 for ids in inputs])
    corrected = [decode(result.ids) for result in decoded]
    model.train(was_training)
    references = [example.reference for example in examples]
    clean = [(e, text) for e, text in zip(examples, corrected, strict=True) if e.reference == e.hypothesis]
    return {
        "cer_before": cer(reference=references, hypothesis=[example.hypothesis for example in examples]),
        "cer_after": cer(reference=references, hypothesis=corrected),
        "clean_changed": sum(e.reference != text for e, text in clean) / max(len(clean), 1),
        "n_clean": float(len(clean)),
    }


def _validation_examples(sources: list[Source], prior: ChannelPrior, config: TrainingConfig) -> list[Example]:
    sampler = ExampleSampler(sources, prior, config.data)
    return sampler.documents(config.run.n_validation_windows, np.random.default_rng(VALIDATION_SEED))
