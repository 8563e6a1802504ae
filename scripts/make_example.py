"""Print docs/example/reference.txt as a scanned page and write what Tesseract's Russian model reads there.

    python scripts/make_example.py

Writes docs/example/page.png and docs/example/ocr.txt (the engine's output, untouched) and prints the CER.
Legacy archives were often read so: a Russian model knows no Kazakh letters. The default face is in Debian's
fonts-urw-base35 and is held out from training pages.

Needs: pip install "kzocr[render]"; apt-get install tesseract-ocr tesseract-ocr-rus fonts-urw-base35.
Time: 5 seconds. Hardware: any CPU.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from kzocr.channel.degradation import Degradation, degrade
from kzocr.channel.engines import EngineMissingError, Tesseract
from kzocr.channel.fonts import find_fonts
from kzocr.channel.rendering import PageStyle, PrintedLine, draw
from kzocr.metrics import cer

EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "example"
SCAN = Degradation(
    ink_spread_em=0.004,
    ink_blotches=0.15,
    paper=14.0,
    light=14.0,
    blur_em=0.03,
    skew_degrees=0.35,
    noise=3.5,
    jpeg_quality=70,
)


def main(
    folder: Annotated[Path, typer.Option(help="has reference.txt; page.png and ocr.txt go there")] = EXAMPLE,
    font: Annotated[str, typer.Option(help="family and style of the face")] = "Nimbus Roman Regular",
    language: Annotated[str, typer.Option(help="Tesseract language")] = "rus",
    seed: Annotated[int, typer.Option(help="of the noise")] = 1,
) -> None:
    """Print the reference as a page, damage it mildly, have it read and write image and text."""
    engine = Tesseract.installed(language)
    faces = {face.name: face for face in find_fonts()}
    if font not in faces:
        raise typer.BadParameter(f"no face {font!r} with all Kazakh letters; there are {', '.join(faces)}")
    reference = (folder / "reference.txt").read_text(encoding="utf-8")
    style = PageStyle(faces[font], size_pt=10, dpi=200, column_em=27.0, leading=1.35, ink=30)
    texts = reference.splitlines()
    lines = [
        PrintedLine(text, "body", indent_px=0.0, stretched=index < len(texts) - 1) for index, text in enumerate(texts)
    ]
    page = degrade(draw(lines, style), SCAN, style.size_px, np.random.default_rng(seed))
    page.quantize(8).save(folder / "page.png", optimize=True)
    hypothesis = engine.read(page, style.dpi)
    (folder / "ocr.txt").write_text(hypothesis, encoding="utf-8")
    typer.echo(f"{engine.name} on {font}: CER {100 * cer(reference=reference, hypothesis=hypothesis):.1f} %")


if __name__ == "__main__":
    try:
        typer.run(main)
    except (EngineMissingError, OSError, ValueError) as error:
        sys.exit(f"make_example: {error}")
