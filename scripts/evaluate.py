"""Print and write what correctors do to OCR text with known truth, and to clean text.

    python scripts/evaluate.py PAIRS.jsonl --clean CLEAN.txt --corrector kzocr -o report.json
    python scripts/evaluate.py PAIRS.jsonl --corrector symspell --word-text corpus.txt --html report.html

A pairs file is one set; each line holds `reference`, `hypothesis`, `document_id` and `origin`. Correctors:
`kzocr`, `identity`, `lookalikes`, `symspell`, `symspell-compound`, `hunspell`, or `cmd:PROGRAM ARGUMENTS`,
a program that reads text on stdin and writes it corrected to stdout. SymSpell takes its words from
`--word-list` (a word and its count a line) and `--word-text` (any text, its words are counted), added up.

Time and hardware: one CPU core; seconds for the pages of a small test set, plus the corrector's own time;
SymSpell needs about a minute and 1 GB to load 300,000 words.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from kzocr import baselines
from kzocr.evaluation import CorrectorFunction, Report, evaluate, spread, text_lines
from kzocr.metrics import N_RESAMPLES, SEED, Interval
from kzocr.pairs import read_pairs

log = Console(stderr=True, emoji=False)


def main(
    pairs: Annotated[list[Path], typer.Argument(help="JSONL files of pairs; each is one set.")],
    corrector: Annotated[list[str] | None, typer.Option(help="May be repeated. Default: kzocr.")] = None,
    clean: Annotated[list[Path] | None, typer.Option(help="Text without errors, a passage a line.")] = None,
    clean_lines: Annotated[int, typer.Option(help="Lines of the clean files to use, spread evenly.")] = 300,
    model: Annotated[str | None, typer.Option(help="kzocr model. Default: the embedded one.")] = None,
    word_list: Annotated[list[Path] | None, typer.Option(help="SymSpell: word and count a line.")] = None,
    word_text: Annotated[list[Path] | None, typer.Option(help="SymSpell: text to count words of.")] = None,
    min_count: Annotated[int, typer.Option(help="SymSpell: leave out rarer words.")] = 1,
    dictionary: Annotated[str, typer.Option(help="hunspell: name of the dictionary.")] = "kk_KZ",
    resamples: Annotated[int, typer.Option(help="Draws of the bootstrap.")] = N_RESAMPLES,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = SEED,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write a JSON report.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write an HTML page.")] = None,
    passages: Annotated[bool, typer.Option(help="Put passages of the texts into the JSON report.")] = True,
) -> None:
    """Print and write what correctors do to OCR text with known truth, and to clean text."""
    try:
        sets = {_set_name(path, pairs): read_pairs(path) for path in pairs}
        lines = spread([line for path in clean or [] for line in text_lines(path)], clean_lines)
        words: Counter[str] = Counter()
        for path in word_list or []:
            words += baselines.read_word_frequencies(path)
        for path in word_text or []:
            words += baselines.count_words(text_lines(path))
        words = Counter({word: n for word, n in words.items() if n >= min_count})
        reports = []
        for name in corrector or ["kzocr"]:
            log.print(f"{name}: loading", highlight=False)
            function = _corrector(name, model, words, dictionary)
            log.print(f"{name}: correcting {len(sets)} sets and {len(lines)} clean lines", highlight=False)
            reports.append(
                evaluate(function, sets, clean_lines=lines or None, name=name, n_resamples=resamples, seed=seed)
            )
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        log.print(f"error: {error}", style="red", highlight=False, markup=False)
        raise typer.Exit(1) from error
    if output is not None:
        described = [report.to_dict() if passages else _without_passages(report.to_dict()) for report in reports]
        text = json.dumps(described, ensure_ascii=False, indent=1, allow_nan=False)
        output.write_text(text + "\n", encoding="utf-8")
    if html is not None:
        from kzocr.report import to_html

        html.write_text(to_html(reports), encoding="utf-8")
    _print(reports)


def _without_passages(report: dict[str, Any]) -> dict[str, Any]:
    """Return the report's dictionary without any text of the sets: figures can be published, texts not always."""
    for entry in [*report["sets"], *([report["clean"]] if report["clean"] else [])]:
        for name in ("worst", "examples"):
            entry.pop(name, None)
    return report


def _corrector(name: str, model: str | None, words: Counter[str], dictionary: str) -> CorrectorFunction:
    if name.startswith("cmd:"):
        return baselines.external(name.removeprefix("cmd:"))
    if name == "kzocr":
        from kzocr.corrector import Corrector

        return Corrector.from_pretrained(model).correct
    if name in ("symspell", "symspell-compound"):
        return baselines.symspell(words, compound=name.endswith("compound"))
    if name == "hunspell":
        return baselines.hunspell(dictionary)
    if name in ("identity", "lookalikes"):
        return {"identity": baselines.identity, "lookalikes": baselines.lookalike_map}[name]
    raise ValueError(
        f"no corrector {name!r}: expected kzocr, identity, lookalikes, symspell, symspell-compound, "
        "hunspell or cmd:PROGRAM"
    )


def _set_name(path: Path, paths: list[Path]) -> str:
    return path.stem if sum(other.stem == path.stem for other in paths) == 1 else str(path)


def _print(reports: list[Report]) -> None:
    console = Console(width=None if Console().is_terminal else 180, emoji=False)
    for column, first in enumerate(reports[0].sets):
        table = Table(title=f"{first.name}: {first.n_documents} documents, {first.n_passages} passages")
        for heading in (
            "corrector",
            "CER % [95 %]",
            "reduction %",
            "WER %",
            "no spaces %",
            "mean %",
            "HIPE cMER %",
        ):
            table.add_column(heading, justify="left" if heading == "corrector" else "right")
        for heading in ("better %", "worse %", "lost lines", "chars/s"):
            table.add_column(heading, justify="right")
        for report in reports:
            entry = report.sets[column]
            after = entry.after
            table.add_row(
                report.corrector,
                _with_bounds(after.cer),
                _with_bounds(entry.cer_reduction, digits=0),
                _percent(after.wer.value),
                _percent(after.cer_without_spaces),
                _percent(after.cer_mean.value),
                _percent(entry.hipe.cmer_micro),
                _percent(entry.share_better.value, 0),
                _percent(entry.share_worse.value, 0),
                str(entry.n_documents_with_lost_lines),
                f"{entry.chars_per_second:,.0f}",
            )
        console.print(table)
    if reports[0].clean is not None:
        table = Table(title=f"clean text: {reports[0].clean.n_lines} lines, {reports[0].clean.n_chars} characters")
        for heading in ("corrector", "lines changed % [95 %]", "characters changed", "CER %", "chars/s"):
            table.add_column(heading, justify="left" if heading == "corrector" else "right")
        for report in reports:
            if report.clean is not None:
                table.add_row(
                    report.corrector,
                    _with_bounds(report.clean.share_changed),
                    f"{report.clean.n_chars_changed:,}",
                    _percent(report.clean.cer.value),
                    f"{report.clean.chars_per_second:,.0f}",
                )
        console.print(table)


def _percent(fraction: float, digits: int = 2) -> str:
    return f"{100 * fraction:.{digits}f}"


def _with_bounds(interval: Interval, digits: int = 2) -> str:
    low, high = _percent(interval.low, digits), _percent(interval.high, digits)
    return rf"{_percent(interval.value, digits)} \[{low}, {high}]"


if __name__ == "__main__":
    typer.run(main)
