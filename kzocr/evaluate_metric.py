"""A metric in the form of the `evaluate` library, and `compute_metrics` for the Trainer of transformers.

    import evaluate
    metric = evaluate.load("metric/kzocr_cer")          # the folder in the repository, or its name on the Hub
    metric.compute(references=["сәлем"], predictions=["салем"])   # {"cer": 0.2, ...}

`evaluate` calls texts `references` and `predictions`; here they are what kzocr calls reference and hypothesis. All
figures are pooled (see `kzocr.metrics`). `cer` compares every character, white space and case included, as jiwer does;
`cer_folded` is the figure of kzocr's own reports, in which runs of white space count as one space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from kzocr.metrics import cer, wer

IGNORED_LABEL = -100
"""The label of positions that are no target, in transformers."""


class Tokenizer(Protocol):
    """What `make_compute_metrics` asks of a tokenizer."""

    pad_token_id: int | None

    def batch_decode(self, sequences: Any, skip_special_tokens: bool = ...) -> list[str]:
        """Return the texts of rows of ids."""
        ...


def scores(*, references: Sequence[str], predictions: Sequence[str]) -> dict[str, float]:
    """Return pooled error rates as fractions.

    Args:
        references: the printed texts.
        predictions: the texts to judge, one for each.

    Returns:
        `cer`, `cer_folded` (white space folded), `wer`, `cer_normalised` and `wer_normalised` (case and punctuation
        ignored): `scores(references=["сәлем"], predictions=["салем"])["cer"] == 1 / 5`.

    Raises:
        ValueError: the lists differ in length.
        TypeError: something in them is no text.
    """
    printed, read = list(references), list(predictions)
    return {
        "cer": cer(reference=printed, hypothesis=read, whitespace="keep"),
        "cer_folded": cer(reference=printed, hypothesis=read),
        "wer": wer(reference=printed, hypothesis=read),
        "cer_normalised": cer(reference=printed, hypothesis=read, normalised=True),
        "wer_normalised": wer(reference=printed, hypothesis=read, normalised=True),
    }


def make_compute_metrics(tokenizer: Tokenizer) -> Callable[[Any], dict[str, float]]:
    """Return `compute_metrics` for `Seq2SeqTrainer` with `predict_with_generate`.

    Args:
        tokenizer: the tokenizer of the model; ids of padding and the label -100 are decoded as nothing.

    Returns:
        A function of an `EvalPrediction` (or a pair of predictions and labels, each of shape `(batch, sequence)`) that
        returns `scores`.
    """
    pad = tokenizer.pad_token_id or 0

    def decode(ids: Any) -> list[str]:
        array = np.asarray(ids[0] if isinstance(ids, tuple) else ids)
        if array.ndim != 2:
            raise ValueError(f"ids of shape {array.shape}: expected (batch, sequence); set predict_with_generate=True")
        return tokenizer.batch_decode(np.where(array == IGNORED_LABEL, pad, array), skip_special_tokens=True)

    def compute_metrics(prediction: Any) -> dict[str, float]:
        predictions, labels = prediction[0], prediction[1]
        return scores(references=decode(labels), predictions=decode(predictions))

    return compute_metrics
