"""Misprints of a text that passes for clean: whoever mends one does no harm, though it differs from what is printed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path


def read_misprints(path: Path) -> dict[str, str]:
    """Return misprint -> what it should be, of a UTF-8 file with a tab between the two, a pair a line.

    Raises:
        ValueError: a line has no two different texts; the message names file and line.
        OSError: the file cannot be read.
    """
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        misprint, _, meant = line.partition("\t")
        if not misprint or not meant or misprint == meant:
            raise ValueError(f"{path}:{number}: expected a misprint, a tab and what it should be, not {line!r}")
        found[misprint] = meant
    return found


def mended(text: str, misprints: Mapping[str, str]) -> str:
    """Return `text` with its misprints mended where they are whole words: `mended("ән-кұй", {"кұй": "күй"})`."""
    for misprint, meant in misprints.items():
        if misprint in text:
            text = meant.join(re.split(rf"(?<!\w){re.escape(misprint)}(?!\w)", text))
    return text
