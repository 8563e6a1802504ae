"""What a context model looks at: the words of a text, and the parts of a word that have vectors.

The parts are the word itself, its starts and its endings, in the manner of fastText (Bojanowski et al. 2017,
https://aclanthology.org/Q17-1010) but for an agglutinative language: what stands inside a word tells less. They are
numbered by a hash, so that no list of them is needed, and some share a number.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import lru_cache

from kzocr.inference.doubts import DIVISION, whole_words

CONTEXT_FILE = "context.safetensors"
"""Name of the file beside a model's weights."""

NUMBER = "0"
"""What stands for every run of digits."""

PADDING = 0
"""The number of no part."""

N_PARTS = 14
"""Parts of a word: itself, endings of 1 to 6 letters, starts of 2 to 8."""

_LONGEST_ENDING = 6
_LONGEST_START = 8
_REMEMBERED = 1 << 15
_TOKEN = re.compile(rf"[^\W\d_]+(?:{DIVISION.pattern}[^\W\d_]+)*|\d+|[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number or a sign of a text: first character, one past the last, and what is looked up."""

    start: int
    end: int
    key: str


def tokens(text: str) -> list[Token]:
    """Return words in lower case, those that a line's end divides in one piece, runs of digits, and single signs."""
    return [Token(match.start(), match.end(), _key(match.group())) for match in _TOKEN.finditer(text)]


def _key(token: str) -> str:
    return NUMBER if token[0].isdecimal() else whole_words(token)


@lru_cache(maxsize=_REMEMBERED)
def part_numbers(key: str, n_rows: int) -> tuple[int, ...]:
    """Return the numbers of the parts of a word, `N_PARTS` of them, padded with `PADDING`.

    Args:
        key: a word in lower case, `NUMBER` or a sign, which has but one part.
        n_rows: the numbers are below it.
    """
    names = [f"={key}"]
    if key.isalpha():
        names += [f"-{key[-length:]}" for length in range(1, min(_LONGEST_ENDING, len(key)) + 1)]
        names += [f"{key[:length]}-" for length in range(2, min(_LONGEST_START, len(key)) + 1)]
    numbers = [1 + zlib.crc32(name.encode("utf-8", errors="surrogatepass")) % (n_rows - 1) for name in names]
    return (*numbers, *[PADDING] * (N_PARTS - len(numbers)))
