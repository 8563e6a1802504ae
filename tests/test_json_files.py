from __future__ import annotations

from pathlib import Path

import pytest

from kzocr.json_files import read_json, read_json_object, write_json


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    write_json(path, {"сөз": ["ән", 1]})
    assert path.read_bytes().decode() == '{\n "сөз": [\n  "ән",\n  1\n ]\n}\n'
    assert read_json_object(path) == {"сөз": ["ән", 1]}


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"one\.json: not JSON"):
        read_json(path)
    write_json(path, ["ән"])
    with pytest.raises(ValueError, match=r"one\.json: expected a JSON object, got list"):
        read_json_object(path)
