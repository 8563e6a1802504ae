"""`generate` for a model repository's `custom_generate` folder: greedy decoding with the input as the draft.

What comes back is what `model.generate(do_sample=False, num_beams=1)` gives, many times sooner where the
output resembles the input. Contract: "custom generation methods" in the documentation of `transformers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput

from kzocr.decoding import GuidedDecoder

_NEUTRAL = {"do_sample": False, "num_beams": 1, "num_return_sequences": 1, "use_cache": True}
_PASSED_ON = ("custom_generate", "trust_remote_code")
"""Arguments of the call that transformers 4 hands on to what it called."""
_DECODER_ATTRIBUTE = "_kzocr_guided_decoder"


def generate(
    inputs: torch.Tensor | None = None,
    *,
    model: PreTrainedModel,
    input_ids: torch.Tensor | None = None,
    attention_mask: torch.Tensor | None = None,
    generation_config: GenerationConfig | None = None,
    max_new_tokens: int | None = None,
    draft_ids: Sequence[Sequence[int]] | None = None,
    mask_non_bytes: bool = False,
    return_dict_in_generate: bool = False,
    **arguments: Any,
) -> torch.Tensor | ModelOutput:
    """Return the greedily generated ids of shape (batch, 1 + longest output), padded on the right.

    Args:
        inputs: encoder ids of shape (batch, sequence), as `input_ids`.
        model: a T5 or MT5 model; `transformers` passes it.
        input_ids: encoder ids of shape (batch, sequence), the end of sequence included.
        attention_mask: 1 for ids, 0 for padding; without it, ids equal to the padding id are padding.
        generation_config: its `max_new_tokens` counts where the argument is not given.
        max_new_tokens: the most ids per row; without it, twice the row's input and 16 more.
        draft_ids: per row, ids that the output should resemble; the input if not given. Only the speed
            depends on it.
        mask_non_bytes: let only bytes and the end of sequence come out.
        return_dict_in_generate: return an output with `sequences` and `log_probabilities`, padded with zeros.
        **arguments: what else `generate` takes; everything that would change greedy decoding is refused.

    Raises:
        ValueError: no input, or an argument that asks for something other than greedy decoding.
    """
    ids = inputs if input_ids is None else input_ids
    if ids is None:
        raise ValueError("guided decoding needs input_ids")
    _refuse(arguments)
    if generation_config is not None:
        _refuse({name: getattr(generation_config, name, None) for name in _NEUTRAL})
        max_new_tokens = max_new_tokens or generation_config.max_new_tokens
    pad_id = model.config.pad_token_id or 0
    mask = ids != pad_id if attention_mask is None else attention_mask.bool()
    rows = [row[kept].tolist() for row, kept in zip(ids, mask, strict=True)]
    decoder = _decoder(model, mask_non_bytes=mask_non_bytes)
    decoded = decoder.decode(rows, drafts=draft_ids, max_new_bytes=max_new_tokens)
    eos_id = min(decoder.eos_ids)
    outputs = [torch.tensor([decoder.start_id, *row.ids, *([eos_id] if row.finished else [])]) for row in decoded]
    sequences = torch.nn.utils.rnn.pad_sequence(outputs, batch_first=True, padding_value=pad_id)
    if not return_dict_in_generate:
        return sequences.to(ids.device)
    scores = [torch.tensor(row.log_probabilities) for row in decoded]
    return ModelOutput(
        sequences=sequences.to(ids.device),
        log_probabilities=torch.nn.utils.rnn.pad_sequence(scores, batch_first=True).to(ids.device),
    )


def _refuse(arguments: dict[str, Any]) -> None:
    """Raise for an argument with a value that greedy decoding of plain rows does not have."""
    for name, value in arguments.items():
        empty = value is None or value is False or (isinstance(value, list) and not value)
        if not empty and name not in _PASSED_ON and value != _NEUTRAL.get(name):
            raise ValueError(f"guided decoding is greedy decoding: it does not take {name}={value!r}")


def _decoder(model: PreTrainedModel, *, mask_non_bytes: bool) -> GuidedDecoder:
    """Return the model's decoder, made anew when its weights were changed or moved."""
    state = (mask_non_bytes, *map(_version, model.parameters()))
    kept = getattr(model, _DECODER_ATTRIBUTE, None)
    if kept is None or kept[0] != state:
        kept = (state, GuidedDecoder(model, mask_non_bytes=mask_non_bytes))
        setattr(model, _DECODER_ATTRIBUTE, kept)
    return kept[1]


def _version(weight: torch.Tensor) -> tuple[int, int]:
    """Return what changes when a weight is moved or, outside of inference mode, written to."""
    return weight.data_ptr(), 0 if weight.is_inference() else weight._version
