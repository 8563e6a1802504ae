"""How far a corrector may run unattended: what it does to clean text, whether a second run changes anything, what
it keeps and why; and the pages of these figures and of its calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from kzocr.bootstrap import N_RESAMPLES, SEED, Interval, bootstrap_mean
from kzocr.confidence.calibration import CalibrationReport, Reliability
from kzocr.edits import Edit
from kzocr.figures.charts import Curve, Panel, to_svg
from kzocr.figures.result_tables import percent_with_interval
from kzocr.metrics import ErrorCounts, character_counts, share
from kzocr.pairs import TextPair


class Explained(Protocol):
    """What a corrector tells about one text: see `kzocr.corrector.Correction`."""

    @property
    def text(self) -> str:
        """The corrected text."""

    @property
    def edits(self) -> Sequence[Edit]:
        """What was changed."""

    @property
    def kept(self) -> Mapping[str, int]:
        """How often it declined, by reason."""


class Explainer(Protocol):
    """A corrector that explains lists of texts."""

    def __call__(self, text: list[str], /) -> Sequence[Explained]:
        """Return what is done to each text."""


@dataclass(frozen=True)
class CleanDomain:
    """What was done to the clean lines of one domain, each given as a text of its own.

    Attributes:
        name: the domain.
        n_lines: lines given.
        n_lines_changed: lines that came back different.
        share_changed: their share, with its 95 % bootstrap interval.
        n_chars: characters given.
        n_edits: edits made.
        kept: what was declined, by reason.
    """

    name: str
    n_lines: int
    n_lines_changed: int
    share_changed: Interval
    n_chars: int
    n_edits: int
    kept: dict[str, int]


@dataclass(frozen=True)
class PairSet:
    """What was done to the passages of one set of pairs, each given as a text of its own, once and once more.

    Attributes:
        name: the set.
        n_passages: passages given.
        n_passages_changed: passages that the first run changed.
        n_unstable: passages that the second run changed again.
        share_stable: share of passages for which `correct(correct(x)) == correct(x)`, with its 95 % interval.
        n_edits: edits that the first run made.
        kept: what the first run declined, by reason.
        cer_before: pooled character error rate as it was read.
        cer_once: the same after the first run.
        cer_twice: the same after the second.
    """

    name: str
    n_passages: int
    n_passages_changed: int
    n_unstable: int
    share_stable: Interval
    n_edits: int
    kept: dict[str, int]
    cer_before: float
    cer_once: float
    cer_twice: float


@dataclass(frozen=True)
class Unstable:
    """A passage that a second run changed again.

    Attributes:
        document_id: where it is from.
        once: after the first run.
        twice: after the second.
    """

    document_id: str
    once: str
    twice: str


@dataclass(frozen=True)
class TrustReport:
    """What a corrector does to clean text, what a second run does, and what it keeps.

    Attributes:
        clean: one entry a domain.
        sets: one entry a set of pairs.
    """

    clean: tuple[CleanDomain, ...]
    sets: tuple[PairSet, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values; it holds no text."""
        return asdict(self)


def measure_clean(explain: Explainer, domains: Mapping[str, Sequence[str]]) -> tuple[CleanDomain, ...]:
    """Return what a corrector does to clean lines.

    Args:
        explain: the corrector.
        domains: name -> lines without errors.
    """
    found = []
    for name, lines in domains.items():
        explained = explain(list(lines))
        changed = [float(item.text != line) for line, item in zip(lines, explained, strict=True)]
        found.append(
            CleanDomain(
                name,
                len(lines),
                int(sum(changed)),
                bootstrap_mean(changed, n_resamples=N_RESAMPLES, seed=SEED),
                sum(map(len, lines)),
                sum(len(item.edits) for item in explained),
                _kept(explained),
            )
        )
    return tuple(found)


def measure_pairs(
    explain: Explainer, sets: Mapping[str, Sequence[TextPair]]
) -> tuple[tuple[PairSet, ...], list[Unstable]]:
    """Return what a corrector does to passages in a first and a second run, and those that the second changed.

    Args:
        explain: the corrector.
        sets: name -> passages.
    """
    found = []
    unstable: list[Unstable] = []
    for name, passages in sets.items():
        once = explain([passage.hypothesis for passage in passages])
        twice = explain([item.text for item in once])
        stable = [float(first.text == second.text) for first, second in zip(once, twice, strict=True)]
        unstable += [
            Unstable(passage.document_id, first.text, second.text)
            for passage, first, second in zip(passages, once, twice, strict=True)
            if first.text != second.text
        ]
        rates = [
            sum(
                (character_counts(reference=p.reference, hypothesis=t) for p, t in zip(passages, texts, strict=True)),
                ErrorCounts(),
            ).rate
            for texts in (
                [passage.hypothesis for passage in passages],
                [item.text for item in once],
                [item.text for item in twice],
            )
        ]
        found.append(
            PairSet(
                name,
                len(passages),
                sum(item.text != passage.hypothesis for passage, item in zip(passages, once, strict=True)),
                len(stable) - int(sum(stable)),
                bootstrap_mean(stable, n_resamples=N_RESAMPLES, seed=SEED),
                sum(len(item.edits) for item in once),
                _kept(once),
                *rates,
            )
        )
    return tuple(found), unstable


