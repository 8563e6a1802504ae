"""The scripts that fill docs/ on a scripted model: files are written, markers filled, exit codes right."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from fakes import scripted
from kzocr.confidence.model import Calibration
from kzocr.corrector import Corrector
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.text_model import TEXT_MODEL_FILE, TextModel
from kzocr.pairs import TextPair, read_pairs, write_pairs
from places import ROOT
from toy_reports import toy_reports


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Corrector, "from_pretrained", lambda *_, **__: scripted(("сез", "сөз")))


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "trust.md"
    path.write_text((ROOT / "docs" / "trust.md").read_text(encoding="utf-8"), encoding="utf-8")
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "dala.jsonl"
    write_pairs(path, [TextPair(f"Бұл {n} сөз.\nКүз.", f"Бұл {n} сез.\nКүз.", f"д{n}", "synthetic") for n in range(6)])
    return path


def run(name: str, *arguments: object) -> Result:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app = typer.Typer()
    app.command()(module.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_calibrate(pairs: Path, page: Path, tmp_path: Path) -> None:
    saved, report, svg = tmp_path / "calibration.json", tmp_path / "report.json", tmp_path / "c.svg"
    result = run("calibrate", pairs, "-o", report, "--svg", svg, "--page", page, "--save", saved)
    assert result.exit_code == 0, result.output
    assert Calibration.read(saved).fitted_on == ("dala",)
    assert json.loads(report.read_text())["n_documents_tested"] == 3
    assert svg.read_text().startswith("<svg")
    assert "Fitted on 3 edits" in page.read_text(encoding="utf-8")
    clean = tmp_path / "clean.txt"
    clean.write_text("Көктем келді.\n\nГүл ашты сез.\n", encoding="utf-8")
    result = run("calibrate", pairs, "--clean", clean, "--page", page, "--save", saved)
    assert result.exit_code == 0, result.output
    assert Calibration.read(saved).fitted_on == ("clean", "dala")
    halves = tmp_path / "first.txt", tmp_path / "second.txt"
    for number, half in enumerate(halves):
        references = [pair.reference for pair in read_pairs(pairs)][number::2]
        half.write_text("\n".join(references), encoding="utf-8")
    result = run("calibrate", pairs, "--halves", *halves, "-o", report)
    assert result.exit_code == 0, result.output
    assert json.loads(report.read_text())["n_documents_fitted"] == len(read_pairs(pairs)[::2])
    assert run("calibrate", tmp_path / "none.jsonl").exit_code == 1
    result = run("calibrate", pairs, "--spelling-halves", tmp_path)
    assert result.exit_code == 1
    assert "spelling-1.json" in result.output


def test_measure_trust(pairs: Path, page: Path, tmp_path: Path) -> None:
    clean, examples = tmp_path / "zan.txt", tmp_path / "examples.txt"
    clean.write_text("Күз келді.\n\nҚыс келді.\n", encoding="utf-8")
    result = run("measure_trust", clean, "--pairs", pairs, "--page", page, "--examples", examples)
    assert result.exit_code == 0, result.output
    assert "| zan | 2 | 0 |" in page.read_text(encoding="utf-8")
    assert "| dala | 6 | 100.00 [" in result.output
    assert examples.read_text() == ""


def test_measure_damage(tmp_path: Path) -> None:
    clean, figures, page = tmp_path / "zan.txt", tmp_path / "damage.json", tmp_path / "page.md"
    clean.write_text(
        "Бұл сөз бен ол сөз: ұзақ жолдың бойында айтылған екі жылы сөз екен.\nҚысқа жол.\n", encoding="utf-8"
    )
    page.write_text("<!-- damage -->\n<!-- end of damage -->\n", encoding="utf-8")
    result = run("measure_damage", clean, "--json", figures, "--page", page)
    assert result.exit_code == 0, result.output
    report = json.loads(figures.read_text(encoding="utf-8"))
    found = {row["damage"]: (row["cer_before"], row["cer_after"]) for row in report["damage"]}
    assert report["n_lines"] == 1
    assert found["nothing"] == (0, 0)
    assert found["every letter apart"][0] > 0.5
    assert 0.05 < found["Kazakh letters as Russian ones"][0] < 0.2
    assert "| nothing | 0.00 | 0.00 |" in page.read_text(encoding="utf-8")
    assert run("measure_damage", tmp_path / "none.txt").exit_code == 1
    clean.write_text("Қысқа жол.\n", encoding="utf-8")
    result = run("measure_damage", clean)
    assert result.exit_code == 1
    assert "no line of 40 characters" in result.output


def test_measure_spacing(page: Path, tmp_path: Path) -> None:
    line = "Күзде бақша иелері жемісін жинайды."
    clean, figures = tmp_path / "bau.txt", tmp_path / "spacing.json"
    clean.write_text(f"{line}\n" * 2, encoding="utf-8")
    TextModel.from_lines([line] * 9).write(tmp_path / TEXT_MODEL_FILE)
    Lexicon(dict.fromkeys(line[:-1].lower().split(), 9)).write(tmp_path / LEXICON_FILE)
    result = run("measure_spacing", clean, "--model", tmp_path, "--json", figures, "--page", page)
    assert result.exit_code == 0, result.output
    report = json.loads(figures.read_text(encoding="utf-8"))
    assert len(report["repairs"]) == 27
    assert (report["seed"], report["n_clean_lines"], report["n_clean_edits"]) == (5, 2, 0)
    [*_, last] = result.output.strip().splitlines()
    assert last == "| nothing | as printed, 2 lines | | 0 | |"
    assert f"{last}\n<!-- end of spacing -->" in page.read_text(encoding="utf-8")
    assert "1,260 lines" not in page.read_text(encoding="utf-8").partition("<!-- end of spacing -->")[0]
    assert run("measure_spacing", tmp_path / "none.txt", "--model", tmp_path).exit_code == 1


def test_fuzz(page: Path, tmp_path: Path) -> None:
    report = tmp_path / "fuzz.json"
    result = run("fuzz", "--texts", 20, "--long-chars", 200, "-o", report, "--page", page)
    assert result.exit_code == 0, result.output
    assert json.loads(report.read_text())["failures"] == []
    assert "| **all** | 20 | 0 |" in page.read_text(encoding="utf-8")


def test_results_are_drawn_a_panel_a_set(tmp_path: Path) -> None:
    reports, picture = tmp_path / "results.json", tmp_path / "results.svg"
    reports.write_text(json.dumps(toy_reports(), ensure_ascii=False), encoding="utf-8")
    result = run("plot_results", reports, "-o", picture)
    assert result.exit_code == 0, result.output
    drawn = picture.read_text(encoding="utf-8")
    for report in toy_reports():
        assert report["corrector"] in drawn
        for one in report["sets"]:
            assert one["name"] in drawn
            assert f"{100 * one['after']['cer']['value']:.2f}" in drawn
    assert run("plot_results", reports, "-o", picture).exit_code == 0
    assert picture.read_text(encoding="utf-8") == drawn


def test_what_is_no_report_is_not_drawn(tmp_path: Path) -> None:
    reports = tmp_path / "results.json"
    reports.write_text("[]", encoding="utf-8")
    assert run("plot_results", reports, "-o", tmp_path / "results.svg").exit_code == 1
    assert not (tmp_path / "results.svg").exists()
