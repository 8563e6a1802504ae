"""Aligned pairs -> what one document's engine did, as counts: the material of `estimate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

from kzocr.alignment import EditOperation, align, chunks
from kzocr.channel.rules import BOUNDARY
from kzocr.confusion import Confusion
from kzocr.pairs import TextPair
from kzocr.text import nfc

MAX_SOURCE_CHARS = 3
MAX_OUTPUT_CHARS = 4
MAX_GARBAGE_CHARS = 8
"""Edits longer than a rule can hold are taken apart up to this length; beyond it they are noise and not counted."""

MAX_LINE_DISTANCE = 0.6
"""A line with more edits than this share of its longer side is taken for misaligned or hopeless, and skipped."""


@dataclass(frozen=True)
class DocumentCounts:
    """What was printed in a document and what it was read as; counts of several texts add up with `+` or `sum`.

    Attributes:
        occurrences: printed strings of 1 to 3 characters -> how often they stood there. In strings of two or
            more `BOUNDARY` is a word's edge. Characters that were misread together (ті read as и) had no
            reading of their own and are not counted alone.
        readings: every misreading with its neighbours (`BOUNDARY` for an edge, "\\n" for the end of a line);
            the reference is `""` for an insertion.
        alphabet: all characters that the engine printed.
        lines: characters and misreadings of each line.
        n_skipped_chars: printed characters in lines or stretches that were too damaged to count.
    """

    occurrences: Mapping[str, int] = field(default_factory=dict)
    readings: Mapping[Confusion, int] = field(default_factory=dict)
    alphabet: frozenset[str] = frozenset()
    lines: tuple[tuple[int, int], ...] = ()
    n_skipped_chars: int = 0

    @classmethod
    def total(cls, documents: Iterable[DocumentCounts]) -> DocumentCounts:
        """Return the counts of all `documents` together, as `sum` would but in one pass."""
        occurrences: Counter[str] = Counter()
        readings: Counter[Confusion] = Counter()
        alphabet: set[str] = set()
        lines: list[tuple[int, int]] = []
        n_skipped_chars = 0
        for counts in documents:
            occurrences.update(counts.occurrences)
            readings.update(counts.readings)
            alphabet |= counts.alphabet
            lines += counts.lines
            n_skipped_chars += counts.n_skipped_chars
        return cls(dict(occurrences), dict(readings), frozenset(alphabet), tuple(lines), n_skipped_chars)

    def __add__(self, other: DocumentCounts) -> DocumentCounts:
        return DocumentCounts.total([self, other])

    def __radd__(self, other: int) -> DocumentCounts:
        return self if other == 0 else NotImplemented

    @property
    def n_chars(self) -> int:
        """Printed characters that were counted."""
        return sum(n_chars for n_chars, _ in self.lines)

    @property
    def n_errors(self) -> int:
        """Misreadings; a string read as another string is one."""
        return sum(self.readings.values())


def count_pair(pair: TextPair) -> DocumentCounts:
    """Return the counts of one pair, aligned line by line where lines correspond.

    Whitespace inside a line counts as it stands: two spaces for one are an error of the engine.
    """
    occurrences: Counter[str] = Counter()
    readings: Counter[Confusion] = Counter()
    alphabet: set[str] = set()
    lines: list[tuple[int, int]] = []
    n_skipped = 0
    for reference, hypothesis in _lines(pair):
        limit = MAX_LINE_DISTANCE * max(len(reference), len(hypothesis))
        if not reference or Levenshtein.distance(reference, hypothesis) > limit:
            n_skipped += len(reference)
            continue
        alphabet.update(hypothesis)
        found = list(_readings(reference, hypothesis))
        n_lost = sum(len(source) for source, output, _ in found if output is None)
        n_errors = 0
        for source, output, (left, right) in found:
            if output is None:
                continue
            if len(source) == 1:
                occurrences[source] += 1
            if source != output:
                n_errors += 1
                readings[Confusion(source, output, left, right)] += 1
        n_skipped += n_lost
        lines.append((len(reference) - n_lost, n_errors))
        occurrences.update(_strings(reference))
    return DocumentCounts(dict(occurrences), dict(readings), frozenset(alphabet), tuple(lines), n_skipped)


def count_documents(pairs: Iterable[TextPair]) -> dict[str, DocumentCounts]:
    """Return document id -> counts, in the order in which the documents first appear."""
    documents: dict[str, DocumentCounts] = {}
    for pair in pairs:
        counts = count_pair(pair)
        known = documents.get(pair.document_id)
        documents[pair.document_id] = counts if known is None else known + counts
    return documents


def _lines(pair: TextPair) -> list[tuple[str, str]]:
    references, hypotheses = pair.reference.split("\n"), pair.hypothesis.split("\n")
    if len(references) != len(hypotheses):
        references, hypotheses = [pair.reference], [pair.hypothesis]
    return [(nfc(r).strip(), nfc(h).strip()) for r, h in zip(references, hypotheses, strict=True)]


def _strings(line: str) -> Iterator[str]:
    """Yield all strings of 2 and 3 characters of `line`, its edges and whitespace as `BOUNDARY`."""
    padded = BOUNDARY + "".join(BOUNDARY if sign.isspace() else sign for sign in line) + BOUNDARY
    for n_chars in (2, MAX_SOURCE_CHARS):
        for start in range(len(padded) - n_chars + 1):
            yield padded[start : start + n_chars]


def _readings(reference: str, hypothesis: str) -> Iterator[tuple[str, str | None, tuple[str, str]]]:
    """Yield (printed, read, neighbours) in order; read is None for a stretch that is noise."""
    if reference == hypothesis:
        units: list[EditOperation] = [EditOperation("match", sign, sign, i, i) for i, sign in enumerate(reference)]
    else:
        units = chunks(align(reference=reference, hypothesis=hypothesis))
    for unit in units:
        n_printed, n_read = len(unit.reference), len(unit.hypothesis)
        if n_printed <= MAX_SOURCE_CHARS and n_read <= MAX_OUTPUT_CHARS:
            yield _reading(reference, unit.reference, unit.hypothesis, unit.reference_start)
        elif n_printed and n_read and max(n_printed, n_read) <= MAX_GARBAGE_CHARS:
            for part in align(reference=unit.reference, hypothesis=unit.hypothesis):
                start = unit.reference_start + part.reference_start
                yield _reading(reference, part.reference, part.hypothesis, start)
        else:
            yield unit.reference, None, ("", "")


def _reading(line: str, source: str, output: str, start: int) -> tuple[str, str, tuple[str, str]]:
    end = start + len(source)
    left = line[start - 1] if start else "\n"
    right = line[end] if end < len(line) else "\n"
    return source, output, (left, right)
