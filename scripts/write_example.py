"""Write the example into the README: `python scripts/write_example.py docs/example README.md`.

The folder holds `ocr.txt` (what an engine read) and `reference.txt` (what was printed). What stands between the markers
`<!-- example -->` and `<!-- end of example -->` is replaced by the text before and after correction by the model in
the package, with both character error rates. Seconds on any computer.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kzocr import cer, correct
from kzocr.figures.result_tables import replace_between_markers


def main(
    folder: Annotated[Path, typer.Argument(help="Folder with ocr.txt and reference.txt.")],
    page: Annotated[Path, typer.Argument(help="Markdown file with the two markers.")],
) -> None:
    """Write the example's text before and after correction into `page`."""
    try:
        read = (folder / "ocr.txt").read_text(encoding="utf-8")
        printed = (folder / "reference.txt").read_text(encoding="utf-8")
        corrected = correct(read)
        before, after = (cer(reference=printed, hypothesis=text) for text in (read, corrected))
        block = (
            f"```text\n{read.strip()}\n```\n\nbecomes (CER {100 * before:.1f} % before, {100 * after:.1f} % after)\n\n"
            f"```text\n{corrected.strip()}\n```"
        )
        text = replace_between_markers(page.read_text(encoding="utf-8"), "example", block)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
