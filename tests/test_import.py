from __future__ import annotations

import json
import subprocess
import sys

import pytest

import kzocr

PROBE = """
import json, sys, time
start = time.perf_counter()
import kzocr
seconds = time.perf_counter() - start
kzocr.cer, kzocr.wer, kzocr.Edit
heavy = sorted({"torch", "transformers", "numpy"} & set(sys.modules))
print(json.dumps([seconds, heavy]))
"""


def test_importing_kzocr_is_quick_and_needs_no_torch() -> None:
    probes = [subprocess.run([sys.executable, "-c", PROBE], capture_output=True, check=True) for _ in range(3)]
    results = [json.loads(probe.stdout) for probe in probes]
    assert min(seconds for seconds, _ in results) < 0.2
    assert all("torch" not in heavy and "transformers" not in heavy for _, heavy in results)


def test_the_command_line_starts_without_torch() -> None:
    code = "import sys, kzocr.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_public_name_is_there() -> None:
    for name in kzocr.__all__:
        assert getattr(kzocr, name) is not None
        assert name in dir(kzocr)
    with pytest.raises(AttributeError, match="nothing"):
        _ = kzocr.nothing


@pytest.mark.parametrize("value", [None, b"abc", 5, ["a", 5]])
def test_correct_refuses_other_types_before_it_loads_a_model(value: object) -> None:
    with pytest.raises(TypeError, match=r"not|item 1"):
        kzocr.correct(value)  # type: ignore[call-overload]
