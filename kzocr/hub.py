"""Checkpoint + card + report -> a folder -> the Hugging Face Hub, in one commit with a tag.

The folder is checked before anything leaves the machine: by plain `transformers` in a fresh process, and for what
`transformers` 4 and 5 read differently.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kzocr import __version__
from kzocr.card import REPORT_NAME
from kzocr.channel.prior import PRIORS, ChannelPrior
from kzocr.confidence import CALIBRATION_FILE
from kzocr.lexicon import LEXICON_FILE
from kzocr.spelling import SPELLING_FILE
from kzocr.text_model import TEXT_MODEL_FILE

CARD_NAME = "README.md"
MODEL_FILES = ("model.safetensors", "config.json", "generation_config.json", "tokenizer_config.json", "training.json")
OPTIONAL_FILES = (
    CALIBRATION_FILE,
    LEXICON_FILE,
    SPELLING_FILE,
    TEXT_MODEL_FILE,
    "added_tokens.json",
    "special_tokens_map.json",
    "tokenizer.json",
)
CHECK_TEXT = "Кар ерте жayғандықтан, жолдын екі жағы ақ кө рпеге айналды."

OWN_FILES = ["*.safetensors", "*.json", "*.xz", "*.py", "*.html", "channel/*", "custom_generate/*", "kzocr/*"]
"""Files of an older version that a new one takes away, if it does not have them."""


class HubError(ValueError):
    """A folder that must not be published, or a Hub that did not take it; the message says what is wrong."""


def assemble(model_folder: Path, target: Path, *, card: str, report: Path | None = None) -> list[Path]:
    """Fill the folder `target` with what is published and return its files, relative, sorted.

    That is the model, the card, `custom_generate/`, the files of the noise that the model learnt from (`channel/`),
    and the report, with its HTML page if that lies beside it.

    Args:
        model_folder: as `scripts/train.py` writes `model/`.
        target: is created, and must be empty.
        card: text of the model card.
        report: `report.json`, if it is published too.

    Raises:
        HubError: a file of the model is missing or reads differently in transformers 4 and 5, the channel's file
            cannot be found, or `target` is not empty.
    """
    from kzocr.custom_generate import write_custom_generate

    for name in MODEL_FILES:
        if not (model_folder / name).is_file():
            raise HubError(f"{model_folder}: no {name}")
    check_head(model_folder)
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise HubError(f"{target}: not empty")
    for name in (*MODEL_FILES, *OPTIONAL_FILES):
        if (model_folder / name).is_file():
            shutil.copyfile(model_folder / name, target / name)
    write_custom_generate(target)
    _write_channel(json.loads((model_folder / "training.json").read_text(encoding="utf-8")), target / "channel")
    (target / CARD_NAME).write_text(card, encoding="utf-8")
    if report is not None:
        shutil.copyfile(report, target / REPORT_NAME)
        if report.with_suffix(".html").is_file():
            shutil.copyfile(report.with_suffix(".html"), target / "report.html")
    return files_of(target)


def files_of(folder: Path) -> list[Path]:
    """Return the files in `folder` and below it, relative, sorted."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _write_channel(metadata: Mapping[str, Any], target: Path) -> None:
    """Write the noise that a model learnt from: a list of its families, and the files of those that were counted."""
    name = str(metadata["config"]["data"]["prior"])
    try:
        prior = ChannelPrior.load(name)
    except (ValueError, OSError) as error:
        raise HubError(f"the noise that the model learnt from cannot be read: {error}") from error
    target.mkdir()
    families = {}
    for family, weight in prior.weights.items():
        source = Path(family) if family in prior.fitted else PRIORS / f"{family}.json"
        file = f"channel/{source.name}" if source.is_file() else None
        if file is not None:
            shutil.copyfile(source, target / source.name)
        families[Path(family).stem if family in prior.fitted else family] = {"weight": weight, "file": file}
    content = {
        "name": Path(prior.name).name,
        "kzocr_version": __version__,
        "note": "families without a file are code, in kzocr/channel/families.py",
        "least_factor": prior.least_factor,
        "greatest_factor": prior.greatest_factor,
        "families": families,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (target / "prior.json").write_text(text + "\n", encoding="utf-8")


def check_head(folder: Path) -> None:
    """Raise if transformers 4 and 5 would compute different outputs from the model in `folder`.

    In 4 the one key `tie_word_embeddings` says whether the output layer is the embedding and whether outputs are
    scaled; in 5 it is written as true for every T5 model, and `scale_decoder_outputs` stands beside it.

    Raises:
        HubError: the configuration and the weights do not agree on what the output layer is.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    is_tied = bool(config.get("tie_word_embeddings", True))
    has_head = "lm_head.weight" in _weight_names(folder / "model.safetensors")
    if is_tied and has_head:
        raise HubError(
            f"{folder}: tie_word_embeddings is true, but the weights have an output layer of their own: "
            "transformers 4 would not use it. Write the folder with kzocr.checkpoint.write_model"
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


@dataclass(frozen=True)
class Upload:
    """What the Hub took.

    Attributes:
        url: the page of the commit.
        commit: its 40 hexadecimal digits.
        tag: the name that it has.
        is_private: whether only its owner sees it.
    """

    url: str
    commit: str
    tag: str
    is_private: bool


def upload(
    folder: Path,
    repo: str,
    *,
    tag: str,
    is_public: bool = False,
    token: str | None = None,
    kind: Literal["model", "space"] = "model",
) -> Upload:
    """Upload an assembled folder in one commit, tag it, and say where it is.

    A repository that does not exist is made as a private one, and `is_public` shows it to the world as the last
    step: whatever fails before, nothing half-published is seen, and the same call goes on where the last one
    stopped. Files that the Hub has already are not sent again.

    Args:
        folder: as `assemble` or `kzocr.space.assemble_space` filled it.
        repo: `user/name` on the Hub.
        tag: name of the revision, the version of the package.
        is_public: make the repository public in the end; without it, it stays as it is, and a new one private.
        token: access token; the stored one if it is not given.
        kind: what the repository is.

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
        space_sdk = "gradio" if kind == "space" else None
        api.create_repo(repo, repo_type=kind, private=True, exist_ok=True, space_sdk=space_sdk)
        is_private = bool(api.repo_info(repo, repo_type=kind).private)
        tags = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo, repo_type=kind).tags}
        is_unseen = is_public and is_private
        if tag in tags and not is_unseen:
            raise HubError(f"{repo}: version {tag} is published already; raise the version of the package")
        if tag in tags:
            oid, url = tags[tag], f"{api.endpoint}/{repo}/tree/{tag}"
        else:
            message = f"kzocr {tag}"
            commit = api.upload_folder(
                folder_path=folder, repo_id=repo, repo_type=kind, commit_message=message, delete_patterns=OWN_FILES
            )
            oid, url = commit.oid, str(commit.commit_url)
            api.create_tag(repo, tag=tag, revision=oid, repo_type=kind)
        if is_unseen:
            api.update_repo_settings(repo, private=False, repo_type=kind)
    except (HfHubHTTPError, OSError, RuntimeError) as error:
        said = [str(error), *([str(error.__cause__)] if isinstance(error, RuntimeError) and error.__cause__ else [])]
        reason = " ".join(" ".join(said).split())
        raise HubError(f"{repo}: the upload failed and may be repeated: {reason}") from error
    return Upload(url, oid, tag, is_private and not is_unseen)
