from __future__ import annotations

import copy
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from kzocr import __version__
from kzocr.config import load_config
from kzocr.evaluation import evaluate
from kzocr.hub import CARD_FIELDS, SOURCES, HubError, assemble, check_card, check_folder, render_card, upload
from kzocr.pairs import TextPair

ROOT = Path(__file__).parent.parent
TEMPLATE = (ROOT / "model_card.md").read_text(encoding="utf-8")
REPO = "user/kzocr-test"


def toy_metadata() -> dict[str, Any]:
    return {
        "kzocr_version": "1.2.3",
        "config": load_config(ROOT / "configs" / "smoke.yaml").to_dict(),
        "n_parameters": 6_300_000,
        "steps": 7500,
        "target_bytes": 12_345_678,
        "training_seconds": 5400,
        "device": "cpu",
        "n_processes": 2,
        "torch_version": "2.13.0",
        "transformers_version": "5.23.0",
        "sources": [
            {"name": "kaznerd", "n_lines": 20, "n_bytes": 2_860_000, "sha256": "ab" * 32},
            {"name": "tatoeba", "n_lines": 10, "n_bytes": 310_000, "sha256": "cd" * 32},
        ],
        "validation": {"step": 7500, "cer_before": 0.0812, "cer_after": 0.0123, "clean_changed": 0.0},
        "parent": {},
    }


def toy_reports() -> list[dict[str, Any]]:
    """Return reports of a corrector that mends one letter and of the identity."""
    pairs = {
        "book pages": [
            TextPair("Қар ерте жауды.", "Кар ерте жауды.", "a", "real"),
            TextPair("Үй жылы екен.", "Уй жылы скен.", "b", "real"),
        ]
    }
    clean = ["Далада жел тұр.", "Күн | батты."]

    def mend(texts: list[str]) -> list[str]:
        return [text.replace("Кар", "Қар").replace("жел", "жсл") for text in texts]

    correctors = {"identity": lambda texts: texts, "kzocr": mend}
    return [
        evaluate(function, pairs, clean_lines=clean, name=name, n_resamples=50).to_dict()
        for name, function in correctors.items()
    ]


