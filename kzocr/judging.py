"""Files and names on a command line -> reports: which texts, which correctors, where the results go.

`kzocr evaluate` and `scripts/evaluate.py` are the same function of `kzocr.cli.measuring` and call this module.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kzocr import __version__
from kzocr.bootstrap import N_RESAMPLES, SEED, Interval
from kzocr.corpus import DEFAULT_COLUMN
from kzocr.evaluation import CorrectorFunction, Report, evaluate, text_lines
from kzocr.formats.texts import read_text
from kzocr.hub import WEIGHTS_NAME, sha256_of
from kzocr.models.names import is_path, locate
from kzocr.pairs import TextPair, files_by_set, read_folders, read_pairs
from kzocr.report import to_html
from kzocr.rivals import baselines

PROGRAM = "cmd:"
REPORT_JSON = "report.json"
REPORT_HTML = "report.html"
CORRECTORS = (
    "kzocr",
    "kzocr-without-lexicon",
    "identity",
    "lookalikes",
    "symspell",
    "symspell-compound",
    "hunspell",
    "noisy-channel",
)
"""Correctors by name; `cmd:PROGRAM ARGUMENTS` is any program."""

OWN = ("kzocr", "kzocr-without-lexicon")
"""Those of them that are a model of kzocr."""


@dataclass(frozen=True)
class Resources:
    """What correctors are made from.

    Attributes:
        model: kzocr model, a folder or a name; None for the embedded one.
        word_lists: SymSpell: files with a word and its count a line.
        word_texts: SymSpell and the noisy channel: text files to learn words and letters from.
        min_count: SymSpell: rarer words are left out.
        dictionary: name of the hunspell dictionary.
        prior: noisy channel: a channel prior by name or file.
    """

    model: str | None = None
    word_lists: tuple[Path, ...] = ()
    word_texts: tuple[Path, ...] = ()
    min_count: int = 1
    dictionary: str = "kk_KZ"
    prior: str = "mixture"

    def corrector(self, name: str) -> CorrectorFunction:
        """Return the corrector of that name.

        Args:
            name: one of `CORRECTORS`, or `cmd:` and a program with its arguments that reads a text on stdin and
                writes it corrected to stdout.

        Raises:
            ValueError: no corrector has that name, or what it needs is not given; the message says what.
            ImportError: it needs a package that is not installed.
            OSError: a file that it needs cannot be read.
        """
        if name.startswith(PROGRAM):
            return baselines.external(name.removeprefix(PROGRAM))
        makers: dict[str, Callable[[], CorrectorFunction]] = {
            "kzocr": self._kzocr,
            "kzocr-without-lexicon": lambda: self._kzocr(use_lexicon=False),
            "identity": lambda: baselines.identity,
            "lookalikes": lambda: baselines.lookalike_map,
            "symspell": lambda: baselines.symspell(self._words()),
            "symspell-compound": lambda: baselines.symspell(self._words(), compound=True),
            "hunspell": lambda: baselines.hunspell(self.dictionary),
            "noisy-channel": self._noisy_channel,
        }
        if name not in makers:
            raise ValueError(f"no corrector {name!r}: expected {', '.join(CORRECTORS)} or {PROGRAM}PROGRAM")
        return makers[name]()

    def origin(self, name: str) -> dict[str, Any]:
        """Return what a report says of the corrector of that name: the version, and for kzocr which files it used.

        Returns:
            `kzocr_version`; for a model of kzocr also `files`, the SHA-256 of the weights and of the files beside
            them by their names, and `hardware`, the processor or GPU that it runs on here.
        """
        said: dict[str, Any] = {"kzocr_version": __version__}
        if name in OWN:
            from kzocr.models.loading import companions
            from kzocr.runs.hardware import device_name

            paths = [*_weights(self.model), *companions(self.model)]
            said |= {"files": {path.name: sha256_of(path) for path in paths}, "hardware": device_name()}
        return said

    def _kzocr(self, use_lexicon: bool = True) -> CorrectorFunction:
        from kzocr.corrector import Corrector

        return Corrector.from_pretrained(self.model, use_lexicon=use_lexicon).correct

    def _words(self) -> Counter[str]:
        words: Counter[str] = Counter()
        for path in self.word_lists:
            words += baselines.read_word_frequencies(path)
        for path in self.word_texts:
            words += baselines.count_words(text_lines(path))
        return Counter({word: n for word, n in words.items() if n >= self.min_count})

    def _noisy_channel(self) -> CorrectorFunction:
        from kzocr.rivals.noisy_channel import NoisyChannel

        if not self.word_texts:
            raise ValueError("the noisy channel learns letters from text: give it some with --word-text")
        lines = [line for path in self.word_texts for line in text_lines(path)]
        return NoisyChannel.from_text(lines, prior=self.prior).correct


def _weights(model: str | None) -> list[Path]:
    """Return the file with the weights of a model that is here or in the cache; none if they are in several."""
    location = locate(model)
    if location.name is None or is_path(location.name):
        path = Path(location.name or Path(__file__).parent / "weights") / WEIGHTS_NAME
        return [path] if path.is_file() else []
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return [Path(hf_hub_download(location.name, WEIGHTS_NAME, revision=location.revision))]
    except EntryNotFoundError:
        return []


def read_sets(
    pairs: Sequence[Path], reference: Path | None = None, hypothesis: Path | None = None
) -> dict[str, list[TextPair]]:
    """Return the sets that a command line names, by their names.

    Args:
        pairs: JSONL files; each is a set with the file's name.
        reference: a folder of printed texts, or None. Of layout files and rows the text is taken that `kzocr correct`
            corrects in them.
        hypothesis: the folder of the same texts as they were read; its name is the set's.

    Raises:
        ValueError: nothing is given, one folder without the other, or a file or folder is broken.
        OSError: a file cannot be read.
    """
    if (reference is None) != (hypothesis is None):
        raise ValueError("two folders are needed: --reference for the printed texts, --hypothesis for those read")
    paths = [*pairs, *([hypothesis] if hypothesis is not None else [])]
    if not paths:
        raise ValueError("no texts: give JSONL files of pairs, or two folders with --reference and --hypothesis")
    sets = {}
    for name, path in files_by_set(paths).items():
        is_folder = reference is not None and hypothesis is not None and path is hypothesis
        sets[name] = read_folders(reference, path, _corrected_text) if is_folder and reference else read_pairs(path)
    return sets


def _corrected_text(path: Path) -> str:
    return read_text(path, DEFAULT_COLUMN)


def judge(
    names: Sequence[str],
    sets: Mapping[str, Sequence[TextPair]],
    resources: Resources,
    *,
    clean_lines: Sequence[str] = (),
    n_resamples: int = N_RESAMPLES,
    seed: int = SEED,
    on_step: Callable[[str], None] = lambda _: None,
) -> list[Report]:
    """Return a report a corrector, all on the same texts and the same draws.

    Args:
        names: correctors; see `Resources.corrector`.
        sets: pairs by the name of their set.
        resources: what the correctors are made from.
        clean_lines: texts without errors; may be empty.
        n_resamples: draws of the bootstrap.
        seed: seed of the bootstrap.
        on_step: called with a line of text whenever something that takes long begins.

    Raises:
        ValueError: as `Resources.corrector` and `evaluate`.
        RuntimeError: a program failed.
    """
    reports = []
    for name in names:
        on_step(f"{name}: loading")
        corrector = resources.corrector(name)
        on_step(f"{name}: correcting {len(sets)} sets and {len(clean_lines)} clean lines")
        reports.append(
            evaluate(corrector, sets, clean_lines=clean_lines or None, name=name, n_resamples=n_resamples, seed=seed)
        )
    return reports


def write_json(path: Path, reports: Sequence[Report], resources: Resources, *, passages: bool = True) -> None:
    """Write the reports as a JSON list, each with what `Resources.origin` says of its corrector.

    Args:
        path: the file.
        reports: what `judge` returned.
        resources: what the correctors were made from.
        passages: whether passages of the texts go with the figures: figures can be published, texts not always.
    """
    described = []
    for report in reports:
        content = report.to_dict() if passages else _without_passages(report.to_dict())
        described.append({**content, **resources.origin(report.corrector)})
    text = json.dumps(described, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_html(path: Path, reports: Sequence[Report], *, title: str, passages: bool = True) -> None:
    """Write the reports as one HTML page that needs no network; see `kzocr.report.to_html`."""
    path.write_text(to_html(reports, title, passages=passages), encoding="utf-8")


def tables(reports: Sequence[Report]) -> list[Table]:
    """Return tables for a terminal, one a set and one for clean text."""
    found = []
    for column, first in enumerate(reports[0].sets):
        table = Table(title=f"{first.name}: {first.n_documents} documents, {first.n_passages} passages")
        headings = ["CER % [95 %]", "reduction %", "WER %", "no spaces %", "mean %", "HIPE cMER %"]
        _headings(table, [*headings, "better %", "worse %", "lost lines", "chars/s"])
        for report in reports:
            entry = report.sets[column]
            table.add_row(
                report.corrector,
                _with_bounds(entry.after.cer),
                _with_bounds(entry.cer_reduction, digits=0),
                _percent(entry.after.wer.value),
                _percent(entry.after.cer_without_spaces),
                _percent(entry.after.cer_mean.value),
                _percent(entry.hipe.cmer_micro),
                _percent(entry.share_better.value, 0),
                _percent(entry.share_worse.value, 0),
                str(entry.n_documents_with_lost_lines),
                f"{entry.chars_per_second:,.0f}",
            )
        found.append(table)
    if reports[0].clean is not None:
        table = Table(title=f"clean text: {reports[0].clean.n_lines} lines, {reports[0].clean.n_chars} characters")
        _headings(table, ["lines changed % [95 %]", "characters changed", "CER %", "chars/s"])
        for report in reports:
            if report.clean is not None:
                table.add_row(
                    report.corrector,
                    _with_bounds(report.clean.share_changed),
                    f"{report.clean.n_chars_changed:,}",
                    _percent(report.clean.cer.value),
                    f"{report.clean.chars_per_second:,.0f}",
                )
        found.append(table)
    return found


def print_tables(reports: Sequence[Report]) -> None:
    """Print the tables to the standard output, wide where that is no terminal."""
    console = Console(width=None if Console().is_terminal else 180, emoji=False)
    for table in tables(reports):
        console.print(table)


def _without_passages(report: dict[str, Any]) -> dict[str, Any]:
    for entry in [*report["sets"], *([report["clean"]] if report["clean"] else [])]:
        for name in ("worst", "examples"):
            entry.pop(name, None)
    return report


def _headings(table: Table, headings: Sequence[str]) -> None:
    table.add_column("corrector", justify="left")
    for heading in headings:
        table.add_column(heading, justify="right")


def _percent(fraction: float, digits: int = 2) -> str:
    return f"{100 * fraction:.{digits}f}"


def _with_bounds(interval: Interval, digits: int = 2) -> str:
    low, high = _percent(interval.low, digits), _percent(interval.high, digits)
    return rf"{_percent(interval.value, digits)} \[{low}, {high}]"
