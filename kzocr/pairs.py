"""`TextPair`, one example of printed text and what was read; JSONL read and write; split by document."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, cast, get_args

from kzocr.replacing import replacing

Origin = Literal["real", "rendered", "synthetic"]
ORIGINS: tuple[str, ...] = get_args(Origin)

_N_NAMES_SHOWN = 5
_RUN = 3
"""Words of a run that tells where a text is from."""

_REQUIRED = ("reference", "hypothesis", "document_id", "origin")


@dataclass(frozen=True)
class TextPair:
    """A printed text and what was read of it.

    Args:
        reference: the printed text.
        hypothesis: the text that was read.
        document_id: the document that both come from; pairs of one document share it.
        origin: "real" (an engine read a real page), "rendered" (an engine read a page that was drawn from
            text) or "synthetic" (a noisy channel corrupted the text).
        engine: what read it; free text, may be empty.

    Raises:
        ValueError: `origin` is none of the three.
    """

    reference: str
    hypothesis: str
    document_id: str
    origin: Origin
    engine: str = ""

    def __post_init__(self) -> None:
        if self.origin not in ORIGINS:
            raise ValueError(f"origin is {self.origin!r}: expected one of {', '.join(ORIGINS)}")


def iter_pairs(path: str | os.PathLike[str]) -> Iterator[TextPair]:
    """Yield the pairs of a JSONL file (UTF-8, one JSON object a line; blank lines are skipped).

    Args:
        path: the file. Every object has the strings `reference`, `hypothesis`, `document_id` and `origin`,
            and may have the string `engine`; other fields are ignored.

    Yields:
        One `TextPair` a line, in the order of the file.

    Raises:
        ValueError: a line is no JSON object, or a field is missing or of the wrong type; the message
            names file, line and field.
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        for number, data in enumerate(file, 1):
            if data.strip():
                yield _parse(data, f"{os.fspath(path)}:{number}")


def read_pairs(path: str | os.PathLike[str]) -> list[TextPair]:
    """Return all pairs of a JSONL file; see `iter_pairs`."""
    return list(iter_pairs(path))


def text_of_file(path: Path) -> str:
    """Return the characters of a UTF-8 file, without a byte order mark.

    Raises:
        ValueError: it is not UTF-8; the message names it.
        OSError: it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8: {error}") from error


def read_folders(
    reference_folder: str | os.PathLike[str],
    hypothesis_folder: str | os.PathLike[str],
    read: Callable[[Path], str] = text_of_file,
) -> list[TextPair]:
    """Return a pair for each text file that two folders have in common, in the order of their names.

    Files match by their path below the folder without its suffix, so `a/page1.gt.txt` and `b/page1.txt` do not but
    `a/page1.txt` and `b/page1.md` do. Hidden files are left out. A final line end is not part of a text.

    Args:
        reference_folder: the printed texts.
        hypothesis_folder: the texts that were read.
        read: a file -> its text; raises ValueError or OSError where it cannot.

    Returns:
        Pairs of origin "real" whose `document_id` is the matched name.

    Raises:
        ValueError: a folder has no files, a file has no partner, two files of a folder have one name, or a file
            has no text that can be read; the message names them.
        OSError: a folder or file cannot be read.
    """
    references, hypotheses = _files_by_name(reference_folder), _files_by_name(hypothesis_folder)
    for files, others, other_folder in (
        (references, hypotheses, hypothesis_folder),
        (hypotheses, references, reference_folder),
    ):
        if alone := [str(path) for name, path in files.items() if name not in others]:
            shown = ", ".join(alone[:_N_NAMES_SHOWN]) + (" ..." if len(alone) > _N_NAMES_SHOWN else "")
            raise ValueError(f"{len(alone)} without a file of the same name in {os.fspath(other_folder)}: {shown}")
    found = {name: [_lines_of(read(path)) for path in (references[name], hypotheses[name])] for name in references}
    return [TextPair(reference, hypothesis, name, "real") for name, (reference, hypothesis) in found.items()]


def write_pairs(path: str | os.PathLike[str], pairs: Iterable[TextPair]) -> None:
    """Write `pairs` as a JSONL file that `read_pairs` reads back equal.

    The file is complete or absent: it is written beside `path` and then moved there.
    """
    with replacing(Path(path)) as unfinished, unfinished.open("wb") as file:
        for pair in pairs:
            file.write(_line(pair))


def line_pairs(pair: TextPair) -> list[TextPair]:
    """Return one pair for each line of `pair`, blank lines included; lines correspond one to one.

    Raises:
        ValueError: the numbers of lines differ; the message names the document.
    """
    references, hypotheses = pair.reference.split("\n"), pair.hypothesis.split("\n")
    if len(references) != len(hypotheses):
        raise ValueError(
            f"document {pair.document_id!r}: the reference has {len(references)} lines "
            f"but the hypothesis has {len(hypotheses)}"
        )
    return [
        replace(pair, reference=reference, hypothesis=hypothesis)
        for reference, hypothesis in zip(references, hypotheses, strict=True)
    ]


def is_parallel(pair: TextPair) -> bool:
    """Return whether both sides have as many lines, so that these correspond."""
    return pair.reference.count("\n") == pair.hypothesis.count("\n")


def passages(pair: TextPair, max_chars: int) -> list[TextPair]:
    """Return `pair` cut at line ends into pairs of consecutive lines.

    Args:
        pair: lines correspond one to one.
        max_chars: at most so many characters in either side of a passage, line ends included; a single
            line that is longer stays whole, as a passage of its own.

    Returns:
        Passages in order; joined by line ends they are `pair` again.

    Raises:
        ValueError: the numbers of lines differ, or `max_chars` is below 1.
    """
    if max_chars < 1:
        raise ValueError(f"max_chars is {max_chars}: expected at least 1")
    grouped: list[TextPair] = []
    for line in line_pairs(pair):
        if grouped:
            reference = grouped[-1].reference + "\n" + line.reference
            hypothesis = grouped[-1].hypothesis + "\n" + line.hypothesis
            if max(len(reference), len(hypothesis)) <= max_chars:
                grouped[-1] = replace(pair, reference=reference, hypothesis=hypothesis)
                continue
        grouped.append(line)
    return grouped


def split_by_document(pairs: Sequence[TextPair], fraction: float, seed: int) -> tuple[list[TextPair], list[TextPair]]:
    """Return `pairs` split in two so that no document is on both sides.

    Documents are ordered by a hash of seed and id; the first `round(fraction * number of documents)` go to
    the second list. With two documents or more and a fraction strictly between 0 and 1 neither list is empty.

    Args:
        pairs: any order; each list keeps it.
        fraction: share of the documents, 0 to 1, that goes to the second list.
        seed: another seed gives another split; the order of `pairs` has no influence.

    Returns:
        (the rest, the fraction).

    Raises:
        ValueError: `fraction` is outside 0 to 1.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction is {fraction}: expected 0 to 1")
    documents = sorted(
        {pair.document_id for pair in pairs},
        key=lambda name: hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).digest(),
    )
    n_chosen = round(fraction * len(documents))
    if 0 < fraction < 1 and len(documents) > 1:
        n_chosen = min(max(n_chosen, 1), len(documents) - 1)
    chosen = set(documents[:n_chosen])
    rest = [pair for pair in pairs if pair.document_id not in chosen]
    return rest, [pair for pair in pairs if pair.document_id in chosen]


