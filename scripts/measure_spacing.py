"""How often is a space right that the corrector takes out or puts in because words stand apart or run together?

    python scripts/measure_spacing.py CLEAN.txt

Held-out lines are set with space between all letters, or lose 19 spaces in 20, without and with other damage before
it; the edits of `kzocr.spacing` are judged by whether a space is printed there. The last row is of the lines as they
are, in which every edit is wrong unless there is a misprint. Two minutes for 1,260 lines on one CPU core.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from kzocr.channel.damage import kinds_of_damage
from kzocr.edits import Edit
from kzocr.evaluation import spread, text_lines
from kzocr.lexicon import LEXICON_FILE, Lexicon
from kzocr.loading import EMBEDDED
from kzocr.spacing import Spacing
from kzocr.text_model import TEXT_MODEL_FILE, TextModel

SPACED = ("every letter apart", "19 spaces in 20 lost")
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
    table = Table("damage before", "spacing", "spaces changed", "right %")
    for before in BEFORE:
        damaged = [
            kinds[before].sample(line, np.random.default_rng([seed, number]))
            for number, line in enumerate(spread(printed, lines))
        ]
        for spaced in SPACED:
            judged = [
                is_right
                for number, read in enumerate(damaged)
                for text in [kinds[spaced].sample(read, np.random.default_rng([seed, number, 1]))]
                for is_right in _judged(read, text, spacing.edits(text))
            ]
            table.add_row(before, spaced, f"{len(judged):,}", f"{100 * np.mean(judged):.2f}" if judged else "")
    n_edits = sum(len(spacing.edits(line)) for line in printed)
    table.add_row("nothing", f"as printed, {len(printed):,} lines", f"{n_edits:,}", "")
    Console().print(table)


def _judged(printed: str, read: str, edits: Sequence[Edit]) -> list[bool]:
    """Return for each edit of `read`, which has other spaces than `printed`, whether the print is so there."""
    spaces = {len(printed[:place].replace(" ", "")) for place, sign in enumerate(printed) if sign == " "}
    return [(len(read[: edit.start].replace(" ", "")) in spaces) == bool(edit.after) for edit in edits]


if __name__ == "__main__":
    typer.run(main)
