"""Reports -> one HTML page that needs no network: totals, harm on clean text, kinds of error, examples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from kzocr.alignment import align
from kzocr.confusion import script_of
from kzocr.evaluation import CleanReport, Passage, Report, SetReport
from kzocr.metrics import Interval, fold_whitespace, share
from kzocr.text import nfc

N_CONFUSIONS_SHOWN = 15

_KIND_NAMES = {
    "space": "space",
    "case": "case",
    "look_alike": "look-alike",
    "kazakh_letter": "Kazakh letter",
    "letter": "other letter",
    "digit": "digit",
    "punctuation": "punctuation",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --faint: #667085; --line: #dfe3ea; --page: #fbfbfd;
  --card: #ffffff; --bad: #ffd9d6; --bad-ink: #a3160b; --good: #cdf1d8; --good-ink: #0b6b34; --bar: #4a7bd0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --faint: #98a2b3; --line: #333b49;
  --page: #14181f; --card: #1b212b; --bad: #5a1f1c; --bad-ink: #ffb4ab; --good: #17492c; --good-ink: #a6f0bf;
  --bar: #7ea6ef; } }
body { font: 16px/1.5 system-ui, "Noto Sans", sans-serif; color: var(--ink); background: var(--page);
  max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; } h3 { font-size: 1.05rem; }
p.note, figcaption, .where { color: var(--faint); font-size: .875rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; background: var(--card); font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: var(--faint);
  font-weight: 600; white-space: normal; vertical-align: bottom; }
td.bars { text-align: left; } td.bars b { display: inline-block; min-width: 3.5rem; text-align: right;
  font-weight: 400; }
small { color: var(--faint); } .bar { display: inline-block; height: .7rem; background: var(--bar);
  border-radius: 2px; vertical-align: middle; margin-left: .4rem; } .before .bar { opacity: .4; }
.passage { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem 1rem;
  margin: .7rem 0; overflow-wrap: anywhere; }
.passage dl { display: grid; grid-template-columns: 6rem 1fr; gap: .15rem .7rem; margin: .3rem 0 0; }
dt { color: var(--faint); } dd { margin: 0; white-space: pre-wrap; }
mark { background: var(--bad); color: var(--bad-ink); border-radius: 2px; }
mark.mended { background: var(--good); color: var(--good-ink); }
del { color: var(--bad-ink); opacity: .75; }
"""


def to_html(reports: Sequence[Report], title: str = "kzocr: evaluation") -> str:
    """Return one self-contained HTML page for reports on the same sets.

    Args:
        reports: one a corrector; the details and examples of each are shown below the common tables.
        title: heading of the page.

    Returns:
        HTML 5 with its style inside; no script, no link, nothing is fetched.

    Raises:
        ValueError: there are no reports, or they are on different sets.
    """
    if not reports:
        raise ValueError("no reports to show")
    names = [[entry.name for entry in report.sets] for report in reports]
    if any(other != names[0] for other in names):
        raise ValueError("the reports are on different sets")
    body = [
        f"<h1>{escape(title)}</h1>",
        '<p class="note">Rates are percentages, pooled over a set: (substitutions + insertions + deletions) '
        "/ length of the reference, whitespace folded. In brackets: 95 % bootstrap intervals over passages, "
        f"{reports[0].n_resamples:,} draws, seed {reports[0].seed}.</p>",
    ]
    for index, entry in enumerate(reports[0].sets):
        body.append(_totals(entry, [(report.corrector, report.sets[index]) for report in reports]))
    clean = [(report.corrector, report.clean) for report in reports if report.clean is not None]
    if clean:
        body.append(_clean_table(clean))
    body += [_details(report) for report in reports]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def coloured(*, reference: str, before: str, after: str) -> tuple[str, str]:
    """Return HTML of `before` and `after` with what is wrong marked, and in `after` what was mended.

    A wrong character is in `<mark>`, a missing one in `<del>`, a mended one in `<mark class="mended">`.

    Args:
        reference: the printed text.
        before: what was read.
        after: the corrected text.

    Returns:
        Two HTML fragments; all text is escaped.
    """
    reference, before, after = (fold_whitespace(nfc(text)) for text in (reference, before, after))
    wrong: set[int] = set()
    fragments = []
    for operation in align(reference=reference, hypothesis=before):
        fragments.append(_fragment(operation.kind, operation.reference, operation.hypothesis))
        if operation.kind in ("substitute", "delete"):
            wrong.add(operation.reference_start)
    mended = []
    for operation in align(reference=reference, hypothesis=after):
        is_mended = operation.kind == "match" and operation.reference_start in wrong
        kind = "mended" if is_mended else operation.kind
        mended.append(_fragment(kind, operation.reference, operation.hypothesis))
    return "".join(fragments), "".join(mended)


