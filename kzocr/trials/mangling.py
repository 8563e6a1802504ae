"""A decoder that mistreats its input in every way a broken model could, in no time: for fuzzing guards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kzocr.encoding import BYTE_OFFSET, decode, encode

_CHARACTERS = "\n\t\r \u2028ә5😀\u0306\x00абвұ!і"


@dataclass(frozen=True)
class MangledRow:
    """What the decoder prints for one input; see `kzocr.decoding.Decoded`."""

    ids: list[int]
    log_probabilities: list[float]
    finished: bool
    end_log_probability: float


class ManglingDecoder:
    """A decoder that prints random bytes, repeats, drops, inserts and replaces; the same input gives the same.

    Args:
        seed: another seed mistreats in another way.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def decode(self, inputs: Sequence[Sequence[int]], *, max_new_bytes: list[int]) -> list[MangledRow]:
        """Return what is printed for each input, in at most so many ids."""
        return [self._row(ids, limit) for ids, limit in zip(inputs, max_new_bytes, strict=True)]

    def _row(self, ids: Sequence[int], limit: int) -> MangledRow:
        rng = np.random.default_rng([self.seed, *ids])
        kind = int(rng.integers(10))
        if kind == 0:
            out = [BYTE_OFFSET + int(byte) for byte in rng.integers(256, size=int(rng.integers(40)))]
        elif kind == 1:
            out = 3 * list(ids[:-1])
        elif kind == 2:
            out = []
        else:
            out = encode(self._mangled(decode(ids[:-1]), rng, share=0.02 if kind > 5 else 0.3))[:-1]
        finished = len(out) < limit and kind != 3
        out = out[:limit]
        return MangledRow(out, np.log(rng.uniform(0.3, 1.0, len(out))).tolist(), finished, -0.01)

    @staticmethod
    def _mangled(text: str, rng: np.random.Generator, *, share: float) -> str:
        """Return `text` with about `share` of its characters dropped, replaced or added to."""
        parts = []
        rolls = rng.random(len(text)) / share
        for character, roll in zip(text, rolls.tolist(), strict=True):
            other = _CHARACTERS[int(rng.integers(len(_CHARACTERS)))] if roll < 1 else ""
            parts.append(other if roll < 0.5 else other + character if roll < 0.8 else "" if roll < 1 else character)
        return "".join(parts)
