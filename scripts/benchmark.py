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
and the peak of memory. Two to three minutes on two CPU cores.

`files`: several files with one process on all cores, and with more processes (`kzocr correct --jobs`).

`noise`: megabytes of text a second on one core for every shipped prior (a new channel for every document), next to
`nlpaug`'s OcrAug and `noisocr` where they are installed, with the memory that it took. `training`: printed bytes a
second next to `Seq2SeqTrainer`, and the loader alone.
"""

from __future__ import annotations

import copy
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table
from training_speed import loader_speed, ours, rows_of_like_cost, stock
from transformers import AutoModelForSeq2SeqLM, PreTrainedModel

from kzocr.channel.generators import Documents, NlpaugNoise, NoisocrNoise
from kzocr.channel.prior import ChannelPrior
from kzocr.cli.models import ModelOptions
from kzocr.cli.processes import do_tasks
from kzocr.cli.tasks import Task
from kzocr.cli.writing import Writing
from kzocr.config import load_config
from kzocr.corpus import load_corpus
from kzocr.corrector import MAX_PASSES, Corrector
from kzocr.data import ExampleSampler
from kzocr.decoding import Decoded, GuidedDecoder
from kzocr.encoding import BYTE_OFFSET, encode
from kzocr.inference.generation import limits_of
from kzocr.inference.recollection import Recollection
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.skeletons import Skeletons
from kzocr.models.loading import EMBEDDED
from kzocr.rivals.yardstick import generate_greedy
from kzocr.windows import windows

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_MODEL = REPOSITORY / "kzocr" / "weights"
DEFAULT_CLEAN = REPOSITORY / "docs" / "example" / "reference.txt"
DEFAULT_TEXT = REPOSITORY / "docs" / "example" / "ocr.txt"
SENTENCES = REPOSITORY / "kzocr" / "adaptation" / "sentences.txt"
DEFAULT_CONFIG = REPOSITORY / "configs" / "embedded" / "kzocr-embedded.yaml"
GENERATE = "transformers generate"
CER_CHARS = 20_000
RIVAL_RATE = 0.05
"""Share of the characters that the other libraries are asked to change."""


Checkpoint = Annotated[Path, typer.Option(help="Folder of the checkpoint.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Threads = Annotated[int, typer.Option(help="CPU threads; 0: as torch has it.")]
JsonPath = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Measure speed; each command prints a table and, with --json, writes its figures."""


