"""What the device at hand does best: which precision to multiply in, and which kernels to take."""

from __future__ import annotations

import logging
import platform
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import PreTrainedModel
from transformers.activations import NewGELUActivation

from kzocr.inference.products import product_seconds

logger = logging.getLogger(__name__)

Precision = Literal["no", "bf16"]

LEAST_SPEED_UP = 1.2
"""Below this bfloat16 is not worth its rounding."""


def multiplies_bf16() -> bool:
    """Return whether the device multiplies bfloat16 in hardware (CUDA from Ampere on, CPUs with AVX512-BF16 or AMX).

    A processor without it computes the same, up to seventy times slower than in float32.
    """
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))


@cache
def bf16_pays() -> bool:
    """Return whether the device multiplies matrices clearly faster in bfloat16 than in float32, once and for all.

    On a CUDA device that has it, always. A processor that says it has it is timed, in a few milliseconds: one with
    AVX512-BF16 but without AMX may need twice the time of float32.
    """
    if not multiplies_bf16() or torch.cuda.is_available():
        return multiplies_bf16()
    return _product_seconds(torch.float32) > LEAST_SPEED_UP * _product_seconds(torch.bfloat16)


def _product_seconds(dtype: torch.dtype) -> float:
    """Return the least time of a few products of matrices as in training."""
    return product_seconds(torch.nn.functional.linear, 1024, dtype)


def resolve_precision(mixed_precision: Literal["no", "bf16", "auto"]) -> Precision:
    """Return the precision to train in; `auto` is bf16 where it is faster.

    `bf16` that was asked for by name stays, with a warning where it is slower than float32.
    """
    if mixed_precision == "no":
        return "no"
    if bf16_pays():
        return "bf16"
    if mixed_precision == "bf16":
        logger.warning("this device is no faster in bfloat16: run.mixed_precision 'no' is faster here")
        return "bf16"
    return "no"


def speed_up(model: PreTrainedModel, device: torch.device) -> None:
    """Give `model` kernels that compute the same faster: one for GELU, and on a CPU attention without a fused one.

    Its configuration, and so what is saved, stays as it is.
    """
    for module in model.modules():
        if isinstance(getattr(module, "act", None), NewGELUActivation):
            module.act = torch.nn.GELU(approximate="tanh")
    if device.type == "cpu":
        model.set_attn_implementation("eager")


def device_name(device: torch.device | None = None) -> str:
    """Return the product's name of a GPU or a processor, and the kind of any other device.

    Args:
        device: a device; `None` for the one that a corrector takes of itself, a GPU if there is one.

    A platform that does not tell what its processor is gives `cpu`.
    """
    if device is None:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor_name() if device.type == "cpu" else device.type


def processor_name(cpu_info: Path = Path("/proc/cpuinfo")) -> str:
    """Return the product's name of the processor, or `cpu`.

    Args:
        cpu_info: what Linux tells of it; x86 has lines `model name`, of which all are the same.
    """
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name" and value.strip():
            return " ".join(value.split())
    return platform.processor() or "cpu"
