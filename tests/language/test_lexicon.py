from __future__ import annotations

import lzma
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from kzocr.language.lexicon import Lexicon, count_pairs, count_words, without_russified

LEXICON = Lexicon({"сәлем": 8, "сәлемі": 1, "әлем": 4, "кітап": 3})


def test_words_and_their_frequencies() -> None:
    assert "сәлем" in LEXICON
    assert "Сәлем" not in LEXICON
    assert len(LEXICON) == 4
    assert LEXICON.log_frequency("сәлем") == pytest.approx(math.log(8 / 16))
    assert LEXICON.log_frequency("жоқ") == pytest.approx(math.log(1 / 16))


def test_near_words_come_nearest_and_most_usual_first() -> None:
    assert LEXICON.near("сәлен", 1) == [("сәлем", 1)]
    assert LEXICON.near("сәлем", 1) == [("әлем", 1), ("сәлемі", 1)]
    assert LEXICON.near("с!лем", 1) == [("сәлем", 1)]
    assert LEXICON.near("мүлдем", 2) == []
    LEXICON.near("сәлен", 1).clear()
    assert LEXICON.near("сәлен", 1) == [("сәлем", 1)]


@given(
    st.lists(st.text("аәбіңы", min_size=1, max_size=7), min_size=1, max_size=30, unique=True),
    st.text("аәбіңы!", min_size=1, max_size=7),
    st.integers(1, 3),
)
def test_near_finds_what_a_search_of_all_words_finds(words: list[str], word: str, limit: int) -> None:
    lexicon = Lexicon(dict.fromkeys(words, 1))
    expected = {w: d for w in words if 0 < (d := Levenshtein.distance(word, w)) <= limit}
    assert dict(lexicon.near(word, limit)) == expected


def test_counting_takes_punctuation_off() -> None:
    assert count_words(["«Ана тілі», ана!", "ата-ана 12"]) == {"ана": 2, "тілі": 1}


def test_russified_spellings_go_if_the_kazakh_one_is_far_more_usual() -> None:
    counts = {"жақсы": 90, "жаксы": 1, "қар": 30, "кар": 20, "ор": 1, "өр": 2}
    assert without_russified(counts) == {"жақсы": 90, "қар": 30, "кар": 20, "ор": 1, "өр": 2}
    assert without_russified({"қақ": 90, "кақ": 2, "қак": 2}) == {"қақ": 90}


def test_counting_pairs_knows_lines_and_skips_what_is_no_word() -> None:
    assert count_pairs(["Ана тілі, ана 12 тілі", "тілі ана"]) == {
        ("ана", "тілі"): 1,
        ("тілі", "ана"): 2,
    }


def test_pairs_of_words_that_are_not_kept_go() -> None:
    pairs = {("ана", "тілі"): 3, ("тілі", "ана"): 2}
    assert Lexicon.from_counts({"ана": 5, "тілі": 1}, pairs, least_count=2).pairs == {}
    assert Lexicon.from_counts({"ана": 5, "тілі": 1}, pairs).pairs == pairs


def test_file_round_trip(tmp_path: Path) -> None:
    lexicon = Lexicon(LEXICON.counts, {("сәлем", "әлем"): 2})
    lexicon.write(tmp_path / "lexicon.txt.xz")
    read = Lexicon.read(tmp_path / "lexicon.txt.xz")
    assert (read.counts, read.pairs) == (lexicon.counts, lexicon.pairs)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "not an xz file"),
        (lzma.compress("ана 3\nтіл\n".encode()), ":2: expected one word or two, and their count, got 'тіл'"),
        (lzma.compress("ана\x0c 3\nтіл\n".encode()), ":2: expected one word or two, and their count, got 'тіл'"),
        (lzma.compress("ана 3\nана мен тіл 2\n".encode()), ":2: expected one word or two"),
        (lzma.compress("ана 3\nана тіл 2\n".encode()), "pair 'ана' 'тіл' with count 2: expected words"),
        (lzma.compress("Ана 3\n".encode()), "expected lower-case Kazakh letters"),
        (lzma.compress("ана 0\n".encode()), "count >= 1"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "lexicon.txt.xz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        Lexicon.read(path)
    assert str(path) in str(caught.value)
