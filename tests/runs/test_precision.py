from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from accelerate import Accelerator

from kzocr.config import TrainingConfig, load_config
from kzocr.models.checkpoint import newest_checkpoint
from kzocr.runs import precision
from kzocr.runs.precision import agreed_precision, kept_precision
from kzocr.training import Trainer
from places import ROOT

AGREE = """
import os
from kzocr.runs import precision
precision.resolve_precision = lambda asked: "bf16" if os.environ["RANK"] == "0" else "no"
print(f"process {os.environ['RANK']}: {precision.agreed_precision('auto', None)}", flush=True)
"""


def timed(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    """Let a timing of the device say that `auto` is `found`."""
    monkeypatch.setattr(precision, "resolve_precision", lambda asked: found if asked == "auto" else asked)


def config(max_steps: int) -> TrainingConfig:
    smoke = load_config(ROOT / "configs" / "smoke.yaml")
    run = dataclasses.replace(smoke.run, mixed_precision="auto", max_steps=max_steps, validate_steps=100)
    return dataclasses.replace(smoke, run=run)


@pytest.mark.parametrize(
    ("asked", "kept", "expected"),
    [("auto", None, "no"), ("auto", "bf16", "bf16"), ("no", "bf16", "no"), ("bf16", "no", "bf16")],
)
def test_auto_is_what_it_was_before(monkeypatch: pytest.MonkeyPatch, asked: str, kept: str, expected: str) -> None:
    timed(monkeypatch, "no")
    assert agreed_precision(asked, kept) == expected  # type: ignore[arg-type]


def test_auto_is_what_the_process_computes_in_already(monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, "no")
    Accelerator(mixed_precision="bf16")
    assert agreed_precision("auto", None) == "bf16"


def test_a_run_goes_on_in_the_precision_of_its_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate.state import AcceleratorState

    monkeypatch.chdir(ROOT)
    timed(monkeypatch, "bf16")
    assert kept_precision(tmp_path) is None
    Trainer(config(1), tmp_path).train()
    assert kept_precision(tmp_path) == "bf16"
    AcceleratorState._reset_state()  # as in another process
    timed(monkeypatch, "no")
    assert Trainer(config(2), tmp_path).metadata()["precision"] == "bf16"
    AcceleratorState._reset_state()
    checkpoint = newest_checkpoint(tmp_path)
    assert checkpoint is not None
    described = json.loads((checkpoint / "progress.json").read_text(encoding="utf-8"))
    del described["precision"]  # as in older checkpoints
    (checkpoint / "progress.json").write_text(json.dumps(described), encoding="utf-8")
    assert Trainer(config(2), tmp_path).metadata()["precision"] == "no"


@pytest.mark.slow
def test_the_first_of_several_processes_decides(tmp_path: Path) -> None:
    (tmp_path / "agree.py").write_text(AGREE, encoding="utf-8")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "1", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [*launch, str(tmp_path / "agree.py")], env=environment, capture_output=True, text=True, check=True
    )
    assert sorted(ended.stdout.split("\n")[:2]) == ["process 0: bf16", "process 1: bf16"]
