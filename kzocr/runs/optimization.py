"""How weights move: the optimiser, the trapezoidal schedule, the moving average of the weights."""

from __future__ import annotations

import math

import torch

from kzocr.config import OptimizerConfig
from kzocr.runs.optimizers import RmsScaledAdamW, RmsScaledMuon
from kzocr.runs.sharding import divided


def make_optimizer(model: torch.nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """Return the optimiser that `config` names, over all parameters of `model` that want a gradient."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    betas = (config.beta1, config.beta2)
    if config.kind == "rms_scaled_adamw":
        return RmsScaledAdamW(parameters, config.learning_rate, betas, config.weight_decay)
    if config.kind == "rms_scaled_muon":
        hidden = _hidden_matrices(model)
        groups = [
            {"params": [p for p in parameters if p in hidden], "is_hidden": True},
            {"params": [p for p in parameters if p not in hidden], "is_hidden": False},
        ]
        return RmsScaledMuon(groups, config.learning_rate, betas, config.weight_decay)
    return torch.optim.AdamW(parameters, config.learning_rate, betas, weight_decay=config.weight_decay)


def _hidden_matrices(model: torch.nn.Module) -> set[torch.Tensor]:
    """Return the matrices of the layers of `model`, without embeddings and the head that prints bytes."""
    modules = dict(model.named_modules())
    linear = {m.weight for name, m in modules.items() if isinstance(m, torch.nn.Linear) and name != "lm_head"}
    return linear - {module.weight for module in modules.values() if isinstance(module, torch.nn.Embedding)}


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
