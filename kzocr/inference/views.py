"""A window as the model reads it, where each of its characters came from, and what the model prints for it.

Real files hold characters that a model for printed Kazakh never saw: lone surrogates, control characters,
soft hyphens, emoji, other scripts. The view hides or replaces them, and no edit may touch them. Of the dots that lead
to a page number, of ruled lines and of gaps between columns it shows the beginning: a model that goes on as it has
begun would not find their end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from kzocr.edits import LINE_BREAKS
from kzocr.inference.doubts import DoubtfulWord
from kzocr.text import FOREIGN_LETTERS, LEGACY_FONT_MARKS, LEGACY_FONT_SHARED, LETTERS, TWICE_ENCODED, nfc

PLACEHOLDER = "_"
"""What the model reads for a visible character that it cannot know."""

_KNOWN = "\n -~¡-¬®-ʯ\u0300-\u036fͰ-ϿЀ-ӿ\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2100-\u214f"
_ALL_KNOWN = re.compile(f"[{_KNOWN}]*")
_IS_KNOWN = re.compile(f"[{_KNOWN}]")
_FOREIGN = "".join(FOREIGN_LETTERS)
_LEFT_HYPHEN = re.compile(f"(?<=[Ѐ-ӿ{_FOREIGN}\u0300-\u036f])[¬\u00ad](?=[Ѐ-ӿ{_FOREIGN}])")
SIGNS = {"dash": "—", "number": "№", "square": "²", "degree": "°"}
"""Signs that some engines cannot print and print others for, by their group in `_MISREAD_SIGNS`."""

_MISREAD_SIGNS = re.compile(
    r"(?<!\S)(?:(?P<dash>--)(?!\S)|(?P<number>М[еоәа9?%\"»°]|Х[ео])(?=[ \u00a0]\d))"
    r"|(?:(?<=\d )|(?<=мың )|(?<=млн )|(?<=млн\. ))км(?P<square>[?\"”*])(?=[\s.,;)]|\Z)"
    r"|(?<=\d )(?P<degree>[0ОOоo])(?=[СC](?!\w))"
)
"""What is printed for them; docs/experiments.md has the counts."""

DIGITS = {"О": "0", "O": "0", "о": "0", "o": "0", "З": "3", "l": "1", "I": "1", "І": "1"}
"""Letters within numbers (2ОО5, l995, 9.ЗО) and the digits that were printed: nothing else is written so."""

_NUMBER = re.compile(
    r"(?<![\w/@.=])(?:\d(?:[\dОOоoЗlIІ]*[\dОOЗIІ])?|[lIІ]\d[\dОOЗ]{2}|(?<=[\dОOЗ]-)[ОOЗ]\d+)(?:[.:][\dОOЗ]{2})?(?![\w/@=]|[.:]\w)"
)
_LETTER_IN_NUMBER = re.compile(r"\d[.:]?[ОOоoЗlIІ]|[lIІ]\d[\dОOЗ]{2}|-[ОOЗ]\d")
_QUOTED = re.compile(r"(?:<<|‹‹)(?=\s?[^\W\d])[^<>‹›\n]{1,100}(?:>>|››)")
"""Words between two pairs of brackets, which an engine or a typist without «» sets in their place."""

PAIRED_MARKS = {"''": '"', "‘‘": "“", "’’": "”", ",,": "„"}
"""Two marks of a typewriter, or of an engine, for one quotation mark."""

_PAIRED_MARKS = re.compile(r"(?<![\d'‘’])(?:''|‘‘|’’)(?!['‘’])|(?<![^\s(\[«\"]),,(?=[^\W\d_])")
"""They stand alone; '' behind a number are seconds of an arc, and ,, opens a word."""

_LATIN_H = re.compile("(?<=[Ѐ-ӿ])h(?![A-Za-z])|(?<![A-Za-z])h(?=[Ѐ-ӿ])")
"""What is typed for һ where a keyboard has none: қаhарман."""

_TWICE_ENCODED = re.compile("|".join(TWICE_ENCODED))
_TO_REPAIR = re.compile(
    f"[{_FOREIGN}{''.join(LEGACY_FONT_SHARED)}\u0300-\u036f]|{_LEFT_HYPHEN.pattern}|{_MISREAD_SIGNS.pattern}"
    f"|{_LETTER_IN_NUMBER.pattern}|{_QUOTED.pattern}|{_TWICE_ENCODED.pattern}"
    f"|{_PAIRED_MARKS.pattern}|{_LATIN_H.pattern}"
)
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC_CLUSTER = re.compile(r"[Ѐ-ӿ][\u0300-\u036f]+")
_INVISIBLE = frozenset(("Cc", "Cf", "Cs"))
_RUN = re.compile(r"([^\w\s])(?: ?\1){3,}|(?:[.,:;…·•_~^*=|+#-] ?){5,}[.,:;…·•_~^*=|+#-]| {3,}")
_SHOWN_OF_RUN = 3
_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_LIST_MARK = re.compile(r"\w{1,2}[).]\s")
_RULE = r"(?<![^\W\d_])\|(?![^\W\d_])"
_TABLE_ROW = re.compile(rf"(?:[^\n]*?{_RULE}){{3}}[^\n]*")


def is_known(text: str) -> bool:
    """Return whether `text` has only characters that printed Kazakh may have, a line break among them."""
    return _ALL_KNOWN.fullmatch(text) is not None and FOREIGN_LETTERS.keys().isdisjoint(text)


@dataclass(frozen=True, slots=True)
class View:
    """What the model reads of a window.

    Attributes:
        text: the model's input: no outer white space, no character that it cannot know.
        starts: for each character of `text` its start in the window.
        ends: for each character of `text` one past its end in the window.
        fixed: positions in `text` that no edit may touch: tabs, placeholders, what is shown of a run of signs or of
            spaces.
        repairs: position in `text` -> the same character, where the window has another spelling of it
            (a decomposed й, a Latin ə inside a Kazakh word, the ј of a font from before Unicode, a letter behind the
            ¬ or the soft hyphen that a line's end left inside a word, two hyphens for a dash, Ме for № before a number,
            км? for км² and 0С for °С behind one, О for 0 within one, << >> for « », '' for ", вЂ” for —), which is
            repaired whatever the model says.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    fixed: frozenset[int]
    repairs: Mapping[int, str]

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the window's span for the view's, or `None` if hidden characters lie within it."""
        if start == end:
            position = self.ends[start - 1] if start else (self.starts[0] if self.text else 0)
            return position, position
        if any(self.ends[i] != self.starts[i + 1] for i in range(start, end - 1)):
            return None
        return self.starts[start], self.ends[end - 1]


@dataclass(frozen=True, slots=True)
class Output:
    """What a model printed for one window.

    Attributes:
        text: the characters.
        log_probabilities: natural logarithms of the probability of each UTF-8 byte of `text`, and of its end.
        finished: whether the model ended by itself.
        doubts: the words that may be other ones, where the decoder names some; offsets in characters of `text`.
    """

    text: str
    log_probabilities: Sequence[float]
    finished: bool = True
    doubts: Sequence[DoubtfulWord] = ()


def byte_offsets(text: str) -> list[int]:
    """Return where each character of `text` begins in UTF-8, and the number of its bytes.

    They lead from characters to `Output.log_probabilities`: `byte_offsets("aб") == [0, 1, 3]`.
    """
    return list(accumulate((len(character.encode("utf-8")) for character in text), initial=0))


def view(window: str, columns: Collection[int] = ()) -> View:
    r"""Return what the model reads of `window`.

    Args:
        window: any string.
        columns: where spaces between columns stand in it (`columns` finds them in a whole text); they are fixed.

    Returns:
        The view: `view(" ән\u00adші ").text == "әнші"`, `view("и\u0306").repairs == {0: "й"}`, and
        `view("Ән ........ 7").text == "Ән ... 7"`.
    """
    stripped = window.strip()
    offset = window.index(stripped)
    runs = _runs(stripped)
    runs |= {
        place - offset: True for place in columns if 0 <= place - offset < len(stripped) and place - offset not in runs
    }
    if _ALL_KNOWN.fullmatch(stripped) and not _TO_REPAIR.search(stripped) and not runs:
        end = offset + len(stripped)
        return View(stripped, range(offset, end), range(offset + 1, end + 1), frozenset(), {})
    return _careful_view(stripped, offset, runs)


def _careful_view(window: str, offset: int, runs: Mapping[int, bool]) -> View:
    """Return the view of a window that holds more than known characters in their own spelling.

    Args:
        window: the window's characters without outer white space.
        offset: where they begin in the window.
        runs: see `_runs`.
    """
    spellings = _spellings(window)
    characters: list[str] = []
    spans: list[tuple[int, int]] = []
    fixed: set[int] = set()
    repairs: dict[int, str] = {}
    position = 0
    while position < len(window):
        end, character = spellings.get(position, (position + 1, ""))
        is_repair = bool(character)
        is_fixed = False
        if not is_repair:
            character, is_fixed = _shown(window, position)
        if position in runs:
            character, is_fixed = character if runs[position] else "", True
        # A space is outer white space too where only hidden characters stand before it.
        if character and (characters or not character.isspace()):
            if is_repair:
                repairs[len(characters)] = character
            if is_fixed:
                fixed.add(len(characters))
            characters.append(character)
            spans.append((offset + position, offset + end))
        position = end
    text = "".join(characters).rstrip()
    starts, ends = [start for start, _ in spans[: len(text)]], [end for _, end in spans[: len(text)]]
    return View(text, starts, ends, frozenset(i for i in fixed if i < len(text)), repairs)


def _runs(window: str) -> dict[int, bool]:
    """Return for each character of a run of the same sign, of leaders, or of spaces whether it is shown.

    The spaces beside signs belong to them. The rules between the cells of a table are shown.
    """
    found: dict[int, bool] = {}
    for row in _TABLE_ROW.finditer(window) if "|" in window else ():
        found |= {row.start() + rule.start(): True for rule in re.finditer(_RULE, row.group())}
    for run in _RUN.finditer(window):
        places = range(*run.span())
        signs = [place for place in places if window[place] != " "] or places[:1]
        beside = [place for place in (places[0] - 1, places[-1] + 1) if window[max(place, 0) : place + 1] == " "]
        found |= dict.fromkeys(places, False) | dict.fromkeys([*signs[:_SHOWN_OF_RUN], *beside], True)
    return found


def columns(text: str) -> list[int]:
    """Return where the spaces between columns stand in a whole text, from left to right.

    Two spaces together are a mistake of many text layers; columns they are in a line that has two such gaps where a
    line beside it has as many, or a mark of a list behind each: а) алма  ә) алмұрт  б) өрік.
    """
    places: list[int] = []
    if "  " not in text:
        return places
    lines = text.splitlines(keepends=True)
    gaps = [list(_GAP.finditer(line)) for line in lines]
    start = 0
    for number, line in enumerate(lines):
        own = gaps[number]
        beside = [len(other) for other in (*gaps[max(0, number - 1) : number], *gaps[number + 1 : number + 2])]
        is_list = all(_LIST_MARK.match(line, gap.end()) for gap in own)
        if len(own) > 1 and (len(own) in beside or is_list):
            places += [start + place for gap in own for place in range(*gap.span())]
        start += len(line)
    return places


def _spellings(window: str) -> dict[int, tuple[int, str]]:
    """Return start -> (end, character) for the characters that are spelt in another way than they should."""
    found: dict[int, tuple[int, str]] = {}
    foreign = FOREIGN_LETTERS if LEGACY_FONT_MARKS.isdisjoint(window) else FOREIGN_LETTERS | LEGACY_FONT_SHARED
    for word in _WORD.finditer(window):
        if not LETTERS.isdisjoint(word.group()):
            for position in range(word.start(), word.end()):
                if window[position] in foreign:
                    found[position] = (position + 1, foreign[window[position]])
    for cluster in _CYRILLIC_CLUSTER.finditer(window):
        composed = nfc(cluster.group()[:2])
        if len(composed) == 1:
            found[cluster.start()] = (cluster.start() + 2, composed)
    for hyphen in _LEFT_HYPHEN.finditer(window):
        behind = window[hyphen.end()]
        spelt = (hyphen.end() + 1, FOREIGN_LETTERS.get(behind, behind))
        found[hyphen.start()] = found.pop(hyphen.end(), spelt)
    for misread in _MISREAD_SIGNS.finditer(window):
        for kind in filter(misread.group, SIGNS):
            found[misread.start(kind)] = (misread.end(kind), SIGNS[kind])
    for number in _NUMBER.finditer(window):
        for place, sign in enumerate(number.group(), start=number.start()):
            if sign in DIGITS:
                found[place] = (place + 1, DIGITS[sign])
    for letter in _LATIN_H.finditer(window):
        found[letter.start()] = (letter.end(), "һ")
    for marks in _PAIRED_MARKS.finditer(window):
        found[marks.start()] = (marks.end(), PAIRED_MARKS[marks.group()])
    for encoded in _TWICE_ENCODED.finditer(window):
        found[encoded.start()] = (encoded.end(), TWICE_ENCODED[encoded.group()])
    for quoted in _QUOTED.finditer(window):
        found[quoted.start()] = (quoted.start() + 2, "«")
        found[quoted.end() - 2] = (quoted.end(), "»")
    return found


def _shown(window: str, position: int) -> tuple[str, bool]:
    """Return what the model reads for one character ("" hides it), and whether edits must leave it alone."""
    character = window[position]
    if character == "\t":
        return " ", True
    if character in LINE_BREAKS:
        is_carriage_return = window.startswith("\r\n", position)
        return (" ", True) if is_carriage_return else ("\n", character != "\n")
    if _IS_KNOWN.match(character):
        return character, False
    category = unicodedata.category(character)
    if category == "Zs":
        return " ", False
    return ("", False) if category in _INVISIBLE else (PLACEHOLDER, True)
