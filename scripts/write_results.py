"""Write the results tables into the README and a page of details.

    python scripts/write_results.py README.md docs/results-*.json --details docs/results.md --bands docs/results.md

The reports come from `scripts/evaluate.py --no-passages -o docs/results-NAME.json`, all on the same sets. What stands
between the two markers `<!-- results -->` and `<!-- end of results -->` is replaced: in the first page by a summary, in
the second by a table a set and what others published (`docs/published-results.yaml`). Between the markers of `bands`
comes what the last of the reports says of documents that were read well and of those read badly. Without reports the
table of what others published is written alone, between the markers of `published`:
`python scripts/write_results.py docs/reading-the-report.md`.
Seconds on any computer.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kzocr.figures.result_tables import (
    PublishedResult,
    bands_markdown,
    published_markdown,
    read_reports,
    replace_between_markers,
    summary_markdown,
    to_markdown,
)

PUBLISHED = Path(__file__).resolve().parent.parent / "docs" / "published-results.yaml"


def main(
    page: Annotated[Path, typer.Argument(help="Markdown file with the two markers.")],
    reports: Annotated[list[Path] | None, typer.Argument(help="JSON reports of scripts/evaluate.py.")] = None,
    details: Annotated[Path | None, typer.Option(help="Markdown file for a table a set, with the two markers.")] = None,
    bands: Annotated[
        Path | None, typer.Option(help="Markdown file for a table by how badly a document was read, with the markers.")
    ] = None,
    published: Annotated[Path, typer.Option(help="YAML list of what others published.")] = PUBLISHED,
) -> None:
    """Write a summary of `reports` into `page`, all their tables and what others published into `details`."""
    try:
        entries = read_reports(reports) if reports else []
        others = published_markdown(PublishedResult.read_list(published))
        name, table = ("results", summary_markdown(entries)) if reports else ("published", others)
        written = {page.resolve(): replace_between_markers(page.read_text(encoding="utf-8"), name, table)}
        if details is not None:
            tables = f"{to_markdown(entries)}\n{others}"
            written[details.resolve()] = replace_between_markers(details.read_text(encoding="utf-8"), "results", tables)
        if bands is not None and entries:
            text = written.get(bands.resolve()) or bands.read_text(encoding="utf-8")
            written[bands.resolve()] = replace_between_markers(text, "bands", bands_markdown(entries[-1]))
    except (OSError, ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
