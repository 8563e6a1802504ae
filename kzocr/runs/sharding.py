"""Models that several processes hold in pieces (FSDP 2): whole for a checkpoint, in pieces again behind it.

What is written to disk is always whole, so that a run may go on with another number of processes, or without FSDP.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from transformers import PreTrainedModel

from kzocr.models.tying import model_with, tied_names


def share_embedding(model: Any) -> None:
    """Make the encoder and the decoder of a T5 model look bytes up in one module, not in three with one weight.

    FSDP gives each weight to one group of modules and refuses one that modules of two groups have. Names and values in
    the model's state stay as they are.

    Args:
        model: a T5 model of transformers.
    """
    for stack in (model.encoder, model.decoder):
        stack.set_input_embeddings(model.get_input_embeddings())


def whole(state: Any) -> Any:
    """Return `state`, nested dictionaries and lists, with every tensor in pieces put together in main memory.

    Every process has to call it. Other tensors and values are returned as they are.
    """
    if isinstance(state, Mapping):
        return {key: whole(value) for key, value in state.items()}
    if isinstance(state, list):
        return [whole(value) for value in state]
    return state.full_tensor().cpu() if hasattr(state, "full_tensor") else state


def divided(tensor: torch.Tensor, like: Any) -> torch.Tensor:
    """Return a whole `tensor`, which every process has, in pieces as `like` is; as it is where `like` is whole."""
    if not hasattr(like, "full_tensor"):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)


def divided_optimizer_state(state: Mapping[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return the whole `state` of an optimiser with everything of a weight's shape in pieces as that weight is."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]

    def divided_as(value: Any, parameter: torch.Tensor) -> Any:
        is_alike = isinstance(value, torch.Tensor) and value.shape == parameter.shape
        return divided(value, parameter) if is_alike else value

    of_parameters = {
        index: {key: divided_as(value, parameters[index]) for key, value in of_one.items()}
        for index, of_one in state["state"].items()
    }
    return {**state, "state": of_parameters}


def whole_copy(model: PreTrainedModel, weights: Mapping[str, torch.Tensor]) -> PreTrainedModel:
    """Return a model like `model`, ready to generate, that has `weights`, not copies of them, for its parameters.

    Args:
        model: whole, or in pieces.
        weights: whole tensors by the names that `model.named_parameters()` gives.
    """
    name_of = {parameter: name for name, parameter in model.named_parameters()}
    state = {name: weights[name_of[p]] for name, p in model.named_parameters(remove_duplicate=False)}
    config = copy.deepcopy(model.config)
    config.use_cache = True
    return model_with(state, config, tied_names(model)).eval()  # type: ignore[no-any-return, no-untyped-call]
