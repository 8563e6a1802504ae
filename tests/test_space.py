from __future__ import annotations

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from fake_hub import TOKEN, connected
from kzocr import __version__
from kzocr.corrector import Corrector
from kzocr.hub import CHECK_TEXT, HubError
from kzocr.space import assemble_space, check_space, requirements
from places import ROOT
from script_files import publish

EMBEDDED = ROOT / "kzocr" / "weights"
needs_gradio = pytest.mark.skipif(find_spec("gradio") is None, reason='needs Gradio: pip install "kzocr[demo]"')


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("gradio") is None:
        pytest.skip('needs Gradio: pip install "kzocr[demo]"')
    folder = tmp_path_factory.mktemp("space") / "demo"
    assemble_space(EMBEDDED, folder, repo="user/kzocr-demo")
    return folder


def test_the_front_matter_is_what_the_hub_wants_of_a_space(space: Path) -> None:
    from huggingface_hub import RepoCard

    data = RepoCard((space / "README.md").read_text(encoding="utf-8")).data.to_dict()
    assert data["sdk"] == "gradio"
    assert data["sdk_version"] == version("gradio")
    assert (space / data["app_file"]).is_file()
    assert data["license"] == "apache-2.0"
    assert len(data["short_description"]) <= 60  # the Hub's limit
    front = yaml.safe_load((space / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert front["title"] == "kzocr-demo"


def test_it_has_the_package_and_one_model(space: Path) -> None:
    assert (space / "kzocr" / "weights" / "model.safetensors").read_bytes() == (
        EMBEDDED / "model.safetensors"
    ).read_bytes()
    assert (space / "kzocr" / "demo" / "page.py").is_file()
    assert not [path for path in space.rglob("*") if path.name == "__pycache__"]
    assert "../" not in (space / "kzocr" / "weights" / "training.json").read_text(encoding="utf-8")


def test_the_requirements_are_those_of_the_package_in_the_versions_that_run_here(space: Path) -> None:
    lines = (space / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines == requirements()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    assert {"torch", "transformers", "safetensors", "rapidfuzz", "numpy"} <= set(pinned)
    assert pinned["transformers"] == version("transformers")
    assert "+" not in pinned["torch"]
    assert "gradio" not in pinned


def test_its_app_corrects_as_the_package_does(space: Path) -> None:
    assert check_space(space) == Corrector.from_pretrained(device="cpu").correct(CHECK_TEXT)


def test_an_app_that_does_not_start_is_found_out(space: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(space, broken)
    (broken / "app.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    with pytest.raises(HubError, match=r"does not start.*nothing_of_that_name"):
        check_space(broken)


def test_an_incomplete_model_and_a_full_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HubError, match=r"no model\.safetensors"):
        assemble_space(tmp_path, tmp_path / "out", repo="user/x")
    with pytest.raises(HubError, match="not empty"):
        assemble_space(EMBEDDED, ROOT / "docs", repo="user/x")


@needs_gradio
def test_the_script_assembles_a_space_and_sends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish(str(EMBEDDED), "--repo", "user/kzocr-demo", "--space", "--folder", str(tmp_path / "out")) == 0
    printed = capsys.readouterr().out
    assert "app.py" in printed
    assert "dry run" in printed


@needs_gradio
def test_the_script_uploads_a_space_and_shows_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = connected(monkeypatch, tmp_path / "cache")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    arguments = [str(EMBEDDED), "--repo", "user/kzocr-demo", "--space", "--upload"]
    try:
        assert publish(*arguments) == 0
        repo = hub.repos["space/user/kzocr-demo"]
        assert f"{hub.address}/spaces/user/kzocr-demo/commit/{repo.head}\n" in capsys.readouterr().out
        assert repo.is_private
        assert publish(*arguments, "--public") == 0  # the version is there already: it is shown
        assert f"{hub.address}/spaces/user/kzocr-demo/tree/{__version__}\n" in capsys.readouterr().out
        assert not repo.is_private
        assert "app.py" in repo.commits[repo.head]
    finally:
        hub.close()
