"""HTML that is no XML (elements left open, attributes without quotes) -> a tree, and where its elements stand.

Parsers of HTML repair a file and forget where it was broken; here every element keeps its place, so that what changes
can be written where it stood and the rest of the file stays.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5
from html.parser import HTMLParser

from lxml import etree

_EMPTY = frozenset(
    "area base basefont br col embed frame hr img input isindex link meta param source track wbr".split()
)
"""Elements that have no end tag."""

_BLOCKS = frozenset("address blockquote center div dl fieldset form h1 h2 h3 h4 h5 h6 hr ol p pre table ul".split())
_PARTS_OF_TABLES = frozenset("thead tbody tfoot".split())
_ROWS = _PARTS_OF_TABLES | {"tr"}
_ENDED_BY: dict[str, frozenset[str]] = {
    "head": frozenset({"body"}),
    "p": _BLOCKS,
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": _ROWS | {"td", "th"},
    "th": _ROWS | {"td", "th"},
    "tr": _ROWS,
    **dict.fromkeys(_PARTS_OF_TABLES, _PARTS_OF_TABLES),
}
"""Element -> the start tags that end it where its end tag is left out (HTML 4.01)."""

_MOST_OPEN = 256
"""As libxml2 has it for XML."""

_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def html_elements(text: str) -> list[tuple[etree._Element, int, int]]:
    """Return the elements of an HTML text in the order of their start tags, each with where it begins and ends.

    The first one is the root of their tree. An element that is left open ends where the one around it does.

    Args:
        text: begins with the tag `<html>`, or with comments and a document type before it.

    Returns:
        Elements with their first byte and one past their last one, in UTF-8.

    Raises:
        ValueError: an element has a name that XML cannot have, or is too deep; the message begins with the line.
    """
    parser = _Parser(text)
    parser.feed(text)
    parser.close()
    parser.end_all()
    return [(element, *span) for element, span in zip(parser.elements, parser.spans, strict=True)]


class _Parser(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.elements: list[etree._Element] = []
        self.spans: list[tuple[int, int]] = []
        self._text = text
        self._open: list[int] = []
        self._texts: list[str] = []
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._seen_chars = self._seen_bytes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start, end = self._start_tag()
        while self._open and tag in _ENDED_BY.get(self._name(self._open[-1]), ()):
            self._end_last(start)
        self._open.append(self._added(tag, attrs, start))
        if tag in _EMPTY:
            self._end_last(end)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self._end_last(self._bytes_before(self._here() + len(self.get_starttag_text() or "")))

    def handle_endtag(self, tag: str) -> None:
        if all(self._name(number) != tag for number in self._open):
            return
        here = self._here()
        start = self._bytes_before(here)
        while self._name(self._open[-1]) != tag:
            self._end_last(start)
        end = self._text.find(">", here) + 1
        self._end_last(self._bytes_before(end or len(self._text)))

    def end_all(self) -> None:
        """End the elements that are still open at the end of the text."""
        end = self._bytes_before(len(self._text))
        while self._open:
            self._end_last(end)

    def handle_data(self, data: str) -> None:
        self._add_text(data)

    def handle_charref(self, name: str) -> None:
        self._add_text(unescape(f"&#{name};"))

    def handle_entityref(self, name: str) -> None:
        end = ";" if self._text.startswith(";", self._here() + 1 + len(name)) else ""
        if name in _OF_XML or name + end not in html5:
            self._add_text(unescape(f"&{name}{end}"))
        elif self._open:
            self._set_text()
            self.elements[self._open[-1]].append(etree.Entity(name))

    def handle_comment(self, data: str) -> None:
        # One that XML cannot hold is left out: it goes if the line that it stands in changes.
        if self._open and "--" not in data and not data.endswith("-") and not _NO_XML.search(data):
            self._set_text()
            self.elements[self._open[-1]].append(etree.Comment(data))

    def _added(self, tag: str, attributes: list[tuple[str, str | None]], start: int) -> int:
        """Return the number of a new element within the innermost one that is open."""
        if not _NAME.fullmatch(tag):
            raise ValueError(f"line {self.getpos()[0]}: <{tag}> is no element of HTML")
        if len(self._open) >= _MOST_OPEN:
            raise ValueError(f"line {self.getpos()[0]}: {_MOST_OPEN} elements are open: are their end tags missing?")
        self._set_text()
        element = etree.Element(tag)
        for name, value in attributes:
            name = _XML_LANGUAGE if name == "xml:lang" else name
            # One that XML cannot hold is left out, as such a comment is; of two with one name the first counts.
            if (name == _XML_LANGUAGE or _NAME.fullmatch(name)) and name not in element.attrib:
                element.set(name, _of_xml(value or ""))
        if self.elements:
            self.elements[self._open[-1] if self._open else 0].append(element)
        self.elements.append(element)
        self.spans.append((start, start))
        return len(self.elements) - 1

    def _add_text(self, text: str) -> None:
        if self._open:
            self._texts.append(text)

    def _set_text(self) -> None:
        """Give the pieces of text that came last to the innermost open element: all at once, as there may be many."""
        text, self._texts = "".join(map(_of_xml, self._texts)), []
        if not text or not self._open:
            return
        element = self.elements[self._open[-1]]
        if len(element):
            element[-1].tail = (element[-1].tail or "") + text
        else:
            element.text = (element.text or "") + text

    def _end_last(self, end: int) -> None:
        """End the innermost open element."""
        self._set_text()
        number = self._open.pop()
        self.spans[number] = (self.spans[number][0], end)

    def _name(self, number: int) -> str:
        return str(self.elements[number].tag)

    def _start_tag(self) -> tuple[int, int]:
        here = self._here()
        return self._bytes_before(here), self._bytes_before(here + len(self.get_starttag_text() or ""))

    def _here(self) -> int:
        """Return the character that the parser is at."""
        line, column = self.getpos()
        return self._line_starts[line - 1] + column

    def _bytes_before(self, place: int) -> int:
        """Return the bytes before a character that is none before the last one asked for."""
        self._seen_bytes += len(self._text[self._seen_chars : place].encode("utf-8"))
        self._seen_chars = place
        return self._seen_bytes


def _of_xml(text: str) -> str:
    """Return the text with line ends as XML reads them, and without the control characters that XML cannot hold."""
    return _NO_XML.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
