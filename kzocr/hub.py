"""Checkpoint + reports -> a model card and a folder -> the Hugging Face Hub.

The card is a template whose placeholders (`{{ name }}`) are filled in from the training metadata and the reports
of `scripts/evaluate.py`; nothing in it is typed by hand, and a value that is missing is an error that names it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CORRECTOR = "kzocr"
"""Name of this project's corrector in reports."""

N_FAILURES_SHOWN = 3
CARD_NAME = "README.md"
REPORT_NAME = "report.json"
MODEL_FILES = ("model.safetensors", "config.json", "generation_config.json", "tokenizer_config.json", "training.json")
OPTIONAL_FILES = ("calibration.json", "added_tokens.json", "special_tokens_map.json", "tokenizer.json")
CHECK_TEXT = "Кар ерте жayғандықтан, жолдын екі жағы ақ кө рпеге айналды."


class HubError(ValueError):
    """A card or a folder that must not be published; the message names what is missing or wrong."""


@dataclass(frozen=True)
class SourceLicence:
    """Where a source of text is from and what its publisher lets one do with it.

    Attributes:
        domain: what kind of text it is.
        licence: as the source states it.
        origin: whom to name.
    """

    domain: str
    licence: str
    origin: str


SOURCES: dict[str, SourceLicence] = {
    "abai_qara_sozder": SourceLicence("classical prose", "public domain (author died 1904)", "Abai, Qara sözder"),
    "abai_wikisource": SourceLicence("classical poetry and prose", "public domain / CC BY-SA 4.0", "Wikisource, Abai"),
    "apertium_kaz_other": SourceLicence("news, declarations, short texts", "GPL-3.0", "Apertium kaz-tat, kaz-kir"),
    "apertium_kaz_rus_corpus": SourceLicence("government, news, university", "GPL-3.0", "apertium/apertium-kaz-rus"),
    "apertium_kaz_segcorpus": SourceLicence("encyclopedia, literature", "GPL-3.0", "apertium/apertium-kaz"),
    "apertium_kaz_texts": SourceLicence("encyclopedia, speeches, stories", "CC BY-SA 4.0", "apertium/apertium-kaz"),
    "classics_wikisource": SourceLicence("classical literature", "public domain / CC BY-SA 4.0", "Wikisource"),
    "common_voice_kk": SourceLicence("short sentences, proverbs", "CC0 1.0", "Mozilla Common Voice"),
    "kazakh_factcheck_sources": SourceLicence("legislation, news", "CC BY 4.0", "Tim2190/kazakh-factcheck-benchmark"),
    "kazakh_worship_songs": SourceLicence("religious songs", "Unlicense", "ethnosdev/kazakh_worship"),
    "kaznerd": SourceLicence("TV news sentences", "CC BY 4.0", "IS2AI/KazNERD"),
    "kazopensource_texts": SourceLicence(
        "lectures, history, news, essays", "MIT / GPL-3.0; texts of third parties", "opencorpora.kz, KazOpenSource"
    ),
    "kazqad": SourceLicence("encyclopedia, school subjects, questions", "CC BY-SA 4.0", "IS2AI/KazQAD"),
    "kyz_zhibek": SourceLicence("folk epic", "public domain (folklore)", "123456789255/kazakh-library"),
    "kz_laws": SourceLicence("legislation", "official documents, no copyright in Kazakhstan", "adilet.zan.kz"),
    "laser_tatoeba": SourceLicence("short sentences", "CC BY 2.0", "Tatoeba, facebookresearch/LASER"),
    "lingua_leipzig_test": SourceLicence("web, encyclopedia, news", "CC BY 4.0", "Leipzig Corpora"),
    "tatoeba": SourceLicence("short everyday sentences", "CC BY 2.0 FR", "Tatoeba"),
    "udhr_kaz": SourceLicence("declaration of human rights", "free to reproduce", "United Nations"),
    "wikimedia/wikipedia": SourceLicence("encyclopedia", "CC BY-SA 4.0", "Kazakh Wikipedia"),
    "wikipedia_sample": SourceLicence("encyclopedia", "CC BY-SA 4.0", "Kazakh Wikipedia"),
}
"""Licences by the name that a source has in the training metadata."""


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
        HubError: a placeholder is unknown, or what fills it is missing or empty; the message names it.
    """
    own = [report for report in reports if report.get("corrector") == CORRECTOR]
    if len(own) != 1:
        raise HubError(f"the report has {len(own)} entries with corrector {CORRECTOR!r}: expected one")
    facts = _Facts(metadata, own[0], reports, repo or str(_field(metadata, "config.name", "training.json")))

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in CARD_FIELDS:
            raise HubError(f"model card: no value for the placeholder {name!r}")
        value = CARD_FIELDS[name](facts)
        if not value.strip():
            raise HubError(f"model card: the field {name!r} is empty")
        return value

    card = re.sub(r"\{\{\s*(\w+)\s*\}\}", fill, template)
    if "{{" in card or "}}" in card:
        raise HubError("model card: a placeholder was not filled in")
    return card


def check_card(card: str) -> None:
    """Raise unless huggingface_hub reads the front matter of `card` and its results; needs no network.

    Raises:
        HubError: the front matter is missing, no YAML, or its `model-index` is not as the Hub wants it.
    """
    from huggingface_hub import ModelCard

    if not card.startswith("---\n"):
        raise HubError("model card: no YAML front matter")
    try:
        data = ModelCard(card, ignore_metadata_errors=False).data
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise HubError(f"model card: {error}") from error
    if not getattr(data, "eval_results", None):
        raise HubError("model card: no results in model-index")
    for key in ("language", "license", "library_name", "tags", "metrics"):
        if not data.get(key):
            raise HubError(f"model card: no {key!r} in the front matter")


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
        raise HubError(f"{where}: the field {key!r} is missing or empty")
    return value


def _results(facts: _Facts) -> str:
    results = []
    for entry in facts.measured("sets"):
        dataset = {"name": _field(entry, "name", REPORT_NAME), "type": _slug(entry["name"])}
        metrics = [
            {
                "type": kind,
                "name": f"{kind.upper()} after correction, %",
                "value": _rounded(entry, f"after.{kind}.value"),
            }
            for kind in ("cer", "wer")
        ]
        task = {"type": "text2text-generation", "name": "post-OCR correction"}
        results.append({"task": task, "dataset": dataset, "metrics": metrics})
    index = {"model-index": [{"name": facts.trained("config.name"), "results": results}]}
    return str(yaml.safe_dump(index, allow_unicode=True, sort_keys=False)).rstrip()


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
                raise HubError(f"{REPORT_NAME}: the reports are on different sets")
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


def _sources_table(facts: _Facts) -> str:
    rows = []
    for source in sorted(facts.trained("sources"), key=lambda source: -int(source["n_bytes"])):
        name = source["name"]
        if name not in SOURCES:
            raise HubError(f"no licence is known for the source {name!r}: add it to kzocr.hub.SOURCES")
        licence = SOURCES[name]
        megabytes = f"{source['n_bytes'] / 1e6:.2f}"
        row = [name, licence.domain, megabytes, licence.licence, licence.origin, f"`{source['sha256'][:12]}`"]
        rows.append(row)
    return _table(["source", "domain", "MB", "licence", "from", "sha256"], rows)


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
        raise HubError("the report has no passages: write it without --no-passages")
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


def _parent(facts: _Facts) -> str:
    init = str(facts.trained("config.model.init"))
    return "trained from scratch, from random weights" if init == "scratch" else f"fine-tuned from `{init}`"


CARD_FIELDS: dict[str, Callable[[_Facts], str]] = {
    "model_index": _results,
    "name": lambda facts: str(facts.trained("config.name")),
    "repo": lambda facts: facts.repo,
    "version": lambda facts: str(facts.trained("kzocr_version")),
    "n_parameters": lambda facts: f"{facts.trained('n_parameters') / 1e6:.1f} M",
    "start": _parent,
    "window_bytes": lambda facts: str(facts.trained("config.data.greatest_window_bytes")),
    "max_new_tokens": lambda facts: str(2 * int(facts.trained("config.data.greatest_window_bytes"))),
    "prior": lambda facts: str(facts.trained("config.data.prior")),
    "steps": lambda facts: f"{facts.trained('steps'):,}",
    "target_megabytes": lambda facts: f"{facts.trained('target_bytes') / 1e6:,.1f}",
    "hours": lambda facts: f"{facts.trained('training_seconds') / 3600:.2f}",
    "hardware": lambda facts: f"{facts.trained('n_processes')} × {facts.trained('device')}",
    "precision": lambda facts: {"no": "float32"}.get(p := str(facts.trained("config.run.mixed_precision")), p),
    "torch_version": lambda facts: str(facts.trained("torch_version")),
    "transformers_version": lambda facts: str(facts.trained("transformers_version")),
    "validation_cer_before": lambda facts: _percent(facts.trained("validation.cer_before")),
    "validation_cer_after": lambda facts: _percent(facts.trained("validation.cer_after")),
    "corpus_megabytes": lambda facts: f"{sum(int(s['n_bytes']) for s in facts.trained('sources')) / 1e6:.1f}",
    "sources_table": _sources_table,
    "hyperparameters_table": _hyperparameters_table,
    "evaluation_table": _evaluation_table,
    "set_sizes": _set_sizes,
    "clean_table": _clean_table,
    "clean_changed": lambda facts: _percent(_field(facts.own, "clean.share_changed.value", REPORT_NAME)),
    "n_resamples": lambda facts: f"{facts.measured('n_resamples'):,}",
    "speed": _speed,
    "failures": _failures,
}
"""Placeholder -> its value. A value of 0 is a value; an empty string is an error."""


def assemble(model_folder: Path, target: Path, *, card: str, report: Path | None = None) -> list[Path]:
    """Fill the folder `target` with what is published and return its files, relative, sorted.

    Args:
        model_folder: as `scripts/train.py` writes `model/`.
        target: is created, and must be empty.
        card: text of the model card.
        report: `report.json`, if it is published too.

    Raises:
        HubError: a file of the model is missing, or `target` is not empty.
    """
    from kzocr.custom_generate import write_custom_generate

    for name in MODEL_FILES:
        if not (model_folder / name).is_file():
            raise HubError(f"{model_folder}: no {name}")
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise HubError(f"{target}: not empty")
    for name in (*MODEL_FILES, *OPTIONAL_FILES):
        if (model_folder / name).is_file():
            shutil.copyfile(model_folder / name, target / name)
    write_custom_generate(target)
    (target / CARD_NAME).write_text(card, encoding="utf-8")
    if report is not None:
        shutil.copyfile(report, target / REPORT_NAME)
    return sorted(path.relative_to(target) for path in target.rglob("*") if path.is_file())


_PROBE = """
import json, sys, torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
text, *folders = sys.argv[1:]
outputs = []
for folder in folders:
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, use_safetensors=True).to(torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(text, return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=2 * inputs["input_ids"].shape[1], do_sample=False, num_beams=1)[0]
    outputs.append([ids.tolist(), tokenizer.decode(ids, skip_special_tokens=True)])
print(json.dumps(outputs))
"""


def plain_outputs(
    folders: Sequence[Path], text: str = CHECK_TEXT, *, python: str = sys.executable
) -> list[tuple[list[int], str]]:
    """Return the ids and the text that plain `transformers` makes of `text` with each model, in a fresh process.

    Args:
        folders: model folders.
        text: what is corrected, greedily.
        python: the interpreter; another one may have another version of transformers.

    Raises:
        HubError: one does not load or generate; the message has the last line of what it said.
    """
    command = [python, "-c", _PROBE, text, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise HubError(f"{folders[-1]}: plain transformers cannot use it: {reason}")
    return [(ids, output) for ids, output in json.loads(done.stdout.strip().splitlines()[-1])]


def check_folder(model_folder: Path, assembled: Path, text: str = CHECK_TEXT) -> str:
    """Return what the assembled model makes of `text`, by plain `transformers` in a fresh process.

    Raises:
        HubError: it does not load, or gives another output than the model that it was made from.
    """
    before, after = plain_outputs([model_folder, assembled], text)
    if before != after:
        raise HubError(f"{assembled}: gives {after[1]!r}, and {model_folder} gives {before[1]!r}")
    return after[1]


def upload(folder: Path, repo: str, *, tag: str, private: bool = False, token: str | None = None) -> str:
    """Upload an assembled folder in one commit, tag it, and return the commit's address.

    It may be repeated after a failure: nothing is visible before the one commit, and files that are there
    already are not sent again.

    Args:
        folder: as `assemble` filled it.
        repo: `user/name` on the Hub.
        tag: name of the revision, the version of the package.
        private: whether a repository that is made now is private.
        token: access token; the stored one if it is not given.

    Raises:
        HubError: there is no token, the version is published already, or the Hub refused.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError

    token = token or get_token()
    if not token:
        raise HubError("no Hugging Face token: run `hf auth login`, or set HF_TOKEN to a token that may write")
    api = HfApi(token=token)
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        if any(ref.name == tag for ref in api.list_repo_refs(repo).tags):
            raise HubError(f"{repo}: version {tag} is published already; raise the version of the package")
        commit = api.upload_folder(folder_path=folder, repo_id=repo, commit_message=f"kzocr {tag}")
        api.create_tag(repo, tag=tag, revision=commit.oid)
    except (HfHubHTTPError, OSError) as error:
        raise HubError(f"{repo}: the upload failed and may be repeated: {error}") from error
    return str(commit.commit_url)
