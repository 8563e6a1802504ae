"""PAGE XML (PRImA, 2010 to 2019): text stands in `TextEquiv/Unicode` of words, of lines and of regions."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kzocr.formats.boxes import Box, NewWord, Replacement, Word
from kzocr.formats.layout import Dialect, Line, Page, number, rounded
from kzocr.formats.markup import Element, Tree, local_name, new_id, remove, set_text, text_of


class PageXml(Dialect):
    """PAGE XML."""

    name = "page"

    def page(self, tree: Tree) -> Page:
        """Return the lines of a tree; of a region without lines those of its text.

        A line whose own text says something else than its words was edited by hand: its text is taken, and the
        words are left alone.

        Raises:
            ValueError: a point is no pair of numbers.
        """
        taken = {value for element in tree.numbers if (value := element.get("id"))}
        blocks: dict[Element, list[Line]] = {}
        regions: list[_Region] = []
        for element in tree.numbers:
            if local_name(element) == "TextLine":
                line = _PageLine(element, taken)
                region = element.getparent()
                if line.text and region is not None:
                    blocks.setdefault(region, []).append(line)
            elif local_name(element) == "TextRegion" and not _children(element, "TextLine"):
                own = _RegionText.of(element)
                if own is not None and own.lines:
                    blocks[element] = [_RegionLine(own, number) for number in own.lines]
        for region, lines in blocks.items():
            equivalent = _equivalent(region)
            if equivalent is not None and equivalent is not lines[0].element:
                text = _unicode(equivalent)
                if text.split() == " ".join(line.text for line in lines).split():
                    regions.append(_Region(equivalent, lines, "\n" if "\n" in text else " "))
        return _PagePage(tree, tuple(map(tuple, blocks.values())), tuple(regions))


@dataclass(frozen=True)
class _Region:
    """The text of a region that repeats its lines."""

    equivalent: Element
    lines: Sequence[Line]
    separator: str


@dataclass(frozen=True)
class _PagePage(Page):
    regions: tuple[_Region, ...] = field(default=())

    def finish(self, changed: Sequence[Line]) -> Iterable[Element]:
        """Repeat the lines in the texts of their regions."""
        found = []
        touched = {id(line) for line in changed}
        for region in self.regions:
            own = [line for line in region.lines if id(line) in touched and isinstance(line, _PageLine)]
            if own:
                texts = [line.new_text if isinstance(line, _PageLine) else line.text for line in region.lines]
                confidence = min(line.confidence for line in own)
                _set_text(region.equivalent, region.separator.join(texts), confidence)
                found.append(region.equivalent)
        return found


class _PageLine(Line):
    """A line with an element of its own."""

    def __init__(self, element: Element, taken: set[str]) -> None:
        self.taken = taken
        self.equivalent = _equivalent(element)
        self.word_elements = [e for e in _children(element, "Word") if _unicode(_equivalent(e)).split()]
        words = [Word(" ".join(_unicode(_equivalent(e)).split()), _box(e)) for e in self.word_elements]
        text = _unicode(self.equivalent)
        if self.equivalent is not None and text.split() != " ".join(word.text for word in words).split():
            words = []
        if text != text.strip() or "\n" in text:
            text = " ".join(text.split())
        super().__init__(element, words, text)
        self.new_text = self.text
        self.confidence = 1.0

    def rewrite(self, changes: Sequence[Replacement], text: str, confidence: float) -> None:
        self.new_text, self.confidence = text, confidence
        for change in changes:
            self._replace(change)
        if self.equivalent is not None:
            _set_text(self.equivalent, text, confidence)

    def _replace(self, change: Replacement) -> None:
        old = self.word_elements[change.first : change.end]
        for element in old[1:] if change.words else old:
            remove(element)
        last: Element | None = None
        for word in change.words:
            element = old[0]
            if last is not None:
                source = self.word_elements[word.source]
                element = copy.deepcopy(source)
                element.set("id", new_id(str(source.get("id")), self.taken))
                element.tail = last.tail
                last.addnext(element)
            self._change(element, word, change)
            last = element

    def _change(self, element: Element, word: NewWord, change: Replacement) -> None:
        for glyph in _children(element, "Glyph"):
            element.remove(glyph)
        equivalent = _equivalent(element)
        assert equivalent is not None, "words without text are no words"
        if not change.keeps_boxes:
            for other in _children(element, "TextEquiv"):
                if other is not equivalent:
                    element.remove(other)
            if word.box is not None:
                _set_box(_children(element, "Coords")[0], word.box)
            for baseline in _children(element, "Baseline"):
                element.remove(baseline)
        _set_text(equivalent, word.text, change.confidence)


class _RegionText:
    """The text of a region without lines.

    Attributes:
        equivalent: the element that holds it.
        lines: those that are not blank, by their number.
    """

    def __init__(self, equivalent: Element) -> None:
        self.equivalent = equivalent
        self._all = _unicode(equivalent).splitlines(keepends=True)
        self.lines = {number: line.strip() for number, line in enumerate(self._all) if line.strip()}
        self._confidence = 1.0

    @classmethod
    def of(cls, region: Element) -> _RegionText | None:
        """Return the text of a region, or None if it has none."""
        equivalent = _equivalent(region)
        return None if equivalent is None else cls(equivalent)

    def replace(self, number: int, text: str, confidence: float) -> None:
        """Let another line stand in the place of one, between the same white space."""
        before, _, behind = self._all[number].partition(self.lines[number])
        self._all[number] = before + text + behind
        self._confidence = min(self._confidence, confidence)
        _set_text(self.equivalent, "".join(self._all), self._confidence)


class _RegionLine(Line):
    """A line of the text of a region without lines."""

    def __init__(self, region: _RegionText, number: int) -> None:
        super().__init__(region.equivalent, (), region.lines[number])
        self._region, self._number = region, number

    def rewrite(self, changes: Sequence[Replacement], text: str, confidence: float) -> None:
        self._region.replace(self._number, text, confidence)


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element if local_name(child) == name]


def _equivalent(element: Element) -> Element | None:
    """Return the first choice among the element's texts: that of the lowest index."""
    found = _children(element, "TextEquiv")
    return min(found, key=lambda e: number(e.get("index") or "0", "index", e.sourceline)) if found else None


