"""Folders of models and of runs: build a model, write one that loads anywhere, keep and find checkpoints."""

from __future__ import annotations

import copy
import os
import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    ByT5Tokenizer,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from kzocr.config import ModelConfig
from kzocr.encoding import EOS_ID, PAD_ID, VOCAB_SIZE
from kzocr.json_files import read_json_object, write_json
from kzocr.models.growth import deepened

METADATA_NAME = "training.json"
CHECKPOINT_PREFIX = "checkpoint-"
STATE_NAME = "state.pt"
PROGRESS_NAME = "progress.json"
BROKEN = "the checkpoint is broken: remove its folder, and the run goes on from the one before, or begins anew"

_HUB_CACHE = re.compile(r"/models--([\w.-]+?)--([\w.-]+)/snapshots/[0-9a-f]+$")
"""Where huggingface_hub keeps a model that it fetched."""


def build_model(config: ModelConfig) -> PreTrainedModel:
    """Return the model that `config` describes: new random weights, or those of a checkpoint.

    New models are ByT5 (gated GELU, 384 byte ids, relative positions) with input and output embeddings tied and
    scaled as in T5 1.0: an untied head is read differently by transformers 4 and 5, a tied one is not.

    Raises:
        OSError: the checkpoint cannot be found, or has only pickled weights.
        ValueError: the checkpoint is no T5 model over ByT5's vocabulary, or deeper than the model it is to become.
    """
    if config.init != "scratch":
        parent = _load_parent(config)
        if not config.deepened:
            return parent
        try:
            return deepened(parent, config.n_encoder_layers, config.n_decoder_layers)
        except ValueError as error:
            raise ValueError(f"init: {config.init}: {error}") from error
    return T5ForConditionalGeneration(
        T5Config(  # type: ignore[call-arg]
            vocab_size=VOCAB_SIZE,
            d_model=config.d_model,
            d_kv=config.d_kv,
            d_ff=config.d_ff,
            num_heads=config.n_heads,
            num_layers=config.n_encoder_layers,
            num_decoder_layers=config.n_decoder_layers,
            dropout_rate=config.dropout,
            feed_forward_proj="gated-gelu",
            tie_word_embeddings=True,
            pad_token_id=PAD_ID,
            eos_token_id=EOS_ID,
            decoder_start_token_id=PAD_ID,
        )
    )


