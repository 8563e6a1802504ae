"""Pack text into one file to carry to another machine: `python scripts/pack_corpus.py corpus/train -o corpus.xz`.

Repeated lines (case and punctuation aside) are left out, and with `--exclude` those of the texts that are measured
on. The file is an entry of `data.corpus` in a configuration like any other. The embedded model's corpus of 15.7 MB
becomes 2.3 MB; one CPU core does it in less than a minute.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kzocr.corpus import CorpusError, load_corpus, without_overlap, without_repeats, write_packed
from kzocr.replacing import replacing


def main() -> int:
    """Pack what the arguments name; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="+", help="text files, folders of *.txt, packed corpora, hub:... data sets")
    parser.add_argument("--exclude", nargs="*", default=[], help="corpus whose lines are left out")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        sources = without_repeats(without_overlap(load_corpus(arguments.corpus), load_corpus(arguments.exclude)))
        with replacing(arguments.output) as unfinished:
            write_packed(sources, unfinished)
    except (CorpusError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    n_bytes = sum(source.n_bytes for source in sources)
    print(
        f"{arguments.output}: {len(sources)} sources, {n_bytes / 1e6:.1f} MB of text in "
        f"{arguments.output.stat().st_size / 1e6:.1f} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
