"""Train the context model that lies beside the weights: which words fit between others.

    python scripts/train_context_model.py ../shared/corpus/train --exclude ../shared/corpus/dev -o kzocr/weights

It learns from clean text and the lexicon in the folder of the weights (`scripts/make_lexicon.py`); no OCR takes part.
Lines that are also in `--exclude` are left out. Prints the losses of both choices, nats a word, for every reading of
the text; `scripts/measure_word_choice.py` says what it is worth on text that it has not seen. An interrupted run goes
on with the reading that it was at (`context-run` in the folder, removed at the end). About five minutes a reading
for 16 MB of text, one CPU core, 2 GB.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from kzocr.corpus import load_corpus, without_overlap
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.models.loading import EMBEDDED
from kzocr.runs.context_training import ContextLosses, ContextTraining, train_context
from kzocr.spelling.context_model import ContextModel
from kzocr.spelling.context_words import CONTEXT_FILE

RUN_FOLDER = "context-run"
"""Where checkpoints are, in the folder of the weights."""


def main(
    corpus: Annotated[list[str], typer.Argument(help="Clean text, as `data.corpus` of a configuration.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the weights.")],
    exclude: Annotated[list[str] | None, typer.Option(help="Corpus whose lines are left out.")] = None,
    model: Annotated[Path, typer.Option(help="Folder with the lexicon.")] = EMBEDDED,
    epochs: Annotated[int, typer.Option(min=1, help="How often the text is read.")] = ContextTraining.n_epochs,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = ContextTraining.seed,
) -> None:
    """Train a context model and write it beside the weights."""
    how = ContextTraining(n_epochs=epochs, seed=seed)
    run = output / RUN_FOLDER
    console = Console()
    try:
        sources = without_overlap(load_corpus(corpus), load_corpus(exclude or []))
        lines = [line for source in sources for line in source.lines]
        trained = _trained(lines, Lexicon.read(model / LEXICON_FILE), how, run, console)
        facts = {"recipe": json.dumps(asdict(how)), "corpus": json.dumps([Path(name).name for name in corpus])}
        trained.write(output / CONTEXT_FILE, facts)
    except (OSError, ValueError) as error:
        console.print(f"error: {error}", style="red", highlight=False, markup=False)
        raise typer.Exit(1) from error
    shutil.rmtree(run)
    console.print(f"{output / CONTEXT_FILE}: {(output / CONTEXT_FILE).stat().st_size / 1e6:.1f} MB")


def _trained(lines: Sequence[str], lexicon: Lexicon, how: ContextTraining, run: Path, console: Console) -> ContextModel:
    """Return the model of `lines`; a line of losses is printed for every reading."""
    with Progress(console=console) as progress:
        task = progress.add_task("reading", total=None)
        seen: list[ContextLosses] = []

        def on_step(losses: ContextLosses, n_steps: int) -> None:
            seen.append(losses)
            progress.update(task, total=n_steps, completed=losses.n_steps)

        def on_epoch(_: ContextModel) -> None:
            console.print(
                f"step {seen[-1].n_steps}: {fmean(losses.near for losses in seen):.3f} between known words a letter "
                f"away, {fmean(losses.batch for losses in seen):.3f} between the words of a batch"
            )
            seen.clear()

        return train_context(lines, lexicon, how, on_step, on_epoch, run)


if __name__ == "__main__":
    typer.run(main)
