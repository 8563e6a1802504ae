from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_hub import TOKEN, FakeHub, connected
from kzocr import __version__
from kzocr.cards.history import runs
from kzocr.channel.description import describe_prior, described_prior, find_prior
from kzocr.channel.prior import MIXTURE, PRIORS, ChannelPrior
from kzocr.config import load_config
from kzocr.corrector import Corrector
from kzocr.hub import HubError, assemble, check_folder, check_head, check_report, companions_of, sha256_of
from kzocr.models.loading import EMBEDDED, companions
from kzocr.models.names import read_published
from kzocr.runs.hardware import device_name, resolve_precision
from kzocr.training import Trainer
from kzocr.upload import upload
from places import ROOT
from script_files import publish
from toy_reports import toy_metadata, toy_reports

REPO = "user/kzocr-test"


def test_the_hub_module_needs_neither_torch_nor_huggingface_hub() -> None:
    code = "import sys, kzocr.hub; sys.exit(bool({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with a tiny random model and a report."""
    import torch

    from kzocr.models.checkpoint import build_model, write_model

    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(1)
    write_model(build_model(load_config(ROOT / "configs" / "smoke.yaml").model), folder / "model", toy_metadata())
    (folder / "report.json").write_text(json.dumps(toy_reports()), encoding="utf-8")
    return folder


