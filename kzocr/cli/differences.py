"""A correction -> its changed lines on the standard output, the changes marked."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING

from kzocr.edits import LINE_BREAKS

if TYPE_CHECKING:
    from kzocr.correction.passes import Correction


def print_diff(correction: Correction, label: str) -> None:
    """Print the changed lines: in colour on a terminal, else with [-before-]{+after+} marks."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    for number, pieces in _changed_lines(correction):
        line = Text(f"{label}:{number}: ", style="dim")
        for before, after in pieces:
            if before == after:
                line.append(before, style="not dim")
            elif console.is_terminal:
                line.append(before or "", style="not dim red strike")
                line.append(after, style="not dim green underline")
            else:
                line.append((f"[-{before}-]" if before else "") + (f"{{+{after}+}}" if after else ""))
        console.print(line)


def _changed_lines(correction: Correction) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Yield the number of each changed line, as `grep -n` counts them, with its pieces, (before, after).

    Lines whose line end an edit removed are one line, with the number of the first; ⏎ stands for the line end.
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
            pieces += [(kept, kept), (_in_one_line(edit.before), edit.after)]
            position = edit.end
            is_joined = position == end and edit.before.endswith("\n")
            edit = next(edits, None)
        if not is_last and (is_joined or (edit is not None and edit.start < end)):
            continue
        if pieces:
            rest = correction.original[position:end].rstrip("\r\n")
            yield first_number, [*pieces, (rest, rest)]
        if edit is None:
            return
        position, pieces, first_number = end, [], number + 1


def _in_one_line(text: str) -> str:
    """Return `text` with a sign for each line end."""
    lines = text.splitlines(keepends=True)
    return "".join(line.rstrip("".join(LINE_BREAKS)) + "⏎" * (line[-1] in LINE_BREAKS) for line in lines)
