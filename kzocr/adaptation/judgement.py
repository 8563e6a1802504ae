"""What a model does to held-out documents and to clean lines; whether another one is worth keeping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rapidfuzz.distance import Levenshtein

from kzocr.adaptation.documents import CleanText, kazakh_letter_share, words
from kzocr.bootstrap import Interval
from kzocr.corrector import Corrector
from kzocr.evaluation import evaluate
from kzocr.pairs import TextPair

_N_RESAMPLES = 500


@dataclass(frozen=True)
class CleanJudgement:
    """What a model does to lines that are right.

    Attributes:
        n_lines: lines given to it.
        n_lines_changed: lines that it changed.
        n_chars_changed: characters to edit to undo that.
    """

    n_lines: int
    n_lines_changed: int
    n_chars_changed: int


@dataclass(frozen=True)
class HeldOutJudgement:
    """What a model makes of documents whose printed text is not known; all shares are fractions.

    Attributes:
        n_chars: characters read.
        n_edits: changes made.
        share_changed: characters edited, by `n_chars`.
        mean_confidence: of the changes; the model's own opinion, and 0 without changes.
        known_words: share of the words that stand in the clean text. No model decides about it.
        kazakh_letters: share of the letters that are among the nine that Russian lacks.
    """

    n_chars: int
    n_edits: int
    share_changed: float
    mean_confidence: float
    known_words: float
    kazakh_letters: float


@dataclass(frozen=True)
class PairsJudgement:
    """What a model makes of documents whose printed text is known; rates with 95 % intervals over passages."""

    n_documents: int
    n_passages: int
    cer_before: Interval
    cer_after: Interval
    wer_before: Interval
    wer_after: Interval
    share_worse: Interval

    def to_dict(self) -> dict[str, Any]:
        """Return the judgement as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Judgement:
    """All that is measured of one model.

    Attributes:
        clean: on lines that are right.
        held_out: on documents that no step of the adaptation saw.
        pairs: on documents with their printed text; None where none were given.
    """

    clean: CleanJudgement
    held_out: HeldOutJudgement
    pairs: PairsJudgement | None


def judge_clean(corrector: Corrector, lines: Sequence[str]) -> CleanJudgement:
    """Return what `corrector` does to lines that are right, each given as a text of its own."""
    report = evaluate(corrector.correct, {}, clean_lines=lines, n_resamples=_N_RESAMPLES).clean
    assert report is not None
    return CleanJudgement(report.n_lines, report.n_lines_changed, report.n_chars_changed)


def judge_held_out(corrector: Corrector, texts: Mapping[str, str], clean: CleanText) -> HeldOutJudgement:
    """Return what `corrector` makes of documents whose printed text is not known.

    Args:
        corrector: the model to judge.
        texts: name -> the text of a document as it was read.
        clean: has the words that are known.
    """
    corrections = corrector.explain(list(texts.values()))
    edits = [edit for correction in corrections for edit in correction.edits]
    n_chars = sum(len(text) for text in texts.values())
    n_changed = sum(Levenshtein.distance(c.original, c.text) for c in corrections)
    corrected = [correction.text for correction in corrections]
    return HeldOutJudgement(
        n_chars,
        len(edits),
        n_changed / max(n_chars, 1),
        sum(edit.confidence for edit in edits) / max(len(edits), 1),
        known_words(corrected, clean),
        kazakh_letter_share(corrected),
    )


def known_words(texts: Sequence[str], clean: CleanText) -> float:
    """Return which share of the words of `texts` stand in the clean text; 0 without words."""
    found = [word in clean.vocabulary for text in texts for word in words(text)]
    return sum(found) / max(len(found), 1)


def judge_pairs(corrector: Corrector, pairs: Sequence[TextPair]) -> PairsJudgement:
    """Return the error rates of `corrector` on documents whose printed text is known."""
    [report] = evaluate(corrector.correct, list(pairs), n_resamples=_N_RESAMPLES).sets
    return PairsJudgement(
        report.n_documents,
        report.n_passages,
        report.before.cer,
        report.after.cer,
        report.before.wer,
        report.after.wer,
        report.share_worse,
    )


def clean_objection(before: CleanJudgement, after: CleanJudgement) -> str | None:
    """Return what speaks against a model on the clean lines, or None: it must not change more of them than before."""
    counts = (
        ("clean lines", before.n_lines_changed, after.n_lines_changed),
        ("characters of clean lines", before.n_chars_changed, after.n_chars_changed),
    )
    for what, n_before, n_after in counts:
        if n_after > n_before:
            return f"it changes {n_after} {what}, the model before it {n_before}"
    return None


def objections(before: Judgement, after: Judgement) -> list[str]:
    """Return what speaks against keeping a model; nothing if it is worth keeping."""
    found = [objection] if (objection := clean_objection(before.clean, after.clean)) else []
    if after.held_out.known_words < before.held_out.known_words:
        shares = f"{after.held_out.known_words:.2%} against {before.held_out.known_words:.2%}"
        found.append(f"fewer of the held-out documents' words are known words: {shares}")
    if (
        before.pairs is not None
        and after.pairs is not None
        and after.pairs.cer_after.value > before.pairs.cer_after.value
    ):
        rates = f"{after.pairs.cer_after.value:.2%} against {before.pairs.cer_after.value:.2%}"
        found.append(f"the character error rate of the pairs is higher: {rates}")
    return found
