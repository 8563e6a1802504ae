"""JSON Lines: one string of every object is corrected, all else of the line stays byte for byte."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import BinaryIO

from kzocr.formats.rows import CorrectStream, corrected_rows

OnBytes = Callable[[int], None]

_SPACE = " \t\n\r"
_SURROGATE = re.compile("[\ud800-\udfff]")
_DECODER = json.JSONDecoder(parse_int=lambda _digits: 0)
"""No number is asked for, and one of thousands of digits is none that Python would read."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the file.

    Attributes:
        line: as it stands there, with its end.
        text: the string to correct; None if it is null, or the line is blank.
        start: where its literal begins in the line.
        end: one past its end.
    """

    line: str
    text: str | None = None
    start: int = 0
    end: int = 0


def correct_jsonl(
    source: Iterable[bytes],
    target: BinaryIO,
    column: str,
    correct_stream: CorrectStream,
    name: str,
    on_bytes: OnBytes | None = None,
) -> None:
    """Write the lines of `source` to `target` with the strings of one column corrected.

    Blank lines, nulls and all other values stay. Memory does not grow with the file.

    Args:
        source: lines with their ends, such as an open file.
        target: an open file.
        column: key in every object.
        correct_stream: the corrector.
        name: of the source, for messages.
        on_bytes: called with the number of bytes of each line that is done.

    Raises:
        ValueError: a line is no UTF-8, no JSON object or nested too deep, or its column is missing or no string; the
            message names file, line and column.
    """
    rows = (_row(data, column, f"{name}:{number}") for number, data in enumerate(source, 1))
    for row, corrected in corrected_rows(rows, lambda row: row.text, correct_stream):
        data = _encoded(row.line)
        if corrected is not None and corrected != row.text:
            is_ascii = row.line[row.start : row.end].isascii()
            literal = _escaped(json.dumps(corrected, ensure_ascii=is_ascii))
            target.write(_encoded(row.line[: row.start] + literal + row.line[row.end :]))
        else:
            target.write(data)
        if on_bytes is not None:
            on_bytes(len(data))


def column_texts(source: Iterable[bytes], column: str, name: str) -> Iterator[str]:
    """Yield the strings of a column, nulls left out; see `correct_jsonl` for the arguments and for what is raised."""
    rows = (_row(data, column, f"{name}:{number}") for number, data in enumerate(source, 1))
    yield from (row.text for row in rows if row.text is not None)


def _escaped(literal: str) -> str:
    """Return the literal of a string with half surrogate pairs as JSON escapes them: UTF-8 cannot hold them."""
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", literal)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8")


def _row(data: bytes, column: str, place: str) -> _Row:
    try:
        line = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: not UTF-8: byte {error.start} of the line") from error
    first = 1 if line.startswith("\ufeff") else 0
    if not line[first:].strip(_SPACE):
        return _Row(line)
    try:
        parsed = _DECODER.decode(line[first:])
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: not JSON: {error.msg} (character {error.pos + 1})") from error
    except RecursionError as error:
        raise ValueError(f"{place}: brackets within brackets, too many to read") from error
    if not isinstance(parsed, dict):
        raise ValueError(f"{place}: expected a JSON object, got {type(parsed).__name__}")
    if column not in parsed:
        raise ValueError(f"{place}: no column {column!r}; there are {', '.join(map(repr, parsed)) or 'none'}")
    if parsed[column] is None:
        return _Row(line)
    if not isinstance(parsed[column], str):
        raise ValueError(f"{place}: column {column!r} is {type(parsed[column]).__name__}: expected a string or null")
    start, end = _span(line, first, column)
    return _Row(line, parsed[column], start, end)


def _span(line: str, first: int, column: str) -> tuple[int, int]:
    """Return where the value of `column` stands in a line that holds a JSON object; the last one counts, as in JSON."""
    place = line.index("{", first) + 1
    span = (0, 0)
    while True:
        place = _behind_space(line, place)
        if line[place] == "}":
            return span
        if line[place] == ",":
            place = _behind_space(line, place + 1)
        key, place = scanstring(line, place + 1, True)
        start = _behind_space(line, line.index(":", place) + 1)
        _, place = _DECODER.raw_decode(line, start)
        if key == column:
            span = (start, place)


def _behind_space(line: str, place: int) -> int:
    while line[place] in _SPACE:
        place += 1
    return place
