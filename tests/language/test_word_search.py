from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import NO_MISREADINGS, Misreadings
from kzocr.language.word_search import N_FOUND, Trie, WordSearch

WORDS = {"әкімшілік": 5, "әкім": 9, "кітап": 4, "жұмыс": 8, "жұмысы": 2, "су": 3}
USUAL = Misreadings(
    {("ә", "э"): 0.3, ("кі", "ю"): 0.02, ("ілі", "ой"): 0.01, ("т", ""): 0.01, ("", "а"): 0.01, ("с", "6"): 0.2}
)


def _walk(trie: Trie, letters: str) -> int:
    codes = trie.codes(letters)
    return -1 if codes is None else trie.walk(0, codes)


@given(st.sets(st.text("абв", min_size=1, max_size=5), max_size=30), st.text("абвг", max_size=6))
def test_a_trie_holds_its_words_and_no_others(words: set[str], other: str) -> None:
    trie = Trie(words)
    for word in words:
        assert trie.words[_walk(trie, word)] == word
        assert _walk(trie, word[:-1]) >= 0
    assert (trie.words.get(_walk(trie, other)) == other) == (other in words)
    assert len(trie.words) == len(words)
    assert (_walk(trie, other) >= 0) == (not other or any(word.startswith(other) for word in words))


def test_children_are_one_letter_on() -> None:
    trie = Trie(["аб", "ав", "г"])
    assert len(trie.children(0)) == 2
    assert {_walk(trie, "аб"), _walk(trie, "ав")} == set(trie.children(_walk(trie, "а")))
    assert not trie.children(_walk(trie, "г"))
    assert {chr(trie.labels[node] + ord("а") - 1) for node in trie.children(_walk(trie, "а"))} == {"б", "в"}


def test_words_that_stretches_of_letters_were_misread_from() -> None:
    search = WordSearch(Lexicon(WORDS), USUAL)
    assert search.found("эюмшойк") == ("әкімшілік",)
    assert search.found("эюм") == ("әкім",)


def test_letters_lost_and_letters_from_nothing() -> None:
    search = WordSearch(Lexicon(WORDS), USUAL)
    assert search.found("кіап") == ("кітап",)
    assert search.found("акітап") == ("кітап",)


def test_a_sign_may_be_any_letter_or_none() -> None:
    search = WordSearch(Lexicon(WORDS), USUAL)
    assert search.found("жұм-с")[0] == "жұмыс"
    assert search.found("жұмы!с")[0] == "жұмыс"


def test_a_sign_that_is_often_misread_costs_what_it_is_worth() -> None:
    search = WordSearch(Lexicon({"су": 1, "ту": 50}), USUAL)
    assert search.found("6у") == ("су", "ту")


def test_nothing_is_found_without_misreadings_or_for_what_is_no_word() -> None:
    assert WordSearch(Lexicon(WORDS), NO_MISREADINGS).found("эюмшойк") == ()
    search = WordSearch(Lexicon(WORDS), USUAL)
    assert search.found("") == ()
    assert search.found("ә" * 200) == ()
    assert WordSearch(Lexicon({}), USUAL).found("эюмшойк") == ()


def test_the_word_itself_is_left_out_and_there_are_not_too_many() -> None:
    alphabet = "абвгдежзиклмнопрст"
    lexicon = Lexicon({f"ш{letter}": 1 for letter in alphabet})
    search = WordSearch(lexicon, Misreadings({(letter, "а"): 0.1 for letter in alphabet}))
    assert len(search.found("ша")) == N_FOUND
    assert "ша" not in search.found("ша")
    assert search.found("ша") is search.found("ша")
