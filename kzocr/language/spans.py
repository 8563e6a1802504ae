"""Stretches of a text that are no Kazakh and stay as they are: addresses and words in Latin letters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from kzocr.text import DIGIT_LOOKALIKES

Span = tuple[int, int]

_ADDRESS = re.compile(
    r"(?:https?://|ftp://|www\.)\S+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.-])[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*"
    r"\.(?:kz|ru|com|org|net|info|gov|edu|uz|kg|de|uk|tr|eu|io)(?:/\S*)?(?![\w-])"
    r"|(?<!\w)[@#][A-Za-z_]\w+",
    re.IGNORECASE,
)
_CLOSING = ".,;:!?»)]}\"'…"
_LATIN_RUN = re.compile("[A-Za-zÀ-ÖØ-öø-ſ]+")
_ROMAN_NUMERAL = re.compile(r"(?=[IVXLCDM]{2})M{0,3}(?:C[MD]|D?C{0,3})(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,4})")
_ONLY_LATIN = frozenset("dghkmqstvwzDGNQRSUVWZ")
"""Latin letters that engines do not print for a Cyrillic word: one of them makes a word Latin."""

_TELLTALE = frozenset("iIF")
"""What a Kazakh word that came out in Latin letters nearly always holds: an і, or a Ғ."""

_FORMULA = re.compile(r"(?<!\w)[A-Za-z](?:\([^()\sЀ-ӿ]{1,8}\)|(?= ?[=≠≤≥] ?[\w(–-]))")
"""A function of something, f(–x), or a letter that equals something: letters of a formula."""

_ODD_NEIGHBOURS = frozenset("^$£*|\\}{<>~" + "".join(DIGIT_LOOKALIKES))
"""Beside a run of Latin letters these say that an engine struggled there: *ypFa*, 6api."""


def addresses(text: str) -> list[Span]:
    """Return (start, end) of the URLs, e-mail addresses, domain names, @names and #tags of `text`.

    Returns:
        Spans from left to right, without closing punctuation: `addresses("(egemen.kz)") == [(1, 10)]`.
    """
    found = _ADDRESS.finditer(text)
    return [(match.start(), match.start() + len(match.group().rstrip(_CLOSING))) for match in found]


def latin_words(text: str) -> list[Span]:
    """Return (start, end) of the words of `text` that are really Latin, not misread Cyrillic, by their letters.

    Returns:
        Spans from left to right, by the rule in `Guards.keep_latin`: `latin_words("Roma, оның icin") == [(0, 4)]`.
        The letters of a formula are words too: `latin_words("f(x)") == [(0, 1), (2, 3)]`.
    """
    symbols = set(latin_symbols(text))
    runs = [match.span() for match in _LATIN_RUN.finditer(text)]
    certain = [run in symbols or _is_certainly_latin(text, *run) for run in runs]
    return [
        (start, end)
        for index, (start, end) in enumerate(runs)
        if certain[index]
        or (end - start >= 3 and not _is_telltale(text, start, end))
        or (index > 0 and certain[index - 1] and _are_neighbours(text, runs[index - 1], runs[index]))
        or (certain[index + 1 : index + 2] == [True] and _are_neighbours(text, runs[index], runs[index + 1]))
    ]


def latin_symbols(text: str) -> list[Span]:
    """Return (start, end) of the Roman numerals of two letters or more and of the letters of formulas.

    Returns:
        Spans from left to right: `latin_symbols("XX ғасыр, f(x), Roma") == [(0, 2), (10, 11), (12, 13)]`.
    """
    formulas = [match.span() for match in _FORMULA.finditer(text)]
    return [
        run
        for run in (match.span() for match in _LATIN_RUN.finditer(text))
        if any(first <= run[0] and run[1] <= last for first, last in formulas)
        or (_stands_free(text, *run) and _ROMAN_NUMERAL.fullmatch(text[slice(*run)]) is not None)
    ]


def latin_rows(text: str) -> list[list[Span]]:
    """Return the words of `latin_words`, those that follow each other in one list.

    Returns:
        Lists from left to right: `latin_rows("Allium cepa деп Roma айтты") == [[(0, 6), (7, 11)], [(16, 20)]]`.
    """
    rows: list[list[Span]] = []
    for word in latin_words(text):
        if rows and _are_neighbours(text, rows[-1][-1], word):
            rows[-1].append(word)
        else:
            rows.append([word])
    return rows


def _stands_free(text: str, start: int, end: int) -> bool:
    return not any(map(str.isalpha, text[max(0, start - 1) : start] + text[end : end + 1]))


def _is_certainly_latin(text: str, start: int, end: int) -> bool:
    """Return whether the run of Latin letters is a word with one that engines do not confuse."""
    return end - start >= 2 and _stands_free(text, start, end) and not _ONLY_LATIN.isdisjoint(text[start:end])


def _is_telltale(text: str, start: int, end: int) -> bool:
    """Return whether something about the run of Latin letters says that it was read from Cyrillic ones."""
    word = text[start:end]
    around = text[max(0, start - 1) : start] + text[end : end + 1]
    return (
        not _TELLTALE.isdisjoint(word)
        or any(left.islower() and right.isupper() for left, right in pairwise(word))
        or any(character.isalpha() or character in _ODD_NEIGHBOURS for character in around)
    )


def _are_neighbours(text: str, left: Sequence[int], right: Sequence[int]) -> bool:
    between = text[left[1] : right[0]]
    return len(between) <= 3 and not any(character.isalnum() or character in "\r\n" for character in between)
