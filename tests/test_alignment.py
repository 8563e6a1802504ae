import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from kzocr.alignment import EditOperation, align, chunks

TEXT = st.text(alphabet="аәбкқшщіi1! пО0\n", max_size=30)


def units(reference: str, hypothesis: str) -> list[tuple[str, str]]:
    found = chunks(align(reference=reference, hypothesis=hypothesis))
    return [(unit.reference, unit.hypothesis) for unit in found if unit.kind != "match"]


@given(TEXT, TEXT)
def test_parts_give_both_texts_back_and_edits_are_fewest(reference: str, hypothesis: str) -> None:
    operations = align(reference=reference, hypothesis=hypothesis)
    for listed in (operations, chunks(operations)):
        assert "".join(operation.reference for operation in listed) == reference
        assert "".join(operation.hypothesis for operation in listed) == hypothesis
        for operation in listed:
            r_start, h_start = operation.reference_start, operation.hypothesis_start
            assert reference[r_start : r_start + len(operation.reference)] == operation.reference
            assert hypothesis[h_start : h_start + len(operation.hypothesis)] == operation.hypothesis
            assert (operation.kind == "match") == (operation.reference == operation.hypothesis)
    n_edits = sum(operation.kind != "match" for operation in operations)
    assert n_edits == Levenshtein.distance(reference, hypothesis)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("б", "0", [("б", "0")]),
        ("а", "аа", [("а", "а"), ("", "а")]),
        ("бо", "об", [("б", "о"), ("о", "б")]),
        ("ба", "а0", [("б", ""), ("а", "а"), ("", "0")]),
        ("а0 ", "о 0", [("а", "о"), ("", " "), ("0", "0"), (" ", "")]),
    ],
)
def test_of_alignments_with_as_many_edits_the_likeliest_is_chosen(
    reference: str, hypothesis: str, expected: list[tuple[str, str]]
) -> None:
    """Look-alikes and equal signs are paired, letters with letters; a space comes and goes more easily."""
    found = align(reference=reference, hypothesis=hypothesis)
    assert [(operation.reference, operation.hypothesis) for operation in found] == expected


@given(TEXT, TEXT)
def test_chunks_cost_as_much_as_the_edits_in_them(reference: str, hypothesis: str) -> None:
    found = chunks(align(reference=reference, hypothesis=hypothesis))
    cost = sum(max(len(u.reference), len(u.hypothesis)) for u in found if u.kind != "match")
    assert cost == Levenshtein.distance(reference, hypothesis)


def test_kinds_and_offsets() -> None:
    assert align(reference="ай", hypothesis="аи") == [
        EditOperation("match", "а", "а", 0, 0),
        EditOperation("substitute", "й", "и", 1, 1),
    ]
    assert align(reference="", hypothesis="а") == [EditOperation("insert", "", "а", 0, 0)]
    assert align(reference="а", hypothesis="") == [EditOperation("delete", "а", "", 0, 0)]


def test_look_alikes_are_paired_among_ties() -> None:
    edits = [o for o in align(reference="көл", hypothesis="квол") if o.kind != "match"]
    assert [(o.reference, o.hypothesis) for o in edits] == [("", "в"), ("ө", "о")]


def test_letter_is_not_paired_with_a_space_where_a_letter_will_do() -> None:
    edits = [o for o in align(reference="таң", hypothesis="та нь") if o.kind != "match"]
    assert (("", " ")) in [(o.reference, o.hypothesis) for o in edits]


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("шын", "піын", [("ш", "пі")]),
        ("қыс", "қьіс", [("ы", "ьі")]),
        ("інжу", "шжу", [("ін", "ш")]),
        ("жол", "ж ол", [("", " ")]),
        ("аққу", "а**у", [("қ", "*"), ("қ", "*")]),
        ("бір", "бiр", [("і", "i")]),
    ],
)
def test_chunks_are_what_an_engine_confuses(reference: str, hypothesis: str, expected: list[tuple[str, str]]) -> None:
    assert units(reference, hypothesis) == expected


def test_long_texts_stay_quick_and_exact() -> None:
    reference, hypothesis = "қала көшесі " * 300, "кала кошесi" * 300
    operations = align(reference=reference, hypothesis=hypothesis)
    assert "".join(o.hypothesis for o in operations) == hypothesis
    assert sum(o.kind != "match" for o in operations) == Levenshtein.distance(reference, hypothesis)
