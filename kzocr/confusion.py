"""Counts of what was read as what, with neighbours, by kind and by script."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from kzocr.alignment import align, chunks, shape
from kzocr.metrics import fold_whitespace
from kzocr.pairs import TextPair
from kzocr.text import KAZAKH_SPECIFIC, LETTERS, nfc

ErrorKind = Literal["space", "case", "look_alike", "kazakh_letter", "letter", "digit", "punctuation"]
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)

EDGE = ""
"""The neighbour of a confusion at the start or the end of a line."""


@dataclass(frozen=True)
class Confusion:
    """One unit that was read as another.

    Args:
        reference: what was printed, one character or several; `""` where something was read from nothing.
        hypothesis: what was read; `""` where nothing was.
        left: the printed character before, `""` at the start of a line.
        right: the printed character after, `""` at the end of a line.
    """

    reference: str
    hypothesis: str
    left: str = EDGE
    right: str = EDGE

    @property
    def kind(self) -> ErrorKind:
        """The kind of this error; see `error_kind`."""
        return error_kind(reference=self.reference, hypothesis=self.hypothesis)

    @property
    def n_errors(self) -> int:
        """Characters to edit to mend it."""
        return max(len(self.reference), len(self.hypothesis))


@dataclass(frozen=True)
class ConfusionCounts:
    """How often each unit was read as each other; counts of several texts add up with `+` or `sum`.

    Args:
        confusions: occurrences of each confusion with its neighbours; never zero.
        occurrences: how often each character was printed, right or wrong.
    """

    confusions: Mapping[Confusion, int] = field(default_factory=dict)
    occurrences: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_pairs(cls, pairs: Iterable[TextPair]) -> ConfusionCounts:
        """Return the confusions of `pairs`, aligned line by line where lines correspond.

        Texts are compared as `kzocr.metrics.cer` does by default: in NFC, whitespace folded in a line.
        """
        confusions: Counter[Confusion] = Counter()
        occurrences: Counter[str] = Counter()
        for pair in pairs:
            for reference, hypothesis in _lines(pair):
                occurrences.update(reference)
                confusions.update(_confusions(reference, hypothesis))
        return cls(dict(confusions), dict(occurrences))

    def __add__(self, other: ConfusionCounts) -> ConfusionCounts:
        confusions = Counter(self.confusions)
        confusions.update(other.confusions)
        occurrences = Counter(self.occurrences)
        occurrences.update(other.occurrences)
        return ConfusionCounts(dict(confusions), dict(occurrences))

    def __radd__(self, other: int) -> ConfusionCounts:
        if other != 0:
            return NotImplemented
        return self

    @property
    def n_errors(self) -> int:
        """Characters to edit, all confusions together; the errors of the same texts' `ErrorCounts`."""
        return sum(confusion.n_errors * n for confusion, n in self.confusions.items())

    def top(
        self,
        n: int | None = None,
        *,
        kind: ErrorKind | None = None,
        script: str | None = None,
        neighbours: bool = False,
    ) -> list[tuple[Confusion, int]]:
        """Return the most frequent confusions with their counts, ties in alphabetical order.

        Args:
            n: at most so many; None for all.
            kind: only errors of this kind.
            script: only confusions whose printed part is of this script; see `script_of`.
            neighbours: tell the same confusion between other neighbours apart; by default they are summed
                and the neighbours left empty.
        """
        chosen: Counter[Confusion] = Counter()
        for confusion, count in self.confusions.items():
            if kind is not None and confusion.kind != kind:
                continue
            if script is not None and script_of(confusion.reference) != script:
                continue
            key = confusion if neighbours else Confusion(confusion.reference, confusion.hypothesis)
            chosen[key] += count
        ranked = sorted(
            chosen.items(),
            key=lambda entry: (
                -entry[1],
                entry[0].reference,
                entry[0].hypothesis,
                entry[0].left,
                entry[0].right,
            ),
        )
        return ranked[:n]

    def by_kind(self) -> dict[ErrorKind, int]:
        """Return the characters to edit for each kind of error; the values add up to `n_errors`."""
        kinds: dict[ErrorKind, int] = dict.fromkeys(ERROR_KINDS, 0)
        for confusion, n in self.confusions.items():
            kinds[confusion.kind] += confusion.n_errors * n
        return kinds

    def by_script(self) -> dict[str, int]:
        """Return the characters to edit for each script of the printed part; they add up to `n_errors`.

        What was read from nothing has no printed script and counts for the script of what was read.
        """
        scripts: Counter[str] = Counter()
        for confusion, n in self.confusions.items():
            scripts[script_of(confusion.reference or confusion.hypothesis)] += confusion.n_errors * n
        return dict(sorted(scripts.items()))

    def by_character(self) -> list[tuple[str, int, int]]:
        """Return (character, times printed, times misread) for each printed character, most often misread first.

        A character is misread where it is part of a confusion; case counts, neighbours do not.
        """
        misread: Counter[str] = Counter()
        for confusion, n in self.confusions.items():
            for sign in confusion.reference:
                misread[sign] += n
        entries = [(sign, n, misread[sign]) for sign, n in self.occurrences.items()]
        return sorted(entries, key=lambda entry: (-entry[2], -entry[1], entry[0]))

    def single(self) -> list[tuple[str, str, int]]:
        """Return (printed, read, count) where one character was read as one other or as nothing, frequent first."""
        return [
            (confusion.reference, confusion.hypothesis, n)
            for confusion, n in self.top()
            if len(confusion.reference) == 1 and len(confusion.hypothesis) <= 1
        ]


