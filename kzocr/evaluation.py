"""A corrector + pairs -> a report: error rates before and after, with intervals, harm and examples.

A corrector is any function from a list of texts to the list of corrected texts, so the model, a dictionary
and the identity are judged by the same code. It is given **whole documents**, to use whatever context they
hold. What it returns is scored by **passage**: a passage is a line (blank lines are none), because
correctors keep lines; a document whose lines do not correspond one to one is a single passage. A corrector
that added or removed lines is counted as such (`n_documents_with_lost_lines`).

The pooled rates are those of the whole documents: whitespace folded, a line end between two passages
counts as one character that was read right.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kzocr.bands import QualityBand, quality_bands
from kzocr.bootstrap import (
    N_RESAMPLES,
    SEED,
    Interval,
    bootstrap_match_error_rate,
    bootstrap_mean,
    bootstrap_rate,
    bootstrap_reduction,
)
from kzocr.confusion import ConfusionCounts
from kzocr.metrics import ErrorCounts, HipeScore, Whitespace, character_counts, hipe_score, share, word_counts
from kzocr.pairs import TextPair

CorrectorFunction = Callable[[list[str]], list[str]]

N_WORST = 10
N_CONFUSIONS = 40
N_LETTERS = 40
N_LETTER_CONFUSIONS = 400

_LINE_END = ErrorCounts(matches=1)


@dataclass(frozen=True)
class Passage:
    """One passage, as it was printed, read and corrected.

    Args:
        document_id: the document it is from.
        line_number: its first line in the document, from 1.
        reference: the printed text.
        hypothesis_before: what was read.
        hypothesis_after: what the corrector made of it.
        errors_before: characters to edit before.
        errors_after: characters to edit after.
    """

    document_id: str
    line_number: int
    reference: str
    hypothesis_before: str
    hypothesis_after: str
    errors_before: int
    errors_after: int


@dataclass(frozen=True)
class Rates:
    """Error rates of one set of texts, before or after; all fractions.

    Args:
        cer: pooled character error rate.
        wer: pooled word error rate.
        cer_mean: mean of the passages' character error rates.
        wer_mean: mean of the passages' word error rates.
        cer_spaceless: pooled, whitespace ignored.
        cer_normalised: pooled, case and punctuation ignored.
        wer_normalised: pooled, case and punctuation ignored.
        character_errors: the counts behind `cer`.
        word_errors: the counts behind `wer`.
        errors_by_kind: characters to edit for each kind of error.
        errors_by_script: characters to edit for each script.
        confusions: the most frequent confusions as (printed, read, count).
        letters: each character printed as (character, times printed, times misread), most misread first.
        letter_confusions: one character read as another or as nothing, as (printed, read, count), of the
            characters most often misread.
    """

    cer: Interval
    wer: Interval
    cer_mean: Interval
    wer_mean: Interval
    cer_spaceless: Interval
    cer_normalised: Interval
    wer_normalised: Interval
    character_errors: ErrorCounts
    word_errors: ErrorCounts
    errors_by_kind: dict[str, int]
    errors_by_script: dict[str, int]
    confusions: tuple[tuple[str, str, int], ...]
    letters: tuple[tuple[str, int, int], ...] = ()
    letter_confusions: tuple[tuple[str, str, int], ...] = ()

    @property
    def cer_without_spaces(self) -> float:
        """The value of `cer_spaceless`."""
        return self.cer_spaceless.value


@dataclass(frozen=True)
class SetReport:
    """What a corrector did to one set of pairs.

    Args:
        name: name of the set.
        n_documents: documents in it.
        n_passages: passages in it.
        n_reference_chars: characters printed, whitespace folded.
        before: rates of the text as it was read.
        after: rates of the corrected text.
        cer_reduction: relative reduction of the pooled character error rate.
        wer_reduction: the same of the word error rate.
        share_better: share of passages with fewer character errors after.
        share_same: share of passages with as many.
        share_worse: share of passages with more.
        n_documents_with_lost_lines: documents in which the corrector added or removed lines.
        hipe: the scores of HIPE-OCRepair, one document one unit.
        hipe_before: the same scores of the text as it was read.
        hipe_cmer: `hipe.cmer_micro` with bounds by draws of passages.
        hipe_cmer_before: the same of the text as it was read.
        chars_per_second: characters given to the corrector per second of its time.
        worst: the passages that gained the most errors, then those with the most errors left.
        examples: passages that were changed, spread over the set.
        bands: the documents by how badly they were read.
    """

    name: str
    n_documents: int
    n_passages: int
    n_reference_chars: int
    before: Rates
    after: Rates
    cer_reduction: Interval
    wer_reduction: Interval
    share_better: Interval
    share_same: Interval
    share_worse: Interval
    n_documents_with_lost_lines: int
    hipe: HipeScore
    hipe_before: HipeScore
    hipe_cmer: Interval
    hipe_cmer_before: Interval
    chars_per_second: float
    worst: tuple[Passage, ...]
    examples: tuple[Passage, ...]
    bands: tuple[QualityBand, ...]


@dataclass(frozen=True)
class CleanReport:
    """What a corrector did to text without errors, given line by line: every change is harm.

    Args:
        n_lines: lines given to it.
        n_lines_changed: lines that came back different in any character.
        share_changed: their share.
        n_chars: characters given to it.
        n_chars_changed: characters to edit to undo the changes.
        cer: `n_chars_changed` by `n_chars`, pooled over the lines.
        chars_per_second: characters given to the corrector per second of its time.
        worst: the lines changed most, as passages.
    """

    n_lines: int
    n_lines_changed: int
    share_changed: Interval
    n_chars: int
    n_chars_changed: int
    cer: Interval
    chars_per_second: float
    worst: tuple[Passage, ...]


@dataclass(frozen=True)
class Report:
    """What a corrector did to one or more sets of pairs and to clean lines.

    Args:
        corrector: its name.
        sets: one entry a set of pairs.
        clean: what it did to clean lines; None where none were given.
        n_resamples: draws of the bootstrap.
        seed: seed of the bootstrap.
    """

    corrector: str
    sets: tuple[SetReport, ...]
    clean: CleanReport | None
    n_resamples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values; a number that is not finite becomes None."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def text_lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 text file that are not blank.

    Raises:
        ValueError: the file is not UTF-8; the message names it.
        OSError: the file cannot be read.
    """
    try:
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8: {error}") from error


