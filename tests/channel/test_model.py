from __future__ import annotations

import json
import pickle
import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from kzocr.channel import families
from kzocr.channel.layout import wrap
from kzocr.channel.model import UNKNOWABLE, ChannelModel
from kzocr.channel.protected import passage, protect
from kzocr.channel.rules import MAX_PROBABILITY, Rule
from kzocr.metrics import cer
from kzocr.text import LOWER

TEXT = "Қазақстан — Еуразия құрлығындағы мемлекет. Жер көлемі 2724,9 мың км². "
FAMILIES = (
    families.clean,
    families.spaced_letters,
    families.similar_letters,
    families.russian_engine,
    families.mixed_alphabets,
    families.legacy_fonts,
    families.lost_letters,
    families.glued_words,
    families.worn_print,
    families.faded_print,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def share(model: ChannelModel, text: str, output: str, n: int = 10_000, seed: int = 0) -> float:
    """The share of `n` copies of a word that come out as `output`."""
    return model.sample("\t".join([text] * n), rng(seed)).split("\t").count(output) / n


@given(st.text())
def test_rates_of_zero_are_the_identity(text: str) -> None:
    model = ChannelModel(
        rules=(Rule("ш", {"пі": 0.0}), Rule(" ", {"": 0.0}, left="а")),
        space_after={"ш": 0.0},
        insertions={".": 0.0},
        burstiness=1.0,
    )
    assert model.sample(text, rng()) == text
    assert ChannelModel().sample(text, rng()) == text


@pytest.mark.parametrize("family", FAMILIES)
def test_same_seed_same_text(family: Callable[[np.random.Generator], ChannelModel]) -> None:
    texts = [family(rng(7)).sample(TEXT * 5, rng(8)) for _ in range(2)]
    assert texts[0] == texts[1]
    assert family(rng(7)) == family(rng(7))


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_readable_and_survive_json(family: Callable[[np.random.Generator], ChannelModel]) -> None:
    for seed in range(20):
        model = family(rng(seed))
        assert ChannelModel.from_dict(json.loads(json.dumps(model.to_dict()))) == model
        assert cer(reference=TEXT * 4, hypothesis=model.sample(TEXT * 4, rng(seed))) < 0.9


def test_clean_family_changes_nothing() -> None:
    assert families.clean(rng()).sample(TEXT, rng()) == TEXT


def test_sampled_readings_have_the_model_s_rates() -> None:
    model = ChannelModel(rules=(Rule("ш", {"щ": 0.2, "пі": 0.1, "": 0.05}),))
    n = 40_000
    counts = Counter(model.sample("\t".join("ш" * n), rng()).split("\t"))
    for output, rate in {"щ": 0.2, "пі": 0.1, "": 0.05, "ш": 0.65}.items():
        assert counts[output] / n == pytest.approx(rate, abs=4 * (rate * (1 - rate) / n) ** 0.5)


def test_rule_with_more_neighbours_goes_first() -> None:
    model = ChannelModel(
        rules=(
            Rule("а", {"1": 0.9}),
            Rule("а", {"2": 0.9}, right="т"),
            Rule("а", {"3": 0.9}, left="қ"),
            Rule("а", {"4": 0.9}, left="с", right="т"),
            Rule("а", {}, left="ж"),
        )
    )
    for text, output in [("ба", "б1"), ("бат", "б2т"), ("қа", "қ3"), ("қат", "қ3т"), ("сат", "с4т")]:
        assert share(model, text, output) == pytest.approx(0.9, abs=0.01)
    assert share(model, "жа", "жа") == 1


def test_boundary_is_any_white_space_and_the_ends_of_the_text() -> None:
    model = ChannelModel(rules=(Rule("а", {"о": 1.0}, left=" ", right=" "),))
    assert model.scaled(1e9).sample("а ба аб\tа\nа", np.random.default_rng(1)) == "о ба аб\tо\nо"
    assert model.sample("а", rng()) == "о"


@pytest.mark.parametrize(
    ("source", "left", "right"), [("іп", "", ""), ("ігі", "к", ""), ("ің", "", "е"), ("ігі", "к", "е")]
)
def test_sources_of_several_characters_with_neighbours(source: str, left: str, right: str) -> None:
    model = ChannelModel(rules=(Rule(source, {"@": 0.7}, left=left, right=right),))
    text = f"{left}{source}{right}"
    assert share(model, text, f"{left}@{right}") == pytest.approx(0.7, abs=0.02)
    for other in (f"б{source}{right}", f"{left}{source}б"):
        wrong_place = (left and other[0] == "б") or (right and other[-1] == "б")
        assert share(model, other, other) == pytest.approx(1.0 if wrong_place else 0.3, abs=0.02)


def test_short_source_has_its_full_rate_where_the_long_one_did_not_strike() -> None:
    model = ChannelModel(rules=(Rule("іп", {"ш": 0.4}), Rule("і", {"!": 0.5}), Rule("п", {"л": 0.5})))
    for output, rate in {"ш": 0.4, "!п": 0.15, "!л": 0.15, "іл": 0.15, "іп": 0.15}.items():
        assert share(model, "іп", output) == pytest.approx(rate, abs=0.02)


def test_spaces_stand_inside_words_only_and_have_their_rates() -> None:
    model = ChannelModel(space_after={"ж": 0.5}, space_before={"і": 0.4})
    assert share(model, "жа", "ж а") == pytest.approx(0.5, abs=0.02)
    assert share(model, "бі", "б і") == pytest.approx(0.4, abs=0.02)
    assert share(model, "жі", "ж і") == pytest.approx(1 - 0.5 * 0.6, abs=0.02)
    assert model.sample("ж ж\nі і ж", rng()) == "ж ж\nі і ж"


def test_insertions_have_their_rates() -> None:
    model = ChannelModel(insertions={".": 0.02, "'": 0.01}, space_after={"б": 0.1})
    text = "а" * 50_000 + "б" * 50_000
    noisy = model.sample(text, rng())
    assert noisy.count(".") / len(text) == pytest.approx(0.02, rel=0.1)
    assert noisy.count("'") / len(text) == pytest.approx(0.01, rel=0.1)
    assert noisy.count(" ") / 50_000 == pytest.approx(0.1, rel=0.1)


def test_bursts_keep_certain_errors_and_gather_rare_ones() -> None:
    even = ChannelModel(rules=(Rule("қ", {"к": 0.998}), Rule("а", {"о": 0.05})))
    bursty = ChannelModel(rules=even.rules, burstiness=1.0)
    text = "қа" * 20_000
    assert bursty.sample(text, rng()).count("к") > 0.9 * 20_000
    variances = []
    for model in (even, bursty):
        noisy = model.sample(text, rng())
        variances.append(np.var([noisy.count("о", i, i + 80) for i in range(0, len(noisy) - 80, 80)]))
    assert variances[1] > 1.5 * variances[0]


def test_latin_words() -> None:
    model = ChannelModel(latin_words=1.0)
    assert model.sample("терімен", rng()) == "TepiMeH"
    assert ChannelModel(latin_words=0.0).sample("терімен", rng()) == "терімен"


def test_scaled() -> None:
    model = ChannelModel(rules=(Rule("а", {"о": 0.1, "е": 0.1}),), space_after={"ш": 0.4}, insertions={".": 0.01})
    half = model.scaled(0.5)
    assert half.rules[0].outputs == {"о": 0.05, "е": 0.05}
    assert half.space_after == {"ш": 0.2}
    assert model.scaled(0).sample("ша" * 100, rng()) == "ша" * 100
    assert sum(model.scaled(1e6).rules[0].outputs.values()) == pytest.approx(MAX_PROBABILITY)
    with pytest.raises(ValueError, match="negative"):
        model.scaled(-1)


@pytest.mark.parametrize("target", [0.01, 0.05, 0.2])
def test_sample_with_cer_hits_the_target(target: float) -> None:
    model = families.similar_letters(rng(3))
    noisy, reached = model.sample_with_cer(TEXT * 60, target, rng())
    assert reached == pytest.approx(target, rel=0.1)
    assert Levenshtein.distance(TEXT * 60, noisy) / len(TEXT * 60) == reached


def test_sample_with_cer_says_what_it_cannot_reach() -> None:
    model = ChannelModel(name="weak", rules=(Rule("ъ", {"ь": 0.1}),))
    with pytest.raises(ValueError, match=r"weak.*0.000.*0.300"):
        model.sample_with_cer(TEXT, 0.3, rng())
    assert model.sample_with_cer(TEXT, 0.0, rng()) == (TEXT, 0.0)


def test_without_sources_leaves_what_nobody_can_know() -> None:
    model = ChannelModel(
        rules=(
            Rule("3", {"5": 0.9}),
            Rule("е2", {"r": 0.9}),
            Rule("x", {"х": 0.9}),
            Rule("з", {"3": 0.5}),
            Rule("—", {"-": 0.5, "--": 0.2, "": 0.1}),
            Rule("–", {"-": 0.9}),
            Rule(" ", {" 1": 0.5, "": 0.1}),
        ),
        space_after={"1": 0.9, "ш": 0.1},
        space_before={"2": 0.9},
        insertions={"1": 0.1, ".": 0.1},
    ).without_sources(UNKNOWABLE)
    assert model.rules == (Rule("з", {"3": 0.5}), Rule("—", {"--": 0.2}), Rule(" ", {"": 0.1}))
    assert model.space_after == {"ш": 0.1}
    assert model.space_before == {}
    assert model.insertions == {".": 0.1}


def test_save_and_load(tmp_path: object) -> None:
    path = f"{tmp_path}/channel.json"
    model = families.russian_engine(rng(5))
    model.sample(TEXT, rng())
    model.save(path)
    assert ChannelModel.load(path) == model
    assert pickle.loads(pickle.dumps(model)).sample(TEXT, rng()) == model.sample(TEXT, rng())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("rules", {}, "rules"),
        ("rules", [{"source": "а", "left": "", "right": "", "outputs": {"о": 1.5}}], r"rules\[0\]"),
        ("rules", [{"source": "а", "left": "", "outputs": {"о": 0.5}}], "right"),
        ("rules", [{"source": "абвг", "left": "", "right": "", "outputs": {}}], "1 to 3 characters"),
        ("space_after", {"а": -1}, r"space_after\['а'\]"),
        ("latin_words", 2, "latin_words"),
        ("burstiness", "much", "burstiness"),
        ("format_version", 99, "format_version"),
        ("colour", 1, "colour"),
    ],
)
def test_errors_name_the_field(field: str, value: object, message: str) -> None:
    data = {**ChannelModel().to_dict(), field: value}
    with pytest.raises(ValueError, match=message) as caught:
        ChannelModel.from_dict(data, where="mine.json")
    assert "mine.json" in str(caught.value)


