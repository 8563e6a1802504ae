"""Measure what a model does to clean text, whether a second run changes anything, and what is kept and why.

    python scripts/measure_trust.py dev/*.txt --pairs dev_kaz.jsonl --pairs newspaper.jsonl \\
        -o docs/trust.json --page docs/trust.md --examples unstable.txt

Each line of a clean file and each passage of the pairs (lines together, up to `--passage-chars`) is a text of its own.
The report and the page hold numbers only; `--examples` writes the passages that a second run changed again. What
stands between `<!-- trust -->` and `<!-- end of trust -->` in the page is replaced.

Time and hardware: two runs over the pairs and one over the lines; about five minutes for 1 MB on one CPU core.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kzocr.evaluation import spread, text_lines
from kzocr.figures.result_tables import replace_between_markers
from kzocr.pairs import files_by_set, passages, read_pairs
from kzocr.trials.trust import TrustReport, measure_clean, measure_pairs, trust_markdown

log = Console(stderr=True, emoji=False)


def main(
    clean: Annotated[list[Path] | None, typer.Argument(help="Text without errors, a passage a line.")] = None,
    pairs: Annotated[list[Path] | None, typer.Option(help="JSONL files of pairs; may be repeated.")] = None,
    lines: Annotated[int, typer.Option(help="At most so many lines of each clean file, spread evenly.")] = 1000,
    passage_chars: Annotated[int, typer.Option(help="Characters of a passage.")] = 600,
    model: Annotated[str | None, typer.Option(help="A model folder or a Hub name. Default: the embedded one.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU if there is one.")] = "auto",
    max_passes: Annotated[int, typer.Option(min=1, help="Passes of the corrector over a text.")] = 12,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write a JSON report.")] = None,
    page: Annotated[Path | None, typer.Option(help="Markdown file with the two markers.")] = None,
    examples: Annotated[Path | None, typer.Option(help="Write the passages that a second run changed.")] = None,
) -> None:
    """Measure harm on clean text, stability and what is kept."""
    from kzocr.corrector import Corrector

    try:
        for path in filter(None, (output, examples)):
            path.parent.mkdir(parents=True, exist_ok=True)
        domains = {name: spread(text_lines(path), lines) for name, path in files_by_set(clean or []).items()}
        sets = {
            name: [passage for pair in read_pairs(path) for passage in passages(pair, passage_chars)]
            for name, path in files_by_set(pairs or []).items()
        }
        corrector = Corrector.from_pretrained(model, device=device, max_passes=max_passes)
        measured, unstable = measure_pairs(corrector.explain, sets)
        report = TrustReport(measure_clean(corrector.explain, domains), measured).to_dict()
        table = trust_markdown(report)
        if output is not None:
            output.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if page is not None:
            text = replace_between_markers(page.read_text(encoding="utf-8"), "trust", table)
            page.write_text(text, encoding="utf-8")
        if examples is not None:
            shown = [f"{entry.document_id}\n1: {entry.once}\n2: {entry.twice}\n" for entry in unstable]
            examples.write_text("\n".join(shown), encoding="utf-8", errors="backslashreplace")
    except (OSError, ValueError) as error:
        log.print(f"error: {error}", style="red", highlight=False, markup=False)
        raise typer.Exit(1) from error
    print(table)


if __name__ == "__main__":
    typer.run(main)
