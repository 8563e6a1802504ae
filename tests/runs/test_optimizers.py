from __future__ import annotations

import copy
import math

import pytest
import torch

from kzocr.runs.optimizers import LEAST_RMS, RMS_OF_STEP, RmsScaledAdamW, RmsScaledMuon, orthogonalized


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


@pytest.mark.parametrize("shape", [(3, 24, 24), (3, 16, 40), (3, 40, 16)])
def test_orthogonalized_keeps_the_directions_and_evens_the_lengths(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    matrices[1] *= 1e-4  # its length makes no difference
    found = orthogonalized(matrices).float()
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    rotated = left.mT @ found @ right.mT
    lengths = torch.diagonal(rotated, dim1=1, dim2=2)
    assert lengths.min() > 0.6
    assert lengths.max() < 1.3
    assert (rotated - torch.diag_embed(lengths)).abs().max() < 0.05


def test_orthogonalized_leaves_nothing_of_nothing() -> None:
    assert torch.equal(orthogonalized(torch.zeros(1, 2, 3)).float(), torch.zeros(1, 2, 3))


def muon(
    hidden: list[torch.nn.Parameter], others: list[torch.nn.Parameter], weight_decay: float = 0.0
) -> RmsScaledMuon:
    groups = [{"params": hidden, "is_hidden": True}, {"params": others, "is_hidden": False}]
    return RmsScaledMuon(groups, 0.01, (0.9, 0.98), weight_decay)


def test_muon_moves_each_matrix_by_its_own_size_and_other_parameters_as_adamw() -> None:
    generator = torch.Generator().manual_seed(3)
    starts = [torch.randn(8, 8, generator=generator) * size for size in (30.0, 1.0)]
    starts += [torch.zeros(8, 8), torch.randn(6, 12, generator=generator)]
    hidden = [torch.nn.Parameter(start.clone()) for start in starts]
    vector, same_vector = (torch.nn.Parameter(torch.tensor([1.0, -3.0])) for _ in range(2))
    optimizer = muon(hidden, [vector])
    adamw = RmsScaledAdamW([same_vector], lr=0.01, betas=(0.9, 0.98), weight_decay=0.0)
    for parameter in hidden:
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    vector.grad, same_vector.grad = torch.tensor([0.5, 2.0]), torch.tensor([0.5, 2.0])
    optimizer.step()
    adamw.step()
    assert torch.equal(vector, same_vector)
    for start, parameter in zip(starts, hidden, strict=True):
        size = max(start.square().mean().sqrt().item(), LEAST_RMS)
        step = (start - parameter.detach()).square().mean().sqrt().item()
        assert step == pytest.approx(0.01 * RMS_OF_STEP * size, rel=0.25)
        gradient = parameter.grad
        assert gradient is not None
        assert ((start - parameter.detach()) * gradient).sum() > 0  # downhill


def test_muon_looks_ahead_along_the_mean_of_its_gradients() -> None:
    generator = torch.Generator().manual_seed(4)
    start = torch.randn(8, 8, generator=generator)
    gradients = [torch.randn(8, 8, generator=generator) for _ in range(2)]
    parameter = torch.nn.Parameter(start.clone())
    optimizer = muon([parameter], [], weight_decay=0.5)
    mean, expected = torch.zeros(8, 8), start.clone()
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
        mean = 0.95 * mean + 0.05 * gradient
        ahead = 0.05 * gradient + 0.95 * mean
        rms = expected.square().mean().sqrt()
        step = orthogonalized(ahead[None])[0].float() * (RMS_OF_STEP * math.sqrt(8))
        expected = expected * (1 - 0.01 * 0.5) - 0.01 * rms * step
    assert torch.allclose(parameter.detach(), expected, atol=1e-4)
    assert set(optimizer.state[parameter]) == {"step", "mean"}