def _load_parent(config: ModelConfig) -> PreTrainedModel:
    """Return the checkpoint that `config.init` names, in float32, checked before its weights are read."""
    name = config.init
    try:
        description = AutoConfig.from_pretrained(name)
    except OSError as error:
        raise OSError(
            f"init: {name}: no such folder, and the Hub did not give it. Without a network, fetch it beforehand "
            f"(`hf download {name}`) or name a local folder with config.json and model.safetensors. "
            f"({_first_line(error)})"
        ) from error
    if description.model_type not in ("t5", "mt5") or description.vocab_size != VOCAB_SIZE:
        raise ValueError(
            f"init: {name}: a {description.model_type} model with {description.vocab_size} ids; "
            f"kzocr needs a T5 model with ByT5's {VOCAB_SIZE}"
        )
    # Old Hub models such as google/byt5-small may have pickled weights alone; transformers reads those of the Hub
    # with `weights_only`, so that no code in them is run. A folder of one's own is asked to be safetensors.
    safetensors_only = True if Path(name).is_dir() else None
    try:
        return AutoModelForSeq2SeqLM.from_pretrained(
            name, dtype=torch.float32, dropout_rate=config.dropout, use_safetensors=safetensors_only
        )
    except OSError as error:
        raise OSError(
            f"init: {name}: no safetensors weights were found; pickled weights can run code and are not loaded: "
            f"save them as model.safetensors. ({_first_line(error)})"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def write_model(model: PreTrainedModel, folder: Path, metadata: dict[str, Any]) -> None:
    """Write weights (bf16 safetensors), configuration, tokenizer and `training.json` into `folder`.

    The folder reads the same in transformers 4 and 5. They differ in three places: 5 always writes
    `tie_word_embeddings: true` and keeps beside it whether outputs are scaled, 4 takes the one key for both, so
    the key is written as 4 means it (5 understands that too); an unscaled head has its own copy of the weights,
    because 4 would otherwise start it at random; and the tokenizer's list of special tokens gets the name that 4
    knows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    saved = copy.deepcopy(model).bfloat16()
    is_scaled = bool(getattr(saved.config, "scale_decoder_outputs", saved.config.tie_word_embeddings))
    if not is_scaled:
        saved.lm_head.weight = torch.nn.Parameter(saved.lm_head.weight.detach().clone())
        if hasattr(saved, "all_tied_weights_keys"):
            saved.all_tied_weights_keys.pop("lm_head.weight", None)
    saved.save_pretrained(folder)
    ByT5Tokenizer().save_pretrained(folder)
    description = read_json_object(folder / "config.json")
    description.pop("_name_or_path", None)  # transformers 4 keeps the folder that the weights were read from
    write_json(folder / "config.json", {**description, "tie_word_embeddings": is_scaled})
    tokenizer = read_json_object(folder / "tokenizer_config.json")
    if isinstance(tokenizer.get("extra_special_tokens"), list):
        tokenizer["additional_special_tokens"] = tokenizer.pop("extra_special_tokens")
    write_json(folder / "tokenizer_config.json", tokenizer)
    write_json(folder / METADATA_NAME, metadata)
    # safetensors lets nobody else read what it writes, whatever the other files of the folder allow.
    mode = (folder / METADATA_NAME).stat().st_mode & 0o777
    for weights in folder.glob("*.safetensors"):
        weights.chmod(mode)


def read_metadata(folder: str | Path) -> dict[str, Any]:
    """Return the metadata that `write_model` left in `folder`; empty if there is none (a foreign checkpoint)."""
    path = Path(folder) / METADATA_NAME
    if not path.is_file():
        return {}
    return read_json_object(path)


def own_name(init: str) -> str:
    """Return what a checkpoint is called where its folder means nothing: by its run, or as on the Hub.

    A folder that tells neither is called by its last part; `own_name("google/byt5-small") == "google/byt5-small"`.

    Args:
        init: as in the configuration: a folder, a name on the Hub, or `scratch`.
    """
    folder = Path(init)
    if init == "scratch" or not folder.is_dir():
        return init
    if name := read_metadata(folder).get("config", {}).get("name"):
        return str(name)
    in_cache = _HUB_CACHE.search(folder.resolve().as_posix())
    return "/".join(in_cache.groups()) if in_cache else folder.resolve().name


def checkpoints(folder: Path) -> list[Path]:
    """Return the complete checkpoints in a run's folder, oldest first."""
    found = folder.glob(f"{CHECKPOINT_PREFIX}*") if folder.is_dir() else ()
    return sorted(path for path in found if (path / STATE_NAME).is_file() and (path / PROGRESS_NAME).is_file())


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest complete checkpoint in a run's folder, or None."""
    found = checkpoints(folder)
    return found[-1] if found else None


def write_checkpoint(folder: Path, step: int, state: dict[str, Any], progress: dict[str, Any], n_kept: int) -> Path:
    """Write a checkpoint into a run's folder and return its path; it appears whole or not at all.

    Args:
        folder: of the run.
        step: optimiser steps done.
        state: tensors, for `torch.save`.
        progress: JSON values.
        n_kept: checkpoints that stay; older ones are removed once the new one is there.

    Raises:
        OSError, RuntimeError: it could not be written; the older checkpoints are as they were.
    """
    target = folder / f"{CHECKPOINT_PREFIX}{step:08d}"
    partial = folder / f".{target.name}.partial"
    for left in folder.glob(f".{CHECKPOINT_PREFIX}*.partial"):
        shutil.rmtree(left)
    partial.mkdir(parents=True)
    try:
        with (partial / STATE_NAME).open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        write_json(partial / PROGRESS_NAME, progress)
    except (OSError, RuntimeError):
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    for old in checkpoints(folder)[:-n_kept]:
        shutil.rmtree(old)
    return target


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the state and the progress that `write_checkpoint` wrote; no code in it is run.

    Raises:
        ValueError: one of its files is broken; the message names it.
    """
    try:
        state: dict[str, Any] = torch.load(path / STATE_NAME, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path / STATE_NAME}: {BROKEN}: {_first_line(error)}") from error
    return state, read_progress(path)


def read_progress(path: Path) -> dict[str, Any]:
    """Return the progress of a checkpoint alone, without reading its tensors.

    Raises:
        ValueError: it is broken; the message names it.
    """
    try:
        return read_json_object(path / PROGRESS_NAME)
    except ValueError as error:
        raise ValueError(f"{error}; {BROKEN}") from error
