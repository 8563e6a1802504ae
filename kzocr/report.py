"""Reports -> one HTML page that needs no network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from kzocr.alignment import align
from kzocr.bootstrap import Interval
from kzocr.evaluation import CleanReport, Passage, Rates, Report, SetReport
from kzocr.figures.heatmap import heatmaps, visible
from kzocr.figures.report_style import STYLE
from kzocr.metrics import cer_reduction, fold_whitespace, share
from kzocr.text import nfc

N_CONFUSIONS_SHOWN = 18
N_LETTERS_SHOWN = 12

_KIND_NAMES = {
    "space": "space",
    "case": "capital or small",
    "look_alike": "look-alike",
    "kazakh_letter": "Kazakh letter",
    "letter": "other letter",
    "digit": "digit",
    "punctuation": "punctuation",
}


def to_html(reports: Sequence[Report], title: str = "kzocr: evaluation", *, passages: bool = True) -> str:
    """Return one self-contained HTML page for reports on the same sets.

    Args:
        reports: one a corrector; the details and examples of each are shown below the common tables.
        title: heading of the page.
        passages: whether to show passages of the texts.

    Returns:
        HTML 5 with its style inside; no script, nothing is fetched.

    Raises:
        ValueError: there are no reports, or they are on different sets.
    """
    if not reports:
        raise ValueError("no reports to show")
    names = [[entry.name for entry in report.sets] for report in reports]
    if any(other != names[0] for other in names):
        raise ValueError("the reports are on different sets")
    links, sections = [], []
    for index, entry in enumerate(reports[0].sets):
        links.append((f"set-{index}", entry.name))
        body = _totals(entry, [(report.corrector, report.sets[index]) for report in reports])
        sections.append(f'<section id="set-{index}">{body}</section>')
    clean = [(report.corrector, report.clean) for report in reports if report.clean is not None]
    if clean:
        links.append(("clean", "clean text"))
        sections.append(f'<section id="clean">{_clean_table(clean)}</section>')
    for number, report in enumerate(reports):
        for index, entry in enumerate(report.sets):
            links.append((f"details-{number}-{index}", f"{report.corrector} on {entry.name}"))
            body = _details(report.corrector, entry, passages)
            sections.append(f'<section id="details-{number}-{index}">{body}</section>')
        if passages and report.clean is not None and report.clean.worst:
            sections.append(f"<section>{_harm(report.corrector, report.clean)}</section>")
    menu = "".join(f'<a href="#{place}">{escape(name)}</a>' for place, name in links)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{escape(title)}</h1>{_PREFACE}</header>\n<nav><div>{menu}</div></nav>\n<main>"
        + "\n".join(sections)
        + f"</main>\n<footer>Intervals: {reports[0].n_resamples:,} draws of the bootstrap over passages, seed "
        f"{reports[0].seed}. Every corrector was judged on the same draws.</footer>\n</body>\n</html>\n"
    )


def coloured(*, reference: str, before: str, after: str) -> tuple[str, str]:
    """Return HTML of `before` and `after` with what is wrong marked, and in `after` what was mended or harmed.

    A wrong character is in `<mark>`, a missing one in `<del>`, a mended one in `<mark class="mended">`; what was
    right before and is wrong after has the class `harmed`.

    Args:
        reference: the printed text.
        before: what was read.
        after: the corrected text.

    Returns:
        Two HTML fragments; all text is escaped.
    """
    reference, before, after = (fold_whitespace(nfc(text)) for text in (reference, before, after))
    wrong: set[int] = set()
    inserted: set[int] = set()
    fragments = []
    for operation in align(reference=reference, hypothesis=before):
        fragments.append(_fragment(operation.kind, operation.reference, operation.hypothesis))
        if operation.kind != "match":
            (inserted if operation.kind == "insert" else wrong).add(operation.reference_start)
    mended = []
    for operation in align(reference=reference, hypothesis=after):
        was_wrong = operation.reference_start in (inserted if operation.kind == "insert" else wrong)
        state = {(True, True): "mended", (False, False): "harmed"}.get((operation.kind == "match", was_wrong), "")
        mended.append(_fragment(operation.kind, operation.reference, operation.hypothesis, state))
    return "".join(fragments), "".join(mended)


def _fragment(kind: str, reference: str, hypothesis: str, state: str = "") -> str:
    attribute = f' class="{state}"' if state else ""
    if kind == "match":
        return f"<mark{attribute}>{escape(hypothesis)}</mark>" if state else escape(hypothesis)
    if kind == "delete":
        return f"<del{attribute}>{escape(reference)}</del>"
    return f"<mark{attribute}>{escape(hypothesis)}</mark>"


_PREFACE = (
    "<p>Rates are percentages, pooled over a set: (substitutions + insertions + deletions) / length of the "
    "reference, whitespace folded. Below a rate stands its 95 % bootstrap interval. “Normalised” ignores case and "
    "punctuation, as HIPE-OCRepair does. A passage is a line.</p>"
)


def _totals(first: SetReport, entries: Sequence[tuple[str, SetReport]]) -> str:
    highest = max([first.before.cer.high, *(entry.after.cer.high for _, entry in entries), 1e-9])
    cer, *others = _rate_cells(first.before, highest)
    rows = [["as read", cer, "", "", *others, _with_bounds(first.hipe_cmer_before), ""]]
    for name, entry in entries:
        cer, *others = _rate_cells(entry.after, highest)
        removed, speed = _with_bounds(entry.cer_reduction, 0), f"{entry.chars_per_second:,.0f}"
        rows.append([escape(name), cer, removed, _split(entry), *others, _with_bounds(entry.hipe_cmer), speed])
    columns = ["", "CER", "errors removed", "passages better / same / worse", "WER", "CER normalised", "WER normalised"]
    columns += ["CER, mean of passages", "WER, mean of passages", "CER without spaces", "HIPE cMER"]
    columns += ["characters a second"]
    table = _table(columns, rows).replace("<tbody><tr>", '<tbody><tr class="read">')
    heading = (
        f"<h2>{escape(first.name)}</h2>\n<p class='note'>{first.n_documents:,} documents, "
        f"{first.n_passages:,} passages, {first.n_reference_chars:,} characters.</p>"
    )
    return heading + (_cards(*entries[0]) if len(entries) == 1 else "") + table


def _rate_cells(rates: Rates, highest: float) -> list[str]:
    return [
        _with_bounds(rates.cer) + _range(rates.cer, highest),
        _with_bounds(rates.wer),
        _with_bounds(rates.cer_normalised),
        _with_bounds(rates.wer_normalised),
        _with_bounds(rates.cer_mean),
        _with_bounds(rates.wer_mean),
        _with_bounds(rates.cer_spaceless),
    ]


def _range(interval: Interval, highest: float) -> str:
    """Return a bar for the interval with a line at the value; all of one table share the scale."""
    left, width = share(interval.low, highest), share(interval.high - interval.low, highest)
    return (
        f'<span class="range"><i style="left:{100 * left:.1f}%;width:{100 * width:.1f}%"></i>'
        f'<b style="left:{100 * share(interval.value, highest):.1f}%"></b></span>'
    )


def _split(entry: SetReport) -> str:
    better, same, worse = (s.value for s in (entry.share_better, entry.share_same, entry.share_worse))
    return (
        f'<span class="split"><b style="width:{100 * better:.1f}%"></b><i style="width:{100 * worse:.1f}%"></i></span>'
        f"<small>{_percent(better, 1)} / {_percent(same, 1)} / {_percent(worse, 1)}</small>"
    )


def _cards(name: str, entry: SetReport) -> str:
    cards = [
        ("character error rate", entry.before.cer.value, entry.after.cer),
        ("word error rate", entry.before.wer.value, entry.after.wer),
    ]
    shown = [
        f'<div class="card"><span>{label}</span><strong><s>{_percent(before)} →</s> {_percent(after.value)} %</strong>'
        f"<span>95 %: {_percent(after.low)} to {_percent(after.high)}</span></div>"
        for label, before, after in cards
    ]
    facts = [
        ("errors removed", f"{_percent(entry.cer_reduction.value, 0)} %", entry.cer_reduction, 0),
        ("passages made worse", f"{_percent(entry.share_worse.value, 1)} %", entry.share_worse, 1),
    ]
    shown += [
        f'<div class="card"><span>{label}</span><strong>{value}</strong>'
        f"<span>95 %: {_percent(interval.low, digits)} to {_percent(interval.high, digits)}</span></div>"
        for label, value, interval, digits in facts
    ]
    return f'<div class="cards" aria-label="{escape(name)}">{"".join(shown)}</div>'


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


def _details(name: str, entry: SetReport, passages: bool) -> str:
    before, after = entry.before, entry.after
    kinds = {_KIND_NAMES.get(kind, kind): kind for kind in before.errors_by_kind}
    by_kind = [(label, before.errors_by_kind[kind], after.errors_by_kind[kind]) for label, kind in kinds.items()]
    scripts = sorted({*before.errors_by_script, *after.errors_by_script})
    by_script = [(s, before.errors_by_script.get(s, 0), after.errors_by_script.get(s, 0)) for s in scripts]
    parts = [
        f"<h2>{escape(name)} on {escape(entry.name)}</h2>",
        '<div class="columns three"><div><h3>Errors by kind, in characters</h3>' + _bars(by_kind),
        "<h3>Errors by script of what was printed</h3>" + _bars(by_script),
        "</div><div><h3>Characters misread most often</h3>" + _letters(before, after),
        "</div><div><h3>Most frequent confusions</h3>" + _confusions(entry) + "</div></div>",
        _heat(before, after),
        _bands(entry),
    ]
    if passages:
        if entry.worst:
            parts.append("<h3>Worst passages first</h3>" + _LEGEND + "".join(map(_passage, entry.worst)))
        if entry.examples:
            shown = "".join(map(_passage, entry.examples))
            n = len(entry.examples)
            parts.append(f"<details><summary>{n} changed passages from all over the set</summary>{shown}</details>")
    return "\n".join(parts)


_LEGEND = (
    '<p class="legend"><span><mark>wrong</mark></span><span><del>missing</del></span>'
    '<span><mark class="mended">mended</mark></span>'
    '<span><mark class="harmed">right before, wrong now</mark></span></p>'
)


def _harm(name: str, clean: CleanReport) -> str:
    passages = "".join(map(_passage, clean.worst))
    return f"<h2>{escape(name)} on clean text</h2><h3>Lines changed most</h3>{_LEGEND}{passages}"


def _bars(entries: Sequence[tuple[str, int, int]]) -> str:
    greatest = max([n for _, *sides in entries for n in sides] + [1])

    def cell(n: int) -> str:
        return f'<b>{n:,}</b><span class="bar" style="width:{4 * share(n, greatest):.2f}rem"></span>'

    rows = [[escape(label), f'<span class="faded">{cell(n)}</span>', cell(m)] for label, n, m in entries]
    return _table(["", "as read", "corrected"], rows).replace("<td><", '<td class="bars"><')


def _letters(before: Rates, after: Rates) -> str:
    later = {letter: wrong for letter, _, wrong in after.letters}
    rows = [
        [
            visible(letter),
            f"{printed:,}",
            f"{wrong:,}<small>{_percent(share(wrong, printed), 1)} %</small>",
            f"{later.get(letter, 0):,}<small>{_percent(share(later.get(letter, 0), printed), 1)} %</small>",
        ]
        for letter, printed, wrong in before.letters[:N_LETTERS_SHOWN]
        if wrong or later.get(letter)
    ]
    return _table(["", "printed", "misread", "corrected"], rows) if rows else "<p>None.</p>"


def _heat(before: Rates, after: Rates) -> str:
    maps = heatmaps(before.letter_confusions, after.letter_confusions)
    if not maps[0]:
        return ""
    shown = "".join(
        f'<div><h3>{label}</h3><div class="scroll plain">{table}</div></div>'
        for label, table in zip(("Single characters, as read", "The same, corrected"), maps, strict=True)
    )
    note = (
        '<p class="note">Rows: printed; columns: read. ∅ is nothing, ␣ a space; a dotted line marks Latin letters. '
        "Both maps have one scale.</p>"
    )
    return f'<div class="columns">{shown}</div>{note}'


def _bands(entry: SetReport) -> str:
    if len(entry.bands) < 2:
        return ""
    rows = [
        [
            escape(band.name),
            f"{band.n_documents:,}",
            _percent(band.before.rate),
            _percent(band.after.rate),
            _percent(cer_reduction(cer_before=band.before.rate, cer_after=band.after.rate), 0),
        ]
        for band in entry.bands
    ]
    columns = ["CER as read", "documents", "CER, all of them, as read", "corrected", "errors removed"]
    return "<h3>Documents by how badly they were read</h3>" + _table(columns, rows)


def _confusions(entry: SetReport) -> str:
    before = {(printed, read): n for printed, read, n in entry.before.confusions}
    after = {(printed, read): n for printed, read, n in entry.after.confusions}
    ranked = sorted({**before, **after}, key=lambda pair: -max(before.get(pair, 0), after.get(pair, 0)))
    rows = [
        [f"{visible(printed)} → {visible(read)}", str(before.get(pair, 0)), str(after.get(pair, 0))]
        for pair in ranked[:N_CONFUSIONS_SHOWN]
        for printed, read in [pair]
    ]
    return _table(["printed → read", "as read", "corrected"], rows) if rows else "<p>None.</p>"


def _passage(passage: Passage) -> str:
    before, after = coloured(
        reference=passage.reference, before=passage.hypothesis_before, after=passage.hypothesis_after
    )
    change = passage.errors_after - passage.errors_before
    verdict = f' <span class="{"worse" if change > 0 else "better"}">{change:+d}</span>' if change else ""
    return (
        f'<div class="passage"><span class="where">{escape(passage.document_id)}, line {passage.line_number}'
        f": {passage.errors_before} → {passage.errors_after} errors{verdict}</span>"
        f'<div class="printed"><span class="label">printed</span>{escape(fold_whitespace(passage.reference))}</div>'
        f'<div class="sides"><div><span class="label">read</span>{before}</div>'
        f'<div><span class="label">corrected</span>{after}</div></div></div>'
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], style: str = "scroll") -> str:
    """Return a table; the cells are HTML."""
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="{style}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _percent(fraction: float, digits: int = 2) -> str:
    return f"{100 * fraction:.{digits}f}" if math.isfinite(fraction) else "−∞"


def _with_bounds(interval: Interval, digits: int = 2) -> str:
    low, high = _percent(interval.low, digits), _percent(interval.high, digits)
    return f"{_percent(interval.value, digits)}<small>{low} to {high}</small>"
