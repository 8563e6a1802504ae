"""What a channel does, as one HTML page that needs no network: spaces by letter, a confusion map, examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np

from kzocr.alignment import align, chunks
from kzocr.channel.model import ChannelModel
from kzocr.channel.rules import BOUNDARY
from kzocr.text import LOWER, UPPER

MIN_SHOWN_RATE = 0.001
N_COLUMNS = 36
N_LISTED = 60
SPACE = "▯"
"""How a spurious space is shown."""

EXAMPLE = (
    "Қазақстан Республикасы — Еуразия құрлығының орталығында орналасқан мемлекет. Ол тәуелсіздігін 1991 жылы "
    "16 желтоқсанда жариялады. Халқының көңілі кең, жері шұрайлы, өзен-көлдері мөлдір, ғылымы мен өнері өркен жайған."
)

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --faint: #667085; --line: #dfe3ea; --page: #fbfbfd;
  --card: #ffffff; --heat: 193, 72, 30; --bad: #ffd9d6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --faint: #98a2b3; --line: #333b49;
  --page: #14181f; --card: #1b212b; --heat: 255, 150, 90; --bad: #5a1f1c; } }
body { font: 16px/1.5 system-ui, "Noto Sans", sans-serif; color: var(--ink); background: var(--page);
  max-width: 76rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; }
p.note { color: var(--faint); font-size: .875rem; }
.scroll { overflow-x: auto; }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; }
.chips span { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .15rem .55rem;
  font-variant-numeric: tabular-nums; }
.chips b { font-size: 1.15rem; font-weight: 600; margin-right: .3rem; }
table { border-collapse: collapse; background: var(--card); font-size: .8rem; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid var(--line); text-align: center; min-width: 1.7rem; height: 1.7rem; padding: 0 .15rem; }
th { font-size: .95rem; } pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .8rem 1rem; white-space: pre-wrap; font: inherit; }
mark { background: var(--bad); color: inherit; border-radius: 2px; }
.bars td, .bars th { border: 0; text-align: right; height: 1.3rem; font-size: .85rem; font-weight: 400;
  padding: 0 .5rem; }
.bars .bar { background: rgb(var(--heat)); height: .8rem; border-radius: 2px; } .faint { color: var(--faint); }
"""


def channel_sheet(
    channels: Sequence[ChannelModel], title: str, rng: np.random.Generator, text: str = EXAMPLE, n_examples: int = 4
) -> str:
    """Return a self-contained HTML page about a channel, or about many documents' channels of one prior.

    Args:
        channels: one, or many draws of a prior; rates shown are their means.
        title: heading of the page.
        rng: draws the examples.
        text: what the examples are made of.
        n_examples: how many; each is from another channel where there are many.

    Returns:
        HTML 5 with its style inside; no script, no link, nothing is fetched.

    Raises:
        ValueError: there is no channel.
    """
    if not channels:
        raise ValueError("no channel to show")
    count = f"{len(channels)} documents drawn; rates are their means" if len(channels) > 1 else "one document"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="note">{count}. Rates are percentages of the places where the error could happen; '
        f"{SPACE} is a spurious space, ∅ a lost sign.</p>",
        *_severities(channels, text),
        *_examples(channels, rng, text, n_examples),
        "<h2>Spaces inside words</h2>",
        _chips({f"{letter}{SPACE}": rate for letter, rate in _mean(c.space_after for c in channels).items()}),
        _chips({f"{SPACE}{letter}": rate for letter, rate in _mean(c.space_before for c in channels).items()}),
        "<h2>What a letter is read as</h2>",
        _heat_map(channels),
        "<h2>Strings, and letters beside certain neighbours</h2>",
        _chips(_mean(_long_rules(channel) for channel in channels)),
        "<h2>Specks and doubled signs</h2>",
        _chips({_shown(output): rate for output, rate in _mean(c.insertions for c in channels).items()}, least=1e-5),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _severities(channels: Sequence[ChannelModel], text: str) -> list[str]:
    """Return how the documents' error rates are spread, as bars and in words; nothing for a single document."""
    if len(channels) < 2:
        return []
    rates = np.array([channel.expected_error_rate(text) for channel in channels])
    edges = (0.0, 0.001, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, np.inf)
    counts = [int(((low <= rates) & (rates < high)).sum()) for low, high in pairwise(edges)]
    rows = []
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        label = f"over {100 * low:g} %" if high == np.inf else f"{100 * low:g} to {100 * high:g} %"
        bar = f'<td><div class="bar" style="width: {30 * count / max(counts):.1f}em"></div></td>'
        rows.append(f"<tr><th>{label}</th>{bar}<td>{100 * count / len(rates):.0f} %</td></tr>")
    words = (
        f"Median {100 * float(np.median(rates)):.1f} %, mean {100 * float(rates.mean()):.1f} %, "
        f"{100 * float((rates < 0.1).mean()):.0f} % of the documents under 10 %."
    )
    return [
        "<h2>How much is misread</h2>",
        f'<p class="note">Documents by the share of characters that they misread. {words}</p>',
        f'<table class="bars">{"".join(rows)}</table>',
    ]


