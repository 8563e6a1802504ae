"""Signs that stand for Kazakh letters throughout a document: «?аза?стан», «т³л», «(cid:12)ала».

A text layer shows such signs where its font does not say what its letters are, and so does text that went through an
encoding without them: those letters that Russian lacks. A sign stands for one of them or for all. A text model finds,
letter by letter in a beam search, what makes the likeliest words of those that have the sign, and it is believed if
most of these are known ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import digits

from kzocr.edits import Edit
from kzocr.language.text_model import TextModel
from kzocr.preparation.capitals import begins_sentence
from kzocr.text import FOREIGN_LETTERS, KAZAKH_SPECIFIC_LOWER, LETTERS, LOWER

CONFIDENCE_DECIPHERED = 0.95
"""Of each letter; `scripts/measure_spacing.py` measures it."""

LEAST_PLACES = 3
"""Places within words where a sign stands, at least, with letters on both sides."""

LEAST_WITHIN = 0.25
"""Share of all places where it stands: a question mark stands behind words."""

LEAST_WORDS = 3
"""Different words that have it."""

LEAST_KNOWN = 0.6
"""Share of these words that are known ones once they have letters in its place."""

LEAST_SHARE = 0.85
"""A sign stands for one letter if it does so in this share of the words that became known ones."""

MOST_WORDS = 400
"""So many different words show what a sign stands for."""

MOST_PIECES = 40
"""Letters and signs of the longest word that is looked at."""

BEAM = 24
"""Ways to read the start of a word that are kept."""

_CONTEXT = 16
_ALL = "".join(sorted(LETTERS))
_USUAL = re.escape('-‐‑–—.,:"«»„“”_…№·\u00ad¬' + "".join(sorted(FOREIGN_LETTERS)))
_SIGN = rf"\(cid:\d+\)|[^\sA-Za-z{_ALL}{_USUAL}]"
_PIECE = re.compile(rf"[{_ALL}]|{_SIGN}")
_WORD = re.compile(f"(?:{_PIECE.pattern})+")
_WITHIN = re.compile(rf"(?<=[{_ALL}])(?:{_SIGN})(?=[{_ALL}])")
_CUBIC = re.compile(r"[кдсм]?м[²³]")
_INVISIBLE = frozenset(("Mn", "Cf", "Cs"))
_MARKS = frozenset("?*")
_MORE_MARKS = frozenset(".,;:!»)")
_SPACE = re.compile(r"[ \t]+")

Options = Mapping[str, str]
"""Sign -> the letters that it may stand for."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word with signs.

    Attributes:
        start: its first character in the text.
        pieces: its letters and signs.
    """

    start: int
    pieces: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The same in small letters."""
        return tuple(piece.lower() for piece in self.pieces)


def deciphered(text: str, text_model: TextModel, is_known: Callable[[str], bool]) -> list[Edit]:
    """Return the edits that put letters for the signs that stand for them, from left to right.

    Args:
        text: any string.
        text_model: says how likely letters are.
        is_known: says whether a word in lower case is one.
    """
    small = text.lower()
    places = Counter(match.group().lower() for match in _WITHIN.finditer(text))
    signs = [sign for sign, n in places.items() if _may_be_letter(sign, n, small.count(sign))]
    if not signs:
        return []
    words = list(_words(text, signs))
    reader = _Reader(text_model, is_known)
    options = reader.options([word.key for word in words], signs)
    keys = {word.key for word in words if not options.keys().isdisjoint(word.key)}
    readings = {key: reader.read(key, options) for key in keys}
    return [
        edit
        for word in words
        if word.key in readings
        for edit in _edits(text, word, readings[word.key], options, reader)
    ]


def _may_be_letter(sign: str, n_within: int, n_everywhere: int) -> bool:
    """Return whether a sign stands within words so often that it may be a letter."""
    is_often = n_within >= max(LEAST_PLACES, LEAST_WITHIN * n_everywhere)
    return is_often and unicodedata.category(sign[0]) not in _INVISIBLE


