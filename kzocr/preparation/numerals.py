"""Roman numerals of centuries, congresses and chapters that came out in other signs: «ХУШ ғасыр» becomes «XVIII ғасыр».

Engines without Latin letters print У or Ү for V, П for II, Ш for III, and many print 1, l or ! for I («Х1Х ғасыр»).
Numerals of Х and І alone («ХІХ ғасыр») are left as they are: many texts are printed so.
"""

from __future__ import annotations

import re

from kzocr.edits import Edit

CONFIDENCE_NUMERAL = 1.0
"""Nothing else is written there."""

_SIGNS = {
    **{"Х": "X", "І": "I", "У": "V", "Ү": "V", "Ш": "III", "П": "II", "И": "II"},
    **dict.fromkeys("1l|!", "I"),
}
_TOKEN = f"[XIV{''.join(_SIGNS)}]{{1,7}}"
_COUNTED = r"ғасыр|ғғ?\.|дүние ?жүзілік|съез|сесси|тарау|бөлім|том(?:\b|ы|[дн][аы])"
_NUMERALS = re.compile(
    rf"(?<![\w!-])(?:(?P<first>{_TOKEN})(?: ?[-–—] ?))?(?!И\s+[тс])(?P<last>{_TOKEN})(?:-|\s+)(?:{_COUNTED})"
)
_ROMAN = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})")
_FOREIGN = frozenset("УҮШПИ")
_STROKES = frozenset("1l|!")
_TENS_OR_FIVES = frozenset("XХV")


def numerals(text: str) -> list[Edit]:
    """Return the edits that make Roman numerals of what stands for them before such a word, from left to right."""
    edits = []
    for match in _NUMERALS.finditer(text):
        for name in ("first", "last"):
            read = match[name]
            if read is None or not _is_misread(read):
                continue
            printed = "".join(_SIGNS.get(sign, sign) for sign in read)
            if not _ROMAN.fullmatch(printed):
                continue
            if _FOREIGN.isdisjoint(read):
                printed = "".join(("І" if "Х" in read else "I") if sign in _STROKES else sign for sign in read)
            edits.append(Edit(*match.span(name), read, printed, CONFIDENCE_NUMERAL))
    return edits


def _is_misread(token: str) -> bool:
    """Return whether a letter of `token` stands for a numeral's, or a stroke beside a numeral's letter for I."""
    if not _FOREIGN.isdisjoint(token):
        return True
    return not _STROKES.isdisjoint(token) and not _TENS_OR_FIVES.isdisjoint(token)
