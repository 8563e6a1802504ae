from __future__ import annotations

import math

import pytest

from kzocr.language.letter_model import LetterModel

WORDS = {"сәлем": 2.0, "сәлемі": 1.0, "әлем": 1.0}
MODEL = LetterModel(WORDS)


def smoothed(history: str, sign: str) -> float:
    """Witten-Bell by the book: counts of what followed `history` in the padded words, 44 signs in all."""
    followers: dict[str, float] = {}
    for word, weight in WORDS.items():
        padded = "^^^" + word + "$"
        for end in range(3, len(padded)):
            if padded[end - len(history) : end] == history:
                followers[padded[end]] = followers.get(padded[end], 0.0) + weight
    lower = smoothed(history[1:], sign) if history else 1 / 44
    seen, kinds = sum(followers.values()), len(followers)
    return (followers.get(sign, 0.0) + kinds * lower) / (seen + kinds) if seen else lower


@pytest.mark.parametrize("word", ["сәлем", "әлемі", "мүлдем", "с", ""])
def test_probabilities_are_those_of_the_definition(word: str) -> None:
    padded = "^^^" + word + "$"
    expected = sum(math.log(smoothed(padded[end - 3 : end], padded[end])) for end in range(3, len(padded)))
    assert MODEL.log_probability(word) == pytest.approx(expected, rel=1e-5)


def test_words_are_likelier_than_misread_ones() -> None:
    assert MODEL.log_probability("сәлем") > MODEL.log_probability("сэлем") == MODEL.log_probability("с!лем")


def test_no_words_make_all_signs_equal() -> None:
    assert LetterModel({}).log_probability("ана") == pytest.approx(4 * math.log(1 / 44))


def test_any_other_sign_is_as_unlikely() -> None:
    model = LetterModel({"қала": 1.0})
    assert model.log_probability("қа€ла") == model.log_probability("қа\ud800ла") == model.log_probability("қа😀ла")