def spread(lines: list[str], n_lines: int) -> list[str]:
    """Return `n_lines` of `lines` at even distances; all of them if there are no more, or `n_lines` is 0."""
    if not 0 < n_lines < len(lines):
        return lines
    return [lines[i * len(lines) // n_lines] for i in range(n_lines)]


def evaluate(
    corrector: CorrectorFunction,
    pairs: Mapping[str, Sequence[TextPair]] | Sequence[TextPair],
    *,
    clean_lines: Sequence[str] | None = None,
    name: str = "corrector",
    n_resamples: int = N_RESAMPLES,
    seed: int = SEED,
) -> Report:
    """Return what `corrector` does to `pairs` and to `clean_lines`.

    Args:
        corrector: texts -> as many corrected texts. It is called once a set with all its documents, and once
            with the clean lines.
        pairs: the sets by name, or one set. Each pair is a document.
        clean_lines: texts without errors, each given to the corrector as a text of its own.
        name: name of the corrector in the report.
        n_resamples: draws of the bootstrap over passages.
        seed: seed of the bootstrap; equal for every corrector to be compared.

    Returns:
        One `SetReport` a set, in order.

    Raises:
        ValueError: a set is empty, or the corrector returned another number of texts than it was given.
        TypeError: the corrector returned something that is no text.
    """
    sets = pairs if isinstance(pairs, Mapping) else {"pairs": pairs}
    reports = tuple(
        _evaluate_set(corrector, set_name, set_pairs, n_resamples, seed) for set_name, set_pairs in sets.items()
    )
    clean = None if clean_lines is None else _evaluate_clean(corrector, clean_lines, n_resamples, seed)
    return Report(name, reports, clean, n_resamples, seed)


def _evaluate_set(
    corrector: CorrectorFunction, name: str, pairs: Sequence[TextPair], n_resamples: int, seed: int
) -> SetReport:
    if not pairs:
        raise ValueError(f"set {name!r} has no pairs")
    corrected, chars_per_second = _timed(corrector, [pair.hypothesis for pair in pairs])
    passages: list[Passage] = []
    ends_document: list[bool] = []
    for pair, text in zip(pairs, corrected, strict=True):
        found = _passages(pair, text)
        passages += found
        ends_document += [False] * (len(found) - 1) + [True] * bool(found)
    before = _Scored(passages, [p.hypothesis_before for p in passages], ends_document)
    after = _Scored(passages, [p.hypothesis_after for p in passages], ends_document)
    changes = [p.errors_after - p.errors_before for p in passages]
    shares = [
        bootstrap_mean([float(hit) for hit in hits], n_resamples=n_resamples, seed=seed)
        for hits in ([c < 0 for c in changes], [c == 0 for c in changes], [c > 0 for c in changes])
    ]
    ranked = sorted(passages, key=lambda p: (p.errors_before - p.errors_after, -p.errors_after))
    changed = [p for p in passages if p.hypothesis_after != p.hypothesis_before]
    hipe, hipe_before = _hipe(pairs, corrected), _hipe(pairs, [pair.hypothesis for pair in pairs])
    return SetReport(
        name=name,
        n_documents=len({pair.document_id for pair in pairs}),
        n_passages=len(passages),
        n_reference_chars=sum(before.characters, ErrorCounts()).reference_length,
        before=before.rates(n_resamples, seed),
        after=after.rates(n_resamples, seed),
        cer_reduction=bootstrap_reduction(before.characters, after.characters, n_resamples=n_resamples, seed=seed),
        wer_reduction=bootstrap_reduction(before.words, after.words, n_resamples=n_resamples, seed=seed),
        share_better=shares[0],
        share_same=shares[1],
        share_worse=shares[2],
        n_documents_with_lost_lines=sum(
            pair.hypothesis.count("\n") != text.count("\n") for pair, text in zip(pairs, corrected, strict=True)
        ),
        hipe=hipe,
        hipe_before=hipe_before,
        hipe_cmer=replace(after.match_error_rate(n_resamples, seed), value=hipe.cmer_micro),
        hipe_cmer_before=replace(before.match_error_rate(n_resamples, seed), value=hipe_before.cmer_micro),
        chars_per_second=chars_per_second,
        worst=tuple(p for p in ranked[:N_WORST] if p.errors_after),
        examples=tuple(changed[:: max(1, len(changed) // N_WORST)][:N_WORST]),
        bands=quality_bands(zip(before.by_document(), after.by_document(), strict=True)),
    )


def _hipe(pairs: Sequence[TextPair], corrected: Sequence[str]) -> HipeScore:
    return hipe_score(
        reference=[pair.reference for pair in pairs],
        hypothesis_before=[pair.hypothesis for pair in pairs],
        hypothesis_after=corrected,
    )


def _evaluate_clean(corrector: CorrectorFunction, lines: Sequence[str], n_resamples: int, seed: int) -> CleanReport:
    corrected, chars_per_second = _timed(corrector, list(lines))
    counts = [
        character_counts(reference=line, hypothesis=text, whitespace="keep")
        for line, text in zip(lines, corrected, strict=True)
    ]
    changed = [float(line != text) for line, text in zip(lines, corrected, strict=True)]
    harmed = [
        Passage("clean", number, line, line, text, 0, count.errors)
        for number, (line, text, count) in enumerate(zip(lines, corrected, counts, strict=True), 1)
        if line != text
    ]
    return CleanReport(
        n_lines=len(lines),
        n_lines_changed=len(harmed),
        share_changed=bootstrap_mean(changed, n_resamples=n_resamples, seed=seed),
        n_chars=sum(len(line) for line in lines),
        n_chars_changed=sum(count.errors for count in counts),
        cer=bootstrap_rate(counts, n_resamples=n_resamples, seed=seed),
        chars_per_second=chars_per_second,
        worst=tuple(sorted(harmed, key=lambda p: -p.errors_after)[:N_WORST]),
    )


def _timed(corrector: CorrectorFunction, texts: list[str]) -> tuple[list[str], float]:
    start_seconds = time.perf_counter()
    corrected = list(corrector(list(texts)))
    seconds = time.perf_counter() - start_seconds
    if len(corrected) != len(texts):
        raise ValueError(f"the corrector was given {len(texts)} texts and returned {len(corrected)}")
    for text in corrected:
        if not isinstance(text, str):
            raise TypeError(f"the corrector returned {type(text).__name__}: expected str")
    return corrected, share(sum(len(text) for text in texts), seconds)


def _passages(pair: TextPair, corrected: str) -> list[Passage]:
    """Return the lines that are not blank on all sides, or the whole document as one passage."""
    texts = [text.split("\n") for text in (pair.reference, pair.hypothesis, corrected)]
    if len({len(lines) for lines in texts}) > 1:
        texts = [[pair.reference], [pair.hypothesis], [corrected]]
    found = []
    for number, (reference, before, after) in enumerate(zip(*texts, strict=True), 1):
        if reference.strip() or before.strip() or after.strip():
            errors = [character_counts(reference=reference, hypothesis=text).errors for text in (before, after)]
            found.append(Passage(pair.document_id, number, reference, before, after, errors[0], errors[1]))
    return found


class _Scored:
    """The passages' counts on one side."""

    def __init__(self, passages: Sequence[Passage], hypotheses: Sequence[str], ends_document: Sequence[bool]):
        self._texts = [(p.reference, text) for p, text in zip(passages, hypotheses, strict=True)]
        self._ends_document = ends_document
        self._alone = self._characters()
        self._normalised = self._characters(normalised=True)
        self.characters = self._with_line_ends(self._alone)
        self.words = [word_counts(reference=r, hypothesis=h) for r, h in self._texts]

    def _characters(self, whitespace: Whitespace = "fold", normalised: bool = False) -> list[ErrorCounts]:
        return [
            character_counts(reference=r, hypothesis=h, whitespace=whitespace, normalised=normalised)
            for r, h in self._texts
        ]

    def _with_line_ends(self, counts: Sequence[ErrorCounts]) -> list[ErrorCounts]:
        return [
            count if is_last else count + _LINE_END for count, is_last in zip(counts, self._ends_document, strict=True)
        ]

    def by_document(self) -> list[ErrorCounts]:
        """Return the character errors of each document that has a passage."""
        documents = [ErrorCounts()]
        for count, is_last in zip(self.characters, self._ends_document, strict=True):
            documents[-1] += count
            if is_last:
                documents.append(ErrorCounts())
        return documents[:-1]

    def match_error_rate(self, n_resamples: int, seed: int) -> Interval:
        """Return the pooled match error rate of characters, case and punctuation ignored."""
        counts = self._with_line_ends(self._normalised)
        return bootstrap_match_error_rate(counts, n_resamples=n_resamples, seed=seed)

    def rates(self, n_resamples: int, seed: int) -> Rates:
        pairs = [TextPair(r, h, "", "real") for r, h in self._texts]
        confusions = ConfusionCounts.from_pairs(pairs)

        def rate(counts: Sequence[ErrorCounts]) -> Interval:
            return bootstrap_rate(counts, n_resamples=n_resamples, seed=seed)

        def mean(counts: Sequence[ErrorCounts]) -> Interval:
            return bootstrap_mean([count.rate for count in counts], n_resamples=n_resamples, seed=seed)

        return Rates(
            cer=rate(self.characters),
            wer=rate(self.words),
            cer_mean=mean(self._alone),
            wer_mean=mean(self.words),
            cer_spaceless=rate(self._characters(whitespace="ignore")),
            cer_normalised=rate(self._normalised),
            wer_normalised=rate([word_counts(reference=r, hypothesis=h, normalised=True) for r, h in self._texts]),
            character_errors=sum(self.characters, ErrorCounts()),
            word_errors=sum(self.words, ErrorCounts()),
            errors_by_kind={str(kind): n for kind, n in confusions.by_kind().items()},
            errors_by_script=confusions.by_script(),
            confusions=tuple((c.reference, c.hypothesis, n) for c, n in confusions.top(N_CONFUSIONS)),
            letters=tuple(confusions.by_character()[:N_LETTERS]),
            letter_confusions=tuple(confusions.single()[:N_LETTER_CONFUSIONS]),
        )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
