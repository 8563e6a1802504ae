"""hOCR (Breuel, Kay: "hOCR 1.2"): XHTML with boxes in `title`, as Tesseract, OCRopus and kraken write it."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from itertools import pairwise

from kzocr.formats.boxes import Box, NewWord, Replacement, Word
from kzocr.formats.layout import Dialect, Line, Page, rounded
from kzocr.formats.markup import Element, Tree, new_id, remove

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
            if _classes(element) & LINES:
                found.setdefault(element, [])
            elif _classes(element) & WORDS and "".join(element.itertext()).split():
                line = next((e for e in element.iterancestors() if _classes(e) & LINES), element.getparent())
                if line is not None:
                    found.setdefault(line, []).append(element)
        blocks: dict[Element | None, list[Line]] = {}
        for element, words in found.items():
            text = " ".join("".join(element.itertext()).split())
            if text and (words or not len(element)):
                block = next((e for e in element.iterancestors() if _classes(e) & BLOCKS), None)
                blocks.setdefault(block, []).append(_HocrLine(element, words, text, taken))
        return Page(tree, tuple(map(tuple, blocks.values())))


class _HocrLine(Line):
    def __init__(self, element: Element, words: Sequence[Element], text: str, taken: set[str]) -> None:
        super().__init__(element, [Word(_word_text(word), _box(word)) for word in words], text)
        self.word_elements = list(words)
        self.taken = taken

    def rewrite(self, changes: Sequence[Replacement], text: str, confidence: float) -> None:
        if not self.words:
            self.element.text = text
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
        while len(leaf) == 1 and not (leaf.text or "").strip() and not (leaf[0].tail or "").strip():
            if "ocrx_cinfo" in _classes(leaf[0]):
                break
            leaf = leaf[0]
        for child in list(leaf):
            leaf.remove(child)
        leaf.text = word.text
        title = element.get("title")
        if title is not None:
            element.set("title", _new_title(title, None if change.keeps_boxes else word.box, change.confidence))
        return element


def _classes(element: Element) -> set[str]:
    return set((element.get("class") or "").split())


def _word_text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _box(element: Element) -> Box | None:
    match = _BOX.search(element.get("title") or "")
    return Box(*map(float, match.groups())) if match else None


def _new_title(title: str, box: Box | None, confidence: float) -> str:
    """Return the title of a word that was changed: its new box, if it has one, and the confidence of the change."""
    kept = [part for part in title.split(";") if part.split()[:1] and part.split()[0] not in _PER_CHARACTER]
    title = ";".join(kept)
    if box is not None:
        title = _BOX.sub("bbox " + " ".join(map(str, rounded(box))), title, count=1)
    return _CONFIDENCE.sub(f"x_wconf {round(100 * confidence)}", title, count=1)
