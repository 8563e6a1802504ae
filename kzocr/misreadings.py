"""Single letters that were taken for others: between two words, and how often engines do it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

from kzocr.pairs import TextPair, is_parallel, line_pairs

Misreading = tuple[str, str]
"""A printed letter and what it was read as, in lower case; "" where something was read from nothing, or nothing was."""

RARE = 1e-5
"""The share of a misreading that was never seen."""

_LEAST_COUNT = 5
_SLACK = 50


def misreadings(*, printed: str, read: str) -> list[Misreading]:
    """Return the fewest misreadings of single letters that turn one text into another, case apart.

    `misreadings(printed="жаңа", read="жана") == [("ң", "н")]`.
    """
    printed, read = printed.lower(), read.lower()
    return [
        (
            printed[step.src_pos] if step.tag != "insert" else "",
            read[step.dest_pos] if step.tag != "delete" else "",
        )
        for step in Levenshtein.editops(printed, read)
    ]


@dataclass(frozen=True)
class Misreadings:
    """How often engines take each letter for each other, whatever the document.

    Attributes:
        shares: (printed, read) -> the share of the printed letter's occurrences, or of all letters where nothing was
            printed, 0 to 1.
    """

    shares: Mapping[Misreading, float] = field(default_factory=dict)

    @classmethod
    def from_pairs(cls, pairs: Iterable[TextPair]) -> Misreadings:
        """Return the shares in texts whose print is known; pairs whose lines do not correspond are left out."""
        printed: Counter[str] = Counter()
        misread: Counter[Misreading] = Counter()
        for pair in pairs:
            if not is_parallel(pair):
                continue
            for line in line_pairs(pair):
                printed.update(line.reference.lower())
                misread.update(misreadings(printed=line.reference, read=line.hypothesis))
        printed[""] = printed.total()
        return cls(
            {
                one: float(f"{count / (printed[one[0]] + _SLACK):.3g}")
                for one, count in sorted(misread.items())
                if count >= _LEAST_COUNT
            }
        )

    def log_probability(self, *, printed: str, read: str) -> float:
        """Return the natural logarithm of the probability that the misreadings between two texts happened."""
        found = misreadings(printed=printed, read=read)
        return math.fsum(math.log(max(self.shares.get(one, 0.0), RARE)) for one in found)


NO_MISREADINGS = Misreadings()
"""Nothing is known of what engines take for what."""
