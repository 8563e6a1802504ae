"""Does an edit help as often as its confidence says? Edits judged against the reference, and a calibration tested.

An edit **helps** if it alone, applied to the passage as it was read, leaves fewer character errors against the
reference than before, and **harms** if it leaves more. One that leaves as many, a wrong letter for another, does
neither: it costs nothing to make and nothing to leave, so that no confidence is fitted or tested on it; how many there
are is said. Errors are counted as the character error rate counts them (NFC, white space folded, the fewest edits).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from kzocr.boosting.fitting import fit_trees
from kzocr.boosting.trees import BoostedTrees
from kzocr.confidence.edit_features import FEATURES, INCREASING, NO_BACKGROUND, Background, features, is_repair
from kzocr.confidence.misprints import mended
from kzocr.confidence.model import IDENTITY, Calibration
from kzocr.confidence.recurrence import Recurrence
from kzocr.edits import Edit, apply_edits
from kzocr.metrics import ErrorCounts, character_counts, fold_whitespace, share
from kzocr.pairs import TextPair, is_parallel, passages
from kzocr.spelling.profile import NO_PROFILE, Profile

N_BINS = 10
"""Of equal width, in which confidences are compared with how often they were right."""

CLEAN_WEIGHT = 12.0
"""How much more edits of text without errors count in the fit: all of them harm, and there are few."""

_ORDER_SEED = 0

THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Least confidences whose trade-offs are shown."""


@dataclass(frozen=True)
class JudgedPassage:
    """A passage with the edits that a corrector proposed for it, each judged by itself.

    Attributes:
        document_id: the document it is from.
        reference: the printed text.
        hypothesis: what was read.
        edits: from left to right, offsets in characters of `hypothesis`.
        n_removed: for each edit how many character errors it alone removes; negative if it adds some.
        background: what is known of the whole document.
    """

    document_id: str
    reference: str
    hypothesis: str
    edits: tuple[Edit, ...]
    n_removed: tuple[int, ...]
    background: Background = NO_BACKGROUND

    def counts(self, min_confidence: float) -> ErrorCounts:
        """Return the character errors that are left by the edits of at least `min_confidence`."""
        edits = [edit for edit in self.edits if edit.confidence >= min_confidence]
        return character_counts(reference=self.reference, hypothesis=apply_edits(self.hypothesis, edits))


@dataclass(frozen=True)
class Bin:
    """Edits of about the same confidence.

    Attributes:
        low: least confidence.
        high: greatest confidence.
        n_edits: how many there are.
        mean_confidence: their mean; 0 for none.
        share_right: the share of them that helps; 0 for none.
    """

    low: float
    high: float
    n_edits: int
    mean_confidence: float
    share_right: float


@dataclass(frozen=True)
class Reliability:
    """How well confidences agree with what helps.

    Attributes:
        n_edits: edits that help or harm.
        share_right: the share of them that helps.
        expected_calibration_error: mean distance of a bin's mean confidence and its share of right edits,
            weighted by its edits (Guo et al. 2017), 0 to 1; 0 is perfect.
        brier: mean square of confidence minus 1 (it helps) or 0 (it harms); 0 is perfect.
        bins: ten, equally wide.
    """

    n_edits: int
    share_right: float
    expected_calibration_error: float
    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class TradeOff:
    """What is left if only edits of at least `min_confidence` are made.

    Attributes:
        min_confidence: the threshold.
        n_edits: edits that reach it.
        precision: share of them that helps, those that neither help nor harm counted as if they harmed; 0 for none.
        recall: share of all character errors that those which help remove, each counted by itself.
        cer_before: pooled character error rate without edits.
        cer_after: pooled character error rate with these edits made.
    """

    min_confidence: float
    n_edits: int
    precision: float
    recall: float
    cer_before: float
    cer_after: float


