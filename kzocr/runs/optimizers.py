"""Optimisers whose steps are scaled by the root mean square of each weight: AdamW, and Muon for hidden matrices."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from kzocr.runs.sharding import divided

LEAST_RMS = 1e-3
"""A parameter that is (nearly) zero moves as if its RMS were this (Shazeer & Stern 2018, section 8)."""

MOMENTUM = 0.95
"""Muon's decay of the mean of the gradients (Jordan et al. 2024)."""

RMS_OF_STEP = 0.2
"""RMS of Muon's step at a rate of 1, about AdamW's, so that one rate suits both (Liu et al. 2025, section 2.2)."""

ITERATION = (3.4445, -4.7750, 2.0315)
"""Coefficients of the iteration towards an orthogonal matrix, and below their number (Jordan et al. 2024)."""

N_ITERATIONS = 5


class RmsScaledAdamW(torch.optim.Optimizer):
    """AdamW whose step is multiplied by each parameter's root mean square.

    Adafactor's `scale_parameter` (Shazeer & Stern 2018, section 8) without its factored second moments. T5 weights
    differ in scale by two orders of magnitude, by design of their initialisation, and a common step either does
    not move the large ones or destroys the small ones: with plain AdamW a small T5 had not learnt to copy its
    input after 1,300 steps, with this one it copies after a few hundred.
    """

    def __init__(
        self,
        params: Iterable[torch.nn.Parameter] | Iterable[dict[str, Any]],
        lr: float,
        betas: tuple[float, float],
        weight_decay: float,
    ) -> None:
        """Prepare the optimiser.

        Args:
            params: what to move, or groups of it.
            lr: relative step: a parameter moves by about `lr` times its RMS.
            betas: decays of the means of the gradients and of their squares.
            weight_decay: decoupled, as a fraction of the weight per unit of `lr`.
        """
        super().__init__(params, {"lr": lr, "betas": betas, "eps": 1e-8, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            for p in parameters:
                if not self.state[p]:
                    self.state[p].update({"step": 0, **self._means(group, p)})
                self.state[p]["step"] += 1
            self._move(group, parameters)
        return loss

    def _means(self, group: dict[str, Any], parameter: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return what is remembered of the gradients of a parameter of `group`, before the first of them."""
        return {"mean": torch.zeros_like(parameter), "square": torch.zeros_like(parameter)}

    def _move(self, group: dict[str, Any], parameters: list[torch.Tensor]) -> None:
        beta1, beta2 = group["betas"]
        steps = [self.state[p]["step"] for p in parameters]
        gradients = [p.grad for p in parameters if p.grad is not None]
        means = [self.state[p]["mean"] for p in parameters]
        squares = [self.state[p]["square"] for p in parameters]
        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
        scales = _root_mean_squares(parameters)
        denominators = torch._foreach_sqrt(squares)
        torch._foreach_div_(denominators, [math.sqrt(1 - beta2**n) for n in steps])
        torch._foreach_add_(denominators, group["eps"])
        updates = torch._foreach_div(means, denominators)
        torch._foreach_mul_(updates, scales)
        torch._foreach_div_(updates, [1 - beta1**n for n in steps])
        if group["weight_decay"]:
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(parameters, updates, alpha=-group["lr"])


class RmsScaledMuon(RmsScaledAdamW):
    """RMS-scaled AdamW for vectors and embeddings; the step of a hidden matrix is orthogonal, and scaled as AdamW's.

    Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") moves a matrix evenly in all of
    its directions, where the gradient of a small batch shows few of them. `torch.optim.Muon`, from torch 2.9 on, knows
    neither the RMS of the weights, which T5 needs, nor other parameters than matrices.

    Groups with `"is_hidden": True` hold matrices alone, the others move as in `RmsScaledAdamW`.
    """

    def _means(self, group: dict[str, Any], parameter: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"mean": torch.zeros_like(parameter)} if group["is_hidden"] else super()._means(group, parameter)

    def _move(self, group: dict[str, Any], parameters: list[torch.Tensor]) -> None:
        if not group["is_hidden"]:
            super()._move(group, parameters)
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        means = [self.state[p]["mean"] for p in parameters]
        torch._foreach_lerp_(means, gradients, 1 - MOMENTUM)
        updates = _orthogonal_steps(torch._foreach_lerp(gradients, means, MOMENTUM))
        torch._foreach_mul_(updates, _root_mean_squares(parameters))
        if group["weight_decay"]:
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(parameters, updates, alpha=-group["lr"])


def _root_mean_squares(parameters: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the RMS of each parameter, at least `LEAST_RMS`."""
    norms = torch._foreach_norm(parameters)
    return [norm.div(math.sqrt(p.numel())).clamp_(min=LEAST_RMS) for norm, p in zip(norms, parameters, strict=True)]


def _orthogonal_steps(matrices: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return for each matrix, whole or in pieces, the nearest orthogonal one with an RMS of about `RMS_OF_STEP`.

    Those of one shape go through the iteration together. Each process of several computes all of them.
    """
    by_shape: dict[torch.Size, list[int]] = defaultdict(list)
    for index, matrix in enumerate(matrices):
        by_shape[matrix.shape].append(index)
    steps: list[torch.Tensor] = list(matrices)
    for shape, indices in by_shape.items():
        whole_ones = [m.full_tensor() if hasattr(m := matrices[index], "full_tensor") else m for index in indices]
        found = orthogonalized(torch.stack(whole_ones)).mul_(RMS_OF_STEP * math.sqrt(max(shape)))
        for index, step in zip(indices, found, strict=True):
            steps[index] = divided(step.to(matrices[index].dtype), matrices[index])
    return steps


def orthogonalized(matrices: torch.Tensor) -> torch.Tensor:
    """Return the nearest orthogonal matrix to each of `matrices`, roughly: singular values come out from 0.7 to 1.2.

    Args:
        matrices: `(matrix, row, column)`; none may be zero throughout, which stays so.

    Returns:
        In bfloat16, which is enough for a direction. From each X the iteration makes aX + b(XXᵀ)X + c(XXᵀ)²X, which
        draws its singular values to 1 and leaves its singular vectors (Jordan et al. 2024).
    """
    linear, cubic, quintic = ITERATION
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.mT if is_tall else matrices).bfloat16()
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(N_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=cubic, alpha=quintic), x, beta=linear)
    return x.mT if is_tall else x
