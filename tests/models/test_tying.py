from __future__ import annotations

import pytest
import torch

from kzocr.encoding import encode
from kzocr.models.tying import keep_ties, model_with, tied_names
from toy_models import KAZAKH, tiny_model

EMBEDDING = ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]


def logits(model: torch.nn.Module) -> torch.Tensor:
    ids = torch.tensor([encode(KAZAKH)])
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(input_ids=ids, decoder_input_ids=ids).logits
    return found


@pytest.mark.parametrize(("is_tied", "names"), [(True, [*EMBEDDING, "lm_head.weight"]), (False, EMBEDDING)])
def test_a_parameter_that_has_several_names_is_found(is_tied: bool, names: list[str]) -> None:
    assert tied_names(tiny_model(tied=is_tied)) == [names]


@pytest.mark.parametrize("is_tied", [True, False])
@pytest.mark.parametrize("multilingual", [False, True])
def test_a_model_of_the_same_weights_says_the_same(is_tied: bool, multilingual: bool) -> None:
    model = tiny_model(tied=is_tied, multilingual=multilingual)
    again = model_with(model.state_dict(), model.config, tied_names(model))
    assert torch.equal(logits(again), logits(model))
    assert tied_names(again) == tied_names(model)
    assert again.shared.weight.data_ptr() == model.shared.weight.data_ptr()


@pytest.mark.parametrize("is_tied", [True, False])
def test_tying_again_ties_no_more_than_is_tied(is_tied: bool) -> None:
    model = tiny_model(tied=is_tied)
    before, names = logits(model), tied_names(model)
    keep_ties(model)
    model.tie_weights()
    assert torch.equal(logits(model), before)
    assert tied_names(model) == names
