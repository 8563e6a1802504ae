"""Training configuration: frozen dataclasses and a strict YAML reader. An unknown or missing key is an error."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the file and the key."""


@dataclass(frozen=True)
class ModelConfig:
    """Where the weights start.

    Attributes:
        init: `scratch`, or a checkpoint: a folder or a Hub name such as `google/byt5-small`.
        d_model: width of the hidden states. This and what follows, but for `dropout`, holds for `scratch` alone,
            the two depths also for a checkpoint that is to be `deepened`.
        d_ff: width of the feed-forward layers.
        d_kv: width of one attention head.
        n_heads: attention heads a layer.
        n_encoder_layers: encoder depth.
        n_decoder_layers: decoder depth; a shallow one decodes faster.
        dropout: dropout rate in [0, 1).
        deepened: whether a checkpoint gets layers added until it has these depths (`kzocr.models.growth`). May be left
            out.
    """

    init: str
    d_model: int
    d_ff: int
    d_kv: int
    n_heads: int
    n_encoder_layers: int
    n_decoder_layers: int
    dropout: float
    deepened: bool = False


@dataclass(frozen=True)
class DataConfig:
    """What is read and what is done to it.

    Attributes:
        corpus: text files, folders of `*.txt`, `*.jsonl` and `*.parquet` (see `corpus.load_corpus`),
            or `hub:NAME:CONFIG:SPLIT:COLUMN` data sets (CONFIG may be empty);
            one paragraph a line. Local paths are relative to the folder that the run is started in.
        validation_corpus: the same, never trained on. May be empty where `held_out_share` is above 0.
        word_lists: files with a word a line, the frequent ones first, for more words than the corpus has.
        word_list_share: share of the documents that are made of words of those lists, 0 to 1.
        prior: name of a shipped channel prior, such as `mixture`, or a JSON file.
        least_window_bytes: windows are cut to lengths drawn between this ...
        greatest_window_bytes: ... and this, in UTF-8 bytes of the printed text.
        windows_per_document: windows that share one drawn channel.
        batch_bytes: padded input bytes a batch, on one device.
        pool_examples: examples that are drawn together and sorted by length into batches.
        n_workers: processes that prepare data; 0 prepares it in the training process.
        validation_pairs: files of pairs (JSONL) with real OCR text, on which every validation measures the error
            rate too; never trained on. May be left out.
        pairs: files of pairs (JSONL) whose read text is learnt from as it is, such as `scripts/make_ocr_pairs.py`
            makes; documents that share text with what is validated on are left out. May be left out.
        pair_share: share of the documents that are drawn from `pairs`, 0 to 1.
        undamaged_share: share of the windows without an error that are trained on, 0.01 to 1. A model that can copy
            learns little from them, and they take as long as others. May be left out.
        held_out_share: share of `corpus`, in blocks of neighbouring lines, that joins `validation_corpus` and is never
            trained on, 0 to 1 (see `corpus.with_held_out`). May be left out.
    """

    corpus: tuple[str, ...]
    validation_corpus: tuple[str, ...]
    word_lists: tuple[str, ...]
    word_list_share: float
    prior: str
    least_window_bytes: int
    greatest_window_bytes: int
    windows_per_document: int
    batch_bytes: int
    pool_examples: int
    n_workers: int
    validation_pairs: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    pair_share: float = 0.0
    undamaged_share: float = 1.0
    held_out_share: float = 0.0


@dataclass(frozen=True)
class CurriculumStage:
    """Examples of one kind, for a number of pools.

    Attributes:
        n_pools: how long the stage lasts; a pool of short examples holds four times `pool_examples`.
        kind: `random_letters` (strings without language, to learn to copy) or `words` (short stretches of text).
        least: fewest letters or words.
        greatest: most letters or words.
        batch_bytes: as in `DataConfig`, for this stage: small batches give many steps, which is what copying needs.
    """

    n_pools: int
    kind: Literal["random_letters", "words"]
    least: int
    greatest: int
    batch_bytes: int


