"""Words that the lexicon does not know, or the model doubts -> known spellings of them, to be judged by the model.

A small model copies what it is not sure of. Where its output holds a string that is no known word, the known words
spelt nearly like it are worth a second look: misread letters, a space inside a word, two words run together. So are
the neighbours of a known word that is rare, or that the model itself was not sure of. Nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kzocr.doubts import Alternative
from kzocr.lexicon import Lexicon
from kzocr.misreadings import NO_MISREADINGS, Misreadings
from kzocr.text import LETTERS

MAX_ALTERNATIVES = 8
"""Known words that are looked at for one unknown one."""

RARE = 1
"""Known words that were seen no more often are looked at as well: a misprint may stand among them."""

_DISTANCE_COST = 2.5
_MISREADING_COST = 0.5
_CANDIDATES = 6 * MAX_ALTERNATIVES
"""The nearest words are chosen by the logarithm of their frequency, less so much for each edit; these are then ranked
by it, less so much for each nat by which what was misread is unusual."""

_LEAST_CHARS = 3
_LEAST_PART_CHARS = 2
_TOKEN = re.compile(r"\S+")
_OUTER = ".,:;!?…()[]{}<>«»\"'“”„‘’–—-_|*^~`"
_ASCII_LETTER = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Word:
    """A token's letters: where they are, and whether a line's end divides the word."""

    start: int
    end: int
    text: str
    is_divided: bool


def words_of(text: str) -> Iterator[Word]:
    """Yield the words of `text` without the punctuation around them; both parts of hyphenated ones are words."""
    after_hyphen = False
    for token in _TOKEN.finditer(text):
        rest = text[token.end() : token.end() + 2]
        ends_divided = token.group().endswith(("-", "¬", "\u00ad")) and "\n" in rest
        start = token.start()
        pieces = re.split("(-)", token.group())
        for number, piece in enumerate(pieces):
            core = piece.strip(_OUTER)
            if core:
                place = start + piece.index(core)
                is_first, is_last = number == 0, number >= len(pieces) - 3
                divided = (is_first and after_hyphen) or (is_last and ends_divided)
                yield Word(place, place + len(core), core, divided)
            start += len(piece)
        after_hyphen = ends_divided


def unknown_share(text: str, lexicon: Lexicon) -> float:
    """Return the share of the words of `text` that `lexicon` does not know, 0 for a text without words.

    Words that a line's end divides, short ones and ones without Kazakh letters are not counted.
    """
    words = [word for word in words_of(text) if is_whole_word(word)]
    return sum(word.text.lower() not in lexicon for word in words) / len(words) if words else 0.0


def alternatives(
    text: str,
    lexicon: Lexicon,
    is_doubtful: Callable[[int, int], bool] = lambda start, end: False,
    usual: Misreadings = NO_MISREADINGS,
) -> list[Alternative]:
    """Return what else the unknown words of `text`, and the rare and doubtful ones, could be, from left to right.

    Args:
        text: what a model printed for a window.
        lexicon: the known words.
        is_doubtful: says of a stretch (first character, one past the last) that the model was not sure of it.
        usual: what engines take for what, to choose the likely ones of many.
    """
    words = list(words_of(text))
    found: list[Alternative] = []
    for index, word in enumerate(words):
        if not is_whole_word(word):
            continue
        if word.text.lower() in lexicon:
            if lexicon.counts[word.text.lower()] <= RARE or is_doubtful(word.start, word.end):
                found += _between(words, index, index, _respelt_known(word, lexicon))
            continue
        candidates = _between(words, index, index, [*_respelt(word, lexicon), *_split(word, lexicon)])
        for left, right in ((index - 1, index), (index, index + 1)):
            if left >= 0 and right < len(words):
                candidates += _between(words, left, right, _joined(text, words[left], words[right], lexicon))
        candidates.sort(key=lambda item: _DISTANCE_COST * item.distance - item.log_frequency)
        found += sorted(candidates[:_CANDIDATES], key=partial(_cost, usual=usual))[:MAX_ALTERNATIVES]
    return found


def _cost(item: Alternative, usual: Misreadings) -> float:
    """Return how little there is to say for an alternative before a model has seen it."""
    return -_MISREADING_COST * usual.log_probability(printed=item.after, read=item.before) - item.log_frequency


def _between(words: Sequence[Word], first: int, last: int, items: Iterable[Alternative]) -> list[Alternative]:
    """Return the alternatives for the words from `first` to `last` with the words around these."""
    left = words[first - 1].text.lower() if first > 0 else ""
    right = words[last + 1].text.lower() if last + 1 < len(words) else ""
    return [replace(item, left=left, right=right) for item in items]


def is_whole_word(word: Word) -> bool:
    """Return whether a second look at `word` makes sense: Kazakh, whole, and long enough to be recognised."""
    return (
        len(word.text) >= _LEAST_CHARS
        and not word.is_divided
        and 2 * sum(character in LETTERS for character in word.text) > len(word.text)
        and not any(character.isdigit() for character in word.text)
        and not _ASCII_LETTER.search(word.text)
    )


def _respelt(word: Word, lexicon: Lexicon) -> Iterator[Alternative]:
    length = len(word.text)
    max_distance = 1 if length <= 4 else 2 if length <= 8 else 3
    for known, distance in lexicon.near(word.text.lower(), max_distance):
        yield _alternative(word.start, word.end, word.text, known, distance, lexicon.log_frequency(known))


def _respelt_known(word: Word, lexicon: Lexicon) -> list[Alternative]:
    """Return the most usual known words that are one edit away from a known one."""
    lower = word.text.lower()
    near = lexicon.near(lower, 1)[:MAX_ALTERNATIVES]
    before = lexicon.log_frequency(lower)
    plain = (_alternative(word.start, word.end, word.text, known, 1, lexicon.log_frequency(known)) for known, _ in near)
    return [replace(item, is_known=True, log_frequency_before=before) for item in plain]


def _split(word: Word, lexicon: Lexicon) -> Iterator[Alternative]:
    lower = word.text.lower()
    for place in range(_LEAST_PART_CHARS, len(lower) - _LEAST_PART_CHARS + 1):
        left, right = lower[:place], lower[place:]
        if left in lexicon and right in lexicon:
            frequency = min(lexicon.log_frequency(left), lexicon.log_frequency(right))
            yield _alternative(word.start, word.end, word.text, f"{left} {right}", 1, frequency)


def _joined(text: str, left: Word, right: Word, lexicon: Lexicon) -> Iterator[Alternative]:
    between = text[left.end : right.start]
    if between.strip(" ") or "\n" in between or not between or left.is_divided or right.is_divided:
        return
    known = (left.text + right.text).lower()
    if known in lexicon:
        before = text[left.start : right.end]
        yield _alternative(left.start, right.end, before, known, len(between), lexicon.log_frequency(known))


def _alternative(start: int, end: int, before: str, known: str, distance: int, log_frequency: float) -> Alternative:
    is_capitalised = before[:1].isupper()
    after = known
    if is_capitalised:
        letters = [character for character in before if character.isalpha()]
        shouting = len(letters) > 1 and all(character.isupper() for character in letters)
        after = known.upper() if shouting else known[:1].upper() + known[1:]
    return Alternative(start, end, before, after, distance, log_frequency, is_capitalised)
