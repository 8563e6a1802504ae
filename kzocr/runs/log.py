"""Records of a training run -> its `log.jsonl`, TensorBoard's events and a picture of its curves."""

from __future__ import annotations

import json
import logging
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kzocr.replacing import replacing

logger = logging.getLogger(__name__)

LOG_NAME = "log.jsonl"

LEAST_FREE_BYTES = 1_000_000
"""With less room on the disk TensorBoard's logs are not begun."""


class RunLog:
    """The log of one run, open for writing.

    Args:
        folder: the run's folder.
        step: steps that are done; what a killed run had logged behind them is dropped, as they are done again.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.folder = folder
        self.path = folder / LOG_NAME
        kept = [record for record in read_log(self.path) if record["step"] <= step]
        with replacing(self.path) as unfinished:
            unfinished.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")
        self.board: Any = None
        if find_spec("tensorboard") is None:
            return
        # Its writer is a thread of its own, which prints a traceback where there is no room.
        if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
            self._leave_board("the disk is full")
            return
        from torch.utils.tensorboard import SummaryWriter

        try:
            self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)
        except OSError as error:
            self._leave_board(str(error))

    def _leave_board(self, reason: str) -> None:
        logger.warning("%s: no TensorBoard logs from here on: %s", self.folder / "tensorboard", reason)
        self.board = None

    def write(self, record: dict[str, float]) -> None:
        """Append `record`; it has a `step`."""
        logger.info("  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in record.items()))
        with self.path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
        if self.board is None:
            return
        try:
            for key, value in record.items():
                self.board.add_scalar(key, value, record["step"])
            self.board.flush()
        except OSError as error:
            self._leave_board(str(error))

    def draw_curves(self) -> None:
        """Draw what is logged, if there is a loss in it and Pillow to draw with."""
        if find_spec("PIL") is None:
            return
        from kzocr.figures.curves import CURVES_NAME, write_curves

        records = read_log(self.path)
        if any("loss" in record for record in records):
            write_curves(records, self.folder / CURVES_NAME)


def read_log(path: Path) -> list[dict[str, float]]:
    """Return the records of a run's `log.jsonl`, oldest first; a last line that a kill cut short is left out.

    Raises:
        ValueError: another line is no record; the message names it.
    """
    if not path.is_file():
        return []
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")[:-1], start=1):
        if not line:
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: not JSON: {error}; remove the line") from error
        if not isinstance(record, dict) or "step" not in record:
            raise ValueError(f"{path}:{number}: a record without `step`; remove the line")
        records.append(record)
    return records
