from __future__ import annotations

from pathlib import Path

import pytest

from kzocr.json_files import read_json, read_json_object, write_json, write_json_lists


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


def test_an_object_with_an_item_a_line_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json_lists(path, {"жыл": 1990, "b": {"c": [1, 2]}}, {"units": [["а", 1], {"d": "\n"}], "none": []})
    assert path.read_text(encoding="utf-8") == (
        '{\n"жыл": 1990,\n"b": {"c":[1,2]},\n"units": [\n["а",1],\n{"d":"\\n"}\n],\n"none": [\n\n]\n}\n'
    )
    assert read_json(path) == {"жыл": 1990, "b": {"c": [1, 2]}, "units": [["а", 1], {"d": "\n"}], "none": []}
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_json_lists(path, {}, {"units": [1, object()]})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
