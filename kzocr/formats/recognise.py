"""A file's first bytes and its name -> its format."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, get_args

from kzocr.formats.alto import Alto
from kzocr.formats.hocr import Hocr
from kzocr.formats.layout import Dialect
from kzocr.formats.pagexml import PageXml

Format = Literal["text", "hocr", "alto", "page", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

HEAD_BYTES = 8192
"""So many bytes of a file are enough to know its format."""

DIALECTS: dict[str, Dialect] = {"hocr": Hocr(), "alto": Alto(), "page": PageXml()}

_SUFFIXES: dict[str, Format] = {
    ".hocr": "hocr",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_OF_IMAGES = "an image, which an OCR engine has to read first (tesseract {name} - -l kaz)"
_OF_DOCUMENTS = "a document of a word processor or an archive: save it as plain text first"
_NO_TEXT: dict[bytes, str] = {
    b"%PDF-": "a PDF: take its text out first (pdftotext {name} - > text.txt)",
    b"PK\x03\x04": _OF_DOCUMENTS,
    b"\xd0\xcf\x11\xe0": _OF_DOCUMENTS,
    b"{\\rtf": _OF_DOCUMENTS,
    b"\x1f\x8b": "compressed: unpack it first (gunzip {name})",
    **dict.fromkeys((b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"AT&TFORM"), _OF_IMAGES),
}
"""First bytes of files that users have beside their text -> what they are, and what to do."""

_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)(?=[\s/>])")
_NO_ROOT = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL)
_HOCR = re.compile(r"""\bocr_page\b|\bocr-system\b|\bocrx?_(?:line|word|par|carea)\b""")
_STRING = r'"(?:[^"\\\n]|\\.)*"'
_JSON_LINE = re.compile(rf"\s*\{{[ \t]*{_STRING}[ \t]*:")
_JSON = re.compile(rf"\s*\[?\s*\{{\s*{_STRING}\s*:")
_ROOTS: dict[str, Format] = {"alto": "alto", "PcGts": "page"}


def recognise(head: bytes, name: str) -> Format:
    """Return the format of a file.

    The content decides where it can: Parquet's mark, the root element of ALTO and PAGE, the classes of hOCR. Else the
    name's ending does, else the key that a JSON object begins with. Anything else is plain text.

    Args:
        head: the file's first `HEAD_BYTES` bytes, or all of them.
        name: the file's name.

    Raises:
        ValueError: it is an XML or HTML file by name and content, but none of these, JSON of another form, or a PDF,
            an image or another file that is no text; the message says what it is.
    """
    for mark, what in _NO_TEXT.items():
        if head.startswith(mark):
            raise ValueError(f"{name}: {what.format(name=name)}")
    if head.startswith(b"PAR1"):
        return "parquet"
    root = _root(head)
    if root in _ROOTS:
        return _ROOTS[root]
    text = _decoded(head)
    if root.lower() == "html" and _HOCR.search(text):
        return "hocr"
    suffix = Path(name).suffix.lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if root and suffix in (".xml", ".html", ".xhtml", ".htm"):
        raise ValueError(
            f"{name}: an XML file with root element <{root}>: neither hOCR nor ALTO nor PAGE XML; "
            "kzocr correct --format text takes it as it is"
        )
    # As text its brackets and colons would be taken for misread letters.
    if _JSON_LINE.match(text.lstrip("\ufeff")):
        return "jsonl"
    if _JSON.match(text.lstrip("\ufeff")):
        raise ValueError(
            f"{name}: JSON, but not JSON Lines: write one object a line; kzocr correct --format text takes it as it is"
        )
    return "text"


def _root(head: bytes) -> str:
    """Return the name of the root element of XML; an empty string for what is none."""
    text = _decoded(head).lstrip("\ufeff \t\r\n")
    if not text.startswith("<"):
        return ""
    match = _ROOT.match(_NO_ROOT.sub("", text).lstrip())
    return match.group(1) if match else ""


def _decoded(head: bytes) -> str:
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    return head.decode(encoding, errors="replace")
