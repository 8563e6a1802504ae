"""Files corrected by several processes at once, each with a model of its own.

The model is small: more than one core each makes it little faster, more processes do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

from kzocr.cli.models import ModelOptions
from kzocr.cli.tasks import Task
from kzocr.cli.terminal import message_of
from kzocr.cli.writing import Writing

if TYPE_CHECKING:
    from kzocr.corrector import Corrector

_loaded: dict[ModelOptions, Corrector] = {}
"""What this process has loaded: one model."""


@dataclass(frozen=True)
class Done:
    """What became of a task.

    Attributes:
        n_bytes: size of the input as it was.
        message: what went wrong, in one line; `None` if nothing did.
    """

    n_bytes: int
    message: str | None


def do_tasks(tasks: Sequence[Task], writing: Writing, options: ModelOptions, n_processes: int) -> Iterator[Done]:
    """Yield each task when it is done, in the order in which they end.

    Args:
        tasks: all with a destination.
        writing: how the results are written.
        options: the model; every process loads it.
        n_processes: at most so many at once, at least 1; they share the cores.

    Raises:
        OSError: the model cannot be read.
        ValueError: it is none that kzocr can use.
        concurrent.futures.process.BrokenProcessPool: a process ended by itself, for want of memory perhaps.
    """
    n_processes = max(1, min(n_processes, len(tasks)))
    context = get_context("spawn")
    with ProcessPoolExecutor(n_processes, context, _start, (_n_threads(n_processes),)) as pool:
        running = {pool.submit(_done, task, writing, options): task.n_bytes for task in tasks}
        try:
            for future in as_completed(running):
                yield Done(running[future], future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def n_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _n_threads(n_processes: int) -> int:
    return max(1, n_cores() // n_processes)


def _start(n_threads: int) -> None:
    import torch

    torch.set_num_threads(n_threads)


def _done(task: Task, writing: Writing, options: ModelOptions) -> str | None:
    """Do one task and return what went wrong; a model that cannot be loaded is raised."""
    if options not in _loaded:
        _loaded[options] = options.load()
    try:
        writing.do(task, lambda: _loaded[options], lambda _n_bytes: None)
    except (OSError, ValueError) as error:
        return message_of(error, task.label)
    return None