class _Reader:
    """Finds the letters for signs.

    Args:
        text_model: says how likely letters are.
        is_known: says whether a word in lower case is one.
    """

    def __init__(self, text_model: TextModel, is_known: Callable[[str], bool]) -> None:
        self.text_model = text_model
        self.is_known = is_known

    def options(self, words: Sequence[tuple[str, ...]], signs: Sequence[str]) -> Options:
        """Return what the signs stand for; those that stand for nothing are absent.

        Args:
            words: pieces of words in lower case.
            signs: those that may stand for letters.
        """
        different = [word for word in dict.fromkeys(words) if LETTERS.union(signs).issuperset(word)][:MOST_WORDS]
        options = dict.fromkeys(signs, KAZAKH_SPECIFIC_LOWER)
        for sign in signs:
            found = Counter(letter for word in different for letter in self._letters(word, sign, options))
            if found and max(found.values()) >= LEAST_SHARE * found.total():
                options[sign] = max(found, key=found.__getitem__)
        options = {sign: letters for sign, letters in options.items() if len(letters) == 1 or sign not in digits}
        return {sign: letters for sign, letters in options.items() if self._is_believed(different, sign, options)}

    def read(self, word: Sequence[str], options: Options) -> tuple[str, ...]:
        """Return the likeliest letters for the pieces of a word; signs that stand for nothing stay."""
        ways: list[tuple[tuple[str, ...], float]] = [((), 0.0)]
        for piece in word:
            tried = [(way, letter) for way in ways for letter in options.get(piece, [piece])]
            scores = self.text_model.continuations(
                [(f" {''.join(way[0][-_CONTEXT:])}", letter) for way, letter in tried]
            )
            extended = [((*way[0], letter), way[1] + score) for (way, letter), score in zip(tried, scores, strict=True)]
            ways = sorted(extended, key=lambda way: -way[1])[:BEAM]
        ends = self.text_model.continuations([(f" {''.join(way[0][-_CONTEXT:])}", " ") for way in ways])
        best = max(zip(ways, ends, strict=True), key=lambda pair: pair[0][1] + pair[1])
        return best[0][0]

    def is_likelier(self, read: Sequence[str]) -> bool:
        """Return whether a word is likelier than without its last letter."""
        words = "".join(read), "".join(read[:-1])
        with_letter, without = self.text_model.continuations([(" ", f"{word} ") for word in words])
        return with_letter > without

    def _letters(self, word: tuple[str, ...], sign: str, options: Options) -> Iterator[str]:
        """Yield what stands for `sign` in a word if the word becomes a known one."""
        if sign in word:
            read = self.read(word, options)
            if self.is_known("".join(read)):
                yield from (letter for piece, letter in zip(word, read, strict=True) if piece == sign)

    def _is_believed(self, words: Sequence[tuple[str, ...]], sign: str, options: Options) -> bool:
        """Return whether enough words that have `sign` become known ones."""
        have = ["".join(self.read(word, options)) for word in words if sign in word]
        return len(have) >= LEAST_WORDS and sum(map(self.is_known, have)) >= LEAST_KNOWN * len(have)


def _words(text: str, signs: Sequence[str]) -> Iterator[_Word]:
    """Yield the words of `text` that have one of the signs, and a letter."""
    wanted = set(signs)
    for match in _WORD.finditer(text):
        word = _Word(match.start(), tuple(_PIECE.findall(match.group())))
        is_word = not wanted.isdisjoint(word.key) and not LETTERS.isdisjoint(word.key)
        if is_word and len(word.pieces) <= MOST_PIECES and not _CUBIC.fullmatch(match.group()):
            yield word


def _edits(text: str, word: _Word, read: Sequence[str], options: Options, reader: _Reader) -> Iterator[Edit]:
    """Yield the edits that make of a word what is read."""
    start = word.start
    is_mark = _ends_with_mark(text, word, read, options, reader)
    is_upper = _is_upper(word.pieces)
    for number, (piece, sign, letter) in enumerate(zip(word.pieces, word.key, read, strict=True)):
        end = start + len(piece)
        is_last = number == len(read) - 1
        if sign in options and not (is_last and is_mark) and _is_letter(word, number, read, reader.is_known):
            begins = number == 0 and len(options[sign]) > 1 and begins_sentence(text, start, may_follow_question=False)
            printed = letter.upper() if is_upper or piece != sign or begins else letter
            yield Edit(start, end, piece, printed, CONFIDENCE_DECIPHERED)
        start = end


def _ends_with_mark(text: str, word: _Word, read: Sequence[str], options: Options, reader: _Reader) -> bool:
    """Return whether the question mark or asterisk behind a word may be just that.

    It is a letter where a small letter or another mark follows, or where the word is likelier with the letter.
    """
    if word.key[-1] not in _MARKS:
        return False
    end = word.start + sum(map(len, word.pieces))
    behind = _SPACE.match(text, end)
    goes_on = behind is not None and text[behind.end() : behind.end() + 1] in {*LOWER, *options}
    return not (goes_on or text[end : end + 1] in _MORE_MARKS or reader.is_likelier(read))


def _is_upper(pieces: Sequence[str]) -> bool:
    letters = [piece for piece in pieces if piece in LETTERS]
    return len(letters) > 1 and all(map(str.isupper, letters))


def _is_letter(word: _Word, number: int, read: Sequence[str], is_known: Callable[[str], bool]) -> bool:
    """Return whether a sign is a letter there: a digit may be the word's number, a mark may stand beside it.

    Args:
        word: the word that it is in.
        number: its place among the pieces.
        read: the word with letters for signs.
        is_known: says whether a word is one.
    """
    sign = word.key[number]
    is_first, is_last = number == 0, number == len(read) - 1
    is_whole = is_known("".join(read))
    if sign in digits and not is_whole:
        return False
    if not (is_first or is_last) or not sign.isascii():
        return True
    # Whether a mark stands behind the word has been asked before; a question mark never stands in front of one.
    is_no_mark = sign == "?" if is_first else sign in _MARKS
    return is_whole and (is_no_mark or not is_known("".join(read[1:] if is_first else read[:-1])))
