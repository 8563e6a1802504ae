"""Words of a model's output that may be other ones, with what else they could be and what the model thinks of it."""

from __future__ import annotations

from dataclasses import dataclass


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
        log_frequency_before: its own log frequency if it is, else 0.
        left: the word in front of the stretch in lower case, "" at the start of the text.
        right: the word behind it.
    """

    start: int
    end: int
    before: str
    after: str
    distance: int
    log_frequency: float
    is_capitalised: bool
    is_known: bool = False
    log_frequency_before: float = 0.0
    left: str = ""
    right: str = ""


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
        unknown_share: share of the window's words that the lexicon does not know, 0 to 1.
    """

    evidence: tuple[Evidence, ...]
    unknown_share: float
