"""Passages of clean text with drawn noise: pairs to fit a choice of words or confidences on, or to test a model.

    python scripts/draw_pairs.py HELD_OUT.txt --prior mixture --passages 90 --lines 5 -o pairs_mixture.jsonl
    python scripts/draw_pairs.py HELD_OUT.txt --prior mixture --passages 120 --lines 8 --factors 0.03,0.3 \\
        --least-cer 0.0005 --greatest-cer 0.015 -o pairs_mild.jsonl
    python scripts/draw_pairs.py HELD_OUT.txt --prior mixture --passages 900 --lines 1 --factors 0.03,1 \\
        --wrong-words 1 -o pairs_single.jsonl

Each passage has some lines of the text, drawn at random, and a channel of its own from the prior, its rates multiplied
by a factor between the two of `--factors`. Passages whose error rate is not between the two bounds, or that have
another number of wrong words, are drawn anew: the second line makes documents that were read nearly without errors,
which rendered pages seldom are, the third single sentences with a single wrong word.

Time and hardware: seconds on one CPU core.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from kzocr.channel.prior import ChannelPrior
from kzocr.evaluation import text_lines
from kzocr.metrics import ErrorCounts, character_counts
from kzocr.pairs import TextPair, write_pairs

LEAST_CHARS = 40
_TRIALS = 1000

log = Console(stderr=True, emoji=False)


def main(
    texts: Annotated[list[Path], typer.Argument(help="UTF-8 texts without errors, a line a sentence or paragraph.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="JSONL file of pairs.")],
    prior: Annotated[str, typer.Option(help="A shipped prior or a file: what channels are drawn from.")] = "mixture",
    passages: Annotated[int, typer.Option(min=1, help="How many.")] = 90,
    lines: Annotated[int, typer.Option(min=1, help="Lines of a passage, of at least 40 characters each.")] = 5,
    factors: Annotated[str, typer.Option(help="LEAST,GREATEST: rates are multiplied by a number in between.")] = "1,1",
    least_cer: Annotated[float, typer.Option(min=0.0, help="Passages with fewer errors are drawn anew.")] = 0.0,
    greatest_cer: Annotated[float, typer.Option(min=0.0, help="Passages with more errors are drawn anew.")] = 1.0,
    wrong_words: Annotated[
        int | None, typer.Option(min=0, help="Passages with another number of them are drawn anew, or with words lost.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same passages.")] = 1,
) -> None:
    """Draw passages of clean text with noise."""
    try:
        between = _factors(factors)
        found = [line for path in texts for line in text_lines(path) if len(line) >= LEAST_CHARS]
        if len(found) < lines:
            raise ValueError(f"{len(found)} lines of {LEAST_CHARS} characters in {', '.join(map(str, texts))}")
        channels = ChannelPrior.load(prior)
        limits = _Limits(least_cer, greatest_cer, wrong_words)
        drawn = _pairs(found, channels, lines, between, limits, seed, output.stem)
        pairs = [next(drawn) for _ in range(passages)]
        write_pairs(output, pairs)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    counts = sum((_counts(pair) for pair in pairs), ErrorCounts())
    log.print(f"{output}: {passages} passages, {counts.errors} errors, {100 * counts.rate:.2f} % of the characters")


@dataclass(frozen=True)
class _Limits:
    """What a passage must be like, else it is drawn anew."""

    least_cer: float
    greatest_cer: float
    n_wrong_words: int | None

    def __str__(self) -> str:
        words = "" if self.n_wrong_words is None else f", and with {self.n_wrong_words} wrong words (--wrong-words)"
        return f"between --least-cer {self.least_cer:g} and --greatest-cer {self.greatest_cer:g}{words}"

    def allow(self, pair: TextPair) -> bool:
        """Return whether a passage is so."""
        if not self.least_cer <= _counts(pair).rate <= self.greatest_cer:
            return False
        if self.n_wrong_words is None:
            return True
        printed, read = pair.reference.split(), pair.hypothesis.split()
        return len(printed) == len(read) and sum(map(str.__ne__, printed, read)) == self.n_wrong_words


def _factors(text: str) -> tuple[float, float]:
    """Return the two numbers of `--factors`."""
    try:
        least, greatest = map(float, text.split(","))
    except ValueError:
        raise ValueError(f"--factors must be LEAST,GREATEST, not {text!r}") from None
    if not 0 < least <= greatest < math.inf:
        raise ValueError(f"--factors must be two positive numbers, the smaller one first, not {text!r}")
    return least, greatest


def _pairs(
    lines: Sequence[str],
    prior: ChannelPrior,
    n_lines: int,
    factors: tuple[float, float],
    limits: _Limits,
    seed: int,
    name: str,
) -> Iterator[TextPair]:
    """Yield passages without end.

    Raises:
        ValueError: of a thousand passages in a row none was as it must be.
    """
    choice, number, n_failed = random.Random(seed), 0, 0
    while True:
        rng = np.random.default_rng([seed, number, n_failed])
        printed = "\n".join(choice.sample(lines, n_lines))
        channel = prior.draw(rng)
        read = channel.scaled(rng.uniform(*factors)).sample(printed, rng)
        pair = TextPair(printed, read, f"{name}-{number}", "synthetic", channel.name)
        if limits.allow(pair):
            yield pair
            number, n_failed = number + 1, 0
        elif (n_failed := n_failed + 1) == _TRIALS:
            raise ValueError(f"of {_TRIALS} passages in a row none was {limits}")


def _counts(pair: TextPair) -> ErrorCounts:
    return character_counts(reference=pair.reference, hypothesis=pair.hypothesis)


if __name__ == "__main__":
    typer.run(main)
