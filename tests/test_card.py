from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from toy_reports import toy_metadata, toy_reports

from kzocr.card import CARD_FIELDS, CardError, check_card, render_card
from kzocr.licences import SOURCES, WORD_LISTS

ROOT = Path(__file__).parent.parent
TEMPLATE = (ROOT / "model_card.md").read_text(encoding="utf-8")
REPO = "user/kzocr-test"


def front_matter(card: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return data


def without(data: dict[str, Any], key: str, value: Any = None) -> dict[str, Any]:
    """Return a copy of `data` in which a dotted key is `value`, or is missing."""
    changed = copy.deepcopy(data)
    *sections, last = key.split(".")
    place = changed
    for section in sections:
        place = place[section]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return changed


def test_the_card_has_every_figure_and_huggingface_hub_accepts_it() -> None:
    card = render_card(TEMPLATE, toy_metadata(), toy_reports(), repo=REPO)
    check_card(card)
    for expected in (
        "6.3 M",
        "| smoke | 1.2.3 | 7,500 | 12.3 | 1.50 | 2 × CPU process |",
        "3.00 hours of one CPU process",
        "8.12 % to 1.23 %",
        "CC BY 4.0",
        "CC BY 2.0 FR",
        REPO,
    ):
        assert expected in card, expected
    # 28 characters were printed, 3 were misread, 1 was mended
    assert "| book pages | as read | 10.71 [" in card
    assert "| book pages | kzocr | 7.14 [" in card
    assert "50.00 % of its lines did not" in card
    assert "Далада жсл тұр." in card  # the clean line that was harmed is shown
    # of 6 words 3 were misread, 1 was mended; of 2 passages none is worse
    assert "7.14 % of the characters and 33.33 % of the words are still wrong after correction, and 0.00 %" in card
    data = front_matter(card)
    assert "base_model" not in data
    assert (data["language"], data["license"]) == ("kk", "apache-2.0")
    (result,) = data["model-index"][0]["results"]
    assert {m["type"]: m["value"] for m in result["metrics"]} == {"cer": 7.143, "wer": 33.333}


def test_every_placeholder_of_the_template_is_known_and_every_value_is_used() -> None:
    for name in CARD_FIELDS:
        assert f"{{{{ {name} }}}}" in TEMPLATE, name


@pytest.mark.parametrize(
    "key",
    [
        "kzocr_version",
        "config.model.init",
        "config.optimizer",
        "n_parameters",
        "steps",
        "target_bytes",
        "training_seconds",
        "device",
        "sources",
        "validation.cer_after",
        "torch_version",
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_a_fact_of_the_training_that_is_missing_or_empty_is_named(key: str, value: Any) -> None:
    with pytest.raises(CardError, match=rf"training\.json.*'{key.rpartition('config.')[2]}'|'{key}'"):
        render_card(TEMPLATE, without(toy_metadata(), key, value), toy_reports())


@pytest.mark.parametrize("key", ["sets", "clean", "n_resamples"])
def test_a_part_of_the_report_that_is_missing_is_named(key: str) -> None:
    identity, own = toy_reports()
    with pytest.raises(CardError, match=rf"report\.json: the field '{key}"):
        render_card(TEMPLATE, toy_metadata(), [identity, {**own, key: None}])


def test_a_rate_that_is_missing_is_named() -> None:
    identity, own = toy_reports()
    own["sets"][0]["after"]["cer"]["value"] = None
    with pytest.raises(CardError, match=r"'after\.cer\.value'"):
        render_card(TEMPLATE, toy_metadata(), [identity, own])


def test_a_report_without_kzocr_is_refused() -> None:
    with pytest.raises(CardError, match="0 entries"):
        render_card(TEMPLATE, toy_metadata(), toy_reports()[:1])


def test_a_report_without_passages_is_refused() -> None:
    reports = copy.deepcopy(toy_reports())
    for report in reports:
        for entry in report["sets"]:
            del entry["worst"]
    with pytest.raises(CardError, match="--no-passages"):
        render_card(TEMPLATE, toy_metadata(), reports)


def test_a_source_without_a_licence_is_refused() -> None:
    metadata = toy_metadata()
    metadata["sources"][0]["name"] = "found-somewhere"
    with pytest.raises(CardError, match="no licence is known for the source 'found-somewhere'"):
        render_card(TEMPLATE, metadata, toy_reports())
    assert all(entry.licence and entry.origin and entry.domain for entry in SOURCES.values())


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(CardError, match="'energy'"):
        render_card("{{ energy }}", toy_metadata(), toy_reports())


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("# Title", "no YAML front matter"),
        ("---\nlanguage: kk\n---\n", "no results"),
        ("---\nmodel-index:\n- name: x\n  results:\n  - task: {}\n---\n", "model card"),
    ],
)
def test_a_card_that_the_hub_would_not_take_is_refused(card: str, reason: str) -> None:
    with pytest.raises(CardError, match=reason):
        check_card(card)


@pytest.mark.parametrize("name", CARD_FIELDS)
def test_a_field_that_comes_out_empty_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CARD_FIELDS, name, lambda facts: " ")
    with pytest.raises(CardError, match=f"the field '{name}' is empty"):
        render_card(TEMPLATE, toy_metadata(), toy_reports())


