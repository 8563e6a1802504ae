"""Which files lie beside a model's weights for the corrector, and what is in each of them."""

from __future__ import annotations

import filecmp
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

    Args:
        new: folder of the model, on the same disk; it is gone afterwards.
        folder: where the model belongs; it is made if it is not there.

    Raises:
        OSError: a file cannot be moved.
    """
    folder.mkdir(exist_ok=True)
    made = {path.name: path for path in new.iterdir()}
    found = {path.name for place in (new, folder) for path in place.glob("*.safetensors*")}
    weights = found - COMPANIONS.keys()  # one of these has weights of its own
    is_same = all((folder / n).is_file() and n in made and filecmp.cmp(made[n], folder / n, False) for n in weights)
    # Weights in another number of files would be read in the place of the new ones.
    for name in weights - made.keys():
        (folder / name).unlink()
    for name, path in made.items():
        path.replace(folder / name)
    new.rmdir()
    return [] if is_same else [name for name in FITTED_TO_WEIGHTS if (folder / name).is_file()]
