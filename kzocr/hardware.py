"""What the device at hand does best: which precision to multiply in, and which kernels to take."""

from __future__ import annotations

import logging
from typing import Any, Literal

import torch
from transformers import PreTrainedModel
from transformers.activations import NewGELUActivation

logger = logging.getLogger(__name__)

Precision = Literal["no", "bf16"]


def multiplies_bf16() -> bool:
    """Return whether the device multiplies bfloat16 in hardware (CUDA from Ampere on, CPUs with AVX512-BF16 or AMX).

    A processor without it computes the same, up to seventy times slower than in float32.
    """
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))


def resolve_precision(mixed_precision: Literal["no", "bf16", "auto"]) -> Precision:
    """Return the precision to train in; `auto` is bf16 where the device multiplies it.

    `bf16` that was asked for by name stays, with a warning where it is slower than float32.
    """
    if mixed_precision == "auto":
        return "bf16" if multiplies_bf16() else "no"
    if mixed_precision == "bf16" and not multiplies_bf16():
        logger.warning("this device has no bfloat16 arithmetic: run.mixed_precision 'no' or 'auto' is far faster here")
    return mixed_precision


def speed_up(model: PreTrainedModel, device: torch.device) -> None:
    """Give `model` kernels that compute the same faster: one for GELU, and on a CPU attention without a fused one.

    Its configuration, and so what is saved, stays as it is.
    """
    for module in model.modules():
        if isinstance(getattr(module, "act", None), NewGELUActivation):
            module.act = torch.nn.GELU(approximate="tanh")
    if device.type == "cpu":
        model.set_attn_implementation("eager")


def device_name(device: torch.device) -> str:
    """Return the product's name of a GPU, and the kind of any other device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
