"""Real OCR pairs: text is printed on pages, damaged, read by engines and matched line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kzocr.channel.degradation import Degradation, degrade, sample_degradation
from kzocr.channel.engines import Engine, EngineFailedError
from kzocr.channel.fonts import FontFace
from kzocr.channel.lines import match_lines
from kzocr.channel.rendering import PageStyle, Paragraph, draw, layout, sample_style
from kzocr.corpus import lines_sha256
from kzocr.metrics import cer
from kzocr.text import printable

VERSE_MEDIAN_CHARS = 45
"""Of lines that are shorter than this in the median two pages in three are set as verse."""

SHORT_HEADING_CHARS = 60
"""A first line that is shorter is set as a heading on every other page."""

MAX_MISSED_SHARE = 0.5
"""A page of whose lines the engine missed more is hopeless."""

DEFAULT_CER_LIMITS: Mapping[str, float] = {"kaz": 0.35, "kaz+rus": 0.35, "rus": 0.5}
"""The page CER over which a page counts as hopeless, by Tesseract language."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True)
class TextSource:
    """A text file's name and its lines, each a paragraph, a sentence or a verse."""

    name: str
    lines: tuple[str, ...] = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> TextSource:
        """Return the non-empty lines of a UTF-8 file, made printable.

        Raises:
            ValueError: the file has no line to print.
        """
        lines = tuple(filter(None, map(printable, path.read_text(encoding="utf-8").splitlines())))
        if not lines:
            raise ValueError(f"{path}: no text to print")
        return cls(path.stem, lines)

    @property
    def sha256(self) -> str:
        """Hash of the lines joined by line ends, as hexadecimal digits."""
        return lines_sha256(self.lines)


@dataclass(frozen=True)
class Page:
    """A page ready to be read: its lines as printed, its damaged image and how it came about."""

    document_id: str
    lines: tuple[str, ...]
    image: Image.Image
    style: PageStyle
    damage: Degradation


def sample_paragraphs(source: TextSource, font: FontFace, n_words: int, rng: np.random.Generator) -> list[Paragraph]:
    """Return about `n_words` words of consecutive text from a random place in `source`.

    Short lines (median under 45 characters) are verse in two pages of three; others are joined into
    paragraphs. Lines with a character that `font` lacks are left out.

    Args:
        source: where the text is from.
        font: the face of the page.
        n_words: the size of the page in words.
        rng: source of randomness.
    """
    lines: list[str] = []
    start = int(rng.integers(len(source.lines)))
    for offset in range(min(len(source.lines), 10 * n_words)):
        line = _excerpt(source.lines[(start + offset) % len(source.lines)], n_words, rng)
        if not font.missing(line):
            lines.append(line)
        if sum(len(kept.split()) for kept in lines) >= n_words:
            break
    verse = float(np.median([len(line) for line in lines] or [0])) < VERSE_MEDIAN_CHARS and rng.random() < 0.67
    paragraphs: list[Paragraph] = []
    for line in lines:
        previous = paragraphs[-1] if paragraphs else None
        if previous is None and len(line) < SHORT_HEADING_CHARS and rng.random() < 0.5:
            paragraphs.append(Paragraph(line, "heading"))
        elif verse:
            paragraphs.append(Paragraph(line, "verse"))
        elif previous is not None and previous.kind == "body" and rng.random() < 0.6:
            paragraphs[-1] = Paragraph(f"{previous.text} {line}")
        else:
            paragraphs.append(Paragraph(line))
    return paragraphs


def _excerpt(line: str, n_words: int, rng: np.random.Generator) -> str:
    """Return `line`, or where it is longer than a page some consecutive sentences of it."""
    if len(line.split()) <= n_words:
        return line
    sentences = _SENTENCE_END.split(line)
    first = int(rng.integers(len(sentences)))
    words = " ".join(sentences[first:]).split()
    return " ".join(words[:n_words])


def make_page(
    sources: Sequence[TextSource], fonts: Sequence[FontFace], seed: int, index: int, n_words: int = 150
) -> Page:
    """Return page number `index` of the endless book `seed`; the same page whatever ran before it.

    A source is drawn with probability proportional to the square root of its length.

    Args:
        sources: texts to print.
        fonts: faces to print them with.
        seed: the book.
        index: page number, 0 or more.
        n_words: mean words a page; a page has 0.8 to 1.2 times as many.
    """
    rng = np.random.default_rng([seed, index])
    weights = np.sqrt([sum(map(len, source.lines)) for source in sources])
    source = sources[int(rng.choice(len(sources), p=weights / weights.sum()))]
    style = sample_style(fonts, rng)
    paragraphs = sample_paragraphs(source, style.font, int(n_words * rng.uniform(0.8, 1.2)), rng)
    lines = layout(paragraphs, style)
    damage = sample_degradation(rng)
    image = degrade(draw(lines, style), damage, style.size_px, rng)
    texts = tuple(line.text for line in lines)
    return Page(f"{source.name}-{seed}-{index:06d}", texts, image, style, damage)


def read_page(page: Page, engine: Engine) -> dict[str, Any]:
    """Return the record of `page` as `engine` reads it: matched lines, their CER and how the page was made.

    `reference` and `hypothesis` have the same number of lines; lines that the engine missed or made up are
    counted in `n_missed_lines` and `n_spurious_lines` and are in neither. An engine that fails at the page has missed
    them all, which makes the page hopeless; `failure` has its message, and is empty for any other page.
    """
    try:
        read, failure = engine.read(page.image, page.style.dpi), ""
    except EngineFailedError as error:
        read, failure = "", str(error)
    match = match_lines(page.lines, read.splitlines())
    reference, hypothesis = "\n".join(match.references), "\n".join(match.hypotheses)
    style = page.style
    return {
        "document_id": page.document_id,
        "origin": "rendered",
        "engine": engine.name,
        "reference": reference,
        "hypothesis": hypothesis,
        "font": style.font.name,
        "font_kind": style.font.kind,
        "size_pt": style.size_pt,
        "dpi": style.dpi,
        "layout": {name: value for name, value in asdict(style).items() if name not in ("font", "size_pt", "dpi")},
        "degradation": asdict(page.damage),
        "n_lines": len(page.lines),
        "n_missed_lines": match.n_missed,
        "n_spurious_lines": match.n_spurious,
        "failure": failure,
        "cer": round(cer(reference=reference, hypothesis=hypothesis), 5),
    }


def is_hopeless(record: Mapping[str, Any], cer_limit: float) -> bool:
    """Return whether a record is to be set aside: CER over the limit, or over half of the lines missed."""
    return bool(record["cer"] > cer_limit or record["n_missed_lines"] > MAX_MISSED_SHARE * record["n_lines"])