def front_matter(card: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return data


def without(data: dict[str, Any], key: str, value: Any = None) -> dict[str, Any]:
    """Return a copy of `data` in which a dotted key is `value`, or is missing."""
    changed = copy.deepcopy(data)
    *sections, last = key.split(".")
    place = changed
    for section in sections:
        place = place[section]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return changed


def test_the_card_has_every_figure_and_huggingface_hub_accepts_it() -> None:
    card = render_card(TEMPLATE, toy_metadata(), toy_reports(), repo=REPO)
    check_card(card)
    for expected in (
        "6.3 M",
        "12.3 MB",
        "1.50 hours on 2 × cpu",
        "8.12 % to 1.23 %",
        "CC BY 4.0",
        "CC BY 2.0 FR",
        REPO,
    ):
        assert expected in card, expected
    # 28 characters were printed, 3 were misread, 1 was mended
    assert "| book pages | as read | 10.71 [" in card
    assert "| book pages | kzocr | 7.14 [" in card
    assert "50.00 % of its lines did not" in card
    assert "Далада жсл тұр." in card  # the clean line that was harmed is shown
    data = front_matter(card)
    assert (data["language"], data["license"]) == ("kk", "apache-2.0")
    (result,) = data["model-index"][0]["results"]
    assert {m["type"]: m["value"] for m in result["metrics"]} == {"cer": 7.143, "wer": 33.333}


def test_every_placeholder_of_the_template_is_known_and_every_value_is_used() -> None:
    for name in CARD_FIELDS:
        assert f"{{{{ {name} }}}}" in TEMPLATE, name


@pytest.mark.parametrize(
    "key",
    [
        "kzocr_version",
        "config.model.init",
        "config.optimizer",
        "n_parameters",
        "steps",
        "target_bytes",
        "training_seconds",
        "device",
        "sources",
        "validation.cer_after",
        "torch_version",
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_a_fact_of_the_training_that_is_missing_or_empty_is_named(key: str, value: Any) -> None:
    with pytest.raises(HubError, match=rf"training\.json.*'{key.rpartition('config.')[2]}'|'{key}'"):
        render_card(TEMPLATE, without(toy_metadata(), key, value), toy_reports())


@pytest.mark.parametrize("key", ["sets", "clean", "n_resamples"])
def test_a_part_of_the_report_that_is_missing_is_named(key: str) -> None:
    identity, own = toy_reports()
    with pytest.raises(HubError, match=rf"report\.json: the field '{key}"):
        render_card(TEMPLATE, toy_metadata(), [identity, {**own, key: None}])


def test_a_rate_that_is_missing_is_named() -> None:
    identity, own = toy_reports()
    own["sets"][0]["after"]["cer"]["value"] = None
    with pytest.raises(HubError, match=r"'after\.cer\.value'"):
        render_card(TEMPLATE, toy_metadata(), [identity, own])


def test_a_report_without_kzocr_is_refused() -> None:
    with pytest.raises(HubError, match="0 entries"):
        render_card(TEMPLATE, toy_metadata(), toy_reports()[:1])


def test_a_report_without_passages_is_refused() -> None:
    reports = copy.deepcopy(toy_reports())
    for report in reports:
        for entry in report["sets"]:
            del entry["worst"]
    with pytest.raises(HubError, match="--no-passages"):
        render_card(TEMPLATE, toy_metadata(), reports)


def test_a_source_without_a_licence_is_refused() -> None:
    metadata = toy_metadata()
    metadata["sources"][0]["name"] = "found-somewhere"
    with pytest.raises(HubError, match="no licence is known for the source 'found-somewhere'"):
        render_card(TEMPLATE, metadata, toy_reports())
    assert all(entry.licence and entry.origin and entry.domain for entry in SOURCES.values())


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(HubError, match="'energy'"):
        render_card("{{ energy }}", toy_metadata(), toy_reports())


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("# Title", "no YAML front matter"),
        ("---\nlanguage: kk\n---\n", "no results"),
        ("---\nmodel-index:\n- name: x\n  results:\n  - task: {}\n---\n", "model card"),
    ],
)
def test_a_card_that_the_hub_would_not_take_is_refused(card: str, reason: str) -> None:
    with pytest.raises(HubError, match=reason):
        check_card(card)


def test_the_hub_module_needs_neither_torch_nor_huggingface_hub() -> None:
    code = "import sys, kzocr.hub; sys.exit(bool({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


# ---------------------------------------------------------------- the folder, and a stand-in for the Hub


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
    for name in ("README.md", "model.safetensors", "training.json", "report.json", "custom_generate/generate.py"):
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


class FakeHub(ThreadingHTTPServer):
    """The part of the Hub's HTTP that publishing uses; `fails` commits are refused before one is taken."""

    def __init__(self, fails: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fails = fails
        self.requests: list[str] = []
        self.commits: list[list[str]] = []
        self.tags: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def _answer(self, body: Any, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.server.requests.append(f"GET {self.path}")
        if self.path.split("?")[0].endswith("/refs"):
            tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": "1" * 40} for tag in self.server.tags]
            self._answer({"branches": [], "converts": [], "tags": tags})
        else:
            self._answer({"id": REPO, "sha": "0" * 40, "siblings": [], "tags": [], "private": False})

    def do_POST(self) -> None:
        path = self.path.split("?")[0]
        self.server.requests.append(f"POST {path}")
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/api/repos/create":
            self._answer({"url": f"http://127.0.0.1/{REPO}", "name": REPO, "id": REPO})
        elif "/preupload/" in path:
            files = [{"path": f["path"], "uploadMode": "regular"} for f in json.loads(body)["files"]]
            self._answer({"files": [{**file, "shouldIgnore": False, "oid": None} for file in files]})
        elif "/commit/" in path:
            if self.server.fails:
                self.server.fails -= 1
                self._answer({"error": "the disk is on fire"}, status=400)
                return
            lines = [json.loads(line) for line in body.decode().splitlines() if line]
            self.server.commits.append([line["value"]["path"] for line in lines if line["key"] == "file"])
            address = f"http://127.0.0.1/{REPO}/commit/{'1' * 40}"
            self._answer({"commitUrl": address, "commitOid": "1" * 40, "success": True, "hookOutput": ""})
        elif "/tag/" in path:
            self.server.tags.append(json.loads(body)["tag"])
            self._answer({})
        else:
            self._answer({"errors": [], "warnings": []})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A stand-in for the Hub on loopback that huggingface_hub talks to."""
    server = FakeHub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    yield server
    server.shutdown()
    server.server_close()


def test_an_upload_is_one_commit_and_a_tag(hub: FakeHub, tmp_path: Path) -> None:
    for name in ("README.md", "config.json", "custom_generate/generate.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name}\n", encoding="utf-8")
    address = upload(tmp_path, REPO, tag=__version__, token="hf_test")
    assert address.endswith("1" * 40)
    (files,) = hub.commits
    assert sorted(files) == ["README.md", "config.json", "custom_generate/generate.py"]
    assert hub.tags == [__version__]
    with pytest.raises(HubError, match=f"version {__version__} is published already"):
        upload(tmp_path, REPO, tag=__version__, token="hf_test")
    assert len(hub.commits) == 1


def test_a_failed_upload_leaves_nothing_and_may_be_repeated(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}\n", encoding="utf-8")
    hub.fails = 1
    with pytest.raises(HubError, match="may be repeated"):
        upload(tmp_path, REPO, tag=__version__, token="hf_test")
    assert hub.commits == []
    assert hub.tags == []
    upload(tmp_path, REPO, tag=__version__, token="hf_test")
    assert hub.commits == [["config.json"]]
    assert hub.tags == [__version__]


def test_without_a_token_it_says_how_to_log_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(HubError, match=r"hf auth login"):
        upload(tmp_path, REPO, tag=__version__)
