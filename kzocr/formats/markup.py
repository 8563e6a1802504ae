"""An XML or HTML file as text and as a tree, and elements of the tree put back: all else stays byte for byte."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.entities import html5
from typing import Literal, TypeAlias
from xml.parsers import expat
from xml.sax.saxutils import escape

from lxml import etree

from kzocr.formats.html_tree import html_elements

Element: TypeAlias = etree._Element

_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_META = re.compile(rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([A-Za-z0-9._-]+)""", re.IGNORECASE)
_META_BYTES = 1024
"""HTML says its encoding within so many bytes (HTML, section 4.2.5.4)."""

_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<html[\s>]", re.DOTALL | re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_TAG_END = re.compile(rb"""(?:[^>"']|"[^"]*"|'[^']*')*>""")


@dataclass(frozen=True)
class Markup:
    """An XML file, or one of HTML.

    Attributes:
        name: for messages.
        text: its characters, without the byte order mark, as UTF-8.
        encoding: what they were written in.
        mark: the byte order mark, or nothing.
    """

    name: str
    text: bytes
    encoding: str
    mark: bytes

    @classmethod
    def of(cls, data: bytes, name: str) -> Markup:
        """Return the file that `data` is; only its encoding is looked at.

        Raises:
            ValueError: it is not in the encoding that it declares; the message names the file.
        """
        mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", ""))
        body = data[len(mark) :]
        if not encoding:
            declared = _DECLARATION.match(body) or _META.search(body[:_META_BYTES])
            encoding = declared.group(1).decode("ascii") if declared else "utf-8"
        try:
            return cls(name, body.decode(encoding).encode("utf-8"), encoding, mark)
        except LookupError as error:
            raise ValueError(f"{name}: unknown encoding {encoding!r}") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"{name}: not {encoding}: byte {error.start}") from error
        except UnicodeEncodeError as error:
            raise ValueError(f"{name}: holds characters that are no characters (surrogates)") from error

    def tree(self) -> Tree:
        """Return a new tree of the file. Nothing outside of it is fetched, and no entity is expanded.

        What is no well-formed XML is read as HTML if it begins as such and does not declare itself to be XML.

        Raises:
            ValueError: it is not well-formed, or declares entities; the message names file and line.
        """
        parser = etree.XMLParser(
            encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False
        )
        try:
            root = etree.fromstring(self.text, parser)
        except etree.XMLSyntaxError as error:
            if _HTML.match(self.text):
                return self._html_tree()
            raise ValueError(f"{self.name}:{error.lineno}: not well-formed XML: {error.msg}") from error
        internal = root.getroottree().docinfo.internalDTD
        if internal is not None and list(internal.iterentities()):
            raise ValueError(f"{self.name}: declares entities of its own; such files are not read")
        return Tree(root, {element: number for number, element in enumerate(root.iter(etree.Element))})

    def _html_tree(self) -> Tree:
        try:
            elements = [element for element, _, _ in html_elements(self.text.decode("utf-8"))]
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error
        if not elements:
            raise ValueError(f"{self.name}: breaks off within its first tag")
        return Tree(elements[0], {element: number for number, element in enumerate(elements)}, is_html=True)

    def patched(self, tree: Tree, changed: Iterable[Element]) -> bytes:
        """Return the file's bytes with some of its elements as they now are in the tree; the others stay as they were.

        Args:
            tree: what `tree` returned; nothing outside the elements of `changed` may be another than it was.
            changed: elements of the tree. One inside another that is changed goes with it.
        """
        elements = dict.fromkeys(changed)
        outer = [e for e in elements if not any(above in elements for above in e.iterancestors())]
        spans = _spans(self.text, tree.is_html) if outer else []
        parts, position = [], 0
        for element in sorted(outer, key=lambda element: tree.numbers[element]):
            start, end = spans[tree.numbers[element]]
            new = _serialised(element, "html" if tree.is_html else "xml").encode("utf-8")
            if b"\r\n" in self.text[start:end]:
                new = new.replace(b"\n", b"\r\n")
            parts += [self.text[position:start], new]
            position = end
        text = b"".join([*parts, self.text[position:]]).decode("utf-8")
        return self.mark + text.encode(self.encoding, "xmlcharrefreplace")


@dataclass(frozen=True)
class Tree:
    """The tree of a file.

    Attributes:
        root: its outermost element.
        numbers: element -> its number in the order of start tags, as the file has them.
        is_html: whether the file is HTML that is no XML.
    """

    root: Element
    numbers: dict[Element, int]
    is_html: bool = False


def _spans(text: bytes, is_html: bool) -> list[tuple[int, int]]:
    """Return where each element begins and ends in a text, in bytes, in the order of start tags."""
    if is_html:
        return [(start, end) for _, start, end in html_elements(text.decode("utf-8"))]
    spans: list[tuple[int, int]] = []
    open_elements: list[int] = []
    parser = expat.ParserCreate(encoding="utf-8")

    def on_start(_name: str, _attributes: dict[str, str]) -> None:
        open_elements.append(len(spans))
        start = parser.CurrentByteIndex
        tag = _TAG_END.match(text, start)
        assert tag is not None, "expat has accepted the tag"
        spans.append((start, tag.end() if text[tag.end() - 2 : tag.end()] == b"/>" else -1))

    def on_end(_name: str) -> None:
        number = open_elements.pop()
        start, end = spans[number]
        spans[number] = (start, end if end > 0 else text.index(b">", parser.CurrentByteIndex) + 1)

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.Parse(text, True)
    return spans


def _serialised(element: Element, method: Literal["xml", "html"]) -> str:
    """Return the element as it stands within its file: without what its ancestors declare already."""
    text: str = etree.tostring(element, encoding="unicode", method=method, with_tail=False)
    parent = element.getparent()
    inherited = {} if parent is None else parent.nsmap
    tag_end = text.index(">")
    tag, rest = text[:tag_end], text[tag_end:]
    for prefix, uri in inherited.items():
        if element.nsmap.get(prefix) == uri:
            name = f"xmlns:{prefix}" if prefix else "xmlns"
            tag = tag.replace(f" {name}={_quoted(uri)}", "", 1)
    return tag + rest


def _quoted(uri: str) -> str:
    escaped = escape(uri, {'"': "&quot;"})
    return f'"{escaped}"'


def local_name(element: Element) -> str:
    """Return the element's name without its namespace; an empty string for a comment or an instruction."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def text_of(element: Element) -> str:
    """Return the text in the element and in those within it; an entity such as `&nbsp;` counts as its character.

    Raises:
        ValueError: it has an entity that HTML has not; the message names the line.
    """
    parts = [element.text or ""]
    for child in element:
        if isinstance(child, etree._Entity):
            parts.append(entity_text(child))
        elif isinstance(child.tag, str):
            parts.append(text_of(child))
        parts.append(child.tail or "")
    return "".join(parts)


def entity_text(entity: Element) -> str:
    """Return the characters that an entity of HTML stands for; `text_of` says what is raised."""
    name = str(entity.text)[1:]
    if name not in html5:
        raise ValueError(f"line {entity.sourceline}: unknown entity &{name}: put the character itself in its place")
    return html5[name]


def set_text(element: Element, text: str) -> None:
    """Let the element hold nothing but `text`."""
    for child in list(element):
        element.remove(child)
    element.text = text


def sibling(element: Element, name: str) -> str:
    """Return `name` in the namespace of `element`, as lxml writes it."""
    namespace = etree.QName(element).namespace
    return f"{{{namespace}}}{name}" if namespace else name


def new_id(wanted: str, taken: set[str]) -> str:
    """Return an id like `wanted` that is not taken, and take it."""
    number = 2
    while f"{wanted}_{number}" in taken:
        number += 1
    taken.add(f"{wanted}_{number}")
    return f"{wanted}_{number}"


def remove(element: Element) -> None:
    """Take the element out of its parent; the white space behind it goes with it."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
