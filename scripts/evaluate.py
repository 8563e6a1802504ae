"""Print and write what correctors do to OCR text with known truth, and to clean text.

    python scripts/evaluate.py PAIRS.jsonl --clean CLEAN.txt --corrector kzocr -o report.json
    python scripts/evaluate.py PAIRS.jsonl --corrector symspell --word-text corpus.txt --html report.html
    python scripts/evaluate.py --reference printed/ --hypothesis read/ -o report/

The same as `kzocr evaluate`, for those who work in the repository; docs/reading-the-report.md explains what it writes.

A pairs file is one set; each line holds `reference`, `hypothesis`, `document_id` and `origin`. Correctors:
`kzocr`, `kzocr-without-lexicon`, `identity`, `lookalikes`, `symspell`, `symspell-compound`, `hunspell`,
`noisy-channel`, or `cmd:PROGRAM ARGUMENTS`, a program that reads text on stdin and writes it corrected to stdout.
SymSpell takes its words from `--word-list` (a word and its count a line) and `--word-text` (any text, its words are
counted), added up; the noisy channel learns its letters from `--word-text` and its noise from `--prior`.

Time and hardware: one CPU core; seconds for the pages of a small test set, plus the corrector's own time;
SymSpell needs about a minute and 1 GB to load 300,000 words.
"""

from __future__ import annotations

import typer

from kzocr.cli.measuring import evaluate

if __name__ == "__main__":
    typer.run(evaluate)
