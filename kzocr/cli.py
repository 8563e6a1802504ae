"""The `kzocr` command: argv -> call -> print; exit code 1 if any input failed, 2 for a wrong command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

import kzocr
from kzocr.edits import LINE_BREAKS
from kzocr.formats import plain
from kzocr.formats.jsonl import correct_jsonl
from kzocr.formats.layout import LayoutFile
from kzocr.formats.parquet import correct_parquet
from kzocr.formats.recognise import DIALECTS, HEAD_BYTES, Format, recognise
from kzocr.formats.texts import files_of, read_text

if TYPE_CHECKING:
    from kzocr.corrector import Corrector, Progress
    from kzocr.passes import Correction
    from kzocr.reflow import Layout

STDIN = "-"
PROGRESS_FROM_BYTES = 20_000
"""Shorter inputs are done before a progress bar would be seen."""

MODEL_HELP = "A folder, a published model's name or USER/NAME on the Hub; without it the model in the package."


class LineLayout(str, Enum):
    """What happens to the lines of a text; the values are those of `kzocr.reflow.Layout`."""

    KEEP = "keep"
    REFLOW = "reflow"


class FileFormat(str, Enum):
    """How a file is read; the values are those of `kzocr.formats.recognise.FORMATS`, and one more."""

    AUTO = "auto"
    TEXT = "text"
    HOCR = "hocr"
    ALTO = "alto"
    PAGE = "page"
    JSONL = "jsonl"
    PARQUET = "parquet"


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Post-OCR correction for Kazakh.",
)


def main() -> None:
    """Run the command line."""
    app()


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"kzocr {kzocr.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Post-OCR correction for Kazakh."""


@dataclass(frozen=True)
class _Task:
    """One input: its name ("-" is the standard input) and where its correction goes (`None`: printed)."""

    name: str
    destination: Path | None
    file_format: FileFormat = FileFormat.AUTO

    @property
    def label(self) -> str:
        return "<stdin>" if self.name == STDIN else self.name

    @property
    def n_bytes(self) -> int:
        """Return the file's size; 0 if it is unknown."""
        path = Path(self.name)
        return path.stat().st_size if self.name != STDIN and path.is_file() else 0

    @property
    def kind(self) -> Format:
        """Return the format of the input; the standard input is known by its content only if it was read."""
        if self.file_format is not FileFormat.AUTO:
            return cast("Format", self.file_format.value)
        if self.name == STDIN:
            return "text"
        with Path(self.name).open("rb") as file:
            return recognise(file.read(HEAD_BYTES), self.name)

    def read(self) -> plain.TextFile | LayoutFile:
        data = sys.stdin.buffer.read() if self.name == STDIN else Path(self.name).read_bytes()
        kind = self.kind
        if self.name == STDIN and self.file_format is FileFormat.AUTO:
            kind = recognise(data[:HEAD_BYTES], self.label)
        if kind in DIALECTS:
            return LayoutFile.of(data, self.label, DIALECTS[kind])
        if kind != "text":
            raise ValueError(f"{self.label}: this is {kind}: say --format {kind}")
        return plain.parse(data, name=self.label)


