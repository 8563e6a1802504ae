"""Measure speed: one command per subject, everything of a table in one run on one machine.

    python scripts/benchmark.py decoding --json decoding.json
    python scripts/benchmark.py linear --text docs/example/ocr.txt --json linear.json
    python scripts/benchmark.py files --json files.json
    python scripts/benchmark.py noise --text clean.txt --json noise.json
    python scripts/benchmark.py training --json training.json

`decoding`: guided decoding next to `transformers`, also at the batch size that suits `generate` best, and next to
CTranslate2 where `pip install ctranslate2` was done: the same windows, the same checkpoint, every output compared with
greedy `generate`. Without `--text` it is the package's sentences as a document of Tesseract's Russian model, drawn
from the counted prior. No window comes twice, and kzocr, whose drafts learn from earlier windows, forgets them before
every run. The profile says what the floor is: the same decoding with the finished output as the draft, which no better
guess can beat. Four minutes on two CPU cores.

`linear`: the whole corrector over documents of 10 KB, 100 KB and 1 MB without a repeated window: characters a second
and the peak of memory. Three to four minutes on one CPU core for the first two, over half an hour for the third
(`--kilobytes 10 --kilobytes 100` leaves it out).

`files`: several files with one process on all cores, and with more processes (`kzocr correct --jobs`). Of ten files
(`--n-files 10`) one process on two CPU cores takes 46 seconds and two take 37.

`noise`: megabytes of text a second on one core for every shipped prior (a new channel for every document), next to
`nlpaug`'s OcrAug and `noisocr` where they are installed, with the memory that it took. Twenty seconds on one CPU core.

`training`: printed bytes a second next to `Seq2SeqTrainer`, and the loader alone. About a minute on two CPU cores.

What is measured, and how, is in `kzocr/speed/`; here are the arguments and the tables.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForSeq2SeqLM, PreTrainedModel

from kzocr.channel.prior import ChannelPrior
from kzocr.cli.models import ModelOptions
from kzocr.cli.processes import do_tasks
from kzocr.cli.tasks import Task
from kzocr.cli.writing import Writing
from kzocr.config import load_config
from kzocr.corrector import MAX_PASSES, Corrector
from kzocr.speed.correcting import DocumentSpeed, FilesSpeed, document_speed, files_speeds
from kzocr.speed.decoding import DecodingRace, Measurement
from kzocr.speed.documents import noisy, repeated
from kzocr.speed.noise import NoiseSpeeds, noise_speeds
from kzocr.speed.training import TrainingSpeeds, training_speeds
from kzocr.windows import windows

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_MODEL = REPOSITORY / "kzocr" / "weights"
DEFAULT_CLEAN = REPOSITORY / "docs" / "example" / "reference.txt"
DEFAULT_TEXT = REPOSITORY / "docs" / "example" / "ocr.txt"
SENTENCES = REPOSITORY / "kzocr" / "adaptation" / "sentences.txt"
DEFAULT_CONFIG = REPOSITORY / "configs" / "embedded" / "kzocr-embedded.yaml"


Checkpoint = Annotated[Path, typer.Option(help="Folder of the checkpoint.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Threads = Annotated[int, typer.Option(help="CPU threads; 0: as torch has it.")]
JsonPath = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Measure speed; each command prints a table and, with --json, writes its figures."""


@app.command()
def decoding(
    model: Checkpoint = DEFAULT_MODEL,
    text: Annotated[Path | None, typer.Option(help="OCR text, UTF-8; without it the package's sentences.")] = None,
    prior: Annotated[str, typer.Option(help="The noise of these sentences.")] = "tesseract-rus",
    n_windows: Annotated[int, typer.Option(help="How many windows are decoded.")] = 32,
    batch_rows: Annotated[list[int], typer.Option(help="Batch sizes to compare.")] = [1, 16],  # noqa: B006
    generate_rows: Annotated[list[int], typer.Option(help="More batch sizes for generate.")] = [32],  # noqa: B006
    repeats: Annotated[
        int, typer.Option(help="The fastest of so many runs counts; of generate three, of its look-up one.")
    ] = 3,
    device: Device = "cpu",
    n_threads: Threads = 0,
    json_path: JsonPath = None,
) -> None:
    """Compare guided decoding with generate, prompt lookup and CTranslate2, in characters a second."""
    if n_threads:
        torch.set_num_threads(n_threads)
    read = noisy(_text(SENTENCES), prior) if text is None else _text(text)
    texts = [window.text for window in windows(read)][:n_windows]
    if not texts:
        raise typer.BadParameter("the text is empty")
    race = DecodingRace(_loaded(model, device), texts, device, repeats)
    measurements = race.measurements(batch_rows, generate_rows, _tell)
    profiles = [race.profile(rows) for rows in batch_rows]
    _show_decoding(measurements, profiles)
    _write(json_path, {"measurements": [asdict(one) for one in measurements], "profiles": profiles})


