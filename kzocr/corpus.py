"""Text to learn from: local files and folders, packed corpora, or data sets of the Hub, as sources of lines."""

from __future__ import annotations

import hashlib
import json
import lzma
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from kzocr.parquet_files import column_texts
from kzocr.text import LOWER, UPPER, printable

HUB_PREFIX = "hub:"
PACKED_SUFFIX = ".xz"
TABLE_SUFFIXES = (".jsonl", ".parquet")
DEFAULT_COLUMN = "text"
PACKED_FORMAT = "kzocr-packed-corpus"

RUN_WORDS = 8
"""A line that has so many words in a row from what is measured on is held to be a copy of it."""

HELD_OUT_LINES = 20
"""Neighbouring lines that are held out together: windows of validation run over them as those of training do."""

_NOT_FOLDED = re.compile(r"[\W_]+")
_LISTED_WORD = re.compile(f'[«("]?[{LOWER}{UPPER}]+(-[{LOWER}{UPPER}]+)?[.,:;!?»)"]{{0,2}}')


class CorpusError(ValueError):
    """A corpus that cannot be read; the message names the file and, where there is one, the line."""


def lines_sha256(lines: Iterable[str]) -> str:
    """Return the hash of the lines joined by line ends, as hexadecimal digits."""
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Source:
    """One file or data set of a corpus.

    Attributes:
        name: the file's name without its ending, or the data set's name.
        lines: paragraphs in their order as `text.printable` sets them; none is empty.
        sha256: hash of `lines` joined by line ends, as hexadecimal digits.
    """

    name: str
    lines: tuple[str, ...]
    sha256: str

    @classmethod
    def from_lines(cls, name: str, lines: Iterable[str]) -> Source:
        """Return a source of the non-empty `lines`, as `text.printable` sets them."""
        kept = tuple(stripped for line in lines if (stripped := printable(line)))
        return cls(name, kept, lines_sha256(kept))

    def without(self, lines: Set[str]) -> Source:
        """Return the source without the lines that are in `lines`; its hash is that of what is left."""
        return self.from_lines(self.name, (line for line in self.lines if line not in lines))

    @property
    def n_bytes(self) -> int:
        """UTF-8 bytes of all lines, line ends not counted."""
        return sum(len(line.encode("utf-8")) for line in self.lines)


def load_corpus(entries: Sequence[str]) -> list[Source]:
    """Return the sources that the configuration's `entries` name, in a fixed order.

    Args:
        entries: text files, folders (every `*.txt` in them, sorted), packed corpora (`*.xz`), `FILE.jsonl`
            and `FILE.parquet` (with `:COLUMN` behind it where the text is not in `text`), or
            `hub:NAME:CONFIG:SPLIT:COLUMN`, where CONFIG may be empty and `:MEGABYTES` behind it ends the reading
            after so much text; those are streamed, and need the `datasets` library and a network.

    Raises:
        CorpusError: a file is missing, empty or not UTF-8, or a folder has no text file.
    """
    sources = []
    for entry in entries:
        if entry.startswith(HUB_PREFIX):
            sources.append(_read_hub(entry))
            continue
        path = Path(entry)
        if path.suffix == PACKED_SUFFIX:
            sources.extend(read_packed(path))
        elif (table := _table(entry)) is not None:
            sources.append(_read_table(*table))
        elif path.is_dir():
            files = sorted(path.glob("*.txt"))
            if not files:
                raise CorpusError(f"{path}: no *.txt file in this folder")
            sources.extend(_read_file(file) for file in files)
        else:
            sources.append(_read_file(path))
    return sources


def load_word_lists(paths: Sequence[str], excluded: Sequence[Source] = ()) -> tuple[str, ...]:
    """Return the words of files that have one a line, in their order; what is no Kazakh or Russian word is left out.

    A sign or two of punctuation around a word stays, as word lists of engines have them.

    Args:
        paths: UTF-8 files.
        excluded: sources whose lines are no words to learn from.

    Raises:
        CorpusError: a file is missing, empty or not UTF-8.
    """
    held_out = {line for source in excluded for line in source.lines}
    words = dict.fromkeys(line for path in paths for line in _read_file(Path(path)).lines)
    return tuple(word for word in words if _LISTED_WORD.fullmatch(word) and word not in held_out)


