"""`kzocr adapt`: what an engine read and clean text in, a model that was adapted to that engine out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kzocr.cli.terminal import complain, message_of, stages
from kzocr.formats.texts import files_of, read_text


def adapt(
    files: Annotated[list[str], typer.Argument(help="What an engine read: text files, layout files, folders of them.")],
    text: Annotated[
        list[str], typer.Option("--text", help="Clean Kazakh text: a file or a folder of *.txt; again for more.")
    ],
    output: Annotated[str, typer.Option("-o", "--output", help="Folder of the run; the model goes to `model` in it.")],
    model: Annotated[str | None, typer.Option(help="A model folder; without it the model in the package.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Training steps; about a second each on one CPU core.")] = 320,
    rounds: Annotated[
        int, typer.Option(min=1, help="How often documents are corrected and their noise is counted.")
    ] = 2,
    held_out: Annotated[float, typer.Option(help="Share of the documents to report on, not to learn from.")] = 0.2,
    pairs: Annotated[str | None, typer.Option(help="JSONL of printed and read text, to score with only.")] = None,
    column: Annotated[str, typer.Option(help="The key or column of JSONL and Parquet that holds the text.")] = "text",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same split and the same noise.")] = 1,
) -> None:
    """Adapt a model to your own OCR files, without ground truth. Started again, it goes on where it was."""
    try:
        paths = files_of([Path(name) for name in files])
        texts = {str(path): read_text(path, column) for path in paths}
        from kzocr.adaptation.run import Adaptation, AdaptationSettings
        from kzocr.adaptation.summary import summary
        from kzocr.pairs import read_pairs

        settings = AdaptationSettings(
            tuple(text), model, n_rounds=rounds, n_steps=steps, held_out_share=held_out, seed=seed
        )
        with stages() as on_progress:
            scored = read_pairs(pairs) if pairs else []
            report = Adaptation(texts, Path(output), settings, scored, on_progress).run()
    except ImportError as error:
        complain(f'adapting needs what training needs: pip install "kzocr[train]" ({error})')
        raise typer.Exit(1) from error
    except (OSError, ValueError, RuntimeError) as error:
        complain(message_of(error))
        raise typer.Exit(1) from error
    typer.echo(summary(report))
    if report.model is None:
        raise typer.Exit(1)