@dataclass(frozen=True)
class Measurement:
    """One way of decoding, timed over all windows; `ratio`: its speed over `generate` at the same batch.

    `ratio_to_best`: over `generate` at the batch size where it is fastest.
    """

    name: str
    batch_rows: int
    seconds: float
    chars_per_second: float
    n_windows: int
    n_different_windows: int
    ratio: float | None = None
    ratio_to_best: float | None = None


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
    loaded = AutoModelForSeq2SeqLM.from_pretrained(model, dtype=torch.float32).eval().to(device)
    noisy = _noisy_sentences(prior) if text is None else text.read_text(encoding="utf-8")
    texts = [window.text for window in windows(noisy)][:n_windows]
    if not texts:
        raise typer.BadParameter("the text is empty")
    inputs = sorted(map(encode, texts), key=len)  # like lengths together, for those who pad
    n_chars = sum(map(len, texts))
    forgetful = _Forgetful(loaded)
    expected: list[Decoded] = []
    measurements: list[Measurement] = []
    for rows in [*batch_rows, *(rows for rows in generate_rows if rows not in batch_rows)]:
        generated_seconds = 0.0
        for name, run, n_runs in _contestants(loaded, forgetful, rows, device, only_generate=rows not in batch_rows):
            print(f"{name}, batches of {rows}", file=sys.stderr)
            seconds, outputs = _timed(run, inputs, rows, n_runs if n_runs else repeats)
            expected = expected or outputs
            generated_seconds = generated_seconds or seconds
            pairs = zip(outputs, expected, strict=True)
            measurements.append(
                Measurement(
                    name=name,
                    batch_rows=rows,
                    seconds=seconds,
                    chars_per_second=n_chars / seconds,
                    n_windows=len(inputs),
                    n_different_windows=sum(ours.ids != theirs.ids for ours, theirs in pairs),
                    ratio=generated_seconds / seconds,
                )
            )
    best_seconds = min(one.seconds for one in measurements if one.name == GENERATE)
    measurements = [replace(one, ratio_to_best=best_seconds / one.seconds) for one in measurements]
    profiles = [_profile(forgetful, inputs, rows, repeats) for rows in batch_rows]
    _show(measurements, profiles)
    if json_path is not None:
        figures = {"measurements": [asdict(one) for one in measurements], "profiles": profiles}
        json_path.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


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
    source = text.read_text(encoding="utf-8")
    corrector.correct(source)  # what is loaded once is not the first document's cost
    table = Table(title=f"Whole documents, at most {max_passes} passes")
    for heading in ("KB", "characters", "seconds", "characters/s", "passes", "settled", "peak memory, MB"):
        table.add_column(heading, justify="right")
    figures: list[dict[str, float]] = []
    for n_kilobytes in kilobytes:
        print(f"{n_kilobytes} KB ...", file=sys.stderr)
        document = _numbered(source, 1000 * n_kilobytes)
        begin = time.perf_counter()
        correction = corrector.explain(document)
        seconds = time.perf_counter() - begin
        figures.append(
            {
                "kilobytes": n_kilobytes,
                "n_chars": len(document),
                "seconds": seconds,
                "chars_per_second": len(document) / seconds,
                "n_passes": correction.n_passes,
                "is_settled": correction.is_settled,
                "peak_megabytes": _peak_megabytes(),
            }
        )
        table.add_row(*(f"{value:,.0f}" if isinstance(value, float) else str(value) for value in figures[-1].values()))
        if json_path is not None:  # what was measured stays where a longer document is broken off
            json_path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
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
    source = text.read_text(encoding="utf-8")
    document = _numbered(source, 1000 * kilobytes * n_files)
    size = len(document) // n_files
    table = Table(title=f"{n_files} files of {kilobytes} KB")
    for heading in ("processes", "seconds", "characters/s", "times the first"):
        table.add_column(heading, justify="right")
    figures: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tasks = []
        for number in range(n_files):
            path = folder / f"{number}.txt"
            path.write_text(document[number * size : (number + 1) * size], encoding="utf-8")
            tasks.append(Task(str(path), folder / "out" / path.name))
        for n_processes in jobs:
            begin = time.perf_counter()
            failed = [
                done for done in do_tasks(tasks, Writing(), ModelOptions(str(model)), n_processes) if done.message
            ]
            seconds = time.perf_counter() - begin
            if failed:
                raise SystemExit(f"{len(failed)} files failed: {failed[0].message}")
            ratio = figures[0]["seconds"] / seconds if figures else 1.0
            figures.append(
                {
                    "processes": n_processes,
                    "seconds": seconds,
                    "chars_per_second": size * n_files / seconds,
                    "ratio": ratio,
                }
            )
            table.add_row(str(n_processes), f"{seconds:.0f}", f"{size * n_files / seconds:,.0f}", f"{ratio:.2f}")
    Console().print(table)
    if json_path is not None:
        json_path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _numbered(source: str, n_bytes: int) -> str:
    """Return about `n_bytes` of `source` over and over, with a number in every line: no window comes twice."""
    lines = [line for line in source.splitlines() if line.strip()]
    if not lines:
        raise typer.BadParameter("the text is empty")
    document: list[str] = []
    n_done_bytes = 0
    while n_done_bytes < n_bytes:
        document.append(f"{lines[len(document) % len(lines)]} {1000 + len(document)}\n")
        n_done_bytes += len(document[-1].encode())
    return "".join(document)


