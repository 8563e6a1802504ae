from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pytest

from fakes import scripted
from kzocr.corrector import Corrector
from kzocr.edits import LINE_BREAKS, Edit
from kzocr.trials.fuzzing import KINDS, damage, fuzz, fuzzed_texts


def test_texts_depend_on_the_seed_alone_and_hold_every_kind() -> None:
    texts = list(fuzzed_texts(60, seed=3, long_chars=500))
    assert texts == list(fuzzed_texts(60, seed=3, long_chars=500)) != list(fuzzed_texts(60, seed=4, long_chars=500))
    assert len(texts) == 60
    assert {kind for kind, _ in texts} == {*KINDS, "empty", "long line", "blank lines", "short lines"}
    [long_line] = [text for kind, text in texts if kind == "long line"]
    assert len(long_line) == 500
    assert long_line.isalpha()
    assert len(long_line.encode()) == 1000
    together = "".join(text for _, text in texts)
    assert any("\ud800" <= character <= "\udfff" for character in together)
    assert any(unicodedata.combining(character) for character in together)
    assert any(unicodedata.bidirectional(character) in ("R", "AL") for character in together)
    assert "\n" * 50 in together
    assert list(fuzzed_texts(1, seed=0)) == [("empty", "")]
    assert len(list(fuzzed_texts(3, seed=0, long_chars=10))) == 3


def test_the_model_in_the_package_reads_halves_of_surrogate_pairs() -> None:
    """A text that once made the context model raise; `scripts/fuzz.py` gives the model hundreds."""
    text = KINDS["surrogates"](np.random.default_rng([0, 520]))
    explained = Corrector.from_pretrained(device="cpu").explain(text)
    assert damage(text, explained) is None
    assert explained.edits


def test_a_sound_corrector_passes() -> None:
    report = fuzz(
        scripted(("сез", "сөз")).explain,
        fuzzed_texts(40, seed=0, long_chars=300),
        limit_seconds=30,
        limit_seconds_per_kilochar=1,
    )
    assert report.failures == []
    assert sum(report.n_texts.values()) == 40
    assert "| **all** | 40 | 0 |" in report.to_markdown()
    assert report.to_dict()["n_texts"]["unicode"] > 0


@dataclass
class Explained:
    text: str
    edits: list[Edit] = field(default_factory=list)


@pytest.mark.parametrize(
    ("explained", "problem"),
    [
        (Explained("а\nб "), None),
        (Explained("а\nв "), "do not give"),
        (Explained("аб ", [Edit(1, 2, "\n", "", 1.0)]), "2 lines before, 1 after"),
        (Explained("а\nб", [Edit(3, 4, " ", "", 1.0)]), "line 2"),
        (Explained("\nб ", [Edit(0, 1, "а", "", 1.0)]), "line 1"),
        (Explained("х\nб ", [Edit(0, 1, "х", "х", 1.0)]), "do not fit"),
    ],
)
def test_damage_is_named(explained: Explained, problem: str | None) -> None:
    found = damage("а\nб ", explained)
    assert found is None if problem is None else found is not None and problem in found


@pytest.mark.parametrize("character", sorted(LINE_BREAKS))
def test_a_line_that_is_lost_is_named_whatever_ends_it(character: str) -> None:
    explained = Explained("а б", [Edit(1, 2, character, " ", 1.0)])
    assert damage(f"а{character}б", explained) == "2 lines before, 1 after"


def test_crashes_and_slow_texts_are_counted() -> None:
    def explain(text: str) -> Explained:
        if text == "crash":
            raise KeyError(text)
        time.sleep(0.5 if text == "slow" else 0)
        return Explained(text)

    texts = iter([("a", "crash"), ("b", "slow"), ("b", "fine")])
    report = fuzz(explain, texts, limit_seconds=0.1, limit_seconds_per_kilochar=0)
    assert [(number, kind) for number, kind, _ in report.failures] == [(0, "a"), (1, "b")]
    assert "KeyError" in report.failures[0][2]
