"""Stand-ins for a model: a function from the text of a window to the text that comes out."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from kzocr.correction.guards import Guards
from kzocr.corrector import Corrector
from kzocr.decoding import Decoded, Replacement
from kzocr.encoding import decode, encode

LOG_PROBABILITY = -0.01


class ScriptedDecoder:
    """A decoder that prints what `function` makes of its input, each byte with the same probability."""

    def __init__(
        self,
        function: Callable[[str], str | bytes],
        *,
        log_probability: float = LOG_PROBABILITY,
        finished: bool = True,
    ) -> None:
        self.function = function
        self.log_probability = log_probability
        self.finished = finished
        self.inputs: list[str] = []
        self.batches: list[int] = []

    def decode(self, inputs: Sequence[Sequence[int]], *, max_new_bytes: list[int]) -> list[Decoded]:
        self.batches.append(len(inputs))
        rows = []
        for ids in inputs:
            text = decode(ids)
            self.inputs.append(text)
            out = self.function(text)
            out_ids = [byte + 3 for byte in out] if isinstance(out, bytes) else encode(out)[:-1]
            rows.append(Decoded(out_ids, [self.log_probability] * len(out_ids), self.finished, self.log_probability))
        return rows


def scripted(*replacements: tuple[str, str], guards: Guards | None = None) -> Corrector:
    """Return a corrector whose model replaces strings."""

    def function(text: str) -> str:
        for before, after in replacements:
            text = text.replace(before, after)
        return text

    return Corrector(ScriptedDecoder(function), guards=guards)


def garbage(seed: int) -> Callable[[str], str | bytes]:
    """Return a model that mistreats its input in every way; the same input gives the same output."""

    def function(text: str) -> str | bytes:
        rng = random.Random(f"{seed}:{text}")
        kind = rng.randrange(8)
        if kind == 0:
            return bytes(rng.randrange(256) for _ in range(rng.randrange(40)))
        if kind == 1:
            return text * 3
        if kind == 2:
            return ""
        out = []
        for character in text:
            roll = rng.random()
            if roll < 0.1:
                out.append(rng.choice("\n\t\r \u2028ә5😀\u0306\x00абвұ"))
            if not 0.1 < roll < 0.2:
                out.append(character if roll < 0.8 else rng.choice("аәбқ 7\n"))
        return "".join(out)

    return function


class CopyingDecoder:
    """Stands in for `GuidedDecoder`: prints its input, and finds every replacement `gain` nats likelier."""

    def __init__(self, gain: float, finished: bool = True) -> None:
        self.gain = gain
        self.finished = finished
        self.replacements: list[Replacement] = []

    def decode_rows(
        self, inputs: Sequence[Sequence[int]], *, max_new_bytes: Any = None, with_rivals: bool = False
    ) -> list[tuple[Decoded, None]]:
        return [(Decoded(list(ids[:-1]), [-0.5] * (len(ids) - 1), self.finished), None) for ids in inputs]

    def branched(self, decoded: Any, branches: Sequence[Any], *, stops: Any, longest: int) -> list[list[int]]:
        assert not branches  # nothing is said of rivals
        return []

    def score(self, decoded: Any, replacements: Sequence[Replacement]) -> list[float]:
        self.replacements += replacements
        return [self.gain] * len(replacements)