@pytest.mark.parametrize(
    "heading",
    [
        "What it is for",
        "What it must not be used for",
        "How to use",
        "Data",
        "Training",
        "Time and energy",
        "Evaluation",
        "Harm",
        "Speed",
        "Limits",
    ],
)
def test_every_section_is_there_and_says_something(heading: str) -> None:
    card = render_card(TEMPLATE, toy_metadata(), toy_reports(), repo=REPO)
    match = re.search(rf"^##+ {heading}\n(.*?)(?=^## |\Z)", card, flags=re.MULTILINE | re.DOTALL)
    assert match is not None
    assert len(match.group(1).split()) > 10


def test_a_model_that_went_on_from_another_names_both_runs_and_all_sources() -> None:
    parent = toy_metadata()
    parent["config"]["name"] = "first"
    parent["config"]["model"]["init"] = "google/byt5-small"
    parent["sources"] = [{"name": "wikimedia/wikipedia", "n_lines": 1, "n_bytes": 2_000_000, "sha256": "ef" * 32}]
    parent["device"] = "NVIDIA H100"
    metadata = {**toy_metadata(), "parent": parent}
    metadata["config"]["model"]["init"] = "runs/first/model"
    card = render_card(TEMPLATE, metadata, toy_reports(), repo=REPO)
    check_card(card)
    assert "continued from the run `first` of kzocr 1.2.3" in card
    assert "| first | 1.2.3 | 7,500 | 12.3 | 1.50 | 2 × NVIDIA H100 |" in card
    assert "3.00 hours of one CPU process and 3.00 hours of one NVIDIA H100" in card
    assert "5.2 MB of clean Kazakh text" in card  # 2.86 + 0.31 + 2.00
    data = front_matter(card)
    assert (data["base_model"], data["datasets"]) == ("google/byt5-small", ["wikimedia/wikipedia"])


def test_word_lists_are_named_with_their_licence() -> None:
    metadata = toy_metadata()
    assert "No word list was used." in render_card(TEMPLATE, metadata, toy_reports())
    metadata["config"]["data"]["word_lists"] = ["../lists/unilex_kk_frequency.txt"]
    assert "`unilex_kk_frequency.txt` (Unilex, Unicode License v3)" in render_card(TEMPLATE, metadata, toy_reports())
    metadata["config"]["data"]["word_lists"] = ["mine.txt"]
    with pytest.raises(CardError, match=r"no licence is known for the word list 'mine\.txt'"):
        render_card(TEMPLATE, metadata, toy_reports())
    assert all(entry.licence and entry.origin for entry in WORD_LISTS.values())