@dataclass(frozen=True)
class OptimizerConfig:
    """How weights move.

    Attributes:
        kind: `rms_scaled_adamw` multiplies each step by the parameter's RMS (from scratch), `adamw` does not;
            `rms_scaled_muon` makes the steps of hidden matrices orthogonal besides (more is learnt in a step, which
            takes longer).
        learning_rate: peak of the schedule.
        warmup_steps: linear rise to the peak.
        decay_steps: the last steps, in which the rate falls to 0; 0 for no fall.
        weight_decay: decoupled, a fraction of the weight per unit of learning rate.
        beta1: decay of the mean of gradients; that of Muon's matrices is 0.95.
        beta2: decay of the mean of squared gradients.
        gradient_clip: largest norm of the gradient.
        ema_decay: decay of the moving average of the weights that is validated and shipped; 0 switches it off.
        decay_shape: `one_minus_sqrt` falls fast at first, `linear` evenly. May be left out.
    """

    kind: Literal["rms_scaled_adamw", "rms_scaled_muon", "adamw"]
    learning_rate: float
    warmup_steps: int
    decay_steps: int
    weight_decay: float
    beta1: float
    beta2: float
    gradient_clip: float
    ema_decay: float
    decay_shape: Literal["one_minus_sqrt", "linear"] = "one_minus_sqrt"


