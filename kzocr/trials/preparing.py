"""How often is right what is done to a text before the byte model sees it, and how much of the damage does it find?

Lines are damaged in their spaces, by hyphens within words, or in their Kazakh letters, without and with other damage
before it. An edit is right if it brings the text nearer to what stood there before the damage that it is meant for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from kzocr.channel.damage import kinds_of_damage
from kzocr.channel.hyphenation import break_points
from kzocr.edits import Edit, apply_edits
from kzocr.metrics import share
from kzocr.preparation.decipherment import deciphered
from kzocr.preparation.lost_letters import lost_letters
from kzocr.preparation.spacing import Spacing

BEFORE = {
    "nothing": "nothing",
    "half of the Kazakh letters as Russian ones": "half of them",
    "a sign in 30 as one like it": "a sign in 30 as one like it",
}
"""Damage before -> its name in `kinds_of_damage`."""

SPACED = ("every letter apart", "19 spaces in 20 lost")
DIVIDED = {"a word in 7 divided": "- ", "a word in 7 divided, no space": "-"}
DIVIDED_SHARE = 1 / 7
LOST = {
    "Kazakh letters as question marks": deciphered,
    "Kazakh letters as spaces": lost_letters,
    "Kazakh letters gone": lost_letters,
    "half of the Kazakh letters as spaces": lost_letters,
    "half of the Kazakh letters gone": lost_letters,
}
LINES_TOGETHER = 10
"""So many lines are asked about at a time where letters are lost: which ones is seen in a text, not in a line."""


@dataclass(frozen=True)
class Repairs:
    """What was done to lines with one kind of damage.

    Attributes:
        before: other damage that they had before, and that no edit is meant for.
        damage: the kind.
        n_places: where it was done.
        n_edits: edits made.
        n_right: those of them that bring the text nearer to what it was.
    """

    before: str
    damage: str
    n_places: int
    n_edits: int
    n_right: int


@dataclass(frozen=True)
class PreparingReport:
    """What is done before the byte model sees a text.

    Attributes:
        seed: of the damage.
        repairs: by damage before, and by kind.
        n_clean_lines: lines given as they are.
        n_clean_edits: edits made in them.
    """

    seed: int
    repairs: tuple[Repairs, ...]
    n_clean_lines: int
    n_clean_edits: int

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self)


def measure_preparing(printed: Sequence[str], damaged: Sequence[str], spacing: Spacing, seed: int) -> PreparingReport:
    """Return what is done to lines with every kind of damage, and to lines as they are.

    Args:
        printed: lines to leave as they are.
        damaged: lines to damage.
        spacing: finds spaces; its text model and its words are what letters are found with.
        seed: another seed damages other places.
    """
    repairs = [row for before in BEFORE for row in _repairs(before, damaged, spacing, seed)]
    n_edits = sum(len(spacing.edits(line)) for line in printed)
    whole = "\n".join(printed)
    n_edits += sum(len(find(whole, spacing.text_model, spacing.is_known)) for find in (deciphered, lost_letters))
    return PreparingReport(seed, tuple(repairs), len(printed), n_edits)


def preparing_markdown(report: Mapping[str, Any]) -> str:
    """Return the Markdown table of a `PreparingReport.to_dict()`."""
    lines = ["| damage before | spacing, letters | places | edits | right % |", "|---|---|---|---|---|"]
    for row in report["repairs"]:
        n_places, n_edits = row["n_places"], row["n_edits"]
        right = f"{100 * share(row['n_right'], n_edits):.2f} " if n_edits else ""
        lines.append(f"| {row['before']} | {row['damage']} | {n_places:,} | {n_edits:,} | {right}|")
    lines.append(f"| nothing | as printed, {report['n_clean_lines']:,} lines | | {report['n_clean_edits']:,} | |")
    return "\n".join(lines)


def divided(line: str, sign: str, rng: np.random.Generator) -> str:
    """Return the line with `sign` within some words, between syllables."""
    words = []
    for word in line.split(" "):
        points = [point for point in break_points(word) if word[point - 1].isalpha()]
        if points and rng.random() < DIVIDED_SHARE:
            point = int(rng.choice(points))
            word = word[:point] + sign + word[point:]
        words.append(word)
    return " ".join(words)


def right_edits(printed: str, read: str, edits: Sequence[Edit]) -> list[bool]:
    """Return for each edit of `read` whether it alone brings it nearer to `printed`."""
    now = Levenshtein.distance(printed, read)
    return [Levenshtein.distance(printed, apply_edits(read, [edit])) < now for edit in edits]


def _repairs(before: str, lines: Sequence[str], spacing: Spacing, seed: int) -> Iterator[Repairs]:
    """Yield what is done to each kind of damage, with the same damage before it."""
    kinds = kinds_of_damage()
    read = [kinds[BEFORE[before]].sample(line, np.random.default_rng([seed, n])) for n, line in enumerate(lines)]
    for damage in (*SPACED, *DIVIDED):
        texts = []
        for number, line in enumerate(read):
            rng = np.random.default_rng([seed, number, 1])
            sign = DIVIDED.get(damage)
            texts.append(kinds[damage].sample(line, rng) if sign is None else divided(line, sign, rng))
        yield _judged(before, damage, read, texts, _n_changes, spacing.edits)
    starts = range(0, len(read), LINES_TOGETHER)
    together = ["\n".join(read[start : start + LINES_TOGETHER]) for start in starts]
    for damage, find in LOST.items():
        texts = [
            kinds[damage].sample(part, np.random.default_rng([seed, start, 2]))
            for start, part in zip(starts, together, strict=True)
        ]
        find_known = partial(find, text_model=spacing.text_model, is_known=spacing.is_known)
        yield _judged(before, damage, together, texts, Levenshtein.distance, find_known)


def _judged(
    before: str,
    damage: str,
    printed: Sequence[str],
    read: Sequence[str],
    count: Callable[[str, str], int],
    find: Callable[[str], Sequence[Edit]],
) -> Repairs:
    pairs = list(zip(printed, read, strict=True))
    are_right = [is_right for one, other in pairs for is_right in right_edits(one, other, find(other))]
    return Repairs(before, damage, sum(count(*pair) for pair in pairs), len(are_right), sum(are_right))


def _n_changes(printed: str, read: str) -> int:
    """Return in how many places the texts differ, whatever the length of each."""
    return sum(change.tag != "equal" for change in Levenshtein.opcodes(printed, read))