def _fragment(kind: str, reference: str, hypothesis: str) -> str:
    if kind == "match":
        return escape(hypothesis)
    if kind == "delete":
        return f"<del>{escape(reference)}</del>"
    if kind == "mended":
        return f'<mark class="mended">{escape(hypothesis)}</mark>'
    return f"<mark>{escape(hypothesis)}</mark>"


def _totals(first: SetReport, entries: Sequence[tuple[str, SetReport]]) -> str:
    rows = [
        [
            "as read",
            _with_bounds(first.before.cer),
            "",
            _percent(first.before.wer.value),
            _percent(first.before.cer_without_spaces),
            _percent(first.before.cer_mean.value),
            _percent(first.before.cer_normalised),
            *[""] * 4,
        ]
    ]
    for name, entry in entries:
        rows.append(
            [
                escape(name),
                _with_bounds(entry.after.cer),
                _with_bounds(entry.cer_reduction, 0),
                _percent(entry.after.wer.value),
                _percent(entry.after.cer_without_spaces),
                _percent(entry.after.cer_mean.value),
                _percent(entry.after.cer_normalised),
                _percent(entry.share_better.value, 0),
                _percent(entry.share_worse.value, 0),
                _percent(entry.hipe.cmer_micro),
                f"{entry.chars_per_second:,.0f}",
            ]
        )
    heading = (
        f"<h2>{escape(first.name)}</h2>\n<p class='note'>{first.n_documents:,} documents, "
        f"{first.n_passages:,} passages, {first.n_reference_chars:,} characters.</p>"
    )
    columns = ["", "CER", "CER reduction", "WER", "CER without spaces", "CER mean of passages"]
    columns += ["CER normalised", "passages better", "passages worse", "HIPE cMER", "chars/s"]
    return heading + _table(columns, rows)


def _clean_table(entries: Sequence[tuple[str, CleanReport]]) -> str:
    rows = [
        [
            escape(name),
            _with_bounds(clean.share_changed),
            f"{clean.n_lines_changed:,} of {clean.n_lines:,}",
            f"{clean.n_chars_changed:,} of {clean.n_chars:,}",
            _percent(clean.cer.value),
        ]
        for name, clean in entries
    ]
    columns = ["", "lines changed", "lines", "characters changed", "CER"]
    note = "<p class='note'>Text without errors: every change is harm.</p>"
    return f"<h2>Clean text</h2>{note}" + _table(columns, rows)


def _details(report: Report) -> str:
    parts = []
    for entry in report.sets:
        parts.append(f"<h2>{escape(report.corrector)} on {escape(entry.name)}</h2>")
        parts.append("<h3>Errors by kind, in characters</h3>" + _kinds(entry))
        parts.append("<h3>Most frequent confusions (printed → read)</h3>" + _confusions(entry))
        if entry.worst:
            parts.append("<h3>Worst passages</h3>" + "".join(_passage(passage) for passage in entry.worst))
        if entry.examples:
            parts.append("<h3>Examples</h3>" + "".join(_passage(passage) for passage in entry.examples))
    if report.clean is not None and report.clean.worst:
        parts.append(f"<h2>{escape(report.corrector)} on clean text</h2><h3>Lines changed most</h3>")
        parts += [_passage(passage) for passage in report.clean.worst]
    return "\n".join(parts)


def _kinds(entry: SetReport) -> str:
    before, after = entry.before.errors_by_kind, entry.after.errors_by_kind
    greatest = max([*before.values(), *after.values(), 1])

    def cell(n: int) -> str:
        return f'<b>{n:,}</b><span class="bar" style="width:{8 * share(n, greatest):.2f}rem"></span>'

    rows = [
        [
            _KIND_NAMES.get(kind, escape(kind)),
            f'<span class="before">{cell(n)}</span>',
            cell(after.get(kind, 0)),
        ]
        for kind, n in before.items()
    ]
    return _table(["", "as read", "corrected"], rows).replace("<td><", '<td class="bars"><')


