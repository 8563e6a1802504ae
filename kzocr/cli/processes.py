"""Files corrected by several processes at once, each with a model of its own.

The model is small: more than one core each makes it little faster, more processes do.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING

from kzocr.cli.models import ModelOptions
from kzocr.cli.signals import deaf_to_interrupts, end_in_order
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


def do_tasks(
    tasks: Sequence[Task], writing: Writing, options: ModelOptions, n_processes: int
) -> Generator[Done, None, None]:
    """Yield each task when it is done, in the order in which they end.

    If this is left early, by an interrupt too, the processes end at once, and so they do if this process is killed.

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
    others = active_children()
    with ProcessPoolExecutor(n_processes, context, _start, (_n_threads(n_processes),)) as pool:
        try:
            with deaf_to_interrupts():
                running = {pool.submit(_done, task, writing, options): task.n_bytes for task in tasks}
            for future in as_completed(running):
                yield Done(running[future], future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                if process not in others:
                    process.terminate()
            raise


def n_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _n_threads(n_processes: int) -> int:
    return max(1, n_cores() // n_processes)


def _start(n_threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that gives the tasks hears it, and ends this one
    import torch

    torch.set_num_threads(n_threads)
    end_in_order()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that gives the tasks is gone: it would wait for the next task for ever."""
    parent = parent_process()
    assert parent is not None, "this is a process of a pool"
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _done(task: Task, writing: Writing, options: ModelOptions) -> str | None:
    """Do one task and return what went wrong; a model that cannot be loaded is raised."""
    try:
        if options not in _loaded:
            _loaded[options] = options.load()
        return _failure(task, writing, _loaded[options])
    except SystemExit:
        os._exit(1)  # the pool would take it for what came of the task, and go on with the next one


def _failure(task: Task, writing: Writing, corrector: Corrector) -> str | None:
    try:
        writing.do(task, lambda: corrector, lambda _n_bytes: None)
    except (OSError, ValueError) as error:
        return message_of(error, task.label)
    return None
