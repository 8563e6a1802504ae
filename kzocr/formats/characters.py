"""The text of an element as characters, each in its place in the tree: what is changed of them changes there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from lxml import etree

from kzocr.formats.markup import Element, entity_text, local_name


@dataclass
class _Run:
    """Characters that stand together in the tree.

    Attributes:
        node: the element whose text or tail they are; or the entity, or the line break.
        kind: which of these.
        cells: the characters; one that was changed has what stands there now, which may be nothing or more than one.
        is_changed: whether one was.
    """

    node: Element
    kind: Literal["text", "tail", "entity", "break"]
    cells: list[str] = field(default_factory=list)
    is_changed: bool = False

    def write(self) -> None:
        """Change the tree."""
        text = "".join(self.cells)
        if self.kind == "text":
            self.node.text = text
        elif self.kind == "tail":
            self.node.tail = text
        elif self.kind == "entity":
            _put_in_place_of(self.node, text)


class Characters:
    """The text in an element and in those within it.

    Attributes:
        words: first place and one past the last one of each word, in characters of the text.
    """

    def __init__(self, element: Element) -> None:
        self._runs = list(_runs(element))
        self._places = [(run, number) for run in self._runs for number in range(len(run.cells))]
        self.words = self._words()

    def _words(self) -> list[tuple[int, int]]:
        words: list[tuple[int, int]] = []
        for place, (run, number) in enumerate(self._places):
            if run.cells[number].isspace():
                continue
            if words and words[-1][1] == place:
                words[-1] = (words[-1][0], place + 1)
            else:
                words.append((place, place + 1))
        return words

    def text(self, start: int, end: int) -> str:
        """Return what stands from one place to another."""
        return "".join(run.cells[number] for run, number in self._places[start:end])

    def replace(self, start: int, end: int, text: str) -> None:
        """Let `text` stand from one place to another; it goes where the first of these characters was."""
        for place, (run, number) in enumerate(self._places[start:end]):
            run.cells[number] = text if place == 0 else ""
            run.is_changed = True

    def write(self) -> None:
        """Change the tree; call it once, when all is replaced."""
        changed = [run for run in self._runs if run.is_changed]
        # An entity takes its tail with it into the text before: that tail has to be the new one.
        for run in sorted(changed, key=lambda run: run.kind == "entity"):
            run.write()


def _runs(element: Element) -> Iterator[_Run]:
    yield _Run(element, "text", list(element.text or ""))
    for child in element:
        if isinstance(child, etree._Entity):
            yield _Run(child, "entity", [entity_text(child)])
        elif local_name(child) == "br":
            yield _Run(child, "break", ["\n"])
        elif isinstance(child.tag, str):
            yield from _runs(child)
        yield _Run(child, "tail", list(child.tail or ""))


def _put_in_place_of(node: Element, text: str) -> None:
    parent, before = node.getparent(), node.getprevious()
    assert parent is not None, "an entity stands in an element"
    text += node.tail or ""
    parent.remove(node)
    if before is None:
        parent.text = (parent.text or "") + text
    else:
        before.tail = (before.tail or "") + text
