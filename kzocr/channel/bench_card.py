"""The data card of kzocr-bench: what is in it, how it was made and how a corrector is measured on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kzocr.channel.bench_texts import BenchText


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


def bench_card(
    summary: BenchSummary, texts: Sequence[BenchText], *, command: str, kind: str, has_images: bool = False
) -> str:
    """Return the data card (README.md) with the front matter that `datasets` reads.

    Args:
        summary: what was written.
        texts: the texts, with source and licence.
        command: how it was made.
        kind: "parquet" or "jsonl", the ending of the files.
        has_images: whether the pages lie in `images/`.
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
        images=_IMAGES if has_images else "",
        evaluation=_EVALUATION[kind].format(split=list(summary.n_pages)[-1]),
    )


_IMAGES = """
The pages lie in `images/`, PNG files named by `document_id`; the column `image_path` names the one of a row.
"""

_EVALUATION = {
    "jsonl": """
```shell
kzocr evaluate data/{split}.jsonl -o report/
```""",
    "parquet": """
`kzocr evaluate` reads JSONL: say `--no-parquet` when the data set is made, or let `datasets` write it:

```python
from datasets import Dataset

Dataset.from_parquet("data/{split}.parquet").to_json("{split}.jsonl", force_ascii=False)
```

```shell
kzocr evaluate {split}.jsonl -o report/
```""",
}


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
{images}
## How to measure a corrector

In the folder of the data set:
{evaluation}

Rows of all engines and levels are one set there; to tell them apart, make a file of each (`engine`, `level`).

## Sources and licences

| name | text | licence | from | split |
|---|---|---|---|---|
{sources}

## Limits

Pages are rendered, not scanned: real paper has stains, show-through, broken type and curved lines that these have not.
A corrector that is good here must be tried on real scans too. Do not train on `test`.
"""
