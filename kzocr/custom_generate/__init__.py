"""Guided decoding for users of plain `transformers`: the `custom_generate` folder of a model repository.

`transformers` loads `custom_generate/generate.py` of a repository, and the files that it imports relatively,
and calls its `generate` in place of its own:

    model.generate(**tokenizer(text, return_tensors="pt"), max_new_tokens=600,
                   custom_generate="<user>/<model>", trust_remote_code=True)

The files there are those of this package, with `from kzocr.x import` and `from kzocr.y.x import` turned into `from .x
import`. From a folder on disk transformers 4 copies only the files that `generate.py` itself imports, so it is made to
name them all.
"""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOURCES = {
    "generate.py": PACKAGE / "custom_generate" / "generate.py",
    "decoding.py": PACKAGE / "decoding.py",
    "generation.py": PACKAGE / "inference" / "generation.py",
    "drafts.py": PACKAGE / "inference" / "drafts.py",
    "packed.py": PACKAGE / "inference" / "packed.py",
    "attention.py": PACKAGE / "inference" / "attention.py",
    "products.py": PACKAGE / "inference" / "products.py",
    "encoding.py": PACKAGE / "encoding.py",
}
"""The files of the folder and what they are made from; together they import nothing of kzocr."""


def custom_generate_files() -> dict[str, str]:
    """Return the text of every file of a `custom_generate` folder by its name.

    Raises:
        ValueError: a file would still import the package, which a user of the folder may not have.
    """
    files = {}
    for name, path in SOURCES.items():
        source = path.read_text(encoding="utf-8")
        files[name] = re.sub(r"^from kzocr\.(?:\w+\.)?(\w+) import", r"from .\1 import", source, flags=re.MULTILINE)
        left = re.search(r"^\s*(?:from|import) kzocr.*$", files[name], flags=re.MULTILINE)
        if left is not None:
            raise ValueError(f"{path}: {left.group().strip()!r} cannot be made relative")
    others = (Path(name).stem for name in SOURCES if name != "generate.py")
    files["generate.py"] += "\n" + "".join(f"from .{name} import __doc__ as _{name}  # noqa\n" for name in others)
    return files


def write_custom_generate(folder: Path) -> list[Path]:
    """Write the `custom_generate` folder of a model repository into `folder` and return the files' paths."""
    target = folder / "custom_generate"
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, source in custom_generate_files().items():
        paths.append(target / name)
        paths[-1].write_text(source, encoding="utf-8")
    return paths
