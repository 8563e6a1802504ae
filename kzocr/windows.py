"""Long text -> overlapping windows within a byte budget. The cores of the windows are the text, losslessly.

A byte-level model reads a few hundred bytes at a time. A window has a *core*, which it is responsible for,
and some *context* on both sides, which it only reads: `core(0) + core(1) + ... == text`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from kzocr.text import n_bytes

CORE_BYTES = 232
"""Bytes of a core: with 24 on each side as few errors are left as with 200 and 40, for a seventh less work (measured:
docs/experiments.md, how much context a window needs)."""

CONTEXT_BYTES = 24
"""Bytes read on each side: two words, which are as good as four (the same table)."""

_MIN_BYTES = 4
"""The longest UTF-8 sequence: a smaller budget could not hold every character."""

_LONGEST_CLUSTER_CHARS = 16
"""How far a cut moves back to stay out of a base letter and its combining marks."""

_SENTENCE_END = re.compile(r"[.!?…][»”\"')\]]*\s")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a text with the part of it that is this window's own.

    Attributes:
        start: first character of the window, in characters of the whole text.
        end: one past the window's last character.
        core_start: first character of the core; `start <= core_start`.
        core_end: one past the core's last character; `core_end <= end`.
        text: the window's characters, context included.
    """

    start: int
    end: int
    core_start: int
    core_end: int
    text: str

    @property
    def core(self) -> str:
        """Return the characters of the core."""
        return self.text[self.core_start - self.start : self.core_end - self.start]


def windows(text: str, *, core_bytes: int = CORE_BYTES, context_bytes: int = CONTEXT_BYTES) -> Iterator[Window]:
    r"""Yield the windows of `text` from left to right; time is linear in the text, memory constant.

    A core ends behind a line end or a sentence end where one is near the budget, else behind a space. A run
    longer than the budget without a space is cut between two characters, and not before a combining mark.

    Args:
        text: any string; line breaks are ordinary characters. An empty text has no window.
        core_bytes: UTF-8 bytes of a core, at least 4. A core may also take what its contexts leave unused.
        context_bytes: UTF-8 bytes of context on each side, at least 0. A window has at most
            `core_bytes + 2 * context_bytes` bytes in all.

    Yields:
        Windows with adjoining cores:
        `[w.core for w in windows("аб вг", core_bytes=5, context_bytes=0)] == ["аб ", "вг"]`.

    Raises:
        ValueError: a budget is too small.
    """
    if core_bytes < _MIN_BYTES or context_bytes < 0:
        raise ValueError(
            f"core_bytes must be at least {_MIN_BYTES} and context_bytes at least 0, "
            f"not {core_bytes} and {context_bytes}"
        )
    core_start = 0
    while core_start < len(text):
        start = _context_start(text, core_start, context_bytes)
        budget = core_bytes + 2 * context_bytes - n_bytes(text[start:core_start])
        limit = _reach(text, core_start, budget)
        if limit < len(text):
            limit = _reach(text, core_start, budget - context_bytes)
            core_end = _cut(text, core_start, limit)
            end = _context_end(text, core_end, context_bytes)
        else:
            core_end = end = limit
        yield Window(start, end, core_start, core_end, text[start:end])
        core_start = core_end


def _reach(text: str, start: int, budget_bytes: int) -> int:
    """Return the largest end for which `text[start:end]` has at most `budget_bytes` bytes."""
    data = text[start : start + budget_bytes].encode("utf-8", errors="surrogatepass")
    if len(data) <= budget_bytes:
        return min(start + budget_bytes, len(text))
    cut = budget_bytes
    while data[cut] & 0xC0 == 0x80:
        cut -= 1
    return start + len(data[:cut].decode("utf-8", errors="surrogatepass"))


def _cut(text: str, start: int, limit: int) -> int:
    """Return where the core that begins at `start` ends: at most at `limit`, behind the best break."""
    stretch = text[start:limit]
    newline = stretch.rfind("\n") + 1
    if 2 * newline >= len(stretch):
        return start + newline
    from_chars = 2 * len(stretch) // 3
    sentence_end = 0
    for match in _SENTENCE_END.finditer(stretch, from_chars):
        sentence_end = match.end()
    if sentence_end:
        return start + sentence_end
    if stretch[-1].isspace() and not _is_inside(text, limit):
        return limit
    pieces = stretch.rsplit(None, 1)
    if len(pieces) == 2:
        return limit - (len(stretch) - stretch.rindex(pieces[1]))
    return _character_boundary(text, start, limit)


def _is_inside(text: str, position: int) -> bool:
    """Return whether a cut at `position` would part what belongs together: letter and mark, CR and LF."""
    if not 0 < position < len(text):
        return False
    after, before = text[position], text[position - 1]
    return (
        unicodedata.combining(after) != 0
        or after in _JOINERS
        or before == "\u200d"
        or (before == "\r" and after == "\n")
    )


def _character_boundary(text: str, start: int, limit: int) -> int:
    """Return a cut in (start, limit] that is outside a combining sequence, where there is one nearby."""
    position = limit
    while position > max(start, limit - _LONGEST_CLUSTER_CHARS):
        if not _is_inside(text, position):
            return position
        position -= 1
    return limit


def _context_start(text: str, core_start: int, context_bytes: int) -> int:
    """Return where the left context begins: at a word where possible, within `context_bytes`."""
    if context_bytes == 0:
        return core_start
    lowest = max(0, core_start - context_bytes)
    data = text[lowest:core_start].encode("utf-8", errors="surrogatepass")
    if len(data) > context_bytes:
        cut = len(data) - context_bytes
        while cut < len(data) and data[cut] & 0xC0 == 0x80:
            cut += 1
        lowest = core_start - len(data[cut:].decode("utf-8", errors="surrogatepass"))
    if lowest == 0 or text[lowest - 1].isspace():
        return lowest
    pieces = text[lowest:core_start].split(None, 1)
    if len(pieces) == 2:
        # The first piece is a word's tail: begin with the word behind it.
        return core_start - len(pieces[1])
    while lowest < core_start and _is_inside(text, lowest):
        lowest += 1
    return lowest


def _context_end(text: str, core_end: int, context_bytes: int) -> int:
    """Return where the right context ends: behind a word where possible, within `context_bytes`."""
    highest = _reach(text, core_end, context_bytes)
    if highest == len(text) or highest == core_end or text[highest].isspace():
        return highest
    context = text[core_end:highest]
    pieces = context.rsplit(None, 1)
    if len(pieces) == 2:
        return highest - (len(context) - context.rindex(pieces[1]))
    return _character_boundary(text, core_end, highest)
