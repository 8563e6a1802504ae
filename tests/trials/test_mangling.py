from __future__ import annotations

from kzocr.correction.guards import Guards
from kzocr.corrector import Corrector
from kzocr.encoding import decode, encode
from kzocr.trials.fuzzing import fuzz, fuzzed_texts
from kzocr.trials.mangling import ManglingDecoder


def test_the_same_input_is_mistreated_in_the_same_way_and_in_many_ways() -> None:
    texts = [f"Көлге {number} қаз қонды, балалар көрді." for number in range(100, 160)]
    inputs = [encode(text) for text in texts]
    limits = [2 * len(ids) for ids in inputs]
    rows = ManglingDecoder().decode(inputs, max_new_bytes=limits)
    assert (
        rows
        == ManglingDecoder().decode(inputs, max_new_bytes=limits)
        != ManglingDecoder(1).decode(inputs, max_new_bytes=limits)
    )
    assert all(len(row.ids) == len(row.log_probabilities) <= limit for row, limit in zip(rows, limits, strict=True))
    assert {row.finished for row in rows} == {True, False}
    printed = [decode(row.ids) for row in rows]
    assert "" in printed
    assert any("\ufffd" in text for text in printed)
    assert sum(text != before for text, before in zip(printed, texts, strict=True)) > 40


def test_guards_hold_against_it() -> None:
    corrector = Corrector(ManglingDecoder(), guards=Guards(min_confidence=0.0, max_changed_fraction=1.0), max_passes=2)
    report = fuzz(
        corrector.explain, fuzzed_texts(150, seed=1, long_chars=3000), limit_seconds=60, limit_seconds_per_kilochar=10
    )
    assert report.failures == []
    assert report.n_edits > 100
