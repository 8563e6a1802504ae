from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kzocr.cards.card import CARD_FIELDS, check_card, published_reports, render_card
from kzocr.cards.history import CardError, runs, without_folders
from kzocr.cards.licences import SOURCES, WORD_LISTS
from kzocr.hub import companions_of
from places import ROOT
from toy_reports import toy_metadata, toy_reports

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
        "| 1 | smoke | 1.2.3 | 7,500 | 12.3 | 1.50 | – | 2 × CPU process |",
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


@pytest.mark.parametrize("metadata", [{}, []])
def test_metadata_without_anything_are_named(metadata: Any) -> None:
    with pytest.raises(CardError, match=r"training\.json: the field 'config\.name' is missing or empty"):
        render_card(TEMPLATE, metadata, toy_reports(), repo=REPO)


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
    with pytest.raises(CardError, match="'weather'"):
        render_card("{{ weather }}", toy_metadata(), toy_reports())


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


def test_what_is_run_is_installed_first() -> None:
    card = render_card(TEMPLATE, toy_metadata(), toy_reports(), repo=REPO)
    use = card.partition("## How to use")[2].partition("\n## ")[0]
    first, second, *_ = re.findall(r"```(\w+)\n(.*?)```", use, flags=re.DOTALL)
    assert (first[0], first[1].split()[:3]) == ("shell", ["pip", "install", "kzocr"])
    assert second[0] == "python"


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
    assert "| 1 | first | 1.2.3 | 7,500 | 12.3 | 1.50 | – | 2 × NVIDIA H100 |" in card
    assert "|  | together |  | 15,000 | 24.7 | 3.00 |  |  |" in card  # twice 12,345,678 bytes
    assert "3.00 hours of one CPU process and 3.00 hours of one NVIDIA H100" in card
    assert "power of the accelerators times these hours" in card
    assert "Which processor run 2 had was not recorded" in card
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


def rendered(metadata: dict[str, Any], reports: list[dict[str, Any]] | None = None, **options: Any) -> str:
    """Return the card with every run of white space as one blank."""
    return " ".join(render_card(TEMPLATE, metadata, reports or toy_reports(), **options).split())


def test_a_processor_that_is_known_by_name_bounds_the_energy() -> None:
    card = rendered({**toy_metadata(), "device": "AMD EPYC", "device_type": "cpu"})
    assert "| 2 × CPU process on AMD EPYC |" in card
    assert "3.00 hours of one CPU process on AMD EPYC" in card
    assert "its rated power times the hours in the table" in card
    assert "not recorded, so" not in card


@pytest.mark.parametrize(
    ("asked", "chosen", "said"),
    [
        ("no", None, "computed in float32, with"),
        ("auto", "bf16", "computed in bfloat16 (products; weights and sums in float32), with"),
        ("auto", "no", "computed in float32, with"),
        ("auto", None, "computed in bfloat16 where the machine multiplies it in hardware and float32 elsewhere"),
    ],
)
def test_the_precision_is_the_one_that_was_chosen(asked: str, chosen: str | None, said: str) -> None:
    metadata = without(toy_metadata(), "config.run.mixed_precision", asked)
    assert said in rendered(metadata if chosen is None else {**metadata, "precision": chosen})


def test_pages_that_engines_read_are_said_to_be_learnt_from() -> None:
    metadata = toy_metadata()
    assert "No page that an OCR engine had read was learnt from." in rendered(metadata)
    metadata["config"]["data"] |= {"pairs": ["../pairs/kaz.jsonl", "../pairs/rus.jsonl"], "pair_share": 0.25}
    card = rendered(metadata)
    assert "A part of the documents (25 % in run 1) has no drawn noise" in card
    assert "from the files `kaz.jsonl`, `rus.jsonl`, drawn again and again" in card


def test_weights_that_were_averaged_are_said_to_be() -> None:
    assert "No run's weights were averaged" in rendered(toy_metadata())
    parent = {**toy_metadata(), "parent_share": 0.25}
    card = rendered({**toy_metadata(), "parent": parent})
    assert "After run 1 the weights were averaged with those that the run went on from, by" in card
    card = rendered({**toy_metadata(), "parent": parent, "blend": 0.6})  # of an adaptation: what was learnt
    assert "After runs 1, 2 the weights were averaged" in card
    assert "the weights here are 40 % those of the model before it and 60 % what the last run made of them" in card


def test_a_folder_that_a_model_was_fine_tuned_from_is_not_named() -> None:
    card = rendered(without(toy_metadata(), "config.model.init", "/home/me/byt5-small"))
    assert "fine-tuned from `byt5-small`" in card
    assert "/home/me" not in card


def test_a_model_that_was_deepened_says_so() -> None:
    metadata = toy_metadata()
    metadata["config"]["model"] |= {"init": "user/model", "deepened": True, "n_encoder_layers": 8}
    assert "fine-tuned from `user/model`, deepened to 8 layers that read and" in rendered(metadata)
    metadata["parent"] = toy_metadata()
    assert "continued from the run `smoke` of kzocr 1.2.3, deepened to 8 layers that read and" in rendered(metadata)


def test_files_beside_the_weights_are_named() -> None:
    card = rendered(toy_metadata(), companions={"words.txt.xz": "known words", "sure.json": "how sure"})
    assert "It also uses the files `words.txt.xz` (known words), `sure.json` (how sure)" in card
    assert "with the files beside the weights, which reads" in card
    assert "No file beside the weights" in rendered(toy_metadata())


def test_the_front_matter_says_everything_in_full() -> None:
    reports = toy_reports()
    for report in reports:
        report["sets"].append({**report["sets"][0], "name": "newspapers"})
    head = render_card(TEMPLATE, toy_metadata(), reports).split("---\n")[1]
    assert "&" not in head
    assert "*" not in head
    assert len(yaml.safe_load(head)["model-index"][0]["results"]) == 2


