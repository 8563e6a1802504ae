"""The options that name a model -> the corrector with that model, or a message and exit code 1."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kzocr.cli.terminal import complain, message_of
from kzocr.correction.guards import Guards

if TYPE_CHECKING:
    from kzocr.corrector import Corrector

MODEL_HELP = "A folder, a published model's name or USER/NAME on the Hub; without it the model in the package."


@dataclass(frozen=True)
class ModelOptions:
    """What a command line says of the model; may be sent to another process.

    Attributes:
        name: a folder, or a name on the Hub; `None` for the model in the package.
        revision: of a Hub model.
        device: "auto", "cpu", "cuda" ...
        batch_bytes: bytes of text that the model sees at once.
        min_confidence: changes below it are refused, 0 to 1.
        min_lone_confidence: the same for changes of a text in which little else is expected to be wrong.
        use_lexicon: whether unknown words get a second look.
    """

    name: str | None = None
    revision: str | None = None
    device: str = "auto"
    batch_bytes: int = 8192
    min_confidence: float = Guards.min_confidence
    min_lone_confidence: float = Guards.min_lone_confidence
    use_lexicon: bool = True

    def load(self) -> Corrector:
        """Return the corrector.

        Raises:
            OSError: the model cannot be read.
            ValueError: it is none that kzocr can use.
        """
        from kzocr.corrector import Corrector

        if self.name is None or Path(self.name).is_dir():
            from transformers.utils.logging import disable_progress_bar

            # A bar for reading a local file is noise; one for a download is not.
            disable_progress_bar()  # type: ignore[no-untyped-call]
        return Corrector.from_pretrained(
            self.name,
            revision=self.revision,
            device=self.device,
            batch_bytes=self.batch_bytes,
            guards=Guards(min_confidence=self.min_confidence, min_lone_confidence=self.min_lone_confidence),
            use_lexicon=self.use_lexicon,
        )


def load_corrector(options: ModelOptions) -> Corrector:
    """Return the corrector that the options describe, or end with a message."""
    try:
        return options.load()
    except (OSError, ValueError) as error:
        complain(message_of(error))
        raise typer.Exit(1) from error
