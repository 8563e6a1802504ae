"""Speed of the whole corrector: documents of growing length, and files with more and more processes."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kzocr.corrector import Corrector
from kzocr.speed.documents import numbered

CorrectFiles = Callable[[Sequence[tuple[Path, Path]], int], None]
"""Corrects files, each with where its correction goes, with so many processes."""


@dataclass(frozen=True)
class DocumentSpeed:
    """One document; `peak_megabytes` is the most memory that the process has had so far."""

    kilobytes: int
    n_chars: int
    seconds: float
    chars_per_second: float
    n_passes: int
    is_settled: bool
    peak_megabytes: float


@dataclass(frozen=True)
class FilesSpeed:
    """Several files with one number of processes; `ratio`: the speed over that of the first number."""

    processes: int
    seconds: float
    chars_per_second: float
    ratio: float


def document_speed(corrector: Corrector, source: str, n_kilobytes: int) -> DocumentSpeed:
    """Return how fast a corrector is on a document of `n_kilobytes`, made of `source`.

    Raises:
        ValueError: the text is empty.
    """
    document = numbered(source, 1000 * n_kilobytes)
    begin = time.perf_counter()
    correction = corrector.explain(document)
    seconds = time.perf_counter() - begin
    return DocumentSpeed(
        kilobytes=n_kilobytes,
        n_chars=len(document),
        seconds=seconds,
        chars_per_second=len(document) / seconds,
        n_passes=correction.n_passes,
        is_settled=correction.is_settled,
        peak_megabytes=_peak_megabytes(),
    )


def files_speeds(
    source: str, n_files: int, kilobytes: int, jobs: Sequence[int], do: CorrectFiles
) -> Iterator[FilesSpeed]:
    """Yield how fast files are corrected with each number of processes.

    Args:
        source: the files are made of it.
        n_files: how many there are.
        kilobytes: of each.
        jobs: numbers of processes; the first is the yardstick.
        do: corrects the files.

    Raises:
        ValueError: the text is empty.
    """
    document = numbered(source, 1000 * kilobytes * n_files)
    size = len(document) // n_files
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = []
        for number in range(n_files):
            path = folder / f"{number}.txt"
            path.write_text(document[number * size : (number + 1) * size], encoding="utf-8")
            paths.append((path, folder / "out" / path.name))
        first_seconds = 0.0
        for n_processes in jobs:
            begin = time.perf_counter()
            do(paths, n_processes)
            seconds = time.perf_counter() - begin
            first_seconds = first_seconds or seconds
            yield FilesSpeed(n_processes, seconds, size * n_files / seconds, first_seconds / seconds)


def _peak_megabytes() -> float:
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
