"""Write the results table into the README: `python scripts/write_results.py docs/results.json README.md`.

The report comes from `scripts/evaluate.py -o docs/results.json`. What stands between the two markers
`<!-- results -->` and `<!-- end of results -->` is replaced. Seconds on any computer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from kzocr.report import replace_between_markers, to_markdown


def main(
    report: Annotated[Path, typer.Argument(help="JSON report of scripts/evaluate.py.")],
    page: Annotated[Path, typer.Argument(help="Markdown file with the two markers.")],
) -> None:
    """Write the results table of `report` into `page`."""
    try:
        table = to_markdown(json.loads(report.read_text(encoding="utf-8")))
        text = replace_between_markers(page.read_text(encoding="utf-8"), "results", table)
    except (OSError, ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
