"""JSON files: what is in one that people or scripts wrote, or an error that names it; how the library writes one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kzocr.replacing import replacing


def read_json(path: str | os.PathLike[str]) -> Any:
    """Return the value that a JSON file holds.

    Raises:
        ValueError: the file is not UTF-8 or no JSON; the message names it.
        OSError: it cannot be read.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: not JSON: {error}") from error


def read_json_object(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises:
        ValueError: the file is not UTF-8, no JSON or no object; the message names it.
        OSError: it cannot be read.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise ValueError(f"{os.fspath(path)}: expected a JSON object, got {type(data).__name__}")
    return data


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write a value as JSON: UTF-8, one space a level, a line break at the end."""
    Path(path).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_json_lists(
    path: str | os.PathLike[str], fields: Mapping[str, Any], lists: Mapping[str, Sequence[Any]]
) -> None:
    """Write an object as JSON, a field a line and, behind them, an item of its lists a line; complete or not at all.

    Args:
        path: of the file.
        fields: of the object, each on a line of its own.
        lists: the fields that are long lists, so that a diff shows which item changed.
    """
    parts = [f"{_compact(key)}: {_compact(value)}" for key, value in fields.items()]
    for key, items in lists.items():
        parts.append(f"{_compact(key)}: [\n" + ",\n".join(map(_compact, items)) + "\n]")
    with replacing(Path(path)) as unfinished:
        unfinished.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
