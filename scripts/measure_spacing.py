"""How often is right what the corrector does before the byte model sees a text, and how much of it does it find?

    python scripts/measure_spacing.py CLEAN.txt

Held-out lines are set with space between all letters, lose 19 spaces in 20, or have a hyphen within a word in seven, as
if a line had ended there, without and with other damage before it; an edit of `kzocr.preparation.spacing` is right if
it brings the text nearer to the print. So are those of `kzocr.preparation.decipherment` and
`kzocr.preparation.lost_letters`, which are asked about ten lines at a time with question marks, spaces or nothing for
the Kazakh letters. The last row is of the lines as they are, in which every edit is wrong unless there is a misprint.
Five minutes for 1,260 lines on one CPU core.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from kzocr.channel.damage import kinds_of_damage
from kzocr.channel.hyphenation import break_points
from kzocr.edits import Edit, apply_edits
from kzocr.evaluation import spread, text_lines
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.text_model import TEXT_MODEL_FILE, TextModel
from kzocr.models.loading import EMBEDDED
from kzocr.preparation.decipherment import deciphered
from kzocr.preparation.lost_letters import lost_letters
from kzocr.preparation.spacing import Spacing

SPACED = ("every letter apart", "19 spaces in 20 lost")
DIVIDED = {"a word in 7 divided": "- ", "a word in 7 divided, no space": "-"}
DIVIDED_SHARE = 1 / 7
LOST = {
    "Kazakh letters as question marks": deciphered,
    "Kazakh letters as spaces": lost_letters,
    "Kazakh letters gone": lost_letters,
}
LINES_TOGETHER = 10
BEFORE = ("nothing", "half of them", "a sign in 30 as one like it")


def main(
    clean: Annotated[Path, typer.Argument(help="UTF-8 text that nothing was trained on, a line a passage.")],
    lines: Annotated[int, typer.Option(min=1, help="So many lines are damaged.")] = 100,
    model: Annotated[Path, typer.Option(help="Folder with lexicon and text model.")] = EMBEDDED,
    seed: Annotated[int, typer.Option(help="Another seed damages other places.")] = 5,
) -> None:
    """Print how many spaces go and come, and the share of them that is right."""
    try:
        printed = text_lines(clean)
        spacing = Spacing(TextModel.read(model / TEXT_MODEL_FILE), Lexicon.read(model / LEXICON_FILE).__contains__)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    kinds = kinds_of_damage()
    table = Table("damage before", "spacing", "places", "edits", "right %")
    for before in BEFORE:
        damaged = [
            kinds[before].sample(line, np.random.default_rng([seed, number]))
            for number, line in enumerate(spread(printed, lines))
        ]
        for spaced in (*SPACED, *DIVIDED):
            n_places, judged = 0, []
            for number, read in enumerate(damaged):
                rng = np.random.default_rng([seed, number, 1])
                sign = DIVIDED.get(spaced)
                text = kinds[spaced].sample(read, rng) if sign is None else _divided(read, sign, rng)
                n_places += sum(change.tag != "equal" for change in Levenshtein.opcodes(read, text))
                judged += _judged(read, text, spacing.edits(text))
            table.add_row(before, spaced, *_figures(n_places, judged))
        for lost, find in LOST.items():
            n_places, judged = 0, []
            for first in range(0, len(damaged), LINES_TOGETHER):
                read = "\n".join(damaged[first : first + LINES_TOGETHER])
                text = kinds[lost].sample(read, np.random.default_rng([seed, first, 2]))
                n_places += Levenshtein.distance(read, text)
                judged += _judged(read, text, find(text, spacing.text_model, spacing.is_known))
            table.add_row(before, lost, *_figures(n_places, judged))
    n_edits = sum(len(spacing.edits(line)) for line in printed)
    whole = "\n".join(printed)
    n_edits += sum(len(find(whole, spacing.text_model, spacing.is_known)) for find in (deciphered, lost_letters))
    table.add_row("nothing", f"as printed, {len(printed):,} lines", "", f"{n_edits:,}", "")
    Console().print(table)


def _figures(n_places: int, judged: Sequence[bool]) -> tuple[str, str, str]:
    """Return what a row shows: damaged places, edits, and the percentage of these that is right."""
    return f"{n_places:,}", f"{len(judged):,}", f"{100 * np.mean(judged):.2f}" if judged else ""


def _divided(line: str, sign: str, rng: np.random.Generator) -> str:
    """Return the line with `sign` within some words, between syllables."""
    words = []
    for word in line.split(" "):
        points = [point for point in break_points(word) if word[point - 1].isalpha()]
        if points and rng.random() < DIVIDED_SHARE:
            point = int(rng.choice(points))
            word = word[:point] + sign + word[point:]
        words.append(word)
    return " ".join(words)


def _judged(printed: str, read: str, edits: Sequence[Edit]) -> list[bool]:
    """Return for each edit of `read` whether it brings it nearer to `printed`."""
    now = Levenshtein.distance(printed, read)
    return [Levenshtein.distance(printed, apply_edits(read, [edit])) < now for edit in edits]


if __name__ == "__main__":
    typer.run(main)