@dataclass(frozen=True)
class CalibrationReport:
    """A calibration fitted on some documents and tested on others.

    Attributes:
        calibration: what was tested.
        n_documents_fitted: documents that it was fitted on.
        n_documents_tested: documents that all other numbers are from.
        n_neutral: edits of those that neither help nor harm.
        raw: reliability of the model's own probabilities.
        calibrated: reliability of the calibrated confidences.
        trade_offs: one entry a threshold, for calibrated confidences.
        by_set: reliability of the calibrated confidences in each set.
        worth: by how many nats the mean log likelihood of the tested outcomes falls if a feature is given the values
            of other edits (permutation importance, Breiman 2001).
    """

    calibration: Calibration
    n_documents_fitted: int
    n_documents_tested: int
    n_neutral: int
    raw: Reliability
    calibrated: Reliability
    trade_offs: tuple[TradeOff, ...]
    by_set: Mapping[str, Reliability]
    worth: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values, of the calibration only what it was fitted on."""
        calibration = {"n_edits": self.calibration.n_edits, "fitted_on": list(self.calibration.fitted_on)}
        return {**asdict(replace(self, calibration=IDENTITY)), "calibration": calibration}


def judge_document(
    pair: TextPair, edits: Sequence[Edit], max_chars: int, background: Background = NO_BACKGROUND
) -> list[JudgedPassage]:
    """Return passages of a document with its edits judged; edits that reach over the end of a passage are left out.

    Args:
        pair: a document; if its lines do not correspond it is one passage.
        edits: of its hypothesis, from left to right.
        max_chars: the most characters of a passage of more than one line: about a window's length.
        background: what edits are weighed with, whatever the document.
    """
    profile = NO_PROFILE if background.lexicon is None else Profile.of(pair.hypothesis, background.lexicon)
    proposed = (edit for edit in edits if not is_repair(edit))
    background = background.of(profile, Recurrence.of(proposed, pair.hypothesis))
    judged = []
    start = 0
    for passage in passages(pair, max_chars) if is_parallel(pair) else [pair]:
        end = start + len(passage.hypothesis)
        own = [edit.moved(-start) for edit in edits if start <= edit.start and edit.end <= end]
        judged.append(judge(passage, own, background))
        start = end + 1
    return judged


def judge(pair: TextPair, edits: Sequence[Edit], background: Background = NO_BACKGROUND) -> JudgedPassage:
    """Return the pair, of about a window's length, with its edits judged.

    Edits that the error rate cannot see, such as one space for two, are left out.

    Args:
        pair: a passage.
        edits: of its hypothesis, from left to right.
        background: what is known of the document that it is from.
    """
    read = fold_whitespace(pair.hypothesis)
    edits = [edit for edit in edits if fold_whitespace(apply_edits(pair.hypothesis, [edit])) != read]
    n_removed = _n_removed(pair.reference, pair.hypothesis, edits)
    return JudgedPassage(pair.document_id, pair.reference, pair.hypothesis, tuple(edits), n_removed, background)


def _n_removed(reference: str, hypothesis: str, edits: Sequence[Edit]) -> tuple[int, ...]:
    """Return for each edit how many character errors it alone removes."""

    def errors(text: str) -> int:
        return character_counts(reference=reference, hypothesis=text).errors

    before = errors(hypothesis) if edits else 0
    return tuple(before - errors(apply_edits(hypothesis, [edit])) for edit in edits)


def forgiven(passage: JudgedPassage, misprints: Mapping[str, str]) -> JudgedPassage:
    """Return the passage with edits that mend a misprint of its reference as such that neither help nor harm.

    Args:
        passage: a judged one.
        misprints: of the texts that references are from; see `kzocr.confidence.misprints`.
    """
    meant = mended(passage.reference, misprints)
    if meant == passage.reference:
        return passage
    really_removed = _n_removed(meant, passage.hypothesis, passage.edits)
    judged = zip(passage.n_removed, really_removed, strict=True)
    return replace(passage, n_removed=tuple(0 if removed < 0 < really else removed for removed, really in judged))


def outcomes(passages: Iterable[JudgedPassage]) -> tuple[list[float], list[bool]]:
    """Return the confidences of all edits that a model proposed and that help or harm, and whether each helps."""
    judged = [
        (edit.confidence, n_removed > 0)
        for passage in passages
        for edit, n_removed in zip(passage.edits, passage.n_removed, strict=True)
        if n_removed and not is_repair(edit)
    ]
    return [confidence for confidence, _ in judged], [is_right for _, is_right in judged]


def reliability(confidences: Sequence[float], is_right: Sequence[bool]) -> Reliability:
    """Return how well confidences agree with outcomes.

    Four edits of confidence 0.75, three of them right, are perfectly calibrated; if one is right, the expected
    calibration error is 0.5.
    """
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(N_BINS)]
    for confidence, right in zip(confidences, is_right, strict=True):
        groups[min(int(confidence * N_BINS), N_BINS - 1)].append((confidence, right))
    bins = tuple(
        Bin(
            number / N_BINS,
            (number + 1) / N_BINS,
            len(group),
            share(sum(confidence for confidence, _ in group), len(group)),
            share(sum(right for _, right in group), len(group)),
        )
        for number, group in enumerate(groups)
    )
    n_edits = len(confidences)
    return Reliability(
        n_edits,
        share(sum(is_right), n_edits),
        share(sum(b.n_edits * abs(b.mean_confidence - b.share_right) for b in bins), n_edits),
        share(sum((c - r) ** 2 for c, r in zip(confidences, is_right, strict=True)), n_edits),
        bins,
    )


def trade_offs(passages: Sequence[JudgedPassage], thresholds: Sequence[float] = THRESHOLDS) -> tuple[TradeOff, ...]:
    """Return for each threshold what the edits that reach it do."""
    before = sum((passage.counts(math.inf) for passage in passages), ErrorCounts())
    found = []
    for threshold in thresholds:
        removed = [
            n_removed
            for passage in passages
            for edit, n_removed in zip(passage.edits, passage.n_removed, strict=True)
            if edit.confidence >= threshold
        ]
        after = sum((passage.counts(threshold) for passage in passages), ErrorCounts())
        found.append(
            TradeOff(
                threshold,
                len(removed),
                share(sum(n > 0 for n in removed), len(removed)),
                share(sum(n for n in removed if n > 0), before.errors),
                before.rate,
                after.rate,
            )
        )
    return tuple(found)


def calibrate(
    fitting: Mapping[str, Sequence[JudgedPassage]], testing: Mapping[str, Sequence[JudgedPassage]]
) -> CalibrationReport:
    """Return a calibration fitted on some documents, with its figures on others.

    Sets with many edits (engines without Kazakh letters) would drown those with few (clean text), of which there is as
    much in the world: in the fit a set of n edits counts as much as the square root of n, and one of passages without
    errors `CLEAN_WEIGHT` times that.

    Args:
        fitting: passages by set, with the model's own probabilities as confidences.
        testing: passages of other documents.

    Raises:
        ValueError: a document is on both sides, or there are no edits to fit on or to test on.
    """
    documents = [{(name, p.document_id) for name, ps in side.items() for p in ps} for side in (fitting, testing)]
    if common := documents[0] & documents[1]:
        raise ValueError(f"documents on both sides: {sorted(common)[:3]}")
    rows, fit_right, importance = _examples(fitting)
    test_rows, are_right, _ = _examples(testing)
    if not rows or not test_rows:
        raise ValueError(
            f"{len(rows)} edits that help or harm to fit on and {len(test_rows)} to test on: more pairs are needed"
        )
    trees = _trees(rows, fit_right, importance)
    calibration = Calibration(trees, len(rows), tuple(sorted(fitting)))
    mapped = {name: [calibrated(p, calibration) for p in ps] for name, ps in testing.items()}
    return CalibrationReport(
        calibration=calibration,
        n_documents_fitted=len(documents[0]),
        n_documents_tested=len(documents[1]),
        n_neutral=sum(p.n_removed.count(0) for ps in testing.values() for p in ps),
        raw=reliability(*outcomes(p for ps in testing.values() for p in ps)),
        calibrated=reliability(*outcomes(p for ps in mapped.values() for p in ps)),
        trade_offs=trade_offs([p for ps in mapped.values() for p in ps]),
        by_set={name: reliability(*outcomes(ps)) for name, ps in mapped.items()},
        worth=_worth(trees, test_rows, are_right),
    )


def fitted(sets: Mapping[str, Sequence[JudgedPassage]]) -> Calibration:
    """Return a calibration fitted on all documents of some sets, untested; arguments as for `calibrate`."""
    rows, is_right, importance = _examples(sets)
    return Calibration(_trees(rows, is_right, importance), len(rows), tuple(sorted(sets)))


def calibrated(passage: JudgedPassage, calibration: Calibration) -> JudgedPassage:
    """Return the passage with calibrated confidences; edits that need no model keep theirs."""
    edits = calibration.calibrated(passage.hypothesis, passage.edits, passage.background)
    return replace(passage, edits=tuple(edits))


def _trees(rows: Sequence[Sequence[float]], is_right: Sequence[bool], importance: Sequence[float]) -> BoostedTrees:
    return fit_trees(rows, is_right, importance, [name in INCREASING for name in FEATURES])


def _worth(trees: BoostedTrees, rows: Sequence[Sequence[float]], is_right: Sequence[bool]) -> dict[str, float]:
    """Return what each feature is worth: see `CalibrationReport`."""

    def log_likelihood(rows: Sequence[Sequence[float]]) -> float:
        odds = (value if right else -value for value, right in zip(trees.log_odds(rows), is_right, strict=True))
        return -math.fsum(math.log1p(math.exp(-abs(value))) + max(-value, 0.0) for value in odds) / len(rows)

    whole, order = log_likelihood(rows), np.random.default_rng(_ORDER_SEED).permutation(len(rows)).tolist()
    found = {}
    for place, name in enumerate(FEATURES):
        mixed = [(*row[:place], rows[other][place], *row[place + 1 :]) for row, other in zip(rows, order, strict=True)]
        found[name] = round(whole - log_likelihood(mixed), 6)
    return found


def _examples(
    fitting: Mapping[str, Sequence[JudgedPassage]],
) -> tuple[list[tuple[float, ...]], list[bool], list[float]]:
    """Return the features of all edits that help or harm, whether each helps, and its weight in the fit."""
    rows, is_right, importance = [], [], []
    for judged_passages in fitting.values():
        judged = [
            (row, n_removed > 0)
            for passage in judged_passages
            for edit, row, n_removed in zip(
                passage.edits,
                features(passage.hypothesis, passage.edits, passage.background),
                passage.n_removed,
                strict=True,
            )
            if n_removed and not is_repair(edit)
        ]
        rows += [row for row, _ in judged]
        is_right += [right for _, right in judged]
        is_clean = all(passage.hypothesis == passage.reference for passage in judged_passages)
        weight = CLEAN_WEIGHT if is_clean else 1.0
        importance += [weight / math.sqrt(max(len(judged), 1))] * len(judged)
    mean = share(sum(importance), len(importance)) or 1.0
    return rows, is_right, [value / mean for value in importance]
