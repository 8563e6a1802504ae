"""Words of a model's output that may be other ones, with what else they could be and what the model thinks of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

DIVISION = re.compile(r"[-¬\u00ad][ \t]*\n[ \t]*")
"""What stands between the two pieces of a word that a line's end divides."""

_DIVIDED = re.compile(rf"([^\W\d_]+){DIVISION.pattern}([^\W\d_]+)")


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another spelling for a stretch of a text.

    Attributes:
        start: first character of the stretch.
        end: one past its last character.
        before: the stretch.
        after: the known word, or words, in the case of the stretch.
        distance: edits between the two.
        log_frequency: natural logarithm of the word's share of all words; of two words the rarer one's.
        is_capitalised: whether the stretch begins with a capital: a name, perhaps.
        is_known: whether the stretch is a known word too.
        is_second: whether the model itself would have printed it, had it chosen another byte where it hesitated.
        is_unknown: whether `after` is no known word; only a second choice may be none.
        log_frequency_before: its own log frequency if it is, else 0.
        left: the word in front of the stretch in lower case, "" at the start of the text.
        right: the word behind it.
        text_gain: by how many nats the text is likelier with it (`kzocr.language.text_model`), 0 where nothing says so.
        context_fit: how well the words behind `after` fit between the others (`kzocr.spelling.context_model`), nats; 0
            where nothing says so.
        context_fit_before: the same of the stretch itself.
    """

    start: int
    end: int
    before: str
    after: str
    distance: int
    log_frequency: float
    is_capitalised: bool
    is_known: bool = False
    is_second: bool = False
    is_unknown: bool = False
    log_frequency_before: float = 0.0
    left: str = ""
    right: str = ""
    text_gain: float = 0.0
    context_fit: float = 0.0
    context_fit_before: float = 0.0

    @property
    def words_before(self) -> str:
        """The stretch in lower case and without the hyphen and the line's end inside a word."""
        return whole_words(self.before)

    @property
    def words_after(self) -> str:
        """The known word, or words, in lower case and in one piece."""
        return whole_words(self.after)

    @property
    def is_divided(self) -> bool:
        """Whether a line's end divides the word."""
        return "\n" in self.before


def whole_words(text: str) -> str:
    """Return `text` in lower case, words that a line's end divides in one piece: «өнді-\\nріс» is өндіріс."""
    return DIVISION.sub("", text).lower()


def whole_or_compound(text: str, is_known: Callable[[str], bool]) -> str:
    """Return `text` with the words that a line's end divides in one piece, or in two where that makes known words.

    Args:
        text: some words.
        is_known: says whether a word in lower case is known.
    """

    def undivided(match: re.Match[str]) -> str:
        left, right = match.group(1, 2)
        is_compound = not is_known((left + right).lower()) and is_known(left.lower()) and is_known(right.lower())
        return f"{left} {right}" if is_compound else left + right

    return _DIVIDED.sub(undivided, text)


@dataclass(frozen=True)
class Evidence:
    """An alternative and what the model says of it.

    Attributes:
        alternative: the other spelling.
        gain: by how much likelier the model finds it than what it printed, in nats; mostly negative.
    """

    alternative: Alternative
    gain: float


@dataclass(frozen=True)
class DoubtfulWord:
    """A word of an output that may be another one, or two words that may belong together.

    Attributes:
        evidence: one for each alternative; at least one.
        unknown_share: share of the other words of the window that the lexicon does not know, 0 to 1.
    """

    evidence: tuple[Evidence, ...]
    unknown_share: float
