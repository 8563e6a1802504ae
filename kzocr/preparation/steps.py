"""What is done to a whole text before a model sees it: letters and spaces that a text layer lost, numerals.

An encoding without the Kazakh letters, a font that does not say what its letters are, a heading with space between its
letters: all of this is in a whole document alike, and windows that a model looks at one by one would not show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kzocr.edits import Edit, apply_edits, composed
from kzocr.language.spans import addresses
from kzocr.language.text_model import TextModel
from kzocr.preparation.decipherment import deciphered
from kzocr.preparation.lost_letters import lost_letters
from kzocr.preparation.numerals import numerals
from kzocr.preparation.spacing import Spacing


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of the language.

    Attributes:
        text_model: says how likely letters and spaces are.
        is_known: says whether a word in lower case is one.
    """

    text_model: TextModel
    is_known: Callable[[str], bool]


class Preparation:
    """Deciphers signs for letters, puts lost letters and spaces back and takes needless spaces out; mends numerals.

    Args:
        knowledge: says what is likely; without it nothing is done but to numerals.
    """

    def __init__(self, knowledge: Knowledge | None = None) -> None:
        self.knowledge = knowledge

    def edits(self, text: str, least_confidence: float = 0.0) -> list[Edit]:
        """Return what is done to `text`, from left to right; addresses are left alone.

        Args:
            text: any string.
            least_confidence: edits that are less sure are left out.
        """
        letters = _allowed(text, self._letters(text), least_confidence)
        read = apply_edits(text, letters)
        others = sorted([*self._spaces(read), *numerals(read)], key=lambda edit: edit.start)
        allowed = _allowed(read, others, least_confidence)
        return composed(text, letters, allowed) if letters else allowed

    def _letters(self, text: str) -> list[Edit]:
        """Return the letters for signs that stand for them throughout `text`, or else those that it lost."""
        if self.knowledge is None:
            return []
        text_model, is_known = self.knowledge.text_model, self.knowledge.is_known
        return deciphered(text, text_model, is_known) or lost_letters(text, text_model, is_known)

    def _spaces(self, text: str) -> list[Edit]:
        """Return the spaces that go and those that come."""
        if self.knowledge is None:
            return []
        return Spacing(self.knowledge.text_model, self.knowledge.is_known).edits(text)


NO_PREPARATION = Preparation()
"""For a model that comes without a lexicon."""


def _allowed(text: str, edits: Sequence[Edit], least_confidence: float) -> list[Edit]:
    """Return the edits that are sure enough and touch no address."""
    sure = [edit for edit in edits if edit.confidence >= least_confidence]
    kept = addresses(text) if sure else []
    return [edit for edit in sure if not any(start < edit.end and edit.start < end for start, end in kept)]
