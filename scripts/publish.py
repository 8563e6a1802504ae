"""Assemble, check and upload a model: `python scripts/publish.py runs/NAME --repo USER/NAME --report report.json`.

Without `--upload` nothing leaves the machine: the folder is assembled, loaded by plain transformers in a fresh
process, and its files are listed. With it they become one commit, tagged with the package's version, in a private
repository until `--public` says otherwise. The report is what `scripts/evaluate.py -o report.json` writes, with
the corrector kzocr and clean text. `--space` assembles the demo with that model instead, as a Space:
`python scripts/publish.py runs/NAME --repo USER/NAME-demo --space`.

Time and hardware: under a minute on one CPU core for the embedded model, plus the upload.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from kzocr import __version__
from kzocr.cards.card import check_card, render_card
from kzocr.hub import METADATA_NAME, assemble, check_folder, check_model, check_report, companions_of, files_of
from kzocr.json_files import read_json
from kzocr.models.names import PublishedModel, record_published
from kzocr.space import assemble_space, check_space
from kzocr.upload import upload

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "model_card.md"


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.record and not (options.upload and options.public):
            raise ValueError("--record goes with --upload and --public: a name is for what everybody can load")
        if options.report is None and not options.space:
            raise ValueError("--report is missing: the card's figures come from it")
        with tempfile.TemporaryDirectory() as temporary:
            publish(options, options.folder or Path(temporary) / "folder")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path, help="a run's folder or a model folder")
    parser.add_argument("--repo", required=True, help="USER/NAME on the Hub")
    parser.add_argument("--report", type=Path, help="report.json of scripts/evaluate.py; not with --space")
    parser.add_argument("--space", action="store_true", help="assemble the demo as a Space with this model")
    parser.add_argument("--folder", type=Path, help="assemble here (default: a folder that is removed afterwards)")
    parser.add_argument("--template", type=Path, default=TEMPLATE, help="template of the card")
    parser.add_argument("--upload", action="store_true", help="upload; without it nothing leaves the machine")
    parser.add_argument("--public", action="store_true", help="show the repository to everybody once all is there")
    parser.add_argument("--record", metavar="NAME", help="let `from_pretrained(NAME)` load what was uploaded")
    return parser


def publish(options: argparse.Namespace, target: Path) -> None:
    """Assemble and check `target`, list it, and upload it if the options say so."""
    model = options.model / "model" if (options.model / "model").is_dir() else options.model
    if options.space:
        assemble_space(model, target, repo=options.repo)
        print(f"the Space's app, in a fresh process: {check_space(target)!r}")
    else:
        check_model(model)
        reports = read_json(options.report)
        if warning := check_report(reports, model):
            print(f"warning: {warning}", file=sys.stderr)
        template = options.template.read_text(encoding="utf-8")
        metadata, companions = read_json(model / METADATA_NAME), companions_of(model)
        card = render_card(template, metadata, reports, repo=options.repo, companions=companions)
        check_card(card)
        assemble(model, target, card=card, report=options.report, noise_folders=(ROOT,))
        print(f"plain transformers, in a fresh process: {check_folder(model, target)!r}")
    files = files_of(target)
    for file in files:
        print(f"{(target / file).stat().st_size:>12,}  {file}")
    if not options.upload:
        print(f"dry run: {len(files)} files for {options.repo}, tag {__version__}; --upload sends them")
        return
    kind = "space" if options.space else "model"
    done = upload(target, options.repo, tag=__version__, is_public=options.public, kind=kind)
    print(f"{done.url}\n{options.repo} at {done.tag}: {done.commit}")
    if done.is_private:
        print("the repository is private; the same command with --public shows it to everybody")
    if options.record:
        record_published(options.record, PublishedModel(options.repo, done.tag, done.commit))
        print(f"kzocr/models/published.json has {options.record!r} now: commit it")


if __name__ == "__main__":
    sys.exit(main())
