from __future__ import annotations

import pickle
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kzocr.channel.estimate import fit_pairs
from kzocr.channel.files import write_prior
from kzocr.channel.model import TELLING_DASHES, UNKNOWABLE, ChannelModel
from kzocr.channel.prior import MIXTURE, PRIORS, PROBE, ChannelPrior, write_mixture
from kzocr.channel.rules import Rule
from kzocr.cli import app
from kzocr.metrics import cer
from kzocr.pairs import TextPair, write_pairs
from places import ROOT

TEXT = "Қазақстан Республикасының мемлекеттік тілі — қазақ тілі. Ол 1997 жылғы заңда, URL: www.gov.kz. " * 4


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", ChannelPrior.shipped_names())
def test_every_shipped_prior_draws_the_same_for_the_same_seed(name: str) -> None:
    prior = ChannelPrior.load(name)
    for seed in range(8):
        model = prior.draw(rng(seed))
        assert model == prior.draw(rng(seed))
        assert cer(reference=TEXT, hypothesis=model.sample(TEXT, rng(seed))) < 0.8


@pytest.mark.parametrize("name", ["tesseract-kaz", "tesseract-rus", "tesseract-kaz-rus", "cuneiform-rus"])
def test_counted_priors_leave_digits_and_latin_letters_alone(name: str) -> None:
    prior = ChannelPrior.shipped(name)
    for seed in range(12):
        noisy = prior.draw(rng(seed)).sample(TEXT, rng(seed))
        kept = Counter(sign for sign in TEXT if sign in UNKNOWABLE)
        assert not kept - Counter(noisy.replace("--", "—"))


def test_tesseract_rus_cannot_print_kazakh_letters_and_kaz_can() -> None:
    text = "қазақ тілінің өңірі " * 30
    kept = {}
    for name in ("tesseract-kaz", "tesseract-rus"):
        drawn = [ChannelPrior.shipped(name).draw(rng(seed)).sample(text, rng(seed)) for seed in range(20)]
        kept[name] = sum(noisy.count("қ") for noisy in drawn) / (20 * text.count("қ"))
    assert kept["tesseract-kaz"] > 0.75
    assert kept["tesseract-rus"] < 0.1


@pytest.mark.parametrize("name", ["tesseract-kaz", "tesseract-rus", "tesseract-kaz-rus", "cuneiform-rus"])
def test_shipped_files_are_small_and_say_where_they_come_from(name: str) -> None:
    path = PRIORS / f"{name}.json"
    assert path.stat().st_size < 400_000
    content = path.read_text(encoding="utf-8")
    for field in ("engine", "n_documents", "n_chars", "date", "note"):
        assert f'"{field}":' in content


def test_mixture_is_all_of_them_but_those_that_came_later() -> None:
    assert {"mixture", "cuneiform-rus", "faded-print", *MIXTURE} == set(ChannelPrior.shipped_names())
    assert sum(MIXTURE.values()) == pytest.approx(1.0)
    names = {ChannelPrior.shipped("mixture").draw(rng(seed)).name for seed in range(120)}
    assert names == set(MIXTURE)


def test_an_engine_without_kazakh_letters_loses_them_most() -> None:
    text = "һәм гауһар " * 200
    drawn = [ChannelPrior.shipped("lost-letters").draw(rng(seed)).sample(text, rng(seed)) for seed in range(20)]
    lost = {letter: 1 - sum(noisy.count(letter) for noisy in drawn) / (20 * text.count(letter)) for letter in "һәма"}
    assert lost["һ"] > lost["ә"] > 3 * max(lost["м"], lost["а"])


def test_dashes_are_not_to_be_guessed() -> None:
    text = "Тіл — құрал, 1990–1995 жылдар. " * 20
    for name in ChannelPrior.shipped_names():
        for seed in range(10):
            noisy = ChannelPrior.shipped(name).draw(rng(seed)).sample(text, rng(seed))
            telling = sum(noisy.count(dashes) for dashes in TELLING_DASHES)
            assert noisy.count("–") + telling >= text.count("–"), (name, seed)
            assert noisy.count("—") + noisy.count("--") >= text.count("—") - 2, (name, seed)


