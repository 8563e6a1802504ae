"""Which files lie beside a model's weights for the corrector, and what is in each of them."""

from __future__ import annotations

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