@app.command()
def correct(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILES]...",
            help="UTF-8 text, hOCR, ALTO, PAGE XML, JSONL or Parquet; none or - is the standard input.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", help="Write to this file; several inputs: into this folder."),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write each correction over its input.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print the changed lines with the changes marked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a file, with every edit.")] = False,
    min_confidence: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Refuse changes that the model is less sure of.")
    ] = 0.5,
    layout: Annotated[
        LineLayout, typer.Option(help="keep: lines stay; reflow: join the lines of each paragraph and divided words.")
    ] = LineLayout.KEEP,
    model: Annotated[str | None, typer.Option(help=MODEL_HELP)] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a Hub model.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU if there is one.")] = "auto",
    use_lexicon: Annotated[
        bool, typer.Option("--lexicon/--no-lexicon", help="Give unknown words a second look, where the model has one.")
    ] = True,
    batch_bytes: Annotated[int, typer.Option(min=1, help="Bytes of text that the model sees at once.")] = 8192,
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="auto tells by the content and the file's ending.")
    ] = FileFormat.AUTO,
    column: Annotated[str, typer.Option(help="The key or column of JSONL and Parquet that holds the text.")] = "text",
) -> None:
    """Correct OCR text. Nothing is written over an input unless --in-place says so."""
    if in_place + diff + as_json > 1 or (in_place and output is not None) or (diff and output is not None):
        raise typer.BadParameter("--in-place, --diff and --json go alone, and only --json goes with -o")
    found = _tasks(files or [STDIN], output, in_place, suffix=".json" if as_json else "")
    tasks = [replace(task, file_format=file_format) for task in found]
    corrector: Corrector | None = None
    n_failed = n_done_bytes = 0
    n_all_bytes = sum(task.n_bytes for task in tasks)
    with _progress(n_all_bytes) as show:
        for task in tasks:

            def on_progress(n_done: int, n_all: int, start: int = n_done_bytes, size: int = task.n_bytes) -> None:
                show(start + size * n_done // max(n_all, 1), n_all_bytes)

            try:
                if (kind := task.kind) in ("jsonl", "parquet"):
                    if diff or as_json:
                        raise ValueError(f"{task.label}: {kind} is written anew; --diff and --json do not go with it")
                    corrector = corrector or _corrector(
                        model, revision, device, batch_bytes, min_confidence, use_lexicon
                    )
                    _correct_rows(corrector, task, kind, column, layout.value, show, n_done_bytes)
                    continue
                file = task.read()
                if isinstance(file, LayoutFile) and layout is not LineLayout.KEEP:
                    raise ValueError(f"{task.label}: the lines of {file.dialect.name} stay; --layout is for plain text")
                corrector = corrector or _corrector(model, revision, device, batch_bytes, min_confidence, use_lexicon)
                _correct_one(corrector, task, file, on_progress, layout.value, diff=diff, as_json=as_json)
            except (OSError, ValueError) as error:
                n_failed += 1
                _complain(_message(error, task.label))
            finally:
                n_done_bytes += task.n_bytes
    if n_failed:
        raise typer.Exit(1)


def _tasks(names: list[str], output: str | None, in_place: bool, suffix: str = "") -> list[_Task]:
    """Return the inputs with their destinations; `suffix` is added to the names of files in a folder.

    Raises:
        typer.BadParameter: two inputs would go to one file, or one over an input.
    """
    if in_place:
        if STDIN in names:
            raise typer.BadParameter("--in-place needs files: the standard input cannot be written over")
        return [_Task(name, Path(name)) for name in dict.fromkeys(names)]
    if output is None:
        return [_Task(name, None) for name in names]
    is_folder = len(names) > 1 or output.endswith(("/", "\\")) or Path(output).is_dir()
    tasks: dict[Path, _Task] = {}
    inputs = {Path(name).resolve() for name in names if name != STDIN}
    for name in names:
        file_name = "stdin.txt" if name == STDIN else Path(name).name
        destination = Path(output) / (file_name + suffix) if is_folder else Path(output)
        if destination.resolve() in inputs:
            raise typer.BadParameter(f"{destination} is an input; to write over it say --in-place")
        if destination in tasks:
            raise typer.BadParameter(f"{tasks[destination].name} and {name} would both go to {destination}")
        tasks[destination] = _Task(name, destination)
    return list(tasks.values())


def _correct_one(
    corrector: Corrector,
    task: _Task,
    file: plain.TextFile | LayoutFile,
    on_progress: Progress,
    layout: Layout,
    *,
    diff: bool,
    as_json: bool,
) -> None:
    if diff:
        _print_diff(corrector.explain(file.text, layout=layout, on_progress=on_progress), task.label)
        return
    if as_json:
        correction = corrector.explain(file.text, layout=layout, on_progress=on_progress)
        record = {
            "file": task.label,
            "text": correction.text,
            "edits": [asdict(edit) for edit in correction.edits],
            "kept": dict(correction.kept),
        }
        data = (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8")
    elif isinstance(file, LayoutFile):
        data = file.with_edits(corrector.explain(file.text, on_progress=on_progress).edits)
    else:
        text = corrector.correct(file.text, layout=layout, on_progress=on_progress)
        data = plain.serialise(plain.TextFile(text, file.has_byte_order_mark))
    if task.destination is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        task.destination.parent.mkdir(parents=True, exist_ok=True)
        with plain.replacing(task.destination) as unfinished:
            unfinished.write_bytes(data)


def _correct_rows(
    corrector: Corrector, task: _Task, kind: Format, column: str, layout: Layout, show: Progress, n_before_bytes: int
) -> None:
    """Correct a column of JSONL or Parquet, a few rows at a time."""

    def stream(texts: Iterable[str]) -> Iterator[str]:
        return corrector.correct_stream(texts, layout=layout)

    n_done_bytes = n_before_bytes

    def on_bytes(n_bytes: int) -> None:
        nonlocal n_done_bytes
        n_done_bytes += n_bytes
        show(n_done_bytes, 0)

    if task.destination is None:
        if kind == "parquet":
            raise ValueError(f"{task.label}: Parquet is not printed: say where it goes with -o, or --in-place")
        with _opened(task.name) as source:
            correct_jsonl(source, sys.stdout.buffer, column, stream, task.label, on_bytes)
        sys.stdout.buffer.flush()
        return
    if kind == "parquet" and task.name == STDIN:
        raise ValueError("Parquet is read from a file, not from the standard input")
    task.destination.parent.mkdir(parents=True, exist_ok=True)
    with plain.replacing(task.destination) as unfinished:
        if kind == "parquet":
            correct_parquet(Path(task.name), unfinished, column, stream)
        else:
            with _opened(task.name) as source, unfinished.open("wb") as target:
                correct_jsonl(source, target, column, stream, task.label, on_bytes)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == STDIN:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


def _print_diff(correction: Correction, label: str) -> None:
    """Print the changed lines: in colour on a terminal, else with [-before-]{+after+} marks."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    for number, pieces in _changed_lines(correction):
        line = Text(f"{label}:{number}: ", style="dim")
        for before, after in pieces:
            if before == after:
                line.append(before, style="not dim")
            elif console.is_terminal:
                line.append(before or "", style="not dim red strike")
                line.append(after, style="not dim green underline")
            else:
                line.append((f"[-{before}-]" if before else "") + (f"{{+{after}+}}" if after else ""))
        console.print(line)


def _changed_lines(correction: Correction) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Yield the number of each changed line with its pieces, (before, after).

    Lines whose line end an edit removed are one line, with the number of the first; ⏎ stands for the line end.
    """
    edits = iter(correction.edits)
    edit = next(edits, None)
    position = end = 0
    first_number = 1
    pieces: list[tuple[str, str]] = []
    for number, line in enumerate(correction.original.splitlines(keepends=True), start=1):
        end += len(line)
        is_last = end == len(correction.original)
        is_joined = False
        while edit is not None and (edit.start < end or is_last) and edit.end <= end:
            kept = correction.original[position : edit.start]
            pieces += [(kept, kept), (_in_one_line(edit.before), edit.after)]
            position = edit.end
            is_joined = position == end and edit.before.endswith(tuple(LINE_BREAKS))
            edit = next(edits, None)
        if not is_last and (is_joined or (edit is not None and edit.start < end)):
            continue
        if pieces:
            rest = correction.original[position:end].rstrip("\r\n")
            yield first_number, [*pieces, (rest, rest)]
        if edit is None:
            return
        position, pieces, first_number = end, [], number + 1


def _in_one_line(text: str) -> str:
    """Return `text` with a sign for each line end."""
    lines = text.splitlines(keepends=True)
    return "".join(line.rstrip("".join(LINE_BREAKS)) + "⏎" * (line[-1] in LINE_BREAKS) for line in lines)


@app.command()
def corrupt(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="UTF-8 text; - is the standard input.")] = STDIN,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same noise.")] = 0,
    prior: Annotated[str, typer.Option(help="A kind of document to imitate, or a file; `list` lists.")] = "mixture",
    cer: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Scale the noise to this character error rate.")
    ] = None,
    output: Annotated[str | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
) -> None:
    """Print a text as an OCR engine might have read it: the noise that the models are trained on."""
    import numpy as np

    from kzocr.channel.prior import ChannelPrior

    if prior == "list":
        typer.echo("\n".join(ChannelPrior.shipped_names()))
        return
    [task] = _tasks([file], output, in_place=False)
    rng = np.random.default_rng(seed)
    try:
        content = replace(task, file_format=FileFormat.TEXT).read()
        assert isinstance(content, plain.TextFile)
        channel = ChannelPrior.load(prior).draw(rng)
        if cer is None:
            text = channel.sample(content.text, rng)
        else:
            text, reached = channel.sample_with_cer(content.text, cer, rng)
            typer.echo(f"character error rate {reached:.4f}", err=True)
        corrupted = plain.TextFile(text, content.has_byte_order_mark)
        if task.destination is None:
            sys.stdout.buffer.write(plain.serialise(corrupted))
            sys.stdout.buffer.flush()
        else:
            plain.write(task.destination, corrupted)
    except (OSError, ValueError) as error:
        _complain(_message(error, task.label))
        raise typer.Exit(1) from error


