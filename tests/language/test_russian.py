from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.russian import (
    MAX_EVIDENCE,
    RUSSIAN_FILE,
    letter_table,
    russian_evidence,
    russian_passages,
    write_table,
)
from kzocr.models.loading import EMBEDDED

RUSSIAN = "Письмо хранится в областном архиве, его написал мой дед."
KAZAKH = "Хат облыстық мұрағатта сақтаулы, оны атам жазған."


def passages(text: str) -> list[str]:
    return [text[start:end] for start, end in russian_passages(text)]


def test_a_russian_text_is_one_passage_and_a_kazakh_one_has_none() -> None:
    assert passages(RUSSIAN) == [RUSSIAN.rstrip(".")]
    assert passages(KAZAKH) == []
    assert passages("") == passages(" 1937 — ?!") == []


@pytest.mark.parametrize(
    "text",
    [
        "Хат облыстык мурагатта сактаулы, оны атам жазган.",
        "Енд! окушылар еск! газеттерд! уйде отырып-ак окиды, кагазы саргайган.",
        "КАЗАКСТАН РЕСПУБЛИКАСЫНЫН КОНСТИТУЦИЯСЫ мен зандары бар.",
        "Министр облыстык комитет пен комиссияга тапсырма бердi.",
        "Газет «Правда» деп аталды, редакторы Иванов болды.",
    ],
)
def test_kazakh_that_was_read_without_its_letters_is_no_russian(text: str) -> None:
    assert passages(text) == []


def test_passages_between_kazakh_lines_are_found() -> None:
    text = f"{KAZAKH}\n{RUSSIAN}\n{KAZAKH}\n{RUSSIAN}"
    assert passages(text) == [RUSSIAN.rstrip(".")] * 2
    assert passages(f"Жолдасым «не стоит благодарности, товарищ» деді, {KAZAKH}") == ["не стоит благодарности, товарищ"]


def test_the_evidence_of_words() -> None:
    assert russian_evidence("благодарность") == russian_evidence("БЛАГОДАРНОСТЬ") == MAX_EVIDENCE
    assert russian_evidence("балаларымыздан") == russian_evidence("окушыларга") == -MAX_EVIDENCE
    assert russian_evidence("ғана") < russian_evidence("гана")
    assert russian_evidence("London") == russian_evidence("благодарность" * 4) == 0
    assert russian_evidence("щщкжъпф") == -MAX_EVIDENCE  # neither
    assert all(russian_evidence(word) > 0 for word in ("который", "чтобы", "были", "этого"))


@given(st.text(max_size=200))
def test_passages_are_in_order_and_begin_and_end_with_letters(text: str) -> None:
    last = 0
    for start, end in russian_passages(text):
        assert last <= start < end <= len(text)
        assert text[start].isalpha()
        assert text[end - 1].isalpha()
        last = end


def test_a_table_is_counted_and_written(tmp_path: Path) -> None:
    table = letter_table(["Щука", "щи-борщ"], {"қала": 3, "бала": 1})
    letters = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
    edge, v, k = len(letters), letters.index("в"), letters.index("к")
    assert table.shape == (2, 33, 33, 33)
    russian, kazakh = table[:, edge, edge]
    assert russian[v] > kazakh[v]
    assert russian[k] < kazakh[k]
    assert np.exp(table[..., :] / 10.0).sum(axis=-1) == pytest.approx(np.ones((2, 33, 33)), abs=0.05)
    write_table(table, tmp_path / "table.npz")
    with np.load(tmp_path / "table.npz") as stored:
        assert np.array_equal(stored["log_probabilities"], table)


def test_the_table_in_the_package_knows_the_lexicon() -> None:
    """It was made of a Kazakh lexicon, though perhaps an older one; few of its usual words pass for Russian."""
    counts = Lexicon.read(EMBEDDED / LEXICON_FILE).counts
    usual = [word for word in sorted(counts, key=counts.__getitem__, reverse=True)[:5000] if len(word) > 3]
    assert sum(russian_evidence(word) > 0 for word in usual) < len(usual) / 10
    assert RUSSIAN_FILE.stat().st_size < 100_000