def test_factors_never_raise_counted_rates() -> None:
    prior = ChannelPrior("loud", {"tesseract-kaz": 1.0}, least_factor=1.5, greatest_factor=2.0)
    same = ChannelPrior("as it is", {"tesseract-kaz": 1.0})
    assert prior.draw(rng(3)).rules == same.draw(rng(3)).rules
    weak = ChannelPrior("quiet", {"tesseract-kaz": 1.0}, least_factor=0.1, greatest_factor=0.1)
    strong_rules = {(r.source, r.left, r.right): sum(r.outputs.values()) for r in same.draw(rng(3)).rules}
    for rule in weak.draw(rng(3)).rules:
        assert sum(rule.outputs.values()) <= strong_rules[rule.source, rule.left, rule.right] + 1e-9


def test_a_fitted_file_is_a_prior(tmp_path: Path) -> None:
    pairs = [TextPair("қара қаз " * 50, "кара каз " * 50, str(i), "real", "toy") for i in range(3)]
    write_prior(tmp_path / "mine.json", fit_pairs(pairs, "mine", "2024-05-01"))
    prior = ChannelPrior.load(str(tmp_path / "mine.json"))
    assert prior.name == "mine"
    assert prior.draw(rng()).sample("қар " * 100, rng()).count("к") > 80
    again = pickle.loads(pickle.dumps(prior))
    assert again.draw(rng(1)) == prior.draw(rng(1))


def test_a_single_channel_is_a_prior_too(tmp_path: Path) -> None:
    ChannelModel("one", (Rule("қ", {"к": 0.5}), Rule("1", {"l": 0.5}))).save(tmp_path / "one.json")
    prior = ChannelPrior.from_file(tmp_path / "one.json")
    assert prior.draw(rng()).rules == (Rule("қ", {"к": 0.5}),)


def test_the_shipped_mixture_is_written_out_in_the_docs() -> None:
    shipped = ChannelPrior.shipped("mixture")
    written = ChannelPrior.load(str(ROOT / "docs" / "mixture.yaml"))
    assert written == shipped


def test_the_mixture_has_light_noise_mostly_and_none_over_its_limit() -> None:
    prior = ChannelPrior.shipped("mixture")
    rates = np.array([prior.draw(rng(seed)).expected_error_rate(PROBE) for seed in range(300)])
    assert rates.max() <= 0.3
    assert (rates < 0.1).mean() > 0.6
    assert (rates == 0).mean() == pytest.approx(MIXTURE["clean"], abs=0.06)


def test_expected_error_rate_is_that_of_samples() -> None:
    model = ChannelModel("toy", (Rule("қ", {"к": 0.3}), Rule("ы", {"": 0.1})), space_after={"ш": 0.5})
    text = "қышқыл ашық " * 2000
    sampled = cer(reference=text, hypothesis=model.sample(text, rng()))
    assert model.expected_error_rate(text) == pytest.approx(sampled, rel=0.05)
    assert model.expected_error_rate("") == 0.0


