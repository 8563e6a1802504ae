"""A trained model -> a deeper one that prints nearly the same and has room to learn more; and the mean of two models.

Layers are added as copies of the ones below them, with their outputs turned down: the residual stream passes them
almost as it was, and the gradient finds layers that already do something (Gong et al. 2019, "Efficient training of BERT
by progressively stacking"; Wu et al. 2024, "LLaMA Pro", which starts the copies at nothing).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from kzocr.models.tying import model_with, tied_names

ADDED_SHARE = 0.15
"""What an added layer adds to the stream, as a share of what the copied one does. Not 0: a step of the RMS-scaled
optimiser is a share of the weights, and nothing grows from nothing."""


def origins(n_old: int, n_new: int) -> list[int]:
    """Return which of `n_old` layers each of `n_new` is copied from, spread evenly: `origins(2, 3) == [0, 0, 1]`.

    Raises:
        ValueError: `n_new` is less than `n_old`.
    """
    if n_new < n_old:
        raise ValueError(f"a model of {n_old} layers cannot grow to {n_new}")
    return [new * n_old // n_new for new in range(n_new)]


def deepened(model: PreTrainedModel, n_encoder_layers: int, n_decoder_layers: int) -> PreTrainedModel:
    """Return a T5 model with more layers whose outputs are close to those of `model`, which stays as it is.

    Args:
        model: a T5 model.
        n_encoder_layers: layers of the new encoder, at least as many as there are.
        n_decoder_layers: layers of the new decoder, likewise.

    Raises:
        ValueError: fewer layers than there are were asked for.
    """
    config = copy.deepcopy(model.config)
    from_encoder = origins(config.num_layers, n_encoder_layers)
    from_decoder = origins(config.num_decoder_layers, n_decoder_layers)
    config.num_layers, config.num_decoder_layers = n_encoder_layers, n_decoder_layers
    own = model.state_dict()
    state = {name: value.clone() for name, value in own.items() if ".block." not in name}
    for stack, copied in (("encoder", from_encoder), ("decoder", from_decoder)):
        state |= _blocks(own, stack, copied)
    return model_with(state, config, tied_names(model))


def _blocks(own: dict[str, torch.Tensor], stack: str, copied: Sequence[int]) -> dict[str, torch.Tensor]:
    """Return the weights of a grown stack's layers, `copied` naming the layer that each is copied from."""
    state = {}
    for new, old in enumerate(copied):
        prefix = f"{stack}.block.{old}."
        is_added = new > 0 and copied[new - 1] == old
        for name in own:
            # The first layer alone holds the position bias, for all of them.
            if name.startswith(prefix) and not (is_added and "relative_attention_bias" in name):
                is_output = name.endswith((".o.weight", ".wo.weight"))
                share = ADDED_SHARE if is_added and is_output else 1.0
                state[f"{stack}.block.{new}.{name.removeprefix(prefix)}"] = own[name] * share
    return state


def averaged(model: PreTrainedModel, other: PreTrainedModel, share: float) -> PreTrainedModel:
    """Return a model whose weights are the weighted means of those of two; `model` and `other` stay as they are.

    A run from another model's weights wanders around a common valley, and between the two it often is deeper (Wortsman
    et al. 2022, "Robust fine-tuning of zero-shot models").

    Args:
        model: the model after a run.
        other: the one that the run started from; it is deepened to the depth of `model` first.
        share: of `other`, 0 to 1.

    Raises:
        ValueError: `share` is out of range, or `other` cannot become a model of the same shape, or has a head of its
            own where that of `model` is its embedding.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}: expected 0 to 1")
    grown = deepened(other, model.config.num_layers, model.config.num_decoder_layers)
    mixed = copy.deepcopy(model)
    their_weights = dict(grown.named_parameters(remove_duplicate=False))
    if missing := {name for name, _ in mixed.named_parameters(remove_duplicate=False)} ^ their_weights.keys():
        raise ValueError(f"{min(missing)}: only one of the models has it: they cannot be averaged")
    their_ties = tied_names(grown)
    if lost := [names for names in tied_names(mixed) if not any({*names} <= {*theirs} for theirs in their_ties)]:
        raise ValueError(f"{', '.join(lost[0])}: one weight in one model, not in the other: they cannot be averaged")
    with torch.no_grad():
        for name, parameter in mixed.named_parameters():
            theirs = their_weights[name]
            if parameter.shape != theirs.shape:
                raise ValueError(f"{name}: {tuple(parameter.shape)} and {tuple(theirs.shape)} cannot be averaged")
            parameter.lerp_(theirs.to(parameter.dtype), share)
    return mixed