def _peak_megabytes() -> float:
    """Return the most memory that this process has had so far."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


Run = Callable[[Sequence[Sequence[int]]], list[Decoded]]


class _Forgetful:
    """Guided decoding whose memory can be emptied, so that no run knows what an earlier one decoded."""

    def __init__(self, model: PreTrainedModel) -> None:
        lexicon = EMBEDDED / LEXICON_FILE
        self._skeletons = Skeletons(Lexicon.read(lexicon))
        self._skeletons.filled("сездер")  # sorts the lexicon, once
        self.decoder = GuidedDecoder(model)

    def start(self) -> Run:
        """Return the decoder's method, its memory empty."""
        self.decoder.memory = Recollection(self._skeletons)
        return self.decoder.decode


def _noisy_sentences(prior: str) -> str:
    """Return the package's sentences as they might have been read, with noise of one channel of `prior`."""
    rng = np.random.default_rng(1)
    return ChannelPrior.load(prior).draw(rng).sample(SENTENCES.read_text(encoding="utf-8"), rng)


def _contestants(
    model: PreTrainedModel, forgetful: _Forgetful, rows: int, device: str, *, only_generate: bool = False
) -> Iterator[tuple[str, Callable[[], Run], int]]:
    """Yield name, what begins a run (a function of one batch) and number of runs (0: as asked); `generate` is first."""
    yield GENERATE, lambda: lambda batch: generate_greedy(model, batch), 3
    if only_generate:
        return
    if rows == 1:
        yield (
            "transformers generate, prompt lookup",
            lambda: lambda batch: generate_greedy(model, batch, prompt_lookup_num_tokens=10),
            1,
        )
    for kind in ("float32", "int8") if device == "cpu" else ("float32", "int8_float16"):
        run = ctranslate2_run(model, kind, device)
        if run is not None:
            yield f"CTranslate2 {kind}", partial(_same, run), 0
        del run  # its idle threads would slow the next one down by a third
    yield "kzocr guided decoding", forgetful.start, 0


def _same(run: Run) -> Run:
    return run


