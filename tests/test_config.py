from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from kzocr.channel.prior import ChannelPrior
from kzocr.config import ConfigError, config_from_dict, load_config
from places import ROOT

FOLDER = ROOT / "configs"
FOR_USERS = sorted(FOLDER.glob("*.yaml"))
CONFIGS = [*FOR_USERS, *sorted(FOLDER.glob("embedded/*.yaml")), *sorted(FOLDER.glob("recipes/compare-*.yaml"))]
SMOKE = FOLDER / "smoke.yaml"


def smoke() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(SMOKE.read_text(encoding="utf-8"))
    return data


def write(folder: Path, data: dict[str, Any]) -> Path:
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def with_value(key: str, value: Any) -> dict[str, Any]:
    data = copy.deepcopy(smoke())
    *sections, last = key.split(".")
    place = data
    for section in sections:
        place = place[section]
    place[last] = value
    return data


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_loads(path: Path) -> None:
    config = load_config(path)
    assert config.name == path.stem
    assert config_from_dict(config.to_dict(), "dictionary") == config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_warm_up_and_decay_fit_into_every_shipped_run(path: Path) -> None:
    config = load_config(path)
    assert config.optimizer.warmup_steps + config.optimizer.decay_steps <= config.run.max_steps


@pytest.mark.parametrize("path", FOR_USERS, ids=lambda path: path.stem)
def test_a_configuration_for_users_names_nothing_outside_of_the_repository_but_the_hub(path: Path) -> None:
    data = load_config(path).data
    entries = [*data.corpus, *data.validation_corpus, *data.word_lists, *data.validation_pairs, *data.pairs]
    local = [entry for entry in entries if not entry.startswith("hub:")]
    assert all((ROOT / entry).resolve().is_relative_to(ROOT) and (ROOT / entry).exists() for entry in local), local
    ChannelPrior.load(data.prior)


@pytest.mark.parametrize("name", ["kzocr-large", "kzocr-byt5-small", "kzocr-byt5-base"])
def test_a_step_on_one_gpu_learns_from_64_kib(name: str) -> None:
    config = load_config(FOLDER / f"{name}.yaml")
    assert config.data.batch_bytes <= 16384  # what was counted to fit into the memory that the file promises
    assert config.data.batch_bytes * config.run.gradient_accumulation == 65536


def test_validation_text_comes_from_somewhere(tmp_path: Path) -> None:
    data = with_value("data.validation_corpus", [])
    with pytest.raises(ConfigError, match=r"'data.validation_corpus' is empty, and 'data.held_out_share' is not above"):
        load_config(write(tmp_path, data))
    data["data"]["held_out_share"] = 0.1
    assert load_config(write(tmp_path, data)).data.held_out_share == 0.1


@pytest.mark.parametrize("key", ["extra", "model.extra", "run.extra"])
def test_an_unknown_key_is_named_with_its_file(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"run\.yaml: unknown key '{key}'"):
        load_config(write(tmp_path, with_value(key, 1)))


@pytest.mark.parametrize("key", ["seed", "model.d_ff", "optimizer.learning_rate", "data.corpus"])
def test_a_missing_key_is_named_with_its_file(tmp_path: Path, key: str) -> None:
    data = smoke()
    section, _, last = key.rpartition(".")
    del (data[section] if section else data)[last]
    with pytest.raises(ConfigError, match=rf"run\.yaml: missing key '{key}'"):
        load_config(write(tmp_path, data))


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("seed", "one", "must be int"),
        ("seed", True, "must be int"),
        ("seed", 1.5, "must be int"),
        ("run.compile", 1, "must be bool"),
        ("data.corpus", "folder", "must be a list"),
        ("data.corpus", [], "is empty"),
        ("model", 5, "must hold keys and values"),
        ("optimizer.kind", "sgd", "must be one of rms_scaled_adamw, rms_scaled_muon, adamw"),
        ("optimizer.beta1", 1.0, "below 1"),
        ("optimizer.gradient_clip", 0.0, "must be above 0: at 0 nothing would be learnt"),
        ("run.log_steps", 0, "at least 1"),
        ("run.keep_checkpoints", 0, "at least 1"),
        ("data.least_window_bytes", 1000, "above 'data.greatest_window_bytes'"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_file(tmp_path: Path, key: str, value: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=rf"run\.yaml: key '{key}' .*{reason}"):
        load_config(write(tmp_path, with_value(key, value)))


def test_a_number_that_yaml_reads_as_text_gets_a_hint(tmp_path: Path) -> None:
    text = SMOKE.read_text(encoding="utf-8").replace("learning_rate: 2.0e-2", "learning_rate: 1e-4")
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"'optimizer.learning_rate' must be float, got '1e-4' \(write 1\.0e-4"):
        load_config(path)


def test_a_bare_no_gets_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='write "no"'):
        load_config(write(tmp_path, with_value("run.mixed_precision", False)))


def test_a_curriculum_entry_is_named_by_its_number(tmp_path: Path) -> None:
    data = smoke()
    data["curriculum"][1]["kind"] = "pages"
    with pytest.raises(ConfigError, match=r"'curriculum\[1\]\.kind' must be one of random_letters, words"):
        load_config(write(tmp_path, data))
    data["curriculum"][1].update(kind="words", n_pools=-1)
    with pytest.raises(ConfigError, match=r"'curriculum\[1\]\.n_pools' must be at least 0, got -1"):
        load_config(write(tmp_path, data))
    data["curriculum"][1].update(n_pools=1, least=4, greatest=3)
    with pytest.raises(ConfigError, match=r"'curriculum\[1\]\.least'"):
        load_config(write(tmp_path, data))


def test_whole_numbers_are_taken_for_fractions(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, with_value("model.dropout", 0)))
    assert isinstance(config.model.dropout, float)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"a: [", "not YAML"), (b"- a", "expected keys"), (b"name: x", "unknown key 'name'"), (b"\xff\xfe\xff", "not")],
)
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"run\.yaml: .*{reason}"):
        load_config(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file"):
        load_config(tmp_path / "none.yaml")