@app.command()
def adapt(
    files: Annotated[list[str], typer.Argument(help="What an engine read: text files, layout files, folders of them.")],
    text: Annotated[
        list[str], typer.Option("--text", help="Clean Kazakh text: a file or a folder of *.txt; again for more.")
    ],
    output: Annotated[str, typer.Option("-o", "--output", help="Folder of the run; the model goes to `model` in it.")],
    model: Annotated[str | None, typer.Option(help="A model folder; without it the model in the package.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Training steps; about a second each on one CPU core.")] = 320,
    rounds: Annotated[
        int, typer.Option(min=1, help="How often documents are corrected and their noise is counted.")
    ] = 2,
    held_out: Annotated[float, typer.Option(help="Share of the documents to report on, not to learn from.")] = 0.2,
    pairs: Annotated[str | None, typer.Option(help="JSONL of printed and read text, to score with only.")] = None,
    column: Annotated[str, typer.Option(help="The key or column of JSONL and Parquet that holds the text.")] = "text",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same split and the same noise.")] = 1,
) -> None:
    """Adapt a model to your own OCR files, without ground truth. Started again, it goes on where it was."""
    try:
        paths = files_of([Path(name) for name in files])
        texts = {str(path): read_text(path, column) for path in paths}
        from kzocr.adaptation.run import Adaptation, AdaptationSettings
        from kzocr.adaptation.summary import summary
        from kzocr.pairs import read_pairs

        settings = AdaptationSettings(
            tuple(text), model, n_rounds=rounds, n_steps=steps, held_out_share=held_out, seed=seed
        )
        with _stages() as on_progress:
            scored = read_pairs(pairs) if pairs else []
            report = Adaptation(texts, Path(output), settings, scored, on_progress).run()
    except (OSError, ValueError, RuntimeError) as error:
        _complain(str(error))
        raise typer.Exit(1) from error
    typer.echo(summary(report))
    if report.model is None:
        raise typer.Exit(1)


