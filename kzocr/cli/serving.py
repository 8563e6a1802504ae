"""`kzocr demo`: the page where text is corrected, served on this machine until Ctrl-C."""

from __future__ import annotations

from typing import Annotated

import typer

from kzocr.cli.models import MODEL_HELP, ModelOptions, load_corrector
from kzocr.cli.terminal import complain, message_of


def demo(
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one from 7860 on.")] = 0,
    language: Annotated[str | None, typer.Option(help="kk, ru or en; without it the browser's.")] = None,
    should_open: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    model: Annotated[str | None, typer.Option(help=MODEL_HELP)] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a Hub model.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a CUDA device if there is one.")] = "auto",
) -> None:
    """Show a page where text is corrected, in Kazakh, Russian and English; needs Gradio."""
    from kzocr.demo.page import Demo, build, launch_options

    try:
        page = build(Demo(load_corrector(ModelOptions(model, revision, device))), language=language)
        where = {"server_name": host, "server_port": port or None, "inbrowser": should_open}
        page.launch(**where, **launch_options(), prevent_thread_lock=True)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        complain(message_of(error))
        raise typer.Exit(1) from error
    typer.echo(f"kzocr demo: {page.local_url} (Ctrl-C ends it)")
    page.block_thread()