def error_kind(*, reference: str, hypothesis: str) -> ErrorKind:
    """Return which kind of error it is to read `reference` as `hypothesis`; the first that fits.

    - "space": whitespace appeared or vanished, nothing else;
    - "case": only capitals and small letters differ;
    - "look_alike": a sign of the same shape that is no Kazakh letter is on one side: с and Latin c, ә and ə,
      і and 1;
    - "kazakh_letter": one of the nine letters that Russian lacks is on either side: қ and к;
    - "letter": another letter is on either side;
    - "digit": a digit is on either side;
    - "punctuation": neither letter nor digit.

    Args:
        reference: what was printed.
        hypothesis: what was read instead; differs from `reference`.

    Returns:
        `error_kind(reference="қ", hypothesis="к") == "kazakh_letter"`.
    """
    if "".join(reference.split()) == "".join(hypothesis.split()):
        return "space"
    if reference.casefold() == hypothesis.casefold():
        return "case"
    both = reference + hypothesis
    same_shape = [shape(sign) for sign in reference] == [shape(sign) for sign in hypothesis]
    if same_shape and not LETTERS.issuperset(both):
        return "look_alike"
    if not KAZAKH_SPECIFIC.isdisjoint(both):
        return "kazakh_letter"
    if any(sign.isalpha() for sign in both):
        return "letter"
    return "digit" if any(sign.isdigit() for sign in both) else "punctuation"


def script_of(text: str) -> str:
    """Return the script of the first letter of `text`, as "cyrillic", "latin" or another lower-case name.

    Without a letter it is "digit", "space", "punctuation" (any other sign) or "" (no text).
    """
    for sign in text:
        if sign.isalpha():
            return unicodedata.name(sign, "unknown").split()[0].lower()
    if not text:
        return ""
    if text.isspace():
        return "space"
    return "digit" if any(sign.isdigit() for sign in text) else "punctuation"


def _lines(pair: TextPair) -> list[tuple[str, str]]:
    references, hypotheses = pair.reference.split("\n"), pair.hypothesis.split("\n")
    if len(references) != len(hypotheses):
        references, hypotheses = [pair.reference], [pair.hypothesis]
    return [
        (fold_whitespace(nfc(reference)), fold_whitespace(nfc(hypothesis)))
        for reference, hypothesis in zip(references, hypotheses, strict=True)
    ]


def _confusions(reference: str, hypothesis: str) -> list[Confusion]:
    if reference == hypothesis:
        return []
    found = []
    for unit in chunks(align(reference=reference, hypothesis=hypothesis)):
        if unit.kind != "match":
            start, end = unit.reference_start, unit.reference_start + len(unit.reference)
            left, right = reference[max(start - 1, 0) : start], reference[end : end + 1]
            found.append(Confusion(unit.reference, unit.hypothesis, left, right))
    return found
