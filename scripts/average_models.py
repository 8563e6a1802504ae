"""Average a run's model with the model that it started from: often better than either on pages like no other.

    python scripts/average_models.py runs/NAME/model --parent kzocr/weights --parent-share 0.25 -o averaged

The parent is deepened first where the run's model was (`kzocr.models.growth`). `training.json` keeps the run's metadata
and the share. Compare the candidates on pages that neither was trained on, and on clean text, before one is taken.
Seconds on any CPU.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kzocr.models.checkpoint import read_metadata, write_model
from kzocr.models.growth import averaged
from kzocr.models.loading import load_model


def main(
    model: Annotated[Path, typer.Argument(help="The model after the run: a folder.")],
    parent: Annotated[Path, typer.Option(help="The model that the run started from: a folder.")],
    parent_share: Annotated[float, typer.Option(min=0, max=1, help="Share of the parent's weights.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the averaged model.")],
) -> None:
    """Write the weighted mean of two models' weights."""
    mixed = averaged(load_model(str(model), device="cpu"), load_model(str(parent), device="cpu"), parent_share)
    write_model(mixed, output, {**read_metadata(model), "parent_share": parent_share})
    print(output)


if __name__ == "__main__":
    try:
        typer.run(main)
    except (OSError, ValueError) as error:
        sys.exit(f"average_models: {error}")
