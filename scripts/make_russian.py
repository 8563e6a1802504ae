"""Make the table that tells Russian words from Kazakh ones by their letters: `kzocr/language/russian.npz`.

    combine_tessdata -u /usr/share/tesseract-ocr/5/tessdata/rus.traineddata rus.
    dawg2wordlist rus.lstm-unicharset rus.lstm-word-dawg russian_words.txt
    python scripts/make_russian.py russian_words.txt

The first two commands (Debian's tesseract-ocr and tesseract-ocr-rus) write the word list that Tesseract's Russian model
carries along (Apache-2.0); any other list, a word a line, will do. Kazakh words are those of the lexicon beside the
weights. Seconds on one CPU core.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.russian import RUSSIAN_FILE, letter_table, write_table
from kzocr.models.loading import EMBEDDED


def main(
    words: Annotated[Path, typer.Argument(help="Russian words, UTF-8, one a line.")],
    lexicon: Annotated[Path, typer.Option(help="The Kazakh lexicon.")] = EMBEDDED / LEXICON_FILE,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the table goes.")] = RUSSIAN_FILE,
) -> None:
    """Count the letters of both languages and write the table."""
    table = letter_table(words.read_text(encoding="utf-8").splitlines(), Lexicon.read(lexicon).counts)
    write_table(table, output)
    print(output)


if __name__ == "__main__":
    try:
        typer.run(main)
    except (OSError, ValueError) as error:
        sys.exit(f"make_russian: {error}")
