from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kzocr.confidence.model import CALIBRATION_FILE
from kzocr.language.lexicon import LEXICON_FILE
from kzocr.models.companions import replace_model
from kzocr.spelling.choice import SPELLING_FILE
from kzocr.spelling.context_words import CONTEXT_FILE


def folder_of(path: Path, files: dict[str, str]) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_other_files_stay_and_those_fitted_to_other_weights_are_told(tmp_path: Path) -> None:
    beside = {LEXICON_FILE: "сөз", CONTEXT_FILE: "көрші", CALIBRATION_FILE: "1", SPELLING_FILE: "2"}
    folder = folder_of(tmp_path / "model", {"model.safetensors": "ескі", "config.json": "а", **beside})
    new = {"model.safetensors": "жаңа", "config.json": "б"}
    assert replace_model(folder_of(tmp_path / "new", new), folder) == [CALIBRATION_FILE, SPELLING_FILE]
    assert content(folder) == {**new, **beside}
    assert not (tmp_path / "new").exists()
    assert replace_model(folder_of(tmp_path / "new", new), folder) == []


def test_weights_in_another_number_of_files_take_the_place_of_all(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "model", {"model.safetensors": "ескі", CONTEXT_FILE: "көрші"})
    new = {"model-1.safetensors": "жа", "model-2.safetensors": "ңа", "model.safetensors.index.json": "{}"}
    assert replace_model(folder_of(tmp_path / "new", new), folder) == []
    assert content(folder) == {**new, CONTEXT_FILE: "көрші"}


@pytest.mark.parametrize("n_steps", range(12))
def test_a_kill_leaves_one_model_and_every_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_steps: int
) -> None:
    beside = {LEXICON_FILE: "сөз", CONTEXT_FILE: "көрші", SPELLING_FILE: "2"}
    old = {"model.safetensors": "ескі", "config.json": "а", **beside}
    made = {"model-1.safetensors": "жа", "model-2.safetensors": "ңа", "config.json": "б"}
    folder, new = folder_of(tmp_path / "model", old), folder_of(tmp_path / "new", made)
    (folder / "more").mkdir()
    (folder / "more" / "notes.txt").write_text("ескерту", encoding="utf-8")
    n_left = n_steps

    def mortal(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            nonlocal n_left
            if not n_left:
                raise KeyboardInterrupt
            n_left -= 1
            return step(*arguments, **options)

        return run

    with monkeypatch.context() as patch:
        for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "unlink"), (os, "link"), (shutil, "rmtree")):
            patch.setattr(owner, name, mortal(getattr(owner, name)))
        try:
            replace_model(new, folder)
        except KeyboardInterrupt:
            assert n_steps < 8
    if folder.exists():
        shutil.copytree(folder, tmp_path / "seen", ignore=shutil.ignore_patterns("more"))
        assert content(tmp_path / "seen") in (old, {**made, **beside})
    shutil.rmtree(new, ignore_errors=True)
    newer = {"model.safetensors": "тағы", "config.json": "в"}
    assert replace_model(folder_of(new, newer), folder) == [SPELLING_FILE]
    assert (folder / "more" / "notes.txt").read_text(encoding="utf-8") == "ескерту"
    shutil.rmtree(folder / "more")
    assert content(folder) == {**newer, **beside}
    assert {path.name for path in tmp_path.iterdir()} <= {"model", "seen"}


def test_a_model_that_cannot_be_moved_leaves_the_one_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {"model.safetensors": "ескі", LEXICON_FILE: "сөз"}
    folder, new = folder_of(tmp_path / "model", old), folder_of(tmp_path / "new", {"model.safetensors": "жаңа"})
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path == new:
            raise OSError("another disk")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="another disk"):
        replace_model(new, folder)
    assert content(folder) == old


def test_a_link_to_a_model_stays_one_and_files_are_copied_where_they_cannot_be_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    folder = folder_of(tmp_path / "elsewhere", {"model.safetensors": "ескі", LEXICON_FILE: "сөз"})
    folder.chmod(0o750)
    (tmp_path / "model").symlink_to(folder)
    replace_model(folder_of(tmp_path / "new", {"model.safetensors": "жаңа"}), tmp_path / "model")
    assert (tmp_path / "model").is_symlink()
    assert content(folder) == {"model.safetensors": "жаңа", LEXICON_FILE: "сөз"}
    assert folder.stat().st_mode & 0o777 == 0o750
