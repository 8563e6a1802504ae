from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch

from kzocr.config import OptimizerConfig, load_config
from kzocr.runs.optimization import LEAST_RMS, RmsScaledAdamW, WeightAverage, make_optimizer, schedule
from places import ROOT

CONFIG = load_config(ROOT / "configs" / "smoke.yaml").optimizer


def settings(**changes: object) -> OptimizerConfig:
    return OptimizerConfig(**{**vars(CONFIG), **changes})  # type: ignore[arg-type]


def by_hand(
    weights: list[float], gradients: list[list[float] | None], lr: float, beta1: float, beta2: float, decay: float
) -> list[float]:
    """RMS-scaled AdamW on one parameter, written out number by number."""
    mean, square, n = [0.0] * len(weights), [0.0] * len(weights), 0
    for gradient in gradients:
        if gradient is None:
            continue
        n += 1
        rms = max(math.sqrt(sum(w * w for w in weights) / len(weights)), LEAST_RMS)
        for i, g in enumerate(gradient):
            mean[i] = beta1 * mean[i] + (1 - beta1) * g
            square[i] = beta2 * square[i] + (1 - beta2) * g * g
            step = (mean[i] / (1 - beta1**n)) / (math.sqrt(square[i] / (1 - beta2**n)) + 1e-8)
            weights[i] = weights[i] * (1 - lr * decay) - lr * rms * step
    return weights


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_rms_scaled_adamw_moves_as_written_out_by_hand(weight_decay: float) -> None:
    generator = torch.Generator().manual_seed(1)
    starts = {
        "large": torch.randn(6, generator=generator, dtype=torch.float64) * 20,
        "zero": torch.zeros(6, dtype=torch.float64),
        "late": torch.randn(6, generator=generator, dtype=torch.float64),
    }
    gradients: dict[str, list[list[float] | None]] = {
        name: [torch.randn(6, generator=generator, dtype=torch.float64).tolist() for _ in range(5)] for name in starts
    }
    gradients["late"][0] = gradients["late"][2] = None  # takes part in some steps only
    parameters = {name: torch.nn.Parameter(start.clone()) for name, start in starts.items()}
    optimizer = RmsScaledAdamW(parameters.values(), lr=0.01, betas=(0.9, 0.98), weight_decay=weight_decay)
    for step in range(5):
        for name, parameter in parameters.items():
            gradient = gradients[name][step]
            parameter.grad = None if gradient is None else torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
    for name, parameter in parameters.items():
        expected = by_hand(starts[name].tolist(), gradients[name], 0.01, 0.9, 0.98, weight_decay)
        assert parameter.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12), name


def test_rms_scaled_adamw_goes_on_from_its_state() -> None:
    def run(n_steps: int, parameter: torch.nn.Parameter, optimizer: torch.optim.Optimizer) -> None:
        for _ in range(n_steps):
            parameter.grad = parameter.detach() ** 2
            optimizer.step()

    def make(start: torch.Tensor) -> tuple[torch.nn.Parameter, RmsScaledAdamW]:
        parameter = torch.nn.Parameter(start.clone())
        return parameter, RmsScaledAdamW([parameter], lr=0.05, betas=(0.9, 0.98), weight_decay=0.0)

    whole, optimizer = make(torch.tensor([1.0, -2.0]))
    run(6, whole, optimizer)
    first, optimizer = make(torch.tensor([1.0, -2.0]))
    run(3, first, optimizer)
    second, resumed = make(first.detach())
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    run(3, second, resumed)
    assert torch.equal(whole, second)


def test_the_kind_of_optimizer_is_chosen_by_name() -> None:
    model = torch.nn.Linear(2, 2)
    assert isinstance(make_optimizer(model, settings()), RmsScaledAdamW)
    assert isinstance(make_optimizer(model, settings(kind="adamw")), torch.optim.AdamW)


def test_the_schedule_rises_stays_and_falls() -> None:
    config = settings(learning_rate=1.0, warmup_steps=4, decay_steps=9)
    rates = [schedule(step, 20, config) for step in range(21)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4:12] == [1.0] * 8  # 20 - 11 = 9 steps are left at step 11
    assert rates[12] == pytest.approx(1 - math.sqrt(1 / 9))
    assert rates[19] == pytest.approx(1 - math.sqrt(8 / 9))
    assert rates[20] == 0.0
    assert rates[11:] == sorted(rates[11:], reverse=True)


def test_a_linear_decay_falls_evenly() -> None:
    config = settings(learning_rate=1.0, warmup_steps=2, decay_steps=4, decay_shape="linear")
    assert [schedule(step, 8, config) for step in range(9)] == [0.5, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]


def test_a_schedule_without_warm_up_or_decay_is_flat() -> None:
    config = settings(learning_rate=0.5, warmup_steps=0, decay_steps=0)
    assert {schedule(step, 10, config) for step in range(10)} == {0.5}


def test_only_the_last_steps_know_where_the_end_is() -> None:
    config = settings(warmup_steps=4, decay_steps=5)
    assert [schedule(s, 20, config) for s in range(15)] == [schedule(s, 90, config) for s in range(15)]


def model_and_average() -> tuple[torch.nn.Linear, WeightAverage]:
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    return model, WeightAverage(model, 0.5)


def test_the_average_follows_closely_at_first() -> None:
    model, average = model_and_average()
    model.weight.data.fill_(1.0)
    average.update(model)
    assert average.weights["weight"].item() == pytest.approx(1 - 2 / 11)
    average.update(model)
    assert average.weights["weight"].item() == pytest.approx(1 - 2 / 11 * 3 / 12)


def test_the_average_goes_on_from_its_state(tmp_path: Path) -> None:
    model, average = model_and_average()
    for value in (1.0, 4.0):
        model.weight.data.fill_(value)
        average.update(model)
    torch.save(average.state_dict(), tmp_path / "average.pt")
    other = WeightAverage(torch.nn.Linear(1, 1, bias=False), 0.5)
    other.load_state_dict(torch.load(tmp_path / "average.pt", weights_only=True))
    for one in (average, other):
        model.weight.data.fill_(9.0)
        one.update(model)
    assert other.n_updates == average.n_updates == 3
    assert torch.equal(other.weights["weight"], average.weights["weight"])
