"""Lines that stand there again, one below the other: corrected once, and all alike.

A model that has to print the same line three times loses count of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from kzocr.edits import Edit


@dataclass(frozen=True)
class Folding:
    """A text with each run of the same line as one line.

    Attributes:
        text: the text without the repeats.
        kept: for each run of lines where the first begins in `text`, and where each of them begins in the whole text,
            from left to right.
    """

    text: str
    kept: tuple[tuple[int, tuple[int, ...]], ...]

    @classmethod
    def of(cls, text: str) -> Folding:
        """Return the folding of a text; blank lines are no repeats, nor are the rows of a table.

        Args:
            text: any string.
        """
        pieces: list[str] = []
        kept: list[tuple[int, tuple[int, ...]]] = []
        start = folded_start = 0
        for content, run in groupby(text.splitlines(keepends=True), key=str.strip):
            lines = list(run)
            if content and "  " not in content and len(set(map(str.rstrip, lines))) == 1:
                starts = [start]
                for line in lines[:-1]:
                    starts.append(starts[-1] + len(line))
                kept.append((folded_start, tuple(starts)))
                shown = lines[:1]
            else:
                kept.append((folded_start, (start,)))
                shown = lines
            pieces += shown
            folded_start += sum(map(len, shown))
            start += sum(map(len, lines))
        return cls("".join(pieces), tuple(kept))

    @property
    def has_repeats(self) -> bool:
        """Whether the text differs from the whole one."""
        return any(len(starts) > 1 for _, starts in self.kept)

    def unfolded(self, edits: Iterable[Edit]) -> list[Edit]:
        """Return what is done to the whole text if `edits`, none of which changes a line break, are done to `text`.

        Args:
            edits: from left to right, offsets in characters of `text`.
        """
        of_runs: list[list[Edit]] = [[] for _ in self.kept]
        number = 0
        for edit in edits:
            while number + 1 < len(self.kept) and self.kept[number + 1][0] <= edit.start:
                number += 1
            of_runs[number].append(edit)
        return [
            edit.moved(start - folded_start)
            for (folded_start, starts), of_run in zip(self.kept, of_runs, strict=True)
            for start in starts
            for edit in of_run
        ]
