"""A T5 forward pass over rows of unequal length and position: no padding, every row with its own cache.

`transformers` runs all rows of a batch in lockstep: one position for all, everything padded to the longest
row. Input-guided decoding needs neither: each row is somewhere else in its text and feeds a different number
of bytes. `PackedT5` therefore lays the bytes of all rows end to end for everything that works byte by byte
(most of the arithmetic) and takes the rows apart for attention only. It reads the weights of a `transformers`
model once, with the norms' scales folded into the projections behind them and those projections joined.

Source of the architecture: Raffel et al. 2020, section 2.1; `transformers.models.t5.modeling_t5`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kzocr.inference.attention import Attention, PaddedAttention, PositionBias, RowAttention
from kzocr.inference.products import added, linear, rounded_up

KNOWN_MODELS = ("T5ForConditionalGeneration", "MT5ForConditionalGeneration")
"""Classes whose every stack shares the relative position bias of its first layer."""


@dataclass(frozen=True)
class _FeedForward:
    """Weights of one feed-forward block; `gated` says that `inner` holds two matrices, activated first."""

    inner: Tensor
    outer: Tensor
    gated: bool
    activation: str


@dataclass(frozen=True)
class _EncoderLayer:
    """Weights of one encoder layer: joined query, key and value; output; feed-forward."""

    query_key_value: Tensor
    output: Tensor
    feed_forward: _FeedForward


@dataclass(frozen=True)
class _DecoderLayer:
    """Weights of one decoder layer: as the encoder's, and the attention to the encoder's states."""

    query_key_value: Tensor
    output: Tensor
    cross_query: Tensor
    cross_key_value: Tensor
    cross_output: Tensor
    feed_forward: _FeedForward


@dataclass
class Row:
    """What the decoder keeps of one input while it is being decoded.

    Attributes:
        memory: per layer, keys and values of the encoder's states, of shape (input, 2, heads, d_kv).
        cache: per layer, keys and values of the bytes so far, of shape (capacity, 2, heads, d_kv); what lies
            behind the row's position is left over from rejected bytes and is overwritten before it is read.
    """

    memory: list[Tensor]
    cache: list[Tensor] = field(default_factory=list)

    def forked(self, n_positions: int, n_more: int) -> Row:
        """Return a row with the same memory and its own copy of the first `n_positions` of the cache.

        Args:
            n_positions: positions that are taken over.
            n_more: positions that there is room for behind them.
        """
        copies = [cache.new_empty(n_positions + n_more, *cache.shape[1:]) for cache in self.cache]
        for copy, cache in zip(copies, self.cache, strict=True):
            copy[:n_positions] = cache[:n_positions]
        return Row(self.memory, copies)


class PackedT5:
    """The encoder and decoder of a T5 or MT5 model over packed rows.

    Args:
        model: a `T5ForConditionalGeneration` or `MT5ForConditionalGeneration`. Its weights are copied where
            they are folded, so that later training of `model` is not seen.
        output_ids: the ids that may come out, ascending; logits are computed for these only.

    Raises:
        TypeError: the model is of another class.
    """

    def __init__(self, model: Any, output_ids: Sequence[int]) -> None:
        if type(model).__name__ not in KNOWN_MODELS:
            raise TypeError(f"PackedT5 knows {' and '.join(KNOWN_MODELS)}, not {type(model).__name__}")
        config = model.config
        self.n_heads: int = config.num_heads
        self.d_kv: int = config.d_kv
        self.epsilon: float = config.layer_norm_epsilon
        with torch.no_grad():
            self.encoder_embedding = model.encoder.embed_tokens.weight.detach()
            self.decoder_embedding = model.decoder.embed_tokens.weight.detach()
            self.encoder_layers = [_encoder_layer(block) for block in model.encoder.block]
            self.decoder_layers = [_decoder_layer(block) for block in model.decoder.block]
            self.encoder_norm = model.encoder.final_layer_norm.weight.detach()
            head = model.lm_head.weight.detach()[list(output_ids)]
            self.head = _folded(head, model.decoder.final_layer_norm) * _output_scale(model)
            self.encoder_bias = PositionBias(model.encoder.block[0].layer[0].SelfAttention, causal=False)
            self.decoder_bias = PositionBias(model.decoder.block[0].layer[0].SelfAttention, causal=True)
        self.dtype = self.head.dtype
        self.device = self.head.device
        self.padded = self.device.type != "cpu"

    def encode(self, inputs: Sequence[Sequence[int]]) -> list[Row]:
        """Return one fresh `Row` per sequence of encoder ids, none of them empty.

        Args:
            inputs: encoder ids of each row, the end-of-sequence id included.
        """
        lengths = [len(ids) for ids in inputs]
        n_positions = sum(lengths)
        states = F.embedding(self._flat(inputs), self.encoder_embedding)
        attend = self._attention([0] * len(lengths), lengths, lengths, self.encoder_bias)
        for layer in self.encoder_layers:
            joined = self._projected(states, layer.query_key_value, 3)
            seen = list(joined[:n_positions, 1:].split(lengths))
            states = added(states, attend(joined[:, 0], seen), layer.output)
            states = self._feed_forward(states, layer.feed_forward)
        states = self._normed(states) * self.encoder_norm
        rows = [Row(memory=[]) for _ in inputs]
        for decoder_layer in self.decoder_layers:
            joined = linear(states, decoder_layer.cross_key_value).view(-1, 2, self.n_heads, self.d_kv)
            for row, part in zip(rows, joined[:n_positions].split(lengths), strict=True):
                row.memory.append(part)
        return rows

    def decode(self, rows: Sequence[Row], positions: Sequence[int], stretches: Sequence[Sequence[int]]) -> Tensor:
        """Return the logits behind every byte of every stretch, of shape (sum of the stretches, output ids).

        Args:
            rows: the rows to advance; each one's cache is overwritten from its position on.
            positions: the decoder position of the first id of each stretch.
            stretches: the decoder ids to feed, per row; none of them empty.
        """
        lengths = [len(stretch) for stretch in stretches]
        n_positions = sum(lengths)
        ends = [position + length for position, length in zip(positions, lengths, strict=True)]
        for row, end in zip(rows, ends, strict=True):
            self._reserve(row, end)
        states = F.embedding(self._flat(stretches), self.decoder_embedding)
        attend = self._attention(positions, lengths, ends, self.decoder_bias)
        memories, n_asking = _shared_memories(rows, lengths)
        attend_memory = self._attention([0] * len(memories), n_asking, [len(memory[0]) for memory in memories], None)
        for index, layer in enumerate(self.decoder_layers):
            joined = self._projected(states, layer.query_key_value, 3)
            caches = [row.cache[index] for row in rows]
            spans = [cache[start:end] for cache, start, end in zip(caches, positions, ends, strict=True)]
            torch._foreach_copy_(spans, joined[:n_positions, 1:].split(lengths))
            seen = [cache[:end] for cache, end in zip(caches, ends, strict=True)]
            states = added(states, attend(joined[:, 0], seen), layer.output)
            query = self._projected(states, layer.cross_query, 1)[:, 0]
            attended = attend_memory(query, [memory[index] for memory in memories])
            states = added(states, attended, layer.cross_output)
            states = self._feed_forward(states, layer.feed_forward)
        return linear(self._normed(states), self.head)[:n_positions]

    def _flat(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """Return the ids of all sequences end to end; on a CPU with some more behind them, see `rounded_up`."""
        ids = [token for sequence in sequences for token in sequence]
        n_more = 0 if self.padded else rounded_up(len(ids)) - len(ids)
        return torch.tensor(ids + [0] * n_more, device=self.device)

    def _projected(self, states: Tensor, weight: Tensor, n_parts: int) -> Tensor:
        """Return the projections of the normed states, of shape (positions, `n_parts`, heads, d_kv)."""
        return linear(self._normed(states), weight).view(-1, n_parts, self.n_heads, self.d_kv)

    def _attention(
        self, starts: Sequence[int], lengths: Sequence[int], ends: Sequence[int], bias: PositionBias | None
    ) -> Attention:
        """Return how this pass attends: row `i` asks from position `starts[i]` and sees up to `ends[i]`."""
        kind = PaddedAttention if self.padded else RowAttention
        return kind(starts, lengths, ends, bias, self.device)

    def _normed(self, states: Tensor) -> Tensor:
        """Return `states` over their root mean square; the scale is folded into the projection behind."""
        if states.dtype == torch.float32:
            return F.rms_norm(states, states.shape[-1:], None, self.epsilon)
        return F.rms_norm(states.float(), states.shape[-1:], None, self.epsilon).to(states.dtype)

    def _feed_forward(self, states: Tensor, weights: _FeedForward) -> Tensor:
        """Return `states` plus what the feed-forward block makes of them."""
        inner = linear(self._normed(states), weights.inner)
        if weights.gated:
            first, second = inner.chunk(2, dim=-1)
            inner = _activated(first, weights.activation).mul_(second)
        else:
            inner = _activated(inner, weights.activation)
        return added(states, inner, weights.outer)

    def _reserve(self, row: Row, n_positions: int) -> None:
        """Make room for `n_positions` in the row's cache; it at least doubles, so that its cost is linear."""
        capacity = row.cache[0].shape[0] if row.cache else 0
        if capacity >= n_positions:
            return
        grown = max(n_positions, 2 * capacity, len(row.memory[0]) + 64)
        shape = (grown, 2, self.n_heads, self.d_kv)
        old = row.cache
        row.cache = [torch.zeros(shape, dtype=self.dtype, device=self.device) for _ in self.decoder_layers]
        for cache, kept in zip(row.cache, old, strict=False):
            cache[:capacity] = kept


