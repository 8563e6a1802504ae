"""Is an edit as often right as its confidence says? Edits judged against the reference, and a map that mends it.

An edit is **right** if it alone, applied to the passage as it was read, leaves fewer character errors against the
reference than before; one that leaves as many is wrong, since it changed something for nothing. Errors are counted
as the character error rate counts them (NFC, white space folded, the fewest edits). A passage is a line where the
lines of both sides correspond, else the document.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from kzocr.edits import Edit, apply_edits
from kzocr.json_files import read_json_object
from kzocr.metrics import ErrorCounts, character_counts, share
from kzocr.pairs import TextPair
from kzocr.text import FOREIGN_LETTERS, nfc

CALIBRATION_FILE = "calibration.json"
"""Name of the file beside a model's weights."""

N_BINS = 10
THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)

_EDGE = 1e-6
_N_STEPS = 50
_PRIOR_PRECISION = 1.0
_LEAST_SLOPE = 0.01
_REPAIRS = str.maketrans(FOREIGN_LETTERS)


@dataclass(frozen=True)
class Calibration:
    """A monotone map from a model's probability to the probability that the edit is right.

    `Calibration(a, b)(p) == 1 / (1 + exp(-(a + b * log(p / (1 - p)))))` (Platt 1999, on the log odds): two numbers,
    so that a few hundred edits are enough to fit them.

    Attributes:
        intercept: a; negative where the model is too sure.
        slope: b, positive; below 1 where the model exaggerates in both directions.
        n_edits: edits that it was fitted on.
        fitted_on: names of the sets that they are from.

    Raises:
        ValueError: the slope is not positive, or a number is not finite.
    """

    intercept: float = 0.0
    slope: float = 1.0
    n_edits: int = 0
    fitted_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.intercept) and math.isfinite(self.slope) and self.slope > 0):
            raise ValueError(f"a calibration needs a finite intercept and a positive slope, not {self}")

    def __call__(self, probability: float) -> float:
        """Return the calibrated confidence for a probability, both 0 to 1; `Calibration()` changes nothing."""
        if (self.intercept, self.slope) == (0.0, 1.0):
            return probability
        return _sigmoid(self.intercept + self.slope * _log_odds(probability))

    def write(self, path: Path) -> None:
        """Write the map as JSON."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """Return the map in a file.

        Raises:
            ValueError: it is no such file; the message names it and the field.
            OSError: it cannot be read.
        """
        record = read_json_object(path)
        kinds: dict[str, type | tuple[type, ...]] = {
            "intercept": (int, float),
            "slope": (int, float),
            "n_edits": int,
            "fitted_on": list,
        }
        for name in {**kinds, **record}:
            if name not in kinds or not isinstance(record.get(name), kinds[name]):
                raise ValueError(f"{path}: field {name!r} is unknown, missing or of the wrong type")
        try:
            return cls(record["intercept"], record["slope"], record["n_edits"], tuple(map(str, record["fitted_on"])))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


IDENTITY = Calibration()
"""Confidences are the model's own probabilities."""


