from __future__ import annotations

import pytest

from kzocr.language.lexicon import Lexicon
from kzocr.language.skeletons import Skeletons

SKELETONS = Skeletons(Lexicon({"қала": 9, "кала": 1, "көл": 7, "тең": 3, "тен": 2, "бері": 8, "жаңа": 4, "жана": 6}))


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("кел мен тен", "көл мен тен"),
        ("бер! кел", "бері көл"),
        ("«Бер1», КЕЛ!", "«Бері», КӨЛ!"),
        ("жана кала", "жана кала"),
        ("!!! 111 ке", "!!! 111 ке"),
        ("", ""),
    ],
)
def test_unknown_words_become_the_usual_ones_of_their_shape(text: str, filled: str) -> None:
    assert SKELETONS.filled(text) == filled
