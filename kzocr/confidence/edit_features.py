"""What an edit is weighed by: numbers of the edit, the words that it touches, and the document that it is from.

A model that has learnt from damaged text is too sure of itself on clean text. What it cannot know, a few numbers can:
whether much else is wrong nearby and in the document, whether the words are known before and after, whether engines
take the one for the other, how well the words fit, how often it is proposed in the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from kzocr.confidence.recurrence import NO_RECURRENCE, Recurrence
from kzocr.edits import Edit, apply_edits
from kzocr.inference.doubts import DIVISION, whole_or_compound
from kzocr.inference.views import SIGNS
from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import NO_MISREADINGS, Misreadings
from kzocr.language.text_model import TextModel
from kzocr.spelling.alternatives import Fits, words_of
from kzocr.spelling.profile import NO_PROFILE, Profile
from kzocr.text import FOREIGN_LETTERS, LETTERS, RUSSIFIED, nfc

FEATURES = (
    "log_odds",
    "noise",
    "document_noise",
    "document_edits",
    "recurrence",
    "context_gain",
    "text_gain",
    "letters_gain",
    "misreading",
    "frequency_before",
    "frequency_after",
    "strangeness",
    "known_start",
    "is_capitalised",
    "is_split",
    "is_mark",
    "same_shape",
    "is_insertion",
    "is_deletion",
    "is_foreign",
)
"""What an edit is weighed by, in the order of `features`."""

INCREASING = frozenset({"log_odds", "recurrence", "context_gain", "text_gain", "letters_gain", "frequency_after"})
"""Where one of these rises, an edit cannot become less likely to help."""

UNKNOWN = -20.0
"""Log frequency of a word that the lexicon lacks."""

NO_WORD = 1.0
"""Log frequency where there is no word to know."""

_EDGE = 1e-6
_NOISE_AT_REST = math.log(0.02)
_NOISE_SLACK = (0.5, 20)
_LAST_SIGNS = ' \n.,:;!?…-–—»”"'
_GREATEST_CONTEXT_GAIN = 12.0
_GREATEST_GAIN = 25.0
_LEAST_WORD_CHARS = 3
_REPAIRS = str.maketrans({**FOREIGN_LETTERS, "¬": ""})
_WORD_SIGNS = LETTERS | frozenset("- \t\n\r\u00a0")


@dataclass(frozen=True)
class Background:
    """What is known beyond a stretch of text when its edits are weighed.

    Attributes:
        lexicon: the known words; without one the features of words say nothing.
        context: says how well words fit into a text; without it that gain is 0.
        text_model: says how likely a text is, letter by letter; without it that gain is 0.
        usual: what engines take for what.
        profile: of the document that the stretch is from.
        recurrence: of all that is proposed in that document.
    """

    lexicon: Lexicon | None = None
    context: Fits | None = None
    text_model: TextModel | None = None
    usual: Misreadings = NO_MISREADINGS
    profile: Profile = NO_PROFILE
    recurrence: Recurrence = NO_RECURRENCE

    def of(self, profile: Profile, recurrence: Recurrence) -> Background:
        """Return this for a document."""
        return replace(self, profile=profile, recurrence=recurrence)


NO_BACKGROUND = Background()
"""Nothing is known but the stretch itself."""


def is_repair(edit: Edit) -> bool:
    """Return whether the edit needs no model: another spelling of the same letters or sign."""
    is_spelling = edit.after in SIGNS.values() or nfc(edit.before.translate(_REPAIRS)) == edit.after
    return edit.confidence == 1.0 and is_spelling


def features(text: str, edits: Sequence[Edit], background: Background = NO_BACKGROUND) -> list[tuple[float, ...]]:
    """Return the features (`FEATURES`) of each of the edits of `text`.

    `noise` is the logarithm of the share of the text that the other edits change, `document_noise` that of the share
    of the document's other words that look misread, both against those of a fairly clean text. `document_edits` is how
    often the document is expected to be changed elsewhere, `recurrence` how often this edit is proposed elsewhere in
    it: a page that was read nearly without errors has some words that look misread, a single sentence may have one that
    only looks so.

    Words are compared in the stretch from the white space before an edit to that behind it, white space as it would be
    if all edits were made. The gains say by how many nats the words after fit better between the others (context),
    make the text likelier (text model), and follow each other as the letters of words do; `misreading` is the log
    probability that engines take the words after for those before; the frequencies are those of the rarest word of
    three letters or more, as logarithms (`UNKNOWN`, `NO_WORD`); `strangeness` is the log probability of a letter of
    the words before, `known_start` the share of them that the longest start which is a known word makes up. A mark is
    not credited with what the letters before it gain: for it the word has its letters mended before and after.
    `is_foreign` says that the edit replaces a sign that no Kazakh word has.

    Args:
        text: a window.
        edits: all that would be changed in it, from left to right, with the model's own probabilities.
        background: of the window.
    """
    n_proposed = sum(not is_repair(edit) for edit in edits)
    errors, chars = _NOISE_SLACK
    noise = math.log((max(n_proposed - 1, 0) + errors) / (len(text) + chars)) - _NOISE_AT_REST
    touched = [_stretch(text, edits, number) for number in range(len(edits))]
    shifts = accumulate((len(edit.after) - len(edit.before) for edit in edits), initial=0)
    stretches = [_own_stretch(*each) for each in zip(edits, touched, shifts, strict=False)]
    corrected = apply_edits(text, edits)
    context_gains = _context_gains(corrected, stretches, background.context)
    text_gains = _text_gains(corrected, stretches, background.text_model)
    return [
        (
            _log_odds(edit.confidence),
            noise,
            background.profile.noise(but=words.before),
            background.recurrence.share_of_others(edit),
            background.recurrence.elsewhere(edit),
            context_gain,
            text_gain,
            *_word_features(stretch, background),
            *_kind(edit, stretch.before),
        )
        for edit, words, stretch, context_gain, text_gain in zip(
            edits, touched, stretches, context_gains, text_gains, strict=True
        )
    ]


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
    return [_within(gain, _GREATEST_CONTEXT_GAIN) for gain in gains]


def _text_gains(text: str, stretches: Sequence[_Stretch], text_model: TextModel | None) -> list[float]:
    """Return for each stretch of a corrected text by how much likelier it is than with what stood there."""
    if text_model is None:
        return [0.0] * len(stretches)
    losses = text_model.gains(text, [(place.start, place.end, place.before) for place in stretches])
    return [_within(-loss, _GREATEST_GAIN) for loss in losses]


def _within(value: float, greatest: float) -> float:
    return min(max(value, -greatest), greatest)


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


def _word_features(stretch: _Stretch, background: Background) -> tuple[float, ...]:
    """Return what the lexicon and the usual misreadings say of the words before and after."""
    before, after = stretch.before.strip().lower(), stretch.after.strip().lower()
    usual = background.usual.log_probability(printed=after, read=before) if before and after else 0.0
    lexicon = background.lexicon
    if lexicon is None:
        return 0.0, usual, NO_WORD, NO_WORD, 0.0, 0.0
    was, now = ("".join(filter(str.isalpha, words)) for words in (before, after))
    likely_was, likely_now = (lexicon.letters.log_probability(word) if word else 0.0 for word in (was, now))
    return (
        _within(likely_now - likely_was, _GREATEST_GAIN),
        usual,
        _frequency(stretch.before, lexicon),
        _frequency(stretch.after, lexicon),
        likely_was / max(len(was), 1),
        lexicon.known_start(was),
    )


def _kind(edit: Edit, before: str) -> tuple[float, ...]:
    """Return what kind of change an edit is."""
    visible = "".join((edit.before + edit.after).split())
    return (
        float(before[:1].isupper()),
        float(not visible and len(edit.after) > len(edit.before)),
        float(_is_mark(edit)),
        float(edit.before.lower().translate(RUSSIFIED) == edit.after.lower().translate(RUSSIFIED)),
        float(not edit.before),
        float(not edit.after),
        float(not _WORD_SIGNS.issuperset(edit.before)),
    )


def _frequency(stretch: str, lexicon: Lexicon) -> float:
    """Return the log frequency of the rarest word of `stretch`, `UNKNOWN` or `NO_WORD`.

    A single letter beside other words is a piece of one, and no known word.
    """
    stretch = whole_or_compound(stretch, lexicon.__contains__)
    whole = (word.text.lower() for word in words_of(stretch) if not word.is_divided)
    words = [word for word in whole if any(map(str.isalpha, word))]
    if len(words) > 1 and any(len(word) == 1 for word in words):
        return UNKNOWN
    long = [word for word in words if len(word) >= _LEAST_WORD_CHARS]
    return min((lexicon.log_frequency(word) if word in lexicon else UNKNOWN for word in long), default=NO_WORD)


def _log_odds(probability: float) -> float:
    p = min(max(probability, _EDGE), 1 - _EDGE)
    return math.log(p / (1 - p))
