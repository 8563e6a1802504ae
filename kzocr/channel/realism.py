"""How like real OCR is a generator's noise? Divergences between error distributions, and a classifier's view.

Every measure compares the errors of real pages with those of synthetic pages of the same references. Divergences
are Jensen-Shannon divergences in bits: 0 for equal distributions, 1 for distributions that share nothing. Few
errors make any two samples differ, so compare a generator with others on the same pages, not with 0.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from kzocr.alignment import EditOperation, align, chunks
from kzocr.metrics import cer
from kzocr.pairs import TextPair, line_pairs

Floats = npt.NDArray[np.float64]

NoiseMaker = Callable[[str, np.random.Generator], str]
"""What corrupts one document: its text (lines divided by line ends, whose number must stay) and randomness."""

MIN_FEATURE_LINES, MAX_FEATURES = 3, 1500
"""Errors that a classifier may look at: those that stand in so many lines, so many of the most frequent ones."""

N_STEPS, N_FOLDS = 150, 5
"""How long a classifier is trained, and how many there are: each judges the lines that it was not trained on."""

_PENALTY = 2e-3
_BINS = (0, 1, 2, 3, 4, 6, 9, 14, 24)


@dataclass(frozen=True)
class Realism:
    """How far synthetic noise is from real OCR; the smaller the better, but for `classifier_accuracy`.

    Attributes:
        cer_real: pooled character error rate of the real pairs.
        cer_synthetic: of the synthetic ones.
        edits: divergence of the distributions of edits (what was printed, what was read).
        edits_with_neighbours: the same with the printed characters before and behind.
        errors_per_line: divergence of the distributions of the number of edits in a line.
        positions: divergence of the distributions of the edits' positions in words.
        repetition: divergence of the distributions of how often an edit occurs in its own document.
        classifier_accuracy: share of lines with errors that a classifier tells apart, both kinds weighted
            alike; 0.5 is perfect noise. It sees one copy of each document. None for fewer than `N_FOLDS`
            documents: what tells two documents apart says nothing about noise.
        n_lines: lines that the classifier saw, real and synthetic.
    """

    cer_real: float
    cer_synthetic: float
    edits: float
    edits_with_neighbours: float
    errors_per_line: float
    positions: float
    repetition: float
    classifier_accuracy: float | None
    n_lines: int

    def to_dict(self) -> dict[str, float | None]:
        """Return the numbers as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class _Line:
    """The edits of one line, with the line itself."""

    reference: str
    edits: tuple[EditOperation, ...]


def synthesise(pairs: Sequence[TextPair], make_noise: NoiseMaker, seed: int, n_copies: int = 1) -> list[TextPair]:
    """Return synthetic pairs of the same references, `n_copies` of each; a copy is a document of its own.

    Raises:
        ValueError: the generator changed the number of lines.
    """
    made = []
    for copy in range(n_copies):
        for index, pair in enumerate(pairs):
            noisy = make_noise(pair.reference, np.random.default_rng([seed, copy, index]))
            if noisy.count("\n") != pair.reference.count("\n"):
                raise ValueError(f"document {pair.document_id!r}: the generator changed the number of lines")
            made.append(TextPair(pair.reference, noisy, f"{pair.document_id}#{copy}", "synthetic", pair.engine))
    return made


def measure(real: Sequence[TextPair], synthetic: Sequence[TextPair], seed: int = 0) -> Realism:
    """Return how far `synthetic` is from `real`.

    Args:
        real: pairs whose lines correspond.
        synthetic: pairs of the same references; the id of a copy is that of the real document and "#...".
        seed: splits documents into folds for the classifier.

    Raises:
        ValueError: one of them is empty or has no error at all, or the numbers of lines differ.
    """
    if not real or not synthetic:
        raise ValueError("nothing to compare: no pairs")
    sides = [_lines(real), _lines(synthetic)]
    for name, side in zip(("real", "synthetic"), sides, strict=True):
        if not any(line.edits for lines in side.values() for line in lines):
            raise ValueError(f"nothing to compare: the {name} pairs have no error")

    def compare(count: Callable[[Sequence[_Line]], Iterable[Hashable]]) -> float:
        counters = [Counter(key for lines in side.values() for key in count(lines)) for side in sides]
        return divergence(*counters)

    one_copy = {name.split("#")[0]: lines for name, lines in sides[1].items()}
    accuracy, n_lines = _classify(sides[0], one_copy, seed)
    can_tell = len(sides[0]) >= N_FOLDS
    return Realism(
        cer_real=cer(reference=[p.reference for p in real], hypothesis=[p.hypothesis for p in real]),
        cer_synthetic=cer(reference=[p.reference for p in synthetic], hypothesis=[p.hypothesis for p in synthetic]),
        edits=compare(_edits),
        edits_with_neighbours=compare(_edits_with_neighbours),
        errors_per_line=compare(lambda lines: [_bin(len(line.edits)) for line in lines]),
        positions=compare(_positions),
        repetition=compare(_repetitions),
        classifier_accuracy=accuracy if can_tell else None,
        n_lines=n_lines,
    )


def divergence(left: Mapping[Hashable, int], right: Mapping[Hashable, int]) -> float:
    """Return the Jensen-Shannon divergence of two counted distributions, in bits, 0 to 1.

    `divergence({"a": 1}, {"b": 5}) == 1.0` and `divergence({"a": 1, "b": 1}, {"a": 3, "b": 3}) == 0.0`.

    Raises:
        ValueError: one of them is empty.
    """
    keys = sorted({*left, *right}, key=repr)
    p, q = (np.array([counts.get(key, 0) for key in keys], dtype=np.float64) for counts in (left, right))
    if not p.sum() or not q.sum():
        raise ValueError("a distribution needs at least one count")
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    return float(sum(0.5 * (side[side > 0] * np.log2(side[side > 0] / middle[side > 0])).sum() for side in (p, q)))