@dataclass(frozen=True)
class NoiseSpeed:
    """One generator, timed on the same documents; `ratio`: its speed over OcrAug's, if that was measured."""

    name: str
    seconds: float
    mb_per_second: float
    cer: float
    ratio: float | None = None


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
    names = prior or ChannelPrior.shipped_names()
    piece = _document(text, document_kb)
    begin = time.process_time()
    for name in {*names, *ChannelPrior.shipped_names()}:
        ChannelPrior.load(name).draw(np.random.default_rng(0))  # reads the files of counted priors, once a process
    start_up = time.process_time() - begin
    found = []
    for name in names:
        loaded = ChannelPrior.load(name)
        found.append(_noise_speed(name, loaded, [piece] * documents))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    short = _document(text, rival_kb)
    for name, kind in (("nlpaug OcrAug", NlpaugNoise), ("noisocr", NoisocrNoise)):
        try:
            found.append(_noise_speed(name, Documents(kind(RIVAL_RATE)), [short]))
        except ImportError as error:
            print(f"{name} is not measured: {error}; pip install nlpaug noisocr", file=sys.stderr)
    base = next((one.mb_per_second for one in found if one.name == "nlpaug OcrAug"), None)
    found = [replace(one, ratio=one.mb_per_second / base) if base else one for one in found]
    table = Table(title="Noise")
    for heading in ("generator", "MB/s", "CER", "times OcrAug"):
        table.add_column(heading, justify="left" if heading == "generator" else "right")
    for one in found:
        ratio = f"{one.ratio:.0f}" if one.ratio is not None else "-"
        table.add_row(one.name, f"{one.mb_per_second:.2f}", f"{one.cer:.3f}", ratio)
    console = Console()
    console.print(table)
    console.print(f"before that, once a process, to read the files of all priors: {start_up:.1f} s")
    console.print(f"greatest memory of the process while our priors were timed: {peak / 1024:.0f} MiB")
    if json_path is not None:
        figures = {"noise": [asdict(one) for one in found], "start_up_seconds": start_up, "peak_mib": peak / 1024}
        json_path.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _document(path: Path, n_kb: int) -> str:
    """Return the text of `path`, from its start over where it is too short, cut to `n_kb` kilobytes."""
    content = path.read_text(encoding="utf-8").strip() + "\n"
    n_bytes = len(content.encode("utf-8"))
    whole = content * (1000 * n_kb // n_bytes + 1)
    return whole.encode("utf-8")[: 1000 * n_kb].decode("utf-8", errors="ignore")


def _noise_speed(name: str, prior: ChannelPrior | Documents, texts: Sequence[str]) -> NoiseSpeed:
    """Return the speed over `texts`, a new channel for each; drawing channels is timed too, reading files is not."""
    rng = np.random.default_rng(1)
    prior.draw(rng).sample(texts[0][:100], rng)  # what is made once a process is not timed
    seconds = 0.0
    n_errors = n_chars = 0
    for text in texts:
        begin = time.process_time()
        channel = prior.draw(rng)
        channel.sample(text, rng)
        seconds += time.process_time() - begin
        start = text[:CER_CHARS]  # the distance of whole books would take longer than their noise
        n_errors += Levenshtein.distance(start, channel.sample(start, rng))
        n_chars += len(start)
    n_bytes = sum(len(text.encode("utf-8")) for text in texts)
    return NoiseSpeed(name, seconds, n_bytes / seconds / 1e6, n_errors / max(n_chars, 1))


def ctranslate2_run(model: PreTrainedModel, compute_type: str, device: str) -> Run | None:
    """Return greedy decoding by CTranslate2, or None where it is not installed.

    It is given one thread: with two on two cores it was up to seven times slower.

    ByT5 is not among its documented models: the loader of T5 converts it, with a vocabulary made here.
    """
    try:
        import ctranslate2
        from ctranslate2.converters.transformers import T5Loader
    except ImportError:
        return None
    model = copy.deepcopy(model).to("cpu")  # quantising works on the weights themselves
    scaled = getattr(model.config, "scale_decoder_outputs", None)
    if scaled is not None:
        model.config.tie_word_embeddings = scaled
    spec = T5Loader().get_model_spec(model)
    n_ids = model.config.vocab_size
    tokens = ["<pad>", "</s>", "<unk>", *(f"<{number}>" for number in range(BYTE_OFFSET, n_ids))]
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<pad>", "</s>", "<unk>"
    spec.config.decoder_start_token = "<pad>"
    spec.validate()
    spec.optimize(quantization=None if compute_type == "float32" else compute_type)
    with tempfile.TemporaryDirectory() as folder:
        spec.save(folder)
        translator = ctranslate2.Translator(
            folder,
            device=device,
            compute_type=compute_type,
            inter_threads=1,
            intra_threads=1,
        )
    number_of = {token: number for number, token in enumerate(tokens)}

    def run(batch: Sequence[Sequence[int]]) -> list[Decoded]:
        limit = max(limits_of(batch, None))
        sources = [[tokens[number] for number in ids] for ids in batch]
        results = translator.translate_batch(sources, beam_size=1, max_decoding_length=limit)
        return [Decoded([number_of[t] for t in result.hypotheses[0]], [], True) for result in results]

    return run


def _timed(start: Callable[[], Run], inputs: list[list[int]], rows: int, n_runs: int) -> tuple[float, list[Decoded]]:
    """Return the seconds of the fastest run over all inputs, in batches in their order, and the outputs."""
    batches = [list(range(first, min(first + rows, len(inputs)))) for first in range(0, len(inputs), rows)]
    start()([inputs[number] for number in batches[0]])
    fastest, outputs = float("inf"), list[Decoded]()
    for _ in range(n_runs):
        run = start()
        begin = time.perf_counter()
        outputs = [decoded for batch in batches for decoded in run([inputs[number] for number in batch])]
        fastest = min(fastest, time.perf_counter() - begin)
    return fastest, outputs


@torch.inference_mode()
def _profile(forgetful: _Forgetful, inputs: list[list[int]], rows: int, repeats: int) -> dict[str, Any]:
    """Return where guided decoding spends its time.

    The encoder's share; passes of the decoder and bytes per window, those verified in vain among them; and the share
    of the time that would be left if the draft were the output itself: the floor.
    """
    decoder = forgetful.decoder
    batches = [inputs[first : first + rows] for first in range(0, len(inputs), rows)]
    before, run = decoder.counts, forgetful.start()
    outputs = [[one.ids for one in run(batch)] for batch in batches]
    counts = decoder.counts
    seconds, _ = _timed(forgetful.start, inputs, rows, repeats)
    encoder_seconds = perfect_seconds = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        for batch in batches:
            decoder.packed.encode(batch)
        encoder_seconds = min(encoder_seconds, time.perf_counter() - begin)
        begin = time.perf_counter()
        for batch, drafts in zip(batches, outputs, strict=True):
            decoder.decode(batch, drafts=drafts)
        perfect_seconds = min(perfect_seconds, time.perf_counter() - begin)
    n_rows = counts.n_rows - before.n_rows
    n_accepted = counts.accepted_bytes - before.accepted_bytes
    n_verified = counts.verified_bytes - before.verified_bytes
    return {
        "batch_rows": rows,
        "encoder_share": encoder_seconds / seconds,
        "floor_share": perfect_seconds / seconds,
        "passes_per_window": (counts.n_row_passes - before.n_row_passes) / n_rows,
        "bytes_per_window": n_accepted / n_rows,
        "wasted_bytes_per_window": (n_verified - n_accepted) / n_rows,
    }


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
    described = load_config(config)
    data = replace(
        described.data,
        corpus=(corpus,),
        word_lists=(),
        word_list_share=0.0,
        pool_examples=examples,
        batch_bytes=batch_bytes,
    )
    sampler = ExampleSampler(load_corpus(data.corpus), ChannelPrior.load(data.prior), data)
    drawn = sampler.documents(examples, np.random.default_rng(1))
    loaded = AutoModelForSeq2SeqLM.from_pretrained(str(model), dtype=torch.float32)
    loaded.to("cuda" if torch.cuda.is_available() else "cpu")
    speeds = [
        stock(loaded, drawn, rows_of_like_cost(drawn, batch_bytes)),
        ours(loaded, drawn, batch_bytes, described.optimizer),
    ]
    examples_per_second, loaded_bytes_per_second = loader_speed(sampler, 2)
    table = Table(title="Training")
    for heading in ("way", "printed bytes/s", "times Seq2SeqTrainer", "padding %", "steps"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for one in speeds:
        ratio = one.bytes_per_second / speeds[0].bytes_per_second
        padding = f"{100 * one.padding_share:.1f}"
        table.add_row(one.name, f"{one.bytes_per_second:,.0f}", f"{ratio:.2f}", padding, str(one.n_steps))
    console = Console()
    console.print(table)
    console.print(
        f"loader alone, one process: {examples_per_second:,.0f} examples/s, {loaded_bytes_per_second:,.0f} B/s"
    )
    if json_path is not None:
        figures = {
            "ways": [{**asdict(one), "bytes_per_second": one.bytes_per_second} for one in speeds],
            "loader": {"examples_per_second": examples_per_second, "bytes_per_second": loaded_bytes_per_second},
            "threads": torch.get_num_threads(),
        }
        json_path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _show(measurements: Sequence[Measurement], profiles: Sequence[dict[str, Any]]) -> None:
    """Print the table and the profiles."""
    table = Table(title="Decoding")
    for heading in ("decoder", "batch", "characters/s", "times generate", "times best generate", "windows that differ"):
        table.add_column(heading, justify="left" if heading == "decoder" else "right")
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


if __name__ == "__main__":
    app()
