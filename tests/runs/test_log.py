from __future__ import annotations

import errno
import logging
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from kzocr.runs.log import LOG_NAME, RunLog, read_log

pytest.importorskip("tensorboard")


def no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_run_is_logged_for_tensorboard_too(tmp_path: Path) -> None:
    RunLog(tmp_path, 0).write({"step": 1, "loss": 2.0})
    assert read_log(tmp_path / LOG_NAME) == [{"step": 1, "loss": 2.0}]
    assert list((tmp_path / "tensorboard").glob("events.*"))


def test_tensorboard_is_not_begun_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=4096))
    with caplog.at_level(logging.WARNING):
        log = RunLog(tmp_path, 0)
    log.write({"step": 1, "loss": 2.0})
    assert "no TensorBoard logs from here on: the disk is full" in caplog.text
    assert not (tmp_path / "tensorboard").exists()
    assert read_log(tmp_path / LOG_NAME) == [{"step": 1, "loss": 2.0}]


def test_what_tensorboard_cannot_write_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = RunLog(tmp_path, 0)
    monkeypatch.setattr(log.board, "flush", no_room)
    with caplog.at_level(logging.WARNING):
        log.write({"step": 1, "loss": 2.0})
        log.write({"step": 2, "loss": 1.0})
    assert caplog.text.count("no TensorBoard logs from here on: [Errno 28] No space left on device") == 1
    assert [record["step"] for record in read_log(tmp_path / LOG_NAME)] == [1, 2]
    monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter", no_room)
    assert RunLog(tmp_path, 2).board is None


@pytest.mark.parametrize(("line", "message"), [("{", "not JSON"), ('{"loss": 1.0}', "a record without `step`")])
def test_a_broken_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / LOG_NAME
    path.write_text(f'{{"step": 1, "loss": 2.0}}\n{line}\n{{"step": 2, "lo', encoding="utf-8")
    with pytest.raises(ValueError, match=f"{path}:2: {message}"):
        read_log(path)


def test_a_log_that_cannot_be_begun_anew_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / LOG_NAME
    path.write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "loss": 1.0}\n', encoding="utf-8")
    before = path.read_bytes()
    monkeypatch.setattr("kzocr.replacing.os.replace", no_room)
    with pytest.raises(OSError, match="No space left"):
        RunLog(tmp_path, 1)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