def _shared_memories(rows: Sequence[Row], lengths: Sequence[int]) -> tuple[list[list[Tensor]], list[int]]:
    """Return the memories of rows that follow each other, forks of one row taken together, and how many bytes ask."""
    memories: list[list[Tensor]] = []
    n_asking: list[int] = []
    for row, length in zip(rows, lengths, strict=True):
        if memories and memories[-1] is row.memory:
            n_asking[-1] += length
        else:
            memories.append(row.memory)
            n_asking.append(length)
    return memories, n_asking


def _folded(weight: Tensor, norm: Any) -> Tensor:
    """Return `weight` (out, in) with the norm's scale of its inputs multiplied in."""
    return (weight.float() * norm.weight.float()).to(weight.dtype)


def _output_scale(model: Any) -> float:
    """Return the factor on the decoder's states ahead of the head: d_model^-0.5 or 1.

    Which of the two depends on the class, on the version of `transformers` and on whether the checkpoint's
    file said that embeddings are tied: so one byte is run and looked at.
    """
    seen: list[Tensor] = []
    hooks = [
        model.decoder.register_forward_hook(lambda _module, _inputs, output: seen.append(output[0])),
        model.lm_head.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0])),
    ]
    one = torch.ones(1, 1, dtype=torch.long, device=model.lm_head.weight.device)
    try:
        model(input_ids=one, decoder_input_ids=one)
    finally:
        for hook in hooks:
            hook.remove()
    unscaled, given = seen
    return 1.0 if torch.allclose(unscaled.float(), given.float()) else float(model.config.d_model) ** -0.5


