"""Words that a line's end divided, in text whose lines were joined since: «тәуел- сіздік» becomes «тәуелсіздік».

What stands there may be a divided word, a word with a hyphen of its own («қарым- қатынас») or two words with a dash
between that lost a space; where no space stands behind the hyphen («тәуел-сіздік»), it is most often the word's own. A
text model says which is likeliest, letter by letter, and `kzocr.lines.hyphens` adds what it knows of hyphens at the
ends of lines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kzocr.edits import Edit
from kzocr.language.text_model import TextModel
from kzocr.lines.hyphens import CERTAIN, Vocabulary, word_odds
from kzocr.lines.reflow import HYPHENS, SOFT_HYPHENS, DividedWord
from kzocr.text import LETTERS

CONFIDENCE_DIVIDED = 0.99
"""Of each space that goes, alone or with its hyphen; `scripts/measure_spacing.py` measures it."""

LEAST_GAIN, LEAST_GAIN_APART = 2.0, 8.0
"""By how many nats the text has to be likelier than with a dash; the latter if there is a space in front as well, where
no hyphen is taken for a word's own: who writes «бір - бірі» means it."""

LEAST_GAIN_WITHIN = 10.0
"""By how many it has to be likelier than with the hyphen that stands in a word without a space; the word is known."""

COST_OF_WORDS = 6.0
"""So much likelier yet if both parts are words and the whole is none."""

_LEAST_PART, _LONGEST_PART = 2, 30
_LEAST_CAPITALS = 6
"""Letters of a word in capitals; shorter ones are abbreviations."""

_WAYS = ("", "-", " - ", " – ")
_LETTER = r"[^\W\d_]"
_DIVISION = re.compile(rf"(?<=[^\W_])(?: [{HYPHENS}] |[{HYPHENS}] ?|[{SOFT_HYPHENS}] )(?={_LETTER})")
_HEAD, _TAIL = re.compile(rf"(?:{_LETTER}+|\d+)\Z"), re.compile(rf"{_LETTER}+")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a word may be divided.

    Attributes:
        start: its hyphen, or the space in front of that, in characters of the text.
        end: one past the space behind the hyphen.
        word: the two parts.
    """

    start: int
    end: int
    word: DividedWord


def divisions(text: str, text_model: TextModel, is_known: Callable[[str], bool]) -> list[Edit]:
    """Return the edits that close up the divided words of `text`, from left to right.

    Args:
        text: any string; line ends are left as they are.
        text_model: says how likely letters and spaces are.
        is_known: says whether a word in lower case is one.
    """
    places = list(_places(text))
    if not places:
        return []
    with_space = [place for place in places if text[place.end - 1] == " "]
    vocabulary, of_hyphens = Vocabulary(_without(text, with_space)), Vocabulary(_without(text, places))
    gains = iter(text_model.gains(text, [(place.start, place.end, way) for place in places for way in _WAYS]))
    edits = []
    for place, joined, hyphenated, *parted in zip(places, gains, gains, gains, gains, strict=True):
        gap, word = text[place.start : place.end], place.word
        own_odds = word_odds(word, vocabulary if gap[-1] == " " else of_hyphens)
        joined -= _cost(word, is_known, has_space=gap[-1] == " ")
        after = _after(gap, own_odds, joined - max(parted), hyphenated - max(parted))
        if after is not None:
            edits.append(Edit(place.start, place.end, gap, after, CONFIDENCE_DIVIDED))
    return edits


def _cost(word: DividedWord, is_known: Callable[[str], bool], *, has_space: bool) -> float:
    """Return by how many nats more one word has to be likelier: none if it is known or, with a space, a part is not."""
    left, right = word.left.lower(), word.right.lower()
    if is_known(left + right):
        return 0.0
    if not has_space:
        return math.inf
    return COST_OF_WORDS if is_known(left) and is_known(right) else 0.0


def _after(gap: str, own_odds: float, joined: float, hyphenated: float) -> str | None:
    """Return what should stand between the parts of a word, `None` if they are two words with a dash between.

    Args:
        gap: what stands there.
        own_odds: log odds that a hyphen is the word's own.
        joined: by how many nats the text is likelier without hyphen and space than with a dash.
        hyphenated: the same with the hyphen alone.
    """
    if any(sign in SOFT_HYPHENS for sign in gap):
        return ""
    is_certain = own_odds >= CERTAIN
    keeps_hyphen = is_certain or own_odds + hyphenated - joined > 0
    if gap[-1] != " ":
        return "" if own_odds < 0 and joined - hyphenated >= LEAST_GAIN_WITHIN else None
    if gap[0] == " ":
        return "" if not keeps_hyphen and joined >= LEAST_GAIN_APART else None
    if not is_certain and (hyphenated if keeps_hyphen else joined) < LEAST_GAIN:
        return None
    return gap[0] if keeps_hyphen else ""


def _without(text: str, places: Sequence[_Place]) -> str:
    """Return `text` with a space for every word that may be divided, so that its parts do not pass for words."""
    spans = ((place.start - len(place.word.left), place.end + len(place.word.right)) for place in places)
    kept, position = [], 0
    for start, end in spans:
        kept.append(text[position : max(start, position)])
        position = end
    return " ".join([*kept, text[position:]])


def _places(text: str) -> Iterator[_Place]:
    """Yield where words may be divided: between two parts in small letters, but for the first, or in capitals.

    A number may be the first part of a word («1990- жылы»), whose hyphen is always its own.
    """
    for match in _DIVISION.finditer(text):
        start, end = match.span()
        head, tail = (
            _HEAD.search(text, max(0, start - _LONGEST_PART), start),
            _TAIL.match(text, end, end + _LONGEST_PART),
        )
        if head is None or tail is None:
            continue
        left, right = head.group(), tail.group()
        is_word = LETTERS.issuperset(left + right) and min(len(left), len(right)) >= _LEAST_PART
        is_number = left.isdigit() and LETTERS.issuperset(right)
        in_capitals = (left + right).isupper() and len(left + right) >= _LEAST_CAPITALS
        if (is_word or is_number) and (right.islower() or in_capitals):
            yield _Place(start, end, DividedWord(left, right, "", ""))
