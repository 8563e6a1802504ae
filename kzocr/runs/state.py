"""Where a training run is, which of its settings were changed since it was there, and the error that ends it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and which checkpoint is still good."""


@dataclass
class Progress:
    """Where a run is; saved with every checkpoint.

    Attributes:
        step: optimiser steps done.
        pool: number of the pool that is being read.
        n_batches: batches of that pool that are done, in all processes.
        target_bytes: printed bytes learnt from so far in all processes, padding not counted.
        seconds: wall-clock time spent so far.
        validations: one record a validation, oldest first.
    """

    step: int = 0
    pool: int = 0
    n_batches: int = 0
    target_bytes: int = 0
    seconds: float = 0.0
    validations: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def from_dict(cls, described: Mapping[str, Any], n_processes: int) -> Progress:
        """Return the progress in a checkpoint.

        Args:
            described: its attributes; older checkpoints have rounds, as `batch`, in the place of batches.
            n_processes: that go on; a round is a batch for each, if there are as many as before.
        """
        attributes = dict(described)
        if "batch" in attributes:
            attributes["n_batches"] = attributes.pop("batch") * n_processes
        return cls(**attributes)


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the dotted names of the keys whose values differ."""
    changed = []
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            changed += changed_keys(one, other, f"{prefix}{key}.")
        elif json.dumps(one) != json.dumps(other):
            changed.append(f"{prefix}{key}")
    return changed