def test_a_mixture_is_a_file_that_users_write(tmp_path: Path) -> None:
    ChannelModel("one", (Rule("қ", {"к": 0.5}), Rule("ы", {"и": 0.9}))).save(tmp_path / "one.json")
    mixture = tmp_path / "mine.yaml"
    mixture.write_text("families: {clean: 1, one.json: 3}\ngreatest_cer: 0.5\n", encoding="utf-8")
    prior = ChannelPrior.load(str(mixture))
    names = Counter(prior.draw(rng(seed)).name for seed in range(200))
    assert names["one"] / 200 == pytest.approx(0.75, abs=0.1)
    again = pickle.loads(pickle.dumps(prior))
    assert again.draw(rng(3)) == prior.draw(rng(3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("families: {clean: 1}\nspeed: 3", "unknown key 'speed'"),
        ("least_factor: 1", "key 'families'"),
        ("families: {clean: x}", "key 'families.clean' must be a number"),
        ("families: {missing.json: 1}", "no family 'missing.json'"),
        ("families: {clean: 1}\ngreatest_cer: 2", "greatest_cer must be above 0"),
        ("families: {clean: 1}\nunknowable: 3", "key 'unknowable'"),
        ("families: [", "not YAML"),
        ("clean", "expected keys"),
    ],
)
def test_a_broken_mixture_file_names_its_key(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"mine\.yaml: .*{re.escape(message)}"):
        ChannelPrior.load(str(path))


def test_a_prior_that_is_always_over_its_limit_says_so() -> None:
    with pytest.raises(ValueError, match="100 channels in a row misread more than 1%"):
        ChannelPrior("a", {"russian-engine": 1.0}, greatest_cer=0.01).draw(rng())


def test_messages() -> None:
    with pytest.raises(ValueError, match=r"no channel prior 'x'.*tesseract-kaz"):
        ChannelPrior.load("x")
    with pytest.raises(ValueError, match="no family 'x'"):
        ChannelPrior("a", {"x": 1.0})
    with pytest.raises(ValueError, match="must be positive"):
        ChannelPrior("a", {"clean": 0.0})
    with pytest.raises(ValueError, match="at least one family"):
        ChannelPrior("a", {})
    with pytest.raises(ValueError, match="least_factor"):
        ChannelPrior("a", {"clean": 1.0}, least_factor=2.0, greatest_factor=1.0)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text('{"rules": []}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.json: missing field"):
        ChannelPrior.load(str(path))


def test_fit_channel_command(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    write_pairs(pairs, [TextPair("қара қаз " * 50, "кара каз " * 50, str(i), "real", "toy") for i in range(3)])
    fitted = CliRunner().invoke(app, ["fit-channel", str(pairs), "-o", str(tmp_path / "mine.json")])
    assert (fitted.exit_code, fitted.stdout) == (0, "3 documents, 1347 characters, 300 misreadings\n")
    assert ChannelPrior.load(str(tmp_path / "mine.json")).name == "mine"
    noisy = CliRunner().invoke(app, ["corrupt", "--prior", str(tmp_path / "mine.json")], input="қар " * 100)
    assert noisy.stdout.count("к") > 80
    broken = CliRunner().invoke(app, ["fit-channel", str(tmp_path / "none.jsonl"), "-o", str(tmp_path / "b.json")])
    assert (broken.exit_code, "none.jsonl" in broken.stderr) == (1, True)
    assert not (tmp_path / "b.json").exists()


def test_a_fitted_channel_is_mixed_with_the_shipped_ones(tmp_path: Path) -> None:
    ChannelModel(name="own", rules=(Rule("ш", {"щ": 0.5}),)).save(tmp_path / "own.json")
    write_mixture(tmp_path / "mixed.yaml", {"own.json": 3.0, "clean": 1.0}, share=0.8)
    prior = ChannelPrior.load(str(tmp_path / "mixed.yaml"))
    shipped = ChannelPrior.shipped("mixture")
    assert sum(prior.weights.values()) == pytest.approx(1.0, abs=1e-4)
    assert prior.weights["own.json"] == pytest.approx(0.6)
    clean_share = shipped.weights["clean"] / sum(shipped.weights.values())
    assert prior.weights["clean"] == pytest.approx(0.2 + 0.2 * clean_share, abs=1e-5)
    assert prior.unscaled >= {"own.json", "clean", "russian-engine"}
    assert prior.greatest_cer == shipped.greatest_cer
    with pytest.raises(ValueError, match="share must be above 0"):
        write_mixture(tmp_path / "mixed.yaml", {"own.json": 1.0}, share=0.0)
