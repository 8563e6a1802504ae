"""Training metadata + reports -> the model card of the Hub, filled in and checked.

The card is a template whose placeholders (`{{ name }}`) are filled in from the training metadata and the reports
of `scripts/evaluate.py`; nothing in it is typed by hand, and a value that is missing is an error that names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from kzocr.cards import history
from kzocr.cards.history import CardError, markdown_table

CORRECTOR = "kzocr"
"""Name of this project's corrector in reports."""

REPORT_NAME = "report.json"
EXCERPT_CHARS = 160
"""Of a passage that went wrong the card shows as much; it may be a whole document of a text under copyright."""


def render_card(
    template: str,
    metadata: Mapping[str, Any],
    reports: Sequence[Mapping[str, Any]],
    *,
    repo: str | None = None,
    companions: Mapping[str, str] | None = None,
) -> str:
    """Return the model card: `template` with every placeholder filled in.

    Args:
        template: Markdown with `{{ name }}` placeholders; the names are those of `CARD_FIELDS`.
        metadata: `training.json` of a model folder.
        reports: what `scripts/evaluate.py -o` wrote, one report a corrector; one of them is of `kzocr`.
        repo: name on the Hub; the name of the run if it is not given.
        companions: files beside the weights that the corrector uses -> what is in each.

    Raises:
        CardError: a placeholder is unknown, or what fills it is missing or empty; the message names it.
    """
    run_name = str(history.field(metadata, "config.name"))
    facts = _Facts(metadata, own_report(reports), reports, repo or run_name, companions or {})

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in CARD_FIELDS:
            raise CardError(f"model card: no value for the placeholder {name!r}")
        value = CARD_FIELDS[name](facts)
        if not value.strip():
            raise CardError(f"model card: the field {name!r} is empty")
        return value

    card = re.sub(r"\{\{\s*(\w+)\s*\}\}", fill, template)
    if "{{" in card or "}}" in card:
        raise CardError("model card: a placeholder was not filled in")
    return card


def own_report(reports: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the one report of kzocr.

    Raises:
        CardError: there is none, or there are several.
    """
    own = [report for report in reports if report.get("corrector") == CORRECTOR]
    if len(own) != 1:
        raise CardError(f"the report has {len(own)} entries with corrector {CORRECTOR!r}: expected one")
    return own[0]


def published_reports(reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the reports as they may be seen by everybody: the figures, and of the passages what the card shows.

    Texts may be under copyright, or nobody else's business; so of each set the worst passage of kzocr stays, cut as
    in the card and without the name of its document, and no other.
    """
    return [_published(report, shows=report.get("corrector") == CORRECTOR) for report in reports]


def _published(report: Mapping[str, Any], shows: bool) -> dict[str, Any]:
    def entry(entry: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in entry.items() if key not in ("worst", "examples")}
        return {**kept, "worst": [_cut(passage) for passage in entry.get("worst", ())[:1]]} if shows else kept

    clean = report.get("clean")
    sets = [entry(one) for one in report.get("sets", ())]
    return {**report, "sets": sets, "clean": entry(clean) if clean else clean}


def _cut(passage: Mapping[str, Any]) -> dict[str, Any]:
    texts = {key: _excerpt(passage[key]) for key in ("reference", "hypothesis_before", "hypothesis_after")}
    return {**texts, "errors_before": passage["errors_before"], "errors_after": passage["errors_after"]}


def check_card(card: str) -> None:
    """Raise unless huggingface_hub reads the front matter of `card` and its results; needs no network.

    Raises:
        CardError: the front matter is missing, no YAML, or its `model-index` is not as the Hub wants it.
    """
    from huggingface_hub import ModelCard

    if not card.startswith("---\n"):
        raise CardError("model card: no YAML front matter")
    try:
        data = ModelCard(card, ignore_metadata_errors=False).data
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise CardError(f"model card: {error}") from error
    if not getattr(data, "eval_results", None):
        raise CardError("model card: no results in model-index")
    for key in ("language", "license", "library_name", "tags", "metrics"):
        if not data.get(key):
            raise CardError(f"model card: no {key!r} in the front matter")


@dataclass(frozen=True)
class _Facts:
    """What a card is made of: the metadata, the report of kzocr, those of all correctors, and what lies beside."""

    metadata: Mapping[str, Any]
    own: Mapping[str, Any]
    reports: Sequence[Mapping[str, Any]]
    repo: str
    companions: Mapping[str, str]

    def trained(self, key: str) -> Any:
        return history.field(self.metadata, key)

    def measured(self, key: str) -> Any:
        return _field(self.own, key)


def _field(report: Mapping[str, Any], key: str) -> Any:
    """Return the value of a dotted key of a report, or of a part of one; it is neither missing nor empty."""
    return history.field(report, key, REPORT_NAME)


def _front_matter(facts: _Facts) -> str:
    """Return the part of the front matter that depends on the run: parent, data sets of the Hub, results."""
    data: dict[str, Any] = {}
    *_, first = history.runs(facts.metadata)
    parent = str(history.field(first, "config.model.init"))
    if re.fullmatch(r"[\w.-]+/[\w.-]+", parent) and not first.get("parent"):
        data["base_model"] = parent
    on_hub = sorted({name for name in history.sources(facts.metadata) if "/" in name})
    if on_hub:
        data["datasets"] = on_hub
    data["model-index"] = [{"name": facts.trained("config.name"), "results": _results(facts)}]
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False)).rstrip()