def _show_decoding(measurements: Sequence[Measurement], profiles: Sequence[dict[str, Any]]) -> None:
    table = _table(
        "Decoding",
        "decoder",
        ("batch", "characters/s", "times generate", "times best generate", "windows that differ"),
    )
    for one in measurements:
        table.add_row(
            one.name,
            str(one.batch_rows),
            f"{one.chars_per_second:,.0f}",
            f"{one.ratio:.1f}",
            f"{one.ratio_to_best:.1f}",
            f"{one.n_different_windows} of {one.n_windows}",
        )
    console = Console()
    console.print(table)
    for profile in profiles:
        console.print({name: round(value, 3) for name, value in profile.items()})


@app.command()
def linear(
    model: Checkpoint = DEFAULT_MODEL,
    text: Annotated[Path, typer.Option(help="OCR text, UTF-8; repeated, each time with other numbers.")] = DEFAULT_TEXT,
    kilobytes: Annotated[list[int], typer.Option(help="Sizes of the documents, ascending.")] = [10, 100, 1000],  # noqa: B006
    max_passes: Annotated[int, typer.Option(help="How often a text is looked at, at most.")] = MAX_PASSES,
    device: Device = "cpu",
    n_threads: Threads = 0,
    json_path: JsonPath = None,
) -> None:
    """Correct documents of growing size: characters a second, and memory at its peak."""
    if n_threads:
        torch.set_num_threads(n_threads)
    corrector = Corrector.from_pretrained(model, device=device, max_passes=max_passes)
    source = _text(text)
    corrector.correct(source)  # what is loaded once is not the first document's cost
    speeds: list[DocumentSpeed] = []
    for n_kilobytes in kilobytes:
        _tell(f"{n_kilobytes} KB ...")
        speeds.append(document_speed(corrector, source, n_kilobytes))
        # what was measured stays where a longer document is broken off
        _write(json_path, [asdict(one) for one in speeds])
    table = _table(
        f"Whole documents, at most {max_passes} passes",
        "",
        ("KB", "characters", "seconds", "characters/s", "passes", "settled", "peak memory, MB"),
    )
    for one in speeds:
        values = asdict(one).values()
        table.add_row(*(f"{value:,.0f}" if isinstance(value, float) else str(value) for value in values))
    Console().print(table)


@app.command()
def files(
    model: Checkpoint = DEFAULT_MODEL,
    text: Annotated[Path, typer.Option(help="OCR text, UTF-8; repeated, each time with other numbers.")] = DEFAULT_TEXT,
    n_files: Annotated[int, typer.Option(min=1, help="Files.")] = 12,
    kilobytes: Annotated[int, typer.Option(min=1, help="Size of each.")] = 5,
    jobs: Annotated[list[int], typer.Option(help="Processes; the first is the yardstick.")] = [1, 2],  # noqa: B006
    json_path: JsonPath = None,
) -> None:
    """Correct files with one process on all cores, and with several: the time to load a model in each counts too."""

    def correct(paths: Sequence[tuple[Path, Path]], n_processes: int) -> None:
        tasks = [Task(str(path), destination) for path, destination in paths]
        done = list(do_tasks(tasks, Writing(), ModelOptions(str(model)), n_processes))
        if failed := [one for one in done if one.message]:
            raise SystemExit(f"{len(failed)} files failed: {failed[0].message}")

    speeds: list[FilesSpeed] = list(files_speeds(_text(text), n_files, kilobytes, jobs, correct))
    table = _table(
        f"{n_files} files of {kilobytes} KB", "", ("processes", "seconds", "characters/s", "times the first")
    )
    for one in speeds:
        table.add_row(str(one.processes), f"{one.seconds:.0f}", f"{one.chars_per_second:,.0f}", f"{one.ratio:.2f}")
    Console().print(table)
    _write(json_path, [asdict(one) for one in speeds])


