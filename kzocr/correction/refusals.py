"""The rules that keep the input instead of what the model says.

Two kinds of rule: some keep a whole window (its output cannot be trusted), some refuse a single edit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from rapidfuzz.distance import Levenshtein

from kzocr.correction.guards import EditReason, Guards, WindowReason
from kzocr.edits import LINE_BREAKS, Change, Edit
from kzocr.inference.views import is_known
from kzocr.language.russian import russian_passages
from kzocr.language.spans import Span, addresses, latin_rows, latin_symbols
from kzocr.text import DIGIT_LOOKALIKES, LATIN_LOOKALIKES, LETTERS, nfc

_PIECE = re.compile(r"(?:[^\s.,:;!?()\[\]«»„“”\"'/…—–-]|!(?=\w))+")
"""A word with what may be a letter in it: 6!р for бір."""

_TWO_LOOKALIKES = re.compile(r"(?:61|06)(?=[^\W\d_])")
"""What engines for Russian read for бі and Об, with which many usual words begin."""

_INITIAL = re.compile(r"(?<![^\W\d_])[А-ЯӘҒҚҢӨҰҮІЁҺA-Z]\.(?=\s?[А-ЯӘҒҚҢӨҰҮІЁҺA-Z])")
_LIST_MARK = re.compile(r"(?<!\S)(?:[^\W\d_]|\d{1,2})\)(?=\s)")
_NUMBER = re.compile(
    r"(?!0[^\W\d_])\d[\dОO]*"
    r"(?:-?[іы]?н?(?:ші|шы)|[гғкқ]а|[гк]е|[дт][еа]н?|[дтн][іы]ң?|ж|г|м|б|см|мм|км|кг|га|тг|млн|млрд|ц|т|л"
    r"|(?:сынып|жыл|к[үу]н|са[ғг]ат|минут|адам|мы[ңн]|те[ңн]ге|пайыз|тонна|метр|гектар|курс|[қк]абат|б[өе]лме|тарау)\w*)?",
    re.IGNORECASE,
)
"""A number with a letter for a zero, or with an ending, a unit or what it counts without hyphen or space (0л is Ол)."""

_NUMBER_JOINTS = ".,:/-–—  \u00a0"
_NUMBER_SIGN = re.compile(r"[§№](?=\s?\d)|(?<=\d)[½¼¾]|(?:(?<=\d)|(?<=\d\s))[%‰°]")
"""Signs that belong to a number. ($ and £ may be a letter: ABBYY reads қ as 1$.)"""

END_MARKS = ".,:;!?…"
_SENTENCE_ENDS = re.compile(r"\s*(?:[\n\r]|\Z|[»”\"')]|[—–-]|[^\W\d_a-zа-яёәғқңөұүһі])")
"""What follows a real exclamation mark: the end of the line, of a speech, or a capital."""

_LATIN = re.compile("[A-Za-z]")
_DIGITS = re.compile(r"\d+")
_SENTENCE_MARK = re.compile(r"[.!?…]")
_ASKING = re.compile(
    r"(?<!\w)(?:[мбп][ае]|не|неге|нені|неден|немене|неме|кім\w{0,4}|қай|қайда|қайдан|қандай|қашан|қалай|қанша|неше|нешінші)(?!\w)",
    re.IGNORECASE,
)
"""The particles and words that a Kazakh question has."""

_QUOTES = frozenset("\"'`´″“”„‟‘’‚«»‹›")

_NEIGHBOUR_CHARS = 3
"""Edits that stand closer together are counted together where letters are lost or added."""

_REPETITION = re.compile(r"(.{2,24}?)\1{3,}", re.DOTALL)

_REPETITION_SLACK_CHARS, _LENGTH_SLACK_CHARS = 8, 4
"""So much longer a repetition, or a short window, may become whatever the thresholds say."""

_FOLDED = str.maketrans({**LATIN_LOOKALIKES, **DIGIT_LOOKALIKES})


def output_reason(source: str, output: str, finished: bool, guards: Guards) -> WindowReason | None:
    """Return why the model's output for a window cannot be trusted, or `None`.

    Args:
        source: what the model read.
        output: what it printed.
        finished: whether it ended by itself.
        guards: the thresholds.
    """
    if not finished:
        return "unfinished"
    if "\ufffd" in output:
        return "invalid"
    n_before, n_after = _n_visible(source), _n_visible(output)
    if not (
        guards.min_length_ratio * n_before - _LENGTH_SLACK_CHARS
        <= n_after
        <= guards.max_length_ratio * n_before + _LENGTH_SLACK_CHARS
    ):
        return "length"
    most_chars = _longest_repetition(source) + _REPETITION_SLACK_CHARS
    if guards.keep_repeats and _longest_repetition(output) > most_chars:
        return "repeats"
    return None


def is_changed_too_much(source: str, found: Iterable[Change], guards: Guards) -> bool:
    """Return whether changes of `source` concern too large a share of its visible characters."""
    n_changed = sum(
        Levenshtein.distance(_folded(source[change.start : change.end]), _folded(change.after)) for change in found
    )
    return n_changed > guards.max_changed_fraction * _n_visible(source)


class WindowGuard:
    """The rules for single edits in one window; what they need to know of the window is found once.

    Args:
        window: the window's characters.
        guards: the thresholds.
    """

    def __init__(self, window: str, guards: Guards) -> None:
        self.window = window
        self.guards = guards

    def reason(self, edit: Edit) -> EditReason | None:
        """Return why `edit` (offsets in characters of the window) is refused whatever its confidence, else `None`."""
        if not LINE_BREAKS.isdisjoint(edit.before + edit.after):
            return "lines"
        if "\t" in edit.before or not self._keeps_outer_space(edit):
            return "space"
        if not _is_printable(edit.after):
            return "unreadable"
        if self.guards.keep_digits and not self._keeps_digits(edit):
            return "digits"
        if self.guards.keep_addresses and _touches(edit, self._addresses):
            return "address"
        if self.guards.keep_latin and not self._keeps_latin(edit):
            return "latin"
        if self.guards.keep_russian and _touches(edit, self._russian):
            return "russian"
        if self.guards.keep_quotes and edit.before and edit.after and _QUOTES.issuperset(edit.before + edit.after):
            return "quote"
        if self.guards.keep_end and self._marks_end(edit):
            return "end"
        if self._loses(edit, _INITIAL, str.isupper) or self._loses(edit, _LIST_MARK, str.isalnum):
            return "skipped"
        return None

    def _marks_end(self, edit: Edit) -> bool:
        """Return whether the edit sets, changes or takes the mark behind which nothing follows."""
        is_at_end = not self.window[edit.end :].strip()
        is_last = bool(edit.after) or self._character(edit.start - 1) not in END_MARKS
        return is_at_end and is_last and all(sign in END_MARKS for sign in edit.before + edit.after)

    def _loses(self, edit: Edit, marks: re.Pattern[str], is_letter: Callable[[str], bool]) -> bool:
        """Return whether the edit takes the letter or the last sign of a mark: Т. before Рысқұлов, б) before өрік."""
        for mark in marks.finditer(self.window, max(0, edit.start - 3), edit.end + 3):
            takes_letter = edit.start <= mark.start() < edit.end and not any(map(is_letter, edit.after))
            takes_sign = edit.start < mark.end() <= edit.end and mark.group()[-1] not in edit.after
            if takes_letter or takes_sign:
                return True
        return False

    def doubt(self, edit: Edit, *, is_calibrated: bool = True, is_lone: bool = False) -> EditReason | None:
        """Return why the confidence of `edit` is too low for what it does, or `None` if it is not.

        Args:
            edit: with its confidence.
            is_calibrated: whether the confidence is calibrated, not what the model thinks of itself.
            is_lone: whether little else in the document is expected to be wrong.
        """
        if edit.confidence < self.guards.min_mark_confidence and self._takes_mark(edit):
            return "mark"
        if edit.confidence < self.guards.min_join_confidence and self._joins_words(edit):
            return "join"
        least = self.guards.min_latin_confidence
        is_kept = edit.confidence < least or (least > 0 and not is_calibrated)
        if self.guards.keep_latin and is_kept and _touches(edit, self._latin):
            return "latin"
        if edit.confidence < self.guards.min_confidence:
            return "confidence"
        if is_calibrated and is_lone and edit.confidence < self.guards.min_lone_confidence:
            return "lone"
        return None

    def _takes_mark(self, edit: Edit) -> bool:
        """Return whether a letter replaces an exclamation mark that ends a sentence or a speech."""
        place = edit.start + edit.before.find("!")
        if "!" not in edit.before or "!" in edit.after or not any(map(str.isalpha, edit.after)):
            return False
        return self._character(place - 1).isalpha() and _SENTENCE_ENDS.match(self.window, place + 1) is not None

    def _joins_words(self, edit: Edit) -> bool:
        """Return whether the edit takes the space between two words of at least two letters each."""
        if not edit.before.isspace() or edit.after:
            return False
        left, right = self.window[max(0, edit.start - 2) : edit.start], self.window[edit.end : edit.end + 2]
        return len(left) == len(right) == 2 and (left + right).isalpha()

    def _keeps_outer_space(self, edit: Edit) -> bool:
        """Return whether the spaces at the line's start and end stay, and something between them.

        An edit beside them must leave a visible character there: its own, or the next one, which no other
        edit touches. So it holds for every set of such edits in which no two adjoin.
        """
        if self._is_visible_between(edit.start, -1) and self._is_visible_between(edit.end, 1):
            return True
        before, after = edit.before, edit.after
        first = before[:1] or self._character(edit.start)
        last = before[-1:] or self._character(edit.start - 1)
        if not self._is_visible_between(edit.start, -1) and not (
            _is_visible(first) and _is_visible(after[:1] or self._character(edit.end))
        ):
            return False
        return self._is_visible_between(edit.end, 1) or (
            _is_visible(last) and _is_visible(after[-1:] or self._character(edit.start - 1))
        )

    def _is_visible_between(self, position: int, step: int) -> bool:
        """Return whether the line has a visible character left (step -1) or right (1) of `position`."""
        index = position if step > 0 else position - 1
        while _is_space(self._character(index)):
            index += step
        return _is_visible(self._character(index))

    def _character(self, position: int) -> str:
        """Return the window's character at `position`; a line break outside of the window."""
        return self.window[position] if 0 <= position < len(self.window) else "\n"

    def _keeps_digits(self, edit: Edit) -> bool:
        before = [edit.start + i for i, character in enumerate(edit.before) if character.isdigit()]
        after = [character for character in edit.after if character.isdigit()]
        n_matched = 0
        lost = []
        for position in before:
            if n_matched < len(after) and after[n_matched] == self.window[position]:
                n_matched += 1
            else:
                lost.append(position)
        if n_matched < len(after) or self._takes_number_sign(edit):
            return False
        if edit.after == "?" and self._is_question_mark(edit):
            return True
        if lost:
            has_letter = any(character in LETTERS for character in edit.after)
            is_dropped = edit.after.casefold() == _DIGITS.sub("", edit.before).casefold()
            return has_letter and not is_dropped and all(self._is_lookalike(position) for position in lost)
        return not self._parts_number(edit)

    def _keeps_latin(self, edit: Edit) -> bool:
        """Return whether each Latin word that the edit touches becomes a Cyrillic one, and none is Latin for sure."""
        touched = [word for word in self._latin if _touches(edit, [word])]
        if not touched:
            return True
        is_whole = all(edit.start <= start and end <= edit.end for start, end in touched)
        is_cyrillic = not LETTERS.isdisjoint(edit.after) and not _LATIN.search(edit.after)
        keeps_number = len(edit.after.split()) >= len(touched)
        return is_whole and is_cyrillic and keeps_number and not _touches(edit, latin_symbols(self.window))

    def tears_row(self, edits: Sequence[Edit]) -> list[bool]:
        """Return for each edit whether it changes Latin words of a row in which others stay: a row is of one language.

        Args:
            edits: all that are to be made in the window.
        """
        torn: list[Span] = []
        for row in self._latin_rows if self.guards.keep_latin and edits else []:
            is_changed = [any(_touches(edit, [word]) for edit in edits) for word in row]
            if any(is_changed) and not all(is_changed):
                torn += row
        return [_touches(edit, torn) for edit in edits]

    def _takes_number_sign(self, edit: Edit) -> bool:
        return any(edit.start <= sign.start() < edit.end for sign in _NUMBER_SIGN.finditer(self.window))

    def _is_question_mark(self, edit: Edit) -> bool:
        """Return whether the edit's digit stands alone behind a letter and before a space, where a question may end."""
        is_behind_letter = self._character(edit.start - 1) in LETTERS
        if edit.before not in ("2", "9") or not is_behind_letter or not self._character(edit.end).isspace():
            return False
        sentence = _SENTENCE_MARK.split(self.window[: edit.start])[-1]
        asks = _ASKING.search(sentence) is not None and _SENTENCE_ENDS.match(self.window, edit.end) is not None
        return self.guards.mend_question_marks or asks

    def _is_lookalike(self, position: int) -> bool:
        """Return whether the digit at `position` may be a letter: one of the look-alikes inside a word.

        The word has letters beside the digit; only between letters may two such digits stand together, or at its
        start as 61 for бі and 06 for Об. A piece of Latin capitals (A4, CO2), an ordinal or a number with its unit
        (6ға, 3ж) is no such word.
        """
        piece = next((m for m in _PIECE.finditer(self.window) if m.start() <= position < m.end()), None)
        if piece is None or _NUMBER.fullmatch(piece.group()):
            return False
        is_nine_for_letter = self.window[position] == "9" and (
            position == piece.start() or {self._character(position - 1), self._character(position + 1)} <= LETTERS
        )
        if self.window[position] not in DIGIT_LOOKALIKES and not is_nine_for_letter:
            return False
        letters = [character for character in piece.group() if character.isalpha()]
        if not letters or all("A" <= character <= "Z" for character in letters):
            return False
        start = end = position
        while start > piece.start() and self.window[start - 1].isdigit():
            start -= 1
        while end < piece.end() and self.window[end].isdigit():
            end += 1
        most = 2 if piece.start() < start and end < piece.end() else 1
        return end - start <= most or _TWO_LOOKALIKES.match(self.window, start) is not None

    def _parts_number(self, edit: Edit) -> bool:
        """Return whether digits stand on both sides of the edit with only a number's joints between."""
        if any(character.isalpha() for character in edit.before):
            return False
        left = self.window[max(0, edit.start - 3) : edit.start].rstrip(_NUMBER_JOINTS)
        right = self.window[edit.end : edit.end + 3].lstrip(_NUMBER_JOINTS)
        return left[-1:].isdigit() and right[:1].isdigit()

    @cached_property
    def _addresses(self) -> list[Span]:
        return addresses(self.window)

    @cached_property
    def _latin_rows(self) -> list[list[Span]]:
        return latin_rows(self.window)

    @cached_property
    def _latin(self) -> list[Span]:
        return [word for row in self._latin_rows for word in row]

    @cached_property
    def _russian(self) -> list[Span]:
        return russian_passages(self.window)


