"""Print Kazakh text as damaged page images, have OCR engines read them and write aligned pairs (JSONL).

    python scripts/make_ocr_pairs.py corpus/train/*.txt --output "pairs/train_{language}.jsonl" \\
        --languages kaz,rus --pages 1200 --fonts train --workers 2

Each engine reads the same images. Pages over the CER limit, and those at which an engine fails or that it does not
finish in two minutes, go to `*.set_aside.jsonl` and are counted; an engine that fails at its first five pages stops
the run. A run that was stopped goes on where it was: page i depends on (--seed, i), the texts and the fonts alone, and
pages that are there are skipped.
Any other engine plugs in: `--languages "" --engine "mine=cmd:my-ocr --dpi {dpi} {image}"` prints a page's text, a line
a printed line; `{language}` in --output is then its name.
With `--images DIR` the page images are kept too: look at some before you believe the numbers.

Needs: pip install "kzocr[render]"; apt-get install tesseract-ocr tesseract-ocr-kaz tesseract-ocr-rus and fonts:
fonts-dejavu fonts-liberation fonts-noto-core fonts-paratype fonts-freefont-ttf fonts-linuxlibertine fonts-cmu
fonts-sil-gentiumplus fonts-sil-charis fonts-roboto-unhinted fonts-open-sans fonts-urw-base35 fonts-vollkorn.
Time: about 25 pages of 150 words a minute and core, each read by two engines. Hardware: any CPU, 300 MB of
memory a worker.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kzocr.channel.engines import CommandEngine, EngineFailedError, EngineMissingError, Tesseract, find_engine
from kzocr.channel.fonts import SYSTEM_FONTS, FontFace, find_fonts
from kzocr.channel.pages import DEFAULT_CER_LIMITS, TextSource, make_page, read_page
from kzocr.channel.pair_files import PairFile


@dataclass(frozen=True)
class _Job:
    """What a worker needs to make and read any page; it loads the texts itself, once."""

    texts: tuple[Path, ...]
    fonts: tuple[FontFace, ...]
    engines: tuple[Tesseract | CommandEngine, ...]
    seed: int
    words: int
    images: Path | None

    def run(self, index: int) -> list[dict[str, Any]]:
        """Return one record per engine for page `index`."""
        page = make_page(_load(self.texts), self.fonts, self.seed, index, self.words)
        if self.images is not None:
            page.image.save(self.images / f"{page.document_id}.png")
        return [read_page(page, engine) for engine in self.engines]


@lru_cache(maxsize=1)
def _load(texts: tuple[Path, ...]) -> tuple[TextSource, ...]:
    return tuple(TextSource.load(path) for path in texts)


def _choose_fonts(fonts: str) -> tuple[FontFace, ...]:
    """Return the faces that `--fonts` names."""
    if fonts in ("train", "held-out", "all"):
        found = find_fonts(SYSTEM_FONTS)
        return tuple(face for face in found if fonts == "all" or face.held_out == (fonts == "held-out"))
    return tuple(find_fonts(Path(place) for place in fonts.split(",")))


def main(
    texts: Annotated[list[Path], typer.Argument(help="UTF-8 text files, one paragraph, sentence or verse a line")],
    output: Annotated[str, typer.Option(help="output file; {language} stands for the engine's language or name")],
    languages: Annotated[str, typer.Option(help="Tesseract languages, comma-separated, or empty")] = "kaz,rus",
    engine: Annotated[
        list[str] | None,
        typer.Option(help='another engine, may be repeated: "NAME=cmd:PROGRAM ARGUMENTS {image}"; prints text'),
    ] = None,
    pages: Annotated[int, typer.Option(min=1, help="number of pages")] = 300,
    words: Annotated[int, typer.Option(min=1, help="mean words a page")] = 150,
    seed: Annotated[int, typer.Option(min=0, help="the book: same seed, same pages")] = 1,
    fonts: Annotated[
        str, typer.Option(help="train, held-out, all, or font files, folders and lists, comma-separated")
    ] = "train",
    cer_limit: Annotated[
        float | None, typer.Option(help="page CER over which a page is set aside [0.35; rus 0.5]")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = os.cpu_count() or 1,
    images: Annotated[Path | None, typer.Option(help="folder for the page images")] = None,
    stop_file: Annotated[Path | None, typer.Option(help="stop early once this file exists")] = None,
) -> None:
    """Print text as pages, damage them, have them read and write aligned pairs."""
    console = Console(stderr=True)
    named = [*filter(None, languages.split(",")), *(engine or [])]
    if not named:
        raise typer.BadParameter("no engine: give --languages or --engine")
    engines = tuple(find_engine(description) for description in named)
    if len({one.name for one in engines}) < len(engines):
        raise typer.BadParameter("two engines have the same name: write NAME=cmd:...")
    if len(engines) > 1 and "{language}" not in output:
        raise typer.BadParameter("with several engines, --output needs {language} in it")
    sources = _load(tuple(texts))
    files = {}
    for one in engines:
        language = one.language if isinstance(one, Tesseract) else one.name
        limit = cer_limit if cer_limit is not None else DEFAULT_CER_LIMITS.get(language, 0.5)
        path = Path(output.replace("{language}", language))
        path.parent.mkdir(parents=True, exist_ok=True)
        files[one.name] = PairFile(path, limit, seed, sources)
    if images is not None:
        images.mkdir(parents=True, exist_ok=True)
    job = _Job(tuple(texts), _choose_fonts(fonts), engines, seed, words, images)
    todo = [index for index in range(pages) if not all(index in file.done for file in files.values())]
    console.print(f"{len(job.fonts)} faces, {pages - len(todo)} pages there, {len(todo)} to make")
    try:
        _write(job, files, todo, workers, stop_file, console)
    finally:
        usable, set_aside, failed = (
            sum(getattr(file, count) for file in files.values()) for count in ("n_usable", "n_set_aside", "n_failed")
        )
        console.print(f"{usable} pairs written, {set_aside} hopeless pages set aside (the engine failed at {failed})")


def _write(
    job: _Job, files: dict[str, PairFile], todo: list[int], workers: int, stop_file: Path | None, console: Console
) -> None:
    """Make the pages in `todo` and add their records to the files.

    Raises:
        EngineFailedError: an engine has failed at all of its first pages.
    """
    columns = (TextColumn("pages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        ProcessPoolExecutor(workers) as pool,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task("pages", total=len(todo))
        queue = iter(todo)
        running: set[Future[list[dict[str, Any]]]] = set()
        while True:
            while len(running) < 2 * workers and not (stop_file and stop_file.exists()):
                index = next(queue, None)
                if index is None:
                    break
                running.add(pool.submit(job.run, index))
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                running.remove(future)
                for record in future.result():
                    files[record["engine"]].add(record)
                progress.advance(task)
    for file in files.values():
        file.close()


if __name__ == "__main__":
    try:
        typer.run(main)
    except (EngineFailedError, EngineMissingError, OSError, ValueError) as error:
        sys.exit(f"make_ocr_pairs: {error}")
