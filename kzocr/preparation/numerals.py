"""Roman numerals of centuries and world wars that came out in other letters: «ХУШ ғасыр» becomes «XVIII ғасыр».

Engines without Latin letters print У or Ү for V, П for II, Ш for III. Numerals of Х and І alone («ХІХ ғасыр») are left
as they are: many texts are printed so.
"""

from __future__ import annotations

import re

from kzocr.edits import Edit

CONFIDENCE_NUMERAL = 1.0
"""Nothing else is written there."""

_SIGNS = {"Х": "X", "І": "I", "1": "I", "!": "I", "У": "V", "Ү": "V", "Ш": "III", "П": "II", "И": "II"}
_TOKEN = f"[XIV{''.join(_SIGNS)}]{{1,7}}"
_NUMERALS = re.compile(
    rf"(?<![\w!-])(?:(?P<first>{_TOKEN})(?: ?[-–—] ?))?(?P<last>{_TOKEN})(?:-|\s+)(?:ғасыр|ғғ?\.|дүние ?жүзілік)"
)
_ROMAN = re.compile(r"X{0,2}(?:IX|IV|V?I{0,3})")
_FOREIGN = frozenset("УҮШПИ")


def numerals(text: str) -> list[Edit]:
    """Return the edits that make Roman numerals of what stands for them before such a word, from left to right."""
    edits = []
    for match in _NUMERALS.finditer(text):
        for name in ("first", "last"):
            read = match[name]
            if read is None or _FOREIGN.isdisjoint(read):
                continue
            printed = "".join(_SIGNS.get(sign, sign) for sign in read)
            if _ROMAN.fullmatch(printed):
                edits.append(Edit(*match.span(name), read, printed, CONFIDENCE_NUMERAL))
    return edits
