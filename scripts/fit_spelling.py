"""Fit the choice between an unknown word and its known alternatives, and say what it does to other documents.

    python scripts/fit_spelling.py PAIRS.jsonl ... --clean CLEAN.txt --save kzocr/weights/spelling.json

The pairs must be of text that the lexicon was not counted on and that the model never saw: pages that
`scripts/make_ocr_pairs.py` printed from a held-out corpus. Clean lines are passages without errors. Half of the
passages are fitted on, the other half says how often a chosen alternative is right; what is saved is fitted on all.
About as long as correcting the pairs once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from kzocr.decoding import GuidedDecoder
from kzocr.evaluation import spread, text_lines
from kzocr.lexicon import LEXICON_FILE, Lexicon
from kzocr.loading import EMBEDDED, load_model
from kzocr.pairs import TextPair, passages, read_pairs
from kzocr.respelling import LEAST_PROBABILITY, LexiconDecoder, judged_words
from kzocr.spelling import FEATURES, JudgedWord, SpellingModel, fit_spelling


def main() -> None:
    """Fit, print and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("--clean", type=Path, help="text without errors, a line a passage")
    parser.add_argument("--clean-lines", type=int, default=400)
    parser.add_argument("--model", type=Path, default=EMBEDDED, help="folder of the model, with its lexicon")
    parser.add_argument("--window-chars", type=int, default=150)
    parser.add_argument("--save", type=Path)
    arguments = parser.parse_args()
    cut = [
        item for path in arguments.pairs for pair in read_pairs(path) for item in passages(pair, arguments.window_chars)
    ]
    if arguments.clean:
        lines = spread(text_lines(arguments.clean), arguments.clean_lines)
        cut += [TextPair(line, line, arguments.clean.stem, "synthetic") for line in lines]
    untrained = SpellingModel((0.0,) * len(FEATURES))
    lexicon = Lexicon.read(arguments.model / LEXICON_FILE)
    decoder = LexiconDecoder(GuidedDecoder(load_model(str(arguments.model))), lexicon, untrained)
    words = judged_words(decoder, cut)
    names = [path.stem for path in arguments.pairs] + ([arguments.clean.stem] if arguments.clean else [])
    print(
        f"{len(cut)} passages, {len(words)} unknown words, {sum(w.right is not None for w in words)} with their print"
    )
    half = len(words) // 2
    tested = fit_spelling(words[half:], names)
    _describe(tested, words[:half])
    spelling = fit_spelling(words, names)
    print(*(f"{name:15} {weight:8.3f}" for name, weight in zip(FEATURES, spelling.weights, strict=True)), sep="\n")
    if arguments.save:
        spelling.write(arguments.save)


def _describe(spelling: SpellingModel, words: Sequence[JudgedWord]) -> None:
    """Print how many alternatives of `words` are chosen and how many of these are right."""
    for least in (0.3, LEAST_PROBABILITY, 0.7, 0.9):
        taken = right = 0
        for word in words:
            shares = spelling.probabilities(word.rows)
            best = max(range(len(shares)), key=shares.__getitem__)
            if shares[best] >= least:
                taken += 1
                right += best == word.right
        there = sum(word.right is not None for word in words)
        print(f"least probability {least}: {taken} taken, {right} right, {there} were there to find")


if __name__ == "__main__":
    main()