def _unicode(equivalent: Element | None) -> str:
    texts = [] if equivalent is None else _children(equivalent, "Unicode")
    return text_of(texts[0]) if texts else ""


def _set_text(equivalent: Element, text: str, confidence: float) -> None:
    for name in ("Unicode", "PlainText"):
        for child in _children(equivalent, name):
            set_text(child, text)
    if equivalent.get("conf") is not None:
        equivalent.set("conf", f"{confidence:.2f}")


def _points(coordinates: Element) -> list[tuple[float, float]]:
    line = coordinates.sourceline
    if (points := coordinates.get("points")) is not None:
        pairs = [pair.split(",") for pair in points.split()]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"line {line}: points is {points!r}: expected pairs of numbers")
        return [(number(x, "points", line), number(y, "points", line)) for x, y in pairs]
    return [
        (number(point.get("x"), "x", line), number(point.get("y"), "y", line))
        for point in _children(coordinates, "Point")
    ]


def _box(element: Element) -> Box | None:
    """Return the box around a word's outline."""
    points = [point for coordinates in _children(element, "Coords")[:1] for point in _points(coordinates)]
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _set_box(coordinates: Element, box: Box) -> None:
    left, top, right, bottom = rounded(box)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if coordinates.get("points") is not None:
        coordinates.set("points", " ".join(f"{x},{y}" for x, y in corners))
        return
    points = _children(coordinates, "Point")
    for point in points[4:]:
        coordinates.remove(point)
    for point, (x, y) in zip(points, corners, strict=False):
        point.set("x", str(x))
        point.set("y", str(y))
