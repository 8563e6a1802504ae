"""Which words keep company: how much oftener than by chance do words of such stems and endings stand side by side?

Single pairs of words are rare in a language whose words have many endings. Their stems tell what a text is about, their
endings how its words hang together («халық ертегілері», not «халық ертегілер»): pairs of these are common enough to be
counted. The measure is a ratio of counts in logarithms, pointwise mutual information (Church and Hanks 1990), drawn
towards 0 where little was seen.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

STEM_CHARS = 5
"""Letters at the start of a word that are taken for its stem."""

ENDING_CHARS = 3
"""Letters at the end of a word that are taken for its ending."""

LEAST_COUNT = 2
"""Pairs that were seen less often are left out."""

KINDS = ("stem_stem", "stem_ending", "ending_stem", "ending_ending")
"""What of a word and what of the next one are looked at together."""

NO_GAINS = (0.0,) * len(KINDS)
"""What is gained where nothing is known."""

_SLACK = 2.0
_EDGE = "^"
_PREFIX = "company_"
_SHIFT = 20
_REMEMBERED = 1 << 16

Array = npt.NDArray[np.int64]


class Company:
    """How often parts of neighbouring words were seen together.

    Args:
        parts: each part of a word, with how often it was seen.
        pairs: for each of `KINDS`, (part of a word, part of the next one) -> count.
        n_words: words that were counted.

    Raises:
        ValueError: a pair has a part that is not among `parts`, or there are too many parts.
    """

    def __init__(
        self, parts: Mapping[str, int], pairs: Mapping[str, Mapping[tuple[str, str], int]], n_words: int
    ) -> None:
        if len(parts) >= 1 << _SHIFT:
            raise ValueError(f"{len(parts)} parts of words: at most {1 << _SHIFT} can be numbered")
        self.n_words = n_words
        self._number = {part: number for number, part in enumerate(sorted(parts))}
        self._count = np.array([parts[part] for part in self._number], dtype=np.int64)
        self._known: dict[tuple[str, str, str], float] = {}
        self._codes: dict[str, Array] = {}
        self._seen: dict[str, Array] = {}
        for kind in KINDS:
            try:
                coded = {self._code(left, right): count for (left, right), count in pairs.get(kind, {}).items()}
            except KeyError as error:
                raise ValueError(f"{kind}: the part {error} of a pair was not counted") from error
            self._codes[kind] = np.array(sorted(coded), dtype=np.int64)
            self._seen[kind] = np.array([coded[code] for code in self._codes[kind].tolist()], dtype=np.int64)

    def __len__(self) -> int:
        """The number of pairs."""
        return sum(map(len, self._codes.values()))

    def _code(self, left: str, right: str) -> int:
        return self._number[left] << _SHIFT | self._number[right]

    def gains(self, left: str, before: Sequence[str], after: Sequence[str], right: str) -> tuple[float, ...]:
        """Return for each of `KINDS` by how many nats other words fit better between two neighbours.

        Args:
            left: the word in front, lower case; "" at the start of a text.
            before: the words that stand there.
            after: the words that may stand there instead.
            right: the word behind.
        """
        if not len(self):
            return NO_GAINS
        now, then = self._fits([left, *before, right]), self._fits([left, *after, right])
        return tuple(b - a for a, b in zip(now, then, strict=True))

    def _fits(self, words: Sequence[str]) -> list[float]:
        """Return for each of `KINDS` how well words go with the ones behind them, added up."""
        stems, endings = [_stem(word) for word in words], [_ending(word) for word in words]
        sides = {"stem": stems, "ending": endings}
        found = []
        for kind in KINDS:
            first, second = (sides[side] for side in kind.split("_"))
            found.append(sum(self._association(kind, a, b) for a, b in zip(first, second[1:], strict=False)))
        return found

    def _association(self, kind: str, left: str, right: str) -> float:
        """Return by how much oftener than by chance two parts stand side by side, in nats; remembered."""
        key = kind, left, right
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = self._looked_up(kind, left, right)
        return self._known[key]

    def _looked_up(self, kind: str, left: str, right: str) -> float:
        if left not in self._number or right not in self._number:
            return 0.0
        one, other = self._number[left], self._number[right]
        expected = float(self._count[one]) * float(self._count[other]) / self.n_words
        codes = self._codes[kind]
        code = one << _SHIFT | other
        place = int(np.searchsorted(codes, code))
        seen = float(self._seen[kind][place]) if place < len(codes) and codes[place] == code else 0.0
        return math.log((seen + _SLACK) / (expected + _SLACK))

    @classmethod
    def from_lines(cls, lines: Iterable[str], least_count: int = LEAST_COUNT) -> Company:
        """Return what was counted in lines of text without errors, each with an edge before and behind it.

        Args:
            lines: text; a word's letters count, signs around and inside it do not.
            least_count: of a pair.
        """
        parts: Counter[str] = Counter()
        pairs: dict[str, Counter[tuple[str, str]]] = {kind: Counter() for kind in KINDS}
        n_words = 0
        for line in lines:
            words = ["", *("".join(filter(str.isalpha, token)) for token in line.lower().split()), ""]
            stems, endings = [_stem(word) for word in words], [_ending(word) for word in words]
            n_words += len(words)
            parts.update(stems)
            # A short word is its own stem and ending, and counts once.
            parts.update(ending for stem, ending in zip(stems, endings, strict=True) if stem != ending)
            sides = {"stem": stems, "ending": endings}
            for kind in KINDS:
                first, second = (sides[side] for side in kind.split("_"))
                pairs[kind].update(zip(first, second[1:], strict=False))
        kept = {kind: {pair: n for pair, n in found.items() if n >= least_count} for kind, found in pairs.items()}
        used = {part for found in kept.values() for pair in found for part in pair}
        return cls({part: parts[part] for part in used}, kept, n_words)

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the tables as arrays that `from_arrays` takes back."""
        arrays: dict[str, npt.NDArray[np.generic]] = {
            "parts": np.frombuffer("\n".join(self._number).encode("utf-8"), dtype=np.uint8),
            "counts": self._count.astype(np.int32),
            "n_words": np.array([self.n_words]),
        }
        for kind in KINDS:
            arrays[f"steps_{kind}"] = np.diff(self._codes[kind], prepend=0)
            arrays[f"seen_{kind}"] = self._seen[kind].astype(np.int32)
        return {_PREFIX + name: array for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Company:
        """Return what `to_arrays` described; nothing is known where the arrays have none of it.

        Raises:
            KeyError: an array is missing.
            ValueError: the arrays do not belong together.
        """
        if f"{_PREFIX}parts" not in arrays:
            return NO_COMPANY
        found = cls({}, {}, int(arrays[f"{_PREFIX}n_words"][0]))
        parts = bytes(arrays[f"{_PREFIX}parts"]).decode("utf-8").split("\n")
        found._number = {part: number for number, part in enumerate(parts)}
        found._count = arrays[f"{_PREFIX}counts"].astype(np.int64)
        if len(found._count) != len(parts):
            raise ValueError(f"{len(parts)} parts of words with {len(found._count)} counts")
        for kind in KINDS:
            found._codes[kind] = np.cumsum(arrays[f"{_PREFIX}steps_{kind}"].astype(np.int64))
            found._seen[kind] = arrays[f"{_PREFIX}seen_{kind}"].astype(np.int64)
            if len(found._codes[kind]) != len(found._seen[kind]):
                raise ValueError(f"{kind}: {len(found._codes[kind])} pairs with {len(found._seen[kind])} counts")
        return found


def _stem(word: str) -> str:
    return word if 0 < len(word) <= STEM_CHARS else f"{word[:STEM_CHARS]}-" if word else _EDGE


def _ending(word: str) -> str:
    return word if 0 < len(word) <= ENDING_CHARS else f"-{word[-ENDING_CHARS:]}" if word else _EDGE


NO_COMPANY = Company({}, {}, 0)
"""Nothing was counted."""
