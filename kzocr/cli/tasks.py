"""Names on a command line -> tasks: what is read, in which format, and where the result goes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import cast

import typer

from kzocr.formats import plain
from kzocr.formats.layout import LayoutFile
from kzocr.formats.recognise import DIALECTS, HEAD_BYTES, Format, recognise

STDIN = "-"


class FileFormat(str, Enum):
    """How a file is read; the values are those of `kzocr.formats.recognise.FORMATS`, and one more."""

    AUTO = "auto"
    TEXT = "text"
    HOCR = "hocr"
    ALTO = "alto"
    PAGE = "page"
    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True)
class Task:
    """One input: its name ("-" is the standard input) and where its correction goes (`None`: printed)."""

    name: str
    destination: Path | None
    file_format: FileFormat = FileFormat.AUTO

    @property
    def label(self) -> str:
        """Return the input's name in messages."""
        return "<stdin>" if self.name == STDIN else self.name

    @property
    def is_stream(self) -> bool:
        """Return whether the input can be read but once: the standard input, a pipe."""
        path = Path(self.name)
        return self.name == STDIN or (path.exists() and not path.is_file() and not path.is_dir())

    @property
    def n_bytes(self) -> int:
        """Return the file's size; 0 if it is unknown."""
        path = Path(self.name)
        return path.stat().st_size if self.name != STDIN and path.is_file() else 0

    @property
    def is_done(self) -> bool:
        """Return whether the correction is there and not older than the input."""
        path = Path(self.name)
        if self.destination is None or not self.destination.is_file() or not path.is_file():
            return False
        return self.destination.stat().st_mtime >= path.stat().st_mtime

    @property
    def kind(self) -> Format:
        """Return the format of the input; the standard input and a pipe are known by their content only once read."""
        if self.file_format is not FileFormat.AUTO:
            return cast("Format", self.file_format.value)
        if self.is_stream:
            return "text"
        with Path(self.name).open("rb") as file:
            return recognise(file.read(HEAD_BYTES), self.name)

    def read(self) -> plain.TextFile | LayoutFile:
        """Return the input as a text or layout file.

        Raises:
            ValueError: it is JSONL or Parquet, or not what its format asks for; the message names it.
            OSError: it cannot be read.
        """
        data = sys.stdin.buffer.read() if self.name == STDIN else Path(self.name).read_bytes()
        kind = self.kind
        if self.is_stream and self.file_format is FileFormat.AUTO:
            kind = recognise(data[:HEAD_BYTES], self.label)
        if kind in DIALECTS:
            return LayoutFile.of(data, self.label, DIALECTS[kind])
        if kind != "text":
            raise ValueError(f"{self.label}: this is {kind}: say --format {kind}")
        return plain.parse(data, name=self.label)


def tasks_of(names: list[str], output: str | None, in_place: bool, suffix: str = "") -> list[Task]:
    """Return the inputs with their destinations; `suffix` is added to the names of files in a folder.

    Raises:
        typer.BadParameter: two inputs would go to one file, or one over an input.
    """
    if in_place:
        if STDIN in names:
            raise typer.BadParameter("--in-place needs files: the standard input cannot be written over")
        return [Task(name, Path(name)) for name in dict.fromkeys(names)]
    if output is None:
        return [Task(name, None) for name in names]
    is_folder = len(names) > 1 or output.endswith(("/", "\\")) or Path(output).is_dir()
    tasks: dict[Path, Task] = {}
    inputs = {Path(name).resolve() for name in names if name != STDIN}
    for name in names:
        file_name = "stdin.txt" if name == STDIN else Path(name).name
        destination = Path(output) / (file_name + suffix) if is_folder else Path(output)
        if destination.resolve() in inputs:
            raise typer.BadParameter(f"{destination} is an input; to write over it say --in-place")
        if destination in tasks:
            raise typer.BadParameter(f"{tasks[destination].name} and {name} would both go to {destination}")
        tasks[destination] = Task(name, destination)
    return list(tasks.values())
