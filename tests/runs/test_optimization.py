from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from kzocr.config import OptimizerConfig, load_config
from kzocr.runs.optimization import WeightAverage, make_optimizer, schedule
from kzocr.runs.optimizers import RmsScaledAdamW, RmsScaledMuon
from places import ROOT
from toy_models import tiny_model

CONFIG = load_config(ROOT / "configs" / "smoke.yaml").optimizer


def settings(**changes: object) -> OptimizerConfig:
    return OptimizerConfig(**{**vars(CONFIG), **changes})  # type: ignore[arg-type]


def test_the_kind_of_optimizer_is_chosen_by_name() -> None:
    model = torch.nn.Linear(2, 2)
    assert type(make_optimizer(model, settings())) is RmsScaledAdamW
    assert isinstance(make_optimizer(model, settings(kind="adamw")), torch.optim.AdamW)
    assert isinstance(make_optimizer(model, settings(kind="rms_scaled_muon")), RmsScaledMuon)


@pytest.mark.parametrize("tied", [True, False])
def test_muon_moves_the_matrices_of_layers_and_neither_embeddings_nor_the_head(tied: bool) -> None:
    model = tiny_model(tied=tied)
    hidden, others = make_optimizer(model, settings(kind="rms_scaled_muon")).param_groups
    assert (hidden["is_hidden"], others["is_hidden"]) == (True, False)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    kinds = [{names[id(parameter)].split(".")[-2] for parameter in group["params"]} for group in (hidden, others)]
    assert kinds[0] == {"q", "k", "v", "o", "wi_0", "wi_1", "wo"}
    assert kinds[1] == {"shared", "relative_attention_bias", "layer_norm", "final_layer_norm"} | (
        set() if tied else {"lm_head"}
    )
    assert len(hidden["params"]) + len(others["params"]) == len(names)


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
