from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.decoding import GuidedDecoder
from kzocr.encoding import encode
from kzocr.inference.recollection import MAX_SURROUNDINGS, Recollection
from kzocr.language.lexicon import Lexicon
from kzocr.language.skeletons import Skeletons
from kzocr.rivals.yardstick import generate_greedy
from toy_models import KAZAKH, NOISY, assert_same, tiny_model


def ids(text: str) -> list[int]:
    return encode(text)[:-1]


def taught(*rows: tuple[str, str]) -> Recollection:
    found = Recollection()
    for read, made in rows:
        found.learn(ids(read), ids(made))
    return found


def test_what_was_changed_before_is_expected_again() -> None:
    found = taught(("бір кыс кеткен", "бір қыс кеткен"), ("бір кар жауды", "бір қар жауды"))
    assert found.draft(ids("әр кыс, әр кар кеткен")) == ids("әр қыс, әр қар кеткен")
    assert found.draft(ids("кірді")) == ids("кірді")


def test_of_near_surroundings_a_large_majority_is_expected() -> None:
    assert taught(("ак", "ақ"), ("рак", "рақ")).draft(ids("тілак")) == ids("тілақ")
    assert taught(("ак", "ақ"), ("рак", "рак")).draft(ids("тілак")) == ids("тілак")
    assert taught(("ак", "ақ")).draft(ids("тілак")) == ids("тілак")


def test_a_lexicon_is_believed_once_it_was_right() -> None:
    skeletons = Skeletons(Lexicon({"қала": 9, "көне": 5}))
    found = Recollection(skeletons)
    assert found.draft(ids("кала")) == ids("кала")
    found.learn(ids("кала"), ids("қала"))
    assert found.draft(ids("Бұл кене")) == ids("Бұл көне")
    for _ in range(3):
        found.learn(ids("кене"), ids("кене"))
    assert Recollection(skeletons).draft(ids("кала кене")) == ids("кала кене")
    assert found.draft(ids("ол кала")) == ids("ол кала")


def test_letters_that_come_and_go() -> None:
    found = taught(("ж оспар 11л", "жоспар 11ыл"))
    assert found.draft(ids("ж оспар 11л")) == ids("жоспар 11ыл")


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_text_can_be_learnt_and_asked(read: str, made: str, other: str) -> None:
    found = taught((read, made))
    assert isinstance(found.draft(ids(other)), list)
    assert Recollection().draft(ids(other)) == ids(other)


def test_a_memory_changes_nothing_but_the_drafts() -> None:
    model = tiny_model(1, tied=False)
    inputs = [encode(text) for text in (KAZAKH, NOISY, "қ", "")]
    expected = generate_greedy(model, inputs, max_new_bytes=40)
    asked: list[list[int]] = []

    class Watched(Recollection):
        def draft(self, source: Sequence[int]) -> list[int]:
            asked.append(super().draft(source))
            return asked[-1]

    decoder = GuidedDecoder(model, memory=Watched())
    for _ in range(3):
        assert_same(decoder.decode(inputs, max_new_bytes=40), expected)
    assert len(asked) == 12


@pytest.mark.parametrize("row", [[], [1000, 4], [260]])
def test_what_is_no_text_is_its_own_draft(row: list[int]) -> None:
    found = taught(("кыс", "қыс"))
    found.learn(row, ids("а"))
    found.learn(ids("а"), row)
    assert found.draft(row) == row


def test_memory_is_bounded() -> None:
    found = Recollection()
    for number in range(MAX_SURROUNDINGS // 40 + 50):
        found.learn(ids(f"{number:020d}".translate(str.maketrans("0123456789", "абвгдежзик"))), ids("а"))
    assert len(found._became) <= MAX_SURROUNDINGS + 60