def _kept(explained: Sequence[Explained]) -> dict[str, int]:
    return dict(sum((Counter(item.kept) for item in explained), Counter()).most_common())


def trust_markdown(report: Mapping[str, Any]) -> str:
    """Return the Markdown tables of a `TrustReport.to_dict()`."""
    lines = []
    if report["clean"]:
        lines += ["| clean lines of | lines | changed | % changed [95 %] | edits a million characters |"]
        lines += ["|---|---|---|---|---|"]
        for entry in report["clean"]:
            edits = 1e6 * share(entry["n_edits"], entry["n_chars"])
            lines.append(
                f"| {entry['name']} | {entry['n_lines']} | {entry['n_lines_changed']} "
                f"| {percent_with_interval(entry['share_changed'])} | {edits:.0f} |"
            )
        total, changed = (sum(entry[key] for entry in report["clean"]) for key in ("n_lines", "n_lines_changed"))
        lines += [f"| **all** | {total} | {changed} | {100 * share(changed, total):.2f} | |", ""]
    if report["sets"]:
        lines += [
            "| set | passages | unchanged by a second run, % [95 %] | CER % as read | after one run | after two |",
            "|---|---|---|---|---|---|",
        ]
        for entry in report["sets"]:
            rates = " | ".join(f"{100 * entry[key]:.2f}" for key in ("cer_before", "cer_once", "cer_twice"))
            stable = percent_with_interval(entry["share_stable"])
            lines.append(f"| {entry['name']} | {entry['n_passages']} | {stable} | {rates} |")
        total, unstable = (sum(entry[key] for entry in report["sets"]) for key in ("n_passages", "n_unstable"))
        lines += [f"| **all** | {total} | {100 * share(total - unstable, total):.2f} | | | |", ""]
    entries = [*report["clean"], *report["sets"]]
    reasons = sorted({reason for entry in entries for reason in entry["kept"]})
    if reasons:
        lines += [f"| declined in | edits made | {' | '.join(reasons)} |", "|---" * (len(reasons) + 2) + "|"]
        for entry in entries:
            counts = " | ".join(str(entry["kept"].get(reason, 0)) for reason in reasons)
            lines.append(f"| {entry['name']} | {entry['n_edits']} | {counts} |")
    return "\n".join(lines).strip() + "\n"


def calibration_markdown(report: Mapping[str, Any]) -> str:
    """Return the Markdown tables of a `CalibrationReport.to_dict()`."""
    calibration, raw, after = report["calibration"], report["raw"], report["calibrated"]
    lines = [
        f"Fitted on {calibration['n_edits']:,} edits of {report['n_documents_fitted']} documents; tested on "
        f"{after['n_edits']:,} edits of {report['n_documents_tested']} other documents, of which "
        f"{100 * after['share_right']:.1f} % help and the others harm; {report['n_neutral']:,} more do neither.",
        "",
        "| feature | nats an edit that it is worth |",
        "|---|---|",
        *(f"| {name} | {nats:.4f} |" for name, nats in sorted(report["worth"].items(), key=lambda item: -item[1])),
        "",
        "| | expected calibration error | Brier score |",
        "|---|---|---|",
        f"| the model's probability | {raw['expected_calibration_error']:.4f} | {raw['brier']:.4f} |",
        f"| calibrated confidence | {after['expected_calibration_error']:.4f} | {after['brier']:.4f} |",
        "",
        "| calibrated confidence | edits | mean confidence | share that helps |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {b['low']:.1f} to {b['high']:.1f} | {b['n_edits']} | {b['mean_confidence']:.3f} | {b['share_right']:.3f} |"
        for b in after["bins"]
        if b["n_edits"]
    ]
    lines += [
        "",
        "| `min_confidence` | edits | precision % | recall % | CER % before | CER % after |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {t['min_confidence']:g} | {t['n_edits']} | {100 * t['precision']:.1f} | {100 * t['recall']:.1f} "
        f"| {100 * t['cer_before']:.2f} | {100 * t['cer_after']:.2f} |"
        for t in report["trade_offs"]
    ]
    lines += ["", "| set | edits | share that helps | expected calibration error |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {r['n_edits']} | {r['share_right']:.3f} | {r['expected_calibration_error']:.4f} |"
        for name, r in report["by_set"].items()
    ]
    return "\n".join(lines) + "\n"


def calibration_svg(report: CalibrationReport) -> str:
    """Return a picture: the reliability diagram, and precision and recall over `min_confidence`."""
    offs = report.trade_offs
    return to_svg(
        [
            Panel(
                "Reliability",
                "confidence",
                "share of edits that help",
                [_bins("model's probability", report.raw), _bins("calibrated", report.calibrated)],
                has_diagonal=True,
            ),
            Panel(
                "What min_confidence costs and buys",
                "min_confidence",
                "share",
                [
                    Curve("precision", [(t.min_confidence, t.precision) for t in offs if t.n_edits]),
                    Curve("recall", [(t.min_confidence, min(1.0, t.recall)) for t in offs]),
                ],
            ),
        ]
    )


def _bins(name: str, reliability: Reliability) -> Curve:
    filled = [b for b in reliability.bins if b.n_edits]
    largest = max((b.n_edits for b in filled), default=1)
    return Curve(
        name, [(b.mean_confidence, b.share_right) for b in filled], [share(b.n_edits, largest) for b in filled]
    )
