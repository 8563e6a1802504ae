import unicodedata

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from kzocr.bootstrap import Interval, bootstrap_match_error_rate, bootstrap_mean, bootstrap_rate, bootstrap_reduction
from kzocr.metrics import (
    ErrorCounts,
    cer,
    cer_reduction,
    character_counts,
    fold_whitespace,
    hipe_score,
    normalise_for_hipe,
    share,
    wer,
    word_counts,
)

TEXT = st.text(alphabet="аәбқі .,A1 \n", max_size=25)
NOT_EMPTY = TEXT.filter(lambda text: bool(text.strip()))
COUNTS = st.builds(ErrorCounts, *[st.integers(0, 20)] * 4)


def test_worked_examples() -> None:
    assert cer(reference="сәлем", hypothesis="салем") == 1 / 5
    assert wer(reference="бір екі үш", hypothesis="бір ек і үш") == 2 / 3
    assert cer(reference=["ана", "бала бар"], hypothesis=["ана", "бала"]) == 4 / 11
    assert ErrorCounts(matches=4, substitutions=1).rate == 1 / 5
    assert ErrorCounts(matches=4, insertions=1).match_error_rate == 1 / 5
    assert cer_reduction(cer_before=0.2, cer_after=0.1) == 0.5
    assert share(1, 4) == 0.25
    assert share(1, 0) == 0


def test_whitespace_options() -> None:
    texts = {"reference": "үй бар\n", "hypothesis": " үй  \nб ар"}
    assert cer(**texts) == 1 / 6
    assert cer(**texts, whitespace="ignore") == 0
    assert cer(**texts, whitespace="keep") == 5 / 7
    with pytest.raises(ValueError, match="'fold', 'keep' or 'ignore'"):
        cer(**texts, whitespace="drop")  # type: ignore[arg-type]


def test_nfc_at_the_door() -> None:
    assert cer(reference="май", hypothesis=unicodedata.normalize("NFD", "май")) == 0
    assert wer(reference="май", hypothesis=unicodedata.normalize("NFD", "май")) == 0


def test_normalised_ignores_case_and_punctuation() -> None:
    assert cer(reference="Сәлем, Әлия!", hypothesis="сәлем әлия", normalised=True) == 0
    assert wer(reference="Сәлем, Әлия!", hypothesis="сәлем салия", normalised=True) == 1 / 2
    assert normalise_for_hipe("Сәлем, Әлия_2!") == "сәлем әлия 2"


@pytest.mark.parametrize(("reference", "hypothesis"), [("", ""), ("", "абв"), ("абв", "")])
def test_empty_texts_as_in_jiwer(reference: str, hypothesis: str) -> None:
    assert cer(reference=reference, hypothesis=hypothesis) == jiwer.cer(reference, hypothesis)
    assert wer(reference=reference, hypothesis=hypothesis) == jiwer.wer(reference, hypothesis)


@given(NOT_EMPTY, TEXT)
def test_equal_to_jiwer(reference: str, hypothesis: str) -> None:
    folded = [fold_whitespace(reference), fold_whitespace(hypothesis)]
    assert cer(reference=reference, hypothesis=hypothesis) == pytest.approx(jiwer.cer(*folded))
    assert wer(reference=reference, hypothesis=hypothesis) == pytest.approx(jiwer.wer(*folded))


@given(st.lists(st.tuples(NOT_EMPTY, TEXT), min_size=1, max_size=5))
def test_lists_are_pooled_as_in_jiwer(pairs: list[tuple[str, str]]) -> None:
    references, hypotheses = ([fold_whitespace(text) for text in texts] for texts in zip(*pairs, strict=True))
    assert cer(reference=references, hypothesis=hypotheses) == pytest.approx(jiwer.cer(references, hypotheses))
    assert wer(reference=references, hypothesis=hypotheses) == pytest.approx(jiwer.wer(references, hypotheses))


@given(TEXT, TEXT)
def test_counts_agree_with_rapidfuzz(reference: str, hypothesis: str) -> None:
    counts = character_counts(reference=reference, hypothesis=hypothesis, whitespace="keep")
    assert counts.errors == Levenshtein.distance(reference, hypothesis)
    assert counts.reference_length == len(reference)
    assert counts.matches + counts.substitutions + counts.insertions == len(hypothesis)
    assert word_counts(reference=reference, hypothesis=hypothesis).reference_length == len(reference.split())


@given(st.lists(COUNTS))
def test_counts_add_up(counts: list[ErrorCounts]) -> None:
    total = sum(counts, ErrorCounts())
    assert total.errors == sum(count.errors for count in counts)
    assert total.reference_length == sum(count.reference_length for count in counts)
    if counts:
        assert sum(counts) == total
    assert 0 <= total.match_error_rate <= 1


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="1 references but 2 hypotheses"):
        cer(reference=["а"], hypothesis=["а", "б"])
    with pytest.raises(TypeError, match="reference is str"):
        cer(reference="а", hypothesis=["а"])
    with pytest.raises(TypeError, match="reference is NoneType"):
        cer(reference=None, hypothesis="а")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="hypothesis holds int"):
        wer(reference=["а"], hypothesis=[1])  # type: ignore[list-item]


def test_reduction_without_errors_before() -> None:
    assert cer_reduction(cer_before=0, cer_after=0) == 0
    assert cer_reduction(cer_before=0, cer_after=0.1) == float("-inf")


