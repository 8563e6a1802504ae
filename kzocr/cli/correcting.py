"""`kzocr correct`: OCR text or files in, corrected ones out; a file that fails is named and the others are done."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from kzocr.cli.models import MODEL_HELP, ModelOptions, load_corrector
from kzocr.cli.processes import do_tasks, n_cores
from kzocr.cli.tasks import STDIN, FileFormat, Task, tasks_of
from kzocr.cli.terminal import complain, message_of, progress
from kzocr.cli.writing import Writing
from kzocr.correction.guards import Guards

if TYPE_CHECKING:
    from kzocr.corrector import Corrector


class LineLayout(str, Enum):
    """What happens to the lines of a text; the values are those of `kzocr.lines.reflow.Layout`."""

    KEEP = "keep"
    REFLOW = "reflow"


def correct(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILES]...",
            help="UTF-8 text, hOCR, ALTO, PAGE XML, JSONL or Parquet; none or - is the standard input.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", help="Write to this file; several inputs: into this folder."),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write each correction over its input.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print the changed lines with the changes marked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a file, with every edit.")] = False,
    min_confidence: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Refuse changes that the model is less sure of.")
    ] = Guards.min_confidence,
    min_lone_confidence: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="The same in a text where little else is wrong: it may be a clean one."),
    ] = Guards.min_lone_confidence,
    layout: Annotated[
        LineLayout, typer.Option(help="keep: lines stay; reflow: join the lines of each paragraph and divided words.")
    ] = LineLayout.KEEP,
    model: Annotated[str | None, typer.Option(help=MODEL_HELP)] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a Hub model.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU if there is one.")] = "auto",
    use_lexicon: Annotated[
        bool, typer.Option("--lexicon/--no-lexicon", help="Give unknown words a second look, where the model has one.")
    ] = True,
    batch_bytes: Annotated[int, typer.Option(min=1, help="Bytes of text that the model sees at once.")] = 8192,
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="auto tells by the content and the file's ending.")
    ] = FileFormat.AUTO,
    column: Annotated[str, typer.Option(help="The key or column of JSONL and Parquet that holds the text.")] = "text",
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=0, help="Files corrected at once, each by a process; 0: one a core.")
    ] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave files whose correction is there and newer than they are.")
    ] = False,
) -> None:
    """Correct OCR text. Nothing is written over an input unless --in-place says so."""
    if in_place + diff + as_json > 1 or (in_place and output is not None) or (diff and output is not None):
        raise typer.BadParameter("--in-place, --diff and --json go alone, and only --json goes with -o")
    if resume and output is None:
        raise typer.BadParameter("--resume looks for corrections where -o says")
    named = tasks_of(files or [STDIN], output, in_place, suffix=".json" if as_json else "")
    tasks = [replace(task, file_format=file_format) for task in named if not (resume and task.is_done)]
    if len(tasks) < len(named):
        complain(f"{len(named) - len(tasks)} of {len(named)} files are corrected already")
    options = ModelOptions(model, revision, device, batch_bytes, min_confidence, min_lone_confidence, use_lexicon)
    writing = Writing(layout.value, column, diff, as_json)
    if jobs != 1 and len(tasks) > 1:
        n_failed = _at_once(tasks, writing, options, jobs or n_cores())
    else:
        n_failed = _one_by_one(tasks, writing, options)
    if n_failed:
        raise typer.Exit(1)


def _one_by_one(tasks: list[Task], writing: Writing, options: ModelOptions) -> int:
    """Do the tasks in their order and return how many failed."""
    corrector: Corrector | None = None
    n_failed = n_done_bytes = 0
    n_all_bytes = sum(task.n_bytes for task in tasks)

    def load() -> Corrector:
        nonlocal corrector
        corrector = corrector or load_corrector(options)
        return corrector

    with progress(n_all_bytes) as show:
        for task in tasks:

            def on_bytes(n_bytes: int, start: int = n_done_bytes) -> None:
                show(start + n_bytes, n_all_bytes)

            try:
                writing.do(task, load, on_bytes)
            except (OSError, ValueError) as error:
                if isinstance(error, BrokenPipeError) and task.destination is None:
                    raise  # who reads the output has enough (`| head`): Click ends without a word
                n_failed += 1
                complain(message_of(error, task.label))
            finally:
                n_done_bytes += task.n_bytes
    return n_failed


def _at_once(tasks: list[Task], writing: Writing, options: ModelOptions, n_processes: int) -> int:
    """Do the tasks in several processes and return how many failed."""
    if any(task.destination is None or task.name == STDIN for task in tasks):
        raise typer.BadParameter("--jobs is for files, and what they become goes to -o or --in-place")
    n_failed = n_done_bytes = 0
    n_all_bytes = sum(task.n_bytes for task in tasks)
    try:
        with progress(n_all_bytes) as show, closing(do_tasks(tasks, writing, options, n_processes)) as results:
            for done in results:
                if done.message is not None:
                    n_failed += 1
                    complain(done.message)
                n_done_bytes += done.n_bytes
                show(n_done_bytes, n_all_bytes)
    except BrokenProcessPool as error:
        complain("a process ended by itself, for want of memory perhaps: try fewer --jobs, and --resume")
        raise typer.Exit(1) from error
    except (OSError, ValueError) as error:
        complain(message_of(error))
        raise typer.Exit(1) from error
    return n_failed
