from __future__ import annotations

from pathlib import Path

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