def _mean(tables: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean rate of each key over all tables; a key that a table lacks is 0 there."""
    total: dict[str, float] = {}
    n_tables = 0
    for table in tables:
        n_tables += 1
        for key, rate in table.items():
            total[key] = total.get(key, 0.0) + rate
    return {key: rate / max(n_tables, 1) for key, rate in total.items()}


def _examples(channels: Sequence[ChannelModel], rng: np.random.Generator, text: str, n_examples: int) -> list[str]:
    parts = ["<h2>Examples</h2>", f'<pre class="faint">{escape(text)}</pre>']
    for number in range(n_examples):
        noisy = channels[number % len(channels)].sample(text, rng)
        pieces = []
        for unit in chunks(align(reference=text, hypothesis=noisy)):
            shown = escape(unit.hypothesis) or "∅"
            if unit.kind == "insert" and unit.hypothesis.isspace():
                shown = SPACE
            title = escape(unit.reference or "nothing", quote=True)
            pieces.append(shown if unit.kind == "match" else f'<mark title="{title}">{shown}</mark>')
        parts.append(f"<pre>{''.join(pieces)}</pre>")
    return parts


def _chips(rates: Mapping[str, float], least: float = MIN_SHOWN_RATE) -> str:
    """Return the highest rates as labels."""
    ranked = sorted(rates.items(), key=lambda entry: (-entry[1], entry[0]))
    shown = [(key, rate) for key, rate in ranked[:N_LISTED] if rate >= least]
    if not shown:
        return '<p class="note">none</p>'
    return (
        '<div class="chips">'
        + "".join(f"<span><b>{escape(key)}</b>{_percent(rate)}</span>" for key, rate in shown)
        + "</div>"
    )


def _heat_map(channels: Sequence[ChannelModel]) -> str:
    """Return a table: rows are printed characters, columns what is read most often instead."""
    rates: dict[str, dict[str, float]] = {}
    for channel in channels:
        for rule in channel.rules:
            if len(rule.source) == 1 and not rule.left and not rule.right:
                row = rates.setdefault(rule.source, {})
                for output, rate in rule.outputs.items():
                    row[output] = row.get(output, 0.0) + rate / len(channels)
    rows = {source: row for source, row in rates.items() if max(row.values(), default=0.0) >= MIN_SHOWN_RATE}
    if not rows:
        return '<p class="note">nothing is misread</p>'
    weight: dict[str, float] = {}
    for row in rows.values():
        for output, rate in row.items():
            weight[output] = weight.get(output, 0.0) + rate
    columns = sorted(weight, key=lambda output: (-weight[output], output))[:N_COLUMNS]
    alphabet = LOWER + UPPER
    order = sorted(rows, key=lambda sign: (alphabet.find(sign) if sign in alphabet else len(alphabet), sign))
    head = "".join(f"<th>{escape(_shown(output))}</th>" for output in columns)
    lines = []
    for source in order:
        cells = "".join(_cell(rows[source].get(output, 0.0)) for output in columns)
        total = _percent(sum(rows[source].values()))
        lines.append(f"<tr><th>{escape(_shown(source))}</th><td>{total}</td>{cells}</tr>")
    return f'<div class="scroll"><table><tr><th></th><th>all</th>{head}</tr>{"".join(lines)}</table></div>'


def _cell(rate: float) -> str:
    if rate < MIN_SHOWN_RATE:
        return "<td></td>"
    depth = min(1.0, 0.12 + 0.88 * rate**0.5)
    return f'<td style="background: rgba(var(--heat), {depth:.2f})">{_percent(rate)}</td>'


def _long_rules(channel: ChannelModel) -> dict[str, float]:
    found = {}
    for rule in channel.rules:
        if len(rule.source) > 1 or rule.left or rule.right:
            left, right = (f"({_shown(side)})" if side else "" for side in (rule.left, rule.right))
            for output, rate in rule.outputs.items():
                found[f"{left}{_shown(rule.source)}{right} → {_shown(output)}"] = rate
    return found


def _shown(text: str) -> str:
    return text.replace("\n", "⏎").replace(BOUNDARY, "␣") or "∅"


def _percent(rate: float) -> str:
    return f"{100 * rate:.0f}" if rate >= 0.095 else f"{100 * rate:.1f}" if rate >= 0.0095 else f"{100 * rate:.2f}"
