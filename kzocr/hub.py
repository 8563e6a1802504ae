"""Checkpoint + card + report -> a folder for the Hugging Face Hub; `kzocr.upload` sends it.

The folder is checked before anything leaves the machine: by plain `transformers` in a fresh process, and for what
`transformers` 4 and 5 read differently.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kzocr.cards.card import CORRECTOR, REPORT_NAME, published_reports
from kzocr.cards.history import without_folders
from kzocr.channel.description import describe_prior, find_prior, write_prior_folder
from kzocr.json_files import read_json
from kzocr.models.companions import COMPANIONS

CARD_NAME = "README.md"
CHANNEL = "channel"
"""Folder of the noise in what is published."""

WEIGHTS_NAME = "model.safetensors"
METADATA_NAME = "training.json"
MODEL_FILES = (WEIGHTS_NAME, "config.json", "generation_config.json", "tokenizer_config.json", METADATA_NAME)
OPTIONAL_FILES = (
    *COMPANIONS,
    "added_tokens.json",
    "special_tokens_map.json",
    "tokenizer.json",
)
REPOSITORY = Path(__file__).resolve().parent.parent
"""The repository, where the package lies in one: its configurations name files relative to it."""

CHECK_TEXT = "Кар ерте жayғандықтан, жолдын екі жағы ақ кө рпеге айналды."


class HubError(ValueError):
    """A folder that must not be published, or a Hub that did not take it; the message says what is wrong."""


def assemble(
    model_folder: Path,
    target: Path,
    *,
    card: str,
    report: Path | None = None,
    noise_folders: Sequence[Path] = (REPOSITORY,),
) -> list[Path]:
    """Fill the folder `target` with what is published and return its files, relative, sorted.

    That is the model, the card, `custom_generate/`, the noise that the model learnt from (`channel/`), and the
    report without the passages that the card does not show; an HTML page beside it, which has more, stays here.

    Args:
        model_folder: as `scripts/train.py` writes `model/`.
        target: is created, and must be empty.
        card: text of the model card.
        report: `report.json`, if it is published too.
        noise_folders: where the file of the noise is looked for, besides the current folder.

    Raises:
        HubError: a file of the model is missing or reads differently in transformers 4 and 5, the channel's file
            cannot be found, the report is of another model, or `target` is not empty.
    """
    from kzocr.custom_generate import write_custom_generate

    check_model(model_folder)
    reports = None if report is None else read_json(report)
    if reports is not None:
        check_report(reports, model_folder)
    metadata = read_json(model_folder / METADATA_NAME)
    try:
        prior, files = find_prior(metadata, model_folder / CHANNEL, noise_folders)
    except (ValueError, OSError) as error:
        raise HubError(f"the noise that the model learnt from cannot be read: {error}") from error
    make_empty(target)
    copy_model(model_folder, target, described={"prior": describe_prior(prior)})
    write_custom_generate(target)
    write_prior_folder(prior, files, target / CHANNEL)
    (target / CARD_NAME).write_text(card, encoding="utf-8")
    if reports is not None:
        text = json.dumps(published_reports(reports), ensure_ascii=False, indent=1, allow_nan=False)
        (target / REPORT_NAME).write_text(text + "\n", encoding="utf-8")
    return files_of(target)


def check_model(folder: Path) -> None:
    """Raise if a file of the model in `folder` is missing, or transformers 4 and 5 would read it differently.

    Raises:
        HubError: one of these; the message names the file.
    """
    for name in MODEL_FILES:
        if not (folder / name).is_file():
            raise HubError(f"{folder}: no {name}")
    check_head(folder)


def make_empty(target: Path) -> None:
    """Create the folder `target`.

    Raises:
        HubError: there is something in it.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise HubError(f"{target}: not empty")


def copy_model(model_folder: Path, target: Path, *, described: Mapping[str, Any] | None = None) -> None:
    """Copy a model and the files beside it into `target`; its metadata lose the maker's folders.

    Args:
        model_folder: the model.
        target: a folder.
        described: entries that the metadata get, in place of those of the same name.
    """
    for name in (*MODEL_FILES, *OPTIONAL_FILES):
        if (model_folder / name).is_file():
            shutil.copyfile(model_folder / name, target / name)
    metadata = without_folders({**read_json(model_folder / METADATA_NAME), **(described or {})})
    text = json.dumps(metadata, ensure_ascii=False, indent=1)
    (target / METADATA_NAME).write_text(text + "\n", encoding="utf-8")


def companions_of(folder: Path) -> dict[str, str]:
    """Return the files beside the weights in `folder` that kzocr's corrector uses, with what is in them."""
    return {name: what for name, what in COMPANIONS.items() if (folder / name).is_file()}


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_report(reports: Sequence[Mapping[str, Any]], model_folder: Path) -> str | None:
    """Return a warning if nothing in the reports tells which model they are of; `None` if they are of this one.

    A report of kzocr names the weights and the files beside them by their SHA-256 (`kzocr.judging.write_json`).

    Raises:
        HubError: they are of another model, or a file beside the weights was another one; or they are no reports.
    """
    if not isinstance(reports, list) or not all(isinstance(report, dict) for report in reports):
        raise HubError(f"{REPORT_NAME}: expected a list of reports, as scripts/evaluate.py -o writes it")
    measured = [report.get("files") for report in reports if report.get("corrector") == CORRECTOR]
    if not any(measured):
        return f"{REPORT_NAME} does not say which model it is of: it was written by an older version"
    beside = {name: model_folder / name for name in (WEIGHTS_NAME, *companions_of(model_folder))}
    found = {name: sha256_of(path) for name, path in beside.items() if path.is_file()}
    for files in measured:
        for name in sorted({*found, *(files or {})}, key=lambda name: (name != WEIGHTS_NAME, name)):
            then, now = (_called((some or {}).get(name)) for some in (files, found))
            if then != now:
                raise HubError(
                    f"{REPORT_NAME} is of another model: {name} was {then} when it was measured, and "
                    f"in {model_folder} it is {now}. Measure again, or publish the model that was measured"
                )
    return None


