"""Train small models that differ in one thing of the recipe, and score all on the same held-out texts and pairs.

    OMP_NUM_THREADS=1 python scripts/compare_recipes.py configs/recipes/variants.yaml \\
        --score pairs/tune_kaz.jsonl --score pairs/tune_rus.jsonl --folder runs/compare-recipes

The file names a configuration, what all variants change in it and what each changes: `run.changed_byte_weight: 3.0`.
The models start from that of `scripts/compare_noise.py`; a variant that changes the shape of the model has a `start` of
its own: what it changes in the configuration of the first training, on clean text. All are scored without lexicon and
guards on the same windows of held-out text with noise of the configuration's prior, and on the pairs. A run that was
stopped goes on, a finished one is read from its report.
About five minutes for each variant on one CPU core, twice that with a start of its own.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kzocr.config import ConfigError, TrainingConfig, config_from_dict, load_config
from kzocr.data import Example
from kzocr.models.loading import load_model
from kzocr.pairs import TextPair
from kzocr.runs.data import RunData
from kzocr.runs.state import TrainingError
from kzocr.runs.validation import held_out_loss, load_pairs, validate, validate_sets
from kzocr.training import Trainer


def read_variants(path: Path) -> tuple[TrainingConfig, TrainingConfig, dict[str, dict[str, Any]]]:
    """Return the start's configuration, that of all variants, and what each variant changes, by name.

    Raises:
        ConfigError: the file is no YAML of that form, or what it names is no configuration.
    """
    try:
        file = yaml.safe_load(path.read_text(encoding="utf-8"))
        start, config, common, variants = (file[key] for key in ("start", "config", "all", "variants"))
        found = {str(name): dict(changes or {}) for name, changes in variants.items()}
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path}: expected `config`, `start`, `all`, `variants`: {error}") from error
    return load_config(start), changed(load_config(config), common, f"{path}: all"), found


def changed(config: TrainingConfig, changes: Mapping[str, Any], where: str) -> TrainingConfig:
    """Return the configuration with the dotted keys of `changes` set.

    Raises:
        ConfigError: a key is unknown or its value is of another type.
    """
    data = config.to_dict()
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        values = data.get(section) if section else data
        if not isinstance(values, dict) or name not in values:
            raise ConfigError(f"{where}: unknown key {key!r}")
        values[name] = value
    return config_from_dict(data, where)


def train(config: TrainingConfig, folder: Path) -> Path:
    """Return the folder of the trained model; the seconds of processor time that this took go to `folder`."""
    started = time.process_time()
    model = Trainer(config, folder).train()
    seconds = json.loads((folder / "seconds.json").read_text()) if (folder / "seconds.json").exists() else 0.0
    (folder / "seconds.json").write_text(json.dumps(seconds + time.process_time() - started), encoding="utf-8")
    return model


def score(model: Path, windows: list[Example], pairs: dict[str, list[TextPair]], window_bytes: int) -> dict[str, float]:
    """Return loss and error rates of the model alone on held-out windows, and rates on pairs cut to `window_bytes`."""
    loaded = load_model(str(model))
    rates = {**validate(loaded, windows), **validate_sets(loaded, pairs, window_bytes)}
    return {"loss": held_out_loss(loaded, windows), **rates}


def main() -> int:
    """Train and score every variant, print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", type=Path, help="YAML: `config`, `start`, `all` and `variants`")
    parser.add_argument("--score", action="append", default=[], help="JSONL of pairs, never trained on; repeat")
    parser.add_argument("--folder", type=Path, default=Path("runs/compare-recipes"), help="one run a variant in here")
    parser.add_argument("--only", nargs="*", default=[], help="variants to run now; default: all")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("kzocr").setLevel(logging.INFO)
    try:
        start, base, variants = read_variants(arguments.variants)
        windows, pairs = RunData.load(base).validation, load_pairs(arguments.score)
        reports = {}
        for name, changes in variants.items():
            if arguments.only and name not in arguments.only:
                continue
            folder = arguments.folder / name.replace(" ", "-")
            report = folder / "report.json"
            if not report.exists():
                where = f"{arguments.variants}: {name}"
                own_start = changes.get("start", {})
                changes = {key: value for key, value in changes.items() if key != "start"}
                if own_start:
                    first = train(changed(start, own_start, where), folder / "start")
                    changes = {**own_start, "model.init": str(first), **changes}
                model = train(changed(base, changes, where), folder)
                seconds = json.loads((folder / "seconds.json").read_text(encoding="utf-8"))
                scores = {"seconds": seconds, **score(model, windows, pairs, base.data.greatest_window_bytes)}
                report.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
            reports[name] = json.loads(report.read_text(encoding="utf-8"))
    except (TrainingError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(_table(reports, list(pairs)))
    return 0


def _table(reports: Mapping[str, Mapping[str, float]], sets: list[str]) -> str:
    """Return losses (nats a byte) and error rates (percent) of all variants as a Markdown table."""
    if not reports:
        return "no variant of that name"
    first = next(iter(reports.values()))
    suffixes = ["", *(f":{name}" for name in sets)]
    names = ["held-out windows", *sets]
    heads = [f"{name} ({100 * first['cer_before' + end]:.2f})" for name, end in zip(names, suffixes, strict=True)]
    lines = ["| variant | processor seconds | loss | " + " | ".join(heads) + " |", "|---" * (len(names) + 3) + "|"]
    for name, report in reports.items():
        cells = [f"{100 * report['cer_after' + end]:.2f}" for end in suffixes]
        lines.append(f"| {name} | {report['seconds']:.0f} | {report['loss']:.4f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
