from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kzocr.decoding import Branch, Decoded, Rival
from kzocr.encoding import encode
from kzocr.language.lexicon import Lexicon
from kzocr.spelling.alternatives import alternatives
from kzocr.spelling.second_choices import MOST_BRANCHES, MOST_CHARS, second_choices

LEXICON = Lexicon({"жаңарту": 5, "жаңа": 9, "жана": 1, "қала": 3})


class Branching:
    """Stands in for `GuidedDecoder`: prints one ending behind every branch."""

    def __init__(self, ending: str) -> None:
        self.ending = ending
        self.branches: list[Branch] = []

    def branched(
        self, decoded: Any, branches: Sequence[Branch], *, stops: frozenset[int], longest: int
    ) -> list[list[int]]:
        assert not stops.intersection(encode("жаңарту")[:-1])
        assert stops.issuperset(encode(" -.,(\n1a")[:-1])
        self.branches += branches
        return [[branch.id, *encode(self.ending)[:-1]] for branch in branches]


def decoded(text: str, *rivals: tuple[int, str]) -> list[tuple[Decoded, Any]]:
    """A row of `text` that has as a rival at the byte `place` the first byte of a letter."""
    ids = encode(text)[:-1]
    found = [Rival(place, encode(letter)[0]) for place, letter in rivals]
    return [(Decoded(ids, [-0.1] * len(ids), True, rivals=found), None)]


def chosen(text: str, ending: str, *rivals: tuple[int, str]) -> dict[int, list[str]]:
    return second_choices(Branching(ending), decoded(text, *rivals), {0: text})[0]  # type: ignore[arg-type]


def test_the_word_goes_on_behind_the_other_byte() -> None:
    decoder = Branching("арту")
    # The second byte of н (0xBD) has the second byte of another letter as its rival.
    text = "Бұл жанарту."
    row = decoded(text)
    row[0][0].rivals.append(Rival(len("Бұл жа".encode()) + 1, "м".encode()[1] + 3))
    assert second_choices(decoder, row, {0: text}) == {0: {4: ["жамарту"]}}  # type: ignore[arg-type]
    assert [(b.place, b.end) for b in decoder.branches] == [
        (len("Бұл жа".encode()) + 1, len("Бұл жанарту".encode()) + 1)
    ]


@pytest.mark.parametrize(
    ("place", "letter"),
    [
        (len("бұл".encode()) + 1, " "),  # at the start of a word
        (len("бұл жана".encode()), " "),  # behind it
        (len("бұл жа".encode()), "-"),
        (len("бұл жана 12".encode()) - 1, "а"),  # no word
    ],
)
def test_marks_and_numbers_are_another_question(place: int, letter: str) -> None:
    assert chosen("бұл жана 12", "", (place, letter)) == {}


def test_a_word_may_be_two() -> None:
    assert chosen("бұлжана", "жана", (len("бұл".encode()), " ")) == {0: ["бұл жана"]}


def test_bytes_that_are_no_text_are_no_word() -> None:
    assert chosen("бұл", "", (2, "ұ")) == {}


def rivals_of_second_bytes(n_letters: int, letters: str, n_rivals: int) -> dict[int, list[str]]:
    """Return what a row of н leads to that has the second bytes of other letters as rivals, from its end on."""
    row = decoded("н" * n_letters)
    places = [(2 * number + 1, letter) for number in reversed(range(n_letters)) for letter in letters]
    row[0][0].rivals.extend(Rival(place, encode(letter)[1]) for place, letter in places[:n_rivals])
    return second_choices(Branching(""), row, {0: "н" * n_letters})[0]  # type: ignore[arg-type]


def test_a_model_that_hesitates_everywhere_knows_nothing_of_the_word() -> None:
    n_letters = MOST_BRANCHES // 2 + 1
    assert len(rivals_of_second_bytes(n_letters, "мо", MOST_BRANCHES)[0]) == MOST_BRANCHES
    assert rivals_of_second_bytes(n_letters, "мо", MOST_BRANCHES + 1) == {}


def test_a_word_that_is_too_long_has_none() -> None:
    assert rivals_of_second_bytes(MOST_CHARS, "м", 1) == {0: ["н" * (MOST_CHARS - 1) + "м"]}
    assert rivals_of_second_bytes(MOST_CHARS + 1, "м", 1) == {}


def test_a_word_may_go_on_behind_its_end() -> None:
    decoder, end = Branching(""), len("бұл".encode())
    second_choices(decoder, decoded("бұл жана", (end, "а")), {0: "бұл жана"})  # type: ignore[arg-type]
    assert [(branch.place, branch.end) for branch in decoder.branches] == [(end, end + 1)]


def test_alternatives_have_them_once_and_say_so() -> None:
    """One is known and near anyway, one is known and too far away, one is unknown; the same word is none."""
    found = alternatives("жана", LEXICON, second_choices={0: ["жаңа", "Жаңарту", "жанада", "жана", "жа-ңа"]})
    assert {(item.after, item.is_second, item.is_unknown, item.is_known) for item in found} == {
        ("жаңа", True, False, True),
        ("Жаңарту", True, False, True),
        ("жанада", True, True, True),
    }
    assert {item.log_frequency_before for item in found} == {LEXICON.log_frequency("жана")}


def test_two_words_are_as_rare_as_the_rarer_one() -> None:
    [item] = alternatives("жаңақала", LEXICON, second_choices={0: ["жаңа қала"]})
    assert (item.is_second, item.is_unknown, item.log_frequency) == (True, False, LEXICON.log_frequency("қала"))
