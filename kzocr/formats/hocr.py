"""hOCR (Breuel, Kay: "hOCR 1.2"): HTML with boxes in `title`, as Tesseract, OCRopus, kraken and CuneiForm write it."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from itertools import pairwise

from lxml import etree

from kzocr.formats.boxes import Box, NewWord, Replacement, Word
from kzocr.formats.characters import Characters
from kzocr.formats.layout import Dialect, Line, Page, rounded
from kzocr.formats.markup import Element, Tree, new_id, remove, set_text, text_of

LINES = frozenset({"ocr_line", "ocrx_line", "ocr_header", "ocr_footer", "ocr_caption", "ocr_textfloat"})
WORDS = frozenset({"ocrx_word", "ocr_word"})
BLOCKS = frozenset({"ocr_par", "ocr_carea", "ocrx_block", "ocr_page"})

_NUMBER = r"-?\d+(?:\.\d+)?"
_BOX = re.compile(rf"\bbbox\s+({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})")
_CONFIDENCE = re.compile(rf"\bx_wconf\s+{_NUMBER}")
_PER_CHARACTER = frozenset({"x_confs", "x_bboxes", "cuts", "nlp"})
"""Properties with a value a character: they say nothing of other characters."""


class Hocr(Dialect):
    """hOCR."""

    name = "hocr"

    def page(self, tree: Tree) -> Page:
        """Return the lines of a tree."""
        taken = {value for element in tree.numbers if (value := element.get("id"))}
        found: dict[Element, list[Element]] = {}
        for element in tree.numbers:
            above = list(element.iterancestors())
            if any(_classes(e) & WORDS for e in above):
                continue  # Tesseract 3 has an `ocrx_word` in each `ocr_word`: both are one word
            if _classes(element) & LINES:
                found.setdefault(element, [])
            elif _classes(element) & WORDS and text_of(element).split() and above:
                around = next((e for e in above if _classes(e) & LINES), above[0])
                found.setdefault(around, []).append(element)
        blocks: dict[Element | None, list[Line]] = {}
        for element, words in found.items():
            line = _WordsLine(element, words, taken) if words else _TextLine(element)
            if line.words and (words or not _holds_lines(element)):
                block = next((e for e in element.iterancestors() if _classes(e) & BLOCKS), None)
                blocks.setdefault(block, []).append(line)
        return Page(tree, tuple(map(tuple, blocks.values())))


class _TextLine(Line):
    """A line whose words have no elements, as OCRopus and CuneiForm write it: they stand between white space."""

    def __init__(self, element: Element) -> None:
        self.characters = Characters(element)
        super().__init__(element, [Word(self.characters.text(*place)) for place in self.characters.words])

    def rewrite(self, changes: Sequence[Replacement], text: str, confidence: float) -> None:
        for change in changes:
            start, end = self.characters.words[change.first][0], self.characters.words[change.end - 1][1]
            self.characters.replace(start, end, " ".join(word.text for word in change.words))
        self.characters.write()
        for element in self.element.iter(etree.Element):
            _set_title(element, None, confidence)


class _WordsLine(Line):
    """A line of elements for words."""

    def __init__(self, element: Element, words: Sequence[Element], taken: set[str]) -> None:
        super().__init__(element, [Word(_word_text(word), _box(word)) for word in words])
        self.word_elements = list(words)
        self.taken = taken

    def rewrite(self, changes: Sequence[Replacement], text: str, confidence: float) -> None:
        for change in changes:
            self._replace(change)

    def _replace(self, change: Replacement) -> None:
        old = self.word_elements[change.first : change.end]
        if not change.words:
            for element in old:
                remove(element)
            return
        last_tail = old[-1].tail
        gap = old[0].tail if len(old) > 1 and old[0].tail else " "
        new = [self._changed(old[0], change.words[0], change)]
        for word in change.words[1:]:
            source = self.word_elements[word.source]
            element = copy.deepcopy(source)
            if "id" in element.attrib:
                element.set("id", new_id(str(source.get("id")), self.taken))
            new.append(self._changed(element, word, change))
        for element in old[1:]:
            remove(element)
        for before, element in pairwise(new):
            before.addnext(element)
        for element in new:
            element.tail = gap
        new[-1].tail = last_tail

    def _changed(self, element: Element, word: NewWord, change: Replacement) -> Element:
        leaf = element
        around = [leaf]
        while len(leaf) == 1 and not (leaf.text or "").strip() and not (leaf[0].tail or "").strip():
            if not isinstance(leaf[0].tag, str) or "ocrx_cinfo" in _classes(leaf[0]):
                break
            leaf = leaf[0]
            around.append(leaf)
        set_text(leaf, word.text)
        for inner in around:
            _set_title(inner, None if change.keeps_boxes else word.box, change.confidence)
        return element


def _holds_lines(element: Element) -> bool:
    return any(_classes(inner) & LINES for inner in element.iterdescendants(etree.Element))


def _classes(element: Element) -> set[str]:
    return set((element.get("class") or "").split())


def _word_text(element: Element) -> str:
    return " ".join(text_of(element).split())


def _box(element: Element) -> Box | None:
    match = _BOX.search(element.get("title") or "")
    return Box(*map(float, match.groups())) if match else None


def _set_title(element: Element, box: Box | None, confidence: float) -> None:
    """Let the title of what was changed, if it has one, give the new box, if there is one, and the confidence."""
    title = element.get("title")
    if title is None:
        return
    kept = [part for part in title.split(";") if part.split()[:1] and part.split()[0] not in _PER_CHARACTER]
    title = ";".join(kept)
    if box is not None:
        title = _BOX.sub("bbox " + " ".join(map(str, rounded(box))), title, count=1)
    element.set("title", _CONFIDENCE.sub(f"x_wconf {round(100 * confidence)}", title, count=1))
