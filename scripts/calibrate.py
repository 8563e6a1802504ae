"""Fit the confidences of a model to what is right, test them, and write figures, a picture and a table.

    python scripts/calibrate.py pairs/tune_kaz.jsonl pairs/tune_rus.jsonl --clean clean_lines.txt \\
        --model runs/NAME/model -o docs/calibration.json --svg docs/calibration.svg --page docs/trust.md \\
        --save kzocr/weights/calibration.json

Texts that pass for clean have misprints, and most are such as engines make (кайғы for қайғы). `--misprints
configs/misprints.tsv` names those of the text that the package's confidences are fitted on, by our reading.

What chooses between words was fitted on such documents too, and is too good on those: `--spelling-halves` names the
folder that `scripts/fit_spelling.py --save-halves` wrote. The edits of each document are then those that come of a
choice which was fitted on the other half. `--halves`, two files of text, says which half a document is from, as there.

Half of the documents of each set, and of the clean lines, fit the calibration; the others test it: with `--halves`
those of the second text. `--save` writes one
that is fitted on all of them; beside a model's weights, as `calibration.json`, it is used by every corrector that loads
the model. What stands between `<!-- calibration -->` and `<!-- end of calibration -->` in the page is replaced.

Time and hardware: the time of correcting the pairs once; about a minute for 300 kB on one CPU core.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from kzocr.confidence.calibration import JudgedPassage, calibrate, fitted, forgiven, judge_document
from kzocr.confidence.misprints import read_misprints
from kzocr.confidence.model import IDENTITY
from kzocr.correction.guards import Guards
from kzocr.figures.result_tables import replace_between_markers
from kzocr.pairs import TextHalves, TextPair, files_by_set, half_of, read_pairs, split_by_document
from kzocr.preparation.steps import NO_PREPARATION
from kzocr.spelling.choice import SpellingModel, half_path
from kzocr.spelling.respelling import Respeller
from kzocr.trials.trust import calibration_markdown, calibration_svg
from kzocr.windows import CORE_BYTES

if TYPE_CHECKING:
    from kzocr.corrector import Corrector

BYTES_PER_CHAR = 1.85
"""Of Kazakh text in UTF-8: letters take two bytes, spaces and punctuation one."""

log = Console(stderr=True, emoji=False)


def main(
    pairs: Annotated[list[Path], typer.Argument(help="JSONL files of pairs; each is one set.")],
    model: Annotated[str | None, typer.Option(help="A model folder or a Hub name. Default: the embedded one.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU if there is one.")] = "auto",
    clean: Annotated[Path | None, typer.Option(help="UTF-8 file of clean lines: every edit in them is wrong.")] = None,
    misprints: Annotated[
        Path | None,
        typer.Option(help="Misprints of printed texts, a tab, what they should be: to mend them is no harm."),
    ] = None,
    spelling_halves: Annotated[
        Path | None,
        typer.Option(help="Folder of choices between words, each fitted on half of the documents."),
    ] = None,
    halves: Annotated[
        tuple[Path, Path] | None, typer.Option(help="Two texts: that a document is from is its half.")
    ] = None,
    documents: Annotated[int, typer.Option(help="The first so many documents of each set; 0 for all.")] = 0,
    seed: Annotated[int, typer.Option(help="Another seed splits the documents in another way.")] = 0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write a JSON report.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write a picture.")] = None,
    page: Annotated[Path | None, typer.Option(help="Markdown file with the two markers.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write a calibration that is fitted on all documents.")] = None,
) -> None:
    """Fit the confidences of a model to what is right and test them on other documents."""
    from kzocr.corrector import Corrector

    try:
        for path in filter(None, (output, svg, save)):
            path.parent.mkdir(parents=True, exist_ok=True)
        # Every edit is judged, so none may be refused for its confidence.
        guards = Guards(
            min_confidence=0.0,
            min_lone_confidence=0.0,
            min_mark_confidence=0.0,
            min_join_confidence=0.0,
            min_latin_confidence=0.0,
        )
        corrector = Corrector.from_pretrained(model, device=device, guards=guards, max_passes=1)
        corrector.calibration = IDENTITY
        corrector.preparation = NO_PREPARATION  # its edits have confidences of their own
        texts = None if halves is None else TextHalves.read(*halves)
        half = half_of if texts is None else texts.half_of
        choices = None if spelling_halves is None else _choices(spelling_halves)
        sets = {name: read_pairs(path)[: documents or None] for name, path in files_by_set(pairs).items()}
        known = {} if misprints is None else read_misprints(misprints)
        if clean is not None:
            sets["clean"] = _clean_pairs(clean)
        fitting: dict[str, list[JudgedPassage]] = {}
        testing: dict[str, list[JudgedPassage]] = {}
        for name, found in sets.items():
            log.print(f"{name}: {len(found)} documents", highlight=False)
            sides: Sequence[list[TextPair]]
            if texts is None:
                sides = split_by_document(found, 0.5, seed)
            else:
                sides = tuple([pair for pair in found if half(pair) == number] for number in (0, 1))
            for into, side in zip((fitting, testing), sides, strict=True):
                into[name] = [forgiven(passage, known) for passage in _judged(corrector, side, choices, half)]
        report = calibrate(fitting, testing)
        table = calibration_markdown(report.to_dict())
        if output is not None:
            output.write_text(json.dumps(report.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if svg is not None:
            svg.write_text(calibration_svg(report), encoding="utf-8")
        if save is not None:
            everything = {name: [*fitting[name], *testing[name]] for name in fitting}
            fitted(everything).write(save)
        if page is not None:
            text = replace_between_markers(page.read_text(encoding="utf-8"), "calibration", table)
            page.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        log.print(f"error: {error}", style="red", highlight=False, markup=False)
        raise typer.Exit(1) from error
    print(table)


def _clean_pairs(path: Path) -> list[TextPair]:
    """Return each line of a file as a document that was read without an error."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [TextPair(line, line, f"{path.stem}-{number}", "synthetic") for number, line in enumerate(lines)]


def _choices(folder: Path) -> list[SpellingModel]:
    """Return for the documents of each half what was fitted on the other."""
    return [SpellingModel.read(half_path(folder, half)) for half in (1, 0)]


def _judged(
    corrector: Corrector,
    pairs: list[TextPair],
    choices: Sequence[SpellingModel] | None,
    half_of: Callable[[TextPair], int],
) -> Iterator[JudgedPassage]:
    """Yield passages of about a window's length with the edits that the corrector proposes, judged."""
    if choices is None:
        yield from _proposed(corrector, pairs)
        return
    if corrector.background.lexicon is None:
        raise ValueError("--spelling-halves is for a model with a lexicon")
    for number, spelling in enumerate(choices):
        corrector.respeller = Respeller(corrector.background.lexicon, spelling)
        yield from _proposed(corrector, [pair for pair in pairs if half_of(pair) == number])


def _proposed(corrector: Corrector, pairs: list[TextPair]) -> Iterator[JudgedPassage]:
    corrections = corrector.explain([pair.hypothesis for pair in pairs])
    max_chars = int(CORE_BYTES / BYTES_PER_CHAR)
    for pair, correction in zip(pairs, corrections, strict=True):
        yield from judge_document(pair, correction.edits, max_chars, corrector.background)


if __name__ == "__main__":
    typer.run(main)
