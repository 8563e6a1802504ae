"""A distribution over documents' channels: a `ChannelPrior` draws the `ChannelModel` of a new document."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kzocr.channel import families
from kzocr.channel.estimate import EstimatedPrior
from kzocr.channel.files import FORMAT, prior_from_json, read_prior
from kzocr.channel.model import UNKNOWABLE, ChannelModel, read_json

Family = Callable[[np.random.Generator], ChannelModel]

_FAMILIES: dict[str, Family] = {
    "clean": families.clean,
    "spaced-letters": families.spaced_letters,
    "similar-letters": families.similar_letters,
    "russian-engine": families.russian_engine,
    "mixed-alphabets": families.mixed_alphabets,
    "lost-letters": families.lost_letters,
}

_ESTIMATED = ("tesseract-kaz", "tesseract-rus", "tesseract-kaz-rus")
MIXTURE_FORMAT = "kzocr-prior-mixture"
"""The `format` of a JSON file that mixes shipped families and fitted files."""

PRIORS = Path(__file__).parent / "priors"
"""Folder of the counted priors that come with the package."""

_UNSCALED = frozenset({"russian-engine", "tesseract-rus"})
"""Engines without the Kazakh letters: they lose them on the best of prints too."""


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
    """

    name: str
    weights: Mapping[str, float]
    least_factor: float = 1.0
    greatest_factor: float = 1.0
    unknowable: str = UNKNOWABLE
    fitted: Mapping[str, EstimatedPrior | ChannelModel] = field(default_factory=dict)
    unscaled: frozenset[str] = _UNSCALED

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

    def draw(self, rng: np.random.Generator) -> ChannelModel:
        """Return the channel of one new document; the same state of `rng` gives the same channel."""
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
        """Return a shipped prior by its name, or the one in a JSON file by its path.

        Raises:
            ValueError: neither a shipped prior nor a file, or the file is broken.
        """
        if name_or_path not in cls.shipped_names() and Path(name_or_path).is_file():
            return cls.from_file(name_or_path)
        return cls.shipped(name_or_path)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> ChannelPrior:
        """Return the prior that was fitted to someone's pairs (`kzocr fit-channel`).

        A file with a single `ChannelModel` gives a prior whose documents all have that channel; one that
        `write_mixture` wrote is a mixture of shipped families and fitted files.

        Raises:
            ValueError: the file is broken; the message names file and field.
            OSError: the file cannot be read.
        """
        data, where = read_json(path), os.fspath(path)
        if data.get("format") == MIXTURE_FORMAT:
            return _read_mixture(data, Path(path))
        source: EstimatedPrior | ChannelModel
        source = _fitted(data, where)
        return cls(source.name, {where: 1.0}, fitted={where: source})

    @classmethod
    def shipped(cls, name: str) -> ChannelPrior:
        """Return a prior that comes with the package: one family's name, or `mixture` of all.

        Raises:
            ValueError: no such prior; the message lists those that there are.
        """
        if name == "mixture":
            return cls(name, MIXTURE, least_factor=0.15, greatest_factor=1.5)
        if name in _FAMILIES or name in _ESTIMATED:
            return cls(name, {name: 1.0})
        raise ValueError(f"no channel prior {name!r}; there are {', '.join(cls.shipped_names())}")

    @staticmethod
    def shipped_names() -> list[str]:
        """Return the names that `shipped` knows."""
        return ["mixture", *_FAMILIES, *_ESTIMATED]


def write_mixture(path: str | os.PathLike[str], name: str, weights: Mapping[str, float], share: float) -> None:
    """Write a JSON file that mixes documents of fitted files with those of the shipped `mixture`.

    Args:
        path: the file; fitted files are looked for beside it.
        name: for people.
        weights: weight of each fitted file by its name, or of a shipped family; fitted ones are not scaled.
        share: share of the documents that are drawn by `weights`, 0 < share <= 1; the others are the shipped mixture's.

    Raises:
        ValueError: `share` is out of its range.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share}")
    total = sum(weights.values())
    content = {
        "format": MIXTURE_FORMAT,
        "name": name,
        "weights": {family: round(share * weight / total, 6) for family, weight in weights.items()},
        "shipped_mixture": round(1 - share, 6),
    }
    Path(path).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _read_mixture(data: Mapping[str, Any], path: Path) -> ChannelPrior:
    """Return the prior that `write_mixture` wrote.

    Raises:
        ValueError: a field is missing or wrong; the message names file and field.
    """
    weights, rest = data.get("weights"), data.get("shipped_mixture")
    if not isinstance(weights, dict) or not all(_is_weight(weight) for weight in weights.values()):
        raise ValueError(f"{path}: field 'weights' must be names with numbers")
    if not _is_weight(rest):
        raise ValueError(f"{path}: field 'shipped_mixture' must be a number")
    total = sum(MIXTURE.values())
    mixed = {family: rest * weight / total for family, weight in MIXTURE.items()} if rest else {}
    fitted: dict[str, EstimatedPrior | ChannelModel] = {}
    for family, weight in weights.items():
        mixed[family] = mixed.get(family, 0.0) + weight
        if family not in _FAMILIES and family not in _ESTIMATED:
            source = path.parent / family
            fitted[family] = _fitted(read_json(source), os.fspath(source))
    shipped = ChannelPrior.shipped("mixture")
    unscaled = _UNSCALED | fitted.keys()
    return ChannelPrior(
        str(data.get("name", path.stem)),
        mixed,
        shipped.least_factor,
        shipped.greatest_factor,
        fitted=fitted,
        unscaled=unscaled,
    )


def _is_weight(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _fitted(data: Mapping[str, Any], where: str) -> EstimatedPrior | ChannelModel:
    return prior_from_json(data, where) if data.get("format") == FORMAT else ChannelModel.from_dict(data, where)


@cache
def _shipped_estimate(name: str) -> EstimatedPrior:
    return read_prior(PRIORS / f"{name}.json")


MIXTURE: dict[str, float] = {
    "clean": 0.12,
    "spaced-letters": 0.15,
    "similar-letters": 0.11,
    "russian-engine": 0.15,
    "mixed-alphabets": 0.05,
    "lost-letters": 0.06,
    "tesseract-kaz": 0.13,
    "tesseract-rus": 0.14,
    "tesseract-kaz-rus": 0.09,
}
