"""How often is right what the corrector does before the byte model sees a text, and how much of it does it find?

    python scripts/measure_spacing.py CLEAN.txt --json spacing.json --page docs/trust.md

Held-out lines are set with space between all letters, lose 19 spaces in 20, or have a hyphen within a word in seven, as
if a line had ended there, without and with other damage before it; an edit of `kzocr.preparation.spacing` is right if
it brings the text nearer to the print. So are those of `kzocr.preparation.decipherment` and
`kzocr.preparation.lost_letters`, which are asked about ten lines at a time with question marks, spaces or nothing for
the Kazakh letters. The last row is of the lines as they are, in which every edit is wrong unless there is a misprint.
With `--page`, what stands between `<!-- spacing -->` and `<!-- end of spacing -->` there is replaced.
Five minutes for 1,260 lines on one CPU core.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from kzocr.evaluation import spread, text_lines
from kzocr.figures.result_tables import replace_between_markers
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.text_model import TEXT_MODEL_FILE, TextModel
from kzocr.models.loading import EMBEDDED
from kzocr.preparation.spacing import Spacing
from kzocr.trials.preparing import measure_preparing, preparing_markdown


def main(
    clean: Annotated[Path, typer.Argument(help="UTF-8 text that nothing was trained on, a line a passage.")],
    lines: Annotated[int, typer.Option(min=1, help="So many lines are damaged.")] = 100,
    model: Annotated[Path, typer.Option(help="Folder with lexicon and text model.")] = EMBEDDED,
    seed: Annotated[int, typer.Option(help="Another seed damages other places.")] = 5,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON.")] = None,
    page: Annotated[Path | None, typer.Option(help="Markdown page whose marked part is replaced.")] = None,
) -> None:
    """Print how many spaces go and come, and the share of them that is right."""
    try:
        if json_path is not None:
            json_path.parent.mkdir(parents=True, exist_ok=True)
        printed = text_lines(clean)
        spacing = Spacing(TextModel.read(model / TEXT_MODEL_FILE), Lexicon.read(model / LEXICON_FILE).__contains__)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    content = measure_preparing(printed, spread(printed, lines), spacing, seed).to_dict()
    table = preparing_markdown(content)
    print(table)
    if json_path is not None:
        json_path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if page is not None:
        text = page.read_text(encoding="utf-8")
        page.write_text(replace_between_markers(text, "spacing", table), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
