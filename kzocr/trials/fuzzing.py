"""Texts that nobody would print and files nevertheless hold; a check that a corrector survives them."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Protocol

import numpy as np

from kzocr.edits import Edit, apply_edits

LONG_CHARS = 500_000
"""Characters of the longest line: a megabyte of Kazakh letters."""

_MAX_CHARS = 600
_WORDS = (
    "Бүгін ауылда жаңбыр жауып, балалар үйде отырды қоңыр күз ж ұ м ыс 6ip ед1 Енд! қəлə и\u0306 "
    "1990-жылы №5 12,5 % www.mysal.kz asem@mysal.kz Windows COVID-19 өнді- қарым-қатынас"
).split()
_MARKS = [chr(code) for code in (*range(0x300, 0x330), 0x483, 0x20DD, 0x200D, 0xFE0F)]
_RIGHT_TO_LEFT = [chr(code) for code in (*range(0x5D0, 0x5EB), *range(0x627, 0x64B), 0x202E, 0x202B, 0x202C, 0x200F)]
_BREAKS = ["\n", "\r\n", "\r", "\n\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\t", "  ", "\u00a0"]
_ENCODINGS = ("cp1251", "cp1252", "latin-1", "koi8-r", "cp866", "utf-16-le", "mac_cyrillic")

Rng = np.random.Generator


class Explained(Protocol):
    """What a corrector tells about one text: see `kzocr.corrector.Correction`."""

    @property
    def text(self) -> str:
        """The corrected text."""

    @property
    def edits(self) -> Sequence[Edit]:
        """What was changed."""


Explain = Callable[[str], Explained]


def _characters(rng: Rng, characters: Sequence[str], n_chars: int) -> str:
    return "".join(characters[int(i)] for i in rng.integers(len(characters), size=n_chars))


def _length(rng: Rng) -> int:
    """Return a length in characters: often small, at times a few windows."""
    return int(rng.integers(1, _MAX_CHARS) * rng.random() ** 2) + 1


def _prose(rng: Rng) -> str:
    return " ".join(_WORDS[int(i)] for i in rng.integers(len(_WORDS), size=_length(rng) // 6 + 1))


def _unicode(rng: Rng) -> str:
    return "".join(map(chr, rng.integers(0x110000, size=_length(rng)).tolist()))


def _basic_plane(rng: Rng) -> str:
    return "".join(map(chr, rng.integers(0x3000, size=_length(rng)).tolist()))


def _surrogates(rng: Rng) -> str:
    return _mixed(rng, [chr(code) for code in range(0xD800, 0xE000, 64)], 0.2)


def _marks(rng: Rng) -> str:
    return _mixed(rng, _MARKS, 0.5)


def _right_to_left(rng: Rng) -> str:
    return _mixed(rng, _RIGHT_TO_LEFT, 0.4)


def _breaks(rng: Rng) -> str:
    return _mixed(rng, _BREAKS, 0.3)


def _controls(rng: Rng) -> str:
    return _mixed(rng, [chr(code) for code in (*range(0x20), 0x7F, 0xAD, 0xFEFF, 0xFFFD, 0xFFFF)], 0.2)


def _mixed(rng: Rng, foreign: Sequence[str], share: float) -> str:
    prose = list(_prose(rng))
    for place in np.flatnonzero(rng.random(len(prose)) < share).tolist():
        prose[place] += foreign[int(rng.integers(len(foreign)))]
    return "".join(prose)


def _encodings(rng: Rng) -> str:
    """Return stretches of text, each written in one encoding and read in another."""
    parts = []
    for _ in range(int(rng.integers(1, 6))):
        written, read = (_ENCODINGS[int(i)] for i in rng.integers(len(_ENCODINGS), size=2))
        data = _prose(rng).encode(written if rng.random() < 0.5 else "utf-8", errors="replace")
        parts.append(data.decode(read, errors="replace"))
    return str(rng.choice(["", " ", "\n"])).join(parts)


def _unbroken(rng: Rng) -> str:
    return _characters(rng, "қазғөүұіңһшыр", 5 * _length(rng))


def _repeats(rng: Rng) -> str:
    return _characters(rng, ["қ", "ан", ". ", "\n", "5", "-\n", "\u0301"], int(rng.integers(1, 4))) * _length(rng)


KINDS: dict[str, Callable[[Rng], str]] = {
    "prose": _prose,
    "unicode": _unicode,
    "basic plane": _basic_plane,
    "surrogates": _surrogates,
    "combining marks": _marks,
    "right to left": _right_to_left,
    "line breaks": _breaks,
    "control characters": _controls,
    "mixed encodings": _encodings,
    "no spaces": _unbroken,
    "repeats": _repeats,
}
"""Name -> a function that draws a text of that kind."""


def fuzzed_texts(n_texts: int, *, seed: int, long_chars: int = LONG_CHARS) -> Iterator[tuple[str, str]]:
    """Yield (kind, text): the kinds in turn, then three long texts; text i depends on `seed` and i alone.

    Args:
        n_texts: how many in all, the empty text first.
        seed: another seed gives other texts.
        long_chars: characters of a line without a space, which is one of the long texts; blank lines and short
            lines are the others, a tenth as long.
    """
    names = list(KINDS)
    last: dict[str, Callable[[Rng], str]] = {
        "long line": lambda rng: _characters(rng, "қазғөүұіңһшыр", long_chars),
        "blank lines": lambda rng: "\n" * (long_chars // 10),
        "short lines": lambda rng: _characters(rng, ["қ", "\n", "а\n", "\n\n", "1\r\n"], long_chars // 10),
    }
    n_short = max(0, n_texts - 1 - len(last))
    for number in range(min(n_texts, 1 + n_short)):
        rng = np.random.default_rng([seed, number])
        name = names[number % len(names)]
        yield (name, KINDS[name](rng)) if number else ("empty", "")
    for number, (name, draw) in enumerate(list(last.items())[: max(0, n_texts - 1 - n_short)]):
        yield name, draw(np.random.default_rng([seed, n_texts, number]))


@dataclass
class FuzzReport:
    """What came of the texts.

    Attributes:
        n_texts: texts by kind.
        n_chars: characters given in all.
        n_edits: edits made.
        slowest_seconds: the longest time for one text, by kind.
        failures: (number of the text, kind, what went wrong).
    """

    n_texts: Counter[str] = field(default_factory=Counter)
    n_chars: int = 0
    n_edits: int = 0
    slowest_seconds: dict[str, float] = field(default_factory=dict)
    failures: list[tuple[int, str, str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {**vars(self), "n_texts": dict(self.n_texts)}

    def to_markdown(self) -> str:
        """Return a table with a row a kind."""
        failed = Counter(kind for _, kind, _ in self.failures)
        rows = [
            f"| {kind} | {n} | {failed[kind]} | {self.slowest_seconds[kind]:.2f} |" for kind, n in self.n_texts.items()
        ]
        total = sum(self.n_texts.values())
        rows.append(
            f"| **all** | {total} | {len(self.failures)} | {max(self.slowest_seconds.values(), default=0):.2f} |"
        )
        head = ["| kind | texts | failures | slowest, seconds |", "|---|---|---|---|"]
        return "\n".join([*head, *rows]) + f"\n\n{self.n_chars:,} characters in all, {self.n_edits:,} edits made.\n"


def fuzz(
    explain: Explain,
    texts: Iterator[tuple[str, str]],
    *,
    limit_seconds: float,
    limit_seconds_per_kilochar: float,
    on_text: Callable[[FuzzReport], None] | None = None,
) -> FuzzReport:
    """Return what a corrector does with texts: it must neither raise nor hang nor lose a line.

    Args:
        explain: the corrector, with its lines kept.
        texts: (kind, text).
        limit_seconds: time for any text; where the system has alarms, a text that takes longer is given up.
        limit_seconds_per_kilochar: more time for each thousand characters.
        on_text: called after every text.
    """
    report = FuzzReport()
    for number, (kind, text) in enumerate(texts):
        start_seconds = time.perf_counter()
        limit = limit_seconds + limit_seconds_per_kilochar * len(text) / 1000
        try:
            with _time_limit(limit):
                explained = explain(text)
            problem = damage(text, explained)
            report.n_edits += len(explained.edits)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - start_seconds
        if problem is None and seconds > limit:
            problem = f"{seconds:.1f} s, {limit:.1f} s are allowed"
        if problem is not None:
            report.failures.append((number, kind, problem))
        report.n_texts[kind] += 1
        report.n_chars += len(text)
        report.slowest_seconds[kind] = max(seconds, report.slowest_seconds.get(kind, 0.0))
        if on_text is not None:
            on_text(report)
    return report


def damage(text: str, explained: Explained) -> str | None:
    """Return what a correction damaged that no correction may, or `None`: edits that do not fit, lines, line ends.

    A line ends at any of `kzocr.edits.LINE_BREAKS`, as for the corrector: these are the ones that `splitlines` knows.
    """
    try:
        if apply_edits(text, explained.edits) != explained.text:
            return "the edits do not give the text"
    except ValueError as error:
        return f"the edits do not fit: {error}"
    before, after = text.splitlines(keepends=True), explained.text.splitlines(keepends=True)
    if len(before) != len(after):
        return f"{len(before)} lines before, {len(after)} after"
    for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
        if old[len(old.rstrip()) :] != new[len(new.rstrip()) :] or bool(old.strip()) != bool(new.strip()):
            return f"line {number} is damaged"
    return None


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` in the block after so many seconds, on systems that can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer after {seconds:.1f} s")

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
