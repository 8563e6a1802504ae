"""How likely does an edit help? The model's own probability, weighed with what stands around the edit.

A model that has learnt from damaged text is too sure of itself on clean text. What it cannot know, a few numbers can:
whether much else is wrong nearby, whether the words are known before and after, what kind of change it is, how often
it is proposed in the document. They are weighed by a logistic regression (Platt 1999, with more than one feature),
fitted on edits that were judged: those that bring the text nearer to the print against those that take it away from
there. An edit that does neither, one wrong letter for another, teaches nothing: to make it or not costs the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from kzocr.alternatives import Fits, words_of
from kzocr.doubts import DIVISION, whole_or_compound
from kzocr.edits import Edit, apply_edits
from kzocr.json_files import read_json_object
from kzocr.lexicon import Lexicon
from kzocr.profile import NO_PROFILE, Profile
from kzocr.recurrence import NO_RECURRENCE, Recurrence
from kzocr.text import FOREIGN_LETTERS, LETTERS, RUSSIFIED, nfc
from kzocr.views import SIGNS

CALIBRATION_FILE = "calibration.json"
"""Name of the file beside a model's weights."""

FEATURES = (
    "constant",
    "log_odds",
    "noise",
    "document_noise",
    "unknown_to_known",
    "known_to_unknown",
    "known_to_known",
    "frequency_gain",
    "is_capitalised",
    "is_joined",
    "is_split",
    "is_mark",
    "is_case",
    "same_shape",
    "is_insertion",
    "is_deletion",
    "is_foreign",
    "recurrence",
    "context_gain",
    "known_context_gain",
    "noise_in_noise",
    "recurrence_in_noise",
    "document_edits",
)
"""What an edit is weighed by, in the order of `features`."""

_EDGE = 1e-6
_N_STEPS = 50
_PRIOR_PRECISION = 1.0
_LEAST_SLOPE = 0.01
_NOISE_AT_REST = math.log(0.02)
_NOISE_SLACK = (0.5, 20)
_FREQUENCY_SCALE = 5.0
_CONTEXT_SCALE = 5.0
_LAST_SIGNS = ' \n.,:;!?…-–—»”"'
_GREATEST_CONTEXT_GAIN = 12.0
_LEAST_WORD_CHARS = 3
_KNOWN_TO_KNOWN = FEATURES.index("known_to_known")
_REPAIRS = str.maketrans({**FOREIGN_LETTERS, "¬": ""})
_WORD_SIGNS = LETTERS | frozenset("- \t\n\r\u00a0")


@dataclass(frozen=True)
class Background:
    """What is known beyond a stretch of text when its edits are weighed.

    Attributes:
        lexicon: the known words; without one the features of words are 0.
        profile: of the document that the stretch is from.
        recurrence: of all that is proposed in that document.
        context: says how well words fit into a text; without it the features of that are 0.
    """

    lexicon: Lexicon | None = None
    profile: Profile = NO_PROFILE
    recurrence: Recurrence = NO_RECURRENCE
    context: Fits | None = None


NO_BACKGROUND = Background()
"""Nothing is known but the stretch itself."""


