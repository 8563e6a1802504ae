"""Which spelling is right? Odds of every alternative for a word in doubt against leaving it, from some features.

A conditional logit (McFadden 1974): each alternative has a utility, leaving the word as it is has the utility 0, and
the probabilities are the softmax over both. The utility is linear in the features, and boosted trees add to it what is
not. Both are fitted on words whose print is known (`kzocr.spelling.choice_fitting`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Postfix, Prefix

from kzocr.boosting.trees import NO_TREES, BoostedTrees, trees_of_records
from kzocr.inference.doubts import Alternative, DoubtfulWord, Evidence
from kzocr.json_files import read_json_object, write_json_lists
from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import NO_MISREADINGS, Misreadings
from kzocr.spelling.alternatives import words_of
from kzocr.spelling.profile import Profile
from kzocr.text import LETTERS

SPELLING_FILE = "spelling.json"
"""Name of the file beside a model's weights."""

FEATURES = (
    "bias",
    "model_gain",
    "model_gain_squared",
    "log_frequency",
    "distance",
    "misreading",
    "repetition",
    "count_in_document",
    "neighbours",
    "strangeness",
    "strangeness_after",
    "unknown_share",
    "is_capitalised",
    "is_split",
    "is_joined",
    "length",
    "length_squared",
    "known_start",
    "is_known",
    "known_log_frequency",
    "known_neighbours",
    "text_gain",
    "is_divided",
    "context",
    "known_context",
    "unknown_context",
    "document_noise",
    "is_made",
    "made_noise",
    "is_second",
    "second_gain",
    "second_text_gain",
    "is_unknown",
    "known_gain",
    "known_text_gain",
    "text_gain_in_noise",
    "letters_added",
    "letters_lost",
    "same_start",
    "same_end",
    "odd_signs",
    "is_latin",
)
"""What an alternative is weighed by, in the order of `features`; `docs/experiments.md` says what each is worth. A word
is made if the model put it there: the document has it nowhere. A second choice is what the model itself might have
printed, a known word or not. Odd signs are those that are no Kazakh letters."""

_LEAST_GAIN, _GREATEST_GAIN = -14.0, 4.0
_GREATEST_TEXT_GAIN = 25.0
_LONG = 14
_MOST_LETTERS = 6
_USUAL_UNKNOWN_SHARE = 0.05

Floats = npt.NDArray[np.float64]


def features(word: DoubtfulWord, lexicon: Lexicon, profile: Profile, usual: Misreadings) -> list[list[float]]:
    """Return the numbers that the utilities are linear in, in the order of `FEATURES`, a row an alternative.

    Args:
        word: what is in doubt.
        lexicon: the known words.
        profile: of the document that it is from.
        usual: what engines take for what.
    """
    return [_features(evidence, word.unknown_share, lexicon, profile, usual) for evidence in word.evidence]


def _features(
    evidence: Evidence, unknown_share: float, lexicon: Lexicon, profile: Profile, usual: Misreadings
) -> list[float]:
    item = evidence.alternative
    before, after = item.words_before, item.words_after
    gain = min(max(evidence.gain, _LEAST_GAIN), _GREATEST_GAIN)
    length = min(len(before), _LONG) / 10
    whole = before.replace(" ", "")
    text_gain = min(max(item.text_gain, -_GREATEST_TEXT_GAIN), _GREATEST_TEXT_GAIN) / 5
    is_known, is_second = float(item.is_known), float(item.is_second)
    noise, is_made = profile.noise(but=before), float(_is_made(item, profile))
    return [
        1.0,
        gain,
        gain * gain / 10,
        item.log_frequency,
        float(item.distance),
        usual.log_probability(printed=after, read=before),
        profile.repetition(printed=after, read=before),
        math.log1p(profile.counts.get(after, 0)),
        _neighbours(item.left, after, item.right, lexicon),
        -lexicon.letters.log_probability(whole) / 10,
        -lexicon.letters.log_probability(after.replace(" ", "")) / 10,
        math.log(unknown_share / _USUAL_UNKNOWN_SHARE),
        float(item.is_capitalised),
        float(" " in after),
        float(" " in before),
        length,
        length * length,
        lexicon.known_start(whole),
        is_known,
        item.log_frequency_before,
        _neighbours(item.left, before, item.right, lexicon) if item.is_known else 0.0,
        text_gain,
        float(item.is_divided),
        item.context_fit / 5,
        item.context_fit_before / 5 if item.is_known else 0.0,
        0.0 if item.is_known else item.context_fit_before / 5,
        noise,
        is_made,
        is_made * noise,
        is_second,
        is_second * gain,
        is_second * text_gain,
        float(item.is_unknown),
        is_known * gain,
        is_known * text_gain,
        text_gain * noise,
        float(max(len(after) - len(before), 0)),
        float(max(len(before) - len(after), 0)),
        float(min(Prefix.similarity(before, after), _MOST_LETTERS)),
        float(min(Postfix.similarity(before, after), _MOST_LETTERS)),
        float(sum(sign not in LETTERS for sign in whole)),
        float(any(sign.isascii() and sign.isalpha() for sign in whole)),
    ]