def unbalanced(edits: Sequence[Edit], guards: Guards) -> list[EditReason | None]:
    """Return for each edit whether it takes part in losing or adding too many letters.

    Those beside it that lose and add none may stay: behind a word that a model skipped it may have mended the next.

    Args:
        edits: those of one window from left to right.
        guards: the thresholds.
    """
    reasons: list[EditReason | None] = []
    start = 0
    for end in range(1, len(edits) + 1):
        if end < len(edits) and edits[end].start - edits[end - 1].end < _NEIGHBOUR_CHARS:
            continue
        lost = [_n_letters(edit.before) - _n_letters(edit.after) for edit in edits[start:end]]
        is_skipped = sum(lost) > guards.max_lost_letters
        is_invented = -sum(lost) > max(guards.max_added_letters, (edits[end - 1].end - edits[start].start) // 2)
        for edit, n_lost in zip(edits[start:end], lost, strict=True):
            n_replaced = sum(character in LETTERS for character in edit.before)
            if n_replaced > guards.max_lost_letters or (is_skipped and n_lost > 0):
                reasons.append("skipped")
            else:
                reasons.append("invented" if is_invented and n_lost < 0 else None)
        start = end
    return reasons


def _n_letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _touches(edit: Edit, spans: Sequence[Span]) -> bool:
    """Return whether the edit reaches into a span, or joins something to it."""
    for start, end in spans:
        if edit.start < end and start < edit.end:
            return True
        if start < edit.start == edit.end < end:
            return True
        if edit.start == end or edit.end == start:
            space_changes = any(map(str.isspace, edit.before)) != any(map(str.isspace, edit.after))
            if space_changes or any(map(str.isalnum, edit.before + edit.after)):
                return True
    return False


def _is_space(character: str) -> bool:
    return character.isspace() and character not in LINE_BREAKS


def _is_visible(character: str) -> bool:
    return not character.isspace()


def _is_printable(after: str) -> bool:
    """Return whether `after` is composed text of known characters: no control character, no lone mark."""
    return not after or (is_known(after) and unicodedata.combining(after[0]) == 0 and nfc(after) == after)


def _n_visible(text: str) -> int:
    return sum(map(len, text.split()))


def _folded(text: str) -> str:
    return "".join(text.split()).translate(_FOLDED).casefold()


def _longest_repetition(text: str) -> int:
    return max((match.end() - match.start() for match in _REPETITION.finditer(text)), default=0)
