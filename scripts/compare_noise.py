"""Train the same small model for the same steps on each generator of noise, and score all on the same real pairs.

    python scripts/train.py --config configs/recipes/compare-noise-start.yaml --folder runs/compare-noise-start
    OMP_NUM_THREADS=1 python scripts/compare_noise.py --config configs/recipes/compare-noise.yaml \\
        --table pairs/train_kaz.jsonl --table pairs/train_rus.jsonl --score ../shared/real/newspaper.jsonl \\
        --score pairs/dev_kaz.jsonl --score pairs/dev_rus.jsonl --folder runs/compare-noise

All start from the model of the first command, which has learnt to copy clean text and nothing else.
Generators: ours (the configuration's own prior), ours counted on the pairs of --table (a prior for each file), a flat
table of the confusions in them, glyph noise, `nlpaug`'s OcrAug and `noisocr` (`pip install nlpaug noisocr`). All see
the same texts, the same seeds, 12 % clean documents and no other difference. A run that was stopped goes on: finished
generators are read from their report.
About 25 minutes for each generator on one CPU core, another one busy with the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kzocr.channel.estimate import fit_pairs
from kzocr.channel.generators import Documents, NlpaugNoise, NoisocrNoise, flat_table, glyphs
from kzocr.channel.model import UNKNOWABLE
from kzocr.channel.prior import ChannelPrior
from kzocr.config import TrainingConfig, load_config
from kzocr.corrector import Corrector
from kzocr.evaluation import evaluate
from kzocr.metrics import cer
from kzocr.pairs import TextPair, files_by_set, read_pairs
from kzocr.runs.state import TrainingError
from kzocr.training import Trainer

CLEAN_SHARE = 0.12
"""Documents without noise, the same for every rival; that of the shipped mixture."""

Generator = ChannelPrior | Documents


def generators(prior: str, tables: Mapping[str, Sequence[TextPair]], rate: float) -> dict[str, Callable[[], Generator]]:
    """Return name -> what makes the generator; making one may raise ImportError.

    Args:
        prior: ours.
        tables: name -> pairs of one engine, for what is counted; without any those are left out.
        rate: CER that the rivals without a table are set to.
    """
    makers: dict[str, Callable[[], Generator]] = {"ours": lambda: ChannelPrior.load(prior)}
    if tables:
        makers["ours-counted"] = lambda: counted(tables)
        model = flat_table([pair for pairs in tables.values() for pair in pairs]).without_sources(UNKNOWABLE)
        makers["flat-table"] = lambda: Documents(model.sample, CLEAN_SHARE)
    makers["glyph-noise"] = lambda: Documents(glyphs(rate).sample, CLEAN_SHARE)
    makers["nlpaug"] = lambda: Documents(NlpaugNoise(rate), CLEAN_SHARE)
    makers["noisocr"] = lambda: Documents(NoisocrNoise(rate), CLEAN_SHARE)
    return makers


def counted(tables: Mapping[str, Sequence[TextPair]]) -> ChannelPrior:
    """Return our prior of the engines that read the pairs, a document's engine drawn evenly."""
    share = (1 - CLEAN_SHARE) / len(tables)
    fitted = {name: fit_pairs(pairs, name, date="") for name, pairs in tables.items()}
    return ChannelPrior("counted", {"clean": CLEAN_SHARE, **dict.fromkeys(fitted, share)}, fitted=fitted)


def train(config: TrainingConfig, generator: Generator, folder: Path) -> Path:
    """Return the folder of the model that learnt from `generator`; a stopped run goes on."""
    trainer = Trainer(config, folder)
    trainer.data.sampler.prior = generator  # type: ignore[assignment]
    return trainer.train()


def score(model: Path, sets: dict[str, list[TextPair]]) -> dict[str, Any]:
    """Return the report of the model on the pairs, without passages."""
    corrector = Corrector.from_pretrained(model)
    report = evaluate(lambda texts: [corrector.correct(text) for text in texts], sets, name=model.parent.name)
    return report.to_dict()


def main() -> int:
    """Train and score every generator, print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, type=Path, help="the model, texts and steps; its prior is ours")
    parser.add_argument("--score", required=True, action="append", type=Path, help="JSONL of real pairs; repeat")
    parser.add_argument("--folder", type=Path, default=Path("runs/compare-noise"), help="one run a generator in here")
    parser.add_argument("--table", action="append", type=Path, default=[], help="pairs of an engine to count; repeat")
    parser.add_argument("--steps", type=int, help="instead of the configuration's; decay and checks are cut to fit")
    parser.add_argument("--rate", type=float, default=0.07, help="CER of glyph noise, nlpaug and noisocr")
    parser.add_argument("--only", nargs="*", default=[], help="generators to run now; default: all")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("kzocr").setLevel(logging.INFO)
    try:
        config = _shortened(load_config(arguments.config), arguments.steps)
        sets = {name: read_pairs(path) for name, path in files_by_set(arguments.score).items()}
        tables = {str(path): read_pairs(path) for path in arguments.table}
        before = {
            name: cer(reference=[p.reference for p in s], hypothesis=[p.hypothesis for p in s])
            for name, s in sets.items()
        }
        reports = {}
        for name, make in generators(config.data.prior, tables, arguments.rate).items():
            if arguments.only and name not in arguments.only:
                continue
            report = arguments.folder / name / "report.json"
            if not report.exists():
                try:
                    generator = make()
                except ImportError as error:
                    print(f"{name} is left out: {error}; pip install nlpaug noisocr", file=sys.stderr)
                    continue
                scores = score(train(config, generator, arguments.folder / name), sets)
                report.write_text(json.dumps(scores, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            reports[name] = json.loads(report.read_text(encoding="utf-8"))
    except (TrainingError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(_table(reports, before))
    return 0


def _shortened(config: TrainingConfig, steps: int | None) -> TrainingConfig:
    """Return the configuration with `steps` steps, its decay and checks cut to fit."""
    if steps is None:
        return config
    run = dataclasses.replace(
        config.run,
        max_steps=steps,
        validate_steps=min(config.run.validate_steps, steps),
        checkpoint_steps=min(config.run.checkpoint_steps, max(steps // 4, 1)),
    )
    decay = min(config.optimizer.decay_steps, steps // 2)
    optimizer = dataclasses.replace(
        config.optimizer, decay_steps=decay, warmup_steps=min(config.optimizer.warmup_steps, steps - decay)
    )
    return dataclasses.replace(config, run=run, optimizer=optimizer)


def _table(reports: dict[str, Any], before: dict[str, float]) -> str:
    """Return the reduction of the CER by generator and set, as a Markdown table."""
    lines = ["| noise | " + " | ".join(f"{name} (CER {100 * rate:.2f} %)" for name, rate in before.items()) + " |"]
    lines.append("|---" * (len(before) + 1) + "|")
    for name, report in reports.items():
        cells = []
        for one in report["sets"]:
            value = one["after"]["cer"]["value"]
            start = before[one["name"]]
            cells.append(
                f"{100 * value:.2f} % ({100 * (value / start - 1):+.0f} %)" if start else f"{100 * value:.2f} %"
            )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
