"""ALTO XML, versions 1 to 4 (Library of Congress): words are `String` elements, what is printed stands in `CONTENT`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kzocr.formats.boxes import Box, NewWord, Replacement, Word
from kzocr.formats.layout import Dialect, Line, Page, number, whole
from kzocr.formats.markup import Element, Tree, local_name, new_id, remove, sibling

_OF_THE_SHAPE = ("Shape", "Glyph", "ALTERNATIVE")
_HYPHENS = "-\u00ad\u2010\u2011¬"


class Alto(Dialect):
    """ALTO."""

    name = "alto"

    def page(self, tree: Tree) -> Page:
        """Return the lines of a tree.

        Raises:
            ValueError: a position is no number.
        """
        taken = {value for element in tree.numbers if (value := element.get("ID"))}
        blocks: dict[Element | None, list[Line]] = {}
        for element in tree.numbers:
            if local_name(element) == "TextLine":
                line = _AltoLine(element, taken)
                if line.words:
                    blocks.setdefault(element.getparent(), []).append(line)
        return _AltoPage(tree, tuple(map(tuple, blocks.values())))


@dataclass(frozen=True)
class _AltoPage(Page):
    def finish(self, changed: Sequence[Line]) -> Iterable[Element]:
        """Give words that a line end divides their new whole form (`SUBS_CONTENT`); return the lines of both halves."""
        lines = [line for block in self.blocks for line in block if isinstance(line, _AltoLine)]
        touched = {id(line) for line in changed}
        found = []
        for left, right in pairwise(lines):
            if id(left) in touched or id(right) in touched:
                left_strings, right_strings = left.strings(), right.strings()
                if not left_strings or not right_strings:
                    continue
                first, second = left_strings[-1], right_strings[0]
                if first.get("SUBS_TYPE") == "HypPart1" and second.get("SUBS_TYPE") == "HypPart2":
                    content = (first.get("CONTENT") or "").rstrip(_HYPHENS) + (second.get("CONTENT") or "")
                    for half in (first, second):
                        if half.get("SUBS_CONTENT") is not None:
                            half.set("SUBS_CONTENT", content)
                    found += [left.element, right.element]
        return found


class _AltoLine(Line):
    def __init__(self, element: Element, taken: set[str]) -> None:
        self.taken = taken
        self.word_elements = [e for e in element if local_name(e) == "String" and (e.get("CONTENT") or "").strip()]
        self.hyphen = next((e for e in element if local_name(e) == "HYP"), None)
        words = [Word(" ".join((e.get("CONTENT") or "").split()), _box(e)) for e in self.word_elements]
        # Some producers write the one printed hyphen twice: at the end of the word, and in an element of its own.
        self.is_hyphen_in_word = bool(words) and words[-1].text.endswith(tuple(_HYPHENS))
        if self.hyphen is not None and words and not self.is_hyphen_in_word:
            # The hyphen is printed at the last word: a corrector shall see that the word goes on.
            words[-1] = Word(words[-1].text + self._hyphen_text, words[-1].box)
        super().__init__(element, words)

    @property
    def _hyphen_text(self) -> str:
        return "" if self.hyphen is None else self.hyphen.get("CONTENT") or "-"

    def strings(self) -> list[Element]:
        """Return the words' elements as they now are."""
        return [element for element in self.element if local_name(element) == "String"]

    def rewrite(self, changes: Sequence[Replacement], text: str, confidence: float) -> None:
        for change in changes:
            words = list(change.words)
            if change.end == len(self.words) and self.hyphen is not None:
                words = self._without_hyphen(words)
            self._replace(change, words)

    def _without_hyphen(self, words: list[NewWord]) -> list[NewWord]:
        """Return the line's last words without the hyphen that has an element of its own; it goes if it was deleted.

        A hyphen that the word has too stays in both, the same sign.
        """
        if self.hyphen is not None and self.is_hyphen_in_word and words and words[-1].text.endswith(tuple(_HYPHENS)):
            if words[-1].text[-1] != self.words[-1].text[-1]:
                self.hyphen.set("CONTENT", words[-1].text[-1])
            return words
        if words and words[-1].text.endswith(self._hyphen_text) and words[-1].text != self._hyphen_text:
            shorter = words[-1].text[: len(words[-1].text) - len(self._hyphen_text)]
            return [*words[:-1], NewWord(shorter, words[-1].box, words[-1].source)]
        if self.hyphen is not None:
            remove(self.hyphen)
            self.hyphen = None
        return words

    def _replace(self, change: Replacement, words: Sequence[NewWord]) -> None:
        old = self.word_elements[change.first : change.end]
        divided = {key: old[-1].get(key) for key in ("SUBS_TYPE", "SUBS_CONTENT")} if len(old) > 1 else {}
        self._remove_behind(old)
        if not words:
            remove(old[0])
            return
        new = [old[0]]
        for word in words[1:]:
            source = self.word_elements[word.source]
            element = copy.deepcopy(source)
            if "ID" in element.attrib:
                element.set("ID", new_id(str(source.get("ID")), self.taken))
            element.tail = new[-1].tail
            new[-1].addnext(element)
            if any(local_name(e) == "SP" for e in self.element):
                new[-1].addnext(self._space(word))
            new.append(element)
        for element, word in zip(new, words, strict=True):
            self._change(element, word, change)
        _move_division(new, divided)

    def _remove_behind(self, old: Sequence[Element]) -> None:
        """Remove all words but the first, and the spaces between them."""
        between = False
        for element in list(self.element):
            if element is old[0]:
                between = len(old) > 1
            elif between and (element in old or local_name(element) == "SP"):
                remove(element)
                between = element is not old[-1]

    def _space(self, word: NewWord) -> Element:
        """Return the space before a word that was split off: it has no width, the words touch each other."""
        space = self.element.makeelement(sibling(self.element, "SP"))
        if word.box is not None:
            like = next(e for e in self.element if local_name(e) == "String" and e.get("HPOS")).get("HPOS") or ""
            space.set("WIDTH", whole(0, like))
            space.set("HPOS", whole(word.box.left, like))
            space.set("VPOS", whole(word.box.top, like))
        space.tail = next(e.tail for e in self.element if local_name(e) == "SP")
        return space

    def _change(self, element: Element, word: NewWord, change: Replacement) -> None:
        element.set("CONTENT", word.text)
        if element.get("WC") is not None:
            element.set("WC", f"{change.confidence:.2f}")
        element.attrib.pop("CC", None)
        for child in list(element):
            is_kept = change.keeps_boxes and local_name(child) != "Glyph"
            if local_name(child) in _OF_THE_SHAPE and not is_kept:
                element.remove(child)
        if not len(element):
            element.text = None
        if word.box is not None and not change.keeps_boxes:
            left = element.get("HPOS") or ""
            element.set("HPOS", whole(word.box.left, left))
            element.set("VPOS", whole(word.box.top, left))
            right, bottom = float(whole(word.box.right, left)), float(whole(word.box.bottom, left))
            element.set("WIDTH", whole(right - float(element.get("HPOS") or 0), left))
            element.set("HEIGHT", whole(bottom - float(element.get("VPOS") or 0), left))


def _move_division(new: Sequence[Element], divided: dict[str, str | None]) -> None:
    """Let only the word at the line's end or start say that it is half of a divided one."""
    for key, value in divided.items():
        if value is not None:
            new[-1].set(key, value)
    for place, element in enumerate(new):
        is_half = {"HypPart1": place == len(new) - 1, "HypPart2": place == 0}.get(element.get("SUBS_TYPE") or "", True)
        if not is_half:
            element.attrib.pop("SUBS_TYPE", None)
            element.attrib.pop("SUBS_CONTENT", None)


def _box(element: Element) -> Box | None:
    values = {key: element.get(key) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT")}
    if None in values.values():
        return None
    left, top, width, height = (
        number(value, f"{key} of String {element.get('ID') or ''}".rstrip(), element.sourceline)
        for key, value in values.items()
    )
    return Box(left, top, left + width, top + height)
