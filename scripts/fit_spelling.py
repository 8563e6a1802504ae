"""Fit the choice between a word in doubt and its known alternatives, and say what it does to other documents.

    python scripts/fit_spelling.py PAIRS.jsonl ... --clean CLEAN.txt --misreadings TRAINING_PAIRS.jsonl ... \\
        --save kzocr/weights/spelling.json

The pairs must be of text that the lexicon was not counted on and that the model never saw: pages that
`scripts/make_ocr_pairs.py` printed from a held-out corpus. Clean lines are documents without errors. What engines take
for what is counted in the pairs of `--misreadings`. Half of the documents are fitted on, the other half says how often
a chosen alternative is right; what is saved is fitted on all. Sets that were drawn or printed from the same sentences
need `--halves FIRST.txt SECOND.txt`, two files of different sentences: which of them a document is from is its half.
`--save-halves` also writes what was fitted on either half alone: confidences should be fitted on edits of documents
that the choice was not fitted on (`scripts/calibrate.py --spelling-halves`). About as long as correcting the pairs
once, on any CPU, and `pip install "kzocr[fit]"`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import track

from kzocr.confidence.misprints import mended, read_misprints
from kzocr.decoding import GuidedDecoder
from kzocr.evaluation import spread, text_lines
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.misreadings import Misreadings
from kzocr.language.text_model import TEXT_MODEL_FILE, TextModel
from kzocr.models.loading import EMBEDDED, load_model
from kzocr.pairs import TextHalves, TextPair, half_of, read_pairs
from kzocr.spelling.bayes_risk import least_risk
from kzocr.spelling.choice import FEATURES, SpellingModel, half_path
from kzocr.spelling.choice_fitting import JudgedWord, fit_spelling
from kzocr.spelling.context_model import ContextModel
from kzocr.spelling.context_words import CONTEXT_FILE
from kzocr.spelling.examining import LexiconDecoder
from kzocr.spelling.respelling import judged_words


def main() -> None:
    """Fit, print and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("--clean", type=Path, help="text without errors, a line a document")
    parser.add_argument("--clean-lines", type=int, default=400)
    parser.add_argument("--misprints", type=Path, help="misprints of printed texts, a tab, what they should be")
    parser.add_argument(
        "--misreadings", nargs="+", type=Path, default=[], help="pairs; may be the model's training pages"
    )
    parser.add_argument("--model", type=Path, default=EMBEDDED, help="folder of the model, lexicon and text model")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--save-halves", type=Path, help="folder for what was fitted on half of the documents")
    parser.add_argument(
        "--halves", nargs=2, type=Path, metavar="TEXT", help="two texts: that a document is from is its half"
    )
    arguments = parser.parse_args()
    if arguments.save:
        arguments.save.parent.mkdir(parents=True, exist_ok=True)
    if arguments.save_halves:
        arguments.save_halves.mkdir(parents=True, exist_ok=True)
    documents = [pair for path in arguments.pairs for pair in read_pairs(path)]
    if arguments.clean:
        lines = spread(text_lines(arguments.clean), arguments.clean_lines)
        documents += [TextPair(line, line, arguments.clean.stem, "synthetic") for line in lines]
    half = TextHalves.read(*arguments.halves).half_of if arguments.halves else half_of
    halves = [half(document) for document in documents]
    if arguments.misprints:
        known = read_misprints(arguments.misprints)
        documents = [replace(document, reference=mended(document.reference, known)) for document in documents]
    usual = Misreadings.from_pairs(pair for path in arguments.misreadings for pair in read_pairs(path))
    lexicon = Lexicon.read(arguments.model / LEXICON_FILE)
    text_model = TextModel.read(arguments.model / TEXT_MODEL_FILE)
    context_model = ContextModel.load(arguments.model / CONTEXT_FILE)
    guided = GuidedDecoder(load_model(str(arguments.model)))
    decoder = LexiconDecoder(guided, lexicon, usual, text_model, context_model)
    console = Console(stderr=True)
    judged = list(track(judged_words(decoder, lexicon, documents, usual), "judging", len(documents), console=console))
    words = [word for of_document in judged for word in of_document]
    names = [path.stem for path in arguments.pairs] + ([arguments.clean.stem] if arguments.clean else [])
    print(
        f"{len(documents)} documents, {len(words)} words in doubt, "
        f"{sum(word.right is not None for word in words)} with their print among the alternatives"
    )
    by_half = [
        [word for of_document, half in zip(judged, halves, strict=True) if half == number for word in of_document]
        for number in (0, 1)
    ]
    fitted = [fit_spelling(half, usual, names) for half in by_half]
    _describe(fitted[1], by_half[0])
    _describe(fitted[0], by_half[1])
    if arguments.save_halves:
        for number, spelling in enumerate(fitted):
            spelling.write(half_path(arguments.save_halves, number))
    spelling = fit_spelling(words, usual, names)
    print(*(f"{name:20} {weight:8.3f}" for name, weight in zip(FEATURES, spelling.weights, strict=True)), sep="\n")
    if arguments.save:
        spelling.write(arguments.save)


def _describe(spelling: SpellingModel, words: Sequence[JudgedWord]) -> None:
    """Print how many of `words` are changed, how many of these for the better, and the characters that are mended."""
    taken = [
        word.harms[choice.number]
        for word in words
        if (choice := least_risk(word.current, word.outcomes, spelling.probabilities(word.rows))) is not None
    ]
    most = -sum(min(0, *word.harms) for word in words)
    print(
        f"other half: {len(words)} words in doubt, {len(taken)} changed, {sum(harm < 0 for harm in taken)} nearer to "
        f"the print and {sum(harm > 0 for harm in taken)} farther; "
        f"{-sum(taken)} characters mended of {most} that could be"
    )


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"fit_spelling: {error}")
