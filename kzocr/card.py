"""Training metadata + reports -> the model card of the Hub, filled in and checked.

The card is a template whose placeholders (`{{ name }}`) are filled in from the training metadata and the reports
of `scripts/evaluate.py`; nothing in it is typed by hand, and a value that is missing is an error that names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import yaml

from kzocr.licences import SOURCES, WORD_LISTS

CORRECTOR = "kzocr"
"""Name of this project's corrector in reports."""

REPORT_NAME = "report.json"
N_FAILURES_SHOWN = 3


class CardError(ValueError):
    """A card that must not be published; the message names what is missing or wrong."""


def render_card(
    template: str, metadata: Mapping[str, Any], reports: Sequence[Mapping[str, Any]], *, repo: str | None = None
) -> str:
    """Return the model card: `template` with every placeholder filled in.

    Args:
        template: Markdown with `{{ name }}` placeholders; the names are those of `CARD_FIELDS`.
        metadata: `training.json` of a model folder.
        reports: what `scripts/evaluate.py -o` wrote, one report a corrector; one of them is of `kzocr`.
        repo: name on the Hub; the name of the run if it is not given.

    Raises:
        CardError: a placeholder is unknown, or what fills it is missing or empty; the message names it.
    """
    own = [report for report in reports if report.get("corrector") == CORRECTOR]
    if len(own) != 1:
        raise CardError(f"the report has {len(own)} entries with corrector {CORRECTOR!r}: expected one")
    facts = _Facts(metadata, own[0], reports, repo or str(_field(metadata, "config.name", "training.json")))

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
    """What a card is made of: the metadata, the report of kzocr, and those of all correctors."""

    metadata: Mapping[str, Any]
    own: Mapping[str, Any]
    reports: Sequence[Mapping[str, Any]]
    repo: str

    def trained(self, key: str) -> Any:
        return _field(self.metadata, key, "training.json")

    def measured(self, key: str) -> Any:
        return _field(self.own, key, REPORT_NAME)


def _field(data: Mapping[str, Any], key: str, where: str) -> Any:
    """Return the value of a dotted key; it is neither missing nor empty."""
    value: Any = data
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None or (isinstance(value, (str, list, tuple, dict)) and not value):
        raise CardError(f"{where}: the field {key!r} is missing or empty")
    return value


def _front_matter(facts: _Facts) -> str:
    """Return the part of the front matter that depends on the run: parent, data sets of the Hub, results."""
    data: dict[str, Any] = {}
    *_, first = _runs(facts)
    parent = str(_field(first, "config.model.init", "training.json"))
    if re.fullmatch(r"[\w.-]+/[\w.-]+", parent) and not first.get("parent"):
        data["base_model"] = parent
    on_hub = sorted({name for name in _sources(facts) if "/" in name})
    if on_hub:
        data["datasets"] = on_hub
    data["model-index"] = [{"name": facts.trained("config.name"), "results": _results(facts)}]
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False)).rstrip()


