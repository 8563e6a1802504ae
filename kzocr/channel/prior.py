"""A distribution over documents' channels: a `ChannelPrior` draws the `ChannelModel` of a new document."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from kzocr.channel import families
from kzocr.channel.estimate import EstimatedPrior
from kzocr.channel.files import FORMAT, prior_from_json, read_prior
from kzocr.channel.model import UNKNOWABLE, ChannelModel
from kzocr.json_files import read_json_object

Family = Callable[[np.random.Generator], ChannelModel]

_FAMILIES: dict[str, Family] = {
    "clean": families.clean,
    "spaced-letters": families.spaced_letters,
    "similar-letters": families.similar_letters,
    "russian-engine": families.russian_engine,
    "mixed-alphabets": families.mixed_alphabets,
    "lost-letters": families.lost_letters,
    "legacy-fonts": families.legacy_fonts,
    "glued-words": families.glued_words,
    "worn-print": families.worn_print,
    "faded-print": families.faded_print,
}

_ESTIMATED = ("tesseract-kaz", "tesseract-rus", "tesseract-kaz-rus", "cuneiform-rus")
PRIORS = Path(__file__).parent / "priors"
"""Folder of the counted priors that come with the package."""

_UNSCALED = frozenset({"russian-engine", "tesseract-rus", "cuneiform-rus", "legacy-fonts", "glued-words"})
"""What engines and fonts have no sign for, Kazakh letters or spaces, they lose on the best of prints too."""

PROBE = (
    "Ғылым мен білім — халықтың байлығы. Үлкен үйдің жанында өскен ағаштың көлеңкесінде біз кешке дейін "
    "әңгіме айтып отырдық, кейін жаңбыр жауып, бәріміз үйге қайттық. Қыс ұзақ, ал жаз қысқа болды!"
)
"""A text with all letters of daily use, on which the error rates of channels are compared."""

MAX_DRAWS = 100
"""After so many channels in a row that misread too much the limit is taken for a mistake."""


@dataclass(frozen=True)
class ChannelPrior:
    """A weighted mixture of families of channels, hand-written or counted on real OCR.

    Attributes:
        name: for people and for metadata.
        weights: family name -> weight > 0; they need not sum to 1.
        least_factor: a document's rates are multiplied by a factor drawn log-uniformly from
            [`least_factor`, `greatest_factor`], so that most documents are lightly damaged. Rates that were
            counted are never raised, and those of engines without Kazakh letters stay as they are.
        greatest_factor: see `least_factor`.
        unknowable: signs that counted channels leave alone; see `ChannelModel.without_sources`.
        fitted: families besides those that come with the package.
        unscaled: families whose rates are left as they are.
        greatest_cer: a channel that misreads a larger share of `PROBE` is drawn again; 1 takes all.
    """

    name: str
    weights: Mapping[str, float]
    least_factor: float = 1.0
    greatest_factor: float = 1.0
    unknowable: str = UNKNOWABLE
    fitted: Mapping[str, EstimatedPrior | ChannelModel] = field(default_factory=dict)
    unscaled: frozenset[str] = _UNSCALED
    greatest_cer: float = 1.0

    def __post_init__(self) -> None:
        known = [*_FAMILIES, *_ESTIMATED, *self.fitted]
        for family, weight in self.weights.items():
            if family not in known:
                raise ValueError(f"prior {self.name!r}: no family {family!r}; there are {', '.join(known)}")
            if not weight > 0:
                raise ValueError(f"prior {self.name!r}: weight of {family!r} must be positive, got {weight}")
        if not self.weights:
            raise ValueError(f"prior {self.name!r}: needs at least one family")
        if not 0 < self.least_factor <= self.greatest_factor:
            raise ValueError(
                f"prior {self.name!r}: 0 < least_factor <= greatest_factor does not hold for "
                f"{self.least_factor}, {self.greatest_factor}"
            )
        if not 0 < self.greatest_cer <= 1:
            raise ValueError(f"prior {self.name!r}: greatest_cer must be above 0 and at most 1: {self.greatest_cer}")

    def draw(self, rng: np.random.Generator) -> ChannelModel:
        """Return the channel of one new document; the same state of `rng` gives the same channel.

        Raises:
            ValueError: `MAX_DRAWS` channels one after the other were over `greatest_cer`.
        """
        for _ in range(MAX_DRAWS):
            model = self._draw_any(rng)
            if self.greatest_cer >= 1 or model.expected_error_rate(PROBE) <= self.greatest_cer:
                return model
        raise ValueError(
            f"prior {self.name!r}: {MAX_DRAWS} channels in a row misread more than {self.greatest_cer:.0%}"
        )

    def _draw_any(self, rng: np.random.Generator) -> ChannelModel:
        names = list(self.weights)
        shares = np.array([self.weights[name] for name in names], dtype=float)
        family = names[int(rng.choice(len(names), p=shares / shares.sum()))]
        model = self._draw_from(family, rng)
        factor = float(np.exp(rng.uniform(np.log(self.least_factor), np.log(self.greatest_factor))))
        if family not in _FAMILIES:
            factor = min(factor, 1.0)
        return model if factor == 1.0 or family in self.unscaled else model.scaled(factor)

    def _draw_from(self, family: str, rng: np.random.Generator) -> ChannelModel:
        if family in _FAMILIES:
            return _FAMILIES[family](rng)
        source = self.fitted[family] if family in self.fitted else _shipped_estimate(family)
        model = source.draw(rng) if isinstance(source, EstimatedPrior) else source
        return model.without_sources(self.unknowable)

    @classmethod
    def load(cls, name_or_path: str) -> ChannelPrior:
        """Return a shipped prior by its name, or the one in a JSON or YAML file by its path.

        Raises:
            ValueError: neither a shipped prior nor a file, or the file is broken.
        """
        if name_or_path not in cls.shipped_names() and Path(name_or_path).is_file():
            return cls.from_file(name_or_path)
        return cls.shipped(name_or_path)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> ChannelPrior:
        """Return the prior that was fitted to someone's pairs (`kzocr fit-channel`).

        A file with a single `ChannelModel` gives a prior whose documents all have that channel; a YAML file is a
        mixture, see `mixture_from_yaml`.

        Raises:
            ValueError: the file is broken; the message names file and field.
            OSError: the file cannot be read.
        """
        if Path(path).suffix in (".yaml", ".yml"):
            return mixture_from_yaml(Path(path))
        data, where = read_json_object(path), os.fspath(path)
        source: EstimatedPrior | ChannelModel
        source = prior_from_json(data, where) if data.get("format") == FORMAT else ChannelModel.from_dict(data, where)
        return cls(source.name, {where: 1.0}, fitted={where: source})

    @classmethod
    def shipped(cls, name: str) -> ChannelPrior:
        """Return a prior that comes with the package: one family's name, or `mixture` of all.

        Raises:
            ValueError: no such prior; the message lists those that there are.
        """
        if name == "mixture":
            return cls(name, MIXTURE, least_factor=0.15, greatest_factor=1.5, greatest_cer=0.3)
        if name in _FAMILIES or name in _ESTIMATED:
            return cls(name, {name: 1.0})
        raise ValueError(f"no channel prior {name!r}; there are {', '.join(cls.shipped_names())}")

    @staticmethod
    def shipped_names() -> list[str]:
        """Return the names that `shipped` knows."""
        return ["mixture", *_FAMILIES, *_ESTIMATED]


def write_mixture(path: str | os.PathLike[str], weights: Mapping[str, float], share: float) -> None:
    """Write a YAML file that mixes documents of fitted files with those of the shipped `mixture`.

    Args:
        path: the file; fitted files are looked for beside it.
        weights: weight of each fitted file by its name, or of a shipped family; they are not scaled.
        share: share of the documents that are drawn by `weights`, 0 < share <= 1; the others are the shipped mixture's.

    Raises:
        ValueError: `share` is out of its range.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share}")
    shipped = ChannelPrior.shipped("mixture")
    families: dict[str, float] = {}
    for part, mixed in ((share, weights), (1 - share, shipped.weights)):
        total = sum(mixed.values())
        for family, weight in mixed.items():
            if part:
                families[family] = round(families.get(family, 0.0) + part * weight / total, 6)
    content = {
        "families": families,
        "least_factor": shipped.least_factor,
        "greatest_factor": shipped.greatest_factor,
        "greatest_cer": shipped.greatest_cer,
        "unscaled": sorted({*_UNSCALED, *weights}),
    }
    Path(path).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def mixture_from_yaml(path: Path) -> ChannelPrior:
    """Return the mixture that a YAML file describes; its name is the file's name.

    The file has the key `families` (a shipped family or a fitted JSON file, relative to the YAML file -> weight) and
    may have `least_factor`, `greatest_factor`, `greatest_cer`, `unknowable` and `unscaled`, all as in `ChannelPrior`.

    Raises:
        ValueError: the file is no YAML, or a key is missing, unknown or wrong; the message names file and key.
        OSError: the file, or one that it names, cannot be read.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: not YAML: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected keys and values at the top level")
    numbers = ("least_factor", "greatest_factor", "greatest_cer")
    if unknown := [key for key in data if key not in ("families", "unknowable", "unscaled", *numbers)]:
        raise ValueError(f"{path}: unknown key {unknown[0]!r}")
    weights = data.get("families")
    if not isinstance(weights, dict) or not weights:
        raise ValueError(f"{path}: key 'families' must give each family its weight")
    for key, value in [(key, data.get(key, 1.0)) for key in numbers] + [
        (f"families.{k}", v) for k, v in weights.items()
    ]:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{path}: key {key!r} must be a number, got {value!r}")
    unknowable = data.get("unknowable", UNKNOWABLE)
    if not isinstance(unknowable, str):
        raise ValueError(f"{path}: key 'unknowable' must be a string, got {unknowable!r}")
    unscaled = data.get("unscaled", sorted(_UNSCALED))
    if not isinstance(unscaled, list) or not all(isinstance(family, str) for family in unscaled):
        raise ValueError(f"{path}: key 'unscaled' must be a list of families, got {unscaled!r}")
    fitted: dict[str, EstimatedPrior | ChannelModel] = {}
    for family in weights:
        if family not in _FAMILIES and family not in _ESTIMATED and (path.parent / str(family)).is_file():
            fitted[family] = next(iter(ChannelPrior.from_file(path.parent / str(family)).fitted.values()))
    rates = {key: float(data.get(key, 1.0)) for key in numbers}
    try:
        return ChannelPrior(
            path.stem, weights, unknowable=unknowable, fitted=fitted, unscaled=frozenset(unscaled), **rates
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


@cache
def _shipped_estimate(name: str) -> EstimatedPrior:
    return read_prior(PRIORS / f"{name}.json")


MIXTURE: dict[str, float] = {
    "clean": 0.10,
    "spaced-letters": 0.12,
    "similar-letters": 0.10,
    "russian-engine": 0.14,
    "mixed-alphabets": 0.05,
    "lost-letters": 0.05,
    "legacy-fonts": 0.03,
    "glued-words": 0.06,
    "worn-print": 0.05,
    "tesseract-kaz": 0.11,
    "tesseract-rus": 0.12,
    "tesseract-kaz-rus": 0.07,
}
