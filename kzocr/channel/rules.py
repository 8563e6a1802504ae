"""What one printed string is read as: a `Rule`, with its neighbours and the probabilities of its readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BOUNDARY = " "
"""As a rule's neighbour: a word's edge (white space, or either end of the text)."""

MAX_PROBABILITY = 0.998
"""No place is changed with certainty, so that every text keeps a chance to survive."""


def capped(rates: Mapping[str, float], factor: float = 1.0, most: float = MAX_PROBABILITY) -> dict[str, float]:
    """Return the rates of one place's readings times `factor`, all lowered alike where their sum is over `most`.

    `capped({"к": 0.5, "^": 0.25}, factor=2.0, most=0.75) == {"к": 0.5, "^": 0.25}`.
    """
    total = sum(rates.values()) * factor
    scale = factor if total <= most else factor * most / total
    return {key: rate * scale for key, rate in rates.items()}


@dataclass(frozen=True)
class Rule:
    """What one source string becomes, between given neighbours.

    Attributes:
        source: 1 to 3 printed characters.
        outputs: read string -> probability in [0, 1]; `""` is a deletion. The rest of the mass keeps the source.
        left: the character before, `BOUNDARY` for a word's edge, `""` for any.
        right: the character behind, likewise.
    """

    source: str
    outputs: Mapping[str, float]
    left: str = ""
    right: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.source) <= 3:
            raise ValueError(f"rule: source {self.source!r} must have 1 to 3 characters")
        if len(self.left) > 1 or len(self.right) > 1:
            raise ValueError(f"rule {self.source!r}: left and right must be one character or empty")
        if self.source in self.outputs:
            raise ValueError(f"rule {self.source!r}: the output equals the source")
        rates = self.outputs.values()
        if not (min(rates, default=0) >= 0 and sum(rates) <= 1 + 1e-6):
            for output, probability in self.outputs.items():
                if not 0 <= probability <= 1:
                    raise ValueError(f"rule {self.source!r}: probability of {output!r} is {probability}, not in [0, 1]")
            raise ValueError(f"rule {self.source!r}: probabilities sum to {sum(rates):.3f} > 1")
