"""Pairs of real or rendered OCR -> windows of both texts that belong together, to train on beside drawn noise.

A channel that was counted draws every error by itself. A page that an engine read keeps what no count has: which errors
come together where the print is damaged, and what they do to the words around.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from kzocr.alignment import align
from kzocr.corpus import CorpusError, Source, without_overlap
from kzocr.pairs import TextPair, read_pairs
from kzocr.text import LATIN_READINGS, n_bytes

JOINED_SHARE = 0.3
"""Of so many documents the line ends become spaces, as in a text layer that was set anew."""

LEAST_PIECES = 3
"""A document of fewer pieces is too broken, or too short, to be cut."""

LEAST_SIMILARITY = 0.4
"""What is read less like the print than this (1 - edits / longer length) can be guessed, not mended."""

_NOT_GUESSED = re.compile("[0-9A-Za-zёЁ]")
_CYRILLIC = str.maketrans(LATIN_READINGS)
"""A word that was read with the Latin alphabet (ecTice for естісе) is not beyond recognition."""


@dataclass(frozen=True)
class Piece:
    """A word, or a few where the spaces between them were misread.

    Attributes:
        printed: what a corrector should make of `read`: the print, or `read` itself where that would be a guess.
        read: what the engine read.
        space: the white space behind it, which stands in both texts.
    """

    printed: str
    read: str
    space: str


class ReadDocuments:
    """Documents with what an engine read of them, cut at spaces that stand in both texts."""

    def __init__(self, pairs: Sequence[TextPair]) -> None:
        """Align every pair.

        Args:
            pairs: one a document; those that cannot be cut are left out.

        Raises:
            ValueError: none can be cut.
        """
        self._documents = [found for pair in pairs if len(found := pieces(pair)) >= LEAST_PIECES]
        if not self._documents:
            raise ValueError("no pair has spaces that the printed and the read text have in common")

    def __len__(self) -> int:
        return len(self._documents)

    def windows(
        self, n_windows: int, least_bytes: int, greatest_bytes: int, rng: np.random.Generator
    ) -> list[tuple[str, str]]:
        """Return up to `n_windows` neighbouring windows of one document, each (printed, read).

        A window has at most as many bytes, in the longer of its texts, as were drawn between `least_bytes` and
        `greatest_bytes`; a single piece that is longer is passed over.
        """
        document = self._documents[int(rng.integers(len(self._documents)))]
        is_joined = rng.random() < JOINED_SHARE
        place = int(rng.integers(len(document) // 2 + 1))
        found: list[tuple[str, str]] = []
        while place < len(document) and len(found) < n_windows:
            taken = _within(document[place:], int(rng.integers(least_bytes, greatest_bytes + 1)))
            place += max(len(taken), 1)
            printed = "".join(piece.printed + piece.space for piece in taken).rstrip()
            read = "".join(piece.read + piece.space for piece in taken).rstrip()
            if is_joined:
                printed, read = printed.replace("\n", " "), read.replace("\n", " ")
            if printed:
                found.append((printed, read))
        return found


def pieces(pair: TextPair) -> list[Piece]:
    """Return `pair` cut at every white space that stands in both texts.

    What cannot be known stays as it was read, so that nobody learns to guess: numbers and words with Latin letters
    (or ё) that were misread, and what was read beyond recognition.
    """
    found: list[Piece] = []
    printed_start = read_start = 0
    for operation in align(reference=pair.reference, hypothesis=pair.hypothesis):
        if operation.kind == "match" and operation.reference.isspace():
            printed = pair.reference[printed_start : operation.reference_start]
            read = pair.hypothesis[read_start : operation.hypothesis_start]
            found.append(Piece(_mendable(printed, read), read, operation.reference))
            printed_start, read_start = operation.reference_start + 1, operation.hypothesis_start + 1
    printed, read = pair.reference[printed_start:], pair.hypothesis[read_start:]
    return [*found, Piece(_mendable(printed, read), read, "")]


def _mendable(printed: str, read: str) -> str:
    """Return what a corrector should make of `read`."""
    if printed == read:
        return printed
    similarity = Levenshtein.normalized_similarity(printed.lower(), read.translate(_CYRILLIC).lower())
    return read if _NOT_GUESSED.search(printed) or similarity < LEAST_SIMILARITY else printed


def _within(document: Sequence[Piece], budget_bytes: int) -> list[Piece]:
    """Return the first pieces whose texts, white space included, fit into the budget."""
    taken: list[Piece] = []
    n_printed = n_read = 0
    for piece in document:
        n_printed += n_bytes(piece.printed + piece.space)
        n_read += n_bytes(piece.read + piece.space)
        if max(n_printed, n_read) > budget_bytes:
            break
        taken.append(piece)
    return taken


def load_read_documents(paths: Sequence[str], excluded: Sequence[Source]) -> ReadDocuments | None:
    """Return the documents of files of pairs (JSONL), without those that share text with `excluded`; None for no file.

    Args:
        paths: the files.
        excluded: what is measured on: a document that has eight words in a row from there is left out.

    Raises:
        CorpusError: a file cannot be read, or nothing of it is left; the message names it.
    """
    documents: list[TextPair] = []
    for path in paths:
        try:
            pairs = [pair for pair in read_pairs(path) if pair.reference.strip()]
        except (OSError, ValueError) as error:
            raise CorpusError(str(error)) from error
        if not pairs:
            raise CorpusError(f"{path}: no pair with a printed text")
        sources = [Source.from_lines(path, [" ".join(pair.reference.split())]) for pair in pairs]
        kept = without_overlap([Source.from_lines(path, (line for s in sources for line in s.lines))], excluded)
        lines = set(kept[0].lines)
        documents += [pair for pair, s in zip(pairs, sources, strict=True) if lines.issuperset(s.lines)]
    if not paths:
        return None
    try:
        return ReadDocuments(documents)
    except ValueError as error:
        raise CorpusError(f"{', '.join(str(Path(path)) for path in paths)}: {error}") from error
