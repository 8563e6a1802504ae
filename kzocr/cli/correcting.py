"""`kzocr correct`: OCR text or files in, corrected ones out; a file that fails is named and the others are done."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from kzocr.cli.differences import print_diff
from kzocr.cli.models import MODEL_HELP, load_corrector
from kzocr.cli.tasks import STDIN, FileFormat, Task, tasks_of
from kzocr.cli.terminal import complain, message_of, progress
from kzocr.formats import plain
from kzocr.formats.jsonl import correct_jsonl
from kzocr.formats.layout import LayoutFile
from kzocr.formats.parquet import correct_parquet
from kzocr.formats.recognise import Format

if TYPE_CHECKING:
    from kzocr.corrector import Corrector, Progress
    from kzocr.reflow import Layout


class LineLayout(str, Enum):
    """What happens to the lines of a text; the values are those of `kzocr.reflow.Layout`."""

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
    ] = 0.5,
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
) -> None:
    """Correct OCR text. Nothing is written over an input unless --in-place says so."""
    if in_place + diff + as_json > 1 or (in_place and output is not None) or (diff and output is not None):
        raise typer.BadParameter("--in-place, --diff and --json go alone, and only --json goes with -o")
    found = tasks_of(files or [STDIN], output, in_place, suffix=".json" if as_json else "")
    tasks = [replace(task, file_format=file_format) for task in found]
    corrector: Corrector | None = None
    n_failed = n_done_bytes = 0
    n_all_bytes = sum(task.n_bytes for task in tasks)
    with progress(n_all_bytes) as show:
        for task in tasks:

            def on_progress(n_done: int, n_all: int, start: int = n_done_bytes, size: int = task.n_bytes) -> None:
                show(start + size * n_done // max(n_all, 1), n_all_bytes)

            try:
                if (kind := task.kind) in ("jsonl", "parquet"):
                    if diff or as_json:
                        raise ValueError(f"{task.label}: {kind} is written anew; --diff and --json do not go with it")
                    corrector = corrector or load_corrector(
                        model, revision, device, batch_bytes, min_confidence, use_lexicon
                    )
                    _correct_rows(corrector, task, kind, column, layout.value, show, n_done_bytes)
                    continue
                file = task.read()
                if isinstance(file, LayoutFile) and layout is not LineLayout.KEEP:
                    raise ValueError(f"{task.label}: the lines of {file.dialect.name} stay; --layout is for plain text")
                corrector = corrector or load_corrector(
                    model, revision, device, batch_bytes, min_confidence, use_lexicon
                )
                _correct_one(corrector, task, file, on_progress, layout.value, diff=diff, as_json=as_json)
            except (OSError, ValueError) as error:
                n_failed += 1
                complain(message_of(error, task.label))
            finally:
                n_done_bytes += task.n_bytes
    if n_failed:
        raise typer.Exit(1)


def _correct_one(
    corrector: Corrector,
    task: Task,
    file: plain.TextFile | LayoutFile,
    on_progress: Progress,
    layout: Layout,
    *,
    diff: bool,
    as_json: bool,
) -> None:
    if diff:
        print_diff(corrector.explain(file.text, layout=layout, on_progress=on_progress), task.label)
        return
    if as_json:
        correction = corrector.explain(file.text, layout=layout, on_progress=on_progress)
        record = {
            "file": task.label,
            "text": correction.text,
            "edits": [asdict(edit) for edit in correction.edits],
            "kept": dict(correction.kept),
        }
        data = (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8")
    elif isinstance(file, LayoutFile):
        data = file.with_edits(corrector.explain(file.text, on_progress=on_progress).edits)
    else:
        text = corrector.correct(file.text, layout=layout, on_progress=on_progress)
        data = plain.serialise(plain.TextFile(text, file.has_byte_order_mark))
    if task.destination is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        task.destination.parent.mkdir(parents=True, exist_ok=True)
        with plain.replacing(task.destination) as unfinished:
            unfinished.write_bytes(data)


def _correct_rows(
    corrector: Corrector, task: Task, kind: Format, column: str, layout: Layout, show: Progress, n_before_bytes: int
) -> None:
    """Correct a column of JSONL or Parquet, a few rows at a time."""

    def stream(texts: Iterable[str]) -> Iterator[str]:
        return corrector.correct_stream(texts, layout=layout)

    n_done_bytes = n_before_bytes

    def on_bytes(n_bytes: int) -> None:
        nonlocal n_done_bytes
        n_done_bytes += n_bytes
        show(n_done_bytes, 0)

    if task.destination is None:
        if kind == "parquet":
            raise ValueError(f"{task.label}: Parquet is not printed: say where it goes with -o, or --in-place")
        with _opened(task.name) as source:
            correct_jsonl(source, sys.stdout.buffer, column, stream, task.label, on_bytes)
        sys.stdout.buffer.flush()
        return
    if kind == "parquet" and task.name == STDIN:
        raise ValueError("Parquet is read from a file, not from the standard input")
    task.destination.parent.mkdir(parents=True, exist_ok=True)
    with plain.replacing(task.destination) as unfinished:
        if kind == "parquet":
            correct_parquet(Path(task.name), unfinished, column, stream)
        else:
            with _opened(task.name) as source, unfinished.open("wb") as target:
                correct_jsonl(source, target, column, stream, task.label, on_bytes)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == STDIN:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file
