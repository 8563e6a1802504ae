"""What pages and docstrings say is there is there: files, headings that links lead to, modules, options, arguments."""

from __future__ import annotations

import ast
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


def documented(docstring: str, section: str) -> list[str] | None:
    """Return the names that a section of a docstring explains; none without such a section."""
    found = re.search(rf"^{section}:\n((?:    .*\n?|\n(?=    ))+)", docstring, flags=re.MULTILINE)
    return found and re.findall(r"^    \*{0,2}(\w+):", found.group(1), flags=re.MULTILINE)


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    signature = function.args
    listed = [*signature.posonlyargs, *signature.args, *filter(None, [signature.vararg]), *signature.kwonlyargs]
    names = [one.arg for one in (*listed, *filter(None, [signature.kwarg]))]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def fields(definition: ast.ClassDef) -> list[str]:
    annotated = [node for node in definition.body if isinstance(node, ast.AnnAssign)]
    return [node.target.id for node in annotated if isinstance(node.target, ast.Name)]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_docstrings_explain_all_arguments_and_no_others(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        docstring = ast.get_docstring(node) or ""
        place = f"line {node.lineno}: {node.name}"
        if (names := documented(docstring, "Attributes")) is not None:
            set_later = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
            assert set(names) <= {*fields(node), *set_later}, place
        if (names := documented(docstring, "Args")) is not None:
            makers = [one for one in getattr(node, "body", []) if getattr(one, "name", None) == "__init__"]
            function = makers[0] if isinstance(node, ast.ClassDef) and makers else node
            expected = fields(node) if isinstance(function, ast.ClassDef) else parameters(function)
            assert names == expected, place
