from __future__ import annotations

import math
from typing import Any

import pytest

from fakes import CopyingDecoder
from kzocr.corrector import Corrector
from kzocr.edits import apply_edits
from kzocr.encoding import encode
from kzocr.inference.outputs import output_of
from kzocr.inference.views import Output
from kzocr.language.lexicon import Lexicon
from kzocr.pairs import TextPair
from kzocr.spelling.bayes_risk import RISK_OF_NONE
from kzocr.spelling.choice import FEATURES, SpellingModel
from kzocr.spelling.examining import LexiconDecoder
from kzocr.spelling.profile import NO_PROFILE
from kzocr.spelling.respelling import Respeller, judged_words

LEXICON = Lexicon({"байланыс": 9, "жаңа": 8, "деңгейге": 5, "көтерілді": 5})
GAIN_ONLY = SpellingModel(tuple(1.0 if name == "model_gain" else 0.0 for name in FEATURES))


def examined(text: str, gain: float, lexicon: Lexicon = LEXICON, **options: Any) -> Output:
    decoder = LexiconDecoder(CopyingDecoder(gain, **options), lexicon)  # type: ignore[arg-type]
    return output_of(decoder.decode([encode(text)])[0])


def respelt(text: str, gain: float, lexicon: Lexicon = LEXICON, **options: Any) -> str:
    return Respeller(lexicon, GAIN_ONLY).respelt(examined(text, gain, lexicon, **options), NO_PROFILE).text


def test_an_unknown_word_becomes_the_known_one_that_the_model_likes() -> None:
    assert respelt("Бұл байпаныс жаңа деңгейге көтеріпді.", gain=3.0) == "Бұл байланыс жаңа деңгейге көтерілді."


def test_it_stays_where_the_model_does_not() -> None:
    assert respelt("Бұл байпаныс жаңа", gain=-3.0) == "Бұл байпаныс жаңа"


def test_the_decoder_says_what_is_in_doubt_and_changes_nothing() -> None:
    output = examined("ән байпаныс", gain=2.0)
    assert output.text == "ән байпаныс"
    [word] = output.doubts
    [evidence] = word.evidence
    assert (evidence.alternative.start, evidence.alternative.end, evidence.alternative.after) == (3, 11, "байланыс")
    assert (evidence.gain, word.unknown_share) == (2.0, 0.05)


def test_words_that_share_a_stretch_are_one_doubt() -> None:
    output = examined("байла ныс жаңу", gain=2.0)
    assert [{one.alternative.before for one in word.evidence} for word in output.doubts] == [{"байла ныс"}, {"жаңу"}]


def test_output_without_an_end_or_that_is_no_text_stays() -> None:
    assert respelt("байпаныс", gain=3.0, finished=False) == "байпаныс"
    decoder = LexiconDecoder(CopyingDecoder(3.0), LEXICON)  # type: ignore[arg-type]
    assert decoder.decode([[*encode("байпаныс")[:-1], 0xFF + 3, 1]])[0].doubts == ()


def test_probabilities_of_a_chosen_word_are_those_of_the_choice() -> None:
    result = Respeller(LEXICON, GAIN_ONLY).respelt(examined("ән байпаныс", gain=1.0), NO_PROFILE)
    right = math.e / (math.e + 1)
    share = right / (right + RISK_OF_NONE * (1 - right))
    assert result.log_probabilities == pytest.approx([-0.5] * 5 + [math.log(share)] * 16 + [0.0])
    assert len(result.log_probabilities) == len(result.text.encode()) + 1


def test_known_words_cost_nothing() -> None:
    inner = CopyingDecoder(3.0)
    LexiconDecoder(inner, LEXICON).decode([encode("Жаңа байланыс")])  # type: ignore[arg-type]
    assert inner.replacements == []


def test_judged_words_know_what_was_printed() -> None:
    pairs = [
        TextPair("жаңа байланыс", "жаңа байпаныс", "a", "synthetic"),
        TextPair("жаңа байпаныс", "жаңа\nбайпаныс", "b", "synthetic"),
    ]
    decoder = LexiconDecoder(CopyingDecoder(0.0), LEXICON)  # type: ignore[arg-type]
    judged = judged_words(decoder, LEXICON, pairs)  # type: ignore[arg-type]
    assert [[(word.right, word.harms, word.current, word.outcomes) for word in words] for words in judged] == [
        [(0, [-1], "байпаныс", ["байланыс"])],
        [(None, [1], "байпаныс", ["байланыс"])],
    ]


def test_a_known_word_that_the_model_doubts_can_be_another_one() -> None:
    """The stand-in gives every byte exp(-0.5): a word of six bytes is in doubt."""
    assert respelt("кеп", gain=3.0, lexicon=Lexicon({"көп": 9, "кеп": 2})) == "көп"


def test_the_same_word_is_respelt_in_a_document_that_misreads_its_letters_and_left_in_another() -> None:
    lexicon = Lexicon({"негізгі": 9, "қандай": 8, "роман": 7, "толқын": 5})
    weights = {**dict.fromkeys(FEATURES, 0.0), "repetition": 10.0, "bias": -5.0}
    respeller = Respeller(lexicon, SpellingModel(tuple(weights.values())))
    decoder = LexiconDecoder(CopyingDecoder(0.0), lexicon)  # type: ignore[arg-type]
    corrector = Corrector(decoder, respeller=respeller)
    clean, noisy = "Негізгі толқым, роман.\n", "Мегізгі толқым, ромам, қамдай.\n"
    assert corrector.correct(clean) == clean
    assert corrector.correct(noisy) == "Негізгі толқын, роман, қандай.\n"
    assert corrector.correct([clean, noisy]) == [clean, "Негізгі толқын, роман, қандай.\n"]
    explained = corrector.explain(noisy + clean)
    assert explained.is_settled
    assert apply_edits(explained.original, explained.edits) == explained.text
    assert corrector.correct(explained.text) == explained.text
