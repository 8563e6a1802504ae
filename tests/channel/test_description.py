import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kzocr.channel.description import describe_prior, described_prior, prior_sha256, write_prior_folder
from kzocr.channel.prior import PRIORS, PROBE, ChannelPrior
from places import ROOT


def drawn(prior: ChannelPrior, n: int = 40) -> list[str]:
    """Return what channels of a prior make of a text, one after the other."""
    rng = np.random.default_rng(3)
    return [prior.draw(rng).sample(PROBE, rng) for _ in range(n)]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A mixture with a fitted file and a family of the package."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copyfile(PRIORS / "tesseract-rus.json", folder / "old-books.json")
    (folder / "mix.yaml").write_text(
        "families: {old-books.json: 2, tesseract-kaz: 1, lost-letters: 1}\n"
        "least_factor: 0.5\ngreatest_cer: 0.25\nunscaled: [old-books.json]\n",
        encoding="utf-8",
    )
    return folder / "mix.yaml"


@pytest.mark.parametrize("name", ["mixture", "tesseract-rus", "clean", str(ROOT / "configs/noise/continued.yaml")])
def test_a_described_prior_draws_the_same(name: str) -> None:
    prior = ChannelPrior.load(name)
    description = json.loads(json.dumps(describe_prior(prior)))
    assert drawn(described_prior(description, {})) == drawn(prior)


def test_a_folder_draws_the_same_and_needs_nothing_else(own: Path, tmp_path: Path) -> None:
    prior = ChannelPrior.load(str(own))
    files = {"old-books.json": own.parent / "old-books.json"}
    write_prior_folder(prior, files, tmp_path / "channel")
    names = {path.name for path in (tmp_path / "channel").iterdir()}
    assert names == {"prior.yaml", "old-books.json", "tesseract-kaz.json"}
    again = ChannelPrior.load(str(tmp_path / "channel" / "prior.yaml"))
    assert drawn(again) == drawn(prior) == drawn(described_prior(describe_prior(prior), files))
    assert again.weights == {"old-books.json": 2, "tesseract-kaz.json": 1, "lost-letters": 1}


def test_the_engines_without_kazakh_letters_stay_unscaled(tmp_path: Path) -> None:
    prior = ChannelPrior.load("mixture")
    write_prior_folder(prior, {}, tmp_path / "channel")
    assert drawn(ChannelPrior.load(str(tmp_path / "channel" / "prior.yaml"))) == drawn(prior)


def test_a_single_fitted_file(own: Path, tmp_path: Path) -> None:
    name = str(own.parent / "old-books.json")
    prior = ChannelPrior.load(name)
    assert describe_prior(prior)["fitted"] == [name]
    write_prior_folder(prior, {name: Path(name)}, tmp_path / "channel")
    assert drawn(ChannelPrior.load(str(tmp_path / "channel" / "prior.yaml"))) == drawn(prior)


def test_two_files_of_one_name_are_refused(own: Path, tmp_path: Path) -> None:
    shutil.move(own.parent / "old-books.json", own.parent / "tesseract-kaz.json")
    own.write_text("families: {tesseract-kaz.json: 1, tesseract-kaz: 1}\n", encoding="utf-8")
    files = {"tesseract-kaz.json": own.parent / "tesseract-kaz.json"}
    with pytest.raises(ValueError, match=r"two families have files of the name tesseract-kaz\.json"):
        write_prior_folder(ChannelPrior.load(str(own)), files, tmp_path / "channel")


def test_the_hash_of_a_prior_is_that_of_its_weights_and_counts(own: Path, tmp_path: Path) -> None:
    before = prior_sha256(str(own))
    moved = shutil.copytree(own.parent, tmp_path / "elsewhere") / own.name
    assert prior_sha256(str(moved)) == before
    weights = moved.read_text(encoding="utf-8").replace("tesseract-kaz: 1", "tesseract-kaz: 3")
    moved.write_text(weights, encoding="utf-8")
    assert prior_sha256(str(moved)) != before
    shutil.copyfile(PRIORS / "tesseract-kaz.json", own.parent / "old-books.json")
    assert prior_sha256(str(own)) != before
    whole = own.parent / "old-books.json"
    of_kaz = prior_sha256(str(whole))
    shutil.copyfile(PRIORS / "tesseract-rus.json", whole)
    assert prior_sha256(str(whole)) != of_kaz
    assert prior_sha256("mixture") != prior_sha256("clean") == prior_sha256("clean")