def without_overlap(
    sources: Sequence[Source], held_out: Sequence[Source], *, drops_empty: bool = False
) -> list[Source]:
    """Return `sources` without any line that is in `held_out`, so that nothing measured on was learnt from.

    Lines are the same if they are after `folded`: another case, hyphen or quotation mark makes no new line. Lines that
    have eight words in a row from there (a longer paragraph around a passage, a reprint) are left out too.

    Args:
        sources: of a corpus.
        held_out: what is measured on.
        drops_empty: a source of which nothing is left is left out, as it may be where `held_out` was drawn from all.

    Raises:
        CorpusError: nothing is left of a source, or of all of them.
    """
    keys = {folded(line) for source in held_out for line in source.lines} - {""}
    runs = {run for source in held_out for line in source.lines for run in _runs(line)}
    kept = [
        source.without({line for line in source.lines if folded(line) in keys or not runs.isdisjoint(_runs(line))})
        for source in sources
    ]
    left = [source for source in kept if source.lines]
    empty = next((source for source in kept if not source.lines), None)
    if empty is not None and not (drops_empty and left):
        raise CorpusError(f"{empty.name}: every line of it is measured on too, in validation text or in pairs")
    return left


def with_held_out(sources: Sequence[Source], share: float) -> tuple[list[Source], list[Source]]:
    """Return what of `sources` is learnt from, and a share of their blocks of neighbouring lines that is held out.

    The blocks with the least hashes are taken, at least one: the same of the same text, wherever it stands.

    Args:
        sources: of a corpus.
        share: of the blocks, above 0 and below 1.

    Raises:
        CorpusError: nothing is left to learn from.
    """
    starts = (range(0, len(source.lines), HELD_OUT_LINES) for source in sources)
    blocks = [(number, start) for number, of_source in enumerate(starts) for start in of_source]
    n_taken = max(1, round(share * len(blocks)))
    taken = set(sorted(blocks, key=lambda block: _block_hash(sources[block[0]], block[1]))[:n_taken])
    parts: tuple[list[Source], list[Source]] = ([], [])
    for number, source in enumerate(sources):
        lines: tuple[list[str], list[str]] = ([], [])
        for place, line in enumerate(source.lines):
            lines[(number, place - place % HELD_OUT_LINES) in taken].append(line)
        for part, kept in zip(parts, lines, strict=True):
            if kept:
                part.append(Source.from_lines(source.name, kept))
    if not parts[0]:
        n_lines = sum(len(source.lines) for source in sources)
        raise CorpusError(f"nothing is left to learn from of {n_lines} lines: {HELD_OUT_LINES} are held out at least")
    return parts


def _block_hash(source: Source, start: int) -> bytes:
    text = "\n".join(source.lines[start : start + HELD_OUT_LINES])
    return hashlib.sha256(text.encode("utf-8")).digest()


def without_repeats(sources: Sequence[Source]) -> list[Source]:
    """Return `sources` without the lines that came before, in any of them, after `folded`; empty sources are gone."""
    seen: set[str] = set()
    kept = []
    for source in sources:
        lines = []
        for line in source.lines:
            key = folded(line)
            if key not in seen:
                seen.add(key)
                lines.append(line)
        if lines:
            kept.append(Source.from_lines(source.name, lines))
    return kept


def folded(line: str) -> str:
    """Return what of `line` tells it from others: letters and digits, case folded: `folded("«Иә», 5!") == "иә5"`."""
    return _NOT_FOLDED.sub("", line).casefold()


def _runs(line: str) -> list[str]:
    """Return every run of `RUN_WORDS` neighbouring words of `line`, each word as `folded` has it."""
    words = [word for part in line.split() if (word := folded(part))]
    return [" ".join(words[start : start + RUN_WORDS]) for start in range(len(words) - RUN_WORDS + 1)]


def write_packed(sources: Sequence[Source], path: Path) -> None:
    """Write `sources` as one xz-compressed file of JSON lines, one a source, each with its hash.

    Raises:
        OSError: it cannot be written.
    """
    records = [{"format": PACKED_FORMAT, "name": s.name, "sha256": s.sha256, "lines": s.lines} for s in sources]
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_bytes(lzma.compress(text.encode("utf-8"), preset=9))


