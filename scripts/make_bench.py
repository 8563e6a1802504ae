"""Make kzocr-bench: pages of publishable sentences, printed, damaged and read, with a data card.

    python scripts/make_bench.py texts.json -o kzocr-bench --pages 6 --languages kaz,rus,kaz+rus
    python -c 'import datasets; print(datasets.load_dataset("kzocr-bench"))'

`texts.json` is a list of objects with `file` (relative to the list; one paragraph, sentence or verse a line), `title`,
`licence`, `url` and `split` (validation or test): only texts whose licence lets them be published belong there. Each
text is printed `--pages` times at each level of damage, with faces that the channel was not fitted on.
Any other engine plugs in: `--languages "" --engine "mine=cmd:my-ocr --dpi {dpi} {image}"` prints a page's text, a line
a printed line. `--images` keeps the pages as PNG files. For `kzocr evaluate`, which reads JSONL, say `--no-parquet`:

    python scripts/make_bench.py texts.json -o kzocr-bench --no-parquet
    kzocr evaluate kzocr-bench/data/test.jsonl -o report/

Needs: pip install "kzocr[render,train]"; apt-get install tesseract-ocr tesseract-ocr-kaz tesseract-ocr-rus and fonts.
Time: about 20 pages a minute and engine on one core. Hardware: any CPU.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from kzocr.channel.bench import make_records, write_bench
from kzocr.channel.bench_texts import BenchText
from kzocr.channel.engines import find_engine
from kzocr.channel.fonts import SYSTEM_FONTS, find_fonts


def main(
    texts: Annotated[Path, typer.Argument(help="JSON list of texts with source and licence.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the data set.")],
    languages: Annotated[str, typer.Option(help="Tesseract languages, comma-separated, or empty.")] = "kaz,rus,kaz+rus",
    engine: Annotated[
        list[str] | None,
        typer.Option(help='Another engine, may be repeated: "NAME=cmd:PROGRAM ARGUMENTS {image}"; prints text.'),
    ] = None,
    pages: Annotated[int, typer.Option(min=1, help="Pages for each text and level.")] = 4,
    words: Annotated[int, typer.Option(min=1, help="Words a page.")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same pages.")] = 1,
    fonts: Annotated[str, typer.Option(help="held-out, all, or font files and folders, comma-separated.")] = "held-out",
    cer_limit: Annotated[float, typer.Option(help="Pages with a higher CER are left out.")] = 0.6,
    parquet: Annotated[bool, typer.Option(help="Parquet, or JSONL.")] = True,
    images: Annotated[bool, typer.Option("--images", help="Keep the page images.")] = False,
) -> None:
    """Print texts as pages, damage them, have them read and write a data set."""
    named = [*filter(None, languages.split(",")), *(engine or [])]
    if not named:
        raise typer.BadParameter("no engine: give --languages or --engine")
    engines = [find_engine(description) for description in named]
    if len({one.name for one in engines}) < len(engines):
        raise typer.BadParameter("two engines have the same name: write NAME=cmd:...")
    listed = BenchText.read_list(texts)
    faces = find_fonts(SYSTEM_FONTS if fonts in ("held-out", "all") else [Path(place) for place in fonts.split(",")])
    if fonts == "held-out":
        faces = [face for face in faces if face.held_out]
    if not faces:
        raise ValueError(f"no fonts: {fonts}")
    records = make_records(listed, faces, engines, pages=pages, words=words, seed=seed, images=images)
    command = shlex.join(["python", "scripts/make_bench.py", *sys.argv[1:]])
    summary = write_bench(output, records, listed, command=command, cer_limit=cer_limit, parquet=parquet)
    for split, n in summary.n_pages.items():
        print(f"{split}: {n} pages read, {summary.n_chars[split]:,} characters")
    print(f"left out: {summary.n_left_out} pages")


if __name__ == "__main__":
    try:
        typer.run(main)
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"make_bench: {error}")
