"""kzocr-bench: pages printed, damaged and read, as splits of a data set with a card that says where texts are from.

A page belongs to the text that was printed on it, and a text to one split, so no sentence is in two splits. All pages
of a text are read by every engine. What is written is loaded by `datasets.load_dataset(FOLDER)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kzocr.channel.degradation import degrade, sample_degradation
from kzocr.channel.engines import Engine
from kzocr.channel.fonts import FontFace
from kzocr.channel.pages import Page, TextSource, is_hopeless, read_page, sample_paragraphs
from kzocr.channel.rendering import draw, layout, sample_style
from kzocr.json_files import read_json
from kzocr.metrics import share

LEVELS: Mapping[str, float] = {"light": 0.15, "medium": 0.5, "heavy": 0.85}
"""Severity of print and scan damage, 0 to 1, by level."""

SPLITS = ("validation", "test")
FIELDS = tuple(
    "id document_id reference hypothesis origin engine level font font_kind size_pt dpi cer n_lines n_missed_lines "
    "n_spurious_lines source licence url".split()
)
"""The columns of the data set."""


@dataclass(frozen=True)
class BenchText:
    """A text that may be published, and what must be said about it.

    Attributes:
        source: its name and lines.
        title: what it is, for people.
        licence: an SPDX identifier or "public domain".
        url: where it is from.
        split: "validation" or "test".
    """

    source: TextSource
    title: str
    licence: str
    url: str
    split: str

    @classmethod
    def read_list(cls, path: Path) -> list[BenchText]:
        """Return the texts of a JSON list, sorted by file name.

        Args:
            path: a list of objects with `file` (relative to the list), `title`, `licence`, `url` and `split`.

        Raises:
            ValueError: the list is broken, a field is missing, empty or unknown, two texts share a file name, or a
                text is empty; the message names file and entry.
            OSError: a file cannot be read.
        """
        entries = read_json(path)
        if not isinstance(entries, list) or not entries:
            raise ValueError(f"{path}: expected a list of texts")
        texts = [cls._from_entry(entry, path, number) for number, entry in enumerate(entries, 1)]
        names = [text.source.name for text in texts]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{path}: two texts are named {sorted(doubled)[0]!r}")
        return sorted(texts, key=lambda text: text.source.name)

    @classmethod
    def _from_entry(cls, entry: Any, path: Path, number: int) -> BenchText:
        where = f"{path}: entry {number}"
        if not isinstance(entry, dict):
            raise ValueError(f"{where}: expected an object")
        names = {"file", "title", "licence", "url", "split"}
        if wrong := sorted(names ^ set(entry)):
            raise ValueError(f"{where}: field {wrong[0]!r} is {'missing' if wrong[0] in names else 'unknown'}")
        for name in sorted(names):
            if not isinstance(entry[name], str) or not entry[name].strip():
                raise ValueError(f"{where}: field {name!r} must say something")
        if entry["split"] not in SPLITS:
            raise ValueError(f"{where}: field 'split' is {entry['split']!r}: expected {' or '.join(SPLITS)}")
        source = TextSource.load(path.parent / entry["file"])
        return cls(source, entry["title"], entry["licence"], entry["url"], entry["split"])


def make_records(
    texts: Sequence[BenchText],
    fonts: Sequence[FontFace],
    engines: Sequence[Engine],
    *,
    pages: int,
    words: int = 120,
    seed: int = 1,
    levels: Mapping[str, float] = LEVELS,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (split, record) for each page and engine; the same arguments give the same records.

    Args:
        texts: what is printed.
        fonts: faces to draw from.
        engines: what reads the pages; each reads all of them.
        pages: pages for each text and level.
        words: mean words a page.
        seed: the book.
        levels: severity of the damage by the level's name.
    """
    for number, text in enumerate(texts):
        for n_level, (level, severity) in enumerate(levels.items()):
            for index in range(pages):
                rng = np.random.default_rng([seed, number, n_level, index])
                page = _page(text, fonts, words, severity, f"{text.source.name}-{level}-{index:03d}", rng)
                if not page.lines:
                    continue
                for engine in engines:
                    record = read_page(page, engine)
                    yield text.split, _described(record, text, level)


def _page(
    text: BenchText, fonts: Sequence[FontFace], words: int, severity: float, name: str, rng: np.random.Generator
) -> Page:
    style = sample_style(fonts, rng)
    lines = layout(sample_paragraphs(text.source, style.font, words, rng), style)
    damage = sample_degradation(rng, severity)
    image = degrade(draw(lines, style), damage, style.size_px, rng)
    return Page(name, tuple(line.text for line in lines), image, style, damage)


def _described(record: Mapping[str, Any], text: BenchText, level: str) -> dict[str, Any]:
    facts = {
        **record,
        "id": f"{record['document_id']}-{record['engine']}",
        "level": level,
        "source": text.title,
        "licence": text.licence,
        "url": text.url,
    }
    return {name: facts[name] for name in FIELDS}


@dataclass(frozen=True)
class BenchSummary:
    """What was written: pages and characters by split, and pages left out.

    Attributes:
        n_pages: pairs in each split.
        n_chars: characters of printed text in each split.
        n_left_out: pages that no engine could be said to have read.
        cer: pooled CER by (split, engine, level), and how many pages it is of.
    """

    n_pages: Mapping[str, int]
    n_chars: Mapping[str, int]
    n_left_out: int
    cer: Mapping[tuple[str, str, str], tuple[float, int]]


