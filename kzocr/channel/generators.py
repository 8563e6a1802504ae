"""Rivals of the channel: one table for all documents, glyph noise, random noise, and other people's libraries.

A `NoiseMaker` is a function of one document's text and a generator of random numbers. Realism, speed and training
compare these with `ChannelPrior`.
"""

from __future__ import annotations

import importlib
import json
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kzocr.channel.counts import DocumentCounts, count_documents
from kzocr.channel.estimate import estimate_channel
from kzocr.channel.families import similar_to
from kzocr.channel.model import ChannelModel
from kzocr.channel.prior import ChannelPrior
from kzocr.channel.realism import NoiseMaker
from kzocr.channel.rules import Rule
from kzocr.pairs import TextPair
from kzocr.text import LOWER, UPPER


def from_prior(name: str) -> NoiseMaker:
    """Return a generator that draws a new channel of the prior for each document, digits misread too."""
    prior = ChannelPrior.load(name)
    prior = ChannelPrior(prior.name, prior.weights, prior.least_factor, prior.greatest_factor, "", prior.fitted)
    return lambda text, rng: prior.draw(rng).sample(text, rng)


def flat_table(pairs: Sequence[TextPair]) -> ChannelModel:
    """Return one table of confusions for all documents, each error drawn on its own."""
    counts = DocumentCounts.total(count_documents(pairs).values())
    model = estimate_channel(counts, strength=0.0)
    rules = tuple(rule for rule in model.rules if not rule.left and not rule.right)
    return ChannelModel("flat table", rules, model.space_after, model.space_before, model.insertions)


def glyphs(rate: float) -> ChannelModel:
    """Return noise that reads any character as one that looks like it, at one rate everywhere."""
    rules = []
    for letter in LOWER + UPPER + ".,-—«»?!:;()":
        outputs = [output for output in similar_to(letter) if output != letter]
        if outputs:
            rules.append(Rule(letter, {output: 1 / len(outputs) for output in dict.fromkeys(outputs)}))
    return ChannelModel("glyphs", tuple(rules)).scaled(rate)


def uniform(rate: float) -> NoiseMaker:
    """Return random substitutions, insertions and deletions, 5 : 1 : 1, by any letter alike."""

    def make_noise(text: str, rng: np.random.Generator) -> str:
        letters = LOWER + UPPER
        pieces = []
        for sign in text:
            draw = rng.random() / rate * 7 if sign != "\n" else 7.0
            other = letters[int(rng.integers(len(letters)))]
            pieces.append(other if draw < 5 else sign + other if draw < 6 else "" if draw < 7 else sign)
        return "".join(pieces)

    return make_noise


def _by_line(change: Callable[[str], str], text: str, rng: np.random.Generator) -> str:
    """Return `text` with each line changed by a library that uses Python's global generator."""
    random.seed(int(rng.integers(2**31)))
    return "\n".join(change(line) if line.strip() else line for line in text.split("\n"))


@dataclass(frozen=True)
class NlpaugNoise:
    """`nlpaug`'s OcrAug with the Kazakh look-alikes as its table, as many words changed as fit the rate.

    Raises:
        ImportError: `nlpaug` is not installed.
    """

    rate: float

    def __post_init__(self) -> None:
        importlib.import_module("nlpaug.augmenter.char")

    @cached_property
    def augmenter(self) -> Any:
        """The library's object, made once a process."""
        table = {letter: similar_to(letter) for letter in LOWER + UPPER if similar_to(letter)}
        augmenters = importlib.import_module("nlpaug.augmenter.char")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.json"
            path.write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
            return augmenters.OcrAug(
                dict_of_path=str(path),
                aug_char_p=0.15,
                aug_char_min=1,
                aug_word_p=min(1.0, self.rate * 6.5),
                aug_word_max=None,
            )

    def __call__(self, text: str, rng: np.random.Generator) -> str:
        """Return `text` with errors."""
        return _by_line(lambda line: str(self.augmenter.augment(line)[0]), text, rng)


@dataclass(frozen=True)
class NoisocrNoise:
    """`noisocr`'s simulate_errors, as often in a line as fits the rate.

    Raises:
        ImportError: `noisocr` is not installed.
    """

    rate: float

    def __post_init__(self) -> None:
        importlib.import_module("noisocr")

    def __call__(self, text: str, rng: np.random.Generator) -> str:
        """Return `text` with errors."""
        return _by_line(self._change, text, rng)

    def _change(self, line: str) -> str:
        library = importlib.import_module("noisocr")
        for _ in range(np.random.default_rng(random.getrandbits(32)).poisson(self.rate * len(line))):
            line = str(library.simulate_errors(line, 0, random.getrandbits(32))).replace("\n", " ")
        return line


@dataclass(frozen=True)
class Documents:
    """A `NoiseMaker` in the place of a `ChannelPrior`: each document gets its noise, some stay clean.

    Attributes:
        make_noise: the generator.
        clean_share: documents without errors, 0 to 1.
    """

    make_noise: NoiseMaker
    clean_share: float = 0.0

    def draw(self, rng: np.random.Generator) -> Documents:
        """Return this generator, or one that changes nothing."""
        return Documents(_unchanged) if rng.random() < self.clean_share else self

    def sample(self, text: str, rng: np.random.Generator) -> str:
        """Return `text` with errors."""
        return self.make_noise(text, rng)


def _unchanged(text: str, rng: np.random.Generator) -> str:
    return text