@app.command("fit-channel")
def fit_channel(
    pairs: Annotated[str, typer.Argument(metavar="PAIRS.jsonl", help="Printed and read text, one document a line.")],
    output: Annotated[str, typer.Option("-o", "--output", help="Write the fitted noise to this JSON file.")],
    name: Annotated[str | None, typer.Option(help="A name for people; the file's own by default.")] = None,
    note: Annotated[str, typer.Option(help="What to remember about the pairs.")] = "",
) -> None:
    """Count what an engine makes of printed text; `--prior` and a training config take the file."""
    import datetime

    from kzocr.channel.estimate import fit_pairs
    from kzocr.channel.files import write_prior
    from kzocr.pairs import read_pairs

    try:
        prior = fit_pairs(read_pairs(pairs), name or Path(output).stem, datetime.date.today().isoformat(), note)
        write_prior(output, prior)
    except (OSError, ValueError) as error:
        _complain(_message(error, pairs))
        raise typer.Exit(1) from error
    facts = prior.provenance
    typer.echo(f"{facts['n_documents']} documents, {facts['n_chars']} characters, {facts['n_misreadings']} misreadings")


@app.command("show-channel")
def show_channel(
    channel: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A prior's name, or a fitted JSON file.")],
    output: Annotated[str, typer.Option("-o", "--output", help="Write the page to this HTML file.")],
    draws: Annotated[int, typer.Option(min=1, help="How many documents to draw.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same documents.")] = 0,
) -> None:
    """Write a page that shows what a kind of noise does: spaces by letter, confusions, examples."""
    import numpy as np

    from kzocr.channel.prior import ChannelPrior
    from kzocr.channel.sheet import channel_sheet

    rng = np.random.default_rng(seed)
    try:
        prior = ChannelPrior.load(channel)
        page = channel_sheet([prior.draw(rng) for _ in range(draws)], f"Noise: {prior.name}", rng)
        Path(output).write_text(page, encoding="utf-8")
    except (OSError, ValueError) as error:
        _complain(_message(error, channel))
        raise typer.Exit(1) from error


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one from 7860 on.")] = 0,
    language: Annotated[str | None, typer.Option(help="kk, ru or en; without it the browser's.")] = None,
    should_open: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    model: Annotated[str | None, typer.Option(help=MODEL_HELP)] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a Hub model.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a CUDA device if there is one.")] = "auto",
) -> None:
    """Show a page where text is corrected, in Kazakh, Russian and English (pip install 'kzocr[demo]')."""
    from kzocr.demo.page import Demo, build, launch_options

    try:
        page = build(Demo(_corrector(model, revision, device, 8192, 0.5)), language=language)
        where = {"server_name": host, "server_port": port or None, "inbrowser": should_open}
        page.launch(**where, **launch_options(), prevent_thread_lock=True)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        _complain(str(error))
        raise typer.Exit(1) from error
    typer.echo(f"kzocr demo: {page.local_url} (Ctrl-C ends it)")
    page.block_thread()