def test_missing_field_and_broken_files(tmp_path: object) -> None:
    data = ChannelModel().to_dict()
    del data["insertions"]
    with pytest.raises(ValueError, match="insertions"):
        ChannelModel.from_dict(data)
    path = f"{tmp_path}/broken.json"
    for content in ("{", "[]"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        with pytest.raises(ValueError, match=r"broken\.json"):
            ChannelModel.load(path)


def test_rules_are_checked() -> None:
    for rule, message in [
        (lambda: Rule("", {"а": 0.1}), "1 to 3"),
        (lambda: Rule("а", {"а": 0.1}), "equals the source"),
        (lambda: Rule("а", {"б": 0.6, "в": 0.6}), "sum"),
        (lambda: Rule("а", {}, left="бв"), "one character"),
    ]:
        with pytest.raises(ValueError, match=message):
            rule()
    with pytest.raises(ValueError, match="two rules"):
        ChannelModel(rules=(Rule("а", {"о": 0.1}), Rule("а", {"е": 0.1}))).sample("а", rng())


@settings(max_examples=50)
@given(
    st.lists(st.text("абвгдежзиклмнопрст-", min_size=1, max_size=18), max_size=40),
    st.integers(5, 60),
    st.floats(0, 1),
    st.integers(0, 99),
)
def test_wrap_loses_no_word(words: list[str], width: int, hyphenation_rate: float, seed: int) -> None:
    wrapped = wrap(" ".join(words), width, hyphenation_rate, rng(seed))
    assert wrapped.replace("\n", "").replace(" ", "").replace("-", "") == "".join(words).replace("-", "")
    whole = wrap(" ".join(words), width, 0.0, rng(seed))
    assert whole.split() == words
    for line in whole.split("\n"):
        assert len(line) <= width or " " not in line


def test_protect_keeps_the_lines_and_the_words() -> None:
    text = "Бірінші жол осы.\nЕкінші жол мынау.\nҮшінші жол сол."
    printed = re.findall(r"\w+", text.lower())
    n_changed = 0
    for seed in range(300):
        protected = protect(text, rng(seed))
        n_changed += protected != text
        assert protected.count("\n") == text.count("\n")
        words = iter(re.findall(r"\w+", protected.lower()))
        assert all(word in words for word in printed), protected
    assert 30 < n_changed < 270
    assert all(passage(rng(seed)) for seed in range(200))


def test_fonts_from_before_unicode_have_one_letter_for_each_that_they_lack() -> None:
    text = "Қазақ еңбегі өмір үй ұлт әлем ғылым қаһарман " * 20
    seen = set()
    for seed in range(40):
        noisy = families.legacy_fonts(rng(seed)).sample(text, rng(seed + 100))
        stands = {sign for sign in noisy if sign in "њѕ"}
        assert len(stands) == 1
        assert "ќ" in noisy
        assert "ґм" in noisy
        seen |= stands
    assert seen == {"њ", "ѕ"}


def test_glued_words_lose_few_spaces_in_one_document_and_nearly_all_in_another() -> None:
    text = "Ауылда жаңа кітапхана ашылды деп жазды газет " * 60
    kept = []
    for seed in range(60):
        channel = families.glued_words(rng(seed))
        noisy = channel.sample(text, rng(seed + 100))
        kept.append(noisy.count(" ") / text.count(" "))
        assert not channel.space_after
        assert not channel.insertions
    assert min(kept) < 0.3
    assert max(kept) > 0.95
    assert 0.3 < sum(share < 0.9 for share in kept) / len(kept) < 0.8


def test_faded_print_loses_letters_of_every_kind_and_half_of_it_has_an_engine_without_kazakh_letters() -> None:
    lost, russian = [], 0
    for seed in range(200):
        channel = families.faded_print(rng(seed))
        outputs = {rule.source: rule.outputs for rule in channel.rules if not rule.left and not rule.right}
        assert all(outputs[letter][""] > 0 for letter in "аәбқмніы" + "АҚМ")
        lost.append(np.mean([outputs[letter][""] for letter in LOWER]))
        russian += sum(outputs["қ"].values()) > 0.6
        assert "" not in outputs.get("5", {})
    assert 0.003 < np.quantile(lost, 0.1) < 0.01
    assert 0.03 < np.quantile(lost, 0.9) < 0.08
    assert russian / 200 == pytest.approx(0.5, abs=0.15)


def test_worn_print_takes_letters_for_any_others_and_capitals_keep_their_shape() -> None:
    strange = 0
    for seed in range(30):
        channel = families.worn_print(rng(seed))
        for rule in channel.rules:
            if rule.source.isalpha() and rule.source.islower():
                listed = {*families.similar_to(rule.source), "", rule.source.upper()}
                strange += len(set(rule.outputs) - listed)
                assert all(rate >= 0 for rate in rule.outputs.values())
                assert sum(rule.outputs.values()) <= MAX_PROBABILITY
                capitals = [output for output in rule.outputs if output.isupper() and output.isalpha()]
                assert capitals in ([], [rule.source.upper()])
    assert strange > 30 * len("абвгдежзийклмнопрст")
