"""A correction -> its changed lines on the standard output, the changes marked."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING

import typer

from kzocr.edits import LINE_BREAKS

if TYPE_CHECKING:
    from kzocr.correction.passes import Correction

_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: "␡"}
"""Control characters -> their pictures (a carriage return: ␍): a terminal shows none of them, or obeys."""

_IN_EDITS = {ord(character): "⏎" for character in LINE_BREAKS} | _CONTROLS | {ord("\t"): "␉"}


def print_diff(correction: Correction, label: str) -> None:
    """Print the changed lines: in colour on a terminal, else with [-before-]{+after+} marks.

    A control character is shown as its picture, such as ␍, a line end that was changed as ⏎.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    for number, pieces in _changed_lines(correction):
        place = f"{label}:{number}: "
        if not console.is_terminal:
            typer.echo(place + "".join(_marked(before, after) for before, after in pieces))
            continue
        line = Text(place, style="dim")
        for before, after in pieces:
            if before == after:
                line.append(before.translate(_CONTROLS), style="not dim")
            else:
                line.append(before.translate(_IN_EDITS), style="not dim red strike")
                line.append(after.translate(_IN_EDITS), style="not dim green underline")
        console.print(line)


def _marked(before: str, after: str) -> str:
    if before == after:
        return before.translate(_CONTROLS)
    old, new = before.translate(_IN_EDITS), after.translate(_IN_EDITS)
    return (f"[-{old}-]" if old else "") + (f"{{+{new}+}}" if new else "")


def _changed_lines(correction: Correction) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Yield the number of each changed line, as `grep -n` counts them, with its pieces, (before, after).

    Lines whose line end an edit removed are one line, with the number of the first.
    """
    edits = iter(correction.edits)
    edit = next(edits, None)
    position = end = 0
    first_number = 1
    pieces: list[tuple[str, str]] = []
    for number, line in enumerate(StringIO(correction.original), start=1):
        end += len(line)
        is_last = end == len(correction.original)
        is_joined = False
        while edit is not None and (edit.start < end or is_last) and edit.end <= end:
            kept = correction.original[position : edit.start]
            pieces += [(kept, kept), (edit.before, edit.after)]
            position = edit.end
            is_joined = position == end and edit.before.endswith("\n")
            edit = next(edits, None)
        if not is_last and (is_joined or (edit is not None and edit.start < end)):
            continue
        if pieces:
            rest = correction.original[position:end]
            if rest.endswith("\n"):
                rest = rest[:-1].removesuffix("\r")
            yield first_number, [*pieces, (rest, rest)]
        if edit is None:
            return
        position, pieces, first_number = end, [], number + 1
