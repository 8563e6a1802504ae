"""Reference + hypothesis -> edit operations: the only module that compares two strings position by position.

An operation says what the channel did, reference -> hypothesis: an `insert` put a character into the
hypothesis that was never printed. Offsets are in characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import Levenshtein

from kzocr.text import DIGIT_LOOKALIKES, FOREIGN_LETTERS, LATIN_LOOKALIKES

Kind = Literal["match", "substitute", "insert", "delete"]

_RUSSIAN_SHAPES = str.maketrans("әғқңөұүһ!|l", "агкноуухііі")
_N_JOINING_MATCHES = 4
_MAX_CELLS = 40_000
_EDIT = 1 << 20


@dataclass(frozen=True)
class EditOperation:
    """What the channel did at one place.

    Args:
        kind: "match", "substitute", "insert" or "delete".
        reference: the printed part; `""` for an insertion.
        hypothesis: the part that was read; `""` for a deletion.
        reference_start: offset of `reference`, in characters of the reference.
        hypothesis_start: offset of `hypothesis`, in characters of the hypothesis.
    """

    kind: Kind
    reference: str
    hypothesis: str
    reference_start: int
    hypothesis_start: int


def align(*, reference: str, hypothesis: str) -> list[EditOperation]:
    """Return the fewest edits that turn `reference` into `hypothesis`, one operation a character.

    The parts concatenate to both strings, and the operations that are no match number exactly the
    Levenshtein distance. Among alignments of equal cost, places up to about 200 characters long are
    re-aligned so that look-alikes (о and ө, і and 1, с and Latin c, capital and small) are paired with each
    other, and a space with a space rather than with a letter. Longer places keep whatever rapidfuzz found.

    Args:
        reference: the printed text.
        hypothesis: the text that was read.

    Returns:
        Operations in order of the text: `align(reference="ай", hypothesis="аи")` is a match of а followed
        by a substitution of й by и.
    """
    path: list[tuple[int, int]] = []
    for is_match, r_start, r_end, h_start, h_end in _blocks(reference, hypothesis, _N_JOINING_MATCHES):
        if is_match:
            path += [(1, 1)] * (r_end - r_start)
        else:
            path += _block_path(reference[r_start:r_end], hypothesis[h_start:h_end])
    operations = []
    r = h = 0
    for r_step, h_step in path:
        operations.append(_operation(reference[r : r + r_step], hypothesis[h : h + h_step], r, h))
        r, h = r + r_step, h + h_step
    return operations


def chunks(operations: Sequence[EditOperation]) -> list[EditOperation]:
    """Return `operations` with neighbouring edits merged into many-to-one and one-to-many units.

    One misread glyph is often several edits: ш read as пі is a substitution and an insertion, and comes back
    as the single substitution "ш" -> "пі". What is certainly an error of its own stays alone: a match, an
    edit that touches whitespace, a substitution by a look-alike, and substitutions with no insertion or
    deletion beside them.

    Args:
        operations: as `align` returns them.

    Returns:
        Operations whose parts concatenate to the same two strings.
    """
    units: list[EditOperation] = []
    run: list[EditOperation] = []
    for operation in operations:
        if _stands_alone(operation):
            units += _merged(run)
            units.append(operation)
            run = []
        else:
            run.append(operation)
    return units + _merged(run)


@lru_cache(maxsize=4096)
def shape(character: str) -> str:
    """Return the letter that stands for everything that looks like `character`: `shape("Ө") == shape("0")`.

    Case, Latin and foreign look-alikes, digits inside words and the Kazakh letters' Russian bases are folded.
    """
    for table in (FOREIGN_LETTERS, LATIN_LOOKALIKES, DIGIT_LOOKALIKES):
        character = table.get(character, character)
    return character.lower().translate(_RUSSIAN_SHAPES)


def _stands_alone(operation: EditOperation) -> bool:
    r_part, h_part = operation.reference, operation.hypothesis
    if operation.kind == "match" or r_part.isspace() or h_part.isspace():
        return True
    return operation.kind == "substitute" and shape(r_part) == shape(h_part)


def _merged(run: list[EditOperation]) -> list[EditOperation]:
    if all(operation.kind == "substitute" for operation in run):
        return run
    reference = "".join(operation.reference for operation in run)
    hypothesis = "".join(operation.hypothesis for operation in run)
    return [_operation(reference, hypothesis, run[0].reference_start, run[0].hypothesis_start)]


def _operation(reference: str, hypothesis: str, reference_start: int, hypothesis_start: int) -> EditOperation:
    kind: Kind = "substitute"
    if reference == hypothesis:
        kind = "match"
    elif not reference:
        kind = "insert"
    elif not hypothesis:
        kind = "delete"
    return EditOperation(kind, reference, hypothesis, reference_start, hypothesis_start)


def _blocks(reference: str, hypothesis: str, n_joining_matches: int) -> list[tuple[bool, int, int, int, int]]:
    """Return (is match, spans): runs of matches, and edits with the short runs of matches between them."""
    opcodes = Levenshtein.opcodes(reference, hypothesis)
    last = len(opcodes) - 1
    blocks: list[tuple[bool, int, int, int, int]] = []
    for i, code in enumerate(opcodes):
        r_start, h_start = code.src_start, code.dest_start
        is_match = code.tag == "equal" and (i in (0, last) or code.src_end - r_start >= n_joining_matches)
        if not is_match and blocks and not blocks[-1][0]:
            _, r_start, _, h_start, _ = blocks.pop()
        blocks.append((is_match, r_start, code.src_end, h_start, code.dest_end))
    return blocks


def _block_path(reference: str, hypothesis: str) -> list[tuple[int, int]]:
    """Return the steps (reference characters, hypothesis characters) through one place with edits."""
    if not reference or not hypothesis:
        return [(1, 0)] * len(reference) + [(0, 1)] * len(hypothesis)
    if len(reference) * len(hypothesis) <= _MAX_CELLS:
        return _best_path(reference, hypothesis)
    path: list[tuple[int, int]] = []
    for code in Levenshtein.opcodes(reference, hypothesis):
        step = {"equal": (1, 1), "replace": (1, 1), "delete": (1, 0), "insert": (0, 1)}[code.tag]
        path += [step] * max(code.src_end - code.src_start, code.dest_end - code.dest_start)
    return path


def _best_path(reference: str, hypothesis: str) -> list[tuple[int, int]]:
    """Return the path of fewest edits and, among those, of least dissimilarity (dynamic programming)."""
    width = len(hypothesis) + 1
    inserts = [_EDIT + (1 if character.isspace() else 2) for character in hypothesis]
    previous = [0] * width
    for j, cost in enumerate(inserts):
        previous[j + 1] = previous[j] + cost
    steps = [[(0, 1)] * width]
    for r_character in reference:
        delete = _EDIT + (1 if r_character.isspace() else 2)
        current = [previous[0] + delete] * width
        row = [(1, 0)] * width
        for j, h_character in enumerate(hypothesis):
            best, step = previous[j] + _substitution_cost(r_character, h_character), (1, 1)
            if previous[j + 1] + delete < best:
                best, step = previous[j + 1] + delete, (1, 0)
            if current[j] + inserts[j] < best:
                best, step = current[j] + inserts[j], (0, 1)
            current[j + 1], row[j + 1] = best, step
        previous = current
        steps.append(row)
    path = []
    i, j = len(reference), len(hypothesis)
    while i or j:
        r_step, h_step = steps[i][j]
        path.append((r_step, h_step))
        i, j = i - r_step, j - h_step
    return path[::-1]


@lru_cache(maxsize=65536)
def _substitution_cost(r_character: str, h_character: str) -> int:
    if r_character == h_character:
        return 0
    if r_character.isspace() != h_character.isspace():
        return _EDIT + 6
    if shape(r_character) == shape(h_character):
        return _EDIT
    return _EDIT + (2 if r_character.isalpha() == h_character.isalpha() else 3)
