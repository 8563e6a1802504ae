"""Model folders: build one from a configuration, load one with checks, write one that loads anywhere."""

from __future__ import annotations

import copy
import json
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

METADATA_NAME = "training.json"


def build_model(config: ModelConfig) -> PreTrainedModel:
    """Return the model that `config` describes: new random weights, or those of a checkpoint.

    New models are ByT5 (gated GELU, 384 byte ids, relative positions) with input and output embeddings tied and
    scaled as in T5 1.0: an untied head is read differently by transformers 4 and 5, a tied one is not.

    Raises:
        OSError: the checkpoint cannot be found.
        ValueError: the checkpoint is no T5 model over ByT5's vocabulary.
    """
    if config.init != "scratch":
        description = AutoConfig.from_pretrained(config.init)
        if description.model_type not in ("t5", "mt5") or description.vocab_size != VOCAB_SIZE:
            raise ValueError(
                f"{config.init}: a {description.model_type} model with {description.vocab_size} ids; "
                f"kzocr needs a T5 model with ByT5's {VOCAB_SIZE}"
            )
        return AutoModelForSeq2SeqLM.from_pretrained(
            config.init, dtype=torch.float32, dropout_rate=config.dropout, use_safetensors=None
        )
    return T5ForConditionalGeneration(
        T5Config(
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


def write_model(model: PreTrainedModel, folder: Path, metadata: dict[str, Any]) -> None:
    """Write weights (bf16 safetensors), configuration, tokenizer and `training.json` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(folder)
    ByT5Tokenizer().save_pretrained(folder)
    (folder / METADATA_NAME).write_text(json.dumps(metadata, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_metadata(folder: str | Path) -> dict[str, Any]:
    """Return the metadata that `write_model` left in `folder`; empty if there is none (a foreign checkpoint)."""
    path = Path(folder) / METADATA_NAME
    if not path.is_file():
        return {}
    metadata: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return metadata
