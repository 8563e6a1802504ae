"""Single kinds of damage as channels, each spread evenly over a text.

No engine makes errors of one kind alone, but each kind shows where a corrector is blind, whatever the engine.
"""

from __future__ import annotations

import string
from collections.abc import Mapping

from kzocr.channel.families import LIKE_ITS_CAPITAL
from kzocr.channel.generators import glyphs
from kzocr.channel.model import ChannelModel
from kzocr.channel.rules import MAX_PROBABILITY, Rule
from kzocr.text import LATIN_LOOKALIKES, LOWER, RUSSIFIED, UPPER

LETTERS = LOWER + UPPER
MARKS = ".,!?;:"
SPECKS = "·|~_'`*•^°"


def kinds_of_damage() -> dict[str, ChannelModel]:
    """Return each kind of damage as a channel, by what a reader would call it; the first is none at all."""
    latin = {letter: sign for sign, letter in LATIN_LOOKALIKES.items()}
    russified = {letter: letter.translate(RUSSIFIED) for letter in LOWER if letter.translate(RUSSIFIED) != letter}
    russified |= {letter.upper(): reading.upper() for letter, reading in russified.items()}
    return {
        "nothing": ChannelModel(),
        "one space in ten lost": _replaced({" ": ""}, 0.1),
        "three spaces in ten lost": _replaced({" ": ""}, 0.3),
        "19 spaces in 20 lost": _replaced({" ": ""}, 0.95),
        "a space behind a letter in 20": ChannelModel(space_after=dict.fromkeys(LETTERS, 0.05)),
        "a space behind a letter in 6": ChannelModel(space_after=dict.fromkeys(LETTERS, 0.16)),
        "every letter apart": ChannelModel(space_after=dict.fromkeys(LETTERS + string.digits, MAX_PROBABILITY)),
        "Latin look-alikes throughout": _replaced(latin, MAX_PROBABILITY),
        "Kazakh letters as Russian ones": _replaced(russified, MAX_PROBABILITY),
        "half of them": _replaced(russified, 0.5),
        "Kazakh letters as question marks": _replaced(dict.fromkeys(russified, "?"), MAX_PROBABILITY),
        "Kazakh letters as spaces": _replaced(dict.fromkeys(russified, " "), MAX_PROBABILITY),
        "Kazakh letters gone": _replaced(dict.fromkeys(russified, ""), MAX_PROBABILITY),
        "half of the Kazakh letters as spaces": _replaced(dict.fromkeys(russified, " "), 0.5),
        "half of the Kazakh letters gone": _replaced(dict.fromkeys(russified, ""), 0.5),
        "one Kazakh letter in five gone": _replaced(dict.fromkeys(russified, ""), 0.2),
        "a sign in 30 as one like it": glyphs(0.033),
        "a sign in 10 as one like it": glyphs(0.1),
        "a small letter in 25 as any other": _any_other(0.04),
        "a letter in 30 lost": _replaced(dict.fromkeys(LETTERS, ""), 0.033),
        "a letter in 50 twice": _replaced({letter: 2 * letter for letter in LETTERS}, 0.02),
        "a letter like its capital in 10 as that": _replaced({sign: sign.upper() for sign in LIKE_ITS_CAPITAL}, 0.1),
        "a speck behind a sign in 50": ChannelModel(insertions=dict.fromkeys(SPECKS, 0.02 / len(SPECKS))),
        "half of the marks lost": _replaced(dict.fromkeys(MARKS, ""), 0.5),
    }


def _replaced(readings: Mapping[str, str], rate: float) -> ChannelModel:
    """Return the channel that reads each key as its value, at `rate`."""
    return ChannelModel(rules=tuple(Rule(printed, {read: rate}) for printed, read in readings.items()))


def _any_other(rate: float) -> ChannelModel:
    """Return the channel that reads each small letter as any other one, all alike, at `rate`."""
    others = {letter: LOWER.replace(letter, "") for letter in LOWER}
    return ChannelModel(
        rules=tuple(Rule(letter, dict.fromkeys(reads, rate / len(reads))) for letter, reads in others.items())
    )