def half_of(pair: TextPair) -> int:
    """Return 0 or 1, by the printed text alone: the same text is in the same half of whatever set."""
    return hashlib.sha256(pair.reference.encode("utf-8", "surrogatepass")).digest()[0] % 2


class TextHalves:
    """Says which of two texts a document is from, so that no sentence is on both sides of a test.

    It is the one with which the document has more runs of words in common, at a tie that of `half_of`.

    Args:
        first: a text.
        second: another one.
    """

    def __init__(self, first: str, second: str) -> None:
        self._runs = tuple(set(_runs(text)) for text in (first, second))

    @classmethod
    def read(cls, first: Path, second: Path) -> TextHalves:
        """Return the halves of two UTF-8 files.

        Raises:
            OSError: one cannot be read.
            UnicodeDecodeError: one is no UTF-8.
        """
        return cls(first.read_text(encoding="utf-8"), second.read_text(encoding="utf-8"))

    def half_of(self, pair: TextPair) -> int:
        """Return 0 or 1: the half of a pair, by its printed text."""
        runs = list(_runs(pair.reference))
        first, second = (sum(run in half for run in runs) for half in self._runs)
        return half_of(pair) if first == second else int(second > first)


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = text.split()
    return (tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1))


def files_by_set(paths: Sequence[Path]) -> dict[str, Path]:
    """Return each set's file by its name: the file's without its ending, its whole path where two are alike."""
    n_alike = Counter(path.stem for path in paths)
    return {path.stem if n_alike[path.stem] == 1 else str(path): path for path in paths}


def _files_by_name(folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Return the files below `folder` by their path without the suffix, sorted."""
    root = Path(folder)
    if not root.is_dir():
        raise NotADirectoryError(f"{root}: no such folder")
    files: dict[str, Path] = {}
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if not path.is_file() or any(part.startswith(".") for part in inside.parts):
            continue
        name = inside.with_suffix("").as_posix()
        if name in files:
            raise ValueError(f"{files[name]} and {path} have the same name: which is the text?")
        files[name] = path
    if not files:
        raise ValueError(f"{root}: no files")
    return files


def _lines_of(text: str) -> str:
    return text.replace("\r\n", "\n").removesuffix("\n")


def _line(pair: TextPair) -> bytes:
    try:
        return (json.dumps(asdict(pair), ensure_ascii=False) + "\n").encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate: JSON can escape it, UTF-8 cannot hold it
        return (json.dumps(asdict(pair)) + "\n").encode("ascii")


def _parse(data: bytes, place: str) -> TextPair:
    try:
        record = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: not UTF-8: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}: not JSON: {error}") from error
    if not isinstance(record, dict):
        raise ValueError(f"{place}: expected a JSON object, got {type(record).__name__}")
    for name in _REQUIRED:
        if name not in record:
            raise ValueError(f"{place}: field {name!r} is missing")
    for name in (*_REQUIRED, "engine"):
        if not isinstance(record.get(name, ""), str):
            raise ValueError(f"{place}: field {name!r} is {type(record[name]).__name__}: expected a string")
    if record["origin"] not in ORIGINS:
        raise ValueError(f"{place}: field 'origin' is {record['origin']!r}: expected one of {', '.join(ORIGINS)}")
    return TextPair(
        reference=record["reference"],
        hypothesis=record["hypothesis"],
        document_id=record["document_id"],
        origin=cast(Origin, record["origin"]),
        engine=record.get("engine", ""),
    )
