"""`kzocr corrupt`, `fit-channel` and `show-channel`: noise that is drawn, counted from pairs, and shown on a page."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kzocr.cli.tasks import STDIN, FileFormat, tasks_of
from kzocr.cli.terminal import complain, message_of
from kzocr.formats import plain


def corrupt(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="UTF-8 text; - is the standard input.")] = STDIN,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same noise.")] = 0,
    prior: Annotated[str, typer.Option(help="A kind of document to imitate, or a file; `list` lists.")] = "mixture",
    cer: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Scale the noise to this character error rate.")
    ] = None,
    output: Annotated[str | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
) -> None:
    """Print a text as an OCR engine might have read it: the noise that the models are trained on."""
    import numpy as np

    from kzocr.channel.prior import ChannelPrior

    if prior == "list":
        typer.echo("\n".join(ChannelPrior.shipped_names()))
        return
    [task] = tasks_of([file], output, in_place=False)
    rng = np.random.default_rng(seed)
    try:
        content = replace(task, file_format=FileFormat.TEXT).read()
        assert isinstance(content, plain.TextFile)
        channel = ChannelPrior.load(prior).draw(rng)
        if cer is None:
            text = channel.sample(content.text, rng)
        else:
            text, reached = channel.sample_with_cer(content.text, cer, rng)
            typer.echo(f"character error rate {reached:.4f}", err=True)
        corrupted = plain.TextFile(text, content.has_byte_order_mark)
        if task.destination is None:
            sys.stdout.buffer.write(plain.serialise(corrupted))
            sys.stdout.buffer.flush()
        else:
            plain.write(task.destination, corrupted)
    except (OSError, ValueError) as error:
        complain(message_of(error, task.label))
        raise typer.Exit(1) from error


def fit_channel(
    pairs: Annotated[str, typer.Argument(metavar="PAIRS.jsonl", help="Printed and read text, one document a line.")],
    output: Annotated[str, typer.Option("-o", "--output", help="Write the fitted noise to this JSON file.")],
    name: Annotated[str | None, typer.Option(help="A name for people; the file's own by default.")] = None,
    note: Annotated[str, typer.Option(help="What to remember about the pairs.")] = "",
) -> None:
    """Count what an engine makes of printed text; `--prior` and a training config take the file."""
    import datetime

    from kzocr.channel.estimate import fit_pairs
    from kzocr.channel.files import write_prior
    from kzocr.pairs import read_pairs

    try:
        prior = fit_pairs(read_pairs(pairs), name or Path(output).stem, datetime.date.today().isoformat(), note)
        write_prior(output, prior)
    except (OSError, ValueError) as error:
        complain(message_of(error, pairs))
        raise typer.Exit(1) from error
    facts = prior.provenance
    typer.echo(f"{facts['n_documents']} documents, {facts['n_chars']} characters, {facts['n_misreadings']} misreadings")


def show_channel(
    channel: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A prior's name, or a fitted JSON file.")],
    output: Annotated[str, typer.Option("-o", "--output", help="Write the page to this HTML file.")],
    draws: Annotated[int, typer.Option(min=1, help="How many documents to draw.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same documents.")] = 0,
) -> None:
    """Write a page that shows what a kind of noise does: spaces by letter, confusions, examples."""
    import numpy as np

    from kzocr.channel.prior import ChannelPrior
    from kzocr.channel.sheet import channel_sheet

    rng = np.random.default_rng(seed)
    try:
        prior = ChannelPrior.load(channel)
        page = channel_sheet([prior.draw(rng) for _ in range(draws)], f"Noise: {prior.name}", rng)
        Path(output).write_text(page, encoding="utf-8")
    except (OSError, ValueError) as error:
        complain(message_of(error, channel))
        raise typer.Exit(1) from error
