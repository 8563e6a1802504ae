"""Read a page with CuneiForm, an OCR engine of the time before neural networks: its lines go to the standard output.

    python scripts/read_with_cuneiform.py rus page.png --dpi 300

An engine for scripts/make_ocr_pairs.py:

    --engine "cuneiform-rus=cmd:python scripts/read_with_cuneiform.py rus {image} --dpi {dpi}"

Its own plain text joins the lines of a paragraph, so hOCR is asked for. It has no Kazakh letters, as the
engines that older archives were read with had none. Debian 11 has it (non-free: `apt-get install cuneiform`).
One page on one CPU core; its time was not measured.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from kzocr.formats.hocr import Hocr
from kzocr.formats.layout import LayoutFile
from kzocr.text import TWICE_ENCODED

DPI = 300
"""What the engine's shapes of letters were made for; coarser pages are enlarged to it, as by the programs around it."""

NO_TEXT = "PUMA_XFinalrecognition failed"
"""What it says of a page on which it finds nothing to read, a blank one among them."""


def main() -> int:
    """Print the page's lines; 1 if it could not be read, with the reason on the standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", help="as `cuneiform -l` lists them: rus, ruseng, ukr, bul")
    parser.add_argument("image", type=Path, help="the page, as Pillow reads it")
    parser.add_argument("--dpi", type=int, default=DPI, help=f"its dots per inch (default {DPI})")
    arguments = parser.parse_args()
    if shutil.which("cuneiform") is None:
        print("the OCR engine CuneiForm is not installed; on Debian 11: apt-get install cuneiform", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        page, read = Path(folder) / "page.png", Path(folder) / "page.html"
        _enlarged(Image.open(arguments.image).convert("L"), arguments.dpi).save(page, dpi=(DPI, DPI))
        command = ["cuneiform", "-l", arguments.language, "-f", "hocr", "-o", str(read), str(page)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        said = (done.stderr or done.stdout).strip()
        if not read.exists() and NO_TEXT not in said:
            print(f"{arguments.image}: {said}", file=sys.stderr)
            # Some pages it dies of; they have no lines either.
            return 0 if done.returncode < 0 else 1
        for line in lines(read.read_bytes(), str(arguments.image)) if read.exists() else ():
            print(line)
    return 0


def _enlarged(page: Image.Image, dpi: int) -> Image.Image:
    scale = DPI / dpi
    if scale <= 1:
        return page
    return page.resize((round(page.width * scale), round(page.height * scale)), Image.Resampling.LANCZOS)


def lines(hocr: bytes, name: str) -> list[str]:
    """Return the text of each line of an hOCR page: spaces once, signs as such that the engine encodes twice (вЂ”)."""
    printed = [line for line in LayoutFile.of(hocr, name, Hocr()).text.split("\n") if line]
    for encoded, sign in TWICE_ENCODED.items():
        printed = [line.replace(encoded, sign) for line in printed]
    return printed


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as error:
        sys.exit(f"read_with_cuneiform: {error}")
