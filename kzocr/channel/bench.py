"""kzocr-bench: pages printed, damaged and read, as splits of a data set with a card that says where texts are from.

A page belongs to the text that was printed on it, and a text to one split, so no sentence is in two splits. All pages
of a text are read by every engine. What is written is loaded by `datasets.load_dataset(FOLDER)`; page images, where
they are kept, lie beside the data and are named by a column.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kzocr.channel.bench_card import BenchSummary, bench_card
from kzocr.channel.bench_texts import SPLITS, BenchText
from kzocr.channel.degradation import degrade, sample_degradation
from kzocr.channel.engines import Engine
from kzocr.channel.fonts import FontFace
from kzocr.channel.pages import Page, is_hopeless, read_page, sample_paragraphs
from kzocr.channel.rendering import draw, layout, sample_style
from kzocr.metrics import share

LEVELS: Mapping[str, float] = {"light": 0.15, "medium": 0.5, "heavy": 0.85}
"""Severity of print and scan damage, 0 to 1, by level."""

FIELDS = tuple(
    "id document_id reference hypothesis origin engine level font font_kind size_pt dpi cer n_lines n_missed_lines "
    "n_spurious_lines source licence url".split()
)
"""The columns of the data set."""

IMAGE = "image"
"""The key of a record under which its page's image is, until it is written."""

IMAGE_PATH = "image_path"
"""The column that names the image, where images are kept; the path is relative to the data set's folder."""


def make_records(
    texts: Sequence[BenchText],
    fonts: Sequence[FontFace],
    engines: Sequence[Engine],
    *,
    pages: int,
    words: int = 120,
    seed: int = 1,
    levels: Mapping[str, float] = LEVELS,
    images: bool = False,
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
        images: whether a record has its page's image, under `IMAGE`, for `write_bench` to keep.
    """
    for number, text in enumerate(texts):
        for n_level, (level, severity) in enumerate(levels.items()):
            for index in range(pages):
                rng = np.random.default_rng([seed, number, n_level, index])
                page = _page(text, fonts, words, severity, f"{text.source.name}-{level}-{index:03d}", rng)
                if not page.lines:
                    continue
                for engine in engines:
                    record = _described(read_page(page, engine), text, level)
                    yield text.split, ({**record, IMAGE: page.image} if images else record)


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


def write_bench(
    folder: Path,
    records: Iterable[tuple[str, dict[str, Any]]],
    texts: Sequence[BenchText],
    *,
    command: str,
    cer_limit: float = 0.6,
    parquet: bool = True,
) -> BenchSummary:
    """Write the splits as JSONL or Parquet, images where records have them, and a data card; return what was written.

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
    written: set[str] = set()
    for split, record in records:
        if is_hopeless(record, cer_limit):
            n_left_out += 1
        else:
            rows[split].append(_with_image_written(record, folder, written) if IMAGE in record else record)
    if empty := [split for split, entries in rows.items() if not entries]:
        raise ValueError(f"split {empty[0]!r} has no page that could be read")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for split, entries in rows.items():
        _write_split(folder / "data", split, entries, parquet)
    summary = _summary(rows, n_left_out)
    kind = "parquet" if parquet else "jsonl"
    has_images = any(IMAGE_PATH in entry for entries in rows.values() for entry in entries)
    card = bench_card(summary, texts, command=command, kind=kind, has_images=has_images)
    (folder / "README.md").write_text(card, encoding="utf-8")
    return summary


def _with_image_written(record: Mapping[str, Any], folder: Path, written: set[str]) -> dict[str, Any]:
    """Write the record's page as PNG, once for all engines, and return the record with the path instead of it."""
    name = f"images/{record['document_id']}.png"
    if name not in written:
        written.add(name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        record[IMAGE].save(folder / name)
    return {**{key: value for key, value in record.items() if key != IMAGE}, IMAGE_PATH: name}


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
