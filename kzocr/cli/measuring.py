"""`kzocr evaluate`: pairs and correctors in, tables on the standard output and report files out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kzocr.cli.terminal import complain, message_of


def evaluate(
    pairs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PAIRS.jsonl]...",
            help="Printed and read text, one document a line, with reference, hypothesis, document_id and origin; "
            "a file is a set.",
        ),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Or two folders of text or layout files: the printed texts, ...")
    ] = None,
    hypothesis: Annotated[Path | None, typer.Option(help="... and under the same names those that were read.")] = None,
    corrector: Annotated[
        list[str] | None,
        typer.Option(
            "-c",
            "--corrector",
            help="May be repeated: kzocr (default), kzocr-without-lexicon, identity, lookalikes, symspell, "
            "symspell-compound, hunspell, noisy-channel, or cmd:PROGRAM, which reads a text on stdin and writes it "
            "corrected to stdout.",
        ),
    ] = None,
    clean: Annotated[list[Path] | None, typer.Option(help="Text without errors, a passage a line.")] = None,
    clean_lines: Annotated[int, typer.Option(help="Lines of the clean files to use, spread evenly; 0: all.")] = 300,
    model: Annotated[str | None, typer.Option(help="kzocr: a model. Default: the one in the package.")] = None,
    word_list: Annotated[list[Path] | None, typer.Option(help="SymSpell: a word and its count a line.")] = None,
    word_text: Annotated[
        list[Path] | None, typer.Option(help="SymSpell, noisy-channel: text to learn words and letters from.")
    ] = None,
    min_count: Annotated[int, typer.Option(help="SymSpell: leave out rarer words.")] = 1,
    dictionary: Annotated[str, typer.Option(help="hunspell: name of the dictionary.")] = "kk_KZ",
    prior: Annotated[str, typer.Option(help="noisy-channel: kind of noise, by name or file.")] = "mixture",
    resamples: Annotated[int, typer.Option(min=1, help="Draws of the bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 20_260,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="report.json and report.html into this folder; or one file, NAME.json."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the HTML page to this file.")] = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "kzocr: evaluation",
    passages: Annotated[bool, typer.Option(help="Put passages of the texts into the report.")] = True,
) -> None:
    """Measure what correctors do to OCR text with known truth, and to clean text."""
    from kzocr import judging
    from kzocr.evaluation import spread, text_lines

    try:
        if output is not None and output.suffix != ".json":
            html = html or output / judging.REPORT_HTML
            output = output / judging.REPORT_JSON
        # What takes hours is not begun where its report could not be written.
        for path in filter(None, (output, html)):
            path.parent.mkdir(parents=True, exist_ok=True)
        sets = judging.read_sets(pairs or [], reference, hypothesis)
        words = (tuple(word_list or ()), tuple(word_text or ()))
        resources = judging.Resources(model, *words, min_count, dictionary, prior)
        reports = judging.judge(
            corrector or ["kzocr"],
            sets,
            resources,
            clean_lines=spread([line for path in clean or [] for line in text_lines(path)], clean_lines),
            n_resamples=resamples,
            seed=seed,
            on_step=lambda line: typer.echo(line, err=True),
        )
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        complain(message_of(error))
        raise typer.Exit(1) from error
    try:
        if output is not None:
            judging.write_json(output, reports, resources, passages=passages)
        if html is not None:
            judging.write_html(html, reports, title=title, passages=passages)
    except (OSError, ValueError) as error:
        complain(message_of(error))
        raise typer.Exit(1) from error
    finally:
        judging.print_tables(reports)  # they may have taken hours: they are seen even if nothing can be written
    for path in filter(None, (output, html)):
        typer.echo(f"written: {path}", err=True)
