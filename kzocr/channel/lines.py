"""Printed lines and the lines that an engine read, brought together in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

MAX_DISTANCE_SHARE = 0.65
"""More edits than this share of the longer line, and the two are not the same line."""

MAX_PIECES = 3
"""Into so many an engine may cut a line."""


@dataclass(frozen=True)
class LineMatch:
    """Lines of the page that were read, in order, and how many were left over on either side.

    Attributes:
        references: printed lines that have a counterpart.
        hypotheses: what was read for each of them, same length.
        n_missed: printed lines that the engine did not read.
        n_spurious: lines that the engine read where nothing was printed.
    """

    references: tuple[str, ...]
    hypotheses: tuple[str, ...]
    n_missed: int
    n_spurious: int


def match_lines(
    references: Sequence[str], hypotheses: Sequence[str], max_share: float = MAX_DISTANCE_SHARE
) -> LineMatch:
    """Return the order-keeping match of printed and read lines with the least edit distance.

    A printed line may match up to three read lines, joined by a space (an engine that cut it). Lines left
    over cost their length. Empty read lines are dropped. A pair with more than `max_share` of its longer
    side edited is no match. `match_lines(["ана", "тілі"], ["ана", "", "т1лі"])` has no line left over.

    Args:
        references: printed lines.
        hypotheses: lines that the engine returned.
        max_share: the largest distance over length that still counts as the same line, 0 to 1.
    """
    read = [line.strip() for line in hypotheses if line.strip()]
    n_rows, n_columns = len(references), len(read)
    infinity = sum(map(len, references)) + sum(map(len, read)) + n_columns + 1
    cost = [[infinity] * (n_columns + 1) for _ in range(n_rows + 1)]
    step = [[(0, 0)] * (n_columns + 1) for _ in range(n_rows + 1)]
    cost[0][0] = 0
    for row in range(n_rows + 1):
        for column in range(n_columns + 1):
            for taken, pieces, price in _steps(references, read, row, column, max_share):
                total = cost[row - taken][column - pieces] + price
                if total < cost[row][column]:
                    cost[row][column], step[row][column] = total, (taken, pieces)
    return _trace(references, read, step)


def _steps(
    references: Sequence[str], read: Sequence[str], row: int, column: int, max_share: float
) -> list[tuple[int, int, int]]:
    """Return the moves that end at (row, column): printed lines and read lines taken, price in characters."""
    moves: list[tuple[int, int, int]] = []
    if row:
        moves.append((1, 0, len(references[row - 1])))
    if column:
        moves.append((0, 1, len(read[column - 1])))
    for pieces in range(1, min(MAX_PIECES, column) + 1) if row else ():
        joined = " ".join(read[column - pieces : column])
        limit = int(max_share * max(len(references[row - 1]), len(joined)))
        distance = Levenshtein.distance(references[row - 1], joined, score_cutoff=limit)
        if distance <= limit:
            moves.append((1, pieces, distance))
    return moves


def _trace(references: Sequence[str], read: Sequence[str], step: list[list[tuple[int, int]]]) -> LineMatch:
    """Return the match that the moves in `step` describe, walked from the end."""
    row, column = len(references), len(read)
    pairs: list[tuple[str, str]] = []
    n_missed = n_spurious = 0
    while row or column:
        taken, pieces = step[row][column]
        if taken and pieces:
            pairs.append((references[row - 1], " ".join(read[column - pieces : column])))
        n_missed += taken if not pieces else 0
        n_spurious += pieces if not taken else 0
        row, column = row - taken, column - pieces
    pairs.reverse()
    return LineMatch(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs), n_missed, n_spurious)
