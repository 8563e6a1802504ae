from __future__ import annotations

import pytest

from kzocr.edits import Edit
from kzocr.guards import EDIT_REASONS, WINDOW_REASONS, Guards, WindowGuard, output_reason
from kzocr.spans import addresses, latin_words


def test_reasons_are_all_different() -> None:
    assert len({*WINDOW_REASONS, *EDIT_REASONS}) == len(WINDOW_REASONS) + len(EDIT_REASONS) == 14


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Windows, оның icin", ["Windows"]),
        ("Windows icin", ["Windows", "icin"]),
        ("бұл icin ғой", []),
        ("бұл YouTube-та", []),
        ("Google YouTube арнасы", ["Google", "YouTube"]),
        ("euro мен TepiMeH", ["euro"]),
        ("Air Astana ұшағы", ["Air", "Astana"]),
        ("XXI ғасыр, IV тарау, I том", ["XXI", "IV"]),
        ("mp3 және COVID-19", ["mp", "COVID"]),
        ("6epin i^apa LLJbiFbiHFa", []),
        ("қaлa", []),
    ],
)
def test_latin_words_are_told_from_misread_ones(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in latin_words(text)] == words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("сайт www.egemen.kz/a-1.", ["www.egemen.kz/a-1"]),
        ("(https://e.kz/?q=1), хат: a.b@mail.kz.", ["https://e.kz/?q=1", "a.b@mail.kz"]),
        ("egemen.kz сайты, @asem_1 #kazakhstan", ["egemen.kz", "@asem_1", "#kazakhstan"]),
        ("Ол келді.Біз", []),
    ],
)
def test_addresses(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in addresses(text)] == found


@pytest.mark.parametrize(
    ("window", "start", "end", "after", "is_refused"),
    [
        ("  ән", 1, 2, "", True),
        ("  ән", 2, 2, " ", True),
        ("  ән", 2, 3, "Ә", False),
        ("ән  ", 2, 3, "", True),
        ("ән  ", 1, 2, "", False),
        ("ән  ", 2, 2, ".", False),
        ("ән  ", 2, 2, " .", False),
        ("ән  ", 2, 2, ". ", True),
        ("- ән", 0, 2, "", False),
        ("- ән", 0, 1, "", True),
        ("ән -", 3, 4, "", True),
        ("ән -", 2, 4, "", False),
        ("а", 0, 1, "", True),
        ("а\nб", 2, 3, "", True),
        ("\n\n", 1, 1, "а", True),
        ("ән  күй", 2, 3, "", False),
    ],
)
def test_outer_space_is_kept(window: str, start: int, end: int, after: str, is_refused: bool) -> None:
    edit = Edit(start, end, window[start:end], after, 1.0)
    assert (WindowGuard(window, Guards()).reason(edit) == "space") is is_refused


def test_thresholds_are_parameters() -> None:
    assert output_reason("қысқа мәтін болды", "қыс", True, Guards()) == "length"
    assert output_reason("қысқа мәтін болды", "қыс", True, Guards(min_length_ratio=0.0)) is None
    guard = WindowGuard("1990 Windows a@b.kz", Guards(keep_digits=False, keep_latin=False, keep_addresses=False))
    for start, end in ((0, 1), (5, 6), (13, 14)):
        assert guard.reason(Edit(start, end, guard.window[start:end], "ш", 1.0)) is None


def test_question_marks_are_mended_if_asked_for() -> None:
    edit = Edit(2, 3, "9", "?", 1.0)
    assert WindowGuard("ба9 деді", Guards()).reason(edit) == "digits"
    assert WindowGuard("ба9 деді", Guards(mend_question_marks=True)).reason(edit) is None
    assert WindowGuard("ба9а деді", Guards(mend_question_marks=True)).reason(edit) == "digits"
    assert WindowGuard("ба2", Guards(mend_question_marks=True)).reason(Edit(2, 3, "2", ".", 1.0)) == "digits"