def write_bench(
    folder: Path,
    records: Iterable[tuple[str, dict[str, Any]]],
    texts: Sequence[BenchText],
    *,
    command: str,
    cer_limit: float = 0.6,
    parquet: bool = True,
) -> BenchSummary:
    """Write the splits as JSONL or Parquet and a data card, and return what was written.

    Args:
        folder: is made; must hold no data set yet.
        records: what `make_records` yields.
        texts: the texts, for the card.
        command: the command that makes the data set again, for the card.
        cer_limit: pages over it, or with most lines missed, are left out and counted.
        parquet: Parquet (needs pyarrow) or else JSONL.

    Raises:
        FileExistsError: the folder has a data set.
        ValueError: a split is empty.
    """
    if (folder / "README.md").exists():
        raise FileExistsError(f"{folder}: has a README.md already")
    rows: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS if any(t.split == split for t in texts)}
    n_left_out = 0
    for split, record in records:
        if is_hopeless(record, cer_limit):
            n_left_out += 1
        else:
            rows[split].append(record)
    if empty := [split for split, entries in rows.items() if not entries]:
        raise ValueError(f"split {empty[0]!r} has no page that could be read")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for split, entries in rows.items():
        _write_split(folder / "data", split, entries, parquet)
    summary = _summary(rows, n_left_out)
    kind = "parquet" if parquet else "jsonl"
    (folder / "README.md").write_text(bench_card(summary, texts, command=command, kind=kind), encoding="utf-8")
    return summary


def _write_split(folder: Path, split: str, entries: Sequence[dict[str, Any]], parquet: bool) -> None:
    if parquet:
        import pyarrow
        from pyarrow.parquet import write_table

        write_table(pyarrow.Table.from_pylist(list(entries)), folder / f"{split}.parquet")
        return
    lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")


def _summary(rows: Mapping[str, Sequence[Mapping[str, Any]]], n_left_out: int) -> BenchSummary:
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for split, entries in rows.items():
        for entry in entries:
            groups.setdefault((split, entry["engine"], entry["level"]), []).append(entry)
    rates = {}
    for key, entries in groups.items():
        n_chars = sum(len(entry["reference"]) for entry in entries)
        errors = sum(entry["cer"] * len(entry["reference"]) for entry in entries)
        rates[key] = (share(errors, n_chars), len(entries))
    return BenchSummary(
        {split: len(entries) for split, entries in rows.items()},
        {split: sum(len(entry["reference"]) for entry in entries) for split, entries in rows.items()},
        n_left_out,
        rates,
    )


def bench_card(summary: BenchSummary, texts: Sequence[BenchText], *, command: str, kind: str) -> str:
    """Return the data card (README.md) with the front matter that `datasets` reads.

    Args:
        summary: what was written.
        texts: the texts, with source and licence.
        command: how it was made.
        kind: "parquet" or "jsonl", the ending of the files.
    """
    licences = sorted({text.licence for text in texts})
    files = "\n".join(f"  - split: {split}\n    path: data/{split}.{kind}" for split in summary.n_pages)
    sizes = "\n".join(f"| {split} | {n:,} | {summary.n_chars[split]:,} |" for split, n in summary.n_pages.items())
    rates = "\n".join(
        f"| {split} | {engine} | {level} | {n} | {100 * rate:.2f} |"
        for (split, engine, level), (rate, n) in summary.cer.items()
    )
    sources = "\n".join(
        f"| {text.source.name} | {text.title} | {text.licence} | {text.url} | {text.split} |" for text in texts
    )
    front = f"license: {licences[0]}" if len(licences) == 1 and " " not in licences[0] else "license: other"
    return _CARD.format(
        front=front,
        files=files,
        sizes=sizes,
        rates=rates,
        sources=sources,
        command=command,
        n_left_out=summary.n_left_out,
    )


_CARD = """---
language:
- kk
{front}
pretty_name: kzocr-bench
task_categories:
- text-generation
tags:
- ocr
- post-ocr-correction
configs:
- config_name: default
  data_files:
{files}
---

# kzocr-bench

Kazakh text that was printed on page images, damaged as print and scan do, and read by OCR engines: pairs of what was
printed (`reference`) and what was read (`hypothesis`), line by line, for measuring OCR correction.

| split | pages read | characters printed |
|---|---|---|
{sizes}

Character error rate of the OCR, pooled, by engine and level of damage:

| split | engine | level | pages | CER % |
|---|---|---|---|---|
{rates}

## How it was made

```shell
{command}
```

Fonts are drawn with a chance each page; damage is light, medium or heavy. Lines were matched to what the engine
returned; lines that it missed or made up are in neither text and are counted (`n_missed_lines`, `n_spurious_lines`).
{n_left_out} pages that were too broken were left out. A text is in one split alone, so no sentence is in two.

## Sources and licences

| name | text | licence | from | split |
|---|---|---|---|---|
{sources}

## Limits

Pages are rendered, not scanned: real paper has stains, show-through, broken type and curved lines that these have not.
A corrector that is good here must be tried on real scans too. Do not train on `test`.
"""
