from __future__ import annotations

from pathlib import Path

import pytest

from fakes import ScriptedDecoder, scripted
from kzocr.confidence.calibration import calibrate, judge
from kzocr.corrector import Corrector
from kzocr.edits import Edit
from kzocr.figures.result_tables import replace_between_markers
from kzocr.pairs import TextPair
from kzocr.trials.trust import (
    TrustReport,
    calibration_markdown,
    calibration_svg,
    measure_clean,
    measure_pairs,
    trust_markdown,
)
from places import ROOT


def pair(reference: str, hypothesis: str, document_id: str = "д1") -> TextPair:
    return TextPair(reference, hypothesis, document_id, "real")


def test_clean_lines_by_domain() -> None:
    corrector = scripted(("сез", "сөз"), ("1990", "1991"))
    found = measure_clean(corrector.explain, {"заң": ["Бұл сез.", "1990 жыл", "күз"], "өлең": ["көктем"]})
    assert [(d.name, d.n_lines, d.n_lines_changed, d.n_chars, d.n_edits) for d in found] == [
        ("заң", 3, 1, 19, 1),
        ("өлең", 1, 0, 6, 0),
    ]
    assert found[0].share_changed.value == pytest.approx(1 / 3)
    assert found[0].kept == {"digits": 1}


def test_a_second_run_is_compared_with_the_first() -> None:
    def unsteady(text: str) -> str:
        return text.replace("сөз", "сәз") if "сөз" in text else text.replace("сез", "сөз")

    pairs = [pair("Бұл бір сөз.", "Бұл бір сез."), pair("Күз келді.", "Күз келді.")]
    [found], unstable = measure_pairs(Corrector(ScriptedDecoder(unsteady), max_passes=1).explain, {"дала": pairs})
    assert (found.n_passages, found.n_passages_changed, found.n_unstable, found.n_edits) == (2, 1, 1, 1)
    assert found.share_stable.value == 1 / 2
    assert (found.cer_before, found.cer_once, found.cer_twice) == (1 / 22, 0.0, 1 / 22)
    assert [(entry.once, entry.twice) for entry in unstable] == [("Бұл бір сөз.", "Бұл бір сәз.")]
    report = TrustReport(measure_clean(scripted().explain, {"заң": ["күз"]}), (found,)).to_dict()
    table = trust_markdown(report)
    assert "| дала | 2 | 50.00 [" in table
    assert "| 4.55 | 0.00 | 4.55 |" in table
    assert "| заң | 1 | 0 | 0.00 [0.00, 0.00] | 0 |" in table
    assert "күз" not in str(report)
    assert trust_markdown({"clean": [], "sets": []}) == "\n"


def test_pages_of_a_calibration(tmp_path: Path) -> None:
    edits = [Edit(1, 2, "е", "ө", 0.9)]
    report = calibrate(
        {"s": [judge(pair("сөз", "сез", "а"), edits)]},
        {"s": [judge(pair("сез\nсөз", "сез\nсез", "ә"), [*edits, Edit(5, 6, "е", "ө", 0.95)])]},
    )
    table = calibration_markdown(report.to_dict())
    assert "Fitted on 1 edits of 1 documents" in table
    assert "| 0 | 2 | 50.0 | 100.0 | 14.29 | 14.29 |" in table
    picture = calibration_svg(report)
    assert picture.startswith("<svg")
    assert "Reliability" in picture
    assert "http" not in picture.split("\n", 1)[1]
    page = "<!-- calibration -->\n<!-- end of calibration -->\n"
    assert table.strip() in replace_between_markers(page, "calibration", table)


def test_the_page_has_the_markers_that_the_scripts_fill() -> None:
    page = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    for name in ("calibration", "trust", "fuzz"):
        assert "new" in replace_between_markers(page, name, "new")
