"""The Kazakh alphabet, the one normaliser (NFC) and the look-alike tables. Nothing here knows about models."""

from __future__ import annotations

import html
import re
import unicodedata

KAZAKH_SPECIFIC_LOWER = "әғқңөұүһі"
"""The nine Kazakh letters that Russian lacks; each is one code point and two UTF-8 bytes."""

KAZAKH_SPECIFIC_UPPER = KAZAKH_SPECIFIC_LOWER.upper()
KAZAKH_SPECIFIC = frozenset(KAZAKH_SPECIFIC_LOWER + KAZAKH_SPECIFIC_UPPER)

RUSSIAN_LOWER = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"

LOWER = "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"
"""The 42 lower-case letters of the Kazakh Cyrillic alphabet, in alphabetical order."""

UPPER = LOWER.upper()
LETTERS = frozenset(LOWER + UPPER)

RUSSIFIED = str.maketrans(KAZAKH_SPECIFIC_LOWER, "агкнеуухи")
"""Lower-case Kazakh letters -> what a typist or an engine without them puts in their place."""

FOREIGN_LETTERS: dict[str, str] = {
    "ə": "ә",
    "Ə": "Ә",
    "ӛ": "ә",
    "Ӛ": "Ә",
    "ҡ": "қ",
    "Ҡ": "Қ",
    "ҙ": "з",
    "Ҙ": "З",
    "ҫ": "с",
    "Ҫ": "С",
    "ӊ": "ң",
    "Ӊ": "Ң",
    "ҥ": "ң",
    "Ҥ": "Ң",
    "ƶ": "з",
    "ɵ": "ө",
    "Ɵ": "Ө",
    "ѳ": "ө",
    "Ѳ": "Ө",
}
"""Letters of other alphabets that an engine prints for a Kazakh letter: no Kazakh text needs them."""

OLD_LETTERS = frozenset("ѳѲ")
"""Those of the old Russian alphabet, which people took for Kazakh ones where these could not be typed: no engine has
them."""

LEGACY_FONT_LETTERS: dict[str, str] = {
    "ә": "є",
    "ғ": "ѓ",
    "қ": "ќ",
    "ң": "њ ѕ",
    "ө": "ґ",
    "ұ": "ў",
    "ү": "ї",
    "һ": "ћ",
}
"""Kazakh letters -> letters of other Cyrillic alphabets, most usual first, that stand in their place in text layers of
pages set before Unicode: fonts had the Kazakh shapes where Windows-1251 has these (Ќазаќстан, жања, ґмір)."""

LEGACY_FONT_SHARED: dict[str, str] = {"ј": "ә", "Ј": "Ә", "ћ": "һ", "Ћ": "Һ", "µ": "ө"}
"""Signs that fonts of that kind had for Kazakh letters (жјне, µткен) and that stand for other things elsewhere: Serbian
engines print two of them, and the third is a unit's prefix."""

LEGACY_FONT_MARKS = frozenset("ќѓѕўїґЌЃЅЎЇҐ")
"""Where one of these stands near, the others are the font's: they are letters of three other alphabets."""

TWICE_ENCODED: dict[str, str] = {sign.encode("utf-8").decode("cp1251"): sign for sign in "—–„“”’…№"}
"""What signs become whose UTF-8 is taken for Windows-1251 (вЂ” for —), as CuneiForm for Linux and many an import do."""

LATIN_LOOKALIKES: dict[str, str] = dict(
    zip(
        "aceopxyhiABCEHIKMOPTXYə",
        "асеорхуһіАВСЕНІКМОРТХУә",
        strict=True,
    )
)
"""Latin letters that look like a Cyrillic one in most faces, each with that letter."""

DIGIT_LOOKALIKES: dict[str, str] = {"0": "О", "3": "З", "1": "і", "6": "б", "4": "ч", "8": "В"}
"""Digits that an engine prints for a letter inside a word, each with the letter it most resembles."""


LATINISED: dict[str, str] = {
    **dict(zip("асеорхуһіґ", "aceopxyhir", strict=True)),
    **dict(zip("АВСЕНІКМОРТХУҺ", "ABCEHIKMOPTXYh", strict=True)),
    **{"г": "r", "т": "T", "м": "M", "н": "H", "к": "K", "в": "B", "и": "u", "ғ": "F", "б": "6", "п": "n"},
    **{"ш": "III", "з": "3", "д": "A", "л": "A", "ә": "e", "ө": "e", "ү": "y", "ұ": "y", "э": "3", "ы": "bi"},
    **{"Қ": "K", "Ғ": "F", "Ү": "Y", "Ұ": "Y", "Ө": "O", "Ә": "O", "З": "3", "Б": "B", "Г": "T"},
}
"""What an engine that takes a Cyrillic word for a Latin one prints for each letter: терімен -> TepiMeH."""

LATIN_READINGS: dict[str, str] = {
    **{read: letter for letter, read in reversed(LATINISED.items()) if len(read) == 1 and not read.isdigit()},
    **LATIN_LOOKALIKES,
    "r": "г",
}
"""Latin letters -> the Cyrillic one that an engine most likely saw, where it took a Cyrillic word for a Latin one."""

_INVISIBLE = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,40}>")
_REPAIRS = str.maketrans(FOREIGN_LETTERS)
_LOOKALIKES = str.maketrans(LATIN_LOOKALIKES)


def nfc(text: str) -> str:
    """Return `text` in Unicode normalisation form C, where й and ё are one code point each.

    Args:
        text: any string; lone surrogates pass through.

    Returns:
        The composed string: `nfc("и\\u0306") == "й"`.
    """
    return unicodedata.normalize("NFC", text)


def n_bytes(text: str) -> int:
    """Return the number of UTF-8 bytes of `text`; a lone surrogate counts as three."""
    return len(text.encode("utf-8", errors="surrogatepass"))


def has_kazakh_or_russian(text: str) -> bool:
    """Return whether `text` has at least one letter of the Kazakh Cyrillic alphabet."""
    return not LETTERS.isdisjoint(text)


def printable(line: str) -> str:
    """Return `line` as a printer would set it: NFC, no markup, nothing invisible, one alphabet in a word.

    A letter of another alphabet that only looks like a Kazakh one is set as the Kazakh one, so that the
    reference says what a reader sees: `printable("əркім  үйдe") == "әркім үйде"` (ə and e were Latin).
    """
    plain = _TAG.sub(" ", html.unescape(line))
    words = nfc(_INVISIBLE.sub("", plain)).translate(_REPAIRS).split()
    return " ".join(word.translate(_LOOKALIKES) if _mixed(word) else word for word in words)


def _mixed(word: str) -> bool:
    latin = [character for character in word if character.isascii() and character.isalpha()]
    return (
        bool(latin)
        and any(character in LETTERS for character in word)
        and all(character in LATIN_LOOKALIKES for character in latin)
        and "-" not in word
    )
