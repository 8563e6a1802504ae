"""What the terminal shows beside the results: how far the work is, and one line for each thing that went wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kzocr.corrector import Progress

PROGRESS_FROM_BYTES = 20_000
"""Shorter inputs are done before a progress bar would be seen."""


@contextmanager
def progress(n_all_bytes: int) -> Iterator[Progress]:
    """Give a function that shows how far the work is, on the standard error if that is a terminal."""
    if n_all_bytes < PROGRESS_FROM_BYTES or not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task("correcting", total=n_all_bytes)
        yield lambda n_done, n_all: bar.update(row, completed=n_done, total=n_all or n_all_bytes)


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Give a function that shows what is being done: bars on a terminal, else a line for each stage."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    if not sys.stderr.isatty():
        seen: set[str] = set()

        def say(what: str, _done: int, _all: int) -> None:
            if what not in seen:
                seen.add(what)
                typer.echo(f"kzocr: {what}", err=True)

        yield say
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    rows: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def show(what: str, n_done: int, n_all: int) -> None:
            if what not in rows:
                rows[what] = bar.add_task(what, total=n_all)
            bar.update(rows[what], completed=n_done, total=n_all)

        yield show


def message_of(error: Exception, label: str = "") -> str:
    """Return the error in one line that names the file, `label` if the error itself does not name one."""
    if isinstance(error, OSError) and error.strerror and (name := error.filename or label):
        return f"{name}: {error.strerror}"
    text = str(error)
    return text if label in text else f"{label}: {text}"


def complain(message: str) -> None:
    """Print one line on the standard error."""
    typer.echo(f"kzocr: {message}", err=True)
