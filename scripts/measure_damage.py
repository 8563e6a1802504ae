"""Which kinds of damage does a corrector mend? One kind at a time, spread evenly over held-out clean lines.

    python scripts/measure_damage.py CLEAN.txt --lines 70 --json docs/damage.json --page docs/results.md

No engine makes errors of one kind alone; the table shows where a model is blind, whatever the engine. Every kind is a
channel of `kzocr.channel.damage`, drawn with the same seed for every model. With `--page`, what stands between
`<!-- damage -->` and `<!-- end of damage -->` there is replaced.

Time and hardware: seven minutes for 70 lines on one CPU core.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import track

from kzocr.channel.damage import kinds_of_damage
from kzocr.cli.models import ModelOptions
from kzocr.evaluation import text_lines
from kzocr.figures.result_tables import replace_between_markers
from kzocr.metrics import cer

LEAST_CHARS = 40


def main(
    clean: Annotated[list[Path], typer.Argument(help="UTF-8 texts that nothing was trained on, a line a passage.")],
    lines: Annotated[int, typer.Option(min=1, help="So many lines of at least 40 characters are damaged.")] = 70,
    model: Annotated[str | None, typer.Option(help="A folder or a name on the Hub; default: the package's.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed takes other lines and damages other places.")] = 5,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON.")] = None,
    page: Annotated[Path | None, typer.Option(help="Markdown page whose marked part is replaced.")] = None,
) -> None:
    """Print the character error rate of every kind of damage before and after correction."""
    try:
        if json_path is not None:
            json_path.parent.mkdir(parents=True, exist_ok=True)
        found = [line for path in clean for line in text_lines(path) if len(line) >= LEAST_CHARS]
        corrector = ModelOptions(model).load()
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    printed = "\n".join(random.Random(seed).sample(found, min(lines, len(found))))
    if not printed:
        print(f"error: no line of {LEAST_CHARS} characters in {', '.join(map(str, clean))}", file=sys.stderr)
        raise typer.Exit(1)
    figures: list[dict[str, str | float]] = []
    for name, channel in track(kinds_of_damage().items(), description="kinds of damage"):
        read = channel.sample(printed, np.random.default_rng(seed))
        before, after = (cer(reference=printed, hypothesis=text) for text in (read, corrector.correct(read)))
        figures.append({"damage": name, "cer_before": before, "cer_after": after})
    table = _table(figures)
    print(table)
    if json_path is not None:
        content = {"n_characters": len(printed), "n_lines": printed.count("\n") + 1, "seed": seed, "damage": figures}
        json_path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if page is not None:
        text = page.read_text(encoding="utf-8")
        page.write_text(replace_between_markers(text, "damage", table), encoding="utf-8")


def _table(figures: list[dict[str, str | float]]) -> str:
    """Return the figures in percent as a Markdown table."""
    rows = ["| damage | CER % before | after |", "|---|---|---|"]
    for row in figures:
        rows.append(f"| {row['damage']} | {100 * float(row['cer_before']):.2f} | {100 * float(row['cer_after']):.2f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    typer.run(main)
