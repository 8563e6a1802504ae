"""A model in training + texts of known truth -> its error rates, before and after correction, without guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from kzocr.channel.prior import ChannelPrior
from kzocr.config import TrainingConfig
from kzocr.corpus import CorpusError, Source
from kzocr.data import Example, ExampleSampler, make_batches
from kzocr.decoding import GuidedDecoder
from kzocr.encoding import IGNORED_LABEL, decode, encode
from kzocr.metrics import cer
from kzocr.pairs import TextPair, files_by_set, read_pairs
from kzocr.runs.loss import masked_cross_entropy, shift_right
from kzocr.windows import windows

VALIDATION_SEED = 20_261


def validate(model: PreTrainedModel, examples: list[Example]) -> dict[str, float]:
    """Return pooled `cer_before` and `cer_after` on `examples`, and the share of clean ones that were changed."""
    was_training = model.training
    model.eval()  # type: ignore[no-untyped-call]
    inputs = [encode(example.hypothesis) for example in examples]
    decoded = GuidedDecoder(model).decode(inputs, max_new_bytes=[2 * len(ids) + 16 for ids in inputs])
    corrected = [decode(result.ids) for result in decoded]
    model.train(was_training)
    references = [example.reference for example in examples]
    clean = [(e, text) for e, text in zip(examples, corrected, strict=True) if e.reference == e.hypothesis]
    return {
        "cer_before": cer(reference=references, hypothesis=[example.hypothesis for example in examples]),
        "cer_after": cer(reference=references, hypothesis=corrected),
        "clean_changed": sum(e.reference != text for e, text in clean) / max(len(clean), 1),
        "n_clean": float(len(clean)),
    }


def held_out_loss(model: PreTrainedModel, examples: Sequence[Example], batch_bytes: int = 4096) -> float:
    """Return the mean cross entropy a printed byte, in nats, each byte after the right ones before it.

    It varies less between runs than an error rate, where one wrong byte can bring others after it.

    Args:
        model: in training or not.
        examples: held out.
        batch_bytes: ids of a batch, padding included.
    """
    was_training = model.training
    model.eval()  # type: ignore[no-untyped-call]
    total = n_bytes = 0.0
    with torch.inference_mode():
        for batch in make_batches(examples, batch_bytes, np.random.default_rng(VALIDATION_SEED)):
            labels = batch["labels"].to(model.device)
            logits = model(
                input_ids=batch["input_ids"].to(model.device),
                attention_mask=batch["attention_mask"].to(model.device),
                decoder_input_ids=shift_right(labels),
            ).logits
            n_counted = int((labels != IGNORED_LABEL).sum())
            total += float(masked_cross_entropy(logits, labels, None)) * n_counted
            n_bytes += n_counted
    model.train(was_training)
    return total / n_bytes


def validate_pairs(model: PreTrainedModel, pairs: Sequence[TextPair], window_bytes: int) -> dict[str, float]:
    """Return pooled `cer_before` and `cer_after` on whole documents, corrected window by window without guards.

    Args:
        model: as it is in training; it is left as it was.
        pairs: printed text and OCR text.
        window_bytes: greatest length of a window; the white space at its ends is kept as it is.
    """
    texts = [[one.text for one in windows(p.hypothesis, core_bytes=window_bytes, context_bytes=0)] for p in pairs]
    filled = [text for parts in texts for text in parts if text.strip()]
    inputs = [encode(text.strip()) for text in filled]
    was_training = model.training
    model.eval()  # type: ignore[no-untyped-call]
    decoded = GuidedDecoder(model).decode(inputs, max_new_bytes=[2 * len(ids) + 16 for ids in inputs])
    model.train(was_training)
    corrected = {text: text.replace(text.strip(), decode(d.ids)) for text, d in zip(filled, decoded, strict=True)}
    references = [pair.reference for pair in pairs]
    joined = ["".join(corrected.get(text, text) for text in parts) for parts in texts]
    return {
        "cer_before": cer(reference=references, hypothesis=[pair.hypothesis for pair in pairs]),
        "cer_after": cer(reference=references, hypothesis=joined),
    }


def validate_sets(
    model: PreTrainedModel, sets: Mapping[str, Sequence[TextPair]], window_bytes: int
) -> dict[str, float]:
    """Return what `validate_pairs` does for each set, as `cer_before:NAME` and `cer_after:NAME`."""
    rates = {name: validate_pairs(model, pairs, window_bytes) for name, pairs in sets.items()}
    return {f"{key}:{name}": rate for name, found in rates.items() for key, rate in found.items()}


def load_pairs(paths: Sequence[str]) -> dict[str, list[TextPair]]:
    """Return the pairs of each file by the set's name."""
    loaded = {name: read_pairs(path) for name, path in files_by_set(list(map(Path, paths))).items()}
    for name, pairs in loaded.items():
        if not any(pair.reference for pair in pairs):
            raise CorpusError(f"data.validation_pairs: {name}: no pair with a reference")
    return loaded


def validation_examples(sources: list[Source], prior: ChannelPrior, config: TrainingConfig) -> list[Example]:
    """Return held-out texts with noise from `prior`, the same for every run of `config`."""
    sampler = ExampleSampler(sources, prior, config.data)
    return sampler.documents(config.run.n_validation_windows, np.random.default_rng(VALIDATION_SEED))
