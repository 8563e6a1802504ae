"""The README's commands are run, its promises compared with the files that they are about."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kzocr.cli import app
from kzocr.figures.result_tables import (
    PublishedResult,
    bands_markdown,
    published_markdown,
    summary_markdown,
    to_markdown,
)
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.metrics import cer
from kzocr.models.loading import EMBEDDED
from kzocr.pairs import TextPair, write_pairs
from places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SPEED = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "reading-the-report.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
KZOCR_COMMANDS = [
    line.split("  #")[0].strip()
    for language, block in BLOCKS
    if language == "shell"
    for line in block.splitlines()
    if line.startswith("kzocr ")
]


def between(name: str) -> str:
    match = re.search(f"<!-- {name} -->\n(.*?)<!-- end of {name} -->", README, flags=re.DOTALL)
    assert match, name
    return match.group(1).strip()


def test_ci_runs_the_test_command_word_for_word() -> None:
    commands = [block.strip() for language, block in BLOCKS if language == "shell" and "[test]" in block]
    assert len(commands) == 1
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace("pip install -q", "pip install")
    assert commands[0] in script


def test_the_example_is_what_kzocr_makes_of_it(tmp_path: Path) -> None:
    output = tmp_path / "corrected.txt"
    command = [sys.executable, "-m", "kzocr", "correct", str(ROOT / "docs/example/ocr.txt"), "-o", str(output)]
    subprocess.run(command, check=True, timeout=120)
    corrected = output.read_text(encoding="utf-8")
    shown = between("example")
    for line in corrected.splitlines():
        assert line in shown
    for line in (ROOT / "docs/example/ocr.txt").read_text(encoding="utf-8").splitlines():
        assert line in shown


def test_python_code_runs() -> None:
    code = [block for language, block in BLOCKS if language == "python"]
    assert code
    for block in code:
        subprocess.run([sys.executable, "-c", block], check=True, timeout=120, capture_output=True)


@pytest.mark.parametrize("command", KZOCR_COMMANDS)
def test_shell_commands_run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs/example/ocr.txt").read_text(encoding="utf-8")
    for name in ("page1.txt", "page2.txt", "clean.txt"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "tests/data/formats/page.hocr", tmp_path / "page.hocr")
    shutil.copy(ROOT / "tests/data/formats/page.alto.xml", tmp_path / "page.alto.xml")
    pair = TextPair((ROOT / "docs/example/reference.txt").read_text(encoding="utf-8"), text, "page", "rendered")
    write_pairs(tmp_path / "pairs.jsonl", [pair])
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output


def test_results_are_those_of_the_reports() -> None:
    files = [ROOT / "docs" / name for name in ("results-baselines.json", "results-kzocr.json")]
    reports = [entry for path in files for entry in json.loads(path.read_text(encoding="utf-8"))]
    assert between("results") == summary_markdown(reports)
    others = published_markdown(PublishedResult.read_list(ROOT / "docs" / "published-results.yaml"))
    details = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert f"<!-- results -->\n{to_markdown(reports)}\n{others}\n<!-- end of results -->" in details
    assert f"<!-- bands -->\n{bands_markdown(reports[-1])}\n<!-- end of bands -->" in details
    assert f"<!-- published -->\n{others}\n<!-- end of published -->" in GUIDE


def test_the_example_says_how_many_characters_were_wrong() -> None:
    reference = (ROOT / "docs/example/reference.txt").read_text(encoding="utf-8")
    read, corrected = re.findall(r"```text\n(.*?)```", between("example"), flags=re.DOTALL)
    stated = re.search(r"CER ([\d.]+) % before, ([\d.]+) % after", between("example"))
    assert stated
    rates = [cer(reference=reference, hypothesis=text) for text in (read, corrected)]
    assert list(stated.groups()) == [f"{100 * rate:.1f}" for rate in rates]


DECODERS = {
    "transformers `generate`, greedy": "transformers generate",
    "the same with `prompt_lookup_num_tokens`": "transformers generate, prompt lookup",
    "CTranslate2 float32": "CTranslate2 float32",
    "CTranslate2 int8": "CTranslate2 int8",
    "kzocr": "kzocr guided decoding",
}
"""Rows of the table of decoders by their names in docs/benchmark.json."""


def benchmark(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the measurements and the profiles of a run of scripts/benchmark.py."""
    found = json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))
    return found["measurements"], found["profiles"]


def table_of(start: str, page: str = SPEED) -> list[list[str]]:
    """Return the cells of the head and of the rows of a page's table that begins with `start`."""
    lines = page[page.index(start) :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in (lines[0], *lines[2:])]


