"""Which text model knows best which word was printed? Clean words among the known words that are spelt nearly so.

    python scripts/measure_word_choice.py ../shared/corpus/train --held-out CLEAN.txt --order 6 --order 7 --order 8

No OCR and no byte model takes part: up to three words of each held-out line stand beside the known words one letter
away, the usual ones first, and a conditional logit chooses by frequency, by pairs of words, and by what a text model
says. It is fitted on half of the words and tested on the other half, and the other way round. Prints for every order
the n-grams, the log likelihood a word and how often the printed word is the likeliest, without and with the context
model that lies beside the lexicon.

Time and hardware: half a minute an order for 16 MB of text, one CPU core, 2 GB.
"""

from __future__ import annotations

import math
import random
import re
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from kzocr.corpus import load_corpus, without_overlap
from kzocr.evaluation import text_lines
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.text_model import TextModel
from kzocr.models.loading import EMBEDDED
from kzocr.spelling.choice import probabilities
from kzocr.spelling.choice_fitting import JudgedWord, fit_choice
from kzocr.spelling.context_model import ContextModel
from kzocr.spelling.context_words import CONTEXT_FILE

WORDS_A_LINE = 3
LEAST_CHARS = 4
N_ALTERNATIVES = 10
N_WITHOUT_CONTEXT = 3
_WORD = re.compile(r"[^\W\d_]+")


def main(
    corpus: Annotated[list[str], typer.Argument(help="Texts to count, as `data.corpus` of a configuration.")],
    held_out: Annotated[Path, typer.Option(help="UTF-8 text, a line a passage; its lines are not counted.")],
    order: Annotated[list[int], typer.Option(help="Characters of the longest n-grams; may be repeated.")],
    model: Annotated[Path, typer.Option(help="Folder with the lexicon and the context model.")] = EMBEDDED,
    seed: Annotated[int, typer.Option(help="Another seed takes other words.")] = 4,
) -> None:
    """Print how well text models choose between known words."""
    lexicon = Lexicon.read(model / LEXICON_FILE)
    context_model = ContextModel.load(model / CONTEXT_FILE)
    tested = text_lines(held_out)
    sources = without_overlap(load_corpus(corpus), load_corpus([str(held_out)]))
    lines = [line for source in sources for line in source.lines]
    table = Table("order", "n-grams", "words", "log likelihood a word", "on top %", "with context", "on top %")
    for length in order:
        text_model = TextModel.from_lines(lines, length)
        words = [word for rows in _choices(tested, lexicon, text_model, context_model, seed) for word in rows]
        without = [JudgedWord([row[:N_WITHOUT_CONTEXT] for row in word.rows], word.right) for word in words]
        figures = [
            f"{figure:.3f}" if figure < 0 else f"{figure:.1f}" for w in (without, words) for figure in _tested(w)
        ]
        table.add_row(str(length), f"{sum(map(len, text_model.grams)):,}", f"{len(words):,}", *figures)
    Console(width=120).print(table)


def _choices(
    lines: list[str], lexicon: Lexicon, text_model: TextModel, context_model: ContextModel, seed: int
) -> list[list[JudgedWord]]:
    """Return words of each line; an alternative's features are what it has over the printed word, which is to stay."""
    rng = random.Random(seed)
    return [
        [
            found
            for index in rng.sample(range(len(words)), min(WORDS_A_LINE, len(words)))
            if (found := _choice(line, words, index, lexicon, text_model, context_model))
        ]
        for line in lines
        for words in [list(_WORD.finditer(line))]
    ]


def _choice(
    line: str,
    words: list[re.Match[str]],
    index: int,
    lexicon: Lexicon,
    text_model: TextModel,
    context_model: ContextModel,
) -> JudgedWord | None:
    place = words[index]
    word = place.group().lower()
    if len(word) < LEAST_CHARS or word not in lexicon:
        return None
    near = [known for known, _ in lexicon.near(word, 1)][:N_ALTERNATIVES]
    left = words[index - 1].group().lower() if index else ""
    right = words[index + 1].group().lower() if index + 1 < len(words) else ""

    def pairs(known: str) -> float:
        return math.log1p(lexicon.pairs.get((left, known), 0)) + math.log1p(lexicon.pairs.get((known, right), 0))

    changes = [(place.start(), place.end(), known) for known in (word, *near)]
    gains = text_model.gains(line, changes)
    fits = context_model.fits(line, changes)
    rows = [
        [
            lexicon.log_frequency(known) - lexicon.log_frequency(word),
            gain - gains[0],
            pairs(known) - pairs(word),
            fit - fits[0],
        ]
        for known, gain, fit in zip(near, gains[1:], fits[1:], strict=True)
    ]
    return JudgedWord(rows, None) if rows else None


def _tested(words: list[JudgedWord]) -> tuple[float, float]:
    """Return the mean log likelihood of the printed words, and how many in 100 are the likeliest."""
    half = len(words) // 2
    likelihoods: list[float] = []
    n_on_top = 0
    for fitted, tested in ((words[:half], words[half:]), (words[half:], words[:half])):
        weights = fit_choice(fitted)
        for word in tested:
            shares = probabilities(word.rows, weights)
            stays = 1 - math.fsum(shares)
            likelihoods.append(math.log(max(stays, 1e-12)))
            n_on_top += stays > max(shares)
    return float(np.mean(likelihoods)), 100 * n_on_top / len(words)


if __name__ == "__main__":
    try:
        typer.run(main)
    except (OSError, ValueError) as error:
        sys.exit(f"measure_word_choice: {error}")