def read_packed(path: Path) -> list[Source]:
    """Return the sources of a file that `write_packed` wrote.

    Raises:
        CorpusError: it cannot be read, is no such file, or a source is not what its hash says.
    """
    try:
        text = lzma.decompress(path.read_bytes()).decode("utf-8")
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror or error}") from error
    except (lzma.LZMAError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: not an xz file of UTF-8 text: {error}") from error
    sources = []
    for number, line in enumerate(StringIO(text), start=1):
        try:
            record = json.loads(line)
            is_packed = record["format"] == PACKED_FORMAT
            source = Source.from_lines(record["name"], record["lines"])
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{path}:{number}: not a source of a packed corpus ({error})") from error
        if not is_packed:
            raise CorpusError(f"{path}:{number}: 'format' is {record['format']!r}, expected {PACKED_FORMAT!r}")
        if source.sha256 != record.get("sha256"):
            raise CorpusError(f"{path}:{number}: {source.name} is not what its hash says: pack it anew")
        sources.append(source)
    if not sources:
        raise CorpusError(f"{path}: no text in this file")
    return sources


def _table(entry: str) -> tuple[Path, str] | None:
    """Return file and column of an entry such as `news.jsonl` or `news.parquet:body`; None for other entries."""
    if entry.endswith(TABLE_SUFFIXES):
        return Path(entry), DEFAULT_COLUMN
    name, _, column = entry.rpartition(":")
    return (Path(name), column) if name.endswith(TABLE_SUFFIXES) else None


def _read_table(path: Path, column: str) -> Source:
    read = _parquet_texts if path.suffix == ".parquet" else _json_texts
    source = Source.from_lines(path.stem, _paragraphs(read(path, column)))
    if not source.lines:
        raise CorpusError(f"{path}: no text in column {column!r}")
    return source


def _json_texts(path: Path, column: str) -> Iterator[Any]:
    for number, line in enumerate(_decoded(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(record, dict) or column not in record:
            raise CorpusError(f"{path}:{number}: no key {column!r}")
        yield record[column]


def _parquet_texts(path: Path, column: str) -> Iterator[Any]:
    try:
        yield from column_texts(path, column)
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise CorpusError(str(error)) from error


def _paragraphs(texts: Iterable[Any]) -> Iterator[str]:
    return (line for text in texts if text is not None for line in str(text).splitlines())


def _decoded(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror or error}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_number = data[: error.start].count(b"\n") + 1
        raise CorpusError(f"{path}:{line_number}: not UTF-8 (byte {error.start})") from error


def _read_file(path: Path) -> Source:
    source = Source.from_lines(path.stem, _decoded(path).splitlines())
    if not source.lines:
        raise CorpusError(f"{path}: no text in this file")
    return source


def _read_hub(entry: str) -> Source:
    parts = entry[len(HUB_PREFIX) :].split(":")
    if len(parts) == 4:
        parts.append("")
    if len(parts) != 5 or not (parts[4].isdecimal() or not parts[4]):
        raise CorpusError(
            f"{entry}: expected hub:NAME:CONFIG:SPLIT:COLUMN or hub:NAME:CONFIG:SPLIT:COLUMN:MEGABYTES "
            "(CONFIG may be empty)"
        )
    name, config, split, column, megabytes = parts
    try:
        from datasets import load_dataset  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise CorpusError(f'{entry}: needs the datasets library: pip install "kzocr[train]"') from error
    try:
        rows = load_dataset(name, config or None, split=split, streaming=True)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CorpusError(f"{entry}: cannot be loaded: {reason}") from error
    source = Source.from_lines(name, _column_lines(rows, column, entry, int(megabytes or 0) * 1_000_000))
    if not source.lines:
        raise CorpusError(f"{entry}: no text in column {column!r}")
    return source


def _column_lines(rows: Iterable[Mapping[str, Any]], column: str, entry: str, most_bytes: int) -> Iterator[str]:
    """Yield the lines of `column`, up to `most_bytes` of text where that is not 0."""
    n_read_bytes = 0
    for row in rows:
        if column not in row:
            raise CorpusError(f"{entry}: no column {column!r}; there are {', '.join(row)}")
        for line in str(row[column] or "").splitlines():
            yield line
            n_read_bytes += len(line.encode("utf-8", errors="surrogatepass"))
        if most_bytes and n_read_bytes >= most_bytes:
            return
