"""When to leave text alone: the thresholds of what is declined, and the reasons, each one counted.

Line breaks, indentation, tabs and characters that the model cannot read are always kept; `Guards` sets the rest, and
`kzocr.correction.refusals` has the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

WindowReason = Literal["unfinished", "invalid", "length", "repeats", "changed"]
"""Why a window was kept: no end of sequence; bytes that are no text; it grew or shrank; it repeats; it
changed too much."""

EditReason = Literal[
    "lines",
    "space",
    "unreadable",
    "digits",
    "address",
    "latin",
    "russian",
    "quote",
    "end",
    "skipped",
    "invented",
    "mark",
    "join",
    "lone",
    "confidence",
    "overlap",
    "oscillates",
]
"""Why an edit was refused: it touches a line break; indentation, a tab, the spaces at a line's end or all of
the line; a character that the model cannot read, or that cannot be printed; a digit, a number or the sign at its
side; an address; a Latin word; a Russian passage; it puts one quotation mark for another, or another mark where the
text ends; letters of the input would be skipped, an initial before a name among them, or others come from nowhere;
it makes a letter of an exclamation mark that ends a sentence, or one word of two, or is the only one far and wide, and
is not sure enough of it; its confidence is too low; an edit of the window before stands there; a later pass would take
it back."""

WINDOW_REASONS: tuple[WindowReason, ...] = get_args(WindowReason)
EDIT_REASONS: tuple[EditReason, ...] = get_args(EditReason)


@dataclass(frozen=True)
class Guards:
    """What the corrector declines; every refusal is counted in `Correction.kept`.

    Attributes:
        min_confidence: edits below this confidence (0 to 1) are refused; at 0.5 of a calibrated model those that harm
            likelier than they help.
        min_lone_confidence: an edit of a document in which little else is expected to be wrong
            (`Recurrence.are_lone`) needs this confidence, if the model is a calibrated one: such a document may be
            clean, and a clean text should stay as it is. What `min_confidence` refuses it does not let through.
        max_changed_fraction: a window is kept if more than this share of its visible characters would change;
            a look-alike from another alphabet (Latin o for Cyrillic о) counts as no change.
        min_length_ratio: a window is kept if fewer than this share of its visible characters would be left.
        max_length_ratio: a window is kept if it would grow beyond this many times its visible characters.
        keep_repeats: a window is kept if the model repeats itself, four times in a row or more, where the
            input does not.
        keep_end: where the text ends no mark is added, taken or put for another one: what follows, which would tell,
            is missing.
        keep_digits: a digit changes only inside a word of letters, where it is a look-alike of a letter
            (0 for О, 3 for З, 1 for і, 6 for б, 4 for ч, 8 for В, 9 for Ө at its start and for an italic д between
            letters); none is added; numbers stay in one piece and keep §, №, % and ° at their side.
        mend_question_marks: 2 or 9 right behind the last letter of a word may become a question mark, which
            Tesseract reads so, whatever the sentence; by default only where the sentence asks (ма, не, кім …) and ends
            there, since it may be a footnote's number.
        keep_addresses: URLs, e-mail addresses, domain names, @names and #tags stay.
        keep_latin: words in Latin letters stay. Engines print many a Kazakh word in Latin letters, though (icin for
            ісін), so a word is open to change if it has only letters that are printed for Cyrillic ones, stands beside
            no certainly Latin word, and bears a sign of being misread: i, I or F, a capital behind a small letter, a
            digit or a sign like ^ at its side. Any other is changed as a whole or not at all, only together with those
            beside it, and only from `min_latin_confidence` on; Roman numerals and formulas never are.
        keep_russian: passages in Russian stay (`kzocr.language.russian`); of a single Russian word nobody can be sure.
        keep_quotes: a quotation mark is not exchanged for another one (" for “): which of them was printed, the text
            does not say.
        max_lost_letters: if edits that stand within two characters of each other together lose more letters and digits
            than this, those of them that lose any are refused: a model that skips a passage of the input. Specks and
            split letters (ьі for ы, LLI for Ш) lose fewer. An edit that replaces more Cyrillic letters in a row than
            this is refused too: no engine misreads so many, a model that goes on elsewhere prints another word.
        max_added_letters: the same for letters that they add; over a long stretch they may add half as many as it has
            characters.
        min_mark_confidence: an exclamation mark behind a letter becomes a letter (engines for Russian read і as
            one) only from this confidence on where it may well be one: before a line end, a closing quote, a dash,
            or a space and a capital.
        min_join_confidence: two words of at least two letters each become one only from this confidence on.
        min_latin_confidence: a word in Latin letters that bears no sign of being misread becomes one in Cyrillic
            letters (iminge for ішінде) only from this confidence on, and only if the model is a calibrated one or
            this is 0.
    """

    min_confidence: float = 0.5
    min_lone_confidence: float = 0.9
    max_changed_fraction: float = 0.5
    min_length_ratio: float = 0.6
    max_length_ratio: float = 1.4
    keep_repeats: bool = True
    keep_digits: bool = True
    mend_question_marks: bool = False
    keep_addresses: bool = True
    keep_latin: bool = True
    keep_russian: bool = True
    keep_quotes: bool = True
    keep_end: bool = True
    max_lost_letters: int = 3
    max_added_letters: int = 3
    min_mark_confidence: float = 0.95
    min_join_confidence: float = 0.6
    min_latin_confidence: float = 0.8

    def __post_init__(self) -> None:
        for name in (
            "min_confidence",
            "min_lone_confidence",
            "max_changed_fraction",
            "min_length_ratio",
            "min_mark_confidence",
            "min_join_confidence",
            "min_latin_confidence",
        ):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must be between 0 and 1, not {value}")
        for name in ("max_lost_letters", "max_added_letters"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, not {getattr(self, name)}")
        if self.max_length_ratio < 1:
            raise ValueError(f"max_length_ratio must be at least 1, not {self.max_length_ratio}")
