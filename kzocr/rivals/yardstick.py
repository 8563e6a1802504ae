"""Greedy decoding as `transformers` itself does it: what `kzocr.decoding` must give, and is compared with in speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from transformers import LogitsProcessorList, PreTrainedModel, SuppressTokensLogitsProcessor

from kzocr.decoding import Decoded
from kzocr.encoding import pad
from kzocr.inference.generation import MaxNewBytes, allowed_ids, eos_ids, limits_of


@torch.inference_mode()
def generate_greedy(
    model: PreTrainedModel,
    inputs: Sequence[Sequence[int]],
    *,
    max_new_bytes: MaxNewBytes | None = None,
    mask_non_bytes: bool = True,
    prompt_lookup_num_tokens: int | None = None,
) -> list[Decoded]:
    """Return what `transformers` itself generates greedily: the yardstick of `GuidedDecoder`, for one batch.

    Args:
        model: any encoder-decoder model with `generate`.
        inputs: encoder ids of each row, the end-of-sequence id included.
        max_new_bytes: as for `GuidedDecoder.decode`.
        mask_non_bytes: as for `GuidedDecoder`.
        prompt_lookup_num_tokens: passed on to `generate` if given; for a batch of one.
    """
    limits = limits_of(inputs, max_new_bytes)
    if not inputs or max(limits) <= 0:
        return [Decoded([], [], False) for _ in inputs]
    device = model.lm_head.weight.device
    input_ids = pad(inputs).to(device)
    lengths = torch.tensor([len(ids) for ids in inputs], device=device)
    allowed = set(allowed_ids(model, mask_non_bytes=mask_non_bytes))
    suppressed = [token for token in range(model.lm_head.weight.shape[0]) if token not in allowed]
    processors = LogitsProcessorList()
    if suppressed:
        processors.append(SuppressTokensLogitsProcessor(suppressed, device=str(device)))
    lookup = prompt_lookup_num_tokens
    options = {} if lookup is None else {"prompt_lookup_num_tokens": lookup}
    output = cast("Any", model).generate(
        input_ids=input_ids,
        attention_mask=(torch.arange(input_ids.shape[1], device=device) < lengths[:, None]).long(),
        logits_processor=processors,
        do_sample=False,
        num_beams=1,
        max_new_tokens=max(limits),
        return_dict_in_generate=True,
        output_scores=True,
        **options,
    )
    scores = torch.stack(output.scores).float().log_softmax(dim=-1).transpose(0, 1)
    new = output.sequences[:, 1:]
    chosen = scores.gather(2, new.unsqueeze(2)).squeeze(2)
    return [
        _cut(ids, row, limit, eos_ids(model))
        for ids, row, limit in zip(new.tolist(), chosen.tolist(), limits, strict=True)
    ]


def _cut(ids: list[int], log_probabilities: list[float], limit: int, eos_ids: frozenset[int]) -> Decoded:
    """Return the row of `generate`'s output up to its end of sequence or its own limit."""
    ends = [position for position, token in enumerate(ids[:limit]) if token in eos_ids]
    if not ends:
        return Decoded(ids[:limit], log_probabilities[:limit], False)
    return Decoded(ids[: ends[0]], log_probabilities[: ends[0]], True, log_probabilities[ends[0]])
