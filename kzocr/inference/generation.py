"""What a checkpoint's own settings say of its output: the first id, those that end it, those that may come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from transformers import GenerationConfig, PreTrainedModel

from kzocr.encoding import BYTE_OFFSET, EOS_ID, LAST_BYTE_ID

MaxNewBytes = int | Sequence[int] | Callable[[int], int]
"""The most ids a row may get, end of sequence included: for all, per row, or from its number of input ids."""

UNSUPPORTED_SETTINGS = {
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "min_length": 0,
    "min_new_tokens": None,
    "bad_words_ids": None,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "begin_suppress_tokens": None,
    "sequence_bias": None,
}
"""Generation settings that make greedy decoding choose another id than the likeliest; neutral values."""


def limits_of(inputs: Sequence[Sequence[int]], max_new_bytes: MaxNewBytes | None) -> list[int]:
    """Return the most new ids of every row: `limits_of([[5, 1]], None) == [20]`.

    Raises:
        ValueError: a list of another length than `inputs`.
    """
    if max_new_bytes is None:
        return [2 * len(ids) + 16 for ids in inputs]
    if callable(max_new_bytes):
        return [max_new_bytes(len(ids)) for ids in inputs]
    if isinstance(max_new_bytes, int):
        return [max_new_bytes] * len(inputs)
    if len(max_new_bytes) != len(inputs):
        raise ValueError(f"{len(max_new_bytes)} lengths for {len(inputs)} inputs")
    return list(max_new_bytes)


def allowed_ids(model: PreTrainedModel, *, mask_non_bytes: bool = True) -> list[int]:
    """Return the ids that may come out, ascending: bytes and ends of sequence, or the whole vocabulary.

    Ids that the model's own generation settings suppress are left out.
    """
    n_ids = model.lm_head.weight.shape[0]
    suppressed = frozenset(getattr(model.generation_config, "suppress_tokens", None) or ())
    allowed: Iterable[int] = range(n_ids)
    if mask_non_bytes:
        allowed = sorted(eos_ids(model) | set(range(BYTE_OFFSET, LAST_BYTE_ID + 1)))
    return [token for token in allowed if token < n_ids and token not in suppressed]


def check_settings(settings: GenerationConfig) -> None:
    """Raise if `settings` make greedy decoding something other than taking the likeliest id."""
    for name, neutral in UNSUPPORTED_SETTINGS.items():
        value = getattr(settings, name, None)
        if value is not None and value != neutral:
            raise ValueError(f"guided decoding is plain greedy decoding: the model sets {name} to {value!r}")


def start_id(model: PreTrainedModel) -> int:
    """Return the decoder's first id as `generate` finds it."""
    for source in (model.generation_config, model.config):
        for name in ("decoder_start_token_id", "bos_token_id"):
            value = getattr(source, name, None)
            if value is not None:
                return int(value)
    raise ValueError("the model's configuration has no decoder_start_token_id")


def eos_ids(model: PreTrainedModel) -> frozenset[int]:
    """Return the ids that end a sequence."""
    value = getattr(model.generation_config, "eos_token_id", None)
    if value is None:
        value = EOS_ID
    return frozenset([value] if isinstance(value, int) else value)
