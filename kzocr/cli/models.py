"""The options that name a model -> the corrector with that model, or a message and exit code 1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kzocr.cli.terminal import complain

if TYPE_CHECKING:
    from kzocr.corrector import Corrector

MODEL_HELP = "A folder, a published model's name or USER/NAME on the Hub; without it the model in the package."


def load_corrector(
    model: str | None,
    revision: str | None,
    device: str,
    batch_bytes: int,
    min_confidence: float,
    use_lexicon: bool = True,
) -> Corrector:
    """Return the corrector that the options describe, or end with a message."""
    from kzocr.corrector import Corrector
    from kzocr.guards import Guards

    if model is None or Path(model).is_dir():
        from transformers.utils.logging import disable_progress_bar

        # A bar for reading a local file is noise; one for a download is not.
        disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return Corrector.from_pretrained(
            model,
            revision=revision,
            device=device,
            batch_bytes=batch_bytes,
            guards=Guards(min_confidence=min_confidence),
            use_lexicon=use_lexicon,
        )
    except (OSError, ValueError) as error:
        complain(str(error))
        raise typer.Exit(1) from error
