from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from kzocr.decoding import Decoded, Replacement
from kzocr.encoding import decode, encode
from kzocr.lexicon import Lexicon
from kzocr.pairs import TextPair
from kzocr.respelling import LexiconDecoder, judged_words
from kzocr.spelling import FEATURES, SpellingModel

LEXICON = Lexicon({"байланыс": 9, "жаңа": 8, "деңгейге": 5, "көтерілді": 5})
GAIN_ONLY = SpellingModel(tuple(1.0 if name == "model_gain" else 0.0 for name in FEATURES))


class CopyingDecoder:
    """Stands in for `GuidedDecoder`: prints its input, and finds every replacement `gain` nats likelier."""

    def __init__(self, gain: float, finished: bool = True) -> None:
        self.gain = gain
        self.finished = finished
        self.replacements: list[Replacement] = []

    def decode_rows(self, inputs: Sequence[Sequence[int]], *, max_new_bytes: Any = None) -> list[tuple[Decoded, None]]:
        return [(Decoded(list(ids[:-1]), [-0.5] * (len(ids) - 1), self.finished), None) for ids in inputs]

    def score(self, decoded: Any, replacements: Sequence[Replacement]) -> list[float]:
        self.replacements += replacements
        return [self.gain] * len(replacements)


def respelt(text: str, gain: float, **options: Any) -> str:
    decoder = LexiconDecoder(CopyingDecoder(gain, **options), LEXICON, GAIN_ONLY)  # type: ignore[arg-type]
    return decode(decoder.decode([encode(text)])[0].ids)


def test_an_unknown_word_becomes_the_known_one_that_the_model_likes() -> None:
    assert respelt("Бұл байпаныс жаңа деңгейге көтеріпді.", gain=3.0) == "Бұл байланыс жаңа деңгейге көтерілді."


def test_it_stays_where_the_model_does_not() -> None:
    assert respelt("Бұл байпаныс жаңа", gain=-3.0) == "Бұл байпаныс жаңа"


def test_output_without_an_end_or_that_is_no_text_stays() -> None:
    assert respelt("байпаныс", gain=3.0, finished=False) == "байпаныс"
    decoder = LexiconDecoder(CopyingDecoder(3.0), LEXICON, GAIN_ONLY)  # type: ignore[arg-type]
    broken = [*encode("байпаныс")[:-1], 0xFF + 3, 1]
    assert decoder.decode([broken])[0].ids == broken[:-1]


def test_probabilities_of_a_chosen_word_are_those_of_the_choice() -> None:
    decoder = LexiconDecoder(CopyingDecoder(1.0), LEXICON, GAIN_ONLY)  # type: ignore[arg-type]
    result = decoder.decode([encode("ән байпаныс")])[0]
    share = math.e / (math.e + 1)
    assert result.log_probabilities == pytest.approx([-0.5] * 5 + [math.log(share)] * 16)
    assert len(result.log_probabilities) == len(result.ids)


def test_known_words_cost_nothing() -> None:
    inner = CopyingDecoder(3.0)
    LexiconDecoder(inner, LEXICON, GAIN_ONLY).decode([encode("Жаңа байланыс")])  # type: ignore[arg-type]
    assert inner.replacements == []


def test_least_probability_is_a_parameter() -> None:
    strict = LexiconDecoder(CopyingDecoder(1.0), LEXICON, GAIN_ONLY, least_probability=0.9)  # type: ignore[arg-type]
    assert decode(strict.decode([encode("байпаныс")])[0].ids) == "байпаныс"


def test_judged_words_know_what_was_printed() -> None:
    pairs = [
        TextPair("жаңа байланыс", "жаңа байпаныс", "a", "synthetic"),
        TextPair("жаңа байпаныс", "жаңа байпаныс", "b", "synthetic"),
    ]
    decoder = LexiconDecoder(CopyingDecoder(0.0), LEXICON, GAIN_ONLY)  # type: ignore[arg-type]
    assert [word.right for word in judged_words(decoder, pairs)] == [0, None]


def test_a_known_word_that_the_model_doubts_can_be_another_one() -> None:
    """The stand-in gives every byte exp(-0.5): a word of six bytes is in doubt."""
    lexicon = Lexicon({"көп": 9, "кеп": 2})
    decoder = LexiconDecoder(CopyingDecoder(3.0), lexicon, GAIN_ONLY)  # type: ignore[arg-type]
    assert decode(decoder.decode([encode("кеп")])[0].ids) == "көп"