def _is_made(item: Alternative, profile: Profile) -> bool:
    """Return whether the document, as it was read, lacks a word that the alternative would replace."""
    return any(word.text.lower() not in profile.counts for word in words_of(item.before))


def _neighbours(left: str, words: str, right: str, lexicon: Lexicon) -> float:
    """Return how often the words stood beside their neighbours in the texts of the lexicon, as a logarithm."""
    parts = words.split()
    return math.log1p(lexicon.pairs.get((left, parts[0]), 0)) + math.log1p(lexicon.pairs.get((parts[-1], right), 0))


def half_path(folder: Path, half: int) -> Path:
    """Return the file of what was fitted on one half of the documents alone, 0 or 1 (`kzocr.pairs.half_of`)."""
    return folder / f"spelling-{half}.json"


@dataclass(frozen=True)
class SpellingModel:
    """What the utility of an alternative is.

    Attributes:
        weights: one for each of `FEATURES`.
        trees: what they say of the features is added.
        usual: what engines take for what.
        n_words: words in doubt that they were fitted on.
        fitted_on: names of the sets that those are from.

    Raises:
        ValueError: another number of weights, or one that is not finite, or a tree asks about a feature that there is
            not.
    """

    weights: tuple[float, ...]
    usual: Misreadings = NO_MISREADINGS
    n_words: int = 0
    fitted_on: tuple[str, ...] = ()
    trees: BoostedTrees = NO_TREES

    def __post_init__(self) -> None:
        if len(self.weights) != len(FEATURES) or not all(map(math.isfinite, self.weights)):
            raise ValueError(f"a spelling model needs {len(FEATURES)} finite weights, not {self.weights}")
        self.trees.check_features(len(FEATURES))

    def probabilities(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Return the probability of each alternative for one word; what is missing to 1 is that of leaving it."""
        if not rows:
            return []
        return probabilities(rows, self.weights, self.trees)

    def write(self, path: Path) -> None:
        """Write the weights by their names, and the misreadings and the trees, one a line, as JSON."""
        fields = {
            "weights": dict(zip(FEATURES, self.weights, strict=True)),
            "n_words": self.n_words,
            "fitted_on": list(self.fitted_on),
        }
        lists: dict[str, list[Any]] = {
            "misreadings": [[*pair, share] for pair, share in self.usual.shares.items()],
            "trees": [tree.to_dict() for tree in self.trees.trees],
        }
        write_json_lists(path, fields, lists)

    @classmethod
    def read(cls, path: Path) -> SpellingModel:
        """Return the model in a file.

        Raises:
            ValueError: it is no such file; the message names it and the field.
            OSError: it cannot be read.
        """
        record = read_json_object(path)
        weights = record.get("weights")
        if not isinstance(weights, Mapping) or set(weights) != set(FEATURES):
            raise ValueError(f"{path}: field 'weights' must hold exactly {', '.join(FEATURES)}")
        for name, value in weights.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{path}: field 'weights.{name}' is no number")
        try:
            shares = {(str(printed), str(read)): float(share) for printed, read, share in record["misreadings"]}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: field 'misreadings' must hold lists of printed, read, share") from error
        trees = trees_of_records(record.get("trees"), path)
        try:
            ordered = tuple(float(weights[name]) for name in FEATURES)
            fitted_on = tuple(map(str, record.get("fitted_on", ())))
            n_words = int(record.get("n_words", 0))
            return cls(ordered, Misreadings(shares), n_words, fitted_on, BoostedTrees(trees=trees))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error


def grouped_softmax(utilities: Floats, group: npt.NDArray[np.int64], n_groups: int) -> Floats:
    """Return the softmax of the utilities within each group, leaving (utility 0) included."""
    shares: Floats = np.exp(utilities - log_sums(utilities, group, n_groups)[group])
    return shares


def log_sums(utilities: Floats, group: npt.NDArray[np.int64], n_groups: int) -> Floats:
    """Return the logarithm of the sum of exp(utility) over each group, leaving (utility 0) included."""
    greatest = np.zeros(n_groups)
    np.maximum.at(greatest, group, utilities)
    sums = np.bincount(group, np.exp(utilities - greatest[group]), minlength=n_groups) + np.exp(-greatest)
    found: Floats = greatest + np.log(sums)
    return found


def probabilities(
    rows: Sequence[Sequence[float]], weights: Sequence[float] | Floats, trees: BoostedTrees = NO_TREES
) -> list[float]:
    """Return the probability of each alternative of a word; what is missing to 1 is that of leaving it.

    Args:
        rows: the features of each alternative; at least one.
        weights: one a feature.
        trees: what is added to the linear utility.
    """
    utilities = np.asarray(rows, dtype=float) @ np.asarray(weights) + np.asarray(trees.log_odds(rows))
    shares: list[float] = grouped_softmax(utilities, np.zeros(len(rows), dtype=np.int64), 1).tolist()
    return shares
