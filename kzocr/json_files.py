"""JSON files: what is in one that people or scripts wrote, or an error that names it; how the library writes one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


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
