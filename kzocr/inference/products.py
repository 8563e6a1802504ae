"""Products of states with weights, by whichever of torch's two libraries multiplies faster on the processor at hand.

On a CPU torch hands float32 matrices to Intel's MKL, which on other makers' processors runs at half the speed of
oneDNN or less; oneDNN comes with torch too, but is asked for other types only. So it is timed once a process. Both add
the same numbers in another order: results differ in the last digits, as they do between processors anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

Product = Callable[[Tensor, Tensor], Tensor]
"""States of shape (positions, in) and a weight of shape (out, in) -> (positions, out)."""

LEAST_SPEED_UP = 1.5
"""So much faster oneDNN must be to be taken: no chance of the clock decides."""

LEAST_POSITIONS = 16
"""Below this MKL is faster on any processor."""

N_TIMED_PRODUCTS = 8
"""Of each library; the fastest one counts."""

_LEAST_STEP = 16
_STEPS_A_DOUBLING = 32


def rounded_up(n_positions: int) -> int:
    """Return a number of positions, a little larger, that products are asked for again and again.

    oneDNN writes a program for every new shape, which takes longer than to run it once, and keeps a thousand of them,
    up to a megabyte each. So positions are added, at most 15 or 3 %, until few shapes are left.
    """
    if n_positions < LEAST_POSITIONS:
        return n_positions
    step = max(_LEAST_STEP, (1 << n_positions.bit_length() - 1) // _STEPS_A_DOUBLING)
    return -(-n_positions // step) * step


def linear(states: Tensor, weight: Tensor) -> Tensor:
    """Return the product of states, of shape (positions, in), and a weight (out, in): (positions, out)."""
    return _product(states)(states, weight)


def added(states: Tensor, more: Tensor, weight: Tensor) -> Tensor:
    """Return `states`, of shape (positions, out), plus the product of `more` (positions, in) and `weight` (out, in)."""
    product = _product(more)
    return torch.addmm(states, more, weight.t()) if product is F.linear else product(more, weight).add_(states)


def onednn_linear(states: Tensor, weight: Tensor) -> Tensor:
    """Return the same as `linear`, by oneDNN.

    Raises:
        AttributeError, RuntimeError: this build of torch has no oneDNN.
    """
    product: Tensor = torch.ops.mkldnn._linear_pointwise(states, weight, None, "none", [], "")
    return product


def _product(states: Tensor) -> Product:
    """Return what multiplies these states fastest."""
    is_timed = states.dtype == torch.float32 and states.device.type == "cpu" and len(states) >= LEAST_POSITIONS
    return _fastest() if is_timed else F.linear


@cache
def _fastest() -> Product:
    """Return `onednn_linear` where it is there and clearly faster than `F.linear`, else that."""
    try:
        return onednn_linear if _seconds(F.linear) > LEAST_SPEED_UP * _seconds(onednn_linear) else F.linear
    except (AttributeError, RuntimeError):
        return F.linear


def _seconds(product: Product) -> float:
    """Return the least time of a few products as of one window."""
    return product_seconds(product, 256, torch.float32)


@torch.no_grad()
def product_seconds(product: Product, n_positions: int, dtype: torch.dtype) -> float:
    """Return the least time in seconds of a few products in the shapes of a small model.

    Args:
        product: what multiplies.
        n_positions: how many states.
        dtype: of states and weight.
    """
    states, weight = torch.ones(n_positions, 256, dtype=dtype), torch.ones(768, 256, dtype=dtype)
    seconds = []
    for _ in range(N_TIMED_PRODUCTS):
        started = time.perf_counter()
        product(states, weight)
        seconds.append(time.perf_counter() - started)
    return min(seconds)
