"""Which precision a run multiplies in: decided once, and the same in all its processes and after every break."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Literal

from accelerate import PartialState
from accelerate.state import AcceleratorState, is_initialized
from accelerate.utils import broadcast_object_list, parse_flag_from_env

from kzocr.models.checkpoint import newest_checkpoint, read_progress
from kzocr.runs.hardware import Precision, resolve_precision


def agreed_precision(mixed_precision: Literal["no", "bf16", "auto"], kept: Precision | None) -> Precision:
    """Return the precision to train in, the same in all processes of a run and whenever it is started again.

    What `auto` is, is timed where it is not known: timings vary, and a run that changes its precision goes on in
    another way. The first process decides. accelerate has one precision a process, so that what runs before in this
    one had is kept too.

    Args:
        mixed_precision: what the configuration asks for.
        kept: what the run was trained in before, if it was.
    """
    if mixed_precision == "auto" and kept is not None:
        mixed_precision = kept
    elif mixed_precision == "auto" and is_initialized() and AcceleratorState().mixed_precision in ("no", "bf16"):
        mixed_precision = AcceleratorState().mixed_precision
    # The processes meet here, ahead of the `Accelerator`, which alone would ask this variable.
    processes = PartialState(parse_flag_from_env("ACCELERATE_USE_CPU"))
    decided = [resolve_precision(mixed_precision) if processes.is_main_process else None]
    broadcast_object_list(decided)
    return typing.cast(Precision, decided[0])


def kept_precision(folder: Path) -> Precision | None:
    """Return what the newest checkpoint of a run was multiplied in, or None: none yet, or an older one."""
    checkpoint = newest_checkpoint(folder)
    return None if checkpoint is None else read_progress(checkpoint).get("precision")
