from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import TOKEN, FakeHub
from toy_reports import toy_metadata, toy_reports

from kzocr import __version__
from kzocr.channel.prior import MIXTURE, ChannelPrior
from kzocr.config import load_config
from kzocr.corrector import Corrector
from kzocr.hub import HubError, assemble, check_folder, check_head, upload
from kzocr.names import read_published

ROOT = Path(__file__).parent.parent
REPO = "user/kzocr-test"


def test_the_hub_module_needs_neither_torch_nor_huggingface_hub() -> None:
    code = "import sys, kzocr.hub; sys.exit(bool({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with a tiny random model and a report."""
    import torch

    from kzocr.checkpoint import build_model, write_model

    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(1)
    write_model(build_model(load_config(ROOT / "configs" / "smoke.yaml").model), folder / "model", toy_metadata())
    (folder / "report.json").write_text(json.dumps(toy_reports()), encoding="utf-8")
    return folder


def publish(*arguments: str) -> int:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from publish import main  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    code: int = main(list(arguments))
    return code


def test_a_dry_run_assembles_checks_and_lists(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = str(run_folder / "report.json")
    assert publish(str(run_folder), "--repo", REPO, "--report", report, "--folder", str(tmp_path / "out")) == 0
    printed = capsys.readouterr().out
    for name in (
        "README.md",
        "model.safetensors",
        "training.json",
        "report.json",
        "custom_generate/generate.py",
        "channel/prior.json",
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
    prior = json.loads((tmp_path / "out" / "channel" / "prior.json").read_text(encoding="utf-8"))
    assert {name: family["weight"] for name, family in prior["families"].items()} == MIXTURE
    counted = [family["file"] for family in prior["families"].values() if family["file"]]
    names = ("tesseract-kaz", "tesseract-rus", "tesseract-kaz-rus")
    assert counted == [f"channel/{name}.json" for name in names]
    for file in counted:
        assert ChannelPrior.load(str(tmp_path / "out" / file)).name in file


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


def test_a_page_beside_the_report_is_published_too(run_folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text("[]", encoding="utf-8")
    report.with_suffix(".html").write_text("<!doctype html>", encoding="utf-8")
    files = assemble(run_folder / "model", tmp_path / "out", card="card", report=report)
    assert {Path("report.json"), Path("report.html")} <= set(files)


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
    server = FakeHub()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.address)
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
        f"{server.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
    )
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
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
    monkeypatch.setattr("kzocr.names.PUBLISHED", listed)
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
