"""Metadata of a run and reports as `scripts/train.py` and `scripts/evaluate.py` write them, of a toy."""

from __future__ import annotations

from typing import Any

from kzocr.config import load_config
from kzocr.evaluation import evaluate
from kzocr.pairs import TextPair
from places import ROOT


def toy_metadata() -> dict[str, Any]:
    return {
        "kzocr_version": "1.2.3",
        "config": load_config(ROOT / "configs" / "smoke.yaml").to_dict(),
        "n_parameters": 6_300_000,
        "steps": 7500,
        "target_bytes": 12_345_678,
        "training_seconds": 5400,
        "device": "cpu",
        "n_processes": 2,
        "torch_version": "2.13.0",
        "transformers_version": "5.23.0",
        "sources": [
            {"name": "kaznerd", "n_lines": 20, "n_bytes": 2_860_000, "sha256": "ab" * 32},
            {"name": "tatoeba", "n_lines": 10, "n_bytes": 310_000, "sha256": "cd" * 32},
        ],
        "validation": {"step": 7500, "cer_before": 0.0812, "cer_after": 0.0123, "clean_changed": 0.0},
        "parent": {},
    }


def toy_reports() -> list[dict[str, Any]]:
    """Return reports of a corrector that mends one letter and of the identity."""
    pairs = {
        "book pages": [
            TextPair("Қар ерте жауды.", "Кар ерте жауды.", "a", "real"),
            TextPair("Үй жылы екен.", "Уй жылы скен.", "b", "real"),
        ]
    }
    clean = ["Далада жел тұр.", "Күн | батты."]

    def mend(texts: list[str]) -> list[str]:
        return [text.replace("Кар", "Қар").replace("жел", "жсл") for text in texts]

    correctors = {"identity": lambda texts: texts, "kzocr": mend}
    return [
        evaluate(function, pairs, clean_lines=clean, name=name, n_resamples=50).to_dict()
        for name, function in correctors.items()
    ]


PAIRS = [TextPair("Көл <терең>.\nЖол ұзақ.", "Кел <терец>.\nЖ ол узақ.", "a & b", "real")]


def mend(texts: list[str]) -> list[str]:
    return [text.replace("Кел", "Көл").replace("Ж ол", "Жал") for text in texts]
