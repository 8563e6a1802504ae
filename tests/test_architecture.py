"""The layer table: a module imports strictly lower layers, and torch only where the table says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from places import ROOT

PACKAGE = ROOT / "kzocr"
TORCH = {"torch", "transformers", "accelerate", "peft"}

LAYERS: dict[str, tuple[int, bool | set[str]]] = {
    # module or package: (layer, may use torch; of a package, which of its modules may)
    "boosting": (0, {"fitting"}),
    "config": (0, False),
    "parquet_files": (0, False),
    "replacing": (0, False),
    "text": (0, False),
    "alignment": (1, False),
    "corpus": (1, False),
    "edits": (1, False),
    "json_files": (1, False),
    "metrics": (1, False),
    "pairs": (1, False),
    "windows": (1, False),
    "bands": (2, False),
    "cards": (2, False),
    "bootstrap": (2, False),
    "confusion": (2, False),
    "encoding": (2, True),
    "evaluate_metric": (2, False),
    "language": (2, False),
    "channel": (3, False),
    "figures": (3, False),
    "inference": (3, {"attention", "drafts", "generation", "outputs", "packed", "products", "recollection"}),
    "read_documents": (3, True),
    "data": (4, True),
    "decoding": (4, True),
    "evaluation": (4, False),
    "lines": (4, False),
    "custom_generate": (5, True),
    "formats": (5, False),
    "preparation": (5, False),
    "report": (5, False),
    "rivals": (5, {"yardstick"}),
    "spelling": (5, {"context_model", "examining", "respelling", "second_choices"}),
    "confidence": (6, False),
    "correction": (7, {"passes"}),
    "models": (7, {"checkpoint", "growth", "loading", "tying"}),
    "trials": (7, {"mangling"}),
    "corrector": (8, True),
    "hub": (8, False),
    "runs": (
        8,
        {
            "context_training",
            "data",
            "hardware",
            "log",
            "loss",
            "optimization",
            "optimizers",
            "precision",
            "sharding",
            "validation",
        },
    ),
    "demo": (9, False),
    "judging": (9, False),
    "speed": (9, {"correcting", "decoders", "decoding", "training"}),
    "training": (9, True),
    "upload": (9, False),
    "adaptation": (10, True),
    "space": (10, False),
    "cli": (11, False),
    "__main__": (12, False),
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


def may_use_torch(path: Path) -> bool:
    allowed = LAYERS[noun(dotted_name(path))][1]
    return path.stem in allowed if isinstance(allowed, set) else allowed


def is_own(name: str) -> bool:
    return name.startswith("kzocr.")


@pytest.mark.parametrize("path", files(), ids=dotted_name)
def test_modules_import_lower_layers_only(path: Path) -> None:
    name = noun(dotted_name(path))
    assert name in LAYERS, f"{name} has no layer: the table is wrong, or the module"
    assert path.stem not in FORBIDDEN_NAMES
    layer, _ = LAYERS[name]
    for imported in imports(path):
        if is_own(imported) and noun(imported) != name:
            assert LAYERS[noun(imported)][0] < layer, f"{name} (layer {layer}) imports {imported}"
    for imported in imports(path, only_at_import=name in LAZY):
        if imported.split(".")[0] in TORCH:
            assert may_use_torch(path), f"{dotted_name(path)} imports {imported}"


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


@pytest.mark.parametrize("path", [path for path in files() if not may_use_torch(path)], ids=dotted_name)
def test_torch_stays_out_of_what_the_table_says(path: Path) -> None:
    """Importing such a module brings in no torch, through whatever it imports."""
    waiting = [path]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for imported in imports(path, only_at_import=True):
            assert imported.split(".")[0] not in TORCH, f"{imported} comes in through {path.name}"
            own = PACKAGE.parent / imported.replace(".", "/")
            waiting += [p for p in (own.with_suffix(".py"), own / "__init__.py") if p.is_file() and p not in seen]


def test_the_table_has_no_module_that_is_gone() -> None:
    there = {dotted_name(path) for path in files()}
    assert {noun(name) for name in there} == set(LAYERS)
    named = {f"kzocr.{noun}.{name}" for noun, (_, names) in LAYERS.items() if isinstance(names, set) for name in names}
    assert named <= there
