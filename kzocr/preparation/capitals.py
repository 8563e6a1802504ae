"""Whether a letter that is put into a text begins a sentence, and so is a capital."""

from __future__ import annotations

import re

_LOOK_BACK_CHARS = 8
"""A sentence's end, quotation marks, a dash and spaces fit in: what stands farther back is not looked at."""


def _start(ends: str) -> re.Pattern[str]:
    return re.compile(rf"(?:\A|[{ends}]|\n\s*\n)[\s«“„\"(–—-]*\Z")


_START, _START_BUT_FOR_QUESTIONS = _start(".!?…"), _start(".!…")


def begins_sentence(text: str, place: int, *, may_follow_question: bool = True) -> bool:
    """Return whether a sentence begins at `place`: at the start of the text, behind a sentence's end or an empty line.

    Args:
        text: any string.
        place: of the letter, in characters.
        may_follow_question: a question mark ends a sentence; it need not where it may stand for a letter.
    """
    start = _START if may_follow_question else _START_BUT_FOR_QUESTIONS
    return start.search(text, max(0, place - _LOOK_BACK_CHARS), place) is not None