def _confusions(entry: SetReport) -> str:
    before = {(printed, read): n for printed, read, n in entry.before.confusions}
    after = {(printed, read): n for printed, read, n in entry.after.confusions}
    ranked = sorted({**before, **after}, key=lambda pair: -max(before.get(pair, 0), after.get(pair, 0)))
    rows = [
        [f"{_visible(printed)} → {_visible(read)}", str(before.get(pair, 0)), str(after.get(pair, 0))]
        for pair in ranked[:N_CONFUSIONS_SHOWN]
        for printed, read in [pair]
    ]
    return _table(["", "as read", "corrected"], rows) if rows else "<p>None.</p>"


def _visible(text: str) -> str:
    if not text:
        return "<small>nothing</small>"
    script = " <small>Latin</small>" if script_of(text) == "latin" else ""
    return escape(text.replace(" ", "␣")) + script


def _passage(passage: Passage) -> str:
    before, after = coloured(
        reference=passage.reference, before=passage.hypothesis_before, after=passage.hypothesis_after
    )
    return (
        f'<div class="passage"><span class="where">{escape(passage.document_id)}, line {passage.line_number}'
        f": {passage.errors_before} → {passage.errors_after} errors</span><dl>"
        f"<dt>printed</dt><dd>{escape(fold_whitespace(passage.reference))}</dd>"
        f"<dt>read</dt><dd>{before}</dd><dt>corrected</dt><dd>{after}</dd></dl></div>"
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the cells are HTML."""
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _percent(fraction: float, digits: int = 2) -> str:
    return f"{100 * fraction:.{digits}f}" if math.isfinite(fraction) else "−∞"


def _with_bounds(interval: Interval, digits: int = 2) -> str:
    low, high = _percent(interval.low, digits), _percent(interval.high, digits)
    return f"{_percent(interval.value, digits)} <small>[{low}, {high}]</small>"


def to_markdown(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return Markdown tables of report dictionaries (`Report.to_dict`) on the same sets, one table a set.

    Raises:
        ValueError: there are no reports, or they are on different sets.
    """
    if not reports:
        raise ValueError("no reports to show")
    names = [entry["name"] for entry in reports[0]["sets"]]
    if any([entry["name"] for entry in report["sets"]] != names for report in reports):
        raise ValueError("the reports are on different sets")
    lines = []
    for column, name in enumerate(names):
        first = reports[0]["sets"][column]
        lines += [
            f"**{name}**: {first['n_documents']} documents, {first['n_passages']} passages, "
            f"{first['n_reference_chars']:,} characters",
            "",
            "| corrector | CER % [95 %] | change of CER | WER % | mean CER a passage % | passages better / worse % |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_markdown_row(report["corrector"], report["sets"][column]) for report in reports]
        lines.append("")
    if all(report["clean"] for report in reports):
        n_lines = reports[0]["clean"]["n_lines"]
        lines += [
            f"**clean text**: {n_lines} lines without errors",
            "",
            "| corrector | lines changed % [95 %] |",
            "|---|---|",
        ]
        lines += [
            f"| {report['corrector']} | {_with_interval(report['clean']['share_changed'])} |" for report in reports
        ]
        lines.append("")
    return "\n".join(lines)


def _markdown_row(name: str, entry: Mapping[str, Any]) -> str:
    after = entry["after"]
    change = round(-100 * entry["cer_reduction"]["value"])
    return (
        f"| {name} | {_with_interval(after['cer'])} | {f'{change:+d}' if change else '0'} % "
        f"| {100 * after['wer']['value']:.2f} | {100 * after['cer_mean']['value']:.2f} "
        f"| {100 * entry['share_better']['value']:.1f} / {100 * entry['share_worse']['value']:.1f} |"
    )


def _with_interval(interval: Mapping[str, float]) -> str:
    return f"{100 * interval['value']:.2f} [{100 * interval['low']:.2f}, {100 * interval['high']:.2f}]"


def replace_between_markers(page: str, name: str, content: str) -> str:
    """Return `page` with what stands between `<!-- name -->` and `<!-- end of name -->` replaced by `content`.

    Raises:
        ValueError: a marker is missing.
    """
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if start not in page or end not in page:
        raise ValueError(f"the page needs the markers {start} and {end}")
    head, rest = page.split(start, 1)
    tail = rest.split(end, 1)[1]
    return f"{head}{start}\n{content.strip()}\n{end}{tail}"
