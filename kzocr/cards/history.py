"""`training.json` of a model -> what a card says of its runs: the last one, the one that it went on from, and so on.

Every function takes the metadata as `Trainer.metadata` describes it, the runs before under `parent`; a value that is
missing is an error that names it, and what older versions did not record is said to be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kzocr.cards.licences import SOURCES, WORD_LISTS

TRAINING = "training.json"
PATH_LISTS = ("corpus", "validation_corpus", "word_lists", "validation_pairs", "pairs")
"""Keys of `config.data` whose entries are files and folders, or data sets of the Hub."""

_HUB_ENTRY = "hub:"
_NOT_SHOWN = ("corpus", "validation_corpus", "n_workers", "log_steps")
_UNNAMED_CPU = "cpu"
"""What older metadata, and platforms that do not tell, call any processor."""


class CardError(ValueError):
    """A card that must not be published; the message names what is missing or wrong."""


def field(data: Mapping[str, Any], key: str, where: str = TRAINING) -> Any:
    """Return the value of a dotted key.

    Raises:
        CardError: it is missing or empty; the message names it and `where` it should be.
    """
    value: Any = data
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None or (isinstance(value, (str, list, tuple, dict)) and not value):
        raise CardError(f"{where}: the field {key!r} is missing or empty")
    return value


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; an empty string where there are no rows."""
    if not rows:
        return ""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def runs(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the metadata of the run that made the model, of the one that it went on from, and so on."""
    run: Mapping[str, Any] | None = metadata
    while run:
        yield run
        run = run.get("parent")


def _numbered(metadata: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """Return (number, run), the last run first; the first run has number 1."""
    found = list(runs(metadata))
    return [(len(found) - place, run) for place, run in enumerate(found)]


def last_part(path: str) -> str:
    """Return the name of a file or folder without the folders above it; entries of the Hub stay.

    `last_part("../pairs/kaz.jsonl") == "kaz.jsonl"`, `last_part("hub:user/texts::train:text")` is the same again.
    """
    if path.startswith(_HUB_ENTRY):
        return path
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _is_local(name: str) -> bool:
    """Return whether `name` could not be `user/name` on the Hub."""
    return name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1


def _without_folder(name: str) -> str:
    """Return the name of a model: as it is if it is one on the Hub, else the last part of its folder."""
    return last_part(name) if _is_local(name) else name


def without_folders(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata with the names of files alone: the maker's folders are nobody's business.

    That goes for the lists of files in `config.data`, for the noise, and for a model that the run started from,
    in all runs; entries of the Hub and names such as `mixture` stay.
    """
    if "config" not in metadata:
        return dict(metadata)
    config = dict(metadata["config"])
    config["data"] = {
        key: [last_part(entry) for entry in value] if key in PATH_LISTS else value
        for key, value in config["data"].items()
    }
    config["data"]["prior"] = last_part(str(config["data"]["prior"]))
    config["model"] = {**config["model"], "init": _without_folder(str(config["model"]["init"]))}
    changed = {**metadata, "config": config}
    if "model" in (adaptation := metadata.get("adaptation", {})):  # of versions that kept the folder of the model
        changed["adaptation"] = {key: value for key, value in adaptation.items() if key != "model"}
    if "prior" in metadata:
        changed["prior"] = _prior_without_folders(metadata["prior"])
    if "parent" in metadata:
        changed["parent"] = without_folders(metadata["parent"])
    return changed


def _prior_without_folders(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `kzocr.channel.description` says of a prior with the names of fitted files alone."""
    names = {family: last_part(family) for family in description["fitted"]}
    return {
        **description,
        "families": {names.get(family, family): weight for family, weight in description["families"].items()},
        "fitted": sorted(names.values()),
        "unscaled": sorted(names.get(family, family) for family in description["unscaled"]),
    }


# ---------------------------------------------------------------- what was learnt from


def sources(metadata: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the sources that any of the runs learnt from, by name; of two versions the newest."""
    found: dict[str, Mapping[str, Any]] = {}
    for run in runs(metadata):
        for source in field(run, "sources"):
            found.setdefault(source["name"], source)
    return found


def megabytes(source: Mapping[str, Any]) -> float:
    """Return the size of a source in millions of bytes."""
    return int(field(source, "n_bytes", "training.json: sources")) / 1e6


def sources_table(metadata: Mapping[str, Any]) -> str:
    """Return one row a source, the largest first, with its licence.

    Raises:
        CardError: no licence of a source is known; the message says where it belongs.
    """
    rows = []
    for name, source in sorted(sources(metadata).items(), key=lambda item: -megabytes(item[1])):
        if name not in SOURCES:
            raise CardError(f"no licence is known for the source {name!r}: add it to kzocr.cards.licences.SOURCES")
        licence = SOURCES[name]
        digest = f"`{field(source, 'sha256', 'training.json: sources')[:12]}`"
        rows.append([name, licence.domain, f"{megabytes(source):.2f}", licence.licence, licence.origin, digest])
    return markdown_table(["source", "domain", "MB", "licence", "from", "sha256"], rows)


def word_lists(metadata: Mapping[str, Any]) -> str:
    """Return a sentence about the word lists that the runs drew words from.

    Raises:
        CardError: no licence of a list is known; the message says where it belongs.
    """
    names = {last_part(path) for run in runs(metadata) for path in field(run, "config.data").get("word_lists", ())}
    if not names:
        return "No word list was used."
    missing = sorted(names - WORD_LISTS.keys())
    if missing:
        raise CardError(
            f"no licence is known for the word list {missing[0]!r}: add it to kzocr.cards.licences.WORD_LISTS"
        )
    lists = (f"`{name}` ({WORD_LISTS[name].origin}, {WORD_LISTS[name].licence})" for name in sorted(names))
    return f"Single words were drawn from {', '.join(lists)}."


def priors(metadata: Mapping[str, Any]) -> str:
    """Return the channel prior of the last run, and behind it those of runs that had another."""
    names: dict[str, list[int]] = {}
    for number, run in _numbered(metadata):
        names.setdefault(last_part(str(field(run, "config.data.prior"))), []).append(number)
    (last, _), *others = names.items()
    before = "; ".join(f"{_runs_called(numbers)}: `{name}`" for name, numbers in others)
    return f"`{last}`" + (f" ({before})" if before else "")


def _runs_called(numbers: Sequence[int]) -> str:
    """Return `run 3`, or `runs 1, 2`."""
    return f"run{'s' * (len(numbers) > 1)} {', '.join(map(str, sorted(numbers)))}"


def read_pages(metadata: Mapping[str, Any]) -> str:
    """Return a sentence about the documents that were learnt from as an engine had read them."""
    shares, names = [], set()
    for number, run in _numbered(metadata):
        data = field(run, "config.data")
        if data.get("pairs") and data.get("pair_share", 0) > 0:
            shares.append(f"{100 * float(data['pair_share']):.0f} % in run {number}")
            names |= {last_part(path) for path in data["pairs"]}
    if not shares:
        return "No page that an OCR engine had read was learnt from."
    files = ", ".join(f"`{name}`" for name in sorted(names))
    return (
        f"A part of the documents ({', '.join(shares)}) has no drawn noise: those are pages, rendered or scanned, as "
        f"OCR engines really read them, from the files {files}, drawn again and again."
    )


# ---------------------------------------------------------------- how


def start(metadata: Mapping[str, Any]) -> str:
    """Return where the weights came from before the last run."""
    parent = metadata.get("parent")
    if parent:
        name, version = (field(parent, key, "training.json: parent") for key in ("config.name", "kzocr_version"))
        return f"continued from the run `{name}` of kzocr {version}{_deepened(metadata)}"
    init = _without_folder(str(field(metadata, "config.model.init")))
    if init != "scratch":
        return f"fine-tuned from `{init}`{_deepened(metadata)}"
    return "trained from scratch, from random weights"


def _deepened(metadata: Mapping[str, Any]) -> str:
    model = field(metadata, "config.model")
    if not model.get("deepened"):
        return ""
    return f", deepened to {model['n_encoder_layers']} layers that read and {model['n_decoder_layers']} that write"


def parent_share(run: Mapping[str, Any]) -> float:
    """Return the share of a run's shipped weights that is those it went on from, 0 to 1; the rest is what it learnt."""
    if "blend" in run:  # of an adaptation: the share of what was learnt
        return 1 - float(run["blend"])
    return float(run.get("parent_share", 0))


def runs_table(metadata: Mapping[str, Any]) -> str:
    """Return one row a run, the first run first, and what they are together."""
    rows = []
    for number, run in reversed(_numbered(metadata)):
        name, version = (str(field(run, key)) for key in ("config.name", "kzocr_version"))
        averaged = f"{100 * parent_share(run):.0f} %" if parent_share(run) else "–"
        rows.append([str(number), name, version, *_amounts([run]), averaged, _hardware(run)])
    if len(rows) > 1:
        rows.append(["", "together", "", *_amounts(list(runs(metadata))), "", ""])
    columns = ["no.", "run", "kzocr", "steps", "MB of printed text", "hours", "parent's share", "hardware"]
    return markdown_table(columns, rows)


def _amounts(some: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return steps, megabytes of printed text and hours of some runs together."""
    steps, n_bytes = (sum(int(field(run, key)) for run in some) for key in ("steps", "target_bytes"))
    hours = sum(float(field(run, "training_seconds")) for run in some) / 3600
    return [f"{steps:,}", f"{n_bytes / 1e6:,.1f}", f"{hours:.2f}"]


def averaging(metadata: Mapping[str, Any]) -> str:
    """Return a sentence about runs whose weights were averaged with those that they went on from."""
    numbers = [number for number, run in _numbered(metadata) if parent_share(run)]
    if not numbers:
        return "No run's weights were averaged with those it went on from."
    share = parent_share(metadata)
    last = (
        f": the weights here are {100 * share:.0f} % those of the model before it and {100 * (1 - share):.0f} % what "
        "the last run made of them"
        if share
        else ""
    )
    return (
        f"After {_runs_called(numbers)} the weights were averaged with those that the run went on from, "
        f"by the parent's share in the table{last}."
    )


def _is_cpu(run: Mapping[str, Any]) -> bool:
    device = str(field(run, "device"))
    return str(run.get("device_type", "cpu" if device == _UNNAMED_CPU else "cuda")) == "cpu"


def _kind(run: Mapping[str, Any]) -> str:
    """Return what one process of a run had to itself."""
    device = str(field(run, "device"))
    if not _is_cpu(run):
        return device
    return "CPU process" if device == _UNNAMED_CPU else f"CPU process on {device}"


def _hardware(run: Mapping[str, Any]) -> str:
    return f"{field(run, 'n_processes')} × {_kind(run)}"


def device_hours(metadata: Mapping[str, Any]) -> str:
    """Return the hours of all runs together, each times the processes that it had, by kind of device."""
    totals: dict[str, float] = {}
    for run in runs(metadata):
        seconds = float(field(run, "training_seconds")) * int(field(run, "n_processes"))
        totals[_kind(run)] = totals.get(_kind(run), 0.0) + seconds
    return " and ".join(f"{seconds / 3600:.2f} hours of one {kind}" for kind, seconds in totals.items())


def energy(metadata: Mapping[str, Any]) -> str:
    """Return what can be said of the energy that the runs drew: a bound where the hardware is known by name."""
    unnamed = [number for number, run in _numbered(metadata) if str(field(run, "device")) == _UNNAMED_CPU]
    said = ["Energy was not metered."]
    if any(not _is_cpu(run) for run in runs(metadata)):
        said.append("The rated power of the accelerators times these hours is an upper bound for what they drew.")
    if any(_is_cpu(run) and str(run["device"]) != _UNNAMED_CPU for run in runs(metadata)):
        said.append(
            "CPU processes share a processor: its rated power times the hours in the table, not these, is an upper "
            "bound for what it drew."
        )
    if unnamed:
        said.append(f"Which processor {_runs_called(unnamed)} had was not recorded, so no bound can be given for it.")
    return " ".join(said)


_PRECISIONS = {
    "no": "float32",
    "bf16": "bfloat16 (products; weights and sums in float32)",
    "auto": "bfloat16 where the machine multiplies it in hardware and float32 elsewhere (which of the two it was, "
    "this run did not record)",
}


def precision(metadata: Mapping[str, Any]) -> str:
    """Return what the last run multiplied in; older metadata say what was asked for, not what `auto` chose."""
    asked = str(field(metadata, "config.run.mixed_precision"))
    return _PRECISIONS.get(str(metadata.get("precision", asked)), asked)


def hyperparameters_table(metadata: Mapping[str, Any]) -> str:
    """Return the settings of the last run, files by their names alone."""
    config = field(without_folders(metadata), "config")
    rows = []
    for section in ("model", "data", "optimizer", "run"):
        for key, value in field(config, section, "training.json: config").items():
            if key not in _NOT_SHOWN:
                shown = ", ".join(value) if key in PATH_LISTS else value
                rows.append([f"`{section}.{key}`", f"`{shown}`" if shown != "" else "none"])
    rows += [[f"`curriculum[{i}]`", f"`{stage}`"] for i, stage in enumerate(config.get("curriculum", ()))]
    return markdown_table(["setting", "value"], rows)