def _activated(inner: Tensor, name: str) -> Tensor:
    """Return the activation `name`, as `transformers` calls it, of `inner`."""
    if name == "gelu_new":
        return F.gelu(inner, approximate="tanh")
    if name == "gelu":
        return F.gelu(inner)
    if name == "silu":
        return F.silu(inner)
    return F.relu(inner)


def _feed_forward_weights(layer: Any) -> _FeedForward:
    """Return the weights of a `T5LayerFF`."""
    dense = layer.DenseReluDense
    config_name = type(dense.act).__name__ + ("Tanh" if getattr(dense.act, "approximate", "") == "tanh" else "")
    names = {
        "NewGELUActivation": "gelu_new",
        "GELUTanh": "gelu_new",
        "GELU": "gelu",
        "GELUActivation": "gelu",
        "SiLUActivation": "silu",
        "ReLU": "relu",
    }
    if config_name not in names:
        raise TypeError(f"PackedT5 has no activation {config_name}")
    gated = hasattr(dense, "wi_0")
    inner = torch.cat([dense.wi_0.weight, dense.wi_1.weight]) if gated else dense.wi.weight
    return _FeedForward(
        inner=_folded(inner.detach(), layer.layer_norm),
        outer=dense.wo.weight.detach().to(inner.dtype),
        gated=gated,
        activation=names[config_name],
    )


def _joined(attention: Any, names: str) -> Tensor:
    """Return the projections of `attention` named by the letters of `names`, joined along their outputs."""
    return torch.cat([getattr(attention, name).weight.detach() for name in names])


def _encoder_layer(block: Any) -> _EncoderLayer:
    """Return the weights of an encoder's `T5Block`."""
    attention, feed_forward = block.layer
    return _EncoderLayer(
        query_key_value=_folded(_joined(attention.SelfAttention, "qkv"), attention.layer_norm),
        output=attention.SelfAttention.o.weight.detach(),
        feed_forward=_feed_forward_weights(feed_forward),
    )


def _decoder_layer(block: Any) -> _DecoderLayer:
    """Return the weights of a decoder's `T5Block`."""
    attention, cross, feed_forward = block.layer
    return _DecoderLayer(
        query_key_value=_folded(_joined(attention.SelfAttention, "qkv"), attention.layer_norm),
        output=attention.SelfAttention.o.weight.detach(),
        cross_query=_folded(_joined(cross.EncDecAttention, "q"), cross.layer_norm),
        cross_key_value=_joined(cross.EncDecAttention, "kv"),
        cross_output=cross.EncDecAttention.o.weight.detach(),
        feed_forward=_feed_forward_weights(feed_forward),
    )
