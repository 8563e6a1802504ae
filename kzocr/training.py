"""Configuration + data -> a run folder with checkpoints, a log and, in `model/`, the model to ship.

A lean loop on `accelerate`: batches are made by bytes, noise is drawn on the fly, and everything that a step
depends on (weights, their average, optimiser, place in the data, random state) is in the checkpoint, so that a
killed run goes on exactly where it was.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
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
from kzocr.channel.description import describe_prior
from kzocr.channel.prior import ChannelPrior
from kzocr.config import TrainingConfig, config_from_dict
from kzocr.data import Batch
from kzocr.models.checkpoint import (
    build_model,
    newest_checkpoint,
    own_name,
    read_checkpoint,
    read_metadata,
    write_checkpoint,
    write_model,
)
from kzocr.models.companions import replace_model
from kzocr.models.tying import keep_ties
from kzocr.runs.data import RunData
from kzocr.runs.hardware import device_name, speed_up
from kzocr.runs.log import RunLog
from kzocr.runs.loss import masked_cross_entropy, shift_right
from kzocr.runs.optimization import WeightAverage, make_optimizer, schedule
from kzocr.runs.precision import agreed_precision, kept_precision
from kzocr.runs.sharding import divided, divided_optimizer_state, share_embedding, whole, whole_copy
from kzocr.runs.state import Progress, TrainingError, changed_keys
from kzocr.runs.validation import validate, validate_sets

logger = logging.getLogger(__name__)


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
            mixed_precision=agreed_precision(config.run.mixed_precision, kept_precision(folder)),
            gradient_accumulation_steps=config.run.gradient_accumulation,
        )
        self._check_how_processes_share()
        set_seed(config.seed)
        self.data = RunData.load(config)
        model = build_model(config.model)
        self.parent = {} if config.model.init == "scratch" else read_metadata(config.model.init)
        if config.run.gradient_checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.config.use_cache = False
        speed_up(model, self.accelerator.device)
        share_embedding(model)
        keep_ties(model)
        if config.run.compile:
            model.compile(dynamic=True)
        self.optimizer = make_optimizer(model, config.optimizer)
        self.model, self.optimizer = self.accelerator.prepare(model, self.optimizer)
        self.average = (
            WeightAverage(self.plain_model, config.optimizer.ema_decay) if config.optimizer.ema_decay else None
        )
        self.progress = Progress()
        self.on_step: Callable[[int], None] | None = None
        self.log: RunLog | None = None
        if (checkpoint := newest_checkpoint(folder)) is not None:
            self._load(checkpoint)

    def _check_how_processes_share(self) -> None:
        """Refuse what is not provided for; every process has read the weights itself.

        Raises:
            TrainingError: the processes are to share the model by DeepSpeed or by FSDP 1, or do not know of each other.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) > 1 and self.accelerator.num_processes == 1:
            raise TrainingError(
                "this is one of several processes that would all train the same: on a CPU set ACCELERATE_USE_CPU=true, "
                "or start them with `accelerate launch --cpu`"
            )
        kind = self.accelerator.distributed_type
        if kind == DistributedType.FSDP:
            plugin = self.accelerator.state.fsdp_plugin
            if plugin.fsdp_version != 2:
                raise TrainingError("FSDP 1 is not provided for: set fsdp_version to 2 (`accelerate config`)")
            plugin.cpu_ram_efficient_loading = False
        elif kind == DistributedType.DEEPSPEED:
            raise TrainingError("DeepSpeed is not provided for: use DDP, or FSDP 2 (`accelerate config`)")

    @property
    def plain_model(self) -> PreTrainedModel:
        """The model without the wrappers that accelerate puts around it."""
        return self.accelerator.unwrap_model(self.model)

    def train(self) -> Path:
        """Train until `max_steps` and return the folder of the finished model.

        Raises:
            TrainingError: the loss or its gradient is no finite number, or the newest checkpoint is beyond `max_steps`.
        """
        run = self.config.run
        if self.progress.step > run.max_steps:
            raise TrainingError(
                f"{newest_checkpoint(self.folder) or self.folder}: {self.progress.step} steps are done there, and "
                f"max_steps is {run.max_steps}: raise it, take another run folder, or export what is there "
                "(scripts/train.py --export)"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.accelerator.is_main_process:
            self.log = RunLog(self.folder, self.progress.step)
        self.model.train()
        world, rank = self.accelerator.num_processes, self.accelerator.process_index
        batches = self.data.batches(self.config, self.progress, world, rank)
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
                record = {"step": step, "loss": self._mean(losses), "bytes_per_second": rate}
                if self.log is not None:
                    self.log.write(record)
                losses, logged_bytes, logged_seconds = [], self.progress.target_bytes, self.progress.seconds
            if step % run.validate_steps == 0 or step == run.max_steps:
                self._validate()
            if step % run.checkpoint_steps == 0 or step == run.max_steps:
                self.save()
        return self.export()

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
        logits = self.model(
            input_ids=batch["input_ids"].to(device),
            attention_mask=batch["attention_mask"].to(device),
            decoder_input_ids=shift_right(labels),
        ).logits
        weights = batch["weights"].to(device) if "weights" in batch else None
        return masked_cross_entropy(logits, labels, weights, self.config.run.label_smoothing)

    def _finished_model(self) -> PreTrainedModel | None:
        """Return the model to validate and ship: whole, with the averaged weights; None outside of the main process.

        Every process has to call it.
        """
        weights = whole(self.average.weights if self.average else dict(self.plain_model.named_parameters()))
        if not self.accelerator.is_main_process:
            return None
        return whole_copy(self.plain_model, weights).to(self.accelerator.device)

    def _validate(self) -> None:
        started = time.monotonic()
        model = self._finished_model()
        if self.log is None or model is None:
            return
        record = {"step": self.progress.step, **validate(model, self.data.validation)}
        record |= validate_sets(model, self.data.pairs, self.config.data.greatest_window_bytes)
        record["validation_seconds"] = time.monotonic() - started
        self.progress.validations.append(record)
        self.log.write(record)
        self.log.draw_curves()

    def save(self) -> None:
        """Write a checkpoint; it appears whole or not at all. Old ones are removed.

        Raises:
            TrainingError: it could not be written (a full disk); older checkpoints stay.
        """
        state = whole(
            {
                "model": self.plain_model.state_dict(),
                "average": self.average.state_dict() if self.average else {},
                "optimizer": self.optimizer.state_dict(),
            }
        )
        if self.accelerator.is_main_process:
            described = {
                "config": self.config.to_dict(),
                "progress": vars(self.progress),
                "data": self.data.hashes,
                "precision": self.accelerator.mixed_precision,
            }
            try:
                n_kept = self.config.run.keep_checkpoints
                write_checkpoint(self.folder, self.progress.step, state, described, n_kept)
            except (OSError, RuntimeError) as error:
                raise TrainingError(self._not_written("the checkpoint", error)) from error
        self.accelerator.wait_for_everyone()

    def export(self) -> Path:
        """Write the (averaged) model with its metadata to `model/` in the run's folder and return that folder.

        What scripts laid beside the weights there (lexicon, context model, calibration, ...) stays.

        Raises:
            TrainingError: it could not be written (a full disk), and an older `model/` stays; or no step is done.
        """
        if self.progress.step == 0:
            raise TrainingError(f"{self.folder}: no checkpoint is there, so there is no model to write: train first")
        target = self.folder / "model"
        model = self._finished_model()
        if model is not None:
            partial = self.folder / ".model.partial"
            shutil.rmtree(partial, ignore_errors=True)
            try:
                write_model(model, partial, self.metadata())
                fitted = replace_model(partial, target)
            except (OSError, RuntimeError, SafetensorError) as error:
                shutil.rmtree(partial, ignore_errors=True)
                raise TrainingError(self._not_written("the model", error)) from error
            if fitted:
                logger.warning("%s: %s, made with other weights: make them anew", target, ", ".join(fitted))
        return target

    def _not_written(self, what: str, error: Exception) -> str:
        free_mb = shutil.disk_usage(self.folder).free / 1e6
        return (
            f"{self.folder}: {what} of step {self.progress.step} could not be written: {error} "
            f"({free_mb:,.0f} MB are free there); last good checkpoint: {newest_checkpoint(self.folder) or 'none'}"
        )

    def metadata(self) -> dict[str, Any]:
        """Return what a model card needs to know of the run."""
        prior = self.data.sampler.prior
        config = self.config.to_dict()
        config["model"]["init"] = own_name(self.config.model.init)
        return {
            "kzocr_version": __version__,
            "config": config,
            "n_parameters": self.plain_model.num_parameters(),
            "steps": self.progress.step,
            "target_bytes": self.progress.target_bytes,
            "training_seconds": round(self.progress.seconds),
            "device": device_name(self.accelerator.device),
            "device_type": self.accelerator.device.type,
            "n_processes": self.accelerator.num_processes,
            "torch_version": torch.__version__,
            "transformers_version": transformers.__version__,
            "precision": self.accelerator.mixed_precision,
            # Whoever compares generators of noise puts another one in its place, which no model is published with.
            **({"prior": describe_prior(prior)} if isinstance(prior, ChannelPrior) else {}),
            "sources": [
                {"name": s.name, "n_lines": len(s.lines), "n_bytes": s.n_bytes, "sha256": s.sha256}
                for s in self.data.sources
            ],
            "validation": self.progress.validations[-1] if self.progress.validations else {},
            "parent": self.parent,
        }

    def _load(self, checkpoint: Path) -> None:
        state, described = read_checkpoint(checkpoint)
        changed = changed_keys(config_from_dict(described["config"], str(checkpoint)).to_dict(), self.config.to_dict())
        if any(key.startswith("model.") for key in changed):
            raise TrainingError(
                f"{checkpoint} is of another model ({', '.join(changed)}): take another run folder, or remove this one"
            )
        if changed:
            logger.warning("the configuration was changed since %s: %s", checkpoint, ", ".join(changed))
        # Older checkpoints do not know what their data was.
        if other := changed_keys(described.get("data", self.data.hashes), self.data.hashes):
            logger.warning(
                "the data was changed since %s, so that the run does not go on exactly as it would have: %s",
                checkpoint,
                ", ".join(other),
            )
        try:
            present = self.plain_model.state_dict()
            weights = {name: divided(t, present[name]) if name in present else t for name, t in state["model"].items()}
            self.plain_model.load_state_dict(weights)
            self.optimizer.load_state_dict(divided_optimizer_state(state["optimizer"], self.optimizer))
        except (RuntimeError, ValueError) as error:
            raise TrainingError(f"{checkpoint} does not fit the model: {str(error).splitlines()[0]}") from error
        if self.average is not None and state["average"]:
            self.average.load_state_dict(state["average"])
        self.progress = Progress.from_dict(described["progress"], self.accelerator.num_processes)
        logger.info("resumed from %s (step %d)", checkpoint, self.progress.step)
