"""A model folder or a Hub name -> a model that is safe to use: checked before any weight is read."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForSeq2SeqLM, PreTrainedModel
from transformers.utils import logging
from transformers.utils.hub import cached_file

from kzocr.calibration import CALIBRATION_FILE, Calibration
from kzocr.encoding import VOCAB_SIZE
from kzocr.lexicon import LEXICON_FILE, Lexicon
from kzocr.spelling import SPELLING_FILE, SpellingModel

EMBEDDED = Path(__file__).parent / "weights"
"""The folder of the model that comes with the package."""

MODEL_TYPES = ("t5", "mt5")
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")


def load_model(
    name_or_path: str | None = None, *, revision: str | None = None, device: str = "auto", dtype: str = "auto"
) -> PreTrainedModel:
    """Return the model of a folder or of the Hugging Face Hub, ready to decode.

    Args:
        name_or_path: a folder or a Hub name; `None` for the embedded model.
        revision: branch, tag or commit on the Hub.
        device: "cpu", "cuda", "cuda:1"; "auto" takes a CUDA device if there is one.
        dtype: "float32" or "bfloat16"; "auto" is bfloat16 on CUDA and float32 elsewhere.

    Raises:
        FileNotFoundError: no such folder, or a file is missing in it.
        ValueError: pickled weights, another architecture or vocabulary, an unknown device or dtype.
        OSError: the Hub cannot be reached or has no such model.
    """
    target = _device(device)
    number_type = _dtype(dtype, target)
    name = str(EMBEDDED) if name_or_path is None else name_or_path
    if name_or_path is None or _is_path(name):
        check_folder(Path(name))
    config = AutoConfig.from_pretrained(name, revision=revision)
    if config.model_type not in MODEL_TYPES:
        raise ValueError(f"{name}: a {config.model_type!r} model; kzocr needs T5, as google/byt5-small is")
    if config.vocab_size != VOCAB_SIZE:
        raise ValueError(f"{name}: a vocabulary of {config.vocab_size} ids; kzocr needs ByT5's {VOCAB_SIZE}")
    shows_progress = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a model in the package is there at once
    try:
        model: PreTrainedModel = AutoModelForSeq2SeqLM.from_pretrained(
            name, revision=revision, dtype=number_type, use_safetensors=True
        )
    except OSError as error:
        if "safetensors" in str(error):
            raise ValueError(
                f"{name}: no safetensors weights; pickled weights can run code and are not loaded"
            ) from error
        raise
    finally:
        if shows_progress:
            logging.enable_progress_bar()
    torch.nn.Module.to(model, target)
    torch.nn.Module.train(model, mode=False)
    return model


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
) -> tuple[Lexicon, SpellingModel] | None:
    """Return the lexicon of a model and what chooses between its words, or `None` for a model without a choice.

    A model with a `spelling.json` but without a lexicon of its own takes the one that comes with the package.

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
    return Lexicon.read(lexicon), SpellingModel.read(spelling)


def _beside(name_or_path: str | None, file_name: str, revision: str | None) -> Path | None:
    """Return the path of a file beside a model, or `None` if there is none."""
    path = cached_file(
        str(EMBEDDED) if name_or_path is None else name_or_path,
        file_name,
        revision=revision,
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


def _is_path(name: str) -> bool:
    """Return whether `name` is meant as a folder: it is one, or could not be a Hub name."""
    return os.path.isdir(name) or name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1


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
