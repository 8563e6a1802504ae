from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kzocr.channel.counts import DocumentCounts, count_documents, count_pair
from kzocr.channel.estimate import EstimatedPrior, estimate_channel, fit_pairs, fit_prior
from kzocr.channel.files import read_prior, write_prior
from kzocr.channel.model import ChannelModel
from kzocr.channel.rules import Rule
from kzocr.channel.tally import tally
from kzocr.confusion import Confusion
from kzocr.metrics import cer
from kzocr.pairs import TextPair
from kzocr.text import LOWER, UPPER

WORDS = (
    "ел тілі жаңа шаңырақ көшпенді күш бүгін ұлт мектебінде оқушылар жазып отыр алма ағашының түбінде "
    "шешесі екі інісімен бірге құстың ұясын көріп тұрды дала төрінде қалың қар жатты"
).split()
CHANNEL = ChannelModel(
    name="known",
    rules=(
        Rule("қ", {"к": 0.6, "^": 0.2}),
        Rule("ш", {"пі": 0.3}),
        Rule("і", {"": 0.2, "!": 0.1}),
        Rule("і", {"!": 0.8}, right=" "),
        Rule("ті", {"и": 0.3}),
        Rule(" ", {"": 0.05}),
    ),
    space_after={"ж": 0.5},
    space_before={"ң": 0.3},
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def pair(reference: str, hypothesis: str, document_id: str = "a") -> TextPair:
    return TextPair(reference, hypothesis, document_id, "synthetic", "toy")


def document(seed: int, model: ChannelModel = CHANNEL, n_lines: int = 40) -> TextPair:
    random = rng(seed)
    text = "\n".join(" ".join(random.choice(WORDS, 8)) for _ in range(n_lines))
    return pair(text, model.sample(text, random), f"document {seed}")


def fitted(n_documents: int = 12, n_lines: int = 40) -> EstimatedPrior:
    return fit_prior(count_documents(document(seed, n_lines=n_lines) for seed in range(n_documents)), "toy")


def rates(model: ChannelModel, source: str, left: str = "", right: str = "") -> dict[str, float]:
    found = [r for r in model.rules if (r.source, r.left, r.right) == (source, left, right)]
    return dict(found[0].outputs) if found else {}


def test_counts_of_one_line() -> None:
    counts = count_pair(pair("тілі ақ", "илі ак"))
    assert counts.readings == {Confusion("ті", "и", "\n", "л"): 1, Confusion("қ", "к", "а", "\n"): 1}
    assert counts.occurrences["і"] == 1  # the other one was read together with its т
    assert "т" not in counts.occurrences
    assert counts.occurrences["ті"] == 1
    assert counts.occurrences["қ "] == counts.occurrences[" а"] == 1
    assert counts.lines == ((7, 2),)
    assert counts.alphabet == frozenset("илі ак")


def test_counts_add_up() -> None:
    pairs = [document(0), document(1), replace(document(2), document_id="document 0")]
    together = count_documents(pairs)
    assert list(together) == ["document 0", "document 1"]
    one_by_one = [count_pair(pair) for pair in pairs]
    assert sum(one_by_one) == DocumentCounts.total(one_by_one)
    assert DocumentCounts.total(together.values()).readings == DocumentCounts.total(one_by_one).readings
    assert together["document 0"] == one_by_one[0] + one_by_one[2]
    assert together["document 1"].n_chars == len(pairs[1].reference.replace("\n", ""))


def test_hopeless_lines_and_garbage_are_skipped_and_counted() -> None:
    counts = count_pair(pair("бірінші жол\nекінші", "бірінші жол\n@@##%%^^&&"))
    assert counts.n_errors == 0
    assert counts.n_skipped_chars == len("екінші")
    counts = count_pair(pair("мектебінде оқушылар отыр", "мектебінде отыр"))
    assert counts.n_errors <= 2
    assert counts.n_skipped_chars > 5


def test_what_is_read_from_nothing_belongs_to_its_neighbour() -> None:
    _, errors = tally(count_pair(pair("ақ ат\nел", "ақ  ат.\n|ел")))
    assert errors == {("rule", " ", "  "): 1, ("rule", "\n", ".\n"): 1, ("rule", "\n", "\n|"): 1}
    _, errors = tally(count_pair(pair("алма", "алм'а")))
    assert errors == {("insertion", "", "'"): 1}


def test_spaces_go_to_the_letter_that_pushes_them() -> None:
    text = "\n".join(["жажы жыжа бажы"] * 50)
    model = ChannelModel(space_after={"ж": 0.6})
    places, errors = tally(count_pair(pair(text, model.sample(text, rng()))))
    assert errors["space_after", "ж", " "] / places["space_after", "ж"] == pytest.approx(0.6, abs=0.1)
    assert sum(n for (kind, _, _), n in errors.items() if kind == "space_before") < 0.15 * sum(errors.values())


def test_estimate_of_a_sample_is_the_model() -> None:
    model = estimate_channel(count_pair(document(0, n_lines=800)), strength=1.0)
    assert rates(model, "қ")["к"] == pytest.approx(0.6, abs=0.05)
    assert rates(model, "қ")["^"] == pytest.approx(0.2, abs=0.05)
    assert rates(model, "ш")["пі"] == pytest.approx(0.3, abs=0.05)
    assert rates(model, "ті")["и"] == pytest.approx(0.3, abs=0.05)
    assert rates(model, " ")[""] == pytest.approx(0.05, abs=0.02)
    assert rates(model, "і", right=" ")["!"] == pytest.approx(0.8, abs=0.1)
    assert rates(model, "і", right="н").get("!", 0.0) == pytest.approx(0.1, abs=0.06)
    assert model.space_after["ж"] == pytest.approx(0.5, abs=0.06)
    assert model.space_before["ң"] == pytest.approx(0.3, abs=0.06)
    assert sum(sum(rates(model, letter).values()) for letter in "алсн") < 0.02
    assert model.burstiness < 0.1


def test_few_characters_lean_on_the_other_documents() -> None:
    pooled = fitted()
    short = count_pair(pair("ақ ат тұр", "ақ ат тұр"))
    for strength, least, most in [(0.0, 0.0, 0.02), (1000.0, 0.1, 0.95)]:
        total = sum(rates(estimate_channel(short, pooled, strength), "қ").values())
        assert least <= total <= most
    with pytest.raises(ValueError, match="strength"):
        estimate_channel(short, pooled, -1)


def test_readings_that_no_other_document_shows_are_kept() -> None:
    model = estimate_channel(count_pair(pair("дала дала дала", "9ала 9ала 9ала")), fitted(), 3.0)
    assert rates(model, "д")["9"] > 0.3


def test_clean_documents_stay_clean_and_bad_ones_bad() -> None:
    clean = [document(seed, ChannelModel()) for seed in range(5)]
    bad = [document(10 + seed) for seed in range(5)]
    prior = fit_prior(count_documents([*clean, *bad]), "mixed")
    text = clean[0].reference
    damage = [cer(reference=text, hypothesis=prior.channel(i, rng(i)).sample(text, rng(i))) for i in range(10)]
    assert max(damage[:5]) < 0.01
    assert min(damage[5:]) > 0.05
    real = cer(reference=[p.reference for p in bad], hypothesis=[p.hypothesis for p in bad])
    assert np.mean(damage[5:]) == pytest.approx(real, rel=0.2)


def test_bursts_are_measured() -> None:
    even = ChannelModel(rules=(Rule("а", {"о": 0.1}), Rule("е", {"с": 0.1}), Rule("ы", {"и": 0.1})))
    bursty = replace(even, burstiness=2.0)
    values = [estimate_channel(count_pair(document(3, model, 300))).burstiness for model in (even, bursty)]
    assert values[0] < 0.3
    assert 0.8 < values[1] < 4


def test_draws_are_reproducible_and_differ() -> None:
    prior = fitted()
    assert prior.draw(rng(1)) == prior.draw(rng(1))
    assert prior.draw(rng(1)) != prior.draw(rng(2))
    assert prior.channel(0) == prior.channel(0) != prior.channel(1)


def test_nothing_to_count() -> None:
    with pytest.raises(ValueError, match="no document"):
        fit_prior({}, "empty")


def test_fit_pairs_says_where_it_comes_from() -> None:
    prior = fit_pairs([document(0), document(1)], "mine", "2024-05-01", "two pages")
    assert prior.provenance["engine"] == "toy"
    assert prior.provenance["n_documents"] == 2
    assert prior.provenance["date"] == "2024-05-01"
    assert prior.provenance["n_chars"] == sum(tally.n_chars for tally in prior.documents)


def test_file_round_trip(tmp_path: Path) -> None:
    prior = fitted()
    write_prior(tmp_path / "prior.json", prior)
    again = read_prior(tmp_path / "prior.json")
    write_prior(tmp_path / "again.json", again)
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "prior.json").read_bytes()
    text = document(5).reference
    assert again.draw(rng(3)).sample(text, rng(4)) == prior.draw(rng(3)).sample(text, rng(4))


