from __future__ import annotations

from pathlib import Path

import pytest

from kzocr.confidence.calibration import forgiven, judge
from kzocr.confidence.misprints import mended, read_misprints
from kzocr.edits import Edit
from kzocr.pairs import TextPair
from places import ROOT

SHIPPED = ROOT / "configs" / "misprints.tsv"


def test_whole_words_are_mended() -> None:
    misprints = {"кұй": "күй", "ән,айтты": "ән айтты"}
    assert mended("ән-кұй, кұйші кұй ән,айтты", misprints) == "ән-күй, кұйші күй ән айтты"
    assert mended("ән", misprints) == "ән"


def test_a_file_is_read_or_its_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "misprints.tsv"
    path.write_text("кұй\tкүй\n\nағаш үй\tағаш-үй\n", encoding="utf-8")
    assert read_misprints(path) == {"кұй": "күй", "ағаш үй": "ағаш-үй"}
    for wrong in ("кұй", "кұй\t", "\tкүй", "күй\tкүй"):
        path.write_text(f"а\tә\n{wrong}\n", encoding="utf-8")
        with pytest.raises(ValueError, match=r"misprints\.tsv:2"):
            read_misprints(path)
    path.write_text("а\x0cб\tә\u2028б\nкұй\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"misprints\.tsv:2: "):
        read_misprints(path)
    assert len(read_misprints(SHIPPED)) > 10


def test_to_mend_a_misprint_is_no_harm() -> None:
    edits = [Edit(1, 2, "ұ", "ү", 0.9), Edit(4, 5, "ә", "а", 0.9), Edit(7, 8, "м", "н", 0.9)]
    passage = judge(TextPair("кұй әуен еді", "кұй әуем еді", "а", "synthetic"), edits)
    assert passage.n_removed == (-1, -1, 1)
    assert forgiven(passage, {"кұй": "күй"}).n_removed == (0, -1, 1)
    assert forgiven(passage, {}) == passage
