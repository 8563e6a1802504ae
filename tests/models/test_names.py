from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kzocr
from kzocr.models.names import PUBLISHED, Location, PublishedModel, locate, read_published, record_published
from places import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "published.json"
    path.write_text("{}\n", encoding="utf-8")
    record_published("kzocr-toy", PublishedModel("someone/kzocr-toy", "0.1.0", COMMIT), path)
    return path


def test_the_embedded_model_has_a_name() -> None:
    assert locate(None) == locate("embedded") == Location(None)
    with pytest.raises(ValueError, match="has no revisions"):
        locate("embedded", "v1")


def test_a_published_model_is_pinned_to_its_commit(listed: Path) -> None:
    for name in ("kzocr-toy", "someone/kzocr-toy"):
        assert locate(name, published=listed) == Location("someone/kzocr-toy", COMMIT)
        assert locate(name, "main", published=listed) == Location("someone/kzocr-toy", "main")
    assert locate("someone/other", published=listed) == Location("someone/other", None)
    assert locate("someone/other", "v2", published=listed) == Location("someone/other", "v2")


def test_folders_stay_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "embedded").mkdir()
    (tmp_path / "user" / "model").mkdir(parents=True)
    for name in ("embedded", "user/model", "./missing", "/no/such/folder"):
        assert locate(name) == Location(name)
    with pytest.raises(ValueError, match="has no revisions"):
        locate("user/model", "main")


@pytest.mark.parametrize("name", ["kzocr-missing", "byt5", "", "a b/c", "ә/ә"])
def test_an_unknown_name_lists_those_that_there_are(name: str, listed: Path) -> None:
    with pytest.raises(ValueError, match=r"embedded, kzocr-toy;.*USER/NAME"):
        locate(name, published=listed)


@pytest.mark.parametrize(
    "entry",
    [
        {"repo": "someone/model", "version": "1", "commit": "main"},
        {"repo": "model", "version": "1", "commit": COMMIT},
        {"repo": "someone/model", "version": "", "commit": COMMIT},
        {"repo": "someone/model", "version": "1"},
    ],
)
def test_a_list_that_is_not_pinned_is_refused(entry: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "published.json"
    path.write_text(json.dumps({"bad": entry}), encoding="utf-8")
    with pytest.raises(ValueError, match="'bad'"):
        read_published(path)


def test_the_list_in_the_package_is_sound() -> None:
    for model in read_published(PUBLISHED).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", model.version)


@pytest.mark.parametrize("name", ["someone/kzocr-nowhere", "someone/kzocr-nowhere@v1"])
def test_without_network_and_cache_it_says_what_to_do_and_the_embedded_model_works(name: str, tmp_path: Path) -> None:
    name, _, revision = name.partition("@")
    code = f"""
from kzocr import Corrector
try:
    Corrector.from_pretrained({name!r}, revision={revision or None!r})
except OSError as error:
    print(error)
print(Corrector.from_pretrained("embedded").correct("Қар жауды."))
"""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    message, corrected = done.stdout.strip().splitlines()
    at = f" at {revision}" if revision else ""
    assert message.startswith(f"{name}{at}: not in the cache of this machine")
    assert f"`hf download {name}{f' --revision {revision}' if revision else ''}`" in message
    assert "`embedded`" in message
    assert corrected == "Қар жауды."


def test_the_list_is_in_the_package() -> None:
    assert (Path(kzocr.__file__).parent / "models" / "published.json").is_file()
    configuration = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"models/published.json"' in configuration
