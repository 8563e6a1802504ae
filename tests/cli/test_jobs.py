"""Several files at once, and work that is taken up again. Processes load the model in the package: nothing is faked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import kzocr
from kzocr.cli import app

PAGES = {"a.txt": "Енд! окушылар есю газеттерд! оқиды.\n", "b.txt": "Кітапханада жаңа жыл алдында жиын өтті.\n"}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def pages(tmp_path: Path) -> list[Path]:
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [tmp_path / name for name in PAGES]


def test_files_at_once_are_what_they_are_one_by_one(pages: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.txt"
    broken.write_bytes(b"\xff\xfe\xfd")
    result = run("correct", *pages, broken, tmp_path / "none.txt", "-o", tmp_path / "out", "--jobs", 2)
    assert result.exit_code == 1
    assert "broken.txt: not UTF-8" in result.stderr
    assert "none.txt: No such file" in result.stderr
    found = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir()}
    assert found == {name: kzocr.correct(text) for name, text in PAGES.items()}
    assert found["a.txt"] != PAGES["a.txt"]


def test_several_processes_need_files_and_somewhere_to_write(pages: list[Path], tmp_path: Path) -> None:
    for arguments in ([*pages], [*pages, "-", "-o", tmp_path / "out"]):
        result = run("correct", *arguments, "--jobs", 2)
        assert result.exit_code == 2
        assert "--jobs is for files" in result.stderr


def test_a_model_that_no_process_can_load_is_one_message(pages: list[Path], tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    result = run("correct", *pages, "-o", tmp_path / "out", "--jobs", 2, "--model", tmp_path / "model")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert [line.startswith("kzocr:") for line in result.stderr.splitlines() if "model" in line] == [True]
    assert not (tmp_path / "out").exists()


def test_work_is_taken_up_where_it_was_left(pages: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    done, stale = out / "a.txt", out / "b.txt"
    done.write_text("as it was", encoding="utf-8")
    stale.write_text("from before", encoding="utf-8")
    os.utime(stale, (1, 1))
    result = run("correct", *pages, "-o", out, "--resume")
    assert result.exit_code == 0
    assert "1 of 2 files are corrected already" in result.stderr
    assert done.read_text(encoding="utf-8") == "as it was"
    assert stale.read_text(encoding="utf-8") == kzocr.correct(PAGES["b.txt"])
    assert run("correct", *pages, "--resume").exit_code == 2
