"""A model's own corrections -> the channel of the documents, and the words that they use.

Corrections stand in for the printed text. Of what an engine cannot print (қ, read as к by a Russian model) the
estimate is right even where many corrections are missing: of the қ that the corrections show all were misread, and
a channel that reads every қ as к is what follows. Of errors that the model overlooks nothing is learnt; the shipped
mixture, which part of the documents keeps being drawn from, has them.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from kzocr.adaptation.documents import words
from kzocr.channel.estimate import EstimatedPrior, fit_pairs
from kzocr.channel.files import write_prior
from kzocr.channel.prior import write_mixture
from kzocr.correction.passes import Correction
from kzocr.pairs import TextPair
from kzocr.text import LETTERS

CHANNEL_NAME = "channel.json"
PRIOR_NAME = "prior.yaml"
VOCABULARY_NAME = "vocabulary.txt"

CHANNEL_WEIGHT = 0.85
CLEAN_WEIGHT = 0.15
ADAPTED_SHARE = 0.65
"""Of the training documents so many are drawn from the estimate (or clean); the others from the shipped mixture."""

SURE = 0.8
"""A word is taken for the document's own if no edit of it is less sure."""

LEAST_WORD_COUNT = 2
MAX_WORDS = 5_000
LEAST_WORDS = 50
"""Fewer words are no list to learn from."""


def estimate_noise(corrections: Mapping[str, Correction], note: str) -> EstimatedPrior:
    """Return the distribution of channels that the documents show, their corrections taken for the printed text.

    Args:
        corrections: by document; edits that are less likely right than wrong should be refused in them.
        note: what to remember about them.

    Raises:
        ValueError: nothing could be counted.
    """
    pairs = [TextPair(c.text, c.original, name, "real", "unknown") for name, c in corrections.items()]
    return fit_pairs(pairs, "adapted", datetime.date.today().isoformat(), note)


def document_words(corrections: Sequence[Correction], known: Mapping[str, int]) -> list[str]:
    """Return words of the corrected documents that are worth learning, the frequent ones first.

    A word counts if all edits in it are sure, and if it is a word of the clean text, or stands there twice with a
    letter that the engine did not print anywhere: such a word was certainly read wrong and mended alike twice.

    Args:
        corrections: of the documents.
        known: the words of the clean text.
    """
    printed = {sign for correction in corrections for sign in correction.original}
    found: Counter[str] = Counter()
    for correction in corrections:
        found.update(_sure_words(correction))
    kept = [
        word
        for word, n in found.most_common()
        if LETTERS.issuperset(word.replace("-", ""))
        and (word in known or (n >= LEAST_WORD_COUNT and not printed.issuperset(word)))
    ]
    return kept[:MAX_WORDS]


def _sure_words(correction: Correction) -> list[str]:
    """Return the words of the corrected text, without those that an unsure edit touches."""
    text, shift = correction.text, 0
    unsure: set[int] = set()
    for edit in correction.edits:
        start = edit.start + shift
        if edit.confidence < SURE:
            unsure.update(range(start, start + max(len(edit.after), 1)))
        shift += len(edit.after) - len(edit.before)
    if not unsure:
        return words(text)
    return words("".join("0" if place in unsure and not sign.isspace() else sign for place, sign in enumerate(text)))


def write_noise(folder: Path, prior: EstimatedPrior, document_words: Sequence[str]) -> None:
    """Write into `folder` what a training configuration names: the channel, the mixture with it, the words.

    The mixture is written last: where it stands, all is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_prior(folder / CHANNEL_NAME, prior)
    content = "".join(word + "\n" for word in document_words) if len(document_words) >= LEAST_WORDS else ""
    (folder / VOCABULARY_NAME).write_text(content, encoding="utf-8")
    weights = {CHANNEL_NAME: CHANNEL_WEIGHT, "clean": CLEAN_WEIGHT}
    write_mixture(folder / PRIOR_NAME, weights, ADAPTED_SHARE)
