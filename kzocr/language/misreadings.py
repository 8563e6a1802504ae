"""Letters that were taken for others: between two words, and how often engines do it.

An engine takes letters for letters, and now and then two for one («ің» for н) or three for two: how often is counted
for single letters and for stretches of up to three (Brill and Moore 2000).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rapidfuzz.distance import Levenshtein

from kzocr.language.remembered import Remembered
from kzocr.pairs import TextPair, is_parallel, line_pairs

Misreading = tuple[str, str]
"""What was printed and what it was read as, in lower case; "" where something was read from nothing, or nothing was."""

LONGEST = 3
"""Letters of a stretch that is counted as one misreading, at most, on either side."""

RARE = 1e-5
"""The share of a misreading that was never seen."""

_LOG_RARE = math.log(RARE)
_STEPS = [(0, 1), (1, 0), *((before, after) for before in range(1, LONGEST + 1) for after in range(1, LONGEST + 1))]
_LEAST_COUNT = 5
_SLACK = 50
_REMEMBERED = 1 << 16


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


def _stretches(printed: str, read: str) -> Iterator[Misreading]:
    """Yield the stretches that differ between two texts in lower case and are no single letters, if they are short."""
    first, last = (0, 0), (0, 0)
    for step in (*Levenshtein.opcodes(printed, read), None):
        if step is not None and step.tag != "equal":
            last = (step.src_end, step.dest_end)
            continue
        before, after = printed[first[0] : last[0]], read[first[1] : last[1]]
        if before and after and len(before) + len(after) > 2 and max(len(before), len(after)) <= LONGEST:
            yield before, after
        if step is not None:
            first = last = (step.src_end, step.dest_end)


@dataclass(frozen=True)
class Misreadings:
    """How often engines take what for what, whatever the document.

    Attributes:
        shares: (printed, read) -> the share of the occurrences of what was printed, or of all letters where nothing
            was, 0 to 1; single letters, and stretches of at most `LONGEST`.
    """

    shares: Mapping[Misreading, float] = field(default_factory=dict)

    @classmethod
    def from_pairs(cls, pairs: Iterable[TextPair]) -> Misreadings:
        """Return the shares in texts whose print is known; pairs whose lines do not correspond are left out."""
        printed: Counter[str] = Counter()
        misread: Counter[Misreading] = Counter()
        n_letters = 0
        for pair in pairs:
            if not is_parallel(pair):
                continue
            for line in line_pairs(pair):
                reference, hypothesis = line.reference.lower(), line.hypothesis.lower()
                n_letters += len(reference)
                for length in range(1, LONGEST + 1):
                    printed.update(reference[start : start + length] for start in range(len(reference) - length + 1))
                misread.update(misreadings(printed=reference, read=hypothesis))
                misread.update(_stretches(reference, hypothesis))
        printed[""] = n_letters
        return cls(
            {
                one: float(f"{count / (printed[one[0]] + _SLACK):.3g}")
                for one, count in sorted(misread.items())
                if count >= _LEAST_COUNT
            }
        )

    def log_probability(self, *, printed: str, read: str) -> float:
        """Return the natural logarithm of the probability that the misreadings between two texts happened.

        Of all ways to cut the texts into letters and stretches that of the likeliest misreadings is taken; a single
        letter may have become any other one with the probability `RARE`.
        """
        return self._known[_without_common_ends(printed.lower(), read.lower())]

    def _likeliest(self, question: tuple[str, str]) -> float:
        """Return what `log_probability` does for a print and what was read, without a memory."""
        printed, read = question
        logs, n_printed, n_read = self._logs, len(printed), len(read)
        best = [[-math.inf] * (n_read + 1) for _ in range(n_printed + 1)]
        best[0][0] = 0.0
        for i, row in enumerate(best):
            for j, so_far in enumerate(row):
                for before, after in _STEPS:
                    if i + before > n_printed or j + after > n_read:
                        continue
                    pair = printed[i : i + before], read[j : j + after]
                    if before == after == 1 and pair[0] == pair[1]:
                        share = 0.0
                    else:
                        share = logs.get(pair, _LOG_RARE if before <= 1 and after <= 1 else -math.inf)
                    total = so_far + share
                    if total > best[i + before][j + after]:
                        best[i + before][j + after] = total
        return best[-1][-1]

    @cached_property
    def _known(self) -> Remembered[tuple[str, str], float]:
        return Remembered(self._likeliest, _REMEMBERED)

    @cached_property
    def _logs(self) -> dict[Misreading, float]:
        return {pair: max(math.log(share), _LOG_RARE) for pair, share in self.shares.items() if share > 0}


def _without_common_ends(printed: str, read: str) -> tuple[str, str]:
    """Return two texts without the letters that both begin and end with; one on either side stays."""
    least = min(len(printed), len(read))
    start = next((place for place in range(least) if printed[place] != read[place]), least)
    end = next((place for place in range(least - start) if printed[-1 - place] != read[-1 - place]), least - start)
    start, end = max(start - 1, 0), max(end - 1, 0)
    return printed[start : len(printed) - end], read[start : len(read) - end]


NO_MISREADINGS = Misreadings()
"""Nothing is known of what engines take for what."""
