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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from accelerate import Accelerator
from accelerate.utils import DistributedType, set_seed
from safetensors import SafetensorError
from transformers import PreTrainedModel

from kzocr import __version__
from kzocr.channel.prior import ChannelPrior
from kzocr.checkpoint import (
    build_model,
    newest_checkpoint,
    read_checkpoint,
    read_metadata,
    write_checkpoint,
    write_model,
)
from kzocr.config import TrainingConfig
from kzocr.corpus import CorpusError, Source, load_corpus, load_word_lists, without_overlap
from kzocr.data import Batch, Example, ExampleSampler, Pools, loader
from kzocr.decoding import GuidedDecoder
from kzocr.encoding import IGNORED_LABEL, decode, encode
from kzocr.hardware import resolve_precision, speed_up
from kzocr.metrics import cer
from kzocr.optimization import WeightAverage, make_optimizer, schedule
from kzocr.pairs import TextPair, read_pairs
from kzocr.read_documents import load_read_documents
from kzocr.windows import windows

logger = logging.getLogger(__name__)

LOG_NAME = "log.jsonl"
VALIDATION_SEED = 20_261


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and which checkpoint is still good."""


@dataclass
class Progress:
    """Where a run is; saved with every checkpoint.

    Attributes:
        step: optimiser steps done.
        pool: number of the pool that is being read.
        batch: batches of that pool that are done.
        target_bytes: printed bytes learnt from so far in all processes, padding not counted.
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
    """One run of `config` in `folder`; `train` starts it or goes on with it.

    Attributes:
        on_step: called after every step with the number of steps done.
    """

    def __init__(self, config: TrainingConfig, folder: Path) -> None:
        """Load the corpus and the newest checkpoint of `folder`, or build a new model.

        Raises:
            CorpusError, ConfigError, OSError: something named in `config` cannot be read.
            TrainingError: the newest checkpoint is of another model, or the processes share one model in pieces.
        """
        self.config = config
        self.folder = folder
        self.accelerator = Accelerator(
            mixed_precision=resolve_precision(config.run.mixed_precision),
            gradient_accumulation_steps=config.run.gradient_accumulation,
        )
        if self.accelerator.distributed_type in (DistributedType.FSDP, DistributedType.DEEPSPEED):
            raise TrainingError(
                f"{self.accelerator.distributed_type}: every process holds the whole model here: use DDP"
            )
        set_seed(config.seed)
        held_out = load_corpus(config.data.validation_corpus)
        self.sources = without_overlap(load_corpus(config.data.corpus), held_out)
        prior = ChannelPrior.load(config.data.prior)
        words = load_word_lists(config.data.word_lists, held_out)
        self.validation = _validation_examples(held_out, prior, config)
        self.pairs = _load_pairs(config.data.validation_pairs)
        measured = [Source.from_lines(n, (p.reference for p in pairs)) for n, pairs in self.pairs.items()]
        read = load_read_documents(config.data.pairs, [*held_out, *measured])
        self.sampler = ExampleSampler(self.sources, prior, config.data, words, read)
        model = build_model(config.model)
        self.parent = {} if config.model.init == "scratch" else read_metadata(config.model.init)
        if config.run.gradient_checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.config.use_cache = False
        speed_up(model, self.accelerator.device)
        self.optimizer = make_optimizer(model, config.optimizer)
        self.model, self.optimizer = self.accelerator.prepare(model, self.optimizer)
        self.forward = torch.compile(self.model, dynamic=True) if config.run.compile else self.model
        self.average = (
            WeightAverage(self.plain_model, config.optimizer.ema_decay) if config.optimizer.ema_decay else None
        )
        self.progress = Progress()
        self.on_step: Callable[[int], None] | None = None
        self.board: Any = None
        if (checkpoint := newest_checkpoint(folder)) is not None:
            self._load(checkpoint)

    @property
    def plain_model(self) -> PreTrainedModel:
        """The model without the wrappers that accelerate puts around it."""
        return self.accelerator.unwrap_model(self.model)

    def train(self) -> Path:
        """Train until `max_steps` and return the folder of the finished model.

        Raises:
            TrainingError: the loss or its gradient is no finite number.
        """
        run = self.config.run
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open_logs()
        self.model.train()
        batches = self._batches()
        losses: list[float] = []
        logged_bytes, logged_seconds = self.progress.target_bytes, self.progress.seconds
        while self.progress.step < run.max_steps:
            started = time.monotonic()
            losses.append(self._step(batches))
            step = self.progress.step
            if self.on_step is not None:
                self.on_step(step)
            self.progress.seconds += time.monotonic() - started
            if step % run.log_steps == 0:
                seconds = self.progress.seconds - logged_seconds
                rate = (self.progress.target_bytes - logged_bytes) / max(seconds, 1e-9)
                self._log({"step": step, "loss": self._mean(losses), "bytes_per_second": rate})
                losses, logged_bytes, logged_seconds = [], self.progress.target_bytes, self.progress.seconds
            if step % run.validate_steps == 0 or step == run.max_steps:
                self._validate()
                self._draw_curves()
            if step % run.checkpoint_steps == 0 or step == run.max_steps:
                self.save()
        return self.export()

    def _draw_curves(self) -> None:
        if self.accelerator.is_main_process and find_spec("PIL") is not None:
            from kzocr.curves import CURVES_NAME, write_curves

            records = read_log(self.folder / LOG_NAME)
            if any("loss" in record for record in records):
                write_curves(records, self.folder / CURVES_NAME)

    def _mean(self, losses: list[float]) -> float:
        """Return the mean of `losses` over their steps and over all processes."""
        mean = torch.tensor(sum(losses) / len(losses), device=self.accelerator.device)
        return float(self.accelerator.reduce(mean, reduction="mean"))

    def _step(self, batches: Iterator[Batch]) -> float:
        rate = schedule(self.progress.step, self.config.run.max_steps, self.config.optimizer)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        for number in range(self.config.run.gradient_accumulation):
            batch = next(batches)
            self._seed(number)
            with self.accelerator.accumulate(self.model):
                with self.accelerator.autocast():
                    loss = self._loss(batch)
                total += loss.item()
                self._check_finite("loss", total)
                self.accelerator.backward(loss)
                if self.accelerator.sync_gradients:
                    norm = self.accelerator.clip_grad_norm_(
                        self.model.parameters(), self.config.optimizer.gradient_clip
                    )
                    self._check_finite("norm of the gradient", float(norm))
                self.optimizer.step()
                self.optimizer.zero_grad(set_to_none=True)
        self.progress.step += 1
        if self.average is not None:
            self.average.update(self.plain_model)
        return total / self.config.run.gradient_accumulation

    def _check_finite(self, what: str, value: float) -> None:
        """Raise before a number that is none reaches the weights, and with them the next checkpoint."""
        if not math.isfinite(value):
            newest = newest_checkpoint(self.folder)
            raise TrainingError(
                f"the {what} is {value} at step {self.progress.step}; last good checkpoint: {newest or 'none'}"
            )

    def _seed(self, number: int) -> None:
        """Make what is random in a batch (dropout) a function of seed, step, batch number and process.

        It comes after the batch was drawn: a loader takes a number from torch's generator when it starts, which
        a resumed run does once more.
        """
        place = [self.config.seed, self.progress.step, number, self.accelerator.process_index]
        torch.manual_seed(int(np.random.SeedSequence(place).generate_state(1, np.uint64)[0]) >> 1)

    def _loss(self, batch: Batch) -> torch.Tensor:
        """Return the mean cross entropy a byte, in nats; changed bytes count `changed_byte_weight` times."""
        device = self.accelerator.device
        labels = batch["labels"].to(device)
        logits = self.forward(
            input_ids=batch["input_ids"].to(device),
            attention_mask=batch["attention_mask"].to(device),
            decoder_input_ids=shift_right(labels),
        ).logits
        return masked_cross_entropy(logits, labels, batch["weights"].to(device) if "weights" in batch else None)

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
            if n_rounds == 0:
                raise TrainingError(
                    f"pool {self.progress.pool} has {len(batches)} batches for {world} processes: "
                    "raise data.pool_examples or lower data.batch_bytes"
                )
            for number in range(self.progress.batch, n_rounds):
                self.progress.batch = number + 1
                turn = batches[number * world : (number + 1) * world]
                self.progress.target_bytes += sum(int((b["labels"] != IGNORED_LABEL).sum()) for b in turn)
                yield turn[rank]
            self.progress.pool += 1
            self.progress.batch = 0

    def _validate(self) -> None:
        if not self.accelerator.is_main_process:
            return
        started = time.monotonic()
        self._swap_average()
        try:
            record = {"step": self.progress.step, **validate(self.plain_model, self.validation)}
            n_bytes = self.config.data.greatest_window_bytes
            for name, pairs in self.pairs.items():
                rates = validate_pairs(self.plain_model, pairs, n_bytes)
                record.update({f"{key}:{name}": rate for key, rate in rates.items()})
        finally:
            self._swap_average()
        record["validation_seconds"] = time.monotonic() - started
        self.progress.validations.append(record)
        self._log(record)

    def save(self) -> None:
        """Write a checkpoint; it appears whole or not at all. Old ones are removed.

        Raises:
            TrainingError: it could not be written (a full disk); older checkpoints stay.
        """
        if self.accelerator.is_main_process:
            state = {
                "model": self.plain_model.state_dict(),
                "average": self.average.state_dict() if self.average else {},
                "optimizer": self.optimizer.state_dict(),
            }
            described = {"config": self.config.to_dict(), "progress": vars(self.progress)}
            try:
                n_kept = self.config.run.keep_checkpoints
                write_checkpoint(self.folder, self.progress.step, state, described, n_kept)
            except (OSError, RuntimeError) as error:
                raise TrainingError(self._not_written("the checkpoint", error)) from error
        self.accelerator.wait_for_everyone()

    def export(self) -> Path:
        """Write the (averaged) model with its metadata to `model/` in the run's folder and return that folder.

        Raises:
            TrainingError: it could not be written (a full disk); an older `model/` stays.
        """
        target = self.folder / "model"
        if self.accelerator.is_main_process:
            partial = self.folder / ".model.partial"
            shutil.rmtree(partial, ignore_errors=True)
            self._swap_average()
            self.plain_model.config.use_cache = True
            try:
                write_model(self.plain_model, partial, self.metadata())
                shutil.rmtree(target, ignore_errors=True)
                partial.rename(target)
            except (OSError, RuntimeError, SafetensorError) as error:
                shutil.rmtree(partial, ignore_errors=True)
                raise TrainingError(self._not_written("the model", error)) from error
            finally:
                self.plain_model.config.use_cache = False
                self._swap_average()
        return target

    def _swap_average(self) -> None:
        if self.average is not None:
            self.average.swap(self.plain_model)

    def _not_written(self, what: str, error: Exception) -> str:
        free_mb = shutil.disk_usage(self.folder).free / 1e6
        return (
            f"{self.folder}: {what} of step {self.progress.step} could not be written: {error} "
            f"({free_mb:,.0f} MB are free there); last good checkpoint: {newest_checkpoint(self.folder) or 'none'}"
        )

    def metadata(self) -> dict[str, Any]:
        """Return what a model card needs to know of the run."""
        return {
            "kzocr_version": __version__,
            "config": self.config.to_dict(),
            "n_parameters": self.plain_model.num_parameters(),
            "steps": self.progress.step,
            "target_bytes": self.progress.target_bytes,
            "training_seconds": round(self.progress.seconds),
            "device": _device_name(self.accelerator.device),
            "n_processes": self.accelerator.num_processes,
            "torch_version": torch.__version__,
            "transformers_version": transformers.__version__,
            "sources": [
                {"name": s.name, "n_lines": len(s.lines), "n_bytes": s.n_bytes, "sha256": s.sha256}
                for s in self.sources
            ],
            "validation": self.progress.validations[-1] if self.progress.validations else {},
            "parent": self.parent,
        }

    def _load(self, checkpoint: Path) -> None:
        state, described = read_checkpoint(checkpoint)
        changed = _changed_keys(described["config"], self.config.to_dict())
        if any(key.startswith("model.") for key in changed):
            raise TrainingError(
                f"{checkpoint} is of another model ({', '.join(changed)}): take another run folder, or remove this one"
            )
        if changed:
            logger.warning("the configuration was changed since %s: %s", checkpoint, ", ".join(changed))
        try:
            self.plain_model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            raise TrainingError(f"{checkpoint} does not fit the model: {str(error).splitlines()[0]}") from error
        if self.average is not None and state["average"]:
            self.average.load_state_dict(state["average"])
        self.progress = Progress(**described["progress"])
        logger.info("resumed from %s (step %d)", checkpoint, self.progress.step)

    def _log(self, record: dict[str, float]) -> None:
        if not self.accelerator.is_main_process:
            return
        logger.info("  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in record.items()))
        with (self.folder / LOG_NAME).open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
        if self.board is not None:
            for key, value in record.items():
                self.board.add_scalar(key, value, record["step"])
            self.board.flush()

    def _open_logs(self) -> None:
        """Drop what a killed run had logged behind its last checkpoint: those steps are done again."""
        if not self.accelerator.is_main_process:
            return
        path = self.folder / LOG_NAME
        kept = [record for record in read_log(path) if record["step"] <= self.progress.step]
        path.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(self.folder / "tensorboard"), purge_step=self.progress.step + 1)