@dataclass(frozen=True)
class JudgedPassage:
    """A passage with the edits that a corrector proposed for it, each judged by itself.

    Attributes:
        document_id: the document it is from.
        reference: the printed text.
        hypothesis: what was read.
        edits: from left to right, offsets in characters of `hypothesis`.
        n_removed: for each edit how many character errors it alone removes; negative if it adds some.
    """

    document_id: str
    reference: str
    hypothesis: str
    edits: tuple[Edit, ...]
    n_removed: tuple[int, ...]

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
        share_right: the share of them that is right; 0 for none.
    """

    low: float
    high: float
    n_edits: int
    mean_confidence: float
    share_right: float


@dataclass(frozen=True)
class Reliability:
    """How well confidences agree with what is right.

    Attributes:
        n_edits: edits judged.
        share_right: the share of them that is right.
        expected_calibration_error: mean distance of a bin's mean confidence and its share of right edits,
            weighted by its edits (Guo et al. 2017), 0 to 1; 0 is perfect.
        brier: mean square of confidence minus 1 (right) or 0 (wrong); 0 is perfect.
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
        precision: share of them that is right; 0 for none.
        recall: share of all character errors that the right ones among them remove, each counted by itself.
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
        calibration: the map.
        n_documents_fitted: documents that it was fitted on.
        n_documents_tested: documents that all other numbers are from.
        raw: reliability of the model's own probabilities.
        calibrated: reliability of the calibrated confidences.
        trade_offs: one entry a threshold, for calibrated confidences.
        by_set: reliability of the calibrated confidences in each set.
    """

    calibration: Calibration
    n_documents_fitted: int
    n_documents_tested: int
    raw: Reliability
    calibrated: Reliability
    trade_offs: tuple[TradeOff, ...]
    by_set: Mapping[str, Reliability]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self)


def judge(pair: TextPair, edits: Sequence[Edit]) -> list[JudgedPassage]:
    """Return the passages of `pair` with their edits judged.

    Args:
        pair: a document.
        edits: of its hypothesis, from left to right.
    """
    references, hypotheses = pair.reference.split("\n"), pair.hypothesis.split("\n")
    if len(references) != len(hypotheses) or any("\n" in edit.before + edit.after for edit in edits):
        references, hypotheses = [pair.reference], [pair.hypothesis]
    starts = list(accumulate((len(line) + 1 for line in hypotheses), initial=0))[:-1]
    own: list[list[Edit]] = [[] for _ in starts]
    for edit in edits:
        number = bisect_right(starts, edit.start) - 1
        start = starts[number]
        own[number].append(replace(edit, start=edit.start - start, end=edit.end - start))
    return [
        _judged(pair.document_id, reference, hypothesis, tuple(line_edits))
        for reference, hypothesis, line_edits in zip(references, hypotheses, own, strict=True)
        if reference.strip() or hypothesis.strip()
    ]


def _judged(document_id: str, reference: str, hypothesis: str, edits: tuple[Edit, ...]) -> JudgedPassage:
    def errors(text: str) -> int:
        return character_counts(reference=reference, hypothesis=text).errors

    before = errors(hypothesis) if edits else 0
    n_removed = tuple(before - errors(apply_edits(hypothesis, [edit])) for edit in edits)
    return JudgedPassage(document_id, reference, hypothesis, edits, n_removed)


def outcomes(passages: Iterable[JudgedPassage]) -> tuple[list[float], list[bool]]:
    """Return the confidences of all edits that a model proposed, and whether each is right."""
    judged = [
        (edit.confidence, n_removed > 0)
        for passage in passages
        for edit, n_removed in zip(passage.edits, passage.n_removed, strict=True)
        if not is_repair(edit)
    ]
    return [confidence for confidence, _ in judged], [is_right for _, is_right in judged]


def is_repair(edit: Edit) -> bool:
    """Return whether the edit needs no model: another spelling of the same letters."""
    return edit.confidence == 1.0 and nfc(edit.before.translate(_REPAIRS)) == edit.after


def fit(confidences: Sequence[float], is_right: Sequence[bool], fitted_on: Sequence[str] = ()) -> Calibration:
    """Return the calibration that makes the outcomes likeliest.

    Newton's method on the log likelihood with a weak normal prior around the identity (precision 1), so that few
    edits move it little; no edits at all give the identity.

    Args:
        confidences: the model's probabilities, 0 to 1.
        is_right: as many outcomes.
        fitted_on: names for the record.
    """
    x = np.array([_log_odds(confidence) for confidence in confidences], dtype=np.float64)
    y = np.array(is_right, dtype=np.float64)
    features = np.stack([np.ones_like(x), x], axis=1)
    prior = np.array([0.0, 1.0])
    weights = prior.copy()

    def loss(w: Any) -> float:
        z = features @ w
        return float(np.sum(np.logaddexp(0.0, z) - y * z) + _PRIOR_PRECISION / 2 * np.sum((w - prior) ** 2))

    for _ in range(_N_STEPS):
        p = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ (p - y) + _PRIOR_PRECISION * (weights - prior)
        curvature = features.T @ (features * (p * (1 - p))[:, None]) + _PRIOR_PRECISION * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        scale = 1.0
        while scale > _EDGE and loss(weights - scale * step) > loss(weights):
            scale /= 2
        weights = weights - scale * step
        if float(np.abs(step).max()) < _EDGE:
            break
    slope = max(float(weights[1]), _LEAST_SLOPE)
    return Calibration(round(float(weights[0]), 6), round(slope, 6), len(confidences), tuple(fitted_on))


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

    Args:
        fitting: passages by set, with the model's own probabilities as confidences.
        testing: passages of other documents.

    Raises:
        ValueError: a document is on both sides, or there are no edits to fit on or to test on.
    """
    documents = [{(name, p.document_id) for name, ps in side.items() for p in ps} for side in (fitting, testing)]
    if common := documents[0] & documents[1]:
        raise ValueError(f"documents on both sides: {sorted(common)[:3]}")
    fit_values, fit_right = outcomes(p for ps in fitting.values() for p in ps)
    test_values, test_right = outcomes(p for ps in testing.values() for p in ps)
    if not fit_values or not test_values:
        raise ValueError(f"{len(fit_values)} edits to fit on and {len(test_values)} to test on: more pairs are needed")
    calibration = fit(fit_values, fit_right, sorted(fitting))
    mapped = {name: [calibrated(p, calibration) for p in ps] for name, ps in testing.items()}
    return CalibrationReport(
        calibration=calibration,
        n_documents_fitted=len(documents[0]),
        n_documents_tested=len(documents[1]),
        raw=reliability(test_values, test_right),
        calibrated=reliability([calibration(value) for value in test_values], test_right),
        trade_offs=trade_offs([p for ps in mapped.values() for p in ps]),
        by_set={name: reliability(*outcomes(ps)) for name, ps in mapped.items()},
    )


def calibrated(passage: JudgedPassage, calibration: Calibration) -> JudgedPassage:
    """Return the passage with calibrated confidences; edits that need no model keep theirs."""
    edits = tuple(
        edit if is_repair(edit) else replace(edit, confidence=calibration(edit.confidence)) for edit in passage.edits
    )
    return replace(passage, edits=edits)


def _log_odds(probability: float) -> float:
    p = min(max(probability, _EDGE), 1 - _EDGE)
    return math.log(p / (1 - p))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