@dataclass(frozen=True)
class Calibration:
    """Weights that turn the edits of a stretch of text into probabilities that each helps.

    Attributes:
        weights: feature (`FEATURES`) -> weight; that of "log_odds" is positive. Empty: the model's own probabilities
            stay as they are.
        n_edits: edits that they were fitted on.
        fitted_on: names of the sets that those are from.

    Raises:
        ValueError: a feature is unknown or missing, a weight is not finite, or that of "log_odds" not positive.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    n_edits: int = 0
    fitted_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.weights:
            return
        if different := set(FEATURES) ^ set(self.weights):
            raise ValueError(f"a calibration has a weight for each feature: {sorted(different)} unknown or missing")
        if not all(map(math.isfinite, self.weights.values())) or self.weights["log_odds"] <= 0:
            raise ValueError(f"a calibration needs finite weights and a positive one for log_odds, not {self.weights}")

    def __call__(self, text: str, edits: Sequence[Edit], background: Background = NO_BACKGROUND) -> list[float]:
        """Return the confidence of each edit, 0 to 1; edits that need no model keep theirs.

        Args:
            text: a window.
            edits: all that the model would change in it, from left to right, with its own probabilities.
            background: of the window.
        """
        if not self.weights:
            return [edit.confidence for edit in edits]
        weights = [self.weights[name] for name in FEATURES]
        rows = features(text, edits, background)
        return [
            edit.confidence
            if is_repair(edit)
            else _sigmoid(math.fsum(w * x for w, x in zip(weights, row, strict=True)))
            for edit, row in zip(edits, rows, strict=True)
        ]

    def calibrated(self, text: str, edits: Sequence[Edit], background: Background = NO_BACKGROUND) -> list[Edit]:
        """Return the edits with their confidences in place of the model's probabilities; arguments as for a call."""
        confidences = self(text, edits, background)
        return [replace(edit, confidence=value) for edit, value in zip(edits, confidences, strict=True)]

    def write(self, path: Path) -> None:
        """Write the weights as JSON."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """Return the calibration in a file.

        Raises:
            ValueError: it is no such file; the message names it and the field.
            OSError: it cannot be read.
        """
        record = read_json_object(path)
        kinds: dict[str, type] = {"weights": dict, "n_edits": int, "fitted_on": list}
        for name in {**kinds, **record}:
            if name not in kinds or not isinstance(record.get(name), kinds[name]):
                raise ValueError(f"{path}: field {name!r} is unknown, missing or of the wrong type")
        try:
            weights = {str(name): float(value) for name, value in record["weights"].items()}
            return cls(weights, record["n_edits"], tuple(map(str, record["fitted_on"])))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: field 'weights': {error}") from error


IDENTITY = Calibration()
"""Confidences are the model's own probabilities."""


def is_repair(edit: Edit) -> bool:
    """Return whether the edit needs no model: another spelling of the same letters or sign."""
    is_spelling = edit.after in SIGNS.values() or nfc(edit.before.translate(_REPAIRS)) == edit.after
    return edit.confidence == 1.0 and is_spelling


def features(text: str, edits: Sequence[Edit], background: Background = NO_BACKGROUND) -> list[tuple[float, ...]]:
    """Return the features (`FEATURES`) of each of the edits of `text`; arguments as for `Calibration.__call__`.

    `noise` is the logarithm of the share of the text that the other edits change, `document_noise` that of the share
    of the document's other words that look misread, both against those of a fairly clean text. A word is known or not
    only where it has three signs or more, one of them a letter; words are compared in the stretch from the white space
    before an edit to that behind it, white space as it would be if all edits were made. `is_foreign` says that the
    edit replaces a sign that no Kazakh word has, `recurrence` how often it is proposed elsewhere in the document. The
    context gain is by how much better the words of the stretch fit between the others, all other edits made; once
    more where they were known words before and after. A mark is not credited with what the letters before it gain: for
    it the word has its letters mended before and after. What is proposed nearby and elsewhere says another thing in a
    document that looks misread than in a clean one: two features are `noise` and `recurrence` times `document_noise`.
    `document_edits` is how often the document is expected to be changed elsewhere: a page that was read nearly without
    errors has some words that look misread, a single sentence may have one that only looks so.
    """
    n_proposed = sum(not is_repair(edit) for edit in edits)
    errors, chars = _NOISE_SLACK
    noise = math.log((max(n_proposed - 1, 0) + errors) / (len(text) + chars)) - _NOISE_AT_REST
    touched = [_stretch(text, edits, number) for number in range(len(edits))]
    shifts = accumulate((len(edit.after) - len(edit.before) for edit in edits), initial=0)
    stretches = [_own_stretch(*each) for each in zip(edits, touched, shifts, strict=False)]
    gains = _context_gains(apply_edits(text, edits), stretches, background.context)
    rows = []
    for edit, words, stretch, gain in zip(edits, touched, stretches, gains, strict=True):
        document_noise = background.profile.noise(but=words.before)
        row = _features(edit, stretch.before, stretch.after, (noise, document_noise), background.lexicon)
        known_gain = gain * row[_KNOWN_TO_KNOWN]
        recurrence = background.recurrence.elsewhere(edit)
        in_noise = (noise * document_noise, recurrence * document_noise)
        rows.append((*row, recurrence, gain, known_gain, *in_noise, background.recurrence.share_of_others(edit)))
    return rows


