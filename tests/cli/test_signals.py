"""Work that is ended from outside leaves nothing behind, neither files nor processes; only the model is a toy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from places import ROOT
from toy_models import tiny_model

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux which processes there are")

PAGE = "Енд! окушылар есю газеттерд! оқиды.\nКала сырты кыста тыныш болады.\n"


def family(group: int) -> list[int]:
    """Return the processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, own_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(own_group) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


def until(is_so: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def pages(tmp_path: Path) -> list[Path]:
    """Pages of which the first is short and the others take minutes."""
    paths = [tmp_path / f"{number}.txt" for number in range(5)]
    for number, path in enumerate(paths):
        lines = (f"{place} {PAGE}" for place in range(number * 20_000, number * 20_000 + (20_000 if number else 1)))
        path.write_text("".join(lines), encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny_model().save_pretrained(folder)
    return folder


def started(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kzocr", "correct", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.parametrize(
    ("number", "is_for_all", "code"),
    [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143), (signal.SIGKILL, False, -signal.SIGKILL)],
)
def test_processes_end_with_the_one_that_was_ended(
    model: Path, pages: list[Path], tmp_path: Path, number: signal.Signals, is_for_all: bool, code: int
) -> None:
    out = tmp_path / "out"
    process = started(*pages, "-o", out, "--jobs", 2, "--model", model)
    try:
        assert until((out / "0.txt").exists, 120)
        time.sleep(1)
        if is_for_all:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        assert process.wait(30) == code
        assert until(lambda: not family(process.pid), 30)
        assert process.stderr is not None
        said = process.stderr.read()
        assert "Traceback" not in said
        assert number is signal.SIGKILL or said == ""
        assert [path.name for path in out.iterdir()] == ["0.txt"]
    finally:
        for left in family(process.pid):
            os.kill(left, signal.SIGKILL)
        process.wait()


def test_an_unfinished_file_goes_when_the_process_is_ended(model: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        "".join(f'{{"text": "{number} Кала сырты кыста."}}\n' for number in range(100_000)), encoding="utf-8"
    )
    out = tmp_path / "out"
    process = started(rows, "-o", f"{out}/", "--model", model)
    try:
        assert until(lambda: out.exists() and [path.name[:11] for path in out.iterdir()] == [".rows.jsonl"], 120)
        process.terminate()
        assert process.wait(60) == 143
        assert list(out.iterdir()) == []
    finally:
        process.kill()
        process.wait()


SWALLOWS = """
import os, signal, time
from kzocr.cli import signals

class Finalised:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

signals.AGAIN_SECONDS = 0.2
signals.end_in_order()
Finalised()
print("goes on", flush=True)
time.sleep(60)
"""


def test_an_end_that_python_swallows_comes_again() -> None:
    ended = subprocess.run([sys.executable, "-c", SWALLOWS], cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert (ended.stdout, ended.returncode) == ("goes on\n", 143)