def _lines(pairs: Sequence[TextPair]) -> dict[str, list[_Line]]:
    """Return document id -> its lines with their edits."""
    documents: dict[str, list[_Line]] = {}
    for pair in pairs:
        lines = documents.setdefault(pair.document_id, [])
        for line in line_pairs(pair):
            reference, hypothesis = line.reference.strip(), line.hypothesis.strip()
            if not reference:
                continue
            edits: tuple[EditOperation, ...] = ()
            if reference != hypothesis:
                units = chunks(align(reference=reference, hypothesis=hypothesis))
                edits = tuple(unit for unit in units if unit.kind != "match")
            lines.append(_Line(reference, edits))
    return documents


def _edits(lines: Sequence[_Line]) -> Iterable[Hashable]:
    return [(edit.reference, edit.hypothesis) for line in lines for edit in line.edits]


def _edits_with_neighbours(lines: Sequence[_Line]) -> Iterable[Hashable]:
    return [(left, edit.reference, edit.hypothesis, right) for edit, left, right in _with_neighbours(lines)]


def _with_neighbours(lines: Sequence[_Line]) -> Iterable[tuple[EditOperation, str, str]]:
    for line in lines:
        for edit in line.edits:
            start, end = edit.reference_start, edit.reference_start + len(edit.reference)
            yield edit, line.reference[max(start - 1, 0) : start] or "\n", line.reference[end : end + 1] or "\n"


def _positions(lines: Sequence[_Line]) -> Iterable[Hashable]:
    """Return where in its word each edit stands: (characters before, characters behind), up to 3 of each."""
    places = []
    for line in lines:
        for edit in line.edits:
            start, end = edit.reference_start, edit.reference_start + len(edit.reference)
            before = (
                len(line.reference[:start].rsplit(None, 1)[-1]) if start and line.reference[start - 1] != " " else 0
            )
            behind = len(line.reference[end:].split(None, 1)[0]) if line.reference[end : end + 1].strip() else 0
            kind = "space" if not (edit.reference + edit.hypothesis).strip() else edit.kind
            places.append((kind, min(before, 3), min(behind, 3)))
    return places


def _repetitions(lines: Sequence[_Line]) -> Iterable[Hashable]:
    """Return for each edit how often it occurs in its document, in classes of doubling size."""
    found = Counter(_edits(lines))
    return [_bin(n) for n in found.values() for _ in range(n)]


def _bin(n: int) -> int:
    return sum(n > edge for edge in _BINS)


def _features(line: _Line) -> Counter[str]:
    """Return the edits of a line, with and without neighbours, and their number."""
    counts: Counter[str] = Counter({f"n{_bin(len(line.edits))}": 1})
    for edit, left, right in _with_neighbours([line]):
        core = f"{edit.reference}>{edit.hypothesis}"
        counts.update((core, f"{left}|{core}", f"{core}|{right}", f"{edit.kind}", f"printed {edit.reference}"))
        counts.update(f"read {sign}" for sign in edit.hypothesis)
    return counts


def _classify(real: Mapping[str, list[_Line]], synthetic: Mapping[str, list[_Line]], seed: int) -> tuple[float, int]:
    """Return the balanced accuracy of a logistic regression on lines with errors, and their number.

    Cross-validated by document.
    """
    rows: list[Counter[str]] = []
    labels: list[int] = []
    folds: list[int] = []
    for label, documents in enumerate((real, synthetic)):
        for name, lines in documents.items():
            fold = zlib.crc32(f"{seed}:{name}".encode()) % N_FOLDS
            for line in lines:
                if line.edits:
                    rows.append(_features(line))
                    labels.append(label)
                    folds.append(fold)
    frequency = Counter(feature for counts in rows for feature in counts)
    kept = [feature for feature, n in frequency.most_common(MAX_FEATURES) if n >= MIN_FEATURE_LINES]
    column = {feature: number for number, feature in enumerate(kept)}
    table = np.zeros((len(rows), len(kept) + 1))
    table[:, -1] = 1.0
    for index, counts in enumerate(rows):
        for feature, n in counts.items():
            if feature in column:
                table[index, column[feature]] = np.log1p(n)
    truth, fold_of = np.array(labels), np.array(folds)
    hits = np.zeros(2)
    totals = np.zeros(2)
    for fold in range(N_FOLDS):
        test = fold_of == fold
        if not test.any() or len(set(truth[~test].tolist())) < 2:
            continue
        weights = _regress(table[~test], truth[~test])
        guess = (table[test] @ weights > 0).astype(int)
        for label in (0, 1):
            hits[label] += ((guess == label) & (truth[test] == label)).sum()
            totals[label] += (truth[test] == label).sum()
    return float((hits / np.maximum(totals, 1)).mean()), len(rows)


def _regress(table: Floats, labels: npt.NDArray[np.int64]) -> Floats:
    """Return the weights of a logistic regression with both classes weighted alike (Adam, ridge penalty)."""
    share = np.where(labels == 1, 0.5 / (labels == 1).sum(), 0.5 / (labels == 0).sum())
    weights, mean, square = (np.zeros(table.shape[1]) for _ in range(3))
    for step in range(1, N_STEPS + 1):
        probability = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        gradient = table.T @ (share * (probability - labels)) + _PENALTY * weights
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        weights -= 0.05 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return weights
