"""Logits + labels -> the loss that training makes smaller, and the labels -> what the decoder is fed."""

from __future__ import annotations

import torch

from kzocr.encoding import IGNORED_LABEL


def shift_right(labels: torch.Tensor) -> torch.Tensor:
    """Return decoder inputs for `labels` of shape (batch, sequence): moved by one, the start id in front."""
    shifted = torch.zeros_like(labels)
    shifted[:, 1:] = labels[:, :-1]
    return shifted.masked_fill(shifted == IGNORED_LABEL, 0)


def masked_cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor | None, label_smoothing: float = 0.0
) -> torch.Tensor:
    """Return the weighted mean cross entropy a byte, in nats, over the labels that are no padding.

    Args:
        logits: (batch, sequence, ids).
        labels: (batch, sequence).
        weights: (batch, sequence), or None for equal ones.
        label_smoothing: share of each target that is spread over all ids.
    """
    losses = torch.nn.functional.cross_entropy(
        logits.float().flatten(0, 1),
        labels.flatten(),
        ignore_index=IGNORED_LABEL,
        reduction="none",
        label_smoothing=label_smoothing,
    )
    counted = (labels != IGNORED_LABEL).float()
    if weights is not None:
        counted = counted * weights
    return (losses * counted.flatten()).sum() / counted.sum()
