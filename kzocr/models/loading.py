"""A model folder or a Hub name -> a model that is safe to use: checked before any weight is read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from transformers import AutoConfig, AutoModelForSeq2SeqLM, PreTrainedModel
from transformers.utils import logging
from transformers.utils.hub import cached_file

from kzocr.confidence.model import CALIBRATION_FILE, Calibration
from kzocr.encoding import VOCAB_SIZE
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.text_model import TEXT_MODEL_FILE, TextModel
from kzocr.models.companions import COMPANIONS
from kzocr.models.names import Location, is_path, locate
from kzocr.spelling.choice import SPELLING_FILE, SpellingModel
from kzocr.spelling.context_model import ContextModel
from kzocr.spelling.context_words import CONTEXT_FILE

EMBEDDED = Path(__file__).parent.parent / "weights"
"""The folder of the model that comes with the package."""

MODEL_TYPES = ("t5", "mt5")
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")

_one_at_a_time = threading.Lock()
"""Held while transformers loads a model: two at once get each other's settings, and weights that are not there."""


def load_model(
    name_or_path: str | None = None, *, revision: str | None = None, device: str = "auto", dtype: str = "auto"
) -> PreTrainedModel:
    """Return the model of a folder or of the Hugging Face Hub, ready to decode; threads may load at once.

    Args:
        name_or_path: what `kzocr.models.names.locate` knows: `None` or "embedded" for the model in the package, the
            name of a published model, a folder, or `user/name` on the Hub.
        revision: branch, tag or commit on the Hub; a published model is pinned to a commit without it.
        device: "cpu", "cuda", "cuda:1"; "auto" takes a CUDA device if there is one.
        dtype: "float32" or "bfloat16"; "auto" is bfloat16 on CUDA and float32 elsewhere.

    Raises:
        FileNotFoundError: no such folder, or a file is missing in it.
        ValueError: no such name, pickled weights, another architecture or vocabulary, an unknown device or dtype.
        OSError: the Hub cannot be reached or has no such model; the message says what to do.
    """
    target = _device(device)
    number_type = _dtype(dtype, target)
    location = locate(name_or_path, revision)
    name, revision = location.name or str(EMBEDDED), location.revision
    if location.name is None or is_path(name):
        check_folder(Path(name))
    with _clear_hub_errors(location):
        config = AutoConfig.from_pretrained(name, revision=revision)
    if config.model_type not in MODEL_TYPES:
        raise ValueError(f"{name}: a {config.model_type!r} model; kzocr needs T5, as google/byt5-small is")
    if config.vocab_size != VOCAB_SIZE:
        raise ValueError(f"{name}: a vocabulary of {config.vocab_size} ids; kzocr needs ByT5's {VOCAB_SIZE}")
    with _one_at_a_time:
        model = _loaded(name, location, number_type)
    torch.nn.Module.to(model, target)
    torch.nn.Module.train(model, mode=False)
    return model


def _loaded(name: str, location: Location, number_type: torch.dtype) -> PreTrainedModel:
    """Return the model as transformers loads it; `load_model` says what is raised."""
    shows_progress = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a model in the package is there at once
    try:
        with _clear_hub_errors(location):
            model: PreTrainedModel = AutoModelForSeq2SeqLM.from_pretrained(
                name, revision=location.revision, dtype=number_type, use_safetensors=True
            )
            return model
    except OSError as error:
        if "safetensors" in str(error):
            raise ValueError(
                f"{name}: no safetensors weights; pickled weights can run code and are not loaded"
            ) from error
        raise
    finally:
        if shows_progress:
            logging.enable_progress_bar()


def load_calibration(name_or_path: str | None = None, *, revision: str | None = None) -> Calibration | None:
    """Return the calibration that lies beside a model, or `None` if there is none.

    Args:
        name_or_path: as for `load_model`.
        revision: as for `load_model`.

    Raises:
        ValueError: the file is no calibration; the message names file and field.
    """
    path = _beside(name_or_path, CALIBRATION_FILE, revision)
    return None if path is None else Calibration.read(path)