def _called(sha256: str | None) -> str:
    return "missing" if sha256 is None else f"{sha256[:12]}…"


def files_of(folder: Path) -> list[Path]:
    """Return the files in `folder` and below it, relative, sorted."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def check_head(folder: Path) -> None:
    """Raise if transformers 4 and 5 would compute different outputs from the model in `folder`.

    In 4 the one key `tie_word_embeddings` says whether the output layer is the embedding and whether outputs are
    scaled; in 5 it is written as true for every T5 model, and `scale_decoder_outputs` stands beside it.

    Raises:
        HubError: the configuration and the weights do not agree on what the output layer is.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    is_tied = bool(config.get("tie_word_embeddings", True))
    has_head = "lm_head.weight" in _weight_names(folder / WEIGHTS_NAME)
    if is_tied and has_head:
        raise HubError(
            f"{folder}: tie_word_embeddings is true, but the weights have an output layer of their own: "
            "transformers 4 would not use it. Write the folder with kzocr.models.checkpoint.write_model"
        )
    if not is_tied and not has_head:
        raise HubError(f"{folder}: tie_word_embeddings is false, but the weights have no lm_head.weight")
    if bool(config.get("scale_decoder_outputs", is_tied)) != is_tied:
        raise HubError(
            f"{folder}: scale_decoder_outputs is not tie_word_embeddings: transformers 4 has only the latter"
        )


def _weight_names(path: Path) -> set[str]:
    """Return the names of the tensors in a safetensors file: the keys of its header, which is JSON."""
    with path.open("rb") as file:
        n_bytes = int.from_bytes(file.read(8), "little")
        return set(json.loads(file.read(n_bytes))) - {"__metadata__"}


_PROBE = """
import json, os, sys, torch, transformers
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
texts, folders = json.loads(sys.stdin.read())
outputs = []
for folder in folders:
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, use_safetensors=True).to(torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for text in texts:
        inputs = tokenizer(text, return_tensors="pt")
        limit = 2 * inputs["input_ids"].shape[1]
        ids = model.generate(**inputs, max_new_tokens=limit, do_sample=False, num_beams=1)[0].tolist()
        if os.path.isdir(os.path.join(folder, "custom_generate")):
            arguments = {"custom_generate": folder, "trust_remote_code": True}
            guided = model.generate(**inputs, max_new_tokens=limit, **arguments)[0].tolist()
            if guided != ids:
                sys.exit(f"custom_generate gives {tokenizer.decode(guided)!r}, not {tokenizer.decode(ids)!r}")
        outputs.append([ids, tokenizer.decode(ids, skip_special_tokens=True)])
print(json.dumps([transformers.__version__, outputs]))
"""
"""What a user without kzocr does; it runs in a process of its own, and in the other version of transformers."""


@dataclass(frozen=True)
class PlainOutputs:
    """What plain `transformers` makes of texts.

    Attributes:
        version: of transformers.
        ids: token ids of each output, folder by folder and in each text by text.
        texts: the same, decoded.
    """

    version: str
    ids: list[list[int]]
    texts: list[str]


def plain_outputs(
    folders: Sequence[Path], texts: Sequence[str] = (CHECK_TEXT,), *, python: str = sys.executable
) -> PlainOutputs:
    """Return what plain `transformers` makes of texts with each model, greedily, in a fresh process.

    Where a folder has `custom_generate/`, its output must be the same.

    Args:
        folders: model folders.
        texts: what is corrected.
        python: the interpreter; another one may have another version of transformers.

    Raises:
        HubError: one does not load or generate; the message has the last line of what it said.
    """
    request = json.dumps([list(texts), [str(folder.resolve()) for folder in folders]])
    with tempfile.TemporaryDirectory() as elsewhere:
        # Another folder, and no search path from outside: nothing of this project is imported.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            [python, "-c", _PROBE], input=request, capture_output=True, text=True, cwd=elsewhere, env=environment
        )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise HubError(f"{folders[-1]}: plain transformers cannot use it: {reason}")
    version, outputs = json.loads(done.stdout.strip().splitlines()[-1])
    return PlainOutputs(version, [ids for ids, _ in outputs], [text for _, text in outputs])


def check_folder(model_folder: Path, assembled: Path, text: str = CHECK_TEXT) -> str:
    """Return what the assembled model makes of `text`, by plain `transformers` in a fresh process.

    Raises:
        HubError: it does not load, or gives another output than the model that it was made from.
    """
    found = plain_outputs([model_folder, assembled], [text])
    if found.ids[0] != found.ids[1] or found.texts[0] != found.texts[1]:
        raise HubError(f"{assembled}: gives {found.texts[1]!r}, and {model_folder} gives {found.texts[0]!r}")
    return found.texts[1]
