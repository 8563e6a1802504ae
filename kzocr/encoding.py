"""ByT5 bytes <-> ids: the only module that knows the byte offset, the special ids and the ignored label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

PAD_ID = 0
EOS_ID = 1
BYTE_OFFSET = 3
"""ByT5 puts three special ids before the 256 byte values (Xue et al. 2022, section 3)."""

LAST_BYTE_ID = BYTE_OFFSET + 255
VOCAB_SIZE = 384
"""256 bytes + 3 special ids + 125 sentinels, as `google/byt5-*` has them."""

IGNORED_LABEL = -100


def encode(text: str) -> list[int]:
    """Return the ids of `text`'s UTF-8 bytes followed by the end-of-sequence id.

    Args:
        text: a string without lone surrogates.

    Returns:
        `n_bytes(text) + 1` ids: `encode("і") == [212, 153, 1]`.

    Raises:
        UnicodeEncodeError: `text` holds a lone surrogate.
    """
    return [byte + BYTE_OFFSET for byte in text.encode("utf-8")] + [EOS_ID]


def decode(ids: Sequence[int]) -> str:
    """Return the text of `ids` up to the first end-of-sequence id.

    Ids outside the byte range are skipped; bytes that are no valid UTF-8 become U+FFFD, so that a caller
    can tell that the model produced no text there.
    """
    data = bytearray()
    for token in ids:
        if token == EOS_ID:
            break
        if BYTE_OFFSET <= token <= LAST_BYTE_ID:
            data.append(token - BYTE_OFFSET)
    return data.decode("utf-8", errors="replace")


def pad(sequences: Sequence[Sequence[int]], value: int = PAD_ID) -> torch.Tensor:
    """Return `sequences` as one long tensor of shape (batch, longest sequence), filled up with `value`."""
    longest = max((len(sequence) for sequence in sequences), default=0)
    padded = np.full((len(sequences), longest), value, dtype=np.int64)
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
    return torch.from_numpy(padded)


def collate(examples: Sequence[tuple[Sequence[int], Sequence[int]]]) -> dict[str, torch.Tensor]:
    """Return a batch for a T5 model from (input ids, label ids) examples.

    Returns:
        `input_ids` and `attention_mask` of shape (batch, longest input), `labels` of shape
        (batch, longest label) with `IGNORED_LABEL` where there is padding.
    """
    input_ids = pad([source for source, _ in examples])
    return {
        "input_ids": input_ids,
        "attention_mask": (input_ids != PAD_ID).long(),
        "labels": pad([target for _, target in examples], IGNORED_LABEL),
    }
