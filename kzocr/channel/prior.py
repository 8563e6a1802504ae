"""A distribution over documents' channels: a `ChannelPrior` draws the `ChannelModel` of a new document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from kzocr.channel import families
from kzocr.channel.model import ChannelModel

Family = Callable[[np.random.Generator], ChannelModel]

_FAMILIES: dict[str, Family] = {
    "clean": families.clean,
    "spaced-letters": families.spaced_letters,
    "similar-letters": families.similar_letters,
    "russian-engine": families.russian_engine,
    "mixed-alphabets": families.mixed_alphabets,
    "lost-letters": families.lost_letters,
}


@dataclass(frozen=True)
class ChannelPrior:
    """A weighted mixture of families of channels.

    Attributes:
        name: for people and for metadata.
        weights: family name -> weight > 0; they need not sum to 1.
        least_factor: a document's rates are multiplied by a factor drawn log-uniformly from
            [`least_factor`, `greatest_factor`], so that most documents are lightly damaged.
        greatest_factor: see `least_factor`.
    """

    name: str
    weights: Mapping[str, float]
    least_factor: float = 1.0
    greatest_factor: float = 1.0

    def __post_init__(self) -> None:
        for family, weight in self.weights.items():
            if family not in _FAMILIES:
                raise ValueError(f"prior {self.name!r}: no family {family!r}; there are {', '.join(_FAMILIES)}")
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
        model = _FAMILIES[family](rng)
        factor = float(np.exp(rng.uniform(np.log(self.least_factor), np.log(self.greatest_factor))))
        return model if factor == 1.0 or family == "russian-engine" else model.scaled(factor)

    @classmethod
    def shipped(cls, name: str) -> ChannelPrior:
        """Return a prior that comes with the package: one family's name, or `mixture` of all.

        Raises:
            ValueError: no such prior; the message lists those that there are.
        """
        if name == "mixture":
            return cls(name, MIXTURE, least_factor=0.15, greatest_factor=1.5)
        if name in _FAMILIES:
            return cls(name, {name: 1.0})
        raise ValueError(f"no channel prior {name!r}; there are {', '.join(cls.shipped_names())}")

    @staticmethod
    def shipped_names() -> list[str]:
        """Return the names that `shipped` knows."""
        return ["mixture", *_FAMILIES]


MIXTURE: dict[str, float] = {
    "clean": 0.14,
    "spaced-letters": 0.27,
    "similar-letters": 0.19,
    "russian-engine": 0.26,
    "mixed-alphabets": 0.09,
    "lost-letters": 0.05,
}
