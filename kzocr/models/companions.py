"""Which files lie beside a model's weights for the corrector, and what is in each of them."""

from __future__ import annotations

import filecmp
import os
import shutil
from pathlib import Path

from kzocr.confidence.model import CALIBRATION_FILE
from kzocr.language.lexicon import LEXICON_FILE
from kzocr.language.text_model import TEXT_MODEL_FILE
from kzocr.spelling.choice import SPELLING_FILE
from kzocr.spelling.context_words import CONTEXT_FILE

COMPANIONS = {
    CALIBRATION_FILE: "how sure an edit is",
    CONTEXT_FILE: "which words fit between others",
    LEXICON_FILE: "known words",
    SPELLING_FILE: "which known word stood where an unknown one is read",
    TEXT_MODEL_FILE: "how likely running text is",
}
"""Name of the file -> what is in it; `kzocr.models.loading.companions` finds those of a model."""

FITTED_TO_WEIGHTS = (CALIBRATION_FILE, SPELLING_FILE)
"""Those that judge what the model itself thinks; the others know of texts alone."""


def replace_model(new: Path, folder: Path) -> list[str]:
    """Return which files in `folder` were fitted to other weights, once a model was moved there; all others stay.

    The new folder gets the files that stay and takes the place of the old one by its name, so that files of two models
    are never in one. What is killed between the two renames is put right by the next call.

    Args:
        new: folder of the model, on the same disk; it is gone afterwards.
        folder: where the model belongs; it is made if it is not there.

    Raises:
        OSError: a file cannot be moved; `folder` is as it was.
    """
    folder = folder.resolve()
    before = folder.with_name(f".{folder.name}.before")
    if before.is_dir():
        _recover(before, folder)
    if not folder.exists():
        new.rename(folder)
        return []
    made = {path.name: path for path in new.iterdir()}
    # Weights in another number of files would be read in the place of the new ones: none of the old stays.
    weights = {path.name for place in (new, folder) for path in place.iterdir() if _is_weights(path)}
    is_same = all((folder / n).is_file() and n in made and filecmp.cmp(made[n], folder / n, False) for n in weights)
    for path in folder.iterdir():
        if path.name not in made and path.name not in weights:
            _keep(path, new / path.name)
    shutil.copymode(folder, new)
    folder.rename(before)
    try:
        new.rename(folder)
    except OSError:
        before.rename(folder)
        raise
    shutil.rmtree(before, ignore_errors=True)
    return [] if is_same else [name for name in FITTED_TO_WEIGHTS if (folder / name).is_file()]


def _recover(before: Path, folder: Path) -> None:
    """Finish what a kill has left: the old folder is put back if no new one is there, else it goes."""
    if not folder.exists():
        before.rename(folder)
        return
    for path in before.iterdir():
        if not (folder / path.name).exists() and not _is_weights(path):
            path.rename(folder / path.name)
    shutil.rmtree(before)


def _is_weights(path: Path) -> bool:
    return ".safetensors" in path.name and path.name not in COMPANIONS  # one of these has weights of its own


def _keep(path: Path, target: Path) -> None:
    """Let a file or folder be in a second place, without a copy where the disk can do that."""
    if path.is_dir() and not path.is_symlink():
        shutil.copytree(path, target, symlinks=True, copy_function=_keep_file)
    else:
        _keep_file(path, target)


def _keep_file(path: str | Path, target: str | Path) -> None:
    try:
        os.link(path, target, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(path, target, follow_symlinks=False)
