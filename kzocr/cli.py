"""The `kzocr` command: argv -> call -> print; exit code 1 if any input failed, 2 for a wrong command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import kzocr
from kzocr.edits import LINE_BREAKS
from kzocr.formats import plain

if TYPE_CHECKING:
    from kzocr.corrector import Correction, Corrector, Progress
    from kzocr.reflow import Layout

STDIN = "-"
PROGRESS_FROM_BYTES = 20_000
"""Shorter inputs are done before a progress bar would be seen."""


class LineLayout(str, Enum):
    """What happens to the lines of a text; the values are those of `kzocr.reflow.Layout`."""

    KEEP = "keep"
    REFLOW = "reflow"


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

    @property
    def label(self) -> str:
        return "<stdin>" if self.name == STDIN else self.name

    @property
    def n_bytes(self) -> int:
        """Return the file's size; 0 if it is unknown."""
        path = Path(self.name)
        return path.stat().st_size if self.name != STDIN and path.is_file() else 0

    def read(self) -> plain.TextFile:
        if self.name == STDIN:
            return plain.parse(sys.stdin.buffer.read(), name=self.label)
        return plain.read(Path(self.name))


@app.command()
def correct(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILES]...", help="UTF-8 text; none or - is the standard input."),
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
    model: Annotated[
        str | None, typer.Option(help="A model folder or a Hub name; without it the model in the package.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a Hub model.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU if there is one.")] = "auto",
    batch_bytes: Annotated[int, typer.Option(min=1, help="Bytes of text that the model sees at once.")] = 8192,
) -> None:
    """Correct OCR text. Nothing is written over an input unless --in-place says so."""
    if in_place + diff + as_json > 1 or (in_place and output is not None) or (diff and output is not None):
        raise typer.BadParameter("--in-place, --diff and --json go alone, and only --json goes with -o")
    tasks = _tasks(files or [STDIN], output, in_place, suffix=".json" if as_json else "")
    corrector: Corrector | None = None
    n_failed = n_done_bytes = 0
    n_all_bytes = sum(task.n_bytes for task in tasks)
    with _progress(n_all_bytes) as show:
        for task in tasks:

            def on_progress(n_done: int, n_all: int, start: int = n_done_bytes, size: int = task.n_bytes) -> None:
                show(start + size * n_done // max(n_all, 1), n_all_bytes)

            try:
                file = task.read()
                corrector = corrector or _corrector(model, revision, device, batch_bytes, min_confidence)
                _correct_one(corrector, task, file, on_progress, layout.value, diff=diff, as_json=as_json)
            except (OSError, ValueError) as error:
                n_failed += 1
                _complain(_message(error, task.label))
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
    file: plain.TextFile,
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
        corrected = plain.TextFile(json.dumps(record, ensure_ascii=False) + "\n")
    else:
        text = corrector.correct(file.text, layout=layout, on_progress=on_progress)
        corrected = plain.TextFile(text, file.has_byte_order_mark)
    if task.destination is None:
        sys.stdout.buffer.write(plain.serialise(corrected))
        sys.stdout.buffer.flush()
    else:
        task.destination.parent.mkdir(parents=True, exist_ok=True)
        plain.write(task.destination, corrected)


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
        content = task.read()
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
            help="May be repeated: kzocr (default), identity, lookalikes, symspell, symspell-compound, hunspell, "
            "noisy-channel, or cmd:PROGRAM, which reads a text on stdin and writes it corrected to stdout.",
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
    model: str | None, revision: str | None, device: str, batch_bytes: int, min_confidence: float
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
        yield lambda n_done, n_all: bar.update(row, completed=n_done, total=n_all)


def _message(error: OSError | ValueError, label: str) -> str:
    """Return the error in one line that names the file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or label}: {error.strerror}"
    text = str(error)
    return text if label in text else f"{label}: {text}"


def _complain(message: str) -> None:
    typer.echo(f"kzocr: {message}", err=True)
