"""The scripts that compare generators of noise and plug engines in, on toys."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from kzocr.channel import engines
from kzocr.channel.engines import (
    CommandEngine,
    EngineFailedError,
    EngineMissingError,
    EngineTimeoutError,
    find_engine,
)
from kzocr.channel.generators import Documents, flat_table, glyphs
from kzocr.channel.model import ChannelModel
from kzocr.channel.rules import Rule
from kzocr.metrics import cer
from kzocr.pairs import TextPair, read_pairs, write_pairs
from places import ROOT
from script_files import script

TEXT = "Қыс ұзақ, жаз қысқа. Ағаштың көлеңкесінде отырдық. " * 20


@pytest.fixture(autouse=True)
def _scripts_see_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "real.jsonl"
    channel = ChannelModel("toy", (Rule("қ", {"к": 0.5}),))
    write_pairs(
        path, [TextPair(TEXT, channel.sample(TEXT, np.random.default_rng(n)), f"d{n}", "real", "toy") for n in range(3)]
    )
    return path


def test_generators_are_compared_with_the_same_model(
    tmp_path: Path, pairs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = script("compare_noise")
    monkeypatch.chdir(ROOT)
    arguments = ["compare_noise", "--config", "configs/smoke.yaml", "--steps", "4", "--score", str(pairs)]
    arguments += [
        "--table",
        str(pairs),
        "--folder",
        str(tmp_path / "runs"),
        "--only",
        "ours",
        "ours-counted",
        "flat-table",
    ]
    monkeypatch.setattr(sys, "argv", arguments)
    assert compare.main() == 0
    table = capsys.readouterr().out
    assert "| ours-counted | " in table
    assert "| ours | " in table
    assert "| flat-table | " in table
    assert "nlpaug" not in table
    report = tmp_path / "runs" / "flat-table" / "report.json"
    scores = json.loads(report.read_text(encoding="utf-8"))
    assert [one["name"] for one in scores["sets"]] == ["real"]
    monkeypatch.setattr(compare, "train", lambda *_: pytest.fail("a finished generator is trained again"))
    assert compare.main() == 0
    assert capsys.readouterr().out == table


def variants(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "variants.yaml"
    head = "config: configs/smoke.yaml\nstart: configs/smoke.yaml\n"
    path.write_text(f"{head}all: {{run.max_steps: 4, optimizer.decay_steps: 1}}\nvariants:\n{text}", encoding="utf-8")
    return path


def test_recipes_differ_in_one_thing(
    tmp_path: Path, pairs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = script("compare_recipes")
    monkeypatch.chdir(ROOT)
    text = "  base: {}\n  smoother: {run.label_smoothing: 0.1}\n"
    text += "  deeper: {start: {model.n_encoder_layers: 3}, seed: 5}\n"
    folder = tmp_path / "runs"
    arguments = ["compare_recipes", str(variants(tmp_path, text)), "--score", str(pairs), "--folder", str(folder)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert compare.main() == 0
    table = capsys.readouterr().out
    assert [row.split(" | ")[0] for row in table.splitlines()[2:]] == ["| base", "| smoother", "| deeper"]
    reports = [json.loads((folder / name / "report.json").read_text()) for name in ("base", "smoother", "deeper")]
    assert len({report["cer_before"] for report in reports}) == 1  # the same windows for all
    assert all(report["seconds"] > 0 for report in reports)
    config = json.loads((folder / "deeper" / "model" / "config.json").read_text())
    assert config["num_layers"] == 3  # the second training goes on from the start of its own
    monkeypatch.setattr(compare, "train", lambda *_: pytest.fail("a finished variant is trained again"))
    assert compare.main() == 0
    assert capsys.readouterr().out == table


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  odd: {run.max_stepz: 4}", "odd: unknown key 'run.max_stepz'"),
        ("  odd: {run.max_steps: many}", "odd: key 'run.max_steps' must be int"),
        ("  - a list", "expected `config`, `start`, `all`, `variants`"),
    ],
)
def test_a_variant_that_cannot_be_is_refused(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["compare_recipes", str(variants(tmp_path, text)), "--folder", str(tmp_path)])
    assert script("compare_recipes").main() == 1
    assert message in capsys.readouterr().err


def test_a_flat_table_has_the_pairs_confusions_for_every_document(pairs: Path) -> None:
    pair = [json.loads(line) for line in pairs.read_text(encoding="utf-8").splitlines()]
    table = flat_table([TextPair(p["reference"], p["hypothesis"], p["document_id"], "real", "toy") for p in pair])
    noisy = table.sample("қ" * 5000, np.random.default_rng(0))
    assert noisy.count("к") / 5000 == pytest.approx(0.5, abs=0.05)


def test_documents_leave_some_clean() -> None:
    noise = Documents(glyphs(0.3).sample, clean_share=0.25)
    rng = np.random.default_rng(0)
    clean = sum(noise.draw(rng).sample(TEXT, rng) == TEXT for _ in range(200))
    assert clean / 200 == pytest.approx(0.25, abs=0.08)


def test_any_program_is_an_engine(tmp_path: Path) -> None:
    program = "import sys, PIL.Image as P; i = P.open(sys.argv[1]); print(i.size, sys.argv[2])"
    engine = find_engine(f'mine=cmd:{sys.executable} -c "{program}" {{image}} {{dpi}}')
    assert engine.name == "mine"
    assert engine.read(Image.new("L", (7, 5), 255), 200).strip() == "(7, 5) 200"
    stdin = CommandEngine.installed(f'{sys.executable} -c "import sys; print(len(sys.stdin.buffer.read()) > 50)"')
    assert stdin.read(Image.new("L", (7, 5), 255), 200).strip() == "True"


def test_an_engine_that_fails_or_is_missing_says_so() -> None:
    with pytest.raises(EngineMissingError, match="no-such-ocr"):
        find_engine("cmd:no-such-ocr {image}")
    with pytest.raises(ValueError, match="empty"):
        find_engine("cmd:")
    engine = find_engine(f"bad=cmd:{sys.executable} -c \"raise SystemExit('out of paper')\"")
    with pytest.raises(EngineFailedError, match="bad: exit code 1: out of paper"):
        engine.read(Image.new("L", (7, 5), 255), 200)
    silent = find_engine(f'silent=cmd:{sys.executable} -c "raise SystemExit(3)"')
    with pytest.raises(EngineFailedError, match="silent: exit code 3: it said nothing"):
        silent.read(Image.new("L", (7, 5), 255), 200)


def test_an_engine_that_does_not_come_to_an_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "READ_SECONDS", 0.2)
    engine = find_engine(f'slow=cmd:{sys.executable} -c "import time; time.sleep(60)" {{image}}')
    with pytest.raises(EngineTimeoutError, match=r"slow: took more than 0\.2 seconds"):
        engine.read(Image.new("L", (7, 5), 255), 200)


def test_passages_are_drawn_with_error_rates_between_the_bounds(
    tmp_path: Path,
) -> None:
    draw = CliRunner().invoke
    app = typer.Typer()
    app.command()(script("draw_pairs").main)
    clean, output = tmp_path / "clean.txt", tmp_path / "mild.jsonl"
    clean.write_text("\n".join([TEXT[:100], TEXT[30:160], "қысқа"]), encoding="utf-8")
    arguments = [str(clean), "-o", str(output), "--prior", "similar-letters", "--passages", "4", "--lines", "2"]
    bounds = ["--factors", "0.1,0.5", "--least-cer", "0.002", "--greatest-cer", "0.03"]
    assert draw(app, [*arguments, *bounds]).exit_code == 0
    pairs = read_pairs(output)
    assert [pair.document_id for pair in pairs] == [f"mild-{number}" for number in range(4)]
    assert all(pair.reference.count("\n") == 1 and "қысқа\n" not in pair.reference for pair in pairs)
    assert all(0.002 <= cer(reference=pair.reference, hypothesis=pair.hypothesis) <= 0.03 for pair in pairs)
    assert draw(app, [*arguments, *bounds]).exit_code == 0
    assert read_pairs(output) == pairs
    single = tmp_path / "single.jsonl"
    limits = ["--lines", "1", "--wrong-words", "1", "--passages", "9"]
    assert draw(app, [*arguments[:2], str(single), *arguments[3:], *limits]).exit_code == 0
    for pair in read_pairs(single):
        words = zip(pair.reference.split(), pair.hypothesis.split(), strict=True)
        assert sum(printed != read for printed, read in words) == 1
    for wrong in (["--factors", "2,1"], ["--factors", "some"], ["--lines", "3"], ["--least-cer", "0.9"]):
        assert draw(app, [*arguments, *wrong]).exit_code == 1
    assert read_pairs(output) == pairs


def test_speed_of_noise_is_measured(tmp_path: Path) -> None:
    benchmark = script("benchmark")
    clean = tmp_path / "clean.txt"
    clean.write_text(TEXT, encoding="utf-8")
    result = tmp_path / "noise.json"
    benchmark.noise(clean, ["clean", "tesseract-rus"], document_kb=2, documents=2, rival_kb=1, json_path=result)
    found = {one["name"]: one for one in json.loads(result.read_text(encoding="utf-8"))["noise"]}
    assert found["clean"]["cer"] == 0
    assert found["tesseract-rus"]["cer"] > 0.05
    assert found["tesseract-rus"]["mb_per_second"] > 0
