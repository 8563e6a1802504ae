from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from kzocr.config import ModelConfig
from kzocr.encoding import encode
from kzocr.models import growth
from kzocr.models.checkpoint import build_model, write_model
from kzocr.models.growth import averaged, deepened, origins
from toy_models import tiny_model


@pytest.fixture(name="model", scope="module")
def make_model() -> T5ForConditionalGeneration:
    return tiny_model(3, n_encoder=3)


def logits(model: torch.nn.Module) -> torch.Tensor:
    ids = torch.tensor([encode("Ала тау биік")])
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(input_ids=ids, decoder_input_ids=ids).logits
    return found


@pytest.mark.parametrize(
    ("n_old", "n_new", "expected"),
    [(2, 3, [0, 0, 1]), (5, 8, [0, 0, 1, 1, 2, 3, 3, 4]), (2, 2, [0, 1]), (1, 3, [0, 0, 0])],
)
def test_added_layers_are_spread_evenly(n_old: int, n_new: int, expected: list[int]) -> None:
    assert origins(n_old, n_new) == expected


def test_layers_that_add_nothing_change_nothing(
    model: T5ForConditionalGeneration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "ADDED_SHARE", 0.0)
    grown = deepened(model, 5, 4)
    assert (grown.config.num_layers, grown.config.num_decoder_layers) == (5, 4)
    assert (model.config.num_layers, model.config.num_decoder_layers) == (3, 2)
    torch.testing.assert_close(logits(grown), logits(model))


def test_added_layers_are_copies_whose_outputs_are_turned_down(model: T5ForConditionalGeneration) -> None:
    grown = deepened(model, 4, 2)
    added, below = grown.encoder.block[1].layer, model.encoder.block[0].layer
    assert torch.equal(added[0].SelfAttention.q.weight, below[0].SelfAttention.q.weight)
    assert torch.equal(added[0].SelfAttention.o.weight, below[0].SelfAttention.o.weight * growth.ADDED_SHARE)
    assert torch.equal(added[1].DenseReluDense.wo.weight, below[1].DenseReluDense.wo.weight * growth.ADDED_SHARE)
    assert torch.equal(
        grown.encoder.block[2].layer[0].SelfAttention.o.weight, model.encoder.block[1].layer[0].SelfAttention.o.weight
    )
    assert grown.lm_head.weight.data_ptr() == grown.shared.weight.data_ptr()


def test_as_many_layers_give_the_same_model(model: T5ForConditionalGeneration) -> None:
    assert torch.equal(logits(deepened(model, 3, 2)), logits(model))


def test_a_model_does_not_become_shallower(model: T5ForConditionalGeneration) -> None:
    with pytest.raises(ValueError, match="3 layers cannot grow to 2"):
        deepened(model, 2, 2)


def test_a_run_starts_from_a_deepened_checkpoint(model: T5ForConditionalGeneration, tmp_path: Path) -> None:
    write_model(model, tmp_path / "model", {})
    config = ModelConfig(str(tmp_path / "model"), 32, 40, 12, 3, 4, 3, 0.0, deepened=True)
    built = build_model(config)
    assert (built.config.num_layers, built.config.num_decoder_layers) == (4, 3)
    with pytest.raises(ValueError, match="model: a model of 3 layers cannot grow to 1"):
        build_model(ModelConfig(str(tmp_path / "model"), 32, 40, 12, 3, 1, 3, 0.0, deepened=True))


def test_an_average_lies_between_a_model_and_the_deepened_parent(model: T5ForConditionalGeneration) -> None:
    child = deepened(model, 4, 2)
    with torch.no_grad():
        for parameter in child.parameters():
            parameter.add_(1.0)
    mixed = averaged(child, model, 0.25)
    for ours, theirs, parents in zip(
        mixed.parameters(), child.parameters(), deepened(model, 4, 2).parameters(), strict=True
    ):
        torch.testing.assert_close(ours, 0.75 * theirs + 0.25 * parents)
    assert torch.equal(logits(averaged(child, model, 0.0)), logits(child))


def test_a_head_of_its_own_stays_one() -> None:
    model = tiny_model(tied=False)
    assert torch.equal(logits(deepened(model, 2, 2)), logits(model))
    grown = deepened(model, 3, 4)
    assert torch.equal(grown.lm_head.weight, model.lm_head.weight)
    assert torch.equal(grown.shared.weight, model.shared.weight)
    with torch.no_grad():
        grown.lm_head.weight.add_(1.0)
    assert not torch.equal(grown.lm_head.weight, model.lm_head.weight)


def test_heads_of_their_own_are_averaged() -> None:
    model, other = tiny_model(1, tied=False), tiny_model(2, tied=False)
    mixed = averaged(model, other, 0.25)
    torch.testing.assert_close(mixed.lm_head.weight, 0.75 * model.lm_head.weight + 0.25 * other.lm_head.weight)
    torch.testing.assert_close(mixed.shared.weight, 0.75 * model.shared.weight + 0.25 * other.shared.weight)
    assert torch.equal(logits(averaged(model, other, 0.0)), logits(model))


def test_a_head_is_averaged_with_the_embedding_that_serves_as_one() -> None:
    model, other = tiny_model(1, tied=False), tiny_model(2, tied=True)
    mixed = averaged(model, other, 0.25)
    torch.testing.assert_close(mixed.lm_head.weight, 0.75 * model.lm_head.weight + 0.25 * other.shared.weight)
    with pytest.raises(ValueError, match=r"lm_head\.weight: one weight in one model, not in the other"):
        averaged(other, model, 0.25)


def test_models_with_other_weights_are_not_averaged() -> None:
    with pytest.raises(ValueError, match=r"DenseReluDense\.wi\.weight: only one of the models has it"):
        averaged(tiny_model(), tiny_model(feed_forward="relu"), 0.5)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(model: T5ForConditionalGeneration, share: float) -> None:
    with pytest.raises(ValueError, match="expected 0 to 1"):
        averaged(model, model, share)


def test_models_of_other_widths_are_not_averaged(model: T5ForConditionalGeneration) -> None:
    narrow = T5ForConditionalGeneration(T5Config(**{**model.config.to_dict(), "d_ff": 24}))
    with pytest.raises(ValueError, match="cannot be averaged"):
        averaged(narrow, model, 0.5)