def test_the_table_of_decoders_is_that_of_the_benchmark() -> None:
    measurements, _ = benchmark("benchmark.json")
    head, *rows = table_of("| decoder |")
    assert table_of("| decoder |", README) == [head, *rows]
    assert head[1:3] == ["batch 1", "batch 16"]
    assert [row[0] for row in rows] == list(DECODERS)
    for name, *cells in rows:
        found = {one["batch_rows"]: one for one in measurements if one["name"] == DECODERS[name]}
        speeds = [f"{found[n]['chars_per_second']:,.0f}" if n in found else "" for n in (1, 16)]
        assert cells[:2] == speeds, name
        if DECODERS[name] != "transformers generate":
            n_different = max(one["n_different_windows"] for one in found.values())
            assert cells[2] == f"{n_different} of {found[1]['n_windows']}", name


@pytest.mark.parametrize("name", ["benchmark.json", "benchmark-tesseract-kaz.json"])
def test_what_is_said_about_decoding_is_in_the_benchmark(name: str) -> None:
    """Ratios, shares of time and speeds; of kzocr's own ratios to `generate` none may be left out."""
    measurements, profiles = benchmark(name)
    section = SPEED[SPEED.index("Decoding is input-guided") : SPEED.index("The corrector as a whole")]
    main, mild = section[section.index("That is") :].split("On a milder text", 1)
    text = main if name == "benchmark.json" else mild
    stated = {n for numbers in re.findall(r"(\d+\.\d(?: and \d+\.\d)*)\s+times", text) for n in numbers.split(" and ")}
    own = [one for one in measurements if one["name"] == DECODERS["kzocr"]]
    ratios = {f"{one['ratio']:.1f}" for one in own}
    assert ratios <= stated, "a ratio of kzocr is missing"
    assert stated <= ratios | {f"{one['ratio_to_best']:.1f}" for one in own}
    shares = [profile[key] for profile in profiles for key in ("floor_share", "encoder_share")]
    for share in re.findall(r"\b0\.\d\d\b", text):
        assert min(abs(float(share) - one) for one in shares) < 0.01, share
    speeds = {f"{one['chars_per_second']:,.0f}" for one in measurements}
    said = set(re.findall(r"(?<![\w.,])(?:\d{1,3},)?\d{3}(?![\w.,]\d|\w)", text))
    assert said
    assert said <= speeds


def test_the_table_of_long_documents_is_that_of_the_benchmark() -> None:
    figures = json.loads((ROOT / "docs" / "linear.json").read_text(encoding="utf-8"))
    _, *rows = table_of("| kilobytes |")
    keys = ("kilobytes", "chars_per_second", "n_passes", "peak_megabytes")
    assert rows == [[f"{one[key]:,.0f}" for key in keys] for one in figures]
    one, two = json.loads((ROOT / "docs" / "benchmark-files.json").read_text(encoding="utf-8"))
    assert f"(`--jobs 2`) {two['seconds']:.0f} seconds and one on both cores {one['seconds']:.0f}" in SPEED


def test_sizes_are_those_of_the_embedded_model() -> None:
    lexicon = len(Lexicon.read(EMBEDDED / LEXICON_FILE))
    n_parameters = json.loads((EMBEDDED / "training.json").read_text(encoding="utf-8"))["n_parameters"]
    forms = re.findall(r"\*\*lexicon\*\* of ([\d,]+) word forms", README)
    assert forms == [f"{round(lexicon, -3):,}"]
    stated = re.findall(r"embedded model[^.]*?\((\d+\.\d) (?:million|M)\b", README)
    assert stated == [f"{n_parameters / 1e6:.1f}"]


def test_the_picture_shows_the_figures_of_the_reports() -> None:
    picture = (ROOT / "docs" / "results.svg").read_text(encoding="utf-8")
    shown = re.findall(r">\s*([^<>]+?)\s*</text>", picture)
    for name in ("results-baselines.json", "results-kzocr.json"):
        for report in json.loads((ROOT / "docs" / name).read_text(encoding="utf-8")):
            assert report["corrector"] in shown
            for one in report["sets"]:
                assert one["name"] in shown
                assert f"{100 * one['after']['cer']['value']:.2f}" in shown
    assert "](docs/results.svg)" in README


def test_badges_say_what_pyproject_says() -> None:
    configuration = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    licence = re.search(r'^license = "(.*)"', configuration, flags=re.MULTILINE)
    assert licence is not None
    versions = re.findall(r"Programming Language :: Python :: (3\.\d+)", configuration)
    assert re.findall(r"^\[!\[(.*?)\]", README, flags=re.MULTILINE) == [
        f"Licence: {licence.group(1)}",
        f"Python: {' | '.join(versions)}",
    ]
    assert f"licence-{licence.group(1).replace('-', '--')}-blue" in README
    assert f"python-{'_%7C_'.join(versions)}-blue" in README
