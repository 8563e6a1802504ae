"""Train a model: `python scripts/train.py --config configs/smoke.yaml`, or `accelerate launch scripts/train.py ...`.

Writes to `runs/NAME/` (log, checkpoints, at the end `model/`) and, started again, goes on from the newest
checkpoint. `smoke` takes seconds on any CPU; see each configuration's first lines for its own time and hardware.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

INTERRUPTED = 128 + signal.SIGINT
"""The exit code that shells give what Ctrl-C has ended."""


def main() -> int:
    """Run the training that the arguments name; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", required=True, type=Path, help="a file in configs/")
    parser.add_argument("--folder", type=Path, help="run folder (default: runs/NAME)")
    parser.add_argument("--export", action="store_true", help="write model/ from the newest checkpoint, train no more")
    parser.add_argument("--curves", action="store_true", help="draw curves.png from the log, train no more")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("kzocr").setLevel(logging.INFO)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

    from kzocr.config import load_config
    from kzocr.models.checkpoint import newest_checkpoint
    from kzocr.runs.log import LOG_NAME, read_log
    from kzocr.runs.state import TrainingError
    from kzocr.training import Trainer

    try:
        config = load_config(arguments.config)
        folder = arguments.folder or Path("runs") / config.name
        if arguments.curves:
            from kzocr.figures.curves import CURVES_NAME, write_curves

            write_curves(read_log(folder / LOG_NAME), folder / CURVES_NAME)
            print(folder / CURVES_NAME)
            return 0
        try:
            trainer = Trainer(config, folder)
            print(trainer.export() if arguments.export else trainer.train())
        except KeyboardInterrupt:
            if os.environ.get("RANK", "0") == "0":  # one of several processes speaks for all
                newest = newest_checkpoint(folder)
                where = f"the run goes on from {newest}" if newest else f"{folder} has no checkpoint yet"
                print(f"interrupted: {where}", file=sys.stderr)
            return INTERRUPTED
    except (TrainingError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # no run is begun yet
        sys.exit(INTERRUPTED)
