"""Text to learn from: local files and folders, or data sets of the Hub, as a list of sources of lines."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from kzocr.text import LOWER, UPPER, printable

HUB_PREFIX = "hub:"
_LISTED_WORD = re.compile(f'[«("]?[{LOWER}{UPPER}]+(-[{LOWER}{UPPER}]+)?[.,:;!?»)"]{{0,2}}')


class CorpusError(ValueError):
    """A corpus that cannot be read; the message names the file and, where there is one, the line."""


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
        return cls(name, kept, hashlib.sha256("\n".join(kept).encode("utf-8")).hexdigest())

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
        entries: text files, folders (every `*.txt` in them, sorted), or `hub:NAME:CONFIG:SPLIT:COLUMN` where
            CONFIG may be empty; those need the `datasets` library and a network.

    Raises:
        CorpusError: a file is missing, empty or not UTF-8, or a folder has no text file.
    """
    sources = []
    for entry in entries:
        if entry.startswith(HUB_PREFIX):
            sources.append(_read_hub(entry))
            continue
        path = Path(entry)
        if path.is_dir():
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


def without_overlap(sources: Sequence[Source], held_out: Sequence[Source]) -> list[Source]:
    """Return `sources` without any line that is in `held_out`, so that nothing measured on was learnt from.

    Raises:
        CorpusError: nothing is left of a source.
    """
    lines = {line for source in held_out for line in source.lines}
    kept = [source.without(lines) for source in sources]
    for source in kept:
        if not source.lines:
            raise CorpusError(f"{source.name}: every line of it is in the validation corpus too")
    return kept


def _read_file(path: Path) -> Source:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror or error}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_number = data[: error.start].count(b"\n") + 1
        raise CorpusError(f"{path}:{line_number}: not UTF-8 (byte {error.start})") from error
    source = Source.from_lines(path.stem, text.splitlines())
    if not source.lines:
        raise CorpusError(f"{path}: no text in this file")
    return source


def _read_hub(entry: str) -> Source:
    parts = entry[len(HUB_PREFIX) :].split(":")
    if len(parts) != 4:
        raise CorpusError(f"{entry}: expected hub:NAME:CONFIG:SPLIT:COLUMN (CONFIG may be empty)")
    name, config, split, column = parts
    try:
        from datasets import load_dataset  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise CorpusError(f"{entry}: needs the datasets library: pip install 'kzocr[train]'") from error
    try:
        rows = load_dataset(name, config or None, split=split)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CorpusError(f"{entry}: cannot be loaded: {reason}") from error
    if column not in rows.column_names:
        raise CorpusError(f"{entry}: no column {column!r}; there are {', '.join(rows.column_names)}")
    texts = (row[column] for row in rows.select_columns([column]))
    source = Source.from_lines(name, (line for text in texts if text is not None for line in str(text).splitlines()))
    if not source.lines:
        raise CorpusError(f"{entry}: no text in column {column!r}")
    return source
