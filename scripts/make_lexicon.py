"""Make the lexicon and the text model that lie beside the weights: what words there are, and how text goes on.

    python scripts/make_lexicon.py ../shared/corpus/train --exclude ../shared/corpus/dev \\
        --word-list ../shared/corpus/lexicon/tesseract_kaz_wordlist.txt -o kzocr/weights

Words of the corpus count if they occur twice or more, and so do pairs of them; a word of a list (frequent ones first)
counts once more, by itself. The text model counts characters after characters in the corpus. Lines that are also in
`--exclude` are left out, so that what is measured on was not counted. About half a minute on one CPU core.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from kzocr.corpus import load_corpus, load_word_lists, without_overlap
from kzocr.language.lexicon import LEXICON_FILE, Lexicon, count_pairs, count_words, without_russified
from kzocr.language.text_model import TEXT_MODEL_FILE, TextModel


def main() -> None:
    """Count words and characters, and write the lexicon and the text model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="+", help="text files, folders of *.txt, or hub:... data sets")
    parser.add_argument("--exclude", nargs="*", default=[], help="corpus whose lines are left out")
    parser.add_argument("--word-list", nargs="*", default=[], help="files with a word a line")
    parser.add_argument("--least-count", type=int, default=2, help="fewest occurrences of a word or pair")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the weights")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    sources = without_overlap(load_corpus(arguments.corpus), load_corpus(arguments.exclude))
    lines = [line for source in sources for line in source.lines]
    counts = Counter(count_words(lines))
    pairs = {pair: count for pair, count in count_pairs(lines).items() if count >= arguments.least_count}
    kept = Counter({word: count for word, count in counts.items() if count >= arguments.least_count})
    kept += Counter(dict.fromkeys(count_words(load_word_lists(arguments.word_list)), 1))
    lexicon = Lexicon.from_counts(without_russified(kept), pairs)
    text_model = TextModel.from_lines(lines)
    for name, made in ((LEXICON_FILE, lexicon), (TEXT_MODEL_FILE, text_model)):
        made.write(arguments.output / name)
        print(f"{arguments.output / name}: {(arguments.output / name).stat().st_size / 1e6:.2f} MB")
    print(f"{len(lexicon):,} words, {len(lexicon.pairs):,} pairs; {sum(map(len, text_model.grams)):,} n-grams")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"make_lexicon: {error}")
