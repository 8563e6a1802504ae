"""Adaptation on a toy: a tiny random model that is really trained, and scripted correctors in its place."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from fakes import ScriptedDecoder, scripted
from kzocr.adaptation.documents import AdaptationError, CleanText, Documents, kazakh_letter_share, package_lines, words
from kzocr.adaptation.judgement import CleanJudgement, HeldOutJudgement, Judgement, clean_objection, objections
from kzocr.adaptation.noise import CHANNEL_NAME, PRIOR_NAME, document_words, estimate_noise, write_noise
from kzocr.adaptation.run import Adaptation, AdaptationReport, AdaptationSettings, write_blend
from kzocr.adaptation.summary import summary
from kzocr.channel.prior import ChannelPrior
from kzocr.config import ModelConfig
from kzocr.corpus import Source
from kzocr.correction.guards import Guards
from kzocr.corrector import Corrector
from kzocr.models.checkpoint import build_model, write_model
from kzocr.models.loading import EMBEDDED, load_model
from kzocr.pairs import TextPair
from kzocr.runs.state import TrainingError
from kzocr.training import Trainer

TINY = ModelConfig("scratch", 16, 16, 8, 2, 1, 1, 0.0)
CLEAN = [line.replace("Кітапхана", f"{n}-кітапхана") for n in range(4) for line in package_lines()]
LOST = str.maketrans("әғқңөұүһіӘҒҚҢӨҰҮҺІ", "эгкноуухiЭГКНОУУХI")


def lossy(text: str) -> str:
    """Return the text as an engine without Kazakh letters reads it."""
    return text.translate(LOST)


BESIDE = ("calibration.json", "spelling.json")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_model(build_model(TINY), folder, {"name": "tiny"})
    for name in BESIDE:
        shutil.copy(EMBEDDED / name, folder)
    return folder


@pytest.fixture
def settings(tmp_path: Path, model: Path) -> AdaptationSettings:
    text = tmp_path / "clean.txt"
    text.write_text("\n".join(CLEAN), encoding="utf-8")
    return AdaptationSettings((str(text),), str(model), n_steps=2, batch_bytes=128, window_bytes=60)


@pytest.fixture
def texts() -> dict[str, str]:
    lines = [lossy(line) for line in package_lines()]
    return {f"page{n}.txt": "\n".join(lines[7 * n : 7 * n + 7]) for n in range(6)}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, model: Path) -> dict[str, Corrector]:
    """Put scripted correctors in the place of models: by folder name, `other` for any other one."""
    mending = scripted(("тiрi", "тірі"), ("кi", "кі"), ("K", "К"), ("бiр", "бір"), ("кала", "қала"))
    better = scripted(("i", "і"), ("кала", "қала"))
    found = {"tiny": mending, "other": better}
    monkeypatch.setattr(Corrector, "from_pretrained", lambda name, **_: found.get(Path(name).name, found["other"]))
    return found


def test_documents_are_held_out_whole_and_always_the_same(texts: dict[str, str]) -> None:
    documents = Documents.split(texts, 0.34, seed=1)
    assert len(documents.held_out) == 2
    assert {**documents.learnt, **documents.held_out} == texts
    assert not documents.by_passage
    again = Documents.split(dict(reversed(texts.items())), 0.34, seed=1)
    assert again.held_out.keys() == documents.held_out.keys()


def test_of_few_documents_passages_are_held_out(texts: dict[str, str]) -> None:
    book = "\n".join(texts.values())
    documents = Documents.split({"book.txt": book}, 0.2, seed=0)
    assert documents.by_passage
    parts = {**documents.learnt, **documents.held_out}
    ordered = sorted(parts, key=lambda name: int(name.rpartition("#")[2]))
    assert "".join(parts[name] for name in ordered) == book
    assert all(len(part) <= 600 for part in parts.values())


def test_too_little_text_is_refused() -> None:
    with pytest.raises(AdaptationError, match=r"5 characters of Kazakh in 1 documents: at least 2,000"):
        Documents.split({"a": "Қазақ", "b": "only Latin"}, 0.2, 0)
    with pytest.raises(AdaptationError, match=r"has \d+ lines of 20 to 400 characters: at least 20 are needed"):
        CleanText.of([Source.from_lines("x", ["Бір ғана сөйлем, бірақ ұзақ."])])
    with pytest.raises(AdaptationError, match="at least one step a round"):
        AdaptationSettings(("x",), n_rounds=3, n_steps=2)


def test_words_and_letters() -> None:
    assert words("Ата-ана, 5 үй; page") == ["ата-ана", "үй"]
    assert kazakh_letter_share(["қала", "1"]) == 1 / 4
    clean = CleanText.of([Source.from_lines("x", CLEAN)])
    assert set(package_lines()) <= set(clean.judged)
    assert clean.vocabulary["өзен"] == 4


def test_letters_that_the_engine_lacks_are_found_from_a_third_of_the_corrections() -> None:
    """Most of the lost letters stay unmended, and yet the channel loses all of them."""
    texts = [lossy("қала қанат құс бір тіл өзен\n" * 20)] * 3
    corrections = scripted(("кала", "қала"), ("бiр", "бір")).explain(texts)
    prior = estimate_noise({str(n): correction for n, correction in enumerate(corrections)}, "test")
    rng = np.random.default_rng(0)
    printed = "қанат бір құс " * 60
    read = "".join(prior.draw(rng).sample(printed, rng) for _ in range(5))
    assert read.count("қ") < 0.1 * printed.count("қ") * 5
    assert read.count("і") < 0.1 * printed.count("і") * 5
    assert read.count("т") > 0.9 * printed.count("т") * 5


def test_the_words_of_documents_are_sure_ones_and_known_or_mended_alike_twice() -> None:
    text = "тұрғын тұргын кел. тургын кел. тургын. Шалкар шалкар"
    [correction] = scripted(("тургын", "тұрғын")).explain([text])
    assert document_words([correction], {"кел": 1}) == ["кел"], "every letter of тұрғын was printed too"
    [correction] = scripted(("тургын", "тұрғын")).explain(["тургын кел. тургын кел. Шалкар шалкар кітап"])
    assert document_words([correction], {"кел": 1}) == ["тұрғын", "кел"]
    unsure = Corrector(ScriptedDecoder(lambda t: t.replace("тургын", "тұрғын"), log_probability=-0.5))
    [correction] = unsure.explain(["тургын кел. тургын кел."])
    assert correction.edits
    assert document_words([correction], {"кел": 1}) == ["кел"]


def test_the_prior_mixes_the_estimate_with_the_shipped_noise(tmp_path: Path, texts: dict[str, str]) -> None:
    corrector = scripted(("кала", "қала"), ("бiр", "бір"))
    corrections = dict(zip(texts, corrector.explain(list(texts.values())), strict=True))
    write_noise(tmp_path, estimate_noise(corrections, "test"), [])
    prior = ChannelPrior.load(str(tmp_path / PRIOR_NAME))
    assert sum(prior.weights.values()) == pytest.approx(1)
    assert prior.weights[CHANNEL_NAME] == pytest.approx(0.65 * 0.85)
    names = [prior.draw(np.random.default_rng(i)).name for i in range(300)]
    assert 0.45 < names.count("adapted") / 300 < 0.65
    (tmp_path / PRIOR_NAME).write_text("families: {x: y}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"key 'families\.x' must be a number"):
        ChannelPrior.load(str(tmp_path / PRIOR_NAME))


def judged(n_lines_changed: int, n_chars_changed: int, known_words: float) -> Judgement:
    held_out = HeldOutJudgement(100, 1, 0.01, 0.9, known_words, 0.1)
    return Judgement(CleanJudgement(50, n_lines_changed, n_chars_changed), held_out, None)


def test_a_model_that_got_worse_is_objected_to() -> None:
    before = judged(2, 5, 0.8)
    assert objections(before, judged(2, 5, 0.8)) == []
    assert objections(before, judged(1, 4, 0.9)) == []
    assert "changes 3 clean lines, the model before it 2" in objections(before, judged(3, 3, 0.9))[0]
    assert "changes 6 characters of clean lines" in str(clean_objection(before.clean, judged(2, 6, 0.9).clean))
    assert "known words" in objections(before, judged(2, 5, 0.7))[0]


def test_a_blend_is_the_weighted_mean(tmp_path: Path, model: Path) -> None:
    torch.manual_seed(1)
    write_model(build_model(TINY), tmp_path / "other", {"name": "other"})
    write_blend(str(model), str(tmp_path / "other"), 0.25, tmp_path / "blend")
    first, second, blend = (
        dict(load_model(str(folder)).named_parameters()) for folder in (model, tmp_path / "other", tmp_path / "blend")
    )
    for name, parameter in blend.items():
        expected = (0.75 * first[name] + 0.25 * second[name]).to(torch.bfloat16).float()
        assert torch.allclose(parameter, expected, atol=1e-6, rtol=1e-2), name


@pytest.mark.usefixtures("loaded")
def test_two_rounds_on_a_toy_give_a_model_and_a_report(
    tmp_path: Path, texts: dict[str, str], settings: AdaptationSettings
) -> None:
    stages: list[str] = []
    pairs = [TextPair(line, lossy(line), f"d{i}", "rendered") for i, line in enumerate(package_lines()[:3])]
    report = Adaptation(texts, tmp_path / "run", settings, pairs, lambda what, *_: stages.append(what)).run()
    assert report.objections == ()
    assert report.model == str(tmp_path / "run" / "model")
    assert load_model(report.model).config.d_model == 16
    metadata = json.loads((tmp_path / "run" / "model" / "training.json").read_text(encoding="utf-8"))
    assert metadata["adaptation"]["blend"] == 1.0
    assert str(tmp_path) not in json.dumps(metadata["adaptation"])
    assert str(tmp_path) not in json.dumps(metadata["config"]["model"])
    assert str(tmp_path) not in (tmp_path / "run" / "round-2" / "channel.json").read_text(encoding="utf-8")
    for name in BESIDE:
        assert (tmp_path / "run" / "model" / name).read_bytes() == (EMBEDDED / name).read_bytes()
    assert metadata["parent"]["parent"]["name"] == "tiny"
    assert report.after.held_out.known_words > report.before.held_out.known_words > report.known_words_read
    assert report.after.pairs is not None
    assert report.after.pairs.cer_after.value < report.before.pairs.cer_after.value  # type: ignore[union-attr]
    assert list(dict.fromkeys(stages))[:2] == ["round 1: correcting the documents", "round 1: training"]
    assert json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))["n_documents"] == [5, 1]
    text = summary(report)
    assert "Kept: " in text
    assert "pairs: CER" in text


def test_a_model_that_harms_clean_lines_is_not_kept(
    tmp_path: Path, texts: dict[str, str], settings: AdaptationSettings, loaded: dict[str, Corrector]
) -> None:
    loaded["other"] = scripted(("ө", "о"), guards=Guards(min_confidence=0.0))
    report: AdaptationReport = Adaptation(texts, tmp_path / "run", settings).run()
    assert report.model is None
    assert report.blend == 0.4
    assert "clean lines" in report.objections[0]
    assert not (tmp_path / "run" / "model").exists()
    assert "Not kept: it changes" in summary(report)
    assert "Without printed text nobody knows" in summary(report)


@pytest.mark.usefixtures("loaded")
def test_a_stopped_run_goes_on_where_it_was(
    tmp_path: Path, texts: dict[str, str], settings: AdaptationSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []
    train = Trainer.train

    def dying(self: Trainer) -> Path:
        trained.append(self.folder.name)
        if trained == ["round-1", "round-2"]:
            raise TrainingError("killed")
        return train(self)

    monkeypatch.setattr(Trainer, "train", dying)
    folder = tmp_path / "run"
    with pytest.raises(TrainingError, match="killed"):
        Adaptation(texts, folder, settings).run()
    report = Adaptation(texts, folder, settings).run()
    assert trained == ["round-1", "round-2", "round-2"]
    assert report.model is not None
    with pytest.raises(AdaptationError, match="another learning_rate: take another folder"):
        Adaptation(texts, folder, dataclasses.replace(settings, learning_rate=0.1))
    with pytest.raises(AdaptationError, match="another documents_sha256"):
        Adaptation({**texts, "page0.txt": "Басқа мәтін. " * 50}, folder, settings)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
