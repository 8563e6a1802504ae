"""Character and word error rates of OCR text: `evaluate.load("metric/kzocr_cer")`; needs the package kzocr."""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

import kzocr
from kzocr.evaluate_metric import scores

_DESCRIPTION = """Error rates of OCR text before or after correction, pooled over all texts.

cer: (substitutions + insertions + deletions) / characters printed, every character compared;
cer_folded: the same with runs of white space as one space; wer: the same of words;
cer_normalised, wer_normalised: case and punctuation ignored, as in HIPE-OCRepair."""
_INPUTS = """Args:
    predictions: the texts to judge.
    references: the printed texts, one for each."""


class KzocrCer(evaluate.Metric):
    """Error rates by kzocr.metrics."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_INPUTS,
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
            homepage=f"kzocr {kzocr.__version__}",
            license="Apache-2.0",
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, Any]:
        return scores(references=references, predictions=predictions)