@app.command()
def evaluate(
    pairs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PAIRS.jsonl]...", help="Printed and read text, one document a line; a file is a set."),
    ] = None,
    reference: Annotated[Path | None, typer.Option(help="Or two folders of text files: the printed texts, ...")] = None,
    hypothesis: Annotated[Path | None, typer.Option(help="... and under the same names those that were read.")] = None,
    corrector: Annotated[
        list[str] | None,
        typer.Option(
            "-c",
            "--corrector",
            help="May be repeated: kzocr (default), kzocr-without-lexicon, identity, lookalikes, symspell, "
            "symspell-compound, hunspell, noisy-channel, or cmd:PROGRAM, which reads a text on stdin and writes it "
            "corrected to stdout.",
        ),
    ] = None,
    clean: Annotated[list[Path] | None, typer.Option(help="Text without errors, a passage a line.")] = None,
    clean_lines: Annotated[int, typer.Option(help="Lines of the clean files to use, spread evenly; 0: all.")] = 300,
    model: Annotated[str | None, typer.Option(help="kzocr: a model. Default: the one in the package.")] = None,
    word_list: Annotated[list[Path] | None, typer.Option(help="SymSpell: a word and its count a line.")] = None,
    word_text: Annotated[
        list[Path] | None, typer.Option(help="SymSpell, noisy-channel: text to learn words and letters from.")
    ] = None,
    min_count: Annotated[int, typer.Option(help="SymSpell: leave out rarer words.")] = 1,
    dictionary: Annotated[str, typer.Option(help="hunspell: name of the dictionary.")] = "kk_KZ",
    prior: Annotated[str, typer.Option(help="noisy-channel: kind of noise, by name or file.")] = "mixture",
    resamples: Annotated[int, typer.Option(min=1, help="Draws of the bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 20_260,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="report.json and report.html into this folder; or one file, NAME.json."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the HTML page to this file.")] = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "kzocr: evaluation",
    passages: Annotated[bool, typer.Option(help="Put passages of the texts into the report.")] = True,
) -> None:
    """Measure what correctors do to OCR text with known truth, and to clean text."""
    from kzocr import judging
    from kzocr.evaluation import spread, text_lines

    try:
        sets = judging.read_sets(pairs or [], reference, hypothesis)
        reports = judging.judge(
            corrector or ["kzocr"],
            sets,
            judging.Resources(model, tuple(word_list or ()), tuple(word_text or ()), min_count, dictionary, prior),
            clean_lines=spread([line for path in clean or [] for line in text_lines(path)], clean_lines),
            n_resamples=resamples,
            seed=seed,
            on_step=lambda line: typer.echo(line, err=True),
        )
        if output is not None and output.suffix != ".json":
            output.mkdir(parents=True, exist_ok=True)
            html = html or output / judging.REPORT_HTML
            output = output / judging.REPORT_JSON
        if output is not None:
            judging.write_json(output, reports, passages=passages)
        if html is not None:
            judging.write_html(html, reports, title=title, passages=passages)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        _complain(str(error))
        raise typer.Exit(1) from error
    judging.print_tables(reports)
    for path in filter(None, (output, html)):
        typer.echo(f"written: {path}", err=True)


def _corrector(
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
        _complain(str(error))
        raise typer.Exit(1) from error


@contextmanager
def _progress(n_all_bytes: int) -> Iterator[Progress]:
    """Give a function that shows how far the work is, on the standard error if that is a terminal."""
    if n_all_bytes < PROGRESS_FROM_BYTES or not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task("correcting", total=n_all_bytes)
        yield lambda n_done, n_all: bar.update(row, completed=n_done, total=n_all or n_all_bytes)


@contextmanager
def _stages() -> Iterator[Callable[[str, int, int], None]]:
    """Give a function that shows what is being done: bars on a terminal, else a line for each stage."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    if not sys.stderr.isatty():
        seen: set[str] = set()

        def say(what: str, _done: int, _all: int) -> None:
            if what not in seen:
                seen.add(what)
                typer.echo(f"kzocr: {what}", err=True)

        yield say
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    rows: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def show(what: str, n_done: int, n_all: int) -> None:
            if what not in rows:
                rows[what] = bar.add_task(what, total=n_all)
            bar.update(rows[what], completed=n_done, total=n_all)

        yield show


def _message(error: OSError | ValueError, label: str) -> str:
    """Return the error in one line that names the file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or label}: {error.strerror}"
    text = str(error)
    return text if label in text else f"{label}: {text}"


def _complain(message: str) -> None:
    typer.echo(f"kzocr: {message}", err=True)
