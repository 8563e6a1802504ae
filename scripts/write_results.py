"""Write the results table into the README: `python scripts/write_results.py README.md docs/results-*.json`.

The reports come from `scripts/evaluate.py --no-passages -o docs/results-NAME.json`, all on the same sets. What stands
between the two markers `<!-- results -->` and `<!-- end of results -->` is replaced. Seconds on any computer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from kzocr.report import replace_between_markers, to_markdown


def main(
    page: Annotated[Path, typer.Argument(help="Markdown file with the two markers.")],
    reports: Annotated[list[Path], typer.Argument(help="JSON reports of scripts/evaluate.py.")],
) -> None:
    """Write the results table of `reports` into `page`."""
    try:
        table = to_markdown([entry for path in reports for entry in json.loads(path.read_text(encoding="utf-8"))])
        text = replace_between_markers(page.read_text(encoding="utf-8"), "results", table)
    except (OSError, ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