def _results(facts: _Facts) -> list[dict[str, Any]]:
    return [
        {
            # A task of its own for every set: YAML writes an object that it sees twice as a reference to the first.
            "task": {"type": "text2text-generation", "name": "post-OCR correction"},
            "dataset": {"name": _field(entry, "name"), "type": _slug(entry["name"])},
            "metrics": [
                {
                    "type": kind,
                    "name": f"{kind.upper()} after correction, %",
                    "value": _rounded(entry, f"after.{kind}.value"),
                }
                for kind in ("cer", "wer")
            ],
        }
        for entry in facts.measured("sets")
    ]


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name).strip("-").lower()


def _rounded(entry: Mapping[str, Any], key: str) -> float:
    return round(100 * float(_field(entry, key)), 3)


def _percent(fraction: float | None, digits: int = 2) -> str:
    return "–" if fraction is None else f"{100 * fraction:.{digits}f}"


def _interval(entry: Mapping[str, Any], key: str, digits: int = 2) -> str:
    """Return `value [low, high]` in percent; a rate that is not defined is a dash."""
    interval = _field(entry, key)
    value, low, high = (_percent(interval.get(part), digits) for part in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _evaluation_table(facts: _Facts) -> str:
    rows = []
    for number, first in enumerate(facts.measured("sets")):
        before = _interval(first, "before.cer")
        rows.append([first["name"], "as read", before, _interval(first, "before.wer"), "", "", ""])
        for report in facts.reports:
            entry = _field(report, "sets")[number]
            if entry["name"] != first["name"]:
                raise CardError(f"{REPORT_NAME}: the reports are on different sets")
            if report["corrector"] == "identity":
                continue
            cells = [_interval(entry, "after.cer"), _interval(entry, "after.wer"), _interval(entry, "cer_reduction", 0)]
            shares = [_percent(_field(entry, f"{key}.value"), 1) for key in ("share_better", "share_worse")]
            rows.append([first["name"], str(report["corrector"]), *cells, *shares])
    columns = ["set", "corrector", "CER %", "WER %", "CER reduction %", "passages better %", "passages worse %"]
    return markdown_table(columns, rows)


def _clean_table(facts: _Facts) -> str:
    facts.measured("clean")
    rows = [
        [
            str(report["corrector"]),
            f"{_field(report, 'clean.n_lines'):,}",
            _interval(report, "clean.share_changed"),
            f"{_field(report, 'clean.n_chars_changed'):,} of {report['clean']['n_chars']:,}",
        ]
        for report in facts.reports
        if report.get("clean") and report["corrector"] != "identity"
    ]
    return markdown_table(["corrector", "clean lines", "lines changed %", "characters changed"], rows)


def _set_sizes(facts: _Facts) -> str:
    sizes = (
        f"{entry['name']} ({entry['n_documents']:,} documents, {entry['n_passages']:,} passages, "
        f"{entry['n_reference_chars']:,} characters)"
        for entry in facts.measured("sets")
    )
    return "; ".join(sizes)


def _failures(facts: _Facts) -> str:
    """Return the worst passage of every set, then of the clean lines."""
    entries = [*((entry["name"], entry) for entry in facts.measured("sets")), ("clean text", facts.measured("clean"))]
    if any("worst" not in entry for _, entry in entries):
        raise CardError("the report has no passages: write it without --no-passages")
    return "\n\n".join(_failure(name, entry["worst"]) for name, entry in entries)


def _failure(name: str, worst: Sequence[Mapping[str, Any]]) -> str:
    if not worst:
        return f"- {name}: no passage was left with an error"
    passage = worst[0]
    return (
        f"- {name}: {passage['errors_before']} errors before, {passage['errors_after']} after\n"
        f"  - printed: {_quoted(passage['reference'])}\n"
        f"  - read: {_quoted(passage['hypothesis_before'])}\n"
        f"  - corrected: {_quoted(passage['hypothesis_after'])}"
    )


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:EXCERPT_CHARS]}…" if len(line) > EXCERPT_CHARS else line


