"""How weights move: the RMS-scaled AdamW, the trapezoidal schedule, the moving average of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch

from kzocr.config import OptimizerConfig
from kzocr.runs.sharding import divided

LEAST_RMS = 1e-3
"""A parameter that is (nearly) zero moves as if its RMS were this (Shazeer & Stern 2018, section 8)."""


class RmsScaledAdamW(torch.optim.Optimizer):
    """AdamW whose step is multiplied by each parameter's root mean square.

    Adafactor's `scale_parameter` (Shazeer & Stern 2018, section 8) without its factored second moments. T5 weights
    differ in scale by two orders of magnitude, by design of their initialisation, and a common step either does
    not move the large ones or destroys the small ones: with plain AdamW a small T5 had not learnt to copy its
    input after 1,300 steps, with this one it copies after a few hundred.
    """

    def __init__(
        self, params: Iterable[torch.nn.Parameter], lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        """Prepare the optimiser.

        Args:
            params: what to move.
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
                    self.state[p]["step"] = 0
                    self.state[p]["mean"] = torch.zeros_like(p)
                    self.state[p]["square"] = torch.zeros_like(p)
                self.state[p]["step"] += 1
            self._move(group, parameters)
        return loss

    def _move(self, group: dict[str, Any], parameters: list[torch.Tensor]) -> None:
        beta1, beta2 = group["betas"]
        steps = [self.state[p]["step"] for p in parameters]
        gradients = [p.grad for p in parameters if p.grad is not None]
        means = [self.state[p]["mean"] for p in parameters]
        squares = [self.state[p]["square"] for p in parameters]
        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
        scales = [
            norm.div(math.sqrt(p.numel())).clamp_(min=LEAST_RMS)
            for norm, p in zip(torch._foreach_norm(parameters), parameters, strict=True)
        ]
        denominators = torch._foreach_sqrt(squares)
        torch._foreach_div_(denominators, [math.sqrt(1 - beta2**n) for n in steps])
        torch._foreach_add_(denominators, group["eps"])
        updates = torch._foreach_div(means, denominators)
        torch._foreach_mul_(updates, scales)
        torch._foreach_div_(updates, [1 - beta1**n for n in steps])
        if group["weight_decay"]:
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(parameters, updates, alpha=-group["lr"])


def make_optimizer(model: torch.nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """Return the optimiser that `config` names, over all parameters of `model` that want a gradient."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    betas = (config.beta1, config.beta2)
    if config.kind == "rms_scaled_adamw":
        return RmsScaledAdamW(parameters, config.learning_rate, betas, config.weight_decay)
    return torch.optim.AdamW(parameters, config.learning_rate, betas, weight_decay=config.weight_decay)


def schedule(step: int, max_steps: int, config: OptimizerConfig) -> float:
    """Return the learning rate of optimiser step `step` (from 0): warm-up, plateau, decay.

    The plateau lets a run be prolonged or ended early: only the last `decay_steps` know where the end is
    (Hägele et al. 2024, "Scaling laws and compute-optimal training beyond fixed training durations", which also
    has the decay like 1 - sqrt).
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    left = max_steps - step
    if left > config.decay_steps or config.decay_steps == 0:
        return config.learning_rate
    share_left = max(left, 0) / config.decay_steps
    falls = share_left if config.decay_shape == "linear" else 1 - math.sqrt(1 - share_left)
    return config.learning_rate * falls


class WeightAverage:
    """Exponential moving average of a model's parameters; what is validated and shipped."""

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        """Start from the model's present weights; `decay` in [0, 1) is that of a long run."""
        self.decay = decay
        self.n_updates = 0
        self.weights = {name: p.detach().clone() for name, p in model.named_parameters()}

    @torch.no_grad()
    def update(self, model: torch.nn.Module) -> None:
        """Take the model's present weights in; early on the average follows them closely."""
        self.n_updates += 1
        decay = min(self.decay, (1 + self.n_updates) / (10 + self.n_updates))
        parameters = dict(model.named_parameters())
        names = list(self.weights)
        torch._foreach_lerp_(
            [self.weights[name] for name in names], [parameters[name].detach() for name in names], 1 - decay
        )

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the averaged weights by name, and the number of updates."""
        return {**self.weights, "n_updates": torch.tensor(self.n_updates)}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Take over what `state_dict` returned."""
        self.n_updates = int(state["n_updates"])
        for name in self.weights:
            self.weights[name].copy_(divided(state[name], self.weights[name]))
