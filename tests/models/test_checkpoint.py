from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, T5ForConditionalGeneration

from kzocr.encoding import encode
from kzocr.models.checkpoint import own_name, read_metadata, write_model
from toy_models import tiny_model

OTHER_PYTHON = "KZOCR_OTHER_PYTHON"
"""Environment variable: a Python whose transformers is of the other major version."""

TEXT = "Сәлем, дүние!"
PROBE = f"""
import json, sys, torch, transformers
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
outputs = []
for folder in sys.argv[1:]:
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).to(torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer({TEXT!r}, return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=40, do_sample=False)[0].tolist()
    text = tokenizer.decode([0, 212, 153, 1, 259], skip_special_tokens=True)
    outputs.append([inputs["input_ids"][0].tolist(), ids, text])
print(json.dumps([transformers.__version__, outputs]))
"""


def rounded(*, tied: bool, own_head: bool = True) -> T5ForConditionalGeneration:
    """Return a model whose weights a written one, which has half as many bits, holds exactly."""
    return tiny_model(5, tied=tied, own_head=own_head).to(torch.bfloat16).float()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[T5ForConditionalGeneration, Path]]:
    """Models of every kind of head, and the folders that they were written to."""
    folder = tmp_path_factory.mktemp("models")
    kinds = {
        "tied": rounded(tied=True),
        "unscaled": rounded(tied=False, own_head=False),
        "own-head": rounded(tied=False),
    }
    for name, model in kinds.items():
        write_model(model, folder / name, {"name": name})
    return {name: (model, folder / name) for name, model in kinds.items()}


def greedy(model: T5ForConditionalGeneration) -> list[int]:
    ids: list[int] = model.generate(torch.tensor([encode(TEXT)]), max_new_tokens=40, do_sample=False)[0].tolist()
    return ids


@pytest.mark.parametrize("name", ["tied", "unscaled", "own-head"])
def test_a_written_model_reads_back_with_plain_transformers(
    models: dict[str, tuple[T5ForConditionalGeneration, Path]], name: str
) -> None:
    model, folder = models[name]
    again = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    assert greedy(again) == greedy(model)
    assert read_metadata(folder) == {"name": name}
    assert AutoTokenizer.from_pretrained(folder)(TEXT)["input_ids"] == encode(TEXT)


@pytest.mark.parametrize(("name", "is_tied"), [("tied", True), ("unscaled", False), ("own-head", False)])
def test_the_configuration_says_what_transformers_4_takes_it_for(
    models: dict[str, tuple[T5ForConditionalGeneration, Path]], name: str, is_tied: bool
) -> None:
    _, folder = models[name]
    assert json.loads((folder / "config.json").read_text())["tie_word_embeddings"] is is_tied
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert ("lm_head.weight" in weights.keys()) is not is_tied  # noqa: SIM118
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text())
    assert not isinstance(tokenizer.get("extra_special_tokens"), list)


def test_the_model_that_is_written_is_left_as_it_was(tmp_path: Path) -> None:
    model = rounded(tied=False, own_head=False)
    write_model(model, tmp_path, {})
    assert model.dtype == torch.float32
    assert model.lm_head.weight is model.shared.weight or not torch.equal(model.lm_head.weight, model.shared.weight)


def test_no_folder_of_the_maker_is_written(tmp_path: Path) -> None:
    write_model(tiny_model(), tmp_path / "first", {})
    read = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "first")
    write_model(read, tmp_path / "second", {})
    for path in (tmp_path / "second").glob("*.json"):
        assert str(tmp_path) not in path.read_text(encoding="utf-8"), path.name


def test_a_checkpoint_is_called_by_its_own_name(tmp_path: Path) -> None:
    assert own_name("scratch") == "scratch"
    assert own_name("google/byt5-small") == "google/byt5-small"
    cache = tmp_path / "hub" / "models--google--byt5-small" / "snapshots" / "68377bdc18a2ffec8a0533fef03b1c513a4dd49d"
    cache.mkdir(parents=True)
    assert own_name(str(cache)) == "google/byt5-small"
    (tmp_path / "mine").mkdir()
    assert own_name(f"{tmp_path}/mine/") == "mine"
    (tmp_path / "mine" / "training.json").write_text(json.dumps({"config": {"name": "first"}}), encoding="utf-8")
    assert own_name(str(tmp_path / "mine")) == "first"


@pytest.mark.slow
@pytest.mark.skipif(OTHER_PYTHON not in os.environ, reason=f"{OTHER_PYTHON} names no second Python")
def test_both_major_versions_of_transformers_give_the_same_output(
    models: dict[str, tuple[T5ForConditionalGeneration, Path]],
) -> None:
    results = {}
    for python in (sys.executable, os.environ[OTHER_PYTHON]):
        arguments = [python, "-c", PROBE, *(str(folder) for _, folder in models.values())]
        found = subprocess.run(arguments, capture_output=True, check=True, text=True).stdout
        version, outputs = json.loads(found.strip().split("\n")[-1])
        results[version.split(".")[0]] = outputs
    assert len(results) == 2, f"both are transformers {next(iter(results))}"
    one, other = results.values()
    assert one == other
    assert [ids for _, ids, _ in one] == [greedy(model) for model, _ in models.values()]


@pytest.mark.skipif(os.name == "nt", reason="files have no mode")
def test_who_may_read_the_configuration_may_read_the_weights(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        write_model(tiny_model(), tmp_path / "model", {})
    finally:
        os.umask(umask)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "model").iterdir()} == {0o640}
