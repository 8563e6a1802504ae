"""Words as an engine without Kazakh letters would read them -> the usual word of that shape, without any model.

Every word of a lexicon has a skeleton: қ and к, ң and н, і and ! fall together. An unknown word with the skeleton of a
known one is likely to be that. Likely is not enough to correct a text, but it is a good draft for a model to verify.
"""

from __future__ import annotations

import re
from functools import cached_property

from kzocr.language.lexicon import Lexicon
from kzocr.text import LETTERS

_SAME_SHAPE = str.maketrans(
    {"ғ": "г", "қ": "к", "ң": "н", "ұ": "у", "ү": "у", "ө": "е", "ә": "е", "э": "е"} | dict.fromkeys("і!1|i", "и")
)
_SIGNS = "!1|i"
_WORD = re.compile(f"[{''.join(sorted(LETTERS))}{_SIGNS}]+")
_LEAST_CHARS = 3


class Skeletons:
    """The most usual word of each shape.

    Args:
        lexicon: the known words; they are sorted by shape at the first question (half a second).
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def filled(self, text: str) -> str:
        """Return `text` with its unknown words replaced by the usual ones of their shape, in their case."""
        return _WORD.sub(lambda match: self._filled(match.group()), text)

    def _filled(self, word: str) -> str:
        stem = word.rstrip("!")
        for core in dict.fromkeys((word, stem)):
            if len(core) < _LEAST_CHARS or core.lower() in self.lexicon or all(sign in _SIGNS for sign in core):
                return word
            known = self._usual.get(core.lower().translate(_SAME_SHAPE))
            if known is not None:
                return _in_case_of(core, known) + word[len(core) :]
        return word

    @cached_property
    def _usual(self) -> dict[str, str]:
        usual: dict[str, str] = {}
        for word, count in self.lexicon.counts.items():
            shape = word.translate(_SAME_SHAPE)
            if shape not in usual or count > self.lexicon.counts[usual[shape]]:
                usual[shape] = word
        return usual


def _in_case_of(model: str, word: str) -> str:
    """Return `word` in capitals, capitalised or as it is, as `model` is."""
    if model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
