from __future__ import annotations

from itertools import product

import pytest

from kzocr import derivation
from kzocr.derivation import derived_words, endings

BACK = ("бала", "қала", "дана", "шама")
FRONT = ("мерзіме", "көбе", "іске", "үлкене")
BACK_ENDINGS = ("", "лар", "ларды", "сын", "мыз")
FRONT_ENDINGS = ("", "лер", "лерді", "сін", "міз")


@pytest.fixture(autouse=True)
def few_words_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivation, "LEAST_STEMS", 3)


def counts() -> dict[str, int]:
    back = ["".join(parts) for parts in product(BACK, BACK_ENDINGS)]
    front = ["".join(parts) for parts in product(FRONT, FRONT_ENDINGS)]
    words = dict.fromkeys([*back, *front], 4)
    del words["даналарды"]
    del words["көбесін"]
    return words


def test_endings_are_what_usual_words_take() -> None:
    found = endings(counts())
    assert {*BACK_ENDINGS, *FRONT_ENDINGS} <= set(found)
    assert "қала" not in found
    assert endings({"бала": 4, "балалар": 1}) == []


def test_what_is_missing_is_derived_first() -> None:
    words = counts()
    found = derived_words(words, 2)
    assert sorted(found) == ["даналарды", "көбесін"]
    assert not words.keys() & derived_words(words, 50)


def test_endings_keep_to_the_harmony_of_their_stems() -> None:
    found = derived_words(counts(), 50)
    assert not any(stem + ending in found for stem in BACK for ending in FRONT_ENDINGS[1:])
    assert not any(stem + ending in found for stem in FRONT for ending in BACK_ENDINGS[1:])


def test_short_words_are_not_made_up() -> None:
    words = dict.fromkeys(["тас", "тасы", "тасқа", "бас", "басы", "басқа", "қас", "қасы", "жас", "жасқа"], 4)
    found = derived_words(words, 50)
    assert "қасқа" in found
    assert "жасы" not in found


def test_nothing_comes_of_nothing() -> None:
    assert derived_words({}, 10) == []
    assert derived_words({"бала": 1}, 10) == []


def test_less_memory_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    words = counts()
    found = derived_words(words, 3)
    monkeypatch.setattr(derivation, "_CHUNK", 2)
    assert derived_words(words, 3) == found
