"""Compare generators of OCR noise with real OCR of the same references: a table, and the same as JSON.

    python scripts/measure_realism.py pairs/dev_kaz.jsonl --prior tesseract-kaz --family similar-letters \
        --table pairs/train_kaz.jsonl -o realism_kaz.json

The pairs must not be those that the prior was fitted to. `nlpaug` and `noisocr` are measured if they are installed
(`pip install nlpaug noisocr`). About three minutes for 40 pages and 10 copies on one CPU core.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from kzocr.channel.counts import DocumentCounts, count_documents
from kzocr.channel.estimate import estimate_channel
from kzocr.channel.families import similar_to
from kzocr.channel.model import ChannelModel
from kzocr.channel.prior import ChannelPrior
from kzocr.channel.realism import NoiseMaker, Realism, measure, synthesise
from kzocr.channel.rules import Rule
from kzocr.metrics import cer
from kzocr.pairs import TextPair, read_pairs
from kzocr.text import LOWER, UPPER

COLUMNS = {
    "cer_synthetic": "CER",
    "edits": "edits",
    "edits_with_neighbours": "+ neighbours",
    "errors_per_line": "per line",
    "positions": "positions",
    "repetition": "repetition",
    "classifier_accuracy": "classifier",
}


def from_prior(name: str) -> NoiseMaker:
    """Return a generator that draws a new channel of the prior for each document, digits misread too."""
    prior = ChannelPrior.load(name)
    prior = ChannelPrior(prior.name, prior.weights, prior.least_factor, prior.greatest_factor, "", prior.fitted)
    return lambda text, rng: prior.draw(rng).sample(text, rng)


def flat_table(pairs: list[TextPair]) -> NoiseMaker:
    """Return one table of confusions for all documents, each error drawn on its own."""
    counts = DocumentCounts.total(count_documents(pairs).values())
    model = estimate_channel(counts, strength=0.0)
    rules = tuple(rule for rule in model.rules if not rule.left and not rule.right)
    return ChannelModel("flat table", rules, model.space_after, model.space_before, model.insertions).sample


def glyphs(rate: float) -> NoiseMaker:
    """Return noise that reads any character as one that looks like it, at one rate everywhere."""
    rules = []
    for letter in LOWER + UPPER + ".,-—«»?!:;()":
        outputs = [output for output in similar_to(letter) if output != letter]
        if outputs:
            rules.append(Rule(letter, {output: 1 / len(outputs) for output in dict.fromkeys(outputs)}))
    return ChannelModel("glyphs", tuple(rules)).scaled(rate).sample


def uniform(rate: float) -> NoiseMaker:
    """Return random substitutions, insertions and deletions, 5 : 1 : 1, by any letter alike."""

    def make_noise(text: str, rng: np.random.Generator) -> str:
        letters = LOWER + UPPER
        pieces = []
        for sign in text:
            draw = rng.random() / rate * 7 if sign != "\n" else 7.0
            other = letters[int(rng.integers(len(letters)))]
            pieces.append(other if draw < 5 else sign + other if draw < 6 else "" if draw < 7 else sign)
        return "".join(pieces)

    return make_noise


def by_line(change: Callable[[str], str], text: str, rng: np.random.Generator) -> str:
    """Return `text` with each line changed by a library that uses Python's global generator."""
    random.seed(int(rng.integers(2**31)))
    return "\n".join(change(line) if line.strip() else line for line in text.split("\n"))


def from_nlpaug(rate: float, folder: str) -> NoiseMaker:
    """Return `nlpaug`'s OcrAug with the Kazakh look-alikes as its table, as many words changed as fit the rate."""
    table = {letter: similar_to(letter) for letter in LOWER + UPPER if similar_to(letter)}
    path = Path(folder) / "table.json"
    path.write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
    augmenters = importlib.import_module("nlpaug.augmenter.char")
    augmenter = augmenters.OcrAug(
        dict_of_path=str(path), aug_char_p=0.15, aug_char_min=1, aug_word_p=min(1.0, rate * 6.5), aug_word_max=None
    )
    return partial(by_line, lambda line: str(augmenter.augment(line)[0]))


def from_noisocr(rate: float) -> NoiseMaker:
    """Return `noisocr`'s simulate_errors, as often in a line as fits the rate."""
    library = importlib.import_module("noisocr")

    def change(line: str) -> str:
        for _ in range(np.random.default_rng(random.getrandbits(32)).poisson(rate * len(line))):
            line = str(library.simulate_errors(line, 0, random.getrandbits(32))).replace("\n", " ")
        return line

    return partial(by_line, change)


def main() -> None:
    """Measure all generators, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, help="real OCR to compare with")
    parser.add_argument("--prior", required=True, help="shipped prior or file that should match these pairs")
    parser.add_argument("--family", default="mixture", help="a hand-written family to set beside it")
    parser.add_argument("--table", type=Path, help="pairs for the flat table of confusions")
    parser.add_argument("--copies", type=int, default=10, help="synthetic copies of each document")
    parser.add_argument("--only", nargs="*", default=[], help="generators whose names begin so; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="JSON file")
    arguments = parser.parse_args()
    real = read_pairs(arguments.pairs)
    rate = cer(reference=[p.reference for p in real], hypothesis=[p.hypothesis for p in real])
    makers: dict[str, NoiseMaker] = {f"prior {arguments.prior}": from_prior(arguments.prior)}
    if arguments.family != arguments.prior:
        makers[f"family {arguments.family}"] = from_prior(arguments.family)
    if arguments.table:
        makers["flat confusion table"] = flat_table(read_pairs(arguments.table))
    makers |= {"glyph noise": glyphs(rate), "uniform noise": uniform(rate)}
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (
            ("nlpaug OcrAug", partial(from_nlpaug, rate, folder)),
            ("noisocr", partial(from_noisocr, rate)),
        ):
            try:
                makers[name] = make()
            except ImportError as error:
                print(f"{name} is not measured: {error}; pip install nlpaug noisocr", file=sys.stderr)
        results = {}
        print(f"{arguments.pairs.name}: real CER {rate:.4f}; divergences in bits, classifier 0.5 is perfect")
        print("generator".ljust(24), *(title.rjust(12) for title in COLUMNS.values()))
        for name, maker in makers.items():
            if arguments.only and not name.startswith(tuple(arguments.only)):
                continue
            synthetic = synthesise(real, maker, arguments.seed, arguments.copies)
            results[name] = measure(real, synthetic, arguments.seed)
            print(_row(name, results[name]), flush=True)
    if arguments.output:
        numbers = {name: result.to_dict() for name, result in results.items()}
        arguments.output.write_text(json.dumps(numbers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _row(name: str, result: Realism) -> str:
    numbers = [result.to_dict()[column] for column in COLUMNS]
    return " ".join([name.ljust(24), *("-".rjust(12) if n is None else f"{n:12.4f}" for n in numbers)])


if __name__ == "__main__":
    main()
