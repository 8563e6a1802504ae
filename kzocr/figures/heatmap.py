"""Counts of single characters misread -> two HTML tables, before and after, in the same order and one scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from kzocr.confusion import script_of
from kzocr.metrics import share

CharacterCounts = Iterable[tuple[str, str, int]]
"""(printed, read, count); `""` read is nothing read."""

N_ROWS = 16
N_COLUMNS = 17


def heatmaps(before: CharacterCounts, after: CharacterCounts) -> tuple[str, str]:
    """Return HTML tables of what was printed (rows) and what was read (columns), before and after.

    The rows are the characters misread most often on either side, the columns what they were read as most often.
    Both tables have the same rows, columns and scale, so that what was mended is what fades; the darkness of a cell
    goes with the square root of its count.

    Returns:
        Two HTML fragments; both are empty where nothing was misread.
    """
    sides = [_cells(before), _cells(after)]
    greatest = Counter({cell: max(side[cell] for side in sides) for cell in {*sides[0], *sides[1]}})
    rows = _most(((printed, n) for (printed, _), n in greatest.items()), N_ROWS)
    columns = _most(((read, n) for (printed, read), n in greatest.items() if printed in rows), N_COLUMNS)
    if not rows:
        return "", ""
    scale = max(n for (printed, read), n in greatest.items() if printed in rows and read in columns)
    maps = [_table(side, rows, columns, scale) for side in sides]
    return maps[0], maps[1]


def visible(character: str) -> str:
    """Return HTML that shows a character: ␣ for a space, ∅ for nothing, Latin letters marked as such."""
    if not character:
        return '<i class="nothing" title="nothing">∅</i>'
    shown = escape(character.replace(" ", "␣").replace("\n", "⏎"))
    return f'<i class="latin" title="Latin">{shown}</i>' if script_of(character) == "latin" else shown


def _cells(counts: CharacterCounts) -> Counter[tuple[str, str]]:
    cells: Counter[tuple[str, str]] = Counter()
    for printed, read, n in counts:
        cells[printed, read] += n
    return cells


def _most(counts: Iterable[tuple[str, int]], n: int) -> list[str]:
    totals: Counter[str] = Counter()
    for character, count in counts:
        totals[character] += count
    return [character for character, _ in sorted(totals.items(), key=lambda entry: (-entry[1], entry[0]))[:n]]


def _table(cells: Counter[tuple[str, str]], rows: Sequence[str], columns: Sequence[str], scale: int) -> str:
    head = "".join(f"<th>{visible(read)}</th>" for read in columns)
    body = []
    for printed in rows:
        tds = []
        for read in columns:
            n = cells[printed, read]
            heat = share(n, scale) ** 0.5
            strong = ' class="strong"' if heat > 0.6 else ""
            tds.append(f'<td{strong} style="--heat:{heat:.2f}">{n}</td>' if n else "<td></td>")
        body.append(f"<tr><th>{visible(printed)}</th>{''.join(tds)}</tr>")
    return f'<table class="heat"><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
