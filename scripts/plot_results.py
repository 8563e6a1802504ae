"""Draw the results of the README: `python scripts/plot_results.py docs/results-*.json -o docs/results.svg`.

One panel a set: the character error rate that each corrector leaves, with its 95 % interval. The reports come from
`scripts/evaluate.py --no-passages -o docs/results-NAME.json`. Needs `pip install matplotlib`. Seconds on any computer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kzocr.figures.result_tables import read_reports

COLUMNS = 3
"""Panels beside each other."""


def draw(reports: list[dict[str, Any]], path: Path) -> None:
    """Write a picture of the error rates, in the format of the ending of `path`.

    Args:
        reports: of correctors, in the form of `report.json`; every set of the first has a panel, named as there.
        path: of the picture.

    Raises:
        KeyError: something is no report, or lacks a set that the first one has.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    names = [one["name"] for one in reports[0]["sets"]]
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "kzocr", "font.size": 9}):
        n_rows = -(-len(names) // COLUMNS)
        figure = Figure(figsize=(3.6 * COLUMNS, (0.8 + 0.28 * len(reports)) * n_rows), layout="constrained")
        for number, name in enumerate(names):
            panel = figure.add_subplot(n_rows, COLUMNS, number + 1)
            for row, report in enumerate(reports):
                rate = {one["name"]: one for one in report["sets"]}[name]["after"]["cer"]
                value, low, high = (100 * rate[key] for key in ("value", "low", "high"))
                colour = "#2f6fd0" if row == len(reports) - 1 else "#98a2b3"
                panel.barh(row, value, color=colour, xerr=[[value - low], [high - value]], ecolor="#1c2430", capsize=2)
                panel.text(high, row, f"  {value:.2f}", va="center")
            panel.set_yticks(range(len(reports)), [report["corrector"] for report in reports])
            panel.invert_yaxis()
            panel.margins(x=0.18)
            panel.set_xlim(left=0)
            panel.spines[["top", "right"]].set_visible(False)
            panel.set_title(name, loc="left", fontsize=10)
            panel.set_xlabel("characters wrong, %")
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main(
    reports: Annotated[list[Path], typer.Argument(help="JSON reports; the last corrector is highlighted.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture: NAME.svg or NAME.png.")],
) -> None:
    """Draw the error rates that the correctors of `reports` leave."""
    try:
        draw(read_reports(reports), output)
    except (OSError, ValueError, KeyError, ImportError) as error:
        hint = "; pip install matplotlib" if isinstance(error, ImportError) else ""
        typer.echo(f"error: {type(error).__name__}: {error}{hint}", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
