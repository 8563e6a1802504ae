"""Queries of packed rows, and keys and values of each row -> what every query attends to.

Two ways with one result: row by row for a CPU, padded into one call for a GPU. T5's relative positions are a mask
that is added. Source: Raffel et al. 2020, section 2.1; `transformers.models.t5.modeling_t5`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class RowAttention:
    """Attention row by row: nothing is padded or copied, which is what a CPU likes best."""

    def __init__(
        self,
        starts: Sequence[int],
        lengths: Sequence[int],
        ends: Sequence[int],
        bias: PositionBias | None,
        device: torch.device,
    ) -> None:
        self.lengths = list(lengths)
        self.n_positions = sum(lengths)
        self.masks: list[Tensor | None] = [None] * len(self.lengths)
        if bias is not None:
            mask = bias.up_to(max(ends))
            spans = zip(starts, lengths, ends, strict=True)
            self.masks = [mask[:, :, start : start + length, :end] for start, length, end in spans]

    def __call__(self, query: Tensor, seen: list[Tensor]) -> Tensor:
        """Return the attention of `query` (positions, heads, d_kv) as (positions, heads * d_kv).

        Args:
            query: the queries of all rows end to end; what there is behind them attends to nothing.
            seen: per row, keys and values of shape (keys, 2, heads, d_kv).
        """
        attended = torch.empty(query.shape, dtype=query.dtype, device=query.device)
        attended[self.n_positions :] = 0
        asking, targets = (states[: self.n_positions].split(self.lengths) for states in (query, attended))
        rows = zip(asking, targets, seen, self.masks, strict=True)
        for asked, target, row, mask in rows:
            keys, values = row.permute(1, 2, 0, 3).unsqueeze(1).unbind(0)
            result = F.scaled_dot_product_attention(
                asked.transpose(0, 1).unsqueeze(0), keys, values, attn_mask=mask, scale=1.0
            )
            target.copy_(result[0].transpose(0, 1))
        return attended.view(len(attended), -1)


class PaddedAttention:
    """Attention of all rows in one call, padded to the longest: few kernels, which is what a GPU likes best."""

    def __init__(
        self,
        starts: Sequence[int],
        lengths: Sequence[int],
        ends: Sequence[int],
        bias: PositionBias | None,
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
        """Return what `RowAttention` returns."""
        keys, values = torch.cat(seen)[self.keys].permute(2, 0, 3, 1, 4).unbind(0)
        asked = query[self.queries].transpose(1, 2)
        result = F.scaled_dot_product_attention(asked, keys, values, attn_mask=self.mask, scale=1.0)
        return result.transpose(1, 2).reshape(self.n_rows * self.longest, -1)[self.places]


Attention = RowAttention | PaddedAttention


def _padded_places(lengths: Sequence[int]) -> Tensor:
    """Return where in a packed tensor each place of a padded one lies: `[2, 1]` -> `[[0, 1], [2, 2]]`."""
    n_items = torch.tensor(lengths)
    starts = n_items.cumsum(0) - n_items
    return starts[:, None] + torch.arange(int(n_items.max())).minimum(n_items[:, None] - 1)


class PositionBias:
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
