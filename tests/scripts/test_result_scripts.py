"""The scripts that write, draw and check results, on toys."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from kzocr.figures.result_tables import (
    PublishedResult,
    bands_markdown,
    published_markdown,
    summary_markdown,
    to_markdown,
)
from kzocr.hub import PlainOutputs
from places import ROOT
from script_files import script
from toy_reports import toy_reports

PAGE = "before\n<!-- {0} -->\nold\n<!-- end of {0} -->\nbehind\n"
PUBLISHED = """- system: Halver
  language: Russian
  cer_before: 4.0
  cer_after: 1.0
  remark: a toy
  source: https://example.org/halver
"""


def run(name: str, *arguments: object) -> Result:
    app = typer.Typer()
    app.command()(script(name).main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def reports(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "results-identity.json", tmp_path / "results-kzocr.json"]
    for path, report in zip(paths, toy_reports(), strict=True):
        path.write_text(json.dumps([report]), encoding="utf-8")
    return paths


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "published.yaml"
    path.write_text(PUBLISHED, encoding="utf-8")
    return path


def test_tables_of_reports_stand_above_what_others_published(
    tmp_path: Path, reports: list[Path], published: Path
) -> None:
    summary, page = tmp_path / "README.md", tmp_path / "results.md"
    for path in (summary, page):
        path.write_text(PAGE.format("results"), encoding="utf-8")
    result = run("write_results", summary, *reports, "--details", page, "--published", published)
    assert result.exit_code == 0, result.output
    assert summary.read_text(encoding="utf-8") == PAGE.format("results").replace("old", summary_markdown(toy_reports()))
    text = page.read_text(encoding="utf-8")
    ours, others = to_markdown(toy_reports()), published_markdown(PublishedResult.read_list(published))
    assert text == PAGE.format("results").replace("old", f"{ours}\n{others}")
    assert re.findall(r"^\| (identity|kzocr) \| (\d+\.\d\d) \[", text, re.MULTILINE)[:2] == [
        ("identity", f"{100 * 3 / 28:.2f}"),
        ("kzocr", f"{100 * 2 / 28:.2f}"),
    ]
    assert "| Halver | Russian | 4.00 | 1.00 | -75 % | a toy | <https://example.org/halver> |" in text
    assert text.index("**clean text**") < text.index("**Published by others**") < text.index("| Halver |")


def test_good_and_bad_documents_may_stand_on_the_same_page(
    tmp_path: Path, reports: list[Path], published: Path
) -> None:
    summary, page = tmp_path / "README.md", tmp_path / "results.md"
    summary.write_text(PAGE.format("results"), encoding="utf-8")
    page.write_text(PAGE.format("results") + PAGE.format("bands"), encoding="utf-8")
    same_page = tmp_path / "pages" / ".." / "results.md"
    (tmp_path / "pages").mkdir()
    asked = ("--details", page, "--bands", same_page, "--published", published)
    assert run("write_results", summary, *reports, *asked).exit_code == 0
    tables = f"{to_markdown(toy_reports())}\n{published_markdown(PublishedResult.read_list(published))}"
    expected = PAGE.format("results").replace("old", tables)
    assert page.read_text(encoding="utf-8") == expected + PAGE.format("bands").replace(
        "old", bands_markdown(toy_reports()[-1])
    )


def test_reports_of_earlier_versions_are_still_read(tmp_path: Path, published: Path) -> None:
    (report,) = toy_reports()[:1]
    (entry,) = report["sets"]
    del entry["hipe_cmer"], entry["hipe_cmer_before"]
    for side in (entry["before"], entry["after"]):
        side["cer_without_spaces"] = side.pop("cer_spaceless")["value"]
        del side["wer_mean"]
    old, page = tmp_path / "old.json", tmp_path / "README.md"
    old.write_text(json.dumps([report]), encoding="utf-8")
    page.write_text(PAGE.format("results"), encoding="utf-8")
    assert run("write_results", page, old, "--details", page, "--published", published).exit_code == 0
    assert to_markdown(toy_reports()[:1]) in page.read_text(encoding="utf-8")


def test_what_others_published_is_written_alone(tmp_path: Path, published: Path) -> None:
    page = tmp_path / "guide.md"
    page.write_text(PAGE.format("published"), encoding="utf-8")
    assert run("write_results", page, "--published", published).exit_code == 0
    table = published_markdown(PublishedResult.read_list(published))
    assert page.read_text(encoding="utf-8") == PAGE.format("published").replace("old", table)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("cer_after: 1.0", "cer_later: 1.0", "entry 1: field 'cer_after'"),
        ("cer_after: 1.0", "cer_after: about 1", "entry 1: field 'cer_after'"),
        ("  remark: a toy\n", "", "entry 1: field 'remark'"),
        (PUBLISHED, "a: 1", "expected a list"),
        (PUBLISHED, "- one", "entry 1: field 'cer_after'"),
        (PUBLISHED, "- [", "published.yaml"),
    ],
)
def test_a_list_that_is_broken_is_named_and_the_page_stays(
    tmp_path: Path, published: Path, before: str, after: str, message: str
) -> None:
    published.write_text(PUBLISHED.replace(before, after), encoding="utf-8")
    page = tmp_path / "guide.md"
    page.write_text(PAGE.format("published"), encoding="utf-8")
    result = run("write_results", page, "--published", published)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "old" in page.read_text(encoding="utf-8")


def test_the_picture_has_a_panel_a_set_and_every_figure(tmp_path: Path, reports: list[Path]) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "results.svg"
    assert run("plot_results", *reports, "-o", picture).exit_code == 0
    shown = re.findall(r">\s*([^<>]+?)\s*</text>", picture.read_text(encoding="utf-8"))
    assert {"book pages", "identity", "kzocr", f"{100 * 3 / 28:.2f}", f"{100 * 2 / 28:.2f}"} <= set(shown)
    again = tmp_path / "again.svg"
    run("plot_results", *reports, "-o", again)
    assert again.read_bytes() == picture.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "no reports to show"),
        ("[1]", "results-none.json: expected a list of reports"),
        ('{"sets": []}', "results-none.json: expected a list of reports"),
        ("[", "results-none.json: not JSON"),
    ],
)
def test_what_is_no_report_is_named_and_not_shown(tmp_path: Path, content: str, message: str) -> None:
    path, page = tmp_path / "results-none.json", tmp_path / "README.md"
    path.write_text(content, encoding="utf-8")
    page.write_text(PAGE.format("results"), encoding="utf-8")
    for result in (run("plot_results", path, "-o", tmp_path / "results.svg"), run("write_results", page, path)):
        assert result.exit_code == 1
        assert message in result.stderr
    assert not (tmp_path / "results.svg").exists()
    assert page.read_text(encoding="utf-8") == PAGE.format("results")


def test_versions_must_differ_and_outputs_must_not(capsys: pytest.CaptureFixture[str]) -> None:
    compare = script("check_versions").compare
    four, five = (PlainOutputs(version, [[3, 1], [4, 1]], ["а", "б"]) for version in ("4.57.6", "5.23.0"))
    assert compare([four, five]) == 0
    assert "all are the same, byte for byte" in capsys.readouterr().out
    assert compare([four, PlainOutputs("5.23.0", [[3, 1], [5, 1]], ["а", "б"])]) == 1
    assert "1 differ" in capsys.readouterr().out
    assert compare([five, PlainOutputs("5.24.0", five.ids, five.texts)]) == 1
    assert "same major version" in capsys.readouterr().err


def test_the_environment_has_what_this_one_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched: the requirement is met by a package that this environment lends."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    python = script("check_versions").environment(tmp_path / "env", "numpy")
    code = "import numpy, sys; print(sys.prefix); print(numpy.__file__)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(tmp_path / "env"), np.__file__]


def test_continuous_integration_compares_the_versions() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "python scripts/check_versions.py --installed" in lines
