"""Adapt a model to pages without their printed text, then score it with that text: does `kzocr adapt` help?

`python scripts/measure_adaptation.py dev_rus.jsonl --font CMU --text ../shared/corpus/train --folder runs/adapted-known
-o docs/adaptation-known-engine.json`: about ten minutes of training on one CPU core, five for the scores.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path


def main() -> int:
    """Run what the arguments ask for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pairs", type=Path, help="JSONL of scripts/make_ocr_pairs.py")
    parser.add_argument("--font", default="", help="take the pages in faces whose name begins so")
    parser.add_argument("--text", action="append", required=True, help="clean text: a file or a folder of *.txt")
    parser.add_argument("--model", help="folder of the model to begin with (default: the one in the package)")
    parser.add_argument("--folder", type=Path, required=True, help="folder of the adaptation")
    parser.add_argument("--steps", type=int, default=320)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, help="write the figures to this JSON file")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("kzocr").setLevel(logging.INFO)

    from kzocr.adaptation.judgement import judge_pairs
    from kzocr.adaptation.run import Adaptation, AdaptationSettings
    from kzocr.corrector import Corrector
    from kzocr.pairs import read_pairs

    try:
        if arguments.output:
            arguments.output.parent.mkdir(parents=True, exist_ok=True)
        lines = [line for line in arguments.pairs.read_text(encoding="utf-8").split("\n") if line]
        fonts = {record["document_id"]: record.get("font", "") for record in map(json.loads, lines)}
        pairs = [p for p in read_pairs(arguments.pairs) if fonts[p.document_id].startswith(arguments.font)]
        texts = {pair.document_id: pair.hypothesis for pair in pairs}
        settings = AdaptationSettings(
            tuple(arguments.text), arguments.model, n_rounds=arguments.rounds, n_steps=arguments.steps
        )
        adaptation = Adaptation(texts, arguments.folder, settings, on_progress=_log)
        report = adaptation.run()
    except (OSError, ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    figures = {"font": arguments.font, "fonts": sorted({fonts[name] for name in texts}), **report.to_dict()}
    models = {"before": arguments.model, "after": report.model}
    parts = {"learnt": adaptation.documents.learnt, "held_out": adaptation.documents.held_out}
    for part, names in parts.items():
        own = [pair for pair in pairs if pair.document_id in names]
        figures[f"pairs_{part}"] = {
            key: judge_pairs(Corrector.from_pretrained(model), own).to_dict()
            for key, model in models.items()
            if own and (key == "before" or model is not None)
        }
    text = json.dumps(figures, ensure_ascii=False, indent=1) + "\n"
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _log(what: str, n_done: int, n_all: int) -> None:
    if n_done == 0:
        logging.getLogger("kzocr.adaptation").info(what)


if __name__ == "__main__":
    sys.exit(main())
