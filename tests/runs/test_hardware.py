from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import T5ForConditionalGeneration

from kzocr.decoding import GuidedDecoder
from kzocr.encoding import encode
from kzocr.rivals.yardstick import generate_greedy
from kzocr.runs import hardware
from toy_models import tiny_model


@pytest.fixture(autouse=True)
def _every_test_times_anew() -> Iterator[None]:
    hardware.bf16_pays.cache_clear()
    yield
    hardware.bf16_pays.cache_clear()


@pytest.mark.parametrize(
    ("able", "seconds", "precision"),
    [(True, {torch.float32: 2.5, torch.bfloat16: 2.0}, "bf16"), (True, {torch.float32: 2.0, torch.bfloat16: 2.0}, "no"),
     (False, {}, "no")],
)  # fmt: skip
def test_auto_is_bf16_where_the_device_is_faster_in_it(
    monkeypatch: pytest.MonkeyPatch, able: bool, seconds: dict[torch.dtype, float], precision: str
) -> None:
    monkeypatch.setattr(hardware, "multiplies_bf16", lambda: able)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(hardware, "_product_seconds", seconds.__getitem__)
    assert hardware.resolve_precision("auto") == precision
    assert hardware.resolve_precision("no") == "no"


def test_a_gpu_that_has_bf16_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for able in (True, False):
        monkeypatch.setattr(hardware, "multiplies_bf16", lambda able=able: able)
        hardware.bf16_pays.cache_clear()
        assert hardware.bf16_pays() == able


def test_one_process_times_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([2.5, 2.0, 2.0, 2.0])
    monkeypatch.setattr(hardware, "multiplies_bf16", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(hardware, "_product_seconds", lambda dtype: next(seconds))
    assert [hardware.resolve_precision("auto") for _ in range(2)] == ["bf16", "bf16"]


def test_products_are_timed() -> None:
    assert hardware._product_seconds(torch.float32) > 0


def test_asked_for_bf16_stays_with_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(hardware, "multiplies_bf16", lambda: False)
    with caplog.at_level(logging.WARNING):
        assert hardware.resolve_precision("bf16") == "bf16"
    assert "no faster in bfloat16" in caplog.text


def test_speeding_up_changes_no_number() -> None:
    model = tiny_model(1)
    ids, labels = torch.tensor([encode("сәлем")]), torch.tensor([encode("қала")])
    before = model(input_ids=ids, labels=labels)
    hardware.speed_up(model, torch.device("cpu"))
    after = model(input_ids=ids, labels=labels)
    torch.testing.assert_close(after.logits, before.logits, rtol=1e-5, atol=1e-5)
    assert not any(type(module).__name__ == "NewGELUActivation" for module in model.modules())


def test_a_model_that_was_sped_up_can_be_decoded_and_saved(tmp_path: object) -> None:
    """Validation decodes the very model that is being trained."""
    model = tiny_model(1)
    inputs = [encode("Ауылдың шеті")]
    expected = generate_greedy(model, inputs, max_new_bytes=20)
    hardware.speed_up(model, torch.device("cpu"))
    assert GuidedDecoder(model).decode(inputs, max_new_bytes=20)[0].ids == expected[0].ids
    model.save_pretrained(str(tmp_path))
    again = T5ForConditionalGeneration.from_pretrained(str(tmp_path)).eval()
    assert any(type(module).__name__ == "NewGELUActivation" for module in again.modules())
    assert generate_greedy(again, inputs, max_new_bytes=20)[0].ids == expected[0].ids


def test_a_device_is_called_by_its_products_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text("processor\t: 0\nmodel name\t: Some  Processor (TM) 7\nprocessor\t: 1\nmodel name\t: x\n")
    assert hardware.processor_name(told) == "Some Processor (TM) 7"
    monkeypatch.setattr("platform.processor", lambda: "arm")
    for text in ("", "model name\t:\n", "Hardware\t: board\n"):
        told.write_text(text)
        assert hardware.processor_name(told) == "arm"
    assert hardware.processor_name(tmp_path / "none") == "arm"
    monkeypatch.setattr("platform.processor", lambda: "")
    assert hardware.processor_name(tmp_path / "none") == "cpu"
    assert hardware.device_name(torch.device("cpu")) == hardware.processor_name()
    assert hardware.device_name(torch.device("meta")) == "meta"
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert hardware.device_name() == hardware.processor_name()
