"""Make a prior that ships with the package from pages that an engine has read.

    python scripts/fit_priors.py pairs/train_kaz.jsonl --name tesseract-kaz
    python scripts/fit_priors.py pairs/train_rus.jsonl --name tesseract-rus
    python scripts/fit_priors.py pairs19/c_cuneiform-rus.jsonl --name cuneiform-rus

The pairs come from scripts/make_ocr_pairs.py. About 10 seconds for 200 pages on one CPU core.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path

from kzocr.channel.estimate import fit_pairs
from kzocr.channel.files import write_prior
from kzocr.channel.prior import PRIORS
from kzocr.pairs import read_pairs

NOTE = "the fonts and texts of the evaluation pages are none of those of these pages"


def main() -> None:
    """Fit, write and describe one prior."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, help="JSONL of pairs, one page a line")
    parser.add_argument("--name", required=True, help="name of the prior: tesseract-kaz, tesseract-rus")
    parser.add_argument("-o", "--output", type=Path, help="default: the package's own file of that name")
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="kept in the file, ISO 8601")
    parser.add_argument("--note", default=NOTE, help="kept in the file")
    arguments = parser.parse_args()
    output = arguments.output or PRIORS / f"{arguments.name}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    prior = fit_pairs(read_pairs(arguments.pairs), arguments.name, arguments.date, arguments.note)
    write_prior(output, prior)
    print(f"{output}: {output.stat().st_size / 1000:.0f} KB, {len(prior.units)} units, {len(prior.outputs)} readings")
    print(*(f"{key}: {value}" for key, value in prior.provenance.items()), sep="\n")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"fit_priors: {error}")
