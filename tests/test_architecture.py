"""The layer table: a module imports strictly lower layers, and torch only where the table says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kzocr"
TORCH = {"torch", "transformers", "accelerate", "peft"}

LAYERS: dict[str, tuple[int, bool]] = {
    # module: (layer, may use torch)
    "config": (0, False),
    "guards": (0, False),
    "licences": (0, False),
    "remembered": (0, False),
    "report_style": (0, False),
    "text": (0, False),
    "alignment": (1, False),
    "boosted_trees": (1, False),
    "charts": (1, False),
    "corpus": (1, False),
    "curves": (1, False),
    "doubts": (1, False),
    "edits": (1, False),
    "history": (1, False),
    "json_files": (1, False),
    "letter_model": (1, False),
    "metrics": (1, False),
    "misprints": (1, False),
    "names": (1, False),
    "pairs": (1, False),
    "run_state": (1, False),
    "spans": (1, False),
    "text_model": (1, False),
    "windows": (1, False),
    "attention": (2, True),
    "products": (2, True),
    "context_words": (2, False),
    "bayes_risk": (2, False),
    "bootstrap": (2, False),
    "confusion": (2, False),
    "decipherment": (2, False),
    "encoding": (2, True),
    "evaluate_metric": (2, False),
    "lexicon": (2, False),
    "misreadings": (2, False),
    "numerals": (2, False),
    "reflow": (2, False),
    "run_log": (2, True),
    "russian": (2, False),
    "views": (2, False),
    "channel": (3, False),
    "context_model": (3, True),
    "drafts": (3, True),
    "generation": (3, True),
    "growth": (3, True),
    "hardware": (3, True),
    "heatmap": (3, False),
    "inputs": (3, False),
    "loss": (3, True),
    "packed": (3, True),
    "read_documents": (3, True),
    "recurrence": (3, False),
    "refusals": (3, False),
    "sharding": (3, True),
    "skeletons": (3, False),
    "tree_fitting": (2, False),
    "word_search": (3, False),
    "alternatives": (4, False),
    "baselines": (4, False),
    "checkpoint": (4, True),
    "data": (4, True),
    "decoding": (4, True),
    "hyphens": (4, False),
    "lost_letters": (4, False),
    "mangling": (4, True),
    "noisy_channel": (4, False),
    "optimization": (4, True),
    "outputs": (4, True),
    "recollection": (4, True),
    "context_training": (5, True),
    "custom_generate": (5, True),
    "divisions": (5, False),
    "evaluation": (5, False),
    "fuzzing": (5, False),
    "profile": (5, False),
    "second_choices": (5, True),
    "validation": (5, True),
    "yardstick": (5, True),
    "card": (6, False),
    "edit_features": (6, False),
    "examining": (6, True),
    "formats": (6, False),
    "report": (6, False),
    "result_tables": (3, False),
    "run_data": (6, True),
    "spacing": (6, False),
    "spelling": (6, False),
    "confidence": (7, False),
    "preparation": (7, False),
    "respelling": (7, True),
    "training": (7, True),
    "calibration": (8, False),
    "companions": (8, False),
    "proposals": (8, False),
    "hub": (9, False),
    "loading": (9, True),
    "passes": (9, True),
    "trust": (9, False),
    "corrector": (10, True),
    "upload": (10, False),
    "adaptation": (11, True),
    "demo": (11, False),
    "judging": (11, False),
    "cli": (12, False),
    "space": (12, False),
    "__main__": (13, False),
}
LAZY = {"cli"}
"""These may use torch inside a function, when there is work for it."""

FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "tools"}


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def noun(dotted: str) -> str:
    """Return the table's name for a module: kzocr.channel.prior is channel."""
    return dotted.split(".")[1]


def dotted_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, only_at_import: bool = False) -> Iterator[str]:
    """Yield the dotted names that a file imports: all of them, or those that importing the file brings in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(tree.body) if only_at_import else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: relative import"
            module = node.module or ""
            for alias in node.names:
                is_module = (PACKAGE.parent / module.replace(".", "/") / f"{alias.name}.py").is_file()
                yield f"{module}.{alias.name}" if is_module else module


def is_own(name: str) -> bool:
    return name.startswith("kzocr.")


@pytest.mark.parametrize("path", files(), ids=dotted_name)
def test_modules_import_lower_layers_only(path: Path) -> None:
    name = noun(dotted_name(path))
    assert name in LAYERS, f"{name} has no layer: the table is wrong, or the module"
    assert path.stem not in FORBIDDEN_NAMES
    layer, may_use_torch = LAYERS[name]
    for imported in imports(path):
        if is_own(imported) and noun(imported) != name:
            assert LAYERS[noun(imported)][0] < layer, f"{name} (layer {layer}) imports {imported}"
    for imported in imports(path, only_at_import=name in LAZY):
        if imported.split(".")[0] in TORCH:
            assert may_use_torch, f"{name} imports {imported}"


def test_no_circles() -> None:
    graph = {dotted_name(path): {name for name in imports(path) if is_own(name)} for path in files()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path, name])
        if name not in done:
            for imported in graph.get(name, ()):
                visit(imported, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("name", [name for name, (_, may_use_torch) in LAYERS.items() if not may_use_torch])
def test_torch_stays_out_of_what_the_table_says(name: str) -> None:
    """Importing such a module brings in no torch, through whatever it imports."""
    waiting = [path for path in files() if noun(dotted_name(path)) == name]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for imported in imports(path, only_at_import=True):
            assert imported.split(".")[0] not in TORCH, f"{name} needs {imported} through {path.name}"
            own = PACKAGE.parent / imported.replace(".", "/")
            waiting += [p for p in (own.with_suffix(".py"), own / "__init__.py") if p.is_file() and p not in seen]
