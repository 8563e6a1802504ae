"""The texts of kzocr-bench: what is printed, under which licence, and for which split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kzocr.channel.pages import TextSource
from kzocr.json_files import read_json

SPLITS = ("validation", "test")


@dataclass(frozen=True)
class BenchText:
    """A text that may be published, and what must be said about it.

    Attributes:
        source: its name and lines.
        title: what it is, for people.
        licence: an SPDX identifier or "public domain".
        url: where it is from.
        split: "validation" or "test".
    """

    source: TextSource
    title: str
    licence: str
    url: str
    split: str

    @classmethod
    def read_list(cls, path: Path) -> list[BenchText]:
        """Return the texts of a JSON list, sorted by file name.

        Args:
            path: a list of objects with `file` (relative to the list), `title`, `licence`, `url` and `split`.

        Raises:
            ValueError: the list is broken, a field is missing, empty or unknown, two texts share a file name, or a
                text is empty; the message names file and entry.
            OSError: a file cannot be read.
        """
        entries = read_json(path)
        if not isinstance(entries, list) or not entries:
            raise ValueError(f"{path}: expected a list of texts")
        texts = [cls._from_entry(entry, path, number) for number, entry in enumerate(entries, 1)]
        names = [text.source.name for text in texts]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{path}: two texts are named {sorted(doubled)[0]!r}")
        return sorted(texts, key=lambda text: text.source.name)

    @classmethod
    def _from_entry(cls, entry: Any, path: Path, number: int) -> BenchText:
        where = f"{path}: entry {number}"
        if not isinstance(entry, dict):
            raise ValueError(f"{where}: expected an object")
        names = {"file", "title", "licence", "url", "split"}
        if wrong := sorted(names ^ set(entry)):
            raise ValueError(f"{where}: field {wrong[0]!r} is {'missing' if wrong[0] in names else 'unknown'}")
        for name in sorted(names):
            if not isinstance(entry[name], str) or not entry[name].strip():
                raise ValueError(f"{where}: field {name!r} must say something")
        if entry["split"] not in SPLITS:
            raise ValueError(f"{where}: field 'split' is {entry['split']!r}: expected {' or '.join(SPLITS)}")
        source = TextSource.load(path.parent / entry["file"])
        return cls(source, entry["title"], entry["licence"], entry["url"], entry["split"])