HIPE_REFERENCE = ["Бұл күні ауыл адамдары ерте тұрды.", "Қала — үлкен, көшелері кең!", "Сәлем, достар"]
HIPE_REFERENCE += ["œuvre aͤ Straße_x", "..."]
HIPE_BEFORE = ["Бул куні ауыл адамдары ертетұрды.", "Қала үлкен көшелері кең", "Салем, достар"]
HIPE_BEFORE += ["oeuvre ä strasse x", "!"]
HIPE_AFTER = ["Бұл күні ауыл адамдары ерте тұрды.", "Қала үлкеи көшелер кең", "Салем, дос тар!"]
HIPE_AFTER += ["oeuvre ä straße", "1"]


def test_hipe_score_is_that_of_the_public_scorer() -> None:
    """Numbers printed by hipe-ocrepair-scorer 0.9.9 (Python 3.12) for these texts, normalised."""
    found = hipe_score(reference=HIPE_REFERENCE, hypothesis_before=HIPE_BEFORE, hypothesis_after=HIPE_AFTER)
    assert found.cmer_micro == pytest.approx(0.07954545454545454)
    assert found.cmer_macro == pytest.approx(0.2703827573392791)
    assert found.wmer_micro == pytest.approx(0.3888888888888889)
    assert found.wmer_macro == pytest.approx(0.55)
    assert found.preference_cmer == pytest.approx(-0.6)
    assert found.preference_wmer == pytest.approx(-0.6)
    assert found.improvement_cmer == pytest.approx(-0.23499814195466368)
    assert found.improvement_wmer == pytest.approx(-0.15)
    with pytest.raises(ValueError, match="no documents"):
        hipe_score(reference=[], hypothesis_before=[], hypothesis_after=[])


def test_hipe_improvement_over_a_text_that_was_all_wrong_is_the_share_that_is_right() -> None:
    found = hipe_score(reference=["тау", "көл"], hypothesis_before=["шыңғ", "ою"], hypothesis_after=["тас", "ою"])
    assert found.improvement_cmer == pytest.approx((2 / 3 + 0) / 2)


@given(st.lists(TEXT, min_size=1, max_size=4), st.data())
def test_hipe_normalisation_against_the_scorer_itself(references: list[str], data: st.DataObject) -> None:
    scorer = pytest.importorskip("hipe_ocrepair_scorer.ocrepair_eval", reason="needs Python 3.12")
    for text in [*references, data.draw(TEXT)]:
        assert normalise_for_hipe(text) == scorer.norm(text)


@given(st.lists(COUNTS.filter(lambda counts: counts.reference_length > 0), max_size=8))
def test_bootstrap_interval_is_around_the_pooled_rate(counts: list[ErrorCounts]) -> None:
    interval = bootstrap_rate(counts, n_resamples=50)
    rates = [count.rate for count in counts] or [0.0]
    assert interval.value == sum(counts, ErrorCounts()).rate
    assert min(rates) - 1e-9 <= interval.low <= interval.high <= max(rates) + 1e-9


def test_bootstrap_is_deterministic_and_paired() -> None:
    before = [ErrorCounts(matches=90, substitutions=n) for n in range(20)]
    assert bootstrap_rate(before, seed=1) == bootstrap_rate(before, seed=1)
    assert bootstrap_rate(before, seed=1) != bootstrap_rate(before, seed=2)
    halved = [ErrorCounts(matches=90 + n, substitutions=n) for n in range(20)]
    doubled = [ErrorCounts(matches=90, substitutions=2 * n) for n in range(20)]
    reduction = bootstrap_reduction(doubled, halved)
    assert (reduction.value, reduction.low, reduction.high) == (0.5, 0.5, 0.5)


def test_bootstrap_agrees_with_the_normal_approximation() -> None:
    values = [1.0] * 30 + [0.0] * 70
    interval = bootstrap_mean(values)
    half_width = 1.96 * float(np.sqrt(0.3 * 0.7 / 100))
    assert interval.value == 0.3
    assert interval.low == pytest.approx(0.3 - half_width, abs=0.015)
    assert interval.high == pytest.approx(0.3 + half_width, abs=0.015)


def test_match_error_rate_counts_what_was_inserted_in_the_whole() -> None:
    """The bounds are those of the draws that have the passage with insertions twice, and not at all."""
    counts = [ErrorCounts(matches=3, insertions=3), ErrorCounts(matches=4)]
    assert bootstrap_match_error_rate(counts, n_resamples=200) == Interval(3 / 10, 0, 6 / 12)
    assert bootstrap_rate(counts, n_resamples=200) == Interval(3 / 7, 0, 6 / 6)


def test_bootstrap_limits() -> None:
    assert bootstrap_rate([]).high == 0
    assert bootstrap_match_error_rate([]).high == 0
    assert bootstrap_mean([]).value == 0
    perfect, harmed = [ErrorCounts(matches=5)] * 3, [ErrorCounts(matches=4, substitutions=1)] * 3
    assert bootstrap_reduction(perfect, harmed, n_resamples=10).low == float("-inf")
    assert bootstrap_reduction(perfect, perfect, n_resamples=10).value == 0
    with pytest.raises(ValueError, match="n_resamples"):
        bootstrap_rate(perfect, n_resamples=0)
    with pytest.raises(ValueError, match="3 passages before but 2 after"):
        bootstrap_reduction(perfect, harmed[:2])
