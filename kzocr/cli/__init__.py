"""The `kzocr` command: argv -> call -> print; exit code 1 if any input failed, 2 for a wrong command line."""

from __future__ import annotations

from typing import Annotated

import typer

import kzocr
from kzocr.cli.adapting import adapt
from kzocr.cli.correcting import correct
from kzocr.cli.measuring import evaluate
from kzocr.cli.noise import corrupt, fit_channel, show_channel
from kzocr.cli.serving import demo
from kzocr.cli.signals import end_in_order

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Post-OCR correction for Kazakh.",
)


def main() -> None:
    """Run the command line."""
    end_in_order()
    app()


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"kzocr {kzocr.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Post-OCR correction for Kazakh."""


app.command()(correct)
app.command()(corrupt)
app.command()(adapt)
app.command("fit-channel")(fit_channel)
app.command("show-channel")(show_channel)
app.command()(demo)
app.command()(evaluate)
