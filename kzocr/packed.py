"""A T5 forward pass over rows of unequal length and position: no padding, every row with its own cache.

`transformers` runs all rows of a batch in lockstep: one position for all, everything padded to the longest
row. Input-guided decoding needs neither: each row is somewhere else in its text and feeds a different number
of bytes. `PackedT5` therefore lays the bytes of all rows end to end for everything that works byte by byte
(most of the arithmetic) and takes the rows apart for attention only. It reads the weights of a `transformers`
model once, with the norms' scales folded into the projections behind them and those projections joined.

Source of the architecture: Raffel et al. 2020, section 2.1; `transformers.models.t5.modeling_t5`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

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
        copies = [cache.new_zeros(n_positions + n_more, *cache.shape[1:]) for cache in self.cache]
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
            self.encoder_bias = _PositionBias(model.encoder.block[0].layer[0].SelfAttention, causal=False)
            self.decoder_bias = _PositionBias(model.decoder.block[0].layer[0].SelfAttention, causal=True)
        self.dtype = self.head.dtype
        self.device = self.head.device
        self.padded = self.device.type != "cpu"

    def encode(self, inputs: Sequence[Sequence[int]]) -> list[Row]:
        """Return one fresh `Row` per sequence of encoder ids, none of them empty.

        Args:
            inputs: encoder ids of each row, the end-of-sequence id included.
        """
        lengths = [len(ids) for ids in inputs]
        states = F.embedding(self._flat(inputs), self.encoder_embedding)
        attend = self._attention([0] * len(lengths), lengths, lengths, self.encoder_bias)
        for layer in self.encoder_layers:
            joined = self._projected(states, layer.query_key_value, 3)
            seen = list(joined[:, 1:].split(lengths))
            states = torch.addmm(states, attend(joined[:, 0], seen), layer.output.t())
            states = self._feed_forward(states, layer.feed_forward)
        states = self._normed(states) * self.encoder_norm
        rows = [Row(memory=[]) for _ in inputs]
        for decoder_layer in self.decoder_layers:
            joined = F.linear(states, decoder_layer.cross_key_value).view(-1, 2, self.n_heads, self.d_kv)
            for row, part in zip(rows, joined.split(lengths), strict=True):
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
        ends = [position + length for position, length in zip(positions, lengths, strict=True)]
        for row, end in zip(rows, ends, strict=True):
            self._reserve(row, end)
        states = F.embedding(self._flat(stretches), self.decoder_embedding)
        attend = self._attention(positions, lengths, ends, self.decoder_bias)
        memory_lengths = [len(row.memory[0]) for row in rows]
        attend_memory = self._attention(positions, lengths, memory_lengths, None)
        for index, layer in enumerate(self.decoder_layers):
            joined = self._projected(states, layer.query_key_value, 3)
            caches = [row.cache[index] for row in rows]
            spans = [cache[start:end] for cache, start, end in zip(caches, positions, ends, strict=True)]
            torch._foreach_copy_(spans, joined[:, 1:].split(lengths))
            seen = [cache[:end] for cache, end in zip(caches, ends, strict=True)]
            states = torch.addmm(states, attend(joined[:, 0], seen), layer.output.t())
            query = self._projected(states, layer.cross_query, 1)[:, 0]
            attended = attend_memory(query, [row.memory[index] for row in rows])
            states = torch.addmm(states, attended, layer.cross_output.t())
            states = self._feed_forward(states, layer.feed_forward)
        return F.linear(self._normed(states), self.head)

    def _flat(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """Return the ids of all sequences end to end."""
        return torch.tensor([token for ids in sequences for token in ids], device=self.device)

    def _projected(self, states: Tensor, weight: Tensor, n_parts: int) -> Tensor:
        """Return the projections of the normed states, of shape (positions, `n_parts`, heads, d_kv)."""
        return F.linear(self._normed(states), weight).view(-1, n_parts, self.n_heads, self.d_kv)

    def _attention(
        self, starts: Sequence[int], lengths: Sequence[int], ends: Sequence[int], bias: _PositionBias | None
    ) -> _Attention:
        """Return how this pass attends: row `i` asks from position `starts[i]` and sees up to `ends[i]`."""
        kind = _PaddedAttention if self.padded else _RowAttention
        return kind(starts, lengths, ends, bias, self.device)

    def _normed(self, states: Tensor) -> Tensor:
        """Return `states` over their root mean square; the scale is folded into the projection behind."""
        if states.dtype == torch.float32:
            return F.rms_norm(states, states.shape[-1:], None, self.epsilon)
        return F.rms_norm(states.float(), states.shape[-1:], None, self.epsilon).to(states.dtype)

    def _feed_forward(self, states: Tensor, weights: _FeedForward) -> Tensor:
        """Return `states` plus what the feed-forward block makes of them."""
        inner = F.linear(self._normed(states), weights.inner)
        if weights.gated:
            first, second = inner.chunk(2, dim=-1)
            inner = _activated(first, weights.activation).mul_(second)
        else:
            inner = _activated(inner, weights.activation)
        return torch.addmm(states, inner, weights.outer.t())

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


class _RowAttention:
    """Attention row by row: nothing is padded or copied, which is what a CPU likes best."""

    def __init__(
        self,
        starts: Sequence[int],
        lengths: Sequence[int],
        ends: Sequence[int],
        bias: _PositionBias | None,
        device: torch.device,
    ) -> None:
        self.lengths = list(lengths)
        self.masks: list[Tensor | None] = [None] * len(self.lengths)
        if bias is not None:
            mask = bias.up_to(max(ends))
            spans = zip(starts, lengths, ends, strict=True)
            self.masks = [mask[:, :, start : start + length, :end] for start, length, end in spans]

    def __call__(self, query: Tensor, seen: list[Tensor]) -> Tensor:
        """Return the attention of `query` (positions, heads, d_kv) as (positions, heads * d_kv).

        Args:
            query: the queries of all rows end to end.
            seen: per row, keys and values of shape (keys, 2, heads, d_kv).
        """
        attended = torch.empty(query.shape, dtype=query.dtype, device=query.device)
        rows = zip(query.split(self.lengths), attended.split(self.lengths), seen, self.masks, strict=True)
        for asked, target, row, mask in rows:
            keys, values = row.permute(1, 2, 0, 3).unsqueeze(1).unbind(0)
            result = F.scaled_dot_product_attention(
                asked.transpose(0, 1).unsqueeze(0), keys, values, attn_mask=mask, scale=1.0
            )
            target.copy_(result[0].transpose(0, 1))
        return attended.view(len(attended), -1)


class _PaddedAttention:
    """Attention of all rows in one call, padded to the longest: few kernels, which is what a GPU likes best."""

    def __init__(
        self,
        starts: Sequence[int],
        lengths: Sequence[int],
        ends: Sequence[int],
        bias: _PositionBias | None,
        device: torch.device,
    ) -> None:
        self.n_rows, self.longest = len(lengths), max(lengths)
        self.queries = _padded_places(lengths).to(device)
        self.keys = _padded_places(ends).to(device)
        self.places = torch.tensor(
            [row * self.longest + place for row, length in enumerate(lengths) for place in range(length)],
            device=device,
        )
        n_keys = torch.tensor(ends, device=device)
        seen = torch.arange(max(ends), device=device) < n_keys[:, None]
        self.mask = seen[:, None, None, :]
        if bias is not None:
            first = torch.tensor(starts, device=device)[:, None]
            last = n_keys[:, None] - 1
            positions = (first + torch.arange(self.longest, device=device)).minimum(last)
            values = bias.up_to(max(ends))[0][:, positions, : max(ends)].transpose(0, 1)
            self.mask = values.masked_fill(~self.mask, -math.inf)

    def __call__(self, query: Tensor, seen: list[Tensor]) -> Tensor:
        """Return what `_RowAttention` returns."""
        keys, values = torch.cat(seen)[self.keys].permute(2, 0, 3, 1, 4).unbind(0)
        asked = query[self.queries].transpose(1, 2)
        result = F.scaled_dot_product_attention(asked, keys, values, attn_mask=self.mask, scale=1.0)
        return result.transpose(1, 2).reshape(self.n_rows * self.longest, -1)[self.places]


_Attention = _RowAttention | _PaddedAttention


def _padded_places(lengths: Sequence[int]) -> Tensor:
    """Return where in a packed tensor each place of a padded one lies: `[2, 1]` -> `[[0, 1], [2, 2]]`."""
    n_items = torch.tensor(lengths)
    starts = n_items.cumsum(0) - n_items
    return starts[:, None] + torch.arange(int(n_items.max())).minimum(n_items[:, None] - 1)


class _PositionBias:
    """The relative position bias of one stack as a mask to add, kept for the longest length seen."""

    def __init__(self, attention: Any, *, causal: bool) -> None:
        self.weight = attention.relative_attention_bias.weight.detach()
        self.n_buckets: int = attention.relative_attention_num_buckets
        self.max_distance: int = attention.relative_attention_max_distance
        self.causal = causal
        self.mask = self._mask(256)

    def up_to(self, n_positions: int) -> Tensor:
        """Return the mask of shape (1, heads, at least `n_positions`, the same); row: query, column: key."""
        mask = self.mask
        if mask.shape[-1] < n_positions:
            mask = self.mask = self._mask(max(n_positions, 3 * mask.shape[-1] // 2))
        return mask

    def _mask(self, n_positions: int) -> Tensor:
        distance = torch.arange(1 - n_positions, n_positions, device=self.weight.device)
        values = self.weight[self._bucket(distance)].t().contiguous()
        if self.causal:
            values[:, distance > 0] = -math.inf
        rows = values.unfold(1, n_positions, 1).flip(1)
        return rows.contiguous().unsqueeze(0)

    def _bucket(self, distance: Tensor) -> Tensor:
        """Return the bucket of each key-minus-query distance (Raffel et al. 2020; modeling_t5)."""
        n_buckets, offset = self.n_buckets, torch.zeros_like(distance)
        if self.causal:
            distance = (-distance).clamp(min=0)
        else:
            n_buckets //= 2
            offset = (distance > 0).long() * n_buckets
            distance = distance.abs()
        exact = n_buckets // 2
        ratio = torch.log(distance.float() / exact) / math.log(self.max_distance / exact)
        far = (exact + (ratio * (n_buckets - exact)).clamp(min=-exact).long()).clamp(max=n_buckets - 1)
        return offset + torch.where(distance < exact, distance, far)


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