def read_log(path: Path) -> list[dict[str, float]]:
    """Return the records of a run's `log.jsonl`, oldest first; a last line that a kill cut short is left out."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1] if line]


def _changed_keys(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the dotted names of the keys whose values differ."""
    changed = []
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            changed += _changed_keys(one, other, f"{prefix}{key}.")
        elif json.dumps(one) != json.dumps(other):
            changed.append(f"{prefix}{key}")
    return changed


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def shift_right(labels: torch.Tensor) -> torch.Tensor:
    """Return decoder inputs for `labels` of shape (batch, sequence): moved by one, the start id in front."""
    shifted = torch.zeros_like(labels)
    shifted[:, 1:] = labels[:, :-1]
    return shifted.masked_fill(shifted == IGNORED_LABEL, 0)


def masked_cross_entropy(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Return the weighted mean cross entropy a byte, in nats, over the labels that are no padding.

    Args:
        logits: (batch, sequence, ids).
        labels: (batch, sequence).
        weights: (batch, sequence), or None for equal ones.
    """
    losses = torch.nn.functional.cross_entropy(
        logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED_LABEL, reduction="none"
    )
    counted = (labels != IGNORED_LABEL).float()
    if weights is not None:
        counted = counted * weights
    return (losses * counted.flatten()).sum() / counted.sum()


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


def validate_pairs(model: PreTrainedModel, pairs: Sequence[TextPair], window_bytes: int) -> dict[str, float]:
    """Return pooled `cer_before` and `cer_after` on whole documents, corrected window by window without guards.

    Args:
        model: as it is in training; it is left as it was.
        pairs: printed text and OCR text.
        window_bytes: greatest length of a window; the white space at its ends is kept as it is.
    """
    texts = [[one.text for one in windows(p.hypothesis, core_bytes=window_bytes, context_bytes=0)] for p in pairs]
    filled = [text for parts in texts for text in parts if text.strip()]
    inputs = [encode(text.strip()) for text in filled]
    was_training = model.training
    model.eval()
    decoded = GuidedDecoder(model).decode(inputs, max_new_bytes=[2 * len(ids) + 16 for ids in inputs])
    model.train(was_training)
    corrected = {text: text.replace(text.strip(), decode(d.ids)) for text, d in zip(filled, decoded, strict=True)}
    references = [pair.reference for pair in pairs]
    joined = ["".join(corrected.get(text, text) for text in parts) for parts in texts]
    return {
        "cer_before": cer(reference=references, hypothesis=[pair.hypothesis for pair in pairs]),
        "cer_after": cer(reference=references, hypothesis=joined),
    }


def _load_pairs(paths: Sequence[str]) -> dict[str, list[TextPair]]:
    """Return the pairs of each file by the file's name without its ending."""
    loaded = {Path(path).stem: read_pairs(path) for path in paths}
    for name, pairs in loaded.items():
        if not any(pair.reference for pair in pairs):
            raise CorpusError(f"data.validation_pairs: {name}: no pair with a reference")
    return loaded


def _validation_examples(sources: list[Source], prior: ChannelPrior, config: TrainingConfig) -> list[Example]:
    sampler = ExampleSampler(sources, prior, config.data)
    return sampler.documents(config.run.n_validation_windows, np.random.default_rng(VALIDATION_SEED))
