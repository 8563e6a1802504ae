"""Which parameters of a model are one and the same: that stays as it is, whatever transformers would make of it.

transformers 5 holds that the head of every T5 model is its embedding. It reads weights with a head of their own, such
as those of google/byt5-small, as they are; but a model that is built from their configuration has none, and
`tie_weights` puts the embedding in the head's place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import torch
from transformers import AutoModelForSeq2SeqLM, PretrainedConfig, PreTrainedModel


def tied_names(model: torch.nn.Module) -> list[list[str]]:
    """Return the names of each parameter that has several: of a T5 model those of its embedding."""
    names: defaultdict[torch.nn.Parameter, list[str]] = defaultdict(list)
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names[parameter].append(name)
    return [group for group in names.values() if len(group) > 1]


def keep_ties(model: PreTrainedModel) -> None:
    """Make `model.tie_weights()`, which others call (accelerate does for FSDP), tie no more than is tied already."""
    group_of = {name: number for number, group in enumerate(tied_names(model)) for name in group}
    for attribute in ("_tied_weights_keys", "all_tied_weights_keys"):
        held = getattr(model, attribute, None)
        if isinstance(held, Mapping):  # transformers 4 has lists, and takes the configuration's word
            ties = {name: source for name, source in held.items() if group_of.get(name, -1) == group_of.get(source)}
            setattr(model, attribute, ties)


def model_with(weights: Mapping[str, torch.Tensor], config: PretrainedConfig, ties: list[list[str]]) -> PreTrainedModel:
    """Return a model that has `weights`, not copies of them, for its parameters.

    Args:
        weights: tensors by all names that parameters have in the model.
        config: of the model.
        ties: names of each parameter that has several, as `tied_names` returns them; all others are parameters of
            their own.
    """
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForSeq2SeqLM.from_config(config)
    model.load_state_dict(weights, assign=True)
    for first, *others in ties:
        for name in others:
            module, _, parameter = name.rpartition(".")
            setattr(model.get_submodule(module), parameter, model.get_parameter(first))
    keep_ties(model)
    return model