def load_spelling(
    name_or_path: str | None = None, *, revision: str | None = None
) -> tuple[Lexicon, SpellingModel, TextModel, ContextModel] | None:
    """Return a model's lexicon, what chooses between its words, text and context models; `None` without a choice.

    A model with a `spelling.json` but without one of the others takes the one that comes with the package.

    Args:
        name_or_path: as for `load_model`.
        revision: as for `load_model`.

    Raises:
        ValueError: a file is broken; the message names it and the place.
    """
    spelling = _beside(name_or_path, SPELLING_FILE, revision)
    if spelling is None:
        return None
    lexicon = _beside(name_or_path, LEXICON_FILE, revision) or EMBEDDED / LEXICON_FILE
    text_model = _beside(name_or_path, TEXT_MODEL_FILE, revision) or EMBEDDED / TEXT_MODEL_FILE
    context_model = _beside(name_or_path, CONTEXT_FILE, revision) or EMBEDDED / CONTEXT_FILE
    return (
        Lexicon.read(lexicon),
        SpellingModel.read(spelling),
        TextModel.read(text_model),
        ContextModel.load(context_model),
    )


def companions(name_or_path: str | None = None, *, revision: str | None = None) -> list[Path]:
    """Return the files beside a model's weights that every corrector uses: `COMPANIONS` says what is in them.

    Args:
        name_or_path: as for `load_model`.
        revision: as for `load_model`.
    """
    found = [_beside(name_or_path, name, revision) for name in COMPANIONS]
    return [path for path in found if path is not None]


def _beside(name_or_path: str | None, file_name: str, revision: str | None) -> Path | None:
    """Return the path of a file beside a model, or `None` if there is none."""
    location = locate(name_or_path, revision)
    path = cached_file(
        location.name or str(EMBEDDED),
        file_name,
        revision=location.revision,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return None if path is None else Path(path)


def check_folder(folder: Path) -> None:
    """Raise if `folder` is no model folder with safetensors weights; the message says what is wrong.

    Raises:
        FileNotFoundError: it is missing, or has no config.json or no weights.
        ValueError: its weights are pickled.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such model folder")
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder}: no config.json: not a model folder")
    if any(folder.glob("*.safetensors")):
        return
    pickled = sorted(path.name for pattern in _PICKLED for path in folder.glob(pattern))
    if pickled:
        raise ValueError(
            f"{folder}: weights in {', '.join(pickled)}; pickled weights can run code and are not loaded: "
            "save them as model.safetensors"
        )
    raise FileNotFoundError(f"{folder}: no model.safetensors: the weights are missing")


@contextmanager
def _clear_hub_errors(location: Location) -> Iterator[None]:
    """Turn the ways in which the Hub does not give a model into messages that say what to do.

    Raises:
        OSError: in the place of another one whose cause is the Hub; others pass.
    """
    try:
        yield
    except OSError as error:
        reason = None if location.name is None or is_path(location.name) else _hub_reason(error)
        if reason is None:
            raise
        at = "" if location.revision is None else f" at {location.revision}"
        raise OSError(f"{location.name}{at}: {reason.format(fetch=_fetch_command(location))}") from error


def _fetch_command(location: Location) -> str:
    revision = "" if location.revision is None else f" --revision {location.revision}"
    return f"hf download {location.name}{revision}"


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (GatedRepoError, "its owner must let you in first, on its page on the Hub; then `hf auth login`"),
    (RepositoryNotFoundError, "the Hub has no such model, or it is private: then `hf auth login`"),
    (RevisionNotFoundError, "the Hub has the model, but no such revision"),
    (
        LocalEntryNotFoundError,
        "not in the cache of this machine, and the Hub cannot be reached. Run `{fetch}` where there is a network, or "
        "give a folder with the model's files. The model in the package works without a network: leave the name out, "
        "or say `embedded`",
    ),
)
"""What huggingface_hub says -> what a user can do about it; the first that fits, for each is a kind of the last."""


def _hub_reason(error: BaseException) -> str | None:
    """Return what to tell the user about an error of the Hub, or `None` for an error of another kind."""
    seen: BaseException | None = error
    while seen is not None:
        for kind, reason in _REASONS:
            if isinstance(seen, kind):
                return reason
        seen = seen.__cause__ or seen.__context__
    return None


def _device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        target = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"unknown device {device!r}; try cpu or cuda") from error
    if target.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device {device!r}: this torch finds no CUDA device")
    return target


def _dtype(dtype: str, device: torch.device) -> torch.dtype:
    if dtype == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if dtype not in ("float32", "bfloat16"):
        raise ValueError(f"unknown dtype {dtype!r}; T5 works in float32 and bfloat16 (float16 overflows)")
    return torch.float32 if dtype == "float32" else torch.bfloat16
