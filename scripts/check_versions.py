"""Compare what a model gives in transformers 4.57 and in the newest 5: `python scripts/check_versions.py`.

Two virtual environments are made on top of this one, which lends them torch and numpy: each gets its own
transformers and what that needs in other versions. Every model folder (the embedded model, assembled as it is
published, if none is named) is loaded by plain transformers in both; the token ids and the decoded text of every
text must be the same, byte for byte, and so must those of `custom_generate`. Exit code 1 if they are not.
With `--installed` the second version is the one of this environment, and only the first needs one of its own.

Time and hardware: one to two minutes on one CPU core, most of it pip; needs PyPI.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

from kzocr.hub import CHECK_TEXT, HubError, PlainOutputs, assemble, plain_outputs
from kzocr.models.loading import EMBEDDED

VERSIONS = ("transformers>=4.57,<4.58", "transformers>=5,<6")
TEXTS = (CHECK_TEXT, "Енд! окушылар ескі газеттерді у йден оқиды.", "1987 ж. — «Қазақ әдебиеті», 3-бет.", "а")


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", type=Path, help="model folders (default: the embedded model)")
    parser.add_argument("--folder", type=Path, help="keep the environments here (default: a temporary folder)")
    parser.add_argument("--installed", action="store_true", help="compare 4.57 with the version installed here")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        models = options.models
        if not models:
            models = [Path(temporary) / "embedded"]
            assemble(EMBEDDED, models[0], card="checked by scripts/check_versions.py\n")
        try:
            folder, wanted = options.folder or Path(temporary), VERSIONS[:1] if options.installed else VERSIONS
            pythons = [environment(folder / f"env{i}", version) for i, version in enumerate(wanted)]
            pythons += [sys.executable] * options.installed
            return compare([plain_outputs(models, TEXTS, python=python) for python in pythons])
        except (HubError, OSError, subprocess.CalledProcessError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1


def environment(folder: Path, requirement: str) -> str:
    """Return the Python of a virtual environment that has `requirement`, and the rest from this environment."""
    python = folder / "bin" / "python"
    if not python.is_file():
        venv.create(folder, with_pip=True, symlinks=True)
    [own] = folder.glob("lib/python*/site-packages")
    (own / "zz-lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--upgrade", requirement]
    subprocess.run(command, check=True)
    return str(python)


def compare(found: list[PlainOutputs]) -> int:
    """Print whether the outputs agree; return 1 if they do not, or if both are of one major version."""
    first, second = found
    print(f"transformers {first.version} and {second.version}: {len(first.ids)} outputs each")
    if first.version.split(".")[0] == second.version.split(".")[0]:
        print("error: both are of the same major version", file=sys.stderr)
        return 1
    n_different = 0
    for one, other, ids, other_ids in zip(first.texts, second.texts, first.ids, second.ids, strict=True):
        if (one, ids) != (other, other_ids):
            n_different += 1
            print(f"different:\n  {first.version}: {one!r}\n  {second.version}: {other!r}")
    print(f"{n_different} differ" if n_different else "all are the same, byte for byte")
    return int(n_different > 0)


if __name__ == "__main__":
    sys.exit(main())
