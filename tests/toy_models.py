"""Random models that are built in no time, texts for them, and what it means that two decoders agree."""

from __future__ import annotations

import pytest
import torch
from transformers import MT5Config, MT5ForConditionalGeneration, T5Config, T5ForConditionalGeneration

from kzocr.decoding import Decoded
from kzocr.encoding import VOCAB_SIZE

KAZAKH = "Ауылдың шетіндегі ескі мектепте жиырма бес бала оқиды, кітапханада қазақша кітап көп."
NOISY = "Ауылдьщ  шет індегі ескі мектсптс жиырма 6ес бала окиды,кітапханада к,азакша кітап кеп."


def tiny_model(
    seed: int = 0,
    *,
    tied: bool = True,
    own_head: bool = True,
    feed_forward: str = "gated-gelu",
    n_encoder: int = 2,
    n_decoder: int = 2,
    multilingual: bool = False,
    vocab_size: int = VOCAB_SIZE,
) -> T5ForConditionalGeneration:
    """Return a new random model, sharp enough that no two ids tie: its weights are drawn larger than usual.

    Args:
        seed: decides all weights.
        tied: the head is the embedding, and its input is scaled down.
        own_head: of one that is not tied: the head is a matrix of its own, rather than the embedding, not scaled.
        feed_forward: the kind of feed-forward layer, as the configuration names it.
        n_encoder: layers.
        n_decoder: layers.
        multilingual: the model is an mT5.
        vocab_size: ids.
    """
    torch.manual_seed(seed)
    arguments = {
        "vocab_size": vocab_size,
        "d_model": 32,
        "d_kv": 12,
        "d_ff": 40,
        "num_layers": n_encoder,
        "num_decoder_layers": n_decoder,
        "num_heads": 3,
        "feed_forward_proj": feed_forward,
        "tie_word_embeddings": tied,
        "decoder_start_token_id": 0,
        "initializer_factor": 2.0,
    }
    if multilingual:
        model = MT5ForConditionalGeneration(MT5Config(**arguments))
    else:
        model = T5ForConditionalGeneration(T5Config(**arguments))
    if own_head and not tied:
        model.lm_head.weight = torch.nn.Parameter(torch.randn(vocab_size, 32))
    with torch.no_grad():
        for module in model.modules():
            if type(module).__name__.endswith("LayerNorm"):
                module.weight.copy_(0.5 + torch.rand_like(module.weight))
    return model.eval()


def assert_same(left: list[Decoded], right: list[Decoded]) -> None:
    assert [row.ids for row in left] == [row.ids for row in right]
    assert [row.finished for row in left] == [row.finished for row in right]
    for one, other in zip(left, right, strict=True):
        assert one.log_probabilities == pytest.approx(other.log_probabilities, abs=1e-4, rel=1e-4)
        assert one.end_log_probability == pytest.approx(other.end_log_probability, abs=1e-4, rel=1e-4)
        assert len(one.log_probabilities) == len(one.ids)