def test_a_file_holds_no_text(tmp_path: Path) -> None:
    prior = fitted()
    write_prior(tmp_path / "prior.json", prior)
    content = (tmp_path / "prior.json").read_text(encoding="utf-8")
    assert not any(word in content for word in WORDS if len(word) > 4)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("units", {}, "units"),
        ("units", [["rule", "абвг", 1]], r"units\[0\]"),
        ("units", [["colour", "а", 1]], r"units\[0\]"),
        ("outputs", [[10**6, "к", 1]], r"outputs\[0\]"),
        ("contexts", [[0, "", "", 1, {}]], r"contexts\[0\]"),
        ("documents", [], "documents"),
        ("documents", [{"n_chars": 5, "lines": [5], "occurrences": [], "errors": []}], r"documents\[0\].lines"),
        ("documents", [{"n_chars": 5, "lines": [], "occurrences": []}], "errors"),
        ("documents", [{"n_chars": 5, "lines": [], "occurrences": [], "errors": [10**6, 1]}], r"documents\[0\].errors"),
        ("strength", -1, "strength"),
        ("flatness", 2, "flatness"),
        ("alphabet", 5, "alphabet"),
        ("provenance", [], "provenance"),
        ("format_version", 99, "format"),
        ("colour", 1, "colour"),
    ],
)
def test_errors_name_file_and_field(tmp_path: Path, field: str, value: object, message: str) -> None:
    path = tmp_path / "broken.json"
    write_prior(path, fitted(2))
    data = {**json.loads(path.read_text(encoding="utf-8")), field: value}
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read_prior(path)
    assert "broken.json" in str(caught.value)


def test_missing_field_and_broken_json(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    write_prior(path, fitted(2))
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["outputs"]
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.json: missing field 'outputs'"):
        read_prior(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.json: not JSON"):
        read_prior(path)


def test_every_letter_is_a_unit_and_strings_only_where_they_were_misread() -> None:
    prior = fit_prior(count_documents([pair("тілі ақ", "илі ак")]), "toy")
    found = {unit.key: unit.occurrences for unit in prior.units if unit.kind == "rule"}
    assert {key for key in found if len(key) > 1} == {"ті"}
    assert (found["ті"], found["қ"], found["ж"], found["Ж"]) == (1.0, 1.0, 0.0, 0.0)
    assert {sign for sign in found if len(sign) == 1} == {*LOWER, *UPPER, " ", "\n"}
