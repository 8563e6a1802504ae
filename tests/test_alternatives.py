from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kzocr.alternatives import alternatives, unknown_share, words_of
from kzocr.lexicon import Lexicon

LEXICON = Lexicon({"бұл": 90, "көрме": 5, "секілді": 5, "байланыс": 9, "қарым": 4, "ұйымдастырудың": 2, "не": 50})


def found(text: str) -> list[tuple[str, str]]:
    return [(item.before, item.after) for item in alternatives(text, LEXICON)]


def test_an_unknown_word_has_its_known_neighbours() -> None:
    assert found("бұл байпаныс, не") == [("байпаныс", "байланыс")]


def test_known_words_have_none() -> None:
    assert found("Бұл көрме секілді байланыс.") == []


def test_case_is_that_of_the_text() -> None:
    assert found("Байпаныс БАЙПАНЫС") == [("Байпаныс", "Байланыс"), ("БАЙПАНЫС", "БАЙЛАНЫС")]


def test_words_that_were_run_together_and_words_in_two_pieces() -> None:
    assert ("көрмесекілді", "көрме секілді") in found("көрмесекілді")
    assert ("ұйым дастырудың", "ұйымдастырудың") in found("бұл ұйым дастырудың")


def test_what_is_left_alone() -> None:
    assert found("байпа-\nныс") == []
    assert found("байпаны5") == []
    assert found("bайпаныс") == []
    assert found("йл") == []


def test_parts_of_hyphenated_words_are_words() -> None:
    assert found("қарыл-қатынас") == [("қарыл", "қарым")]


def test_share_of_unknown_words() -> None:
    assert unknown_share("бұл байпаныс көрме, сек-\nілді", LEXICON) == 1 / 3
    assert unknown_share("", LEXICON) == 0.0


@given(st.text("бұлайпнс -\n.«!", max_size=40))
def test_offsets_are_those_of_the_text(text: str) -> None:
    for word in words_of(text):
        assert text[word.start : word.end] == word.text
    for item in alternatives(text, LEXICON):
        assert text[item.start : item.end] == item.before
        assert item.after != item.before


def test_a_known_word_in_doubt_has_its_neighbours_too() -> None:
    lexicon = Lexicon({"көп": 9, "кеп": 2, "кең": 1})
    assert alternatives("кеп", lexicon) == []
    items = alternatives("Кеп", lexicon, lambda start, end: (start, end) == (0, 3))
    assert [(item.after, item.is_known) for item in items] == [("Көп", True), ("Кең", True)]
    assert items[0].log_frequency_before == lexicon.log_frequency("кеп")


def test_alternatives_know_the_words_beside_them() -> None:
    item = alternatives("Бұл байпаныс, не", LEXICON)[0]
    assert (item.left, item.right) == ("бұл", "не")
    joined = next(item for item in alternatives("бұл ұйым дастырудың не", LEXICON) if " " in item.before)
    assert (joined.left, joined.right) == ("бұл", "не")
    assert (alternatives("байпаныс", LEXICON)[0].left, alternatives("байпаныс", LEXICON)[0].right) == ("", "")
