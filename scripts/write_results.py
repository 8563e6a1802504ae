"""Write the results tables into the README: `python scripts/write_results.py README.md docs/results-*.json`.

The reports come from `scripts/evaluate.py --no-passages -o docs/results-NAME.json`, all on the same sets. What stands
between the two markers `<!-- results -->` and `<!-- end of results -->` is replaced: a table a set, and below them what
others published (`docs/published-results.yaml`). Without reports that last table alone is written, between the markers
of `published`: `python scripts/write_results.py docs/reading-the-report.md`. Seconds on any computer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from kzocr.report import PublishedResult, published_markdown, replace_between_markers, to_markdown

PUBLISHED = Path(__file__).resolve().parent.parent / "docs" / "published-results.yaml"


def main(
    page: Annotated[Path, typer.Argument(help="Markdown file with the two markers.")],
    reports: Annotated[list[Path] | None, typer.Argument(help="JSON reports of scripts/evaluate.py.")] = None,
    published: Annotated[Path, typer.Option(help="YAML list of what others published.")] = PUBLISHED,
) -> None:
    """Write the results tables of `reports`, and what others published, into `page`."""
    try:
        entries = [entry for path in reports or [] for entry in json.loads(path.read_text(encoding="utf-8"))]
        others = published_markdown(PublishedResult.read_list(published))
        table = f"{to_markdown(entries)}\n{others}" if entries else others
        name = "results" if reports else "published"
        text = replace_between_markers(page.read_text(encoding="utf-8"), name, table)
    except (OSError, ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