@app.command()
def noise(
    text: Annotated[Path, typer.Option(help="Clean text, UTF-8; repeated if too short.")] = DEFAULT_CLEAN,
    prior: Annotated[list[str] | None, typer.Option(help="Priors to time; all shipped ones by default.")] = None,
    document_kb: Annotated[int, typer.Option(min=1, help="Length of a document, that is of a channel's text.")] = 1000,
    documents: Annotated[int, typer.Option(min=1, help="Documents a prior.")] = 20,
    rival_kb: Annotated[int, typer.Option(min=1, help="Text for the slower libraries.")] = 1000,
    json_path: JsonPath = None,
) -> None:
    """Compare how fast noise is drawn, in megabytes of UTF-8 text a second of one core's time."""
    clean = _text(text)
    document = repeated(clean, 1000 * document_kb)
    speeds = noise_speeds(
        prior or ChannelPrior.shipped_names(),
        [document] * documents,
        repeated(clean, 1000 * rival_kb),
        lambda name, error: _tell(f"{name} is not measured: {error}; pip install nlpaug noisocr"),
    )
    _show_noise(speeds)
    _write(json_path, asdict(speeds))


def _show_noise(speeds: NoiseSpeeds) -> None:
    table = _table("Noise", "generator", ("MB/s", "CER", "times OcrAug"))
    for one in speeds.noise:
        ratio = f"{one.ratio:.0f}" if one.ratio is not None else "-"
        table.add_row(one.name, f"{one.mb_per_second:.2f}", f"{one.cer:.3f}", ratio)
    console = Console()
    console.print(table)
    console.print(f"before that, once a process, to read the files of all priors: {speeds.start_up_seconds:.1f} s")
    console.print(f"greatest memory of the process while our priors were timed: {speeds.peak_mib:.0f} MiB")


@app.command()
def training(
    corpus: Annotated[str, typer.Option(help="Text file, folder of *.txt or packed corpus.")] = str(
        REPOSITORY / "tests" / "data" / "sentences.txt"
    ),
    model: Annotated[Path, typer.Option(help="Folder of the checkpoint that is trained on.")] = DEFAULT_MODEL,
    config: Annotated[Path, typer.Option(help="Its data settings and optimiser are used.")] = DEFAULT_CONFIG,
    examples: Annotated[int, typer.Option(help="Windows to learn from.")] = 256,
    batch_bytes: Annotated[int, typer.Option(help="Input bytes a batch.")] = 1536,
    json_path: JsonPath = None,
) -> None:
    """Time kzocr's training step and transformers' Seq2SeqTrainer on the same examples, and the loader alone."""
    loaded = _loaded(model, "cuda" if torch.cuda.is_available() else "cpu")
    speeds = training_speeds(loaded, load_config(config), corpus, examples, batch_bytes)
    _show_training(speeds)
    ways = [{**asdict(one), "bytes_per_second": one.bytes_per_second} for one in speeds.ways]
    loader = {
        "examples_per_second": speeds.loader_examples_per_second,
        "bytes_per_second": speeds.loader_bytes_per_second,
    }
    _write(json_path, {"ways": ways, "loader": loader, "threads": torch.get_num_threads()})


def _show_training(speeds: TrainingSpeeds) -> None:
    table = _table("Training", "way", ("printed bytes/s", "times Seq2SeqTrainer", "padding %", "steps"))
    for one in speeds.ways:
        ratio = one.bytes_per_second / speeds.ways[0].bytes_per_second
        padding = f"{100 * one.padding_share:.1f}"
        table.add_row(one.name, f"{one.bytes_per_second:,.0f}", f"{ratio:.2f}", padding, str(one.n_steps))
    console = Console()
    console.print(table)
    console.print(
        f"loader alone, one process: {speeds.loader_examples_per_second:,.0f} examples/s, "
        f"{speeds.loader_bytes_per_second:,.0f} B/s"
    )


def _loaded(model: Path, device: str) -> PreTrainedModel:
    loaded: PreTrainedModel = AutoModelForSeq2SeqLM.from_pretrained(str(model), dtype=torch.float32).eval()
    return loaded.to(device)


def _text(path: Path) -> str:
    """Return the text of a file; an empty one cannot be measured with."""
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        raise typer.BadParameter(f"{path}: the text is empty")
    return text


def _table(title: str, name: str, numbers: Sequence[str]) -> Table:
    """Return an empty table: a column for a name, unless that is "", and columns for numbers."""
    table = Table(title=title)
    for heading in filter(None, (name, *numbers)):
        table.add_column(heading, justify="left" if heading == name else "right")
    return table


def _tell(message: str) -> None:
    print(message, file=sys.stderr)


def _write(path: Path | None, figures: Any) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        app()
    except (OSError, ValueError) as error:
        sys.exit(f"benchmark: {error}")
