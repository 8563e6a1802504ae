"""The report of an adaptation as a text for people."""

from __future__ import annotations

from collections.abc import Callable

from kzocr.adaptation.judgement import Judgement
from kzocr.adaptation.run import AdaptationReport
from kzocr.bootstrap import Interval


def summary(report: AdaptationReport) -> str:
    """Return what was measured before and after, whether the model was kept, and what none of it shows."""
    kind = "passages" if report.by_passage else "documents"
    n_learnt, n_held_out = report.n_documents
    before, after = report.before, report.after
    lines = [
        f"{n_learnt} {kind} learnt from ({report.n_misreadings:,} misreadings counted), {n_held_out} held out "
        f"({before.held_out.n_chars:,} characters); share of new weights {report.blend:.0%}",
        "",
        _row("", "before", "after"),
        *(_row(what, value(before), value(after)) for what, value in _MEASURES.items()),
        *_pairs_rows(before, after),
        "",
        f"As read {report.known_words_read:.1%} of the held-out words were known; the clean text has "
        f"{report.clean_kazakh_letters:.1%} Kazakh letters.",
    ]
    if before.pairs is None:
        lines.append("Without printed text nobody knows the error rate: more known words are a sign, not a proof.")
    if report.model is None:
        lines += ["", "Not kept: " + "; ".join(report.objections) + "."]
    else:
        lines += ["", f"Kept: {report.model} (kzocr correct --model {report.model} ...)"]
    return "\n".join(lines)


_MEASURES: dict[str, Callable[[Judgement], str]] = {
    "clean lines changed": lambda j: f"{j.clean.n_lines_changed} of {j.clean.n_lines}",
    "held out: characters changed": lambda j: f"{j.held_out.share_changed:.2%}",
    "held out: mean confidence": lambda j: f"{j.held_out.mean_confidence:.2f}",
    "held out: known words": lambda j: f"{j.held_out.known_words:.1%}",
    "held out: Kazakh letters": lambda j: f"{j.held_out.kazakh_letters:.1%}",
}


def _pairs_rows(before: Judgement, after: Judgement) -> list[str]:
    if before.pairs is None or after.pairs is None:
        return []
    return [
        _row("pairs: CER as read", "", _rate(before.pairs.cer_before)),
        _row("pairs: CER", _rate(before.pairs.cer_after), _rate(after.pairs.cer_after)),
        _row("pairs: WER", _rate(before.pairs.wer_after), _rate(after.pairs.wer_after)),
    ]


def _rate(interval: Interval) -> str:
    return f"{interval.value:.2%} [{interval.low:.2%}, {interval.high:.2%}]"


def _row(what: str, before: str, after: str) -> str:
    return f"{what:<30}{before:>26}{after:>26}".rstrip()
