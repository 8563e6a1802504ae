from __future__ import annotations

import copy
import dataclasses
import json
import logging
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, PreTrainedModel

from kzocr.channel.prior import PRIORS
from kzocr.confidence.model import CALIBRATION_FILE
from kzocr.config import TrainingConfig, load_config
from kzocr.data import Batch, Example
from kzocr.encoding import IGNORED_LABEL, decode, encode
from kzocr.language.lexicon import LEXICON_FILE
from kzocr.metrics import cer
from kzocr.models.checkpoint import build_model, checkpoints, newest_checkpoint, read_checkpoint, write_model
from kzocr.pairs import TextPair, write_pairs
from kzocr.runs.log import read_log
from kzocr.runs.loss import masked_cross_entropy, shift_right
from kzocr.runs.sharding import whole_copy
from kzocr.runs.state import Progress, TrainingError
from kzocr.runs.validation import held_out_loss, validate_pairs
from kzocr.spelling.context_words import CONTEXT_FILE
from kzocr.training import Trainer
from places import ROOT
from toy_models import tiny_model

CONFIG = ROOT / "configs" / "smoke.yaml"
TEXT = "Қар ерте жауды."


@pytest.fixture(autouse=True)
def _at_the_top_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The configuration's paths are relative to the repository; one thread adds in one order."""
    monkeypatch.chdir(ROOT)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def smoke(**changes: Any) -> TrainingConfig:
    config = load_config(CONFIG)
    return dataclasses.replace(config, run=dataclasses.replace(config.run, **changes))


def with_init(init: str, **changes: Any) -> TrainingConfig:
    config = smoke(**changes)
    return dataclasses.replace(config, model=dataclasses.replace(config.model, init=init))


def losses(folder: Path) -> dict[int, float]:
    return {int(r["step"]): r["loss"] for r in read_log(folder / "log.jsonl") if "loss" in r}


def greedy(model: PreTrainedModel) -> list[int]:
    ids: list[int] = model.generate(torch.tensor([encode(TEXT)]), max_new_tokens=24, do_sample=False)[0].tolist()
    return ids


class Killed(Exception):
    """Stands for the signal that ends a run."""


class Mortal(Trainer):
    """A run that is killed in the middle of a step."""

    dies_at = 6

    def _loss(self, batch: Batch) -> torch.Tensor:
        if self.progress.step == self.dies_at:
            raise Killed
        return super()._loss(batch)


