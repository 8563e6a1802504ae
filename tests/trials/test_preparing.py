from __future__ import annotations

import re

import numpy as np
import pytest

from kzocr.edits import Edit
from kzocr.language.text_model import TextModel
from kzocr.preparation.spacing import Spacing
from kzocr.trials.preparing import (
    BEFORE,
    DIVIDED,
    LOST,
    SPACED,
    PreparingReport,
    Repairs,
    divided,
    measure_preparing,
    preparing_markdown,
    right_edits,
)

LINES = [
    "Күзде бау-бақша жемісін жинайтын кез келеді.",
    "Жемісін жинайтын кез келсе, бақша иелері қуанады.",
    "Бақша иелері күзде қуанады, көршілер де келеді.",
    "Көршілер күзде жемісін жинайтын бақша аз емес.",
]
WORDS = frozenset("күзде бау бақша жемісін жинайтын кез келеді келсе иелері қуанады көршілер де аз емес".split())


def test_an_edit_is_right_if_it_alone_brings_the_text_nearer() -> None:
    read = "Күз де кез келді."
    edits = [Edit(3, 4, " ", "", 0.9), Edit(6, 7, " ", "", 0.9), Edit(14, 14, "", "е", 0.9), Edit(0, 1, "К", "Г", 0.9)]
    assert right_edits("Күзде кез келеді.", read, edits) == [True, False, True, False]


def test_a_word_is_divided_between_its_syllables_or_not_at_all() -> None:
    rng = np.random.default_rng(1)
    lines = [divided("Бақша аз ет", "- ", rng) for _ in range(200)]
    assert set(lines) == {"Бақша аз ет", "Бақ- ша аз ет"}
    assert 15 < lines.count("Бақ- ша аз ет") < 45  # one word in seven


@pytest.fixture(scope="module")
def spacing() -> Spacing:
    return Spacing(TextModel.from_lines(LINES * 3), WORDS.__contains__)


@pytest.fixture(scope="module")
def report(spacing: Spacing) -> PreparingReport:
    return measure_preparing([*LINES, "Кү- зде бақша."], LINES, spacing, seed=5)


def test_every_kind_of_damage_after_every_other(report: PreparingReport) -> None:
    kinds = [*SPACED, *DIVIDED, *LOST]
    assert [(row.before, row.damage) for row in report.repairs] == [(b, kind) for b in BEFORE for kind in kinds]
    assert (report.seed, report.n_clean_lines, report.n_clean_edits) == (5, 5, 1)
    found = {(row.before, row.damage): row for row in report.repairs}
    n_inside = sum(len(re.findall(r"\w(?! )", line)) for line in LINES)
    apart = found["nothing", "every letter apart"]
    assert 0.95 * n_inside < apart.n_places <= n_inside  # the channel spares a letter now and then
    assert apart.n_edits == apart.n_right == apart.n_places
    two = found["nothing", "a word in 7 divided"], found["nothing", "a word in 7 divided, no space"]
    assert two[0].n_places == two[1].n_places > 0
    n_kazakh = sum(line.lower().count(letter) for line in LINES for letter in "әғқңөұүһі")
    for damage in LOST:
        n_places = found["nothing", damage].n_places
        assert 0.2 * n_kazakh < n_places < 0.8 * n_kazakh if damage.startswith("half") else n_places == n_kazakh
        assert found["half of the Kazakh letters as Russian ones", damage].n_places < n_kazakh


def test_a_seed_damages_the_same_places_and_another_one_others(spacing: Spacing) -> None:
    reports = [measure_preparing([], LINES[:1], spacing, seed) for seed in (5, 5, 6)]
    assert reports[0].repairs == reports[1].repairs != reports[2].repairs


def test_the_table_has_the_share_of_right_edits_and_none_of_no_edits() -> None:
    rows = (
        Repairs("nothing", "every letter apart", 7033, 8, 7),
        Repairs("a sign in 30 as one like it", "Kazakh letters gone", 5, 0, 0),
    )
    assert preparing_markdown(PreparingReport(5, rows, 1260, 5).to_dict()).splitlines()[2:] == [
        "| nothing | every letter apart | 7,033 | 8 | 87.50 |",
        "| a sign in 30 as one like it | Kazakh letters gone | 5 | 0 | |",
        "| nothing | as printed, 1,260 lines | | 5 | |",
    ]
