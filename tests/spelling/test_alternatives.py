from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.inference.doubts import Alternative
from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import Misreadings
from kzocr.language.text_model import TextModel
from kzocr.language.word_search import WordSearch
from kzocr.spelling.alternatives import Fits, alternatives, unknown_share, words_of

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
    assert found("көрмеқорлық") == []


def test_two_known_words_that_were_never_seen_together_but_make_one() -> None:
    counts = {"көрсеткіш": 9, "тер": 3, "көрсеткіштер": 5, "басқа": 9, "да": 90, "басқада": 5, "құмтер": 1, "құм": 2}
    lexicon = Lexicon(counts, {("басқа", "да"): 4})
    [item] = alternatives("Көрсеткіш тер басқа да құм тер", lexicon)
    assert (item.before, item.after, item.is_known) == ("Көрсеткіш тер", "Көрсеткіштер", True)
    assert (item.left, item.right) == ("", "басқа")
    assert item.log_frequency_before == lexicon.log_frequency("тер")
    assert alternatives("көрсеткіш, тер", lexicon) == []


def test_what_is_left_alone() -> None:
    assert found("байпа-\nны5") == []
    assert found("байпаны5") == []
    assert found("bайпаныс") == []
    assert found("йл") == []


def test_a_known_word_of_two_letters_has_neighbours_where_the_model_is_not_sure() -> None:
    lexicon = Lexicon({"ол": 90, "оп": 1})
    assert alternatives("Оп", lexicon) == []
    assert [item.after for item in alternatives("Оп", lexicon, lambda start, end: True)] == ["Ол"]
    assert alternatives("Оц", lexicon, lambda start, end: True) == []


def test_parts_of_hyphenated_words_are_words() -> None:
    assert found("қарыл-қатынас") == [("қарыл", "қарым")]


def test_share_of_unknown_words_around() -> None:
    text = "бұл байпаныс көрме, сек-\nілді"
    assert unknown_share(text, LEXICON) == 1.5 / 13
    assert unknown_share(text, LEXICON, text.index("байпаныс"), text.index("көрме") - 1) == 0.5 / 12
    assert unknown_share(text, LEXICON, 0, 2) == 1.5 / 12
    assert unknown_share("", LEXICON) == 0.05


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


def test_what_the_model_itself_might_have_printed_is_named_once() -> None:
    lexicon = Lexicon({"көп": 9, "кең": 1, "қар": 5})
    items = alternatives("кеп қзр", lexicon, second_choices={0: ["көп"]})
    assert [(item.after, item.is_second) for item in items] == [("кең", False), ("көп", True), ("қар", False)]


def test_alternatives_know_the_words_beside_them() -> None:
    item = alternatives("Бұл байпаныс, не", LEXICON)[0]
    assert (item.left, item.right) == ("бұл", "не")
    joined = next(item for item in alternatives("бұл ұйым дастырудың не", LEXICON) if " " in item.before)
    assert (joined.left, joined.right) == ("бұл", "не")
    assert (alternatives("байпаныс", LEXICON)[0].left, alternatives("байпаныс", LEXICON)[0].right) == ("", "")


USUAL = Misreadings({("кі", "ю"): 0.05, ("ә", "э"): 0.3, ("ы", "-"): 0.01, ("р", "г"): 0.05})


def searched(text: str, counts: dict[str, int], text_model: TextModel | None = None) -> list[Alternative]:
    lexicon = Lexicon(counts)
    return alternatives(text, lexicon, search=WordSearch(lexicon, USUAL), text_model=text_model)


def test_words_many_edits_away_that_are_often_misread_so() -> None:
    (item,) = searched("эюм", {"әкім": 3, "су": 9})
    assert (item.before, item.after, item.distance) == ("эюм", "әкім", 3)


def test_a_hyphen_may_be_a_misread_letter() -> None:
    assert ("Жұм-с", "Жұмыс") in [(item.before, item.after) for item in searched("Жұм-с бар", {"жұмыс": 3, "бар": 9})]
    assert searched("қарым-қатынас", {"қарым": 3, "қатынас": 3, "қарымқатынас": 1}) == []


def test_a_word_that_a_line_end_divides() -> None:
    counts = {"өрттердің": 3, "бар": 9}
    (item,) = searched("Бар өртгер-\nдің", counts)
    assert (item.before, item.after, item.left) == ("өртгер-\nдің", "өрттер-\nдің", "бар")
    assert (item.words_before, item.words_after, item.is_divided) == ("өртгердің", "өрттердің", True)
    assert searched("Бар өрттер-\nдің", counts) == []
    (item,) = searched("Әю-\nмі", {"әкімі": 1})
    assert item.after == "Әкі-\nмі"


def test_known_words_joined_by_a_hyphen_at_a_line_end_stay() -> None:
    assert searched("қарым-\nқатынас", {"қарым": 3, "қатынас": 3, "қарымқатынасы": 1}) == []


def test_pieces_of_one_word_name_it_once() -> None:
    items = searched("ұйым дастыру", {"ұйымдастыру": 3, "бар": 1})
    assert [item.after for item in items] == ["ұйымдастыру"]


def test_a_text_model_says_what_fits() -> None:
    text_model = TextModel.from_lines(["ақ қар жауды", "ақ қар еріді"] * 3)
    items = searched("ақ қзр жауды", {"қар": 1, "қыр": 50, "ақ": 9, "жауды": 9}, text_model)
    assert [item.after for item in items] == ["қар", "қыр"]
    assert items[0].text_gain > 0 > items[1].text_gain - items[0].text_gain
    whole = searched("қзр", {"қар": 1}, text_model)[0].text_gain
    divided = searched("қз-\nр", {"қар": 1}, text_model)[0].text_gain
    assert divided == pytest.approx(whole)


def likes(*liked: str) -> Fits:
    """Return what finds that some words fit, by six nats."""
    return lambda text, changes: [6.0 * (words in liked) for _, _, words in changes]


def test_what_a_context_model_says_of_each() -> None:
    lexicon = Lexicon({"қар": 1, "қыр": 50, "жауды": 9})
    items = alternatives("ақ қзр жауды", lexicon, context=likes("қар", "қзр"))
    assert {item.after: (item.context_fit, item.context_fit_before) for item in items} == {
        "қар": (6.0, 6.0),
        "қыр": (0.0, 6.0),
    }


def test_a_known_word_that_does_not_fit_is_looked_at() -> None:
    lexicon = Lexicon({"қар": 9, "қыр": 50, "қыз": 9, "жауды": 9})
    assert alternatives("қыр жауды", lexicon) == []
    assert alternatives("қыр жауды", lexicon, context=likes("қыр")) == []
    (item,) = alternatives("Қыр жауды", lexicon, context=likes("қар"))
    assert (item.before, item.after, item.is_known) == ("Қыр", "Қар", True)
    everything = alternatives("қыр жауды", lexicon, lambda start, end: start == 0, context=likes("қар"))
    assert [item.after for item in everything] == ["қар", "қыз"]
