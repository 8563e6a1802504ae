"""Where a Kazakh word may be divided at a line end: between syllables, found by its vowels."""

from __future__ import annotations

from kzocr.text import LETTERS

VOWELS = frozenset("аәеёиоөуұүыіэюяАӘЕЁИОӨУҰҮЫІЭЮЯ")
STICKY = frozenset("ъьЪЬ")
"""Signs that stay with the consonant before them."""


def break_points(word: str) -> list[int]:
    """Return the offsets at which `word` may be divided, ascending; at least two letters stay on each side.

    A syllable takes one consonant before its vowel (V-CV, VC-CV, VCC-CV); a word may also be divided after
    a hyphen that it has. `break_points("мектептер") == [3, 6]`: мек-теп-тер.

    Args:
        word: a token without spaces; punctuation and digits are never divided.
    """
    points: list[int] = []
    last_vowel = -1
    for index, character in enumerate(word):
        if character in "-/" and 2 <= index + 1 <= len(word) - 2:
            points.append(index + 1)
        if character not in LETTERS:
            last_vowel = -1
            continue
        if character in VOWELS:
            if last_vowel >= 0:
                _add(points, word, last_vowel, index)
            last_vowel = index
    return sorted(set(points))


def _add(points: list[int], word: str, last_vowel: int, vowel: int) -> None:
    point = vowel if vowel - last_vowel == 1 else vowel - 1
    if word[point] in STICKY:
        point = vowel
    before, after = word[max(point - 2, 0) : point], word[point : point + 2]
    if len(before) == len(after) == 2 and before.isalpha() and after.isalpha():
        points.append(point)
