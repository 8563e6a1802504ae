"""Which files lie beside a model's weights for the corrector, and what is in each of them."""

from __future__ import annotations

from kzocr.confidence import CALIBRATION_FILE
from kzocr.context_words import CONTEXT_FILE
from kzocr.lexicon import LEXICON_FILE
from kzocr.spelling import SPELLING_FILE
from kzocr.text_model import TEXT_MODEL_FILE

COMPANIONS = {
    CALIBRATION_FILE: "how sure an edit is",
    CONTEXT_FILE: "which words fit between others",
    LEXICON_FILE: "known words",
    SPELLING_FILE: "which known word stood where an unknown one is read",
    TEXT_MODEL_FILE: "how likely running text is",
}
"""Name of the file -> what is in it; `kzocr.loading.companions` finds those of a model."""
