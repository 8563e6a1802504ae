"""Documents by how badly they were read: what a corrector does to good pages and to hopeless ones, apart.

A pooled rate is that of the worst pages: three in twenty may hold two thirds of all errors, and pages that were
read well, the common case, hardly count in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from kzocr.metrics import ErrorCounts

BOUNDS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Character error rates, fractions, at which one band ends and the next begins; the latter has the bound."""


@dataclass(frozen=True)
class QualityBand:
    """Documents that were read about equally well, and what became of them.

    Args:
        name: between which character error rates they lie as they were read: "1 to 2 %".
        n_documents: documents in it.
        before: their character errors as they were read, pooled.
        after: those of the corrected text.
    """

    name: str
    n_documents: int
    before: ErrorCounts
    after: ErrorCounts


def quality_bands(documents: Iterable[tuple[ErrorCounts, ErrorCounts]]) -> tuple[QualityBand, ...]:
    """Return the bands that have a document, well read ones first.

    Args:
        documents: the character errors of each, as it was read and corrected.
    """
    documents = list(documents)
    bands = []
    for least, limit in zip((0.0, *BOUNDS), (*BOUNDS, math.inf), strict=True):
        inside = [(before, after) for before, after in documents if least <= before.rate < limit]
        if inside:
            before, after = (sum(side, ErrorCounts()) for side in zip(*inside, strict=True))
            bands.append(QualityBand(_name(least, limit), len(inside), before, after))
    return tuple(bands)


def _name(least: float, limit: float) -> str:
    if not least:
        return f"below {100 * limit:g} %"
    return f"{100 * least:g} % and more" if math.isinf(limit) else f"{100 * least:g} to {100 * limit:g} %"
