from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kzocr.spelling.context_words import N_PARTS, NUMBER, PADDING, part_numbers, tokens


def test_words_numbers_and_signs() -> None:
    text = "Ол 1991 жылы, өнді-\nріс."
    assert [token.key for token in tokens(text)] == ["ол", NUMBER, "жылы", ",", "өндіріс", "."]
    assert [text[token.start : token.end] for token in tokens(text)] == ["Ол", "1991", "жылы", ",", "өнді-\nріс", "."]


@given(st.text())
def test_tokens_are_in_order_and_hold_no_space(text: str) -> None:
    found = tokens(text)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert not any(character.isspace() for token in found for character in token.key)
    assert all(token.start < token.end for token in found)


def test_half_of_a_surrogate_pair_has_a_number_too() -> None:
    assert len(part_numbers("қ\ud900", 100)) == N_PARTS


def test_words_share_the_numbers_of_what_they_have_in_common() -> None:
    numbers = {word: set(part_numbers(word, 1 << 30)) - {PADDING} for word in ("қалада", "далада", "қаласы", "су")}
    assert len(numbers["қалада"]) == 1 + 6 + 5  # itself, endings of 1 to 6 letters, starts of 2 to 6
    assert len(numbers["қалада"] & numbers["далада"]) == 5  # endings of 1 to 5 letters
    assert len(numbers["қалада"] & numbers["қаласы"]) == 3  # starts of 2 to 4 letters
    assert not numbers["қалада"] & numbers["су"]
    assert len(set(part_numbers(",", 1 << 30)) - {PADDING}) == 1


@given(st.text(min_size=1), st.integers(2, 1 << 20))
def test_numbers_are_in_range(key: str, n_rows: int) -> None:
    numbers = part_numbers(key, n_rows)
    assert len(numbers) == N_PARTS
    assert all(0 <= number < n_rows for number in numbers)
    assert numbers[0] != PADDING