def _context_gains(text: str, stretches: Sequence[_Stretch], context: Fits | None) -> list[float]:
    """Return for each stretch of a corrected text by how much better it fits than what stood there, 0 if not known."""
    if context is None:
        return [0.0] * len(stretches)
    changes: list[tuple[int, int, str]] = []
    for place in stretches:
        # What mark ends a text only what comes after it could tell.
        signs = "" if text[place.end :].strip() else _LAST_SIGNS
        changes += [(place.start, place.end, words.rstrip(signs)) for words in (place.before, place.after)]
    fits = context(text, changes)
    gains = (after - before for before, after in zip(fits[::2], fits[1::2], strict=True))
    return [min(max(gain, -_GREATEST_CONTEXT_GAIN), _GREATEST_CONTEXT_GAIN) / _CONTEXT_SCALE for gain in gains]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Words as they stand and as they would if all edits were made, and where these are in the corrected text."""

    before: str
    after: str
    start: int
    end: int


def _stretch(text: str, edits: Sequence[Edit], number: int) -> _Stretch:
    """Return the words that an edit touches.

    Both pieces of a word that a line's end divides belong to it.

    Args:
        text: a window.
        edits: of it, from left to right.
        number: of the edit.
    """
    first = last = number
    start, end = edits[number].start, edits[number].end
    divisions = {place for match in DIVISION.finditer(text) for place in range(*match.span())}
    while start > 0 or first > 0:
        if first > 0 and edits[first - 1].end == start:
            if any(map(str.isspace, edits[first - 1].after)):
                break
            first -= 1
            start = edits[first].start
        elif start == 0 or (text[start - 1].isspace() and start - 1 not in divisions):
            break
        else:
            start -= 1
    while end < len(text) or last + 1 < len(edits):
        if last + 1 < len(edits) and edits[last + 1].start == end:
            if any(map(str.isspace, edits[last + 1].after)):
                break
            last += 1
            end = edits[last].end
        elif end == len(text) or (text[end].isspace() and end not in divisions):
            break
        else:
            end += 1
    own = [edit.moved(-start) for edit in edits[first : last + 1]]
    before, after = text[start:end], apply_edits(text[start:end], own)
    behind = "\n" if "\n" in text[end : end + 2] else ""  # it may divide a word
    shift = sum(len(edit.after) - len(edit.before) for edit in edits[:first])
    return _Stretch(before + behind, after + behind, start + shift, start + shift + len(after))


def _own_stretch(edit: Edit, stretch: _Stretch, shift: int) -> _Stretch:
    """Return the words that an edit is weighed with: for a mark those that it stands beside once all others are made.

    Args:
        edit: of a window.
        stretch: the words that it touches.
        shift: of its place by the edits before it.
    """
    if not _is_mark(edit):
        return stretch
    place = edit.start + shift - stretch.start
    before = stretch.after[:place] + edit.before + stretch.after[place + len(edit.after) :]
    return replace(stretch, before=before)


def _is_mark(edit: Edit) -> bool:
    """Return whether the edit changes signs alone, neither letters and digits nor only white space."""
    visible = "".join((edit.before + edit.after).split())
    return bool(visible) and not any(map(str.isalnum, visible))


def _features(
    edit: Edit, before: str, after: str, noise: tuple[float, float], lexicon: Lexicon | None
) -> tuple[float, ...]:
    was, now = _frequency(before, lexicon), _frequency(after, lexicon)
    is_known, stays_known = was is not None and was > -math.inf, now is not None and now > -math.inf
    is_word = was is not None and now is not None
    gain = now - was if was is not None and now is not None and is_known and stays_known else 0.0
    visible = "".join((edit.before + edit.after).split())
    return (
        1.0,
        _log_odds(edit.confidence),
        *noise,
        float(is_word and not is_known and stays_known),
        float(is_word and is_known and not stays_known),
        float(is_word and is_known and stays_known),
        gain / _FREQUENCY_SCALE,
        float(before[:1].isupper()),
        float(not visible and len(edit.after) < len(edit.before)),
        float(not visible and len(edit.after) > len(edit.before)),
        float(_is_mark(edit)),
        float(edit.before != edit.after and edit.before.lower() == edit.after.lower()),
        float(edit.before.lower().translate(RUSSIFIED) == edit.after.lower().translate(RUSSIFIED)),
        float(not edit.before),
        float(not edit.after),
        float(not _WORD_SIGNS.issuperset(edit.before)),
    )


def _frequency(stretch: str, lexicon: Lexicon | None) -> float | None:
    """Return the log frequency of the rarest word of `stretch`, -inf if one is unknown, None without words to know.

    A single letter beside other words is a piece of one, and no known word.
    """
    if lexicon is None:
        return None
    stretch = whole_or_compound(stretch, lexicon.__contains__)
    whole = (word.text.lower() for word in words_of(stretch) if not word.is_divided)
    words = [word for word in whole if any(map(str.isalpha, word))]
    if len(words) > 1 and any(len(word) == 1 for word in words):
        return -math.inf
    long = [word for word in words if len(word) >= _LEAST_WORD_CHARS]
    return min((lexicon.log_frequency(word) if word in lexicon else -math.inf for word in long), default=None)


def fit(
    rows: Sequence[Sequence[float]],
    is_right: Sequence[bool],
    fitted_on: Sequence[str] = (),
    importance: Sequence[float] | None = None,
) -> Calibration:
    """Return the calibration that makes the outcomes likeliest.

    Newton's method on the log likelihood with a weak normal prior around the identity (precision 1), so that few
    edits move it little; no edits at all give weights that leave the model's probabilities as they are.

    Args:
        rows: the features of each edit.
        is_right: as many outcomes.
        fitted_on: names for the record.
        importance: what each edit counts, positive; 1 without it.
    """
    x = np.array(rows, dtype=np.float64).reshape(len(rows), len(FEATURES))
    y = np.array(is_right, dtype=np.float64)
    counts = np.ones_like(y) if importance is None else np.array(importance, dtype=np.float64)
    prior = np.array([float(name == "log_odds") for name in FEATURES])
    weights = prior.copy()

    def loss(w: Any) -> float:
        z = x @ w
        return float(np.sum(counts * (np.logaddexp(0.0, z) - y * z)) + _PRIOR_PRECISION / 2 * np.sum((w - prior) ** 2))

    for _ in range(_N_STEPS):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (counts * (p - y)) + _PRIOR_PRECISION * (weights - prior)
        curvature = x.T @ (x * (counts * p * (1 - p))[:, None]) + _PRIOR_PRECISION * np.eye(len(FEATURES))
        step = np.linalg.solve(curvature, gradient)
        scale = 1.0
        while scale > _EDGE and loss(weights - scale * step) > loss(weights):
            scale /= 2
        weights = weights - scale * step
        if float(np.abs(step).max()) < _EDGE:
            break
    fitted = {name: round(float(weight), 6) for name, weight in zip(FEATURES, weights, strict=True)}
    fitted["log_odds"] = max(fitted["log_odds"], _LEAST_SLOPE)
    return Calibration(fitted, len(rows), tuple(fitted_on))


def _log_odds(probability: float) -> float:
    p = min(max(probability, _EDGE), 1 - _EDGE)
    return math.log(p / (1 - p))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