@dataclass(frozen=True)
class RunConfig:
    """How long and how often.

    Attributes:
        max_steps: optimiser steps.
        gradient_accumulation: batches a step.
        gradient_checkpointing: recompute activations to save memory.
        mixed_precision: `no`, `bf16`, or `auto`: bf16 where the device is faster in it, which is found out once a run.
            T5 overflows in fp16.
        compile: compile the model: faster steps after minutes at the start; on a CPU it needs a C++ compiler.
        changed_byte_weight: weight in the loss of output bytes that the channel had changed; 1 treats all alike.
        log_steps: steps between log lines.
        validate_steps: steps between validations.
        checkpoint_steps: steps between checkpoints.
        keep_checkpoints: checkpoints kept, the newest.
        n_validation_windows: windows of the fixed validation set.
        label_smoothing: share of each target that is spread over all ids, in [0, 1). May be left out.
    """

    max_steps: int
    gradient_accumulation: int
    gradient_checkpointing: bool
    mixed_precision: Literal["no", "bf16", "auto"]
    compile: bool
    changed_byte_weight: float
    log_steps: int
    validate_steps: int
    checkpoint_steps: int
    keep_checkpoints: int
    n_validation_windows: int
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class TrainingConfig:
    """One training run; the file's name is the run's name and the model's name."""

    name: str
    seed: int
    model: ModelConfig
    data: DataConfig
    curriculum: tuple[CurriculumStage, ...]
    optimizer: OptimizerConfig
    run: RunConfig

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain types, as the YAML file has them."""
        return dataclasses.asdict(self)


_RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32),
    **{f"model.{key}": (1, math.inf) for key in ("d_model", "d_ff", "d_kv", "n_heads")},
    **{f"model.{key}": (1, math.inf) for key in ("n_encoder_layers", "n_decoder_layers")},
    "model.dropout": (0, 1),
    **{f"data.{key}": (1, math.inf) for key in ("least_window_bytes", "greatest_window_bytes", "batch_bytes")},
    **{f"data.{key}": (1, math.inf) for key in ("windows_per_document", "pool_examples")},
    "data.n_workers": (0, math.inf),
    "data.word_list_share": (0, 1),
    "data.pair_share": (0, 1),
    "data.held_out_share": (0, 1),
    "data.undamaged_share": (0.01, math.nextafter(1, 2)),
    "optimizer.learning_rate": (0, math.inf),
    **{f"optimizer.{key}": (0, math.inf) for key in ("warmup_steps", "decay_steps", "weight_decay")},
    **{f"optimizer.{key}": (0, 1) for key in ("beta1", "beta2", "ema_decay")},
    "optimizer.gradient_clip": (0, math.inf),
    **{f"run.{key}": (1, math.inf) for key in ("max_steps", "gradient_accumulation", "keep_checkpoints")},
    **{f"run.{key}": (1, math.inf) for key in ("log_steps", "validate_steps", "checkpoint_steps")},
    "run.n_validation_windows": (1, math.inf),
    "run.changed_byte_weight": (0, math.inf),
    "run.label_smoothing": (0, 1),
}
"""Key -> least value and the first value that is too great."""


def load_config(path: str | Path) -> TrainingConfig:
    """Return the configuration in the YAML file `path`; its name is the file's name.

    Raises:
        ConfigError: the file is missing or no YAML, a key is unknown, missing or of another type; the message
            names file and key.
    """
    path = Path(path)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 (byte {error.start})") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected keys and values at the top level")
    if "name" in data:
        raise ConfigError(f"{path}: unknown key 'name': the file's name is the run's name")
    return config_from_dict({"name": path.stem, **data}, str(path))


def config_from_dict(data: Mapping[str, Any], where: str) -> TrainingConfig:
    """Return the configuration that `TrainingConfig.to_dict` described; `where` names its source in errors."""
    config = typing.cast(TrainingConfig, _build(TrainingConfig, data, where, ""))
    if config.data.least_window_bytes > config.data.greatest_window_bytes:
        raise ConfigError(f"{where}: key 'data.least_window_bytes' is above 'data.greatest_window_bytes'")
    for index, stage in enumerate(config.curriculum):
        if stage.n_pools < 0:
            raise ConfigError(f"{where}: key 'curriculum[{index}].n_pools' must be at least 0, got {stage.n_pools}")
        if stage.batch_bytes < 1:
            raise ConfigError(f"{where}: key 'curriculum[{index}].batch_bytes' must be at least 1")
        if not 1 <= stage.least <= stage.greatest:
            raise ConfigError(f"{where}: key 'curriculum[{index}].least' must be from 1 to 'greatest'")
    if config.optimizer.gradient_clip == 0:
        raise ConfigError(f"{where}: key 'optimizer.gradient_clip' must be above 0: at 0 nothing would be learnt")
    if config.model.deepened and config.model.init == "scratch":
        raise ConfigError(f"{where}: key 'model.deepened' is of no use: 'model.init' is scratch")
    if config.data.word_list_share > 0 and not config.data.word_lists:
        raise ConfigError(f"{where}: key 'data.word_list_share' is above 0, but 'data.word_lists' is empty")
    if config.data.pair_share > 0 and not config.data.pairs:
        raise ConfigError(f"{where}: key 'data.pair_share' is above 0, but 'data.pairs' is empty")
    if not config.data.corpus:
        raise ConfigError(f"{where}: key 'data.corpus' is empty")
    if not config.data.validation_corpus and config.data.held_out_share == 0:
        raise ConfigError(f"{where}: key 'data.validation_corpus' is empty, and 'data.held_out_share' is not above 0")
    return config


def _build(kind: Any, value: Any, where: str, key: str) -> Any:
    """Return `value` checked against the type `kind`; dataclasses and tuples are built from mappings and lists."""
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(typing.cast(type, kind), value, where, key)
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where}: key {key!r} must be a list, got {value!r}")
        item = typing.get_args(kind)[0]
        return tuple(_build(item, entry, where, f"{key}[{index}]") for index, entry in enumerate(value))
    if origin is Literal:
        if value not in typing.get_args(kind):
            allowed = ", ".join(map(str, typing.get_args(kind)))
            hint = ' (YAML reads a bare no as false: write "no")' if value is False and "no" in allowed else ""
            raise ConfigError(f"{where}: key {key!r} must be one of {allowed}, got {value!r}{hint}")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        hint = " (write 1.0e-4, not 1e-4)" if kind is float and isinstance(value, str) else ""
        raise ConfigError(f"{where}: key {key!r} must be {kind.__name__}, got {value!r}{hint}")
    least, greatest = _RANGES.get(key, (-math.inf, math.inf))
    if isinstance(value, (int, float)) and not least <= value < greatest:
        raise ConfigError(f"{where}: key {key!r} must be at least {least} and below {greatest}, got {value!r}")
    return value


def _build_dataclass(kind: type, value: Any, where: str, key: str) -> Any:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: key {key!r} must hold keys and values, got {value!r}")
    types = typing.get_type_hints(kind)
    names = [f.name for f in dataclasses.fields(kind)]
    required = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING]
    prefix = f"{key}." if key else ""
    for name in value:
        if name not in names:
            raise ConfigError(f"{where}: unknown key '{prefix}{name}'")
    for name in required:
        if name not in value:
            raise ConfigError(f"{where}: missing key '{prefix}{name}'")
    return kind(**{name: _build(types[name], value[name], where, f"{prefix}{name}") for name in value})