def test_a_dry_run_assembles_checks_and_lists(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = str(run_folder / "report.json")
    assert publish(str(run_folder), "--repo", REPO, "--report", report, "--folder", str(tmp_path / "out")) == 0
    printed, warned = capsys.readouterr()
    assert warned.startswith("warning: report.json does not say which model it is of")
    for name in (
        "README.md",
        "model.safetensors",
        "training.json",
        "report.json",
        "custom_generate/generate.py",
        "channel/prior.yaml",
    ):
        assert (tmp_path / "out" / name).is_file(), name
        assert name in printed
    assert "dry run" in printed
    assert REPO in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_an_incomplete_model_is_refused(run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HubError, match=r"no model\.safetensors"):
        assemble(tmp_path, tmp_path / "out", card="card")
    with pytest.raises(HubError, match="not empty"):
        assemble(run_folder / "model", run_folder, card="card")
    assert publish(str(tmp_path), "--repo", REPO, "--report", "none.json") == 1
    assert "error:" in capsys.readouterr().err


def test_a_folder_with_other_weights_is_found_out(run_folder: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    assemble(run_folder / "model", tmp_path / "out", card="card")
    weights = load_file(tmp_path / "out" / "model.safetensors")
    torch.manual_seed(2)
    changed = {name: torch.randn_like(weight) for name, weight in weights.items()}
    save_file(changed, tmp_path / "out" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(HubError, match="gives"):
        check_folder(run_folder / "model", tmp_path / "out")


def test_the_noise_that_it_learnt_from_is_in_the_folder(run_folder: Path, tmp_path: Path) -> None:
    assemble(run_folder / "model", tmp_path / "out", card="card")
    prior = ChannelPrior.load(str(tmp_path / "out" / "channel" / "prior.yaml"))
    assert {Path(name).stem: weight for name, weight in prior.weights.items()} == MIXTURE
    assert sorted(prior.fitted) == ["tesseract-kaz-rus.json", "tesseract-kaz.json", "tesseract-rus.json"]
    for file in prior.fitted:
        assert ChannelPrior.load(str(tmp_path / "out" / "channel" / file)).name in file


def test_the_noise_of_a_file_of_ones_own_is_copied_and_a_lost_one_is_named(run_folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(run_folder / "model", model)
    own = tmp_path / "mine.json"
    shutil.copyfile(ROOT / "kzocr/channel/priors/tesseract-kaz.json", own)
    metadata = toy_metadata()
    metadata["config"]["data"]["prior"] = str(own)
    (model / "training.json").write_text(json.dumps(metadata), encoding="utf-8")
    assert Path("channel/mine.json") in assemble(model, tmp_path / "out", card="card")
    own.unlink()
    with pytest.raises(HubError, match=r"noise that the model learnt from.*mine\.json"):
        assemble(model, tmp_path / "again", card="card")


def with_metadata(source: Path, target: Path, **values: object) -> Path:
    """Return a copy of a model folder whose metadata have other values."""
    shutil.copytree(source, target)
    path = target / "training.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, **values}), encoding="utf-8")
    return target


def published_metadata(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    return content


def test_noise_that_the_metadata_describe_needs_no_file(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = toy_metadata()["config"]
    config["data"]["prior"] = "lost/mix.yaml"
    described = {**describe_prior(ChannelPrior.load("mixture")), "families": {"clean": 1, "tesseract-kaz": 3}}
    model = with_metadata(run_folder / "model", tmp_path / "model", config=config, prior=described)
    monkeypatch.chdir(tmp_path)
    assemble(model, tmp_path / "out", card="card")
    prior = ChannelPrior.load(str(tmp_path / "out" / "channel" / "prior.yaml"))
    assert prior.weights == {"clean": 1, "tesseract-kaz.json": 3}
    assert published_metadata(tmp_path / "out")["config"]["data"]["prior"] == "mix.yaml"


def test_a_run_records_what_publishing_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config = load_config(ROOT / "configs" / "smoke.yaml")
    metadata = json.loads(json.dumps(Trainer(config, tmp_path / "run").metadata()))
    assert metadata["precision"] == resolve_precision(config.run.mixed_precision)
    assert metadata["device"] == device_name()
    assert metadata["device_type"] in ("cpu", "cuda")
    assert described_prior(metadata["prior"], {}) == ChannelPrior.load(config.data.prior)
    assert find_prior(metadata, tmp_path) == (ChannelPrior.load(config.data.prior), {})


def test_what_was_published_can_be_published_again_from_anywhere(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The noise, a file of one's own named relative to where the training was, is found once, then lies beside."""
    at_home = tmp_path / "home"
    at_home.mkdir()
    shutil.copyfile(PRIORS / "tesseract-rus.json", at_home / "books.json")
    (at_home / "mix.yaml").write_text("families: {books.json: 1, clean: 1}\nunscaled: [books.json]\n", encoding="utf-8")
    config = toy_metadata()["config"]
    config["data"]["prior"] = "mix.yaml"
    older = with_metadata(run_folder / "model", tmp_path / "older", config=config)
    newer = with_metadata(older, tmp_path / "newer", prior=describe_prior(ChannelPrior.load(str(at_home / "mix.yaml"))))
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    for model, missing in ((older, r"mix\.yaml"), (newer, r"books\.json")):
        with pytest.raises(HubError, match=rf"no file {missing} in .*else or .*go to the folder that the training"):
            assemble(model, tmp_path / "out", card="card", noise_folders=(tmp_path,))
        first, second = tmp_path / f"{model.name}-1", tmp_path / f"{model.name}-2"
        assemble(model, first, card="card", noise_folders=(at_home,))
        assemble(first, second, card="card")
        for folder in (first, second):
            assert published_metadata(folder)["prior"]["families"] == {"books.json": 1, "clean": 1}
            assert ChannelPrior.load(str(folder / "channel" / "prior.yaml")).weights == {"books.json": 1, "clean": 1}
            assert (folder / "channel" / "books.json").read_bytes() == (PRIORS / "tesseract-rus.json").read_bytes()


def test_the_model_in_the_package_is_assembled_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assemble(EMBEDDED, tmp_path / "out", card="card")
    before, after = published_metadata(EMBEDDED), published_metadata(tmp_path / "out")
    texts = json.dumps(after, ensure_ascii=False)
    assert "../" not in texts
    assert "pairs/" not in texts
    for run, published in zip(runs(before), runs(after), strict=True):
        for key in ("corpus", "validation_corpus", "word_lists", "pairs"):
            names = [Path(entry).name for entry in run["config"]["data"].get(key, ())]
            assert list(published["config"]["data"].get(key, ())) == names
    found = ChannelPrior.load(str(tmp_path / "out" / "channel" / "prior.yaml")).weights
    trained, _ = find_prior(before, tmp_path, [ROOT])
    assert {Path(name).stem: weight for name, weight in found.items()} == trained.weights


def test_the_files_beside_the_weights_are_those_that_the_corrector_uses() -> None:
    assert set(companions_of(EMBEDDED)) == {path.name for path in companions()}


def test_passages_that_the_card_does_not_show_are_not_published(run_folder: Path, tmp_path: Path) -> None:
    """The card shows the worst passage of a set: the first is misread as it was read, the second is mended."""
    report = tmp_path / "report.json"
    report.write_text(json.dumps(toy_reports()), encoding="utf-8")
    report.with_suffix(".html").write_text("<!doctype html><p>Қар ерте жауды.", encoding="utf-8")
    files = assemble(run_folder / "model", tmp_path / "out", card="card", report=report)
    assert Path("report.json") in files
    assert Path("report.html") not in files
    text = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    assert "Үй жылы екен." in text
    assert "Қар ерте жауды." not in text
    assert [entry["corrector"] for entry in json.loads(text)] == ["identity", "kzocr"]


def test_a_report_of_another_model_is_refused(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, report = tmp_path / "model", tmp_path / "report.json"
    shutil.copytree(run_folder / "model", model)
    identity, own = toy_reports()
    files = {"model.safetensors": sha256_of(model / "model.safetensors")}
    assert check_report([identity, {**own, "files": files}], model) is None
    assert "does not say which model" in str(check_report([identity, own], model))
    other = {"model.safetensors": "ab" * 32}
    report.write_text(json.dumps([identity, {**own, "files": other}]), encoding="utf-8")
    said = r"report\.json is of another model: model\.safetensors was abababababab… when it was measured"
    with pytest.raises(HubError, match=said):
        assemble(model, tmp_path / "out", card="card", report=report)
    assert publish(str(model), "--repo", REPO, "--report", str(report)) == 1
    assert "is of another model" in capsys.readouterr().err
    report.write_text('{"sets": []}', encoding="utf-8")
    assert publish(str(model), "--repo", REPO, "--report", str(report)) == 1
    assert "expected a list of reports" in capsys.readouterr().err
    (model / "lexicon.txt.xz").write_bytes(b"words")
    with pytest.raises(HubError, match=r"lexicon\.txt\.xz was missing when it was measured"):
        check_report([{**own, "files": files}], model)
    with pytest.raises(HubError, match=r"spelling\.json was cdcdcdcdcdcd… .* it is missing"):
        check_report([{**own, "files": {**files, "spelling.json": "cd" * 32}}], run_folder / "model")


def set_in_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}), encoding="utf-8")


def test_a_head_that_transformers_4_would_misread_is_refused(run_folder: Path, tmp_path: Path) -> None:
    """Transformers 5 writes tie_word_embeddings: true for every T5; 4 then ignores the model's own output layer."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(run_folder / "model", folder)
    check_head(folder)
    set_in_config(folder, tie_word_embeddings=False, scale_decoder_outputs=False)
    with pytest.raises(HubError, match=r"no lm_head\.weight"):
        check_head(folder)
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] = torch.randn_like(weights["shared.weight"])
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    check_head(folder)
    set_in_config(folder, tie_word_embeddings=True)
    with pytest.raises(HubError, match="transformers 4 would not use it"):
        assemble(folder, tmp_path / "out", card="card")
    set_in_config(folder, tie_word_embeddings=False, scale_decoder_outputs=True)
    with pytest.raises(HubError, match="scale_decoder_outputs"):
        check_head(folder)


def test_the_embedded_model_reads_the_same_in_both_majors() -> None:
    check_head(ROOT / "kzocr" / "weights")


def test_a_custom_generate_with_another_output_is_found_out(run_folder: Path, tmp_path: Path) -> None:
    assemble(run_folder / "model", tmp_path / "out", card="card")
    broken = tmp_path / "out" / "custom_generate" / "generate.py"
    source = broken.read_text(encoding="utf-8")
    changed = source.replace("return sequences.to(ids.device)", "return sequences.to(ids.device) + 1")
    assert changed != source
    broken.write_text(changed, encoding="utf-8")
    with pytest.raises(HubError, match="custom_generate gives"):
        check_folder(run_folder / "model", tmp_path / "out")


# ---------------------------------------------------------------- a stand-in for the Hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A stand-in for the Hub on loopback that huggingface_hub talks to."""
    server = connected(monkeypatch, tmp_path / "cache")
    yield server
    server.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a large file, as the Hub sees it, and small ones."""
    path = tmp_path / "assembled"
    for name in ("README.md", "config.json", "custom_generate/generate.py", "model.safetensors"):
        (path / name).parent.mkdir(exist_ok=True, parents=True)
        (path / name).write_text(f"{name}\n", encoding="utf-8")
    return path


def test_an_upload_is_one_commit_and_a_tag(hub: FakeHub, folder: Path) -> None:
    done = upload(folder, REPO, tag=__version__, token=TOKEN)
    repo = hub.repos[f"model/{REPO}"]
    assert repo.messages == [f"kzocr {__version__}"]
    assert repo.tags == {__version__: done.commit}
    assert {path: content.decode() for path, content in repo.commits[repo.head].items()} == {
        name: f"{name}\n" for name in ("README.md", "config.json", "custom_generate/generate.py", "model.safetensors")
    }
    assert done.is_private
    assert repo.is_private
    with pytest.raises(HubError, match=f"version {__version__} is published already"):
        upload(folder, REPO, tag=__version__, token=TOKEN)
    assert len(repo.messages) == 1


def test_a_new_version_takes_away_files_that_it_does_not_have(hub: FakeHub, folder: Path) -> None:
    upload(folder, REPO, tag="1", token=TOKEN)
    (folder / "custom_generate" / "generate.py").unlink()
    upload(folder, REPO, tag="2", token=TOKEN)
    repo = hub.repos[f"model/{REPO}"]
    assert sorted(repo.commits[repo.tags["2"]]) == ["README.md", "config.json", "model.safetensors"]
    assert "custom_generate/generate.py" in repo.commits[repo.tags["1"]]


@pytest.mark.parametrize("stage", ["create", "preupload", "lfs", "commit", "tag", "settings"])
def test_a_failed_upload_leaves_nothing_half_published_and_may_be_repeated(
    hub: FakeHub, folder: Path, stage: str
) -> None:
    hub.fails[stage] = 1
    with pytest.raises(HubError, match=r"may be repeated.*the disk is on fire"):
        upload(folder, REPO, tag=__version__, is_public=True, token=TOKEN)
    repo = hub.repos.get(f"model/{REPO}")
    assert repo is None or repo.is_private  # nobody has seen anything
    if repo is not None:
        assert all(len(tree) in (0, 4) for tree in repo.commits.values())
    done = upload(folder, REPO, tag=__version__, is_public=True, token=TOKEN)
    repo = hub.repos[f"model/{REPO}"]
    assert not repo.is_private
    assert not done.is_private
    assert repo.tags == {__version__: repo.head}
    assert done.commit == repo.head
    assert len(repo.commits[repo.head]) == 4
    assert len(repo.messages) == 1


def test_a_failed_upload_of_a_new_version_leaves_the_old_one(hub: FakeHub, folder: Path) -> None:
    upload(folder, REPO, tag="1", is_public=True, token=TOKEN)
    repo = hub.repos[f"model/{REPO}"]
    first = repo.head
    (folder / "model.safetensors").write_text("better\n", encoding="utf-8")
    hub.fails["lfs"] = 1
    with pytest.raises(HubError, match="may be repeated"):
        upload(folder, REPO, tag="2", token=TOKEN)
    assert (repo.head, repo.tags) == (first, {"1": first})


@pytest.mark.parametrize("is_public", [True, False])
def test_a_new_version_whose_commit_fails_leaves_the_old_one(hub: FakeHub, folder: Path, is_public: bool) -> None:
    upload(folder, REPO, tag="1", is_public=is_public, token=TOKEN)
    repo = hub.repos[f"model/{REPO}"]
    first = repo.head
    (folder / "model.safetensors").write_text("better\n", encoding="utf-8")
    hub.fails["commit"] = 1
    with pytest.raises(HubError, match="may be repeated"):
        upload(folder, REPO, tag="2", token=TOKEN)
    assert (repo.head, repo.tags) == (first, {"1": first})
    done = upload(folder, REPO, tag="2", token=TOKEN)
    assert repo.tags == {"1": first, "2": done.commit}
    assert repo.is_private is not is_public


def test_a_new_version_whose_tag_fails_is_on_main_without_one_until_it_is_repeated(hub: FakeHub, folder: Path) -> None:
    upload(folder, REPO, tag="1", is_public=True, token=TOKEN)
    repo = hub.repos[f"model/{REPO}"]
    first = repo.head
    (folder / "model.safetensors").write_text("better\n", encoding="utf-8")
    hub.fails["tag"] = 1
    with pytest.raises(
        HubError, match=r"2 is on main as commit [0-9a-f]{40}, but has no tag yet.*may be repeated"
    ) as e:
        upload(folder, REPO, tag="2", token=TOKEN)
    assert repo.head in str(e.value)
    assert repo.head != first
    assert repo.tags == {"1": first}
    assert repo.commits[first]["model.safetensors"] == b"model.safetensors\n"  # who asks for 1 gets 1
    done = upload(folder, REPO, tag="2", token=TOKEN)
    assert repo.tags == {"1": first, "2": done.commit}
    assert done.commit == repo.head
    assert len(repo.messages) == 2  # nothing was committed twice


def test_a_space_is_shown_where_spaces_are(hub: FakeHub, folder: Path) -> None:
    done = upload(folder, REPO, tag="1", kind="space", token=TOKEN)
    assert done.url == f"{hub.address}/spaces/{REPO}/commit/{done.commit}"
    assert done.is_private
    done = upload(folder, REPO, tag="1", is_public=True, kind="space", token=TOKEN)
    assert done.url == f"{hub.address}/spaces/{REPO}/tree/1"
    assert not hub.repos[f"space/{REPO}"].is_private
    assert f"model/{REPO}" not in hub.repos


def test_without_a_token_it_says_how_to_log_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(HubError, match=r"hf auth login"):
        upload(tmp_path, REPO, tag=__version__)


def test_a_wrong_token_is_an_error_and_nothing_is_there(hub: FakeHub, folder: Path) -> None:
    with pytest.raises(HubError, match="Invalid"):
        upload(folder, REPO, tag=__version__, token="hf_wrong")
    assert hub.repos == {}


def test_from_a_run_to_a_name_that_loads_and_corrects(
    hub: FakeHub, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Publish with the script, load by the name that was recorded: from the Hub, then from the cache without it."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    listed = tmp_path / "published.json"
    listed.write_text("{}\n", encoding="utf-8")
    monkeypatch.setattr("kzocr.models.names.PUBLISHED", listed)
    arguments = [str(run_folder), "--repo", REPO, "--report", str(run_folder / "report.json")]
    assert publish(*arguments, "--record", "toy") == 1
    assert "--record" in capsys.readouterr().err
    assert publish(*arguments, "--upload", "--public", "--record", "toy") == 0
    printed = capsys.readouterr().out
    repo = hub.repos[f"model/{REPO}"]
    assert repo.head in printed
    model = read_published(listed)["toy"]
    assert (model.repo, model.version, model.commit) == (REPO, __version__, repo.head)
    expected = Corrector.from_pretrained(run_folder / "model", device="cpu").correct("Кар ерте жауды.")
    for name in ("toy", REPO):
        assert Corrector.from_pretrained(name, device="cpu").correct("Кар ерте жауды.") == expected
    assert any(f"/resolve/{repo.head}/model.safetensors" in request for request in hub.requests)
    hub.repos.clear()
    assert Corrector.from_pretrained("toy", device="cpu").correct("Кар ерте жауды.") == expected
