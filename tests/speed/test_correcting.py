from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from fakes import scripted
from kzocr.speed.correcting import document_speed, files_speeds
from kzocr.speed.documents import numbered

SOURCE = "Бұл сез көлдің жағасында айтылды.\n"


def test_a_document_is_corrected_as_a_whole() -> None:
    speed = document_speed(scripted(("сез", "сөз")), SOURCE, 1)
    assert (speed.kilobytes, speed.n_chars) == (1, len(numbered(SOURCE, 1000)))
    assert (speed.n_passes, speed.is_settled) == (2, True)
    assert speed.chars_per_second == speed.n_chars / speed.seconds
    assert speed.peak_megabytes > 10


def test_files_are_corrected_with_each_number_of_processes() -> None:
    asked: list[tuple[list[str], int]] = []

    def correct(paths: Sequence[tuple[Path, Path]], n_processes: int) -> None:
        assert all(destination == path.parent / "out" / path.name for path, destination in paths)
        asked.append(([path.read_text(encoding="utf-8") for path, _ in paths], n_processes))

    one, two = files_speeds(SOURCE, 3, 1, [1, 2], correct)
    document = numbered(SOURCE, 3000)
    size = len(document) // 3
    files = [document[number * size : (number + 1) * size] for number in range(3)]
    assert asked == [(files, 1), (files, 2)]
    assert (one.processes, one.ratio, two.processes) == (1, 1.0, 2)
    assert two.ratio == one.seconds / two.seconds
    assert one.chars_per_second == 3 * size / one.seconds


def test_an_empty_text_cannot_be_measured_with() -> None:
    with pytest.raises(ValueError, match="the text is empty"):
        list(files_speeds("\n", 1, 1, [1], lambda paths, n_processes: None))
