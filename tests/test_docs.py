"""What the pages say is there is there: files, headings that links lead to, modules, options of commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from kzocr.cli import app
from places import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "metric").rglob("*.md"))]
PACKAGE = ROOT / "kzocr"
COMMAND = re.compile(r"(?:scripts/\w+\.py|(?<![\w./-])kzocr [a-z][a-z-]*(?![\w-]))[^\n`#|]*")


def read(page: Path) -> str:
    """Return a page, its commands that go over several lines in one line each."""
    return re.sub(r"\\\n\s*", " ", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return what GitHub calls the headings of a page in links."""
    prose = re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.*?) *$", prose, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands() -> Iterator[tuple[str, str, list[str]]]:
    """Yield (page, command, its long options) of all commands on the pages that have options."""
    for page in PAGES:
        for line in COMMAND.findall(read(page)):
            bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", line)
            if options := re.findall(r"(?<!\S)--[a-z][a-z-]*", bare):
                yield page.name, line.strip(), options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)", read(page)):
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_are_there(page: Path) -> None:
    for name in re.findall(r"(?<![\w/.-])(?:kzocr|scripts|docs|tests|configs|metric)/[\w./-]*\w", read(page)):
        assert (ROOT / name).exists(), name


def test_the_map_of_the_code_names_modules_that_are_there_and_every_folder() -> None:
    page = read(ROOT / "docs" / "code.md")
    named = set(re.findall(r"`(?:kzocr/)?(\w+(?:/|\.py))`", page))
    assert {name for name in named if not (PACKAGE / name).exists()} == {"tests/"}
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    assert folders <= named
    dotted = re.findall(r"`(\w+)\.(?!py\b)(\w+)`", page)
    assert dotted
    assert [pair for pair in dotted if not (PACKAGE / pair[0] / f"{pair[1]}.py").is_file()] == []


@pytest.mark.parametrize(("page", "command", "options"), list(commands()))
def test_commands_have_the_options_that_pages_give_them(page: str, command: str, options: list[str]) -> None:
    """A script is asked by its text, which names an option or the parameter that becomes one."""
    name, *arguments = command.split()
    if name.endswith(".py") and name != "scripts/evaluate.py":  # which is `kzocr evaluate` under another name
        source = (ROOT / name).read_text(encoding="utf-8")
        known = {option for option in options if option in source or re.search(rf"\b{parameter(option)}\b", source)}
    else:
        group = typer.main.get_command(app)
        subcommand = "evaluate" if name.endswith(".py") else arguments[0]
        known = {name for one in group.commands[subcommand].params for name in (*one.opts, *one.secondary_opts)}
    assert set(options) <= known, page


def parameter(option: str) -> str:
    return option.removeprefix("--").removeprefix("no-").replace("-", "_")
