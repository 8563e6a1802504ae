"""Files of any format -> their texts, for what only reads them."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from kzocr.formats import plain
from kzocr.formats.jsonl import column_texts as jsonl_texts
from kzocr.formats.layout import LayoutFile
from kzocr.formats.recognise import DIALECTS, HEAD_BYTES, Format, recognise
from kzocr.parquet_files import column_texts as parquet_texts

SUFFIXES = frozenset({".txt", ".hocr", ".html", ".xml", ".jsonl", ".ndjson", ".parquet"})
"""Files of a folder that are taken for texts."""


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files among `paths`, and those of the folders among them, at any depth, sorted.

    Raises:
        FileNotFoundError: a path is missing, or a folder has no file of a known ending.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
            if not inside:
                raise FileNotFoundError(f"{path}: no file that ends with {', '.join(sorted(SUFFIXES))} in this folder")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise FileNotFoundError(f"{path}: no such file or folder")
    return list(dict.fromkeys(found))


def read_text(path: Path, column: str, kind: Format | None = None) -> str:
    """Return the text of a file.

    Args:
        path: the file.
        column: of JSONL and Parquet; rows are joined by line ends.
        kind: its format; None finds it out.

    Raises:
        ValueError: it cannot be read as what it is; the message names file and place.
        OSError: it cannot be read at all.
    """
    with path.open("rb") as file:
        kind = kind or recognise(file.read(HEAD_BYTES), str(path))
    if kind == "parquet":
        return "\n".join(parquet_texts(path, column))
    data = path.read_bytes()
    if kind == "jsonl":
        return "\n".join(jsonl_texts(BytesIO(data), column, str(path)))
    if kind == "text":
        return plain.parse(data, name=str(path)).text
    return LayoutFile.of(data, str(path), DIALECTS[kind]).text