def _quoted(text: str) -> str:
    line = _excerpt(text).replace("`", "'").replace("{{", "{ {").replace("}}", "} }")
    return f"`{line}`" if line else "(nothing)"


def _speed(facts: _Facts) -> str:
    rates = [float(_field(entry, "chars_per_second")) for entry in facts.measured("sets")]
    return f"{min(rates):,.0f} to {max(rates):,.0f}"


def _evaluation_hardware(facts: _Facts) -> str:
    return str(facts.own.get("hardware") or "a machine that the report does not name")


def _measured_with(facts: _Facts) -> str:
    """Return which corrector the figures are of."""
    version = facts.own.get("kzocr_version")
    name = f"kzocr {version}" if version else "kzocr (in a version that the report does not name)"
    files = " with the files beside the weights" if facts.companions else ""
    return f"the corrector of {name}{files}"


def _companions(facts: _Facts) -> str:
    """Return a sentence about the files beside the weights that only kzocr uses."""
    if not facts.companions:
        return "No file beside the weights belongs to it; what kzocr adds is its own."
    files = ", ".join(f"`{name}` ({what})" for name, what in facts.companions.items())
    return f"It also uses the files {files}, which plain transformers does not know."


def _limits(facts: _Facts) -> str:
    """Return what is left to be wished for on every set, in figures."""
    lines = []
    for entry in facts.measured("sets"):
        left, worse = (_percent(_field(entry, key)) for key in ("after.cer.value", "share_worse.value"))
        wrong = _percent(_field(entry, "after.wer.value"))
        lines.append(
            f"- {entry['name']}: {left} % of the characters and {wrong} % of the words are still wrong after "
            f"correction, and {worse} % of the passages are worse than they were read."
        )
    return "\n".join(lines)


CARD_FIELDS: dict[str, Callable[[_Facts], str]] = {
    "front_matter": _front_matter,
    "name": lambda facts: str(facts.trained("config.name")),
    "repo": lambda facts: facts.repo,
    "version": lambda facts: str(facts.trained("kzocr_version")),
    "n_parameters": lambda facts: f"{facts.trained('n_parameters') / 1e6:.1f} M",
    "start": lambda facts: history.start(facts.metadata),
    "companions": _companions,
    "window_bytes": lambda facts: str(facts.trained("config.data.greatest_window_bytes")),
    "max_new_tokens": lambda facts: str(2 * int(facts.trained("config.data.greatest_window_bytes"))),
    "priors": lambda facts: history.priors(facts.metadata),
    "read_pages": lambda facts: history.read_pages(facts.metadata),
    "runs_table": lambda facts: history.runs_table(facts.metadata),
    "averaging": lambda facts: history.averaging(facts.metadata),
    "device_hours": lambda facts: history.device_hours(facts.metadata),
    "energy": lambda facts: history.energy(facts.metadata),
    "precision": lambda facts: history.precision(facts.metadata),
    "torch_version": lambda facts: str(facts.trained("torch_version")),
    "transformers_version": lambda facts: str(facts.trained("transformers_version")),
    "validation_cer_before": lambda facts: _percent(facts.trained("validation.cer_before")),
    "validation_cer_after": lambda facts: _percent(facts.trained("validation.cer_after")),
    "corpus_megabytes": lambda facts: f"{sum(map(history.megabytes, history.sources(facts.metadata).values())):.1f}",
    "sources_table": lambda facts: history.sources_table(facts.metadata),
    "word_lists": lambda facts: history.word_lists(facts.metadata),
    "hyperparameters_table": lambda facts: history.hyperparameters_table(facts.metadata),
    "measured_with": _measured_with,
    "evaluation_table": _evaluation_table,
    "set_sizes": _set_sizes,
    "clean_table": _clean_table,
    "clean_changed": lambda facts: _percent(_field(facts.own, "clean.share_changed.value")),
    "n_resamples": lambda facts: f"{facts.measured('n_resamples'):,}",
    "speed": _speed,
    "evaluation_hardware": _evaluation_hardware,
    "limits": _limits,
    "failures": _failures,
}
"""Placeholder -> its value. A value of 0 is a value; an empty string is an error."""
