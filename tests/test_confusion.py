import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.confusion import Confusion, ConfusionCounts, error_kind, script_of
from kzocr.metrics import ErrorCounts, character_counts
from kzocr.pairs import TextPair

TEXT = st.text(alphabet="аәқкөо1і!.,A \n", max_size=25)


def pair(reference: str, hypothesis: str) -> TextPair:
    return TextPair(reference, hypothesis, "d", "real")


@pytest.mark.parametrize(
    ("reference", "hypothesis", "kind"),
    [
        ("", " ", "space"),
        ("Ж", "ж", "case"),
        ("с", "c", "look_alike"),
        ("ә", "ə", "look_alike"),
        ("і", "1", "look_alike"),
        ("О", "0", "look_alike"),
        ("қ", "к", "kazakh_letter"),
        ("ң", "", "kazakh_letter"),
        ("п", "л", "letter"),
        ("3", "8", "digit"),
        (",", ".", "punctuation"),
        ("", "*", "punctuation"),
    ],
)
def test_kinds(reference: str, hypothesis: str, kind: str) -> None:
    assert error_kind(reference=reference, hypothesis=hypothesis) == kind


def test_scripts() -> None:
    texts = ["ж", "w", "ω", "7", " ", "—", "", "1ж"]
    assert [script_of(text) for text in texts] == [
        *["cyrillic", "latin", "greek", "digit", "space", "punctuation", "", "cyrillic"]
    ]


def test_neighbours_are_printed_characters() -> None:
    counts = ConfusionCounts.from_pairs([pair("ақша\nқар", "акша\nкар")])
    assert dict(counts.confusions) == {Confusion("қ", "к", "а", "ш"): 1, Confusion("қ", "к", "", "а"): 1}
    assert counts.top() == [(Confusion("қ", "к"), 2)]
    assert len(counts.top(neighbours=True)) == 2
    assert counts.occurrences["қ"] == 2
    assert counts.top(1, kind="space") == []
    assert counts.top(script="latin") == []
    assert counts.by_script() == {"cyrillic": 2}


def test_document_with_other_lines_is_still_counted() -> None:
    assert ConfusionCounts.from_pairs([pair("ана\nбала", "ана бала")]).n_errors == 0


@given(st.lists(st.tuples(TEXT, TEXT), max_size=4))
def test_errors_are_those_of_the_metric_and_add_up(texts: list[tuple[str, str]]) -> None:
    pairs = [pair(r.replace("\n", " "), h.replace("\n", " ")) for r, h in texts]
    counts = ConfusionCounts.from_pairs(pairs)
    errors = [character_counts(reference=p.reference, hypothesis=p.hypothesis) for p in pairs]
    assert counts.n_errors == sum(errors, ErrorCounts()).errors
    assert sum(counts.by_kind().values()) == counts.n_errors
    assert sum(counts.by_script().values()) == counts.n_errors
    single = [ConfusionCounts.from_pairs([p]) for p in pairs]
    assert sum(single, ConfusionCounts()) == counts