def _results(facts: _Facts) -> list[dict[str, Any]]:
    task = {"type": "text2text-generation", "name": "post-OCR correction"}
    return [
        {
            "task": task,
            "dataset": {"name": _field(entry, "name", REPORT_NAME), "type": _slug(entry["name"])},
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
    return round(100 * float(_field(entry, key, REPORT_NAME)), 3)


def _percent(fraction: float | None, digits: int = 2) -> str:
    return "–" if fraction is None else f"{100 * fraction:.{digits}f}"


def _interval(entry: Mapping[str, Any], key: str, digits: int = 2) -> str:
    """Return `value [low, high]` in percent; a rate that is not defined is a dash."""
    interval = _field(entry, key, REPORT_NAME)
    value, low, high = (_percent(interval.get(part), digits) for part in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _evaluation_table(facts: _Facts) -> str:
    rows = []
    for number, first in enumerate(facts.measured("sets")):
        before = _interval(first, "before.cer")
        rows.append([first["name"], "as read", before, _interval(first, "before.wer"), "", "", ""])
        for report in facts.reports:
            entry = _field(report, "sets", REPORT_NAME)[number]
            if entry["name"] != first["name"]:
                raise CardError(f"{REPORT_NAME}: the reports are on different sets")
            if report["corrector"] == "identity":
                continue
            cells = [_interval(entry, "after.cer"), _interval(entry, "after.wer"), _interval(entry, "cer_reduction", 0)]
            shares = [
                _percent(_field(entry, f"{key}.value", REPORT_NAME), 1) for key in ("share_better", "share_worse")
            ]
            rows.append([first["name"], str(report["corrector"]), *cells, *shares])
    columns = ["set", "corrector", "CER %", "WER %", "CER reduction %", "passages better %", "passages worse %"]
    return _table(columns, rows)


def _clean_table(facts: _Facts) -> str:
    facts.measured("clean")
    rows = [
        [
            str(report["corrector"]),
            f"{_field(report, 'clean.n_lines', REPORT_NAME):,}",
            _interval(report, "clean.share_changed"),
            f"{_field(report, 'clean.n_chars_changed', REPORT_NAME):,} of {report['clean']['n_chars']:,}",
        ]
        for report in facts.reports
        if report.get("clean") and report["corrector"] != "identity"
    ]
    return _table(["corrector", "clean lines", "lines changed %", "characters changed"], rows)


def _set_sizes(facts: _Facts) -> str:
    sizes = (
        f"{entry['name']} ({entry['n_documents']:,} documents, {entry['n_passages']:,} passages, "
        f"{entry['n_reference_chars']:,} characters)"
        for entry in facts.measured("sets")
    )
    return "; ".join(sizes)


def _runs(facts: _Facts) -> Iterator[Mapping[str, Any]]:
    """Yield the metadata of the run that made the model, of the one that it went on from, and so on."""
    run: Mapping[str, Any] | None = facts.metadata
    while run:
        yield run
        run = run.get("parent")


def _sources(facts: _Facts) -> dict[str, Mapping[str, Any]]:
    """Return the sources that any of the runs learnt from, by name; of two versions the newest."""
    found: dict[str, Mapping[str, Any]] = {}
    for run in _runs(facts):
        for source in _field(run, "sources", "training.json"):
            found.setdefault(source["name"], source)
    return found


def _megabytes(source: Mapping[str, Any]) -> float:
    return int(_field(source, "n_bytes", "training.json: sources")) / 1e6


def _sources_table(facts: _Facts) -> str:
    rows = []
    for name, source in sorted(_sources(facts).items(), key=lambda item: -_megabytes(item[1])):
        if name not in SOURCES:
            raise CardError(f"no licence is known for the source {name!r}: add it to kzocr.licences.SOURCES")
        licence = SOURCES[name]
        digest = f"`{_field(source, 'sha256', 'training.json: sources')[:12]}`"
        row = [name, licence.domain, f"{_megabytes(source):.2f}", licence.licence, licence.origin, digest]
        rows.append(row)
    return _table(["source", "domain", "MB", "licence", "from", "sha256"], rows)


def _word_lists(facts: _Facts) -> str:
    """Return a sentence about the word lists that the runs drew words from."""
    names = {
        PurePath(path).name
        for run in _runs(facts)
        for path in _field(run, "config.data", "training.json").get("word_lists", ())
    }
    if not names:
        return "No word list was used."
    missing = sorted(names - WORD_LISTS.keys())
    if missing:
        raise CardError(f"no licence is known for the word list {missing[0]!r}: add it to kzocr.licences.WORD_LISTS")
    lists = (f"`{name}` ({WORD_LISTS[name].origin}, {WORD_LISTS[name].licence})" for name in sorted(names))
    return f"Single words were drawn from {', '.join(lists)}."


def _runs_table(facts: _Facts) -> str:
    """Return one row a run, the first run first."""
    rows = []
    for run in reversed(list(_runs(facts))):
        name, version = (str(_field(run, key, "training.json")) for key in ("config.name", "kzocr_version"))
        steps, n_bytes = (int(_field(run, key, "training.json")) for key in ("steps", "target_bytes"))
        rows.append([name, version, f"{steps:,}", f"{n_bytes / 1e6:,.1f}", _hours(run), _hardware(run)])
    return _table(["run", "kzocr", "steps", "MB of printed text", "hours", "hardware"], rows)


def _hours(run: Mapping[str, Any]) -> str:
    return f"{float(_field(run, 'training_seconds', 'training.json')) / 3600:.2f}"


def _hardware(run: Mapping[str, Any]) -> str:
    n, device = (_field(run, key, "training.json") for key in ("n_processes", "device"))
    return f"{n} × {_device(device)}"


def _device(device: str) -> str:
    return "CPU process" if device == "cpu" else device


def _device_hours(facts: _Facts) -> str:
    """Return the hours of all runs together, each times the devices that it had, by kind of device."""
    totals: dict[str, float] = {}
    for run in _runs(facts):
        kind = _device(_field(run, "device", "training.json"))
        seconds = float(_field(run, "training_seconds", "training.json"))
        totals[kind] = totals.get(kind, 0.0) + seconds * int(_field(run, "n_processes", "training.json"))
    return " and ".join(f"{seconds / 3600:.2f} hours of one {kind}" for kind, seconds in totals.items())


def _hyperparameters_table(facts: _Facts) -> str:
    config = facts.trained("config")
    rows = []
    for section in ("model", "data", "optimizer", "run"):
        for key, value in _field(config, section, "training.json: config").items():
            if key not in ("corpus", "validation_corpus", "n_workers", "log_steps"):
                rows.append([f"`{section}.{key}`", f"`{value}`"])
    rows += [[f"`curriculum[{i}]`", f"`{stage}`"] for i, stage in enumerate(config.get("curriculum", ()))]
    return _table(["setting", "value"], rows)


def _failures(facts: _Facts) -> str:
    """Return the worst passages: of every set the worst one, then of the clean lines."""
    if any("worst" not in entry for entry in facts.measured("sets")):
        raise CardError("the report has no passages: write it without --no-passages")
    worst = [(entry["name"], passage) for entry in facts.measured("sets") for passage in entry["worst"][:1]]
    worst += [("clean text", passage) for passage in facts.measured("clean").get("worst", ())[:1]]
    if not worst:
        return "No passage that was measured was left with an error."
    return "\n\n".join(
        f"- {name}: {passage['errors_before']} errors before, {passage['errors_after']} after\n"
        f"  - printed: {_excerpt(passage['reference'])}\n"
        f"  - read: {_excerpt(passage['hypothesis_before'])}\n"
        f"  - corrected: {_excerpt(passage['hypothesis_after'])}"
        for name, passage in worst[: N_FAILURES_SHOWN + 1]
    )


def _excerpt(text: str, n_chars: int = 160) -> str:
    line = " ".join(text.split()).replace("`", "'").replace("{{", "{ {").replace("}}", "} }")
    return f"`{line[:n_chars]}{'…' if len(line) > n_chars else ''}`" if line else "(nothing)"


def _speed(facts: _Facts) -> str:
    rates = [float(_field(entry, "chars_per_second", REPORT_NAME)) for entry in facts.measured("sets")]
    return f"{min(rates):,.0f} to {max(rates):,.0f}"


def _start(facts: _Facts) -> str:
    parent = facts.metadata.get("parent")
    if parent:
        name, version = (_field(parent, key, "training.json: parent") for key in ("config.name", "kzocr_version"))
        return f"continued from the run `{name}` of kzocr {version}"
    init = str(facts.trained("config.model.init"))
    return "trained from scratch, from random weights" if init == "scratch" else f"fine-tuned from `{init}`"


def _limits(facts: _Facts) -> str:
    """Return what is left to be wished for on every set, in figures."""
    lines = []
    for entry in facts.measured("sets"):
        left, worse = (_percent(_field(entry, key, REPORT_NAME)) for key in ("after.cer.value", "share_worse.value"))
        wrong = _percent(_field(entry, "after.wer.value", REPORT_NAME))
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
    "start": _start,
    "window_bytes": lambda facts: str(facts.trained("config.data.greatest_window_bytes")),
    "max_new_tokens": lambda facts: str(2 * int(facts.trained("config.data.greatest_window_bytes"))),
    "prior": lambda facts: str(facts.trained("config.data.prior")),
    "runs_table": _runs_table,
    "device_hours": _device_hours,
    "precision": lambda facts: {"no": "float32"}.get(p := str(facts.trained("config.run.mixed_precision")), p),
    "torch_version": lambda facts: str(facts.trained("torch_version")),
    "transformers_version": lambda facts: str(facts.trained("transformers_version")),
    "validation_cer_before": lambda facts: _percent(facts.trained("validation.cer_before")),
    "validation_cer_after": lambda facts: _percent(facts.trained("validation.cer_after")),
    "corpus_megabytes": lambda facts: f"{sum(map(_megabytes, _sources(facts).values())):.1f}",
    "sources_table": _sources_table,
    "word_lists": _word_lists,
    "hyperparameters_table": _hyperparameters_table,
    "evaluation_table": _evaluation_table,
    "set_sizes": _set_sizes,
    "clean_table": _clean_table,
    "clean_changed": lambda facts: _percent(_field(facts.own, "clean.share_changed.value", REPORT_NAME)),
    "n_resamples": lambda facts: f"{facts.measured('n_resamples'):,}",
    "speed": _speed,
    "limits": _limits,
    "failures": _failures,
}
"""Placeholder -> its value. A value of 0 is a value; an empty string is an error."""
