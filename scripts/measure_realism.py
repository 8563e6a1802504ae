"""Compare generators of OCR noise with real OCR of the same references: a table, and the same as JSON.

    python scripts/measure_realism.py pairs/dev_kaz.jsonl --prior tesseract-kaz --family similar-letters \\
        --table pairs/train_kaz.jsonl -o realism_kaz.json

The pairs must not be those that the prior was fitted to. `nlpaug` and `noisocr` are measured if they are installed
(`pip install nlpaug noisocr`). About three minutes for 40 pages and 10 copies on one CPU core.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from kzocr.channel.generators import NlpaugNoise, NoisocrNoise, flat_table, from_prior, glyphs, uniform
from kzocr.channel.realism import NoiseMaker, Realism, measure, synthesise
from kzocr.metrics import cer
from kzocr.pairs import read_pairs

COLUMNS = {
    "cer_synthetic": "CER",
    "edits": "edits",
    "edits_with_neighbours": "+ neighbours",
    "errors_per_line": "per line",
    "positions": "positions",
    "repetition": "repetition",
    "classifier_accuracy": "classifier",
}


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
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
    real = read_pairs(arguments.pairs)
    rate = cer(reference=[p.reference for p in real], hypothesis=[p.hypothesis for p in real])
    makers: dict[str, NoiseMaker] = {f"prior {arguments.prior}": from_prior(arguments.prior)}
    if arguments.family != arguments.prior:
        makers[f"family {arguments.family}"] = from_prior(arguments.family)
    if arguments.table:
        makers["flat confusion table"] = flat_table(read_pairs(arguments.table)).sample
    makers |= {"glyph noise": glyphs(rate).sample, "uniform noise": uniform(rate)}
    for name, make in (("nlpaug OcrAug", NlpaugNoise), ("noisocr", NoisocrNoise)):
        try:
            makers[name] = make(rate)
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
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"measure_realism: {error}")
