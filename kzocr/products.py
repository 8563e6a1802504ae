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


def linear(states: Tensor, weight: Tensor) -> Tensor:
    """Return the product of states, of shape (positions, in), and a weight (out, in): (positions, out)."""
    if states.dtype == torch.float32 and states.device.type == "cpu" and len(states) >= LEAST_POSITIONS:
        return _fastest()(states, weight)
    return F.linear(states, weight)


def added(states: Tensor, more: Tensor, weight: Tensor) -> Tensor:
    """Return `states`, of shape (positions, out), plus the product of `more` (positions, in) and `weight` (out, in)."""
    if states.dtype == torch.float32 and states.device.type == "cpu" and _fastest() is not F.linear:
        return linear(more, weight).add_(states)
    return torch.addmm(states, more, weight.t())


def onednn_linear(states: Tensor, weight: Tensor) -> Tensor:
    """Return the same as `linear`, by oneDNN.

    Raises:
        AttributeError, RuntimeError: this build of torch has no oneDNN.
    """
    product: Tensor = torch.ops.mkldnn._linear_pointwise(states, weight, None, "none", [], "")
    return product


@cache
def _fastest() -> Product:
    """Return `onednn_linear` where it is there and clearly faster than `F.linear`, else that."""
    try:
        return onednn_linear if _seconds(F.linear) > LEAST_SPEED_UP * _seconds(onednn_linear) else F.linear
    except (AttributeError, RuntimeError):
        return F.linear


@torch.no_grad()
def _seconds(product: Product) -> float:
    """Return the least time of a few products in the shapes of a small model."""
    states, weight = torch.ones(256, 256), torch.ones(768, 256)
    seconds = []
    for _ in range(N_TIMED_PRODUCTS):
        started = time.perf_counter()
        product(states, weight)
        seconds.append(time.perf_counter() - started)
    return min(seconds)