def test_the_worst_passage_of_every_set_is_shown() -> None:
    reports = toy_reports()
    for report in reports:
        report["sets"] = [{**report["sets"][0], "name": f"set {number}"} for number in range(6)]
    reports[1]["sets"][5]["worst"] = []
    card = render_card(TEMPLATE, toy_metadata(), reports).split("The worst passage of every set")[1]
    assert re.findall(r"^- (.*?):", card, flags=re.MULTILINE) == [
        *(f"set {number}" for number in range(6)),
        "clean text",
    ]
    assert "- set 5: no passage was left with an error" in card


def test_published_reports_have_the_figures_and_what_the_card_shows() -> None:
    identity, own = toy_reports()
    own["sets"][0]["worst"].append({**own["sets"][0]["worst"][0], "reference": "құпия мәтін"})
    own["sets"][0]["worst"][0]["hypothesis_after"] = "а" * 500
    published = published_reports([identity, own])
    text = json.dumps(published, ensure_ascii=False)
    assert "құпия" not in text
    assert "examples" not in text
    assert "document_id" not in text
    assert "worst" not in published[0]["sets"][0]
    (shown,) = published[1]["sets"][0]["worst"]
    assert shown["hypothesis_after"] == "а" * 160 + "…"
    assert [passage["hypothesis_after"] for passage in published[1]["clean"]["worst"]] == ["Далада жсл тұр."]
    for before, after in zip([identity, own], published, strict=True):
        assert after["sets"][0]["after"] == before["sets"][0]["after"]
    # the card is the same, rendered from what is published
    assert render_card(TEMPLATE, toy_metadata(), published) == render_card(TEMPLATE, toy_metadata(), [identity, own])


def test_metadata_lose_the_folders_of_their_maker() -> None:
    metadata = toy_metadata()
    metadata["config"]["data"] |= {
        "corpus": ["/home/me/texts/kaz", "hub:user/texts::train:text", "texts\\more.txt"],
        "pairs": ["../pairs/kaz.jsonl"],
        "prior": "/home/me/noise.json",
    }
    metadata["config"]["model"]["init"] = "/home/me/runs/first/model"
    metadata["adaptation"] = {"model": "/home/me/runs/mine/model", "blend": 0.7}
    noise = {"families": {"/home/me/noise.json": 1.0}, "fitted": ["/home/me/noise.json"], "unscaled": []}
    metadata |= {"prior": noise, "parent": copy.deepcopy(metadata)}
    reduced = without_folders(metadata)
    for run in (reduced, reduced["parent"]):
        assert run["config"]["data"]["corpus"] == ["kaz", "hub:user/texts::train:text", "more.txt"]
        assert run["config"]["data"]["pairs"] == ["kaz.jsonl"]
        assert run["config"]["data"]["prior"] == "noise.json"
        assert run["config"]["model"]["init"] == "model"
        assert run["adaptation"] == {"blend": 0.7}
    assert reduced["prior"] == {"families": {"noise.json": 1.0}, "fitted": ["noise.json"], "unscaled": []}
    assert metadata["config"]["data"]["corpus"][0] == "/home/me/texts/kaz"  # what was given is as it was
    init = without(toy_metadata(), "config.model.init", "google/byt5-small")
    assert without_folders(init)["config"]["model"]["init"] == "google/byt5-small"


def embedded_reports() -> list[dict[str, Any]]:
    """Return the reports of the model in the package, which are kept without passages, with passages of a stand-in."""
    reports: list[dict[str, Any]] = json.loads((ROOT / "docs" / "results-kzocr.json").read_text(encoding="utf-8"))
    passage = toy_reports()[1]["sets"][0]["worst"][0]
    for entry in [*reports[0]["sets"], reports[0]["clean"]]:
        entry["worst"] = [passage]
    return reports


def test_the_card_of_the_model_in_the_package_is_true() -> None:
    weights = ROOT / "kzocr" / "weights"
    metadata = json.loads((weights / "training.json").read_text(encoding="utf-8"))
    reports, companions = embedded_reports(), companions_of(weights)
    card = render_card(TEMPLATE, metadata, reports, repo=REPO, companions=companions)
    check_card(card)
    flat = " ".join(card.split())

    chain = list(runs(metadata))
    steps, n_bytes, seconds = (sum(run[key] for run in chain) for key in ("steps", "target_bytes", "training_seconds"))
    assert f"| together |  | {steps:,} | {n_bytes / 1e6:,.1f} | {seconds / 3600:.2f} |" in card
    assert [line.split("|")[1].strip() for line in card.splitlines() if line.count("|") == 9][2:-1] == [
        str(number) for number in range(1, len(chain) + 1)
    ]
    data = metadata["config"]["data"]
    if data.get("pairs"):
        assert f"{100 * data['pair_share']:.0f} % in run {len(chain)}" in flat
    for run in chain:
        assert all(f"`{Path(name).name}`" in flat for name in run["config"]["data"].get("pairs", ()))
    assert "no example is seen twice" not in flat
    assert "Computed in auto" not in flat
    if "parent_share" in metadata:
        assert f"{100 * metadata['parent_share']:.0f} % those of the model before it" in flat
    assert companions
    assert all(f"`{name}` (" in flat for name in companions)
    worst = card.split("The worst passage of every set")[1]
    names = [entry["name"] for entry in reports[0]["sets"]]
    assert re.findall(r"^- (.*?):", worst, flags=re.MULTILINE) == [*names, "clean text"]
    assert "../" not in card
    assert "pairs/" not in card
    assert "&id" not in card
