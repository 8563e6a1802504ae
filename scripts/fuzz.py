"""Give a model thousands of texts that nobody would print: no crash, no hang, no lost line, edits that apply.

    python scripts/fuzz.py --texts 10000 -o docs/fuzz.json --page docs/trust.md

Random Unicode, surrogates, combining marks, right-to-left text, control characters, line ends of every kind, stretches
of text in mixed-up encodings, repeats, words without spaces; then, once, a line of a megabyte without a space, and
tens of thousands of blank and of short lines. `kzocr.trials.fuzzing` draws them; the seed decides all. Exit code 1 if
any text failed. What stands between `<!-- fuzz -->` and `<!-- end of fuzz -->` in the page is replaced.

Every `--model-every`-th text is given to the model; all others, and the three long ones, to a decoder that mistreats
its input in every way and costs nothing (`kzocr.trials.mangling`), which is harder on the guards than any model, with
those guards off that would keep nearly all that it prints. A text is looked at twice, since nothing of that kind comes
to rest.

Time and hardware: some minutes for 10,000 texts on one CPU core.
"""

from __future__ import annotations

import faulthandler
import itertools
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kzocr.figures.result_tables import replace_between_markers
from kzocr.trials.fuzzing import LONG_CHARS, FuzzReport, fuzz, fuzzed_texts

log = Console(stderr=True, emoji=False)

EVERY = 500


def main(
    texts: Annotated[int, typer.Option(min=1, help="How many texts.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same texts.")] = 0,
    long_chars: Annotated[int, typer.Option(min=1, help="Characters of the longest line.")] = LONG_CHARS,
    limit: Annotated[float, typer.Option(help="Seconds allowed for any text.")] = 30.0,
    limit_per_kilochar: Annotated[float, typer.Option(help="More seconds for each thousand characters.")] = 5.0,
    model: Annotated[str | None, typer.Option(help="A model folder or a Hub name. Default: the embedded one.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU if there is one.")] = "auto",
    model_every: Annotated[int, typer.Option(min=1, help="Give each so manieth text to the model; 1 gives all.")] = 20,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write a JSON report.")] = None,
    page: Annotated[Path | None, typer.Option(help="Markdown file with the two markers.")] = None,
) -> None:
    """Give a model fuzzed texts and print what came of them."""
    from kzocr.correction.guards import Guards
    from kzocr.corrector import Correction, Corrector
    from kzocr.trials.mangling import ManglingDecoder

    try:
        if output is not None:
            output.parent.mkdir(parents=True, exist_ok=True)
        corrector = Corrector.from_pretrained(model, device=device)
        loose = Guards(
            min_confidence=0.0, max_changed_fraction=1.0, keep_repeats=False, max_lost_letters=99, max_added_letters=99
        )
        broken = Corrector(ManglingDecoder(seed), guards=loose, max_passes=2)
        number = itertools.count()

        def explain(text: str) -> Correction:
            turn = next(number)
            is_for_model = turn % model_every == 0 and (model_every == 1 or turn < texts - 3)
            return (corrector if is_for_model else broken).explain(text)

        report = fuzz(
            explain,
            fuzzed_texts(texts, seed=seed, long_chars=long_chars),
            limit_seconds=limit,
            limit_seconds_per_kilochar=limit_per_kilochar,
            on_text=_tell,
        )
        table = report.to_markdown()
        if output is not None:
            output.write_text(json.dumps(report.to_dict(), indent=1) + "\n", encoding="utf-8")
        if page is not None:
            text = replace_between_markers(page.read_text(encoding="utf-8"), "fuzz", table)
            page.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        log.print(f"error: {error}", style="red", highlight=False, markup=False)
        raise typer.Exit(1) from error
    print(table)
    for number, kind, problem in report.failures:
        log.print(f"text {number} ({kind}): {problem}", style="red", highlight=False, markup=False)
    if report.failures:
        raise typer.Exit(1)


def _tell(report: FuzzReport) -> None:
    n_done = sum(report.n_texts.values())
    if n_done % EVERY == 0:
        log.print(f"{n_done} texts, {len(report.failures)} failures", highlight=False)


if __name__ == "__main__":
    faulthandler.enable()
    typer.run(main)
