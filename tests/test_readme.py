"""The README's commands are run, its promises compared with the files that they are about."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kzocr.cli import app
from kzocr.pairs import TextPair, write_pairs
from kzocr.report import to_markdown

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
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
    assert between("results") == to_markdown(reports).strip()


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
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
