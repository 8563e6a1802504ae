"""One task done: a file is read, corrected, and written where the task says, in its own format."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kzocr.cli.differences import print_diff
from kzocr.cli.tasks import STDIN, Task
from kzocr.formats import plain
from kzocr.formats.jsonl import correct_jsonl
from kzocr.formats.layout import LayoutFile
from kzocr.formats.parquet import correct_parquet
from kzocr.formats.recognise import Format
from kzocr.replacing import replacing

if TYPE_CHECKING:
    from collections.abc import Callable

    from kzocr.corrector import Corrector
    from kzocr.lines.reflow import Layout


@dataclass(frozen=True)
class Writing:
    """How results are written.

    Attributes:
        layout: what happens to the lines of plain text.
        column: the key or column of JSONL and Parquet that holds the text.
        diff: print the changed lines instead of the text.
        as_json: a JSON object with every edit instead of the text.
    """

    layout: Layout = "keep"
    column: str = "text"
    diff: bool = False
    as_json: bool = False

    def do(self, task: Task, load: Callable[[], Corrector], on_bytes: Callable[[int], None]) -> None:
        """Correct what `task` names and write it.

        Args:
            task: an input and where its correction goes.
            load: gives the corrector; called once it is known that the input can be read.
            on_bytes: called with how many bytes of the input are done.

        Raises:
            OSError: the input cannot be read, or the result not be written.
            ValueError: the input is not of its format, or does not go with these options; the message names it.
        """
        if (kind := task.kind) in ("jsonl", "parquet"):
            if self.diff or self.as_json:
                raise ValueError(f"{task.label}: {kind} is written anew; --diff and --json do not go with it")
            self._rows(task, kind, load(), on_bytes)
            return
        file = task.read()
        if isinstance(file, LayoutFile) and self.layout != "keep":
            raise ValueError(f"{task.label}: the lines of {file.dialect.name} stay; --layout is for plain text")
        corrector = load()

        def on_progress(n_done: int, n_all: int) -> None:
            on_bytes(task.n_bytes * n_done // max(n_all, 1))

        if self.diff:
            print_diff(corrector.explain(file.text, layout=self.layout, on_progress=on_progress), task.label)
            return
        if self.as_json:
            correction = corrector.explain(file.text, layout=self.layout, on_progress=on_progress)
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
            text = corrector.correct(file.text, layout=self.layout, on_progress=on_progress)
            data = plain.serialise(plain.TextFile(text, file.has_byte_order_mark))
        if task.destination is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        task.destination.parent.mkdir(parents=True, exist_ok=True)
        with replacing(task.destination) as unfinished:
            unfinished.write_bytes(data)

    def _rows(self, task: Task, kind: Format, corrector: Corrector, on_bytes: Callable[[int], None]) -> None:
        """Correct a column of JSONL or Parquet, a few rows at a time."""
        n_done_bytes = 0

        def stream(texts: Iterable[str]) -> Iterator[str]:
            return corrector.correct_stream(texts, layout=self.layout)

        def on_more(n_bytes: int) -> None:
            nonlocal n_done_bytes
            n_done_bytes += n_bytes
            on_bytes(n_done_bytes)

        if task.destination is None:
            if kind == "parquet":
                raise ValueError(f"{task.label}: Parquet is not printed: say where it goes with -o, or --in-place")
            with _opened(task.name) as source:
                correct_jsonl(source, sys.stdout.buffer, self.column, stream, task.label, on_more)
            sys.stdout.buffer.flush()
            return
        if kind == "parquet" and task.is_stream:
            raise ValueError(f"{task.label}: Parquet is read from a file, not from the standard input or a pipe")
        task.destination.parent.mkdir(parents=True, exist_ok=True)
        with replacing(task.destination) as unfinished:
            if kind == "parquet":
                correct_parquet(Path(task.name), unfinished, self.column, stream)
            else:
                with _opened(task.name) as source, unfinished.open("wb") as target:
                    correct_jsonl(source, target, self.column, stream, task.label, on_more)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == STDIN:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file
