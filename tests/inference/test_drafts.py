"""A draft goes on where a reader would put his finger, and takes every choice as it comes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzocr.encoding import encode
from kzocr.inference.drafts import Draft, aligned_end


def ids(text: str) -> list[int]:
    return encode(text)[:-1]


def passes(source: str, output: str, n_bytes: int = 32) -> int:
    """Return how many passes a model takes that says `output` whatever was proposed wrongly before."""
    draft, wanted, n_passes = Draft(ids(source), {}), encode(output), 0
    while len(draft.chosen) < len(wanted):
        done = len(draft.chosen)
        proposal = draft.propose(min(n_bytes, len(wanted) - done - 1))
        taken = draft.accept(wanted[done : done + len(proposal) + 1])
        assert 1 <= taken <= len(proposal) + 1
        n_passes += 1
    assert draft.chosen == wanted
    return n_passes


@pytest.mark.parametrize(
    ("tail", "source", "rest"),
    [
        ("а", " алма", "лма"),  # a spurious space goes
        (" ", "алма", "алма"),  # a lost space comes
        (",", " алма", " алма"),  # a lost comma comes
        ("қ", "к алма", " алма"),  # a letter for another
        ("қ", "к, алма", ", алма"),
        ("қа", "к,ала", "ла"),  # one letter for two signs
        ("і", "1 алма", " алма"),  # a letter for a digit
        ("алма", "алма", ""),
        ("", "алма", "алма"),
    ],
)
def test_aligned_end(tail: str, source: str, rest: str) -> None:
    data = ids(source)
    assert data[aligned_end(ids(tail), data) :] == ids(rest)


def test_a_draft_without_faults_needs_one_pass_per_stretch() -> None:
    text = "Көктемде өзен тасып, жағадағы үйлерге су келді."
    n_ids = len(encode(text))
    assert passes(text, text) == -(-n_ids // 33)


@pytest.mark.parametrize(
    ("source", "output", "most"),
    [
        ("Көктемде өзен т асып, жағада", "Көктемде өзен тасып, жағада", 4),
        ("Көктемдеөзен тасып, жағада", "Көктемде өзен тасып, жағада", 4),
        ("Көктемдо өзен тасып, жағада", "Көктемде өзен тасып, жағада", 4),
        ("Көктемде өзен таып, жағада", "Көктемде өзен тасып, жағада", 6),
        ("Кектемде езен тасып, жагада", "Көктемде өзен тасып, жағада", 8),
    ],
)
def test_one_fault_costs_a_pass_or_two(source: str, output: str, most: int) -> None:
    assert passes(source, output) <= most


def test_a_letter_seen_before_is_guessed() -> None:
    """The second byte of ө behind the first of о costs a pass once, not every time."""
    once = passes("кол жоне сол", "көл жоне сол")
    assert passes("кол жоне сол кол жоне сол", "көл жоне сол көл жоне сол") <= 2 * once


def test_repetition_and_omission_are_found() -> None:
    """A model that repeats itself or leaves out a passage soon has a draft again."""
    repeated = "Мен бардым. " + "деді деді " * 20
    assert passes("Мен бардым. деді сонда ағасы", repeated) < len(encode(repeated)) / 4
    long = "Қыс ерте түсті. Жол жабылып қалды. Ауылға хат келмеді. Мал жем таппады."
    assert passes(long, "Қыс ерте түсті. Мал жем таппады.") < 14


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    source=st.lists(st.integers(3, 300), max_size=40),
    output=st.lists(st.integers(3, 300), min_size=1, max_size=40),
    n_bytes=st.integers(0, 9),
)
def test_any_output_is_taken(source: list[int], output: list[int], n_bytes: int) -> None:
    draft = Draft(source, {})
    while len(draft.chosen) < len(output):
        done = len(draft.chosen)
        proposal = draft.propose(min(n_bytes, len(output) - done - 1))
        assert len(proposal) <= n_bytes
        draft.accept(output[done : done + len(proposal) + 1])
    assert draft.chosen == output
