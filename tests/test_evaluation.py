import json

import pytest

from kzocr.bootstrap import Interval
from kzocr.evaluation import evaluate
from kzocr.metrics import cer, wer
from kzocr.pairs import TextPair

PAIRS = [
    TextPair("Таң атты.\n\nҚұстар ұшты.\n", "Тац атты.\n\nҚүстар ұшт ы.\n", "a", "real"),
    TextPair("Өзен ақты.", "Өзен ақты.", "b", "real"),
]
MENDED = {"Тац": "Таң", "ұшт ы": "ұшты", "Өзен": "Озен"}


def identity(texts: list[str]) -> list[str]:
    return texts


def mend(texts: list[str]) -> list[str]:
    for wrong, right in MENDED.items():
        texts = [text.replace(wrong, right) for text in texts]
    return texts


def test_counts_shares_and_passages() -> None:
    (entry,) = evaluate(mend, PAIRS, n_resamples=50).sets
    assert (entry.n_documents, entry.n_passages) == (2, 3)
    assert entry.before.cer.value == 3 / 32
    assert entry.after.cer.value == 2 / 32
    assert entry.cer_reduction.value == pytest.approx(1 / 3)
    assert entry.before.wer.value == pytest.approx(4 / 6)
    assert [entry.share_better.value, entry.share_same.value, entry.share_worse.value] == [2 / 3, 0, 1 / 3]
    assert entry.before.errors_by_kind["space"] == 1
    assert entry.before.errors_by_kind["kazakh_letter"] == 2
    assert entry.after.errors_by_kind["space"] == 0
    assert entry.before.cer_without_spaces == 2 / 28
    assert entry.worst[0].reference == "Өзен ақты."
    assert (entry.worst[0].errors_before, entry.worst[0].errors_after) == (0, 1)
    assert entry.worst[1].line_number == 3
    assert entry.n_documents_with_lost_lines == 0
    assert entry.hipe.preference_cmer == 0
    assert entry.before.wer_mean.value == pytest.approx((1 / 2 + 3 / 2 + 0) / 3)
    assert entry.after.wer_mean.value == pytest.approx((0 + 1 / 2 + 1 / 2) / 3)


def test_documents_are_in_bands_by_how_badly_they_were_read() -> None:
    (entry,) = evaluate(mend, PAIRS, n_resamples=50).sets
    well, badly = entry.bands
    assert (well.name, well.n_documents, well.before.errors, well.after.errors) == ("below 1 %", 1, 0, 1)
    assert (badly.name, badly.n_documents, badly.before.errors, badly.after.errors) == ("10 to 20 %", 1, 3, 1)
    assert well.before + badly.before == entry.before.character_errors
    assert well.after + badly.after == entry.after.character_errors


def test_rates_without_spaces_of_words_and_of_hipe_have_their_intervals() -> None:
    """Of two lines one has an error: the bounds are those of the draws that have it twice, and not at all."""
    pairs = [TextPair("қар жауды\nжел тұр", "кар жауды\nжел тұр", "a", "real")]
    (entry,) = evaluate(identity, pairs, n_resamples=200).sets
    assert entry.before.cer_spaceless == Interval(1 / 14, 0, 2 / 16)
    assert entry.before.cer_without_spaces == 1 / 14
    assert entry.before.wer_mean == Interval((1 / 2 + 0) / 2, 0, 1 / 2)
    assert entry.hipe_cmer_before == Interval(1 / 17, 0, 2 / 20)
    assert entry.hipe_cmer == entry.hipe_cmer_before
    (mended,) = evaluate(lambda texts: [text.replace("кар", "қар") for text in texts], pairs, n_resamples=200).sets
    assert mended.hipe_cmer == mended.after.wer_mean == mended.after.cer_spaceless == Interval(0, 0, 0)


def test_pooled_rates_are_those_of_the_whole_documents() -> None:
    (entry,) = evaluate(identity, PAIRS, n_resamples=50).sets
    texts = {"reference": [p.reference for p in PAIRS], "hypothesis": [p.hypothesis for p in PAIRS]}
    assert entry.before.cer.value == entry.after.cer.value == cer(**texts)
    assert entry.before.wer.value == wer(**texts)
    assert entry.before.cer.low <= entry.before.cer.value <= entry.before.cer.high
    assert entry.cer_reduction.value == 0
    assert entry.share_same.value == 1
    assert entry.examples == ()


def test_corrector_gets_whole_documents_once_per_set() -> None:
    calls: list[list[str]] = []

    def recording(texts: list[str]) -> list[str]:
        calls.append(texts)
        return texts

    report = evaluate(recording, {"one": PAIRS, "two": PAIRS[:1]}, clean_lines=["Күн."], n_resamples=5)
    assert calls == [[p.hypothesis for p in PAIRS], [PAIRS[0].hypothesis], ["Күн."]]
    assert [entry.name for entry in report.sets] == ["one", "two"]


def test_lost_lines_are_counted_and_scored_as_one_passage() -> None:
    (entry,) = evaluate(lambda texts: [t.replace("\n", " ") for t in texts], PAIRS, n_resamples=5).sets
    assert entry.n_documents_with_lost_lines == 1
    assert entry.n_passages == 2
    assert entry.after.cer.value == 3 / 32


def test_harm_to_clean_lines() -> None:
    lines = ["Өзен ақты.", "Жел соқты.", "Өзен терең.", "Кеш болды."]
    clean = evaluate(mend, PAIRS, clean_lines=lines, n_resamples=50).clean
    assert clean is not None
    assert (clean.n_lines, clean.n_lines_changed, clean.n_chars_changed) == (4, 2, 2)
    assert clean.share_changed.value == 2 / 4
    assert clean.cer.value == 2 / 41
    assert [passage.line_number for passage in clean.worst] == [1, 3]


def test_report_is_json_also_with_an_infinite_reduction() -> None:
    right = [TextPair("Жаз.", "Жаз.", "a", "real")]
    report = evaluate(lambda texts: ["Жас." for _ in texts], right, clean_lines=[], n_resamples=5)
    assert report.sets[0].cer_reduction.value == float("-inf")
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert plain["sets"][0]["cer_reduction"]["value"] is None
    assert plain["sets"][0]["after"]["cer"]["value"] == 1 / 4
    assert plain["clean"]["n_lines"] == 0


def test_reports_are_deterministic_but_for_the_speed() -> None:
    first, second = (evaluate(mend, PAIRS, n_resamples=50, seed=7).to_dict() for _ in range(2))
    for report in (first, second):
        del report["sets"][0]["chars_per_second"]
    assert first == second


def test_faulty_correctors_and_sets_are_refused() -> None:
    with pytest.raises(ValueError, match="given 2 texts and returned 1"):
        evaluate(lambda texts: texts[:1], PAIRS)
    with pytest.raises(TypeError, match="returned NoneType"):
        evaluate(lambda texts: [None for _ in texts], PAIRS)  # type: ignore[misc]
    with pytest.raises(ValueError, match="set 'pairs' has no pairs"):
        evaluate(identity, [])
