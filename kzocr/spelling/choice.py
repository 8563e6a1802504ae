"""Which spelling is right? Odds of every alternative for a word in doubt against leaving it, from some features.

A conditional logit (McFadden 1974): each alternative has a utility that is linear in its features, leaving the word
as it is has the utility 0, and the probabilities are the softmax over both. A score of weights, fitted on words whose
print is known (`scripts/fit_spelling.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kzocr.inference.doubts import Alternative, DoubtfulWord, Evidence
from kzocr.json_files import read_json
from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import NO_MISREADINGS, Misreadings
from kzocr.spelling.alternatives import words_of
from kzocr.spelling.profile import Profile

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
)
"""What an alternative is weighed by, in the order of `features`; `docs/experiments.md` says what each is worth. A word
is made if the model put it there: the document has it nowhere. A second choice is what the model itself might have
printed, a known word or not."""

LEAST_SPREAD = 0.1
"""Standard deviation that every feature is taken to have at least, so that a rare one needs some evidence."""

_LEAST_STEP = 1e-6
_LEAST_GAIN, _GREATEST_GAIN = -14.0, 4.0
_GREATEST_TEXT_GAIN = 25.0
_LONG = 14
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
    """The weights of the utility.

    Attributes:
        weights: one for each of `FEATURES`.
        usual: what engines take for what.
        n_words: words in doubt that they were fitted on.
        fitted_on: names of the sets that those are from.

    Raises:
        ValueError: another number of weights, or one that is not finite.
    """

    weights: tuple[float, ...]
    usual: Misreadings = NO_MISREADINGS
    n_words: int = 0
    fitted_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.weights) != len(FEATURES) or not all(map(math.isfinite, self.weights)):
            raise ValueError(f"a spelling model needs {len(FEATURES)} finite weights, not {self.weights}")

    def probabilities(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Return the probability of each alternative for one word; what is missing to 1 is that of leaving it."""
        if not rows:
            return []
        return probabilities(rows, self.weights)

    def write(self, path: Path) -> None:
        """Write the weights by their names, and the misreadings, one a line, as JSON."""
        record = {
            "weights": dict(zip(FEATURES, self.weights, strict=True)),
            "n_words": self.n_words,
            "fitted_on": list(self.fitted_on),
            "misreadings": [],
        }
        lines = (json.dumps([*pair, share], ensure_ascii=False) for pair, share in self.usual.shares.items())
        head = json.dumps(record, ensure_ascii=False, indent=1).removesuffix("[]\n}")
        path.write_text(f"{head}[\n" + ",\n".join(lines) + "\n]\n}\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> SpellingModel:
        """Return the model in a file.

        Raises:
            ValueError: it is no such file; the message names it and the field.
            OSError: it cannot be read.
        """
        record = read_json(path)
        weights = record.get("weights") if isinstance(record, dict) else None
        if not isinstance(weights, Mapping) or set(weights) != set(FEATURES):
            raise ValueError(f"{path}: field 'weights' must hold exactly {', '.join(FEATURES)}")
        for name, value in weights.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{path}: field 'weights.{name}' is no number")
        try:
            shares = {(str(printed), str(read)): float(share) for printed, read, share in record["misreadings"]}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: field 'misreadings' must hold lists of printed, read, share") from error
        try:
            ordered = tuple(float(weights[name]) for name in FEATURES)
            fitted_on = tuple(map(str, record.get("fitted_on", ())))
            return cls(ordered, Misreadings(shares), int(record.get("n_words", 0)), fitted_on)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error


@dataclass(frozen=True)
class JudgedWord:
    """A word in doubt whose print is known.

    Attributes:
        rows: the features of each alternative.
        right: number of the alternative that was printed; None if none of them was.
        harms: for each alternative by how many characters the text with it is farther from its print; negative if it
            is nearer. Empty if that is not known.
        current: what stands there.
        outcomes: what stands there with each alternative.
    """

    rows: Sequence[Sequence[float]]
    right: int | None
    harms: Sequence[int] = ()
    current: str = ""
    outcomes: Sequence[str] = ()


def fit_spelling(
    words: Sequence[JudgedWord],
    usual: Misreadings = NO_MISREADINGS,
    fitted_on: Sequence[str] = (),
    penalty: float = 1.0,
    n_steps: int = 60,
) -> SpellingModel:
    """Return the weights that make what was printed likeliest, and the errors few.

    Args:
        words: words in doubt whose print is known.
        usual: what their features were computed with.
        fitted_on: names for the record.
        penalty: see `fit_choice`.
        n_steps: see `fit_choice`.

    Raises:
        ValueError: no word to fit on.
    """
    weights = fit_choice(words, penalty, n_steps).tolist()
    return SpellingModel(tuple(weights), usual, len(words), tuple(fitted_on))


def fit_choice(words: Sequence[JudgedWord], penalty: float = 1.0, n_steps: int = 60) -> Floats:
    """Return the weights of a choice that make what was printed likeliest, one a feature.

    Where it is known what harm each alternative does, the harm that is expected counts as well, a character as a nat
    (minimum risk training, Smith and Eisner 2006): of two wrong words the one that is nearly right is better. Newton's
    method with the curvature of the likelihood, its steps halved where they overshoot. The weights are lightly pulled
    to 0, those of features that hardly ever differ more.

    Args:
        words: words in doubt whose print is known, all with the same features.
        penalty: precision of the normal prior on each weight, its feature scaled to a spread of 1; one with a spread
            below `LEAST_SPREAD` is scaled as if it had that.
        n_steps: Newton steps; a dozen are enough for the likelihood alone.

    Raises:
        ValueError: no word to fit on.
    """
    if not words:
        raise ValueError("no word with alternatives to fit on")
    sizes = [len(word.rows) for word in words]
    stacked = np.concatenate([np.asarray(word.rows, dtype=float) for word in words])
    spread = np.maximum(stacked.std(axis=0), LEAST_SPREAD)
    scaled = stacked / spread
    group = np.repeat(np.arange(len(words)), sizes)
    target = np.zeros(len(stacked))
    starts = np.cumsum([0, *sizes[:-1]])
    target[[start + word.right for start, word in zip(starts, words, strict=True) if word.right is not None]] = 1.0
    harms = np.concatenate([np.asarray(word.harms or [0] * len(word.rows), dtype=float) for word in words])

    def loss(weights: Floats) -> float:
        utilities = scaled @ weights
        log_sums = _log_sums(utilities, group, len(words))
        risk = np.exp(utilities - log_sums[group]) @ harms
        return float(log_sums.sum() - target @ utilities + risk + penalty * weights @ weights / 2)

    weights = np.zeros(stacked.shape[1])
    for _ in range(n_steps):
        shares = _grouped(scaled @ weights, group, len(words))
        weighted = scaled * shares[:, None]
        means = np.add.reduceat(weighted, starts, axis=0)
        expected = np.add.reduceat(shares * harms, starts)[group]
        gradient = scaled.T @ (target - shares - shares * (harms - expected)) - penalty * weights
        curvature = scaled.T @ weighted - means.T @ means + penalty * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        before = loss(weights)
        while loss(weights + step) > before and np.abs(step).max() > _LEAST_STEP:
            step = step / 2
        weights = weights + step
    fitted: Floats = weights / spread
    return fitted


def _grouped(utilities: Floats, group: npt.NDArray[np.int64], n_groups: int) -> Floats:
    """Return the softmax of the utilities within each group, leaving (utility 0) included."""
    shares: Floats = np.exp(utilities - _log_sums(utilities, group, n_groups)[group])
    return shares


def _log_sums(utilities: Floats, group: npt.NDArray[np.int64], n_groups: int) -> Floats:
    """Return the logarithm of the sum of exp(utility) over each group, leaving (utility 0) included."""
    greatest = np.zeros(n_groups)
    np.maximum.at(greatest, group, utilities)
    sums = np.bincount(group, np.exp(utilities - greatest[group]), minlength=n_groups) + np.exp(-greatest)
    log_sums: Floats = greatest + np.log(sums)
    return log_sums


def probabilities(rows: Sequence[Sequence[float]], weights: Sequence[float] | Floats) -> list[float]:
    """Return the probability of each alternative of a word; what is missing to 1 is that of leaving it.

    Args:
        rows: the features of each alternative; at least one.
        weights: one a feature.
    """
    utilities = np.asarray(rows, dtype=float) @ np.asarray(weights)
    shares: list[float] = _grouped(utilities, np.zeros(len(rows), dtype=np.int64), 1).tolist()
    return shares
