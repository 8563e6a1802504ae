"""Assemble, check and upload a model: `python scripts/publish.py runs/NAME --repo USER/NAME --report report.json`.

Without `--upload` nothing leaves the machine: the folder is assembled, loaded by plain transformers in a fresh
process, and its files are listed. With it they become one commit, tagged with the package's version. The report
is what `scripts/evaluate.py -o report.json` writes, with the corrector kzocr and clean text.

Time and hardware: under a minute on one CPU core for the embedded model, plus the upload.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from kzocr import __version__
from kzocr.hub import HubError, assemble, check_card, check_folder, render_card, upload

TEMPLATE = Path(__file__).resolve().parent.parent / "model_card.md"


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path, help="a run's folder or a model folder")
    parser.add_argument("--repo", required=True, help="USER/NAME on the Hub")
    parser.add_argument("--report", required=True, type=Path, help="report.json of scripts/evaluate.py")
    parser.add_argument("--folder", type=Path, help="assemble here (default: a folder that is removed afterwards)")
    parser.add_argument("--template", type=Path, default=TEMPLATE, help="template of the card")
    parser.add_argument("--private", action="store_true", help="make the repository private if it is new")
    parser.add_argument("--upload", action="store_true", help="upload; without it nothing leaves the machine")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            publish(options, options.folder or Path(temporary) / "model")
    except (HubError, OSError, json.JSONDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def publish(options: argparse.Namespace, target: Path) -> None:
    """Assemble and check `target`, list it, and upload it if the options say so."""
    is_run = (options.model / "model").is_dir()
    model = options.model / "model" if is_run else options.model
    metadata = json.loads((model / "training.json").read_text(encoding="utf-8"))
    reports = json.loads(options.report.read_text(encoding="utf-8"))
    card = render_card(options.template.read_text(encoding="utf-8"), metadata, reports, repo=options.repo)
    check_card(card)
    files = assemble(model, target, card=card, report=options.report)
    print(f"plain transformers, in a fresh process: {check_folder(model, target)!r}")
    for file in files:
        print(f"{(target / file).stat().st_size:>12,}  {file}")
    if options.upload:
        print(upload(target, options.repo, tag=__version__, private=options.private))
    else:
        print(f"dry run: {len(files)} files for {options.repo}, tag {__version__}; --upload sends them")


if __name__ == "__main__":
    sys.exit(main())
