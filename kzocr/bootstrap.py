"""Counts or values, one a passage -> a pooled rate, a reduction or a mean with its 95 % bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from kzocr.metrics import ErrorCounts

Floats = npt.NDArray[np.float64]

N_RESAMPLES = 10_000
SEED = 20_260

_MAX_CELLS = 4_000_000
"""Numbers that are drawn at a time: 32 MB for each column."""


@dataclass(frozen=True)
class Interval:
    """A value and the bounds of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def bootstrap_rate(counts: Sequence[ErrorCounts], *, n_resamples: int = N_RESAMPLES, seed: int = SEED) -> Interval:
    """Return the pooled rate of `counts` with its 95 % interval.

    Passages are drawn with replacement, as many as there are; the bounds are the 2.5th and 97.5th
    percentiles of the pooled rates of the draws (Efron & Tibshirani 1993, percentile method).

    Args:
        counts: one entry a passage; may be empty.
        n_resamples: number of draws, at least 1.
        seed: the same seed draws the same passages, so that two correctors are compared on equal draws.

    Returns:
        Value and bounds; three zeros for no passages.
    """
    errors, lengths = _columns(counts)
    return _bootstrap([errors, lengths], lambda e, n: e / np.maximum(n, 1), n_resamples, seed)


def bootstrap_match_error_rate(
    counts: Sequence[ErrorCounts], *, n_resamples: int = N_RESAMPLES, seed: int = SEED
) -> Interval:
    """Return the pooled match error rate of `counts` (`ErrorCounts.match_error_rate`) with its 95 % interval.

    Args:
        counts: one entry a passage; may be empty.
        n_resamples: number of draws, at least 1.
        seed: see `bootstrap_rate`.
    """
    errors, _ = _columns(counts)
    matches = np.array([count.matches for count in counts], dtype=np.float64)
    return _bootstrap([errors, matches], lambda e, m: e / np.maximum(e + m, 1), n_resamples, seed)


def bootstrap_reduction(
    before: Sequence[ErrorCounts],
    after: Sequence[ErrorCounts],
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = SEED,
) -> Interval:
    """Return the relative reduction of the pooled rate with its 95 % interval; draws are paired.

    Args:
        before: one entry a passage.
        after: the same passages.
        n_resamples: number of draws, at least 1.
        seed: see `bootstrap_rate`.

    Returns:
        Value and bounds; minus infinity where a draw had no errors before and some after.

    Raises:
        ValueError: the lists differ in length.
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} passages before but {len(after)} after")
    (e_before, lengths), (e_after, _) = _columns(before), _columns(after)

    def reduction(b: Floats, a: Floats, n: Floats) -> Floats:
        without = np.where(a > 0, -np.inf, 0.0)
        return cast(Floats, np.where(b > 0, (b - a) / np.maximum(b, 1), without))

    return _bootstrap([e_before, e_after, lengths], reduction, n_resamples, seed)


def bootstrap_mean(values: Sequence[float], *, n_resamples: int = N_RESAMPLES, seed: int = SEED) -> Interval:
    """Return the mean of `values` with its 95 % interval; three zeros for no values.

    Args:
        values: one a passage; a share is the mean of zeros and ones.
        n_resamples: number of draws, at least 1.
        seed: see `bootstrap_rate`.
    """
    column = np.asarray(values, dtype=np.float64)
    ones = np.ones_like(column)
    return _bootstrap([column, ones], lambda total, n: total / np.maximum(n, 1), n_resamples, seed)


def _bootstrap(columns: Sequence[Floats], statistic: Callable[..., Floats], n_resamples: int, seed: int) -> Interval:
    """Return `statistic` of the columns' sums, with the percentiles of the sums over resampled rows."""
    if n_resamples < 1:
        raise ValueError(f"n_resamples is {n_resamples}: expected at least 1")
    n_rows = len(columns[0])
    if n_rows == 0:
        return Interval(0.0, 0.0, 0.0)
    table = np.stack(columns, axis=1)
    rng = np.random.default_rng(seed)
    n_at_once = max(1, _MAX_CELLS // n_rows)
    draws: list[Floats] = []
    for start in range(0, n_resamples, n_at_once):
        n_draws = min(n_at_once, n_resamples - start)
        rows = rng.integers(0, n_rows, size=(n_draws, n_rows))
        sums = np.stack([column[rows].sum(axis=1) for column in columns])
        draws.append(statistic(*sums))
    value = float(statistic(*table.sum(axis=0)))
    # "nearest" never interpolates, so that an infinite draw does not turn a bound into nan
    low, high = np.percentile(np.concatenate(draws), [2.5, 97.5], method="nearest")
    return Interval(value, float(low), float(high))


def _columns(counts: Sequence[ErrorCounts]) -> tuple[Floats, Floats]:
    return (
        np.array([count.errors for count in counts], dtype=np.float64),
        np.array([count.reference_length for count in counts], dtype=np.float64),
    )