class Unstable(Trainer):
    """A run whose loss overflows."""

    def _loss(self, batch: Batch) -> torch.Tensor:
        return super()._loss(batch) * (math.nan if self.progress.step == 5 else 1.0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    before = Path.cwd()
    os.chdir(ROOT)
    torch.set_num_threads(1)
    try:
        assert Trainer(smoke(), folder).train() == folder / "model"
    finally:
        os.chdir(before)
    return folder


def test_a_run_learns_validates_and_keeps_the_newest_checkpoints(finished: Path) -> None:
    found = losses(finished)
    assert sorted(found) == list(range(1, 13))
    assert found[12] < found[1] - 1
    assert [path.name for path in checkpoints(finished)] == ["checkpoint-00000008", "checkpoint-00000012"]
    validations = [record for record in read_log(finished / "log.jsonl") if "cer_after" in record]
    assert [record["step"] for record in validations] == [6, 12]
    assert not list(finished.glob(".*"))


def test_error_rates_on_real_pairs_and_curves_come_with_every_validation(tmp_path: Path) -> None:
    long = "Қыс ұзақ болды, көктем кеш келді.\n\n" * 8
    pairs = [
        TextPair(reference=long, hypothesis=long.replace("қ", "к"), document_id="a", origin="real"),
        TextPair(reference=TEXT, hypothesis=TEXT, document_id="b", origin="real"),
    ]
    write_pairs(tmp_path / "scan.jsonl", pairs)
    config = smoke(max_steps=1, validate_steps=1)
    data = dataclasses.replace(config.data, validation_pairs=(str(tmp_path / "scan.jsonl"),))
    trainer = Trainer(dataclasses.replace(config, data=data), tmp_path / "run")
    trainer.train()
    (record,) = [r for r in read_log(tmp_path / "run" / "log.jsonl") if "cer_after" in r]
    references = [pair.reference for pair in pairs]
    before = cer(reference=references, hypothesis=[pair.hypothesis for pair in pairs])
    assert record["cer_before:scan"] == before > 0
    assert record["cer_after:scan"] > 0
    assert (tmp_path / "run" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_pairs_are_corrected_window_by_window_and_joined_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Repairs:
        """Stands for the decoder: puts Қ in the place of K and drops nothing."""

        def __init__(self, model: object) -> None: ...

        def decode(self, inputs: list[list[int]], max_new_bytes: list[int]) -> list[Any]:
            assert all(len(ids) <= 41 for ids in inputs)
            return [SimpleNamespace(ids=encode(decode(ids).replace("K", "Қ"))) for ids in inputs]

    monkeypatch.setattr("kzocr.runs.validation.GuidedDecoder", Repairs)
    text = "Қар жауды.  Қыс келді!\n \n\tҚол тоңды. " * 5
    pair = TextPair(reference=text, hypothesis=text.replace("Қ", "K"), document_id="a", origin="real")
    rates = validate_pairs(torch.nn.Identity(), [pair], window_bytes=40)  # type: ignore[arg-type]
    assert rates == {"cer_before": cer(reference=[text], hypothesis=[pair.hypothesis]), "cer_after": 0}
    assert rates["cer_before"] > 0


def test_the_exported_model_is_the_average_and_loads_with_plain_transformers(finished: Path) -> None:
    model = AutoModelForSeq2SeqLM.from_pretrained(finished / "model", dtype=torch.float32).eval()
    trainer = Trainer(smoke(), finished)
    average = trainer.average
    assert average is not None
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, average.weights[name].to(torch.bfloat16).float()), name
    averaged = whole_copy(trainer.plain_model, average.weights)
    assert greedy(model) == greedy(averaged.to(torch.bfloat16).float())


def test_the_metadata_says_all_that_a_card_needs(finished: Path) -> None:
    metadata = json.loads((finished / "model" / "training.json").read_text(encoding="utf-8"))
    assert metadata["config"] == json.loads(json.dumps(smoke().to_dict()))
    assert metadata["steps"] == 12
    assert metadata["n_parameters"] == sum(
        p.numel() for p in AutoModelForSeq2SeqLM.from_pretrained(finished / "model").parameters()
    )
    (source,) = metadata["sources"]
    text = (ROOT / "tests" / "data" / "sentences.txt").read_text(encoding="utf-8")
    assert source["name"] == "sentences"
    assert source["n_lines"] == text.count("\n")
    assert source["n_bytes"] == len(text.replace("\n", "").encode())
    assert {"cer_before", "cer_after", "clean_changed"} <= metadata["validation"].keys()
    for key in ("kzocr_version", "device", "n_processes", "torch_version", "transformers_version", "target_bytes"):
        assert metadata[key], key
    assert metadata["parent"] == {}


def test_noisy_text_goes_in_and_text_comes_out(finished: Path) -> None:
    from kzocr.corrector import Corrector

    corrected = Corrector.from_pretrained(str(finished / "model")).correct(["Кар epтe жауды.\n", ""])
    assert len(corrected) == 2
    assert corrected[0].endswith("\n")
    assert corrected[1] == ""


@pytest.mark.parametrize("dies_at", [6, 9])
def test_a_killed_run_goes_on_step_by_step_as_if_nothing_had_been(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    monkeypatch.setattr(Mortal, "dies_at", dies_at)
    with pytest.raises(Killed):
        Mortal(smoke(), tmp_path).train()
    with (tmp_path / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"step": 7, "lo')  # what a kill leaves of a line
    torch.manual_seed(dies_at)  # another process has another random state
    resumed = Trainer(smoke(), tmp_path)
    assert resumed.progress.step == dies_at // 4 * 4
    resumed.train()
    assert losses(tmp_path) == losses(finished)
    one = torch.load(newest_checkpoint(tmp_path) / "state.pt", weights_only=True)  # type: ignore[operator]
    other = torch.load(newest_checkpoint(finished) / "state.pt", weights_only=True)  # type: ignore[operator]
    for part in ("model", "average"):
        assert all(torch.equal(one[part][name], other[part][name]) for name in other[part])


def test_gradient_accumulation_learns_from_as_many_batches_a_step(tmp_path: Path) -> None:
    config = smoke(gradient_accumulation=2, max_steps=5, checkpoint_steps=3, validate_steps=100)
    Trainer(config, tmp_path / "whole").train()
    folder = tmp_path / "resumed"
    Trainer(dataclasses.replace(config, run=dataclasses.replace(config.run, max_steps=3)), folder)
    mortal = Mortal(config, folder)
    mortal.dies_at = 4
    with pytest.raises(Killed):
        mortal.train()
    Trainer(config, folder).train()
    assert losses(folder) == losses(tmp_path / "whole")


def test_a_loss_that_is_no_number_ends_the_run_and_spares_the_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"loss is nan at step 5; last good checkpoint: .*checkpoint-00000004"):
        Unstable(smoke(), tmp_path).train()
    resumed = Trainer(smoke(), tmp_path)
    assert resumed.progress.step == 4
    assert all(torch.isfinite(p).all() for p in resumed.plain_model.parameters())


def test_a_gradient_that_is_no_number_never_reaches_a_checkpoint(tmp_path: Path) -> None:
    trainer = Trainer(smoke(checkpoint_steps=1, validate_steps=100), tmp_path)
    weight = trainer.plain_model.shared.weight
    weight.register_hook(lambda gradient: gradient * (math.inf if trainer.progress.step == 2 else 1))
    with pytest.raises(TrainingError, match=r"norm of the gradient is (nan|inf) at step 2; .*checkpoint-00000002"):
        trainer.train()
    assert torch.isfinite(Trainer(smoke(), tmp_path).plain_model.shared.weight).all()


def test_a_checkpoint_that_was_not_written_to_its_end_is_passed_over(tmp_path: Path) -> None:
    trainer = Trainer(smoke(max_steps=4), tmp_path)
    trainer.save()
    good = newest_checkpoint(tmp_path)
    for name in ("checkpoint-00000400", ".checkpoint-00000500.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.pt").write_bytes(b"half")
    assert newest_checkpoint(tmp_path) == good
    assert Trainer(smoke(max_steps=4), tmp_path).progress == Progress()
    trainer.save()
    assert not list(tmp_path.glob(".*.partial"))


@pytest.mark.parametrize("name", ["state.pt", "progress.json"])
def test_a_broken_checkpoint_is_named_with_what_to_do(tmp_path: Path, finished: Path, name: str) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    newest = newest_checkpoint(tmp_path)
    assert newest is not None
    (newest / name).write_bytes((newest / name).read_bytes()[:40])
    with pytest.raises(ValueError, match=rf"{newest / name}: .*the checkpoint is broken: remove its folder"):
        Trainer(smoke(), tmp_path)
    shutil.rmtree(newest)
    assert Trainer(smoke(), tmp_path).progress.step == 8


def test_what_was_laid_beside_the_weights_stays(
    tmp_path: Path, finished: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    beside = {LEXICON_FILE: "сөздік", CALIBRATION_FILE: "{}", CONTEXT_FILE: "көрші", "README.md": "Менің моделім"}
    for name, text in beside.items():
        (tmp_path / "model" / name).write_text(text, encoding="utf-8")
    weights = (tmp_path / "model" / "model.safetensors").read_bytes()
    with caplog.at_level(logging.WARNING):
        Trainer(smoke(), tmp_path).train()
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == weights
    assert "make them anew" not in caplog.text
    with caplog.at_level(logging.WARNING):
        Trainer(smoke(max_steps=14), tmp_path).train()
    assert (tmp_path / "model" / "model.safetensors").read_bytes() != weights
    assert f"{tmp_path / 'model'}: calibration.json, made with other weights: make them anew" in caplog.text
    assert {name: (tmp_path / "model" / name).read_text(encoding="utf-8") for name in beside} == beside
    assert json.loads((tmp_path / "model" / "training.json").read_text(encoding="utf-8"))["steps"] == 14


def test_without_a_checkpoint_no_model_is_written(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=rf"{tmp_path}: no checkpoint is there, so there is no model to write"):
        Trainer(smoke(), tmp_path).export()
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_further_than_asked_for_is_refused(tmp_path: Path, finished: Path) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(TrainingError, match=rf"{tmp_path}/checkpoint-00000012: 12 steps are done .* max_steps is 10: "):
        Trainer(smoke(max_steps=10), tmp_path).train()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert Trainer(smoke(max_steps=10), tmp_path).export() == tmp_path / "model"
    assert Trainer(smoke(max_steps=12), tmp_path).train() == tmp_path / "model"


def test_a_full_disk_is_said_and_spares_the_checkpoint(tmp_path: Path) -> None:
    trainer = Trainer(smoke(), tmp_path)
    trainer.save()
    good = newest_checkpoint(tmp_path)
    assert good is not None
    before = (good / "state.pt").read_bytes()
    trainer.progress.step = 1
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(TrainingError, match=r"checkpoint of step 1 could not be written.*00000000"):
            trainer.save()
        with pytest.raises(TrainingError, match=r"model of step 1 could not be written"):
            trainer.export()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert newest_checkpoint(tmp_path) == good
    assert (good / "state.pt").read_bytes() == before
    assert not list(tmp_path.glob(".*.partial"))


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    Trainer(smoke(), tmp_path).save()
    config = smoke()
    wider = dataclasses.replace(config, model=dataclasses.replace(config.model, d_model=48))
    with pytest.raises(TrainingError, match=r"another model \(model\.d_model\)"):
        Trainer(wider, tmp_path)


def test_a_run_can_start_from_a_model_folder(tmp_path: Path, finished: Path) -> None:
    trainer = Trainer(with_init(str(finished / "model")), tmp_path)
    shipped = AutoModelForSeq2SeqLM.from_pretrained(finished / "model", dtype=torch.float32)
    assert torch.equal(trainer.plain_model.shared.weight, shipped.shared.weight)
    assert trainer.metadata()["parent"]["steps"] == 12
    assert trainer.metadata()["config"]["model"]["init"] == "smoke"


def logits(model: torch.nn.Module) -> torch.Tensor:
    ids = torch.tensor([encode(TEXT)])
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(input_ids=ids, decoder_input_ids=ids).logits
    return found


def with_own_head(folder: Path) -> str:
    """Return the folder of a model whose head is not its embedding, as that of `google/byt5-small` is not."""
    write_model(tiny_model(tied=False), folder, {})
    return str(folder)


def test_a_head_of_its_own_is_trained_validated_and_shipped(tmp_path: Path) -> None:
    trainer = Trainer(with_init(with_own_head(tmp_path / "parent"), max_steps=3), tmp_path / "run")
    trainer.plain_model.tie_weights()  # as accelerate does to what it divides
    trainer.train()
    average = trainer.average
    assert average is not None
    averaged = copy.deepcopy(trainer.plain_model)
    with torch.no_grad():
        for name, parameter in averaged.named_parameters():
            parameter.copy_(average.weights[name])
    assert not torch.equal(averaged.lm_head.weight, averaged.shared.weight)
    validated = whole_copy(trainer.plain_model, average.weights)
    torch.testing.assert_close(logits(validated), logits(averaged), rtol=1e-4, atol=1e-3)  # kernels of GELU differ
    shipped = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "run" / "model", dtype=torch.float32)
    torch.testing.assert_close(logits(shipped), logits(averaged.to(torch.bfloat16).float()), rtol=1e-4, atol=1e-3)


def test_data_that_was_changed_in_a_break_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = tmp_path / "books.txt"
    text.write_bytes((ROOT / "tests" / "data" / "sentences.txt").read_bytes())
    shutil.copyfile(PRIORS / "tesseract-rus.json", tmp_path / "noise.json")
    pair = TextPair(reference=TEXT, hypothesis="Кар ерте жауды.", document_id="a", origin="real")
    write_pairs(tmp_path / "pages.jsonl", [pair])
    config = smoke(max_steps=1)
    data = dataclasses.replace(
        config.data, corpus=(str(text),), prior=str(tmp_path / "noise.json"), pairs=(str(tmp_path / "pages.jsonl"),)
    )
    config = dataclasses.replace(config, data=dataclasses.replace(data, pair_share=0.1))
    Trainer(config, tmp_path / "run").save()
    with caplog.at_level(logging.WARNING, logger="kzocr"):
        Trainer(config, tmp_path / "run")
    assert "the data was changed" not in caplog.text
    with text.open("a", encoding="utf-8") as file:
        file.write("Жаңа сөйлем қосылды.\n")
    shutil.copyfile(PRIORS / "tesseract-kaz.json", tmp_path / "noise.json")
    write_pairs(tmp_path / "pages.jsonl", [pair, pair])
    with caplog.at_level(logging.WARNING, logger="kzocr"):
        Trainer(config, tmp_path / "run")
    assert "would have: pairs pages.jsonl, prior noise.json, source books" in caplog.text


def test_a_checkpoint_of_before_is_gone_on_with(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = smoke(max_steps=3, checkpoint_steps=1)
    Trainer(config, tmp_path).train()
    checkpoint = newest_checkpoint(tmp_path)
    assert checkpoint is not None
    described = json.loads((checkpoint / "progress.json").read_text(encoding="utf-8"))
    n_batches = described["progress"].pop("n_batches")
    described["progress"]["batch"] = n_batches
    del described["data"], described["precision"]
    (checkpoint / "progress.json").write_text(json.dumps(described), encoding="utf-8")
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="kzocr"):
        trainer = Trainer(config, tmp_path)
    assert trainer.progress.n_batches == n_batches > 0
    assert not caplog.records


def test_pickled_weights_are_refused(tmp_path: Path, finished: Path) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    (folder / "config.json").write_bytes((finished / "model" / "config.json").read_bytes())
    model = AutoModelForSeq2SeqLM.from_pretrained(finished / "model")
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(OSError, match=r"pickled: no safetensors weights"):
        Trainer(with_init(str(folder)), tmp_path / "run")


def test_a_model_that_cannot_be_fetched_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(OSError, match=r"init: nobody/no-such-model: no such folder.*hf download nobody/no-such-model"):
        Trainer(with_init("nobody/no-such-model"), tmp_path)


def test_processes_that_do_not_know_of_each_other_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(
        TrainingError, match="set ACCELERATE_USE_CPU=true, or start them with `accelerate launch --cpu`"
    ):
        Trainer(smoke(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_decoder_inputs_are_the_labels_moved_by_one() -> None:
    labels = torch.tensor([[5, 6, 1], [7, 1, IGNORED_LABEL]])
    assert shift_right(labels).tolist() == [[0, 5, 6], [0, 7, 1]]
    assert decode([5, 6, 1]) == "\x02\x03"


def command(folder: Path, config: Path = CONFIG) -> list[str]:
    return [sys.executable, str(ROOT / "scripts" / "train.py"), "--config", str(config), "--folder", str(folder)]


def test_the_held_out_loss_is_a_mean_over_printed_bytes() -> None:
    torch.manual_seed(0)
    model = build_model(load_config(CONFIG).model)
    examples = [Example("күн", "кун"), Example("Қыс ұзақ, жаз қысқа.", "Кыс узак, жаз кыска."), Example("а", "а")]
    total = 0.0
    n_bytes = 0
    for example in examples:
        labels = torch.tensor([encode(example.reference)])
        output = model.eval()(input_ids=torch.tensor([encode(example.hypothesis)]), labels=labels)
        total += float(output.loss) * labels.numel()
        n_bytes += labels.numel()
    model.train()
    assert held_out_loss(model, examples, batch_bytes=4096) == pytest.approx(total / n_bytes, rel=1e-5)
    assert held_out_loss(model, examples, batch_bytes=16) == pytest.approx(total / n_bytes, rel=1e-5)
    assert model.training


def test_label_smoothing_spreads_a_share_of_the_target_over_all_ids() -> None:
    logits = torch.tensor([[[2.0, 0.0, 0.0, 0.0], [0.0, 9.0, 0.0, 0.0]]])
    labels = torch.tensor([[0, IGNORED_LABEL]])
    log_probabilities = torch.log_softmax(logits[0, 0], 0)
    smoothed = masked_cross_entropy(logits, labels, None, label_smoothing=0.2)
    assert smoothed.item() == pytest.approx(-(0.8 * log_probabilities[0] + 0.2 * log_probabilities.mean()).item())
    assert masked_cross_entropy(logits, labels, None).item() == pytest.approx(-log_probabilities[0].item())


def test_ctrl_c_says_where_the_run_goes_on(tmp_path: Path) -> None:
    config = CONFIG.read_text(encoding="utf-8").replace("max_steps: 12", "max_steps: 100000")
    config = config.replace("validate_steps: 6", "validate_steps: 100000").replace("n_workers: 0", "n_workers: 1")
    (tmp_path / "long.yaml").write_text(config, encoding="utf-8")
    process = subprocess.Popen(
        command(tmp_path / "run", tmp_path / "long.yaml"),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while newest_checkpoint(tmp_path / "run") is None and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: its workers hear it too
    printed, said = process.communicate(timeout=120)
    newest = newest_checkpoint(tmp_path / "run")
    assert newest is not None
    assert (process.returncode, printed) == (130, "")
    assert said.splitlines()[-1] == f"interrupted: the run goes on from {newest}"
    assert "Traceback" not in said
    assert read_checkpoint(newest)[1]["progress"]["step"] == int(newest.name[-8:])


@pytest.mark.slow
def test_kill_minus_nine_loses_nothing(tmp_path: Path, finished: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command(tmp_path), env=environment, cwd=ROOT)
    deadline = time.monotonic() + 300
    while newest_checkpoint(tmp_path) is None and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run(command(tmp_path), env=environment, cwd=ROOT, check=True)
    assert losses(tmp_path) == losses(finished)


LAUNCH_TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
ON_THE_PROCESSOR = {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "1"}


def run_in_two_processes(folder: Path, script: str, config: Path = CONFIG, **environment: str) -> None:
    """Train in `folder` as `command` does, `script` in the place of `scripts/train.py`.

    Raises:
        RuntimeError: with what a process wrote to its error stream.
    """
    full = {**os.environ, **ON_THE_PROCESSOR, **environment}
    launch = [*LAUNCH_TWO, script, *command(folder, config)[2:]]
    ended = subprocess.run(launch, env=full, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two processes that each hold the whole model."""
    folder = tmp_path_factory.mktemp("shared")
    run_in_two_processes(folder, str(ROOT / "scripts" / "train.py"))
    return folder


@pytest.mark.slow
def test_two_processes_share_the_work_and_count_the_bytes_of_both(shared: Path, tmp_path: Path) -> None:
    described = json.loads((newest_checkpoint(shared) / "progress.json").read_text())  # type: ignore[operator]
    metadata = json.loads((shared / "model" / "training.json").read_text(encoding="utf-8"))
    assert metadata["n_processes"] == 2
    trainer = Trainer(smoke(), tmp_path)
    batches = trainer.data.batches(trainer.config, trainer.progress, 1, 0)
    for _ in range(2 * 12):
        next(batches)
    assert described["progress"]["target_bytes"] <= trainer.progress.target_bytes * 1.5
    assert described["progress"]["target_bytes"] > trainer.progress.target_bytes / 2


TRAIN_IN_PIECES = """
import runpy, sys
from accelerate import PartialState
from accelerate.utils import DistributedType

# accelerate offers FSDP on GPUs alone; torch itself has it on processors too.
PartialState(cpu=True)
PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
sys.argv[0] = TRAIN
runpy.run_path(TRAIN, run_name="__main__")
"""
FSDP = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_TRANSFORMER_CLS_TO_WRAP": "T5Block",
}


@pytest.fixture
def in_pieces(tmp_path: Path) -> str:
    """A script that trains as `scripts/train.py` does, in processes that have a piece of the model each."""
    script = tmp_path / "in_pieces.py"
    script.write_text(TRAIN_IN_PIECES.replace("TRAIN", repr(str(ROOT / "scripts" / "train.py"))), encoding="utf-8")
    return str(script)


@pytest.mark.slow
def test_processes_with_a_piece_of_the_model_learn_the_same_and_go_on_from_a_checkpoint(
    shared: Path, in_pieces: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    run_in_two_processes(folder, in_pieces, **FSDP)
    found = losses(folder)
    assert found == pytest.approx(losses(shared), rel=1e-4)
    shutil.rmtree(folder / "checkpoint-00000012")
    run_in_two_processes(folder, in_pieces, **FSDP)
    assert losses(folder) == found
    one, other = (AutoModelForSeq2SeqLM.from_pretrained(run / "model").float() for run in (shared, folder))
    for weight, same_weight in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.allclose(weight, same_weight, rtol=0.01, atol=1e-3)
    assert Trainer(smoke(), folder).progress.step == 12


@pytest.mark.slow
def test_a_model_in_pieces_keeps_a_head_of_its_own(in_pieces: str, tmp_path: Path) -> None:
    parent = with_own_head(tmp_path / "parent")
    text = CONFIG.read_text(encoding="utf-8").replace("init: scratch", f"init: {parent}")
    (tmp_path / "own.yaml").write_text(text.replace("max_steps: 12", "max_steps: 4"), encoding="utf-8")
    run_in_two_processes(tmp_path / "run", in_pieces, tmp_path / "own.yaml", **FSDP)
    run_in_two_processes(tmp_path / "shared", str(ROOT / "scripts" / "train.py"), tmp_path / "own.yaml")
    assert losses(tmp_path / "run") == pytest.approx(losses(tmp_path / "shared"), rel=1e-4)


@pytest.mark.slow
def test_muon_moves_a_model_in_pieces_as_a_whole_one(in_pieces: str, tmp_path: Path) -> None:
    text = CONFIG.read_text(encoding="utf-8").replace("kind: rms_scaled_adamw", "kind: rms_scaled_muon")
    (tmp_path / "muon.yaml").write_text(text.replace("max_steps: 12", "max_steps: 4"), encoding="utf-8")
    run_in_two_processes(tmp_path / "run", in_pieces, tmp_path / "muon.yaml", **FSDP)
    run_in_two_processes(tmp_path / "shared", str(ROOT / "scripts" / "train.py"), tmp_path / "muon.yaml")
    assert losses(tmp_path / "run") == pytest.approx(losses(tmp_path / "shared"), rel=1e-3)
    state = torch.load(newest_checkpoint(tmp_path / "run") / "state.pt", weights_only=True)  # type: ignore[operator]
    assert len(state["optimizer"]["param_groups"]) == 2


@pytest.mark.slow
def test_the_first_fsdp_is_refused(in_pieces: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="FSDP 1 is not provided for: set fsdp_version to 2"):
        run_in_two_processes(tmp_path / "run", in_pieces, **{**FSDP, "FSDP_VERSION": "1"})


WHAT_A_BARE_IMAGE_HAS = """
import runpy, sys
from importlib.machinery import PathFinder

ABSENT = {
    "datasets", "pyarrow", "pandas", "evaluate", "tensorboard", "trackio", "matplotlib", "PIL", "typer", "rich",
    "symspellpy", "jiwer", "peft", "lxml", "fontTools", "pytest", "hypothesis", "sklearn", "scipy",
}

find_spec = PathFinder.find_spec

def without(cls, name, path=None, target=None):
    return None if name.partition(".")[0] in ABSENT else find_spec(name, path, target)

PathFinder.find_spec = classmethod(without)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_training_on_local_text_needs_nothing_beyond_a_bare_image(tmp_path: Path) -> None:
    config = CONFIG.read_text(encoding="utf-8").replace("max_steps: 12", "max_steps: 1")
    (tmp_path / "bare.yaml").write_text(config, encoding="utf-8")
    arguments = [str(ROOT / "scripts" / "train.py"), "--config", str(tmp_path / "bare.yaml")]
    result = subprocess.run(
        [sys.executable, "-c", WHAT_A_BARE_IMAGE_HAS, *arguments, "--folder", str(tmp_path / "run")],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()
    assert not (tmp_path / "run" / "tensorboard").exists()
    assert not (tmp_path / "run" / "curves.png").exists()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_a_compiled_run_has_the_losses_of_a_plain_one_and_a_model_that_loads(tmp_path: Path) -> None:
    config = smoke(max_steps=4, log_steps=1)
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, dropout=0.0))
    plain = Trainer(config, tmp_path / "plain")
    plain.train()
    compiled = Trainer(
        dataclasses.replace(config, run=dataclasses.replace(config.run, compile=True)), tmp_path / "compiled"
    )
    model = AutoModelForSeq2SeqLM.from_pretrained(compiled.train())
    assert losses(compiled.folder) == pytest.approx(losses(plain.folder), rel=1e-3)
    assert greedy(model) == greedy(AutoModelForSeq2SeqLM.from_pretrained(plain.folder / "model"))
