"""Kazakh text -> page image and the lines printed on it (Pillow); print and scan are in `degradation`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from kzocr.channel.fonts import FontFace
from kzocr.channel.hyphenation import break_points

POINTS_PER_INCH = 72
MARGIN_EM = 2.2
GUTTER_EM = 2.0
INDENT_EM = 1.4
HEADING_SCALE = 1.35
KIND_WEIGHTS = {"serif": 0.55, "sans": 0.38, "mono": 0.07}
PLAIN_STYLES = frozenset({"Regular", "Book", "Medium", "Roman", "Light", "Condensed"})
PLAIN_WEIGHT = 4.0
"""How much likelier an upright face of normal weight is than each bold or italic one."""


@dataclass(frozen=True)
class Paragraph:
    """A run of text printed in one way; `kind` is "body", "heading" or "verse" (one line stays one line)."""

    text: str
    kind: str = "body"


@dataclass(frozen=True)
class PageStyle:
    """How a page is set: face, measures and habits of its printer.

    Attributes:
        font: the face of the body text.
        size_pt: body size in points.
        dpi: dots per inch of the page image.
        n_columns: 1 or 2.
        column_em: width of a column in units of the body size.
        leading: distance between base lines in units of the size, 1.1 to 1.5.
        justified: whether words are spaced out to the right edge.
        hyphenated: whether words are divided at line ends.
        tracking_em: extra space after each letter in units of the size, 0 to 0.1.
        ink: grey value of the ink, 0 (black) to 255.
    """

    font: FontFace
    size_pt: float
    dpi: int
    n_columns: int = 1
    column_em: float = 28.0
    leading: float = 1.25
    justified: bool = True
    hyphenated: bool = True
    tracking_em: float = 0.0
    ink: int = 0

    @property
    def size_px(self) -> float:
        """The body size in pixels: points times dots per inch over 72."""
        return self.size_pt * self.dpi / POINTS_PER_INCH


@dataclass(frozen=True)
class PrintedLine:
    """A line as printed: its text (with the hyphen at its end, if any) and how it is placed.

    Attributes:
        text: words joined by one space.
        kind: the kind of its paragraph.
        indent_px: space before the first word.
        stretched: whether the words are spaced out to the full column.
    """

    text: str
    kind: str
    indent_px: float
    stretched: bool


class _Ruler:
    """Measures text in one style; widths are in pixels."""

    def __init__(self, style: PageStyle, scale: float = 1.0) -> None:
        self.font = style.font.load(style.size_px * scale)
        self.tracking_px = style.tracking_em * style.size_px * scale
        self.space_px = self.font.getlength(" ") + self.tracking_px

    def width_px(self, text: str) -> float:
        return self.font.getlength(text) + self.tracking_px * len(text)


def layout(paragraphs: Sequence[Paragraph], style: PageStyle) -> list[PrintedLine]:
    """Return the lines in which `paragraphs` are printed, in reading order.

    No word is lost: the lines joined again are the text, but for spaces and hyphens at line ends.

    Args:
        paragraphs: what is printed, from top to bottom.
        style: measures of the page.
    """
    body, heading = _Ruler(style), _Ruler(style, HEADING_SCALE)
    width_px = style.column_em * style.size_px
    lines: list[PrintedLine] = []
    for paragraph in paragraphs:
        ruler = heading if paragraph.kind == "heading" else body
        indent_px = INDENT_EM * style.size_px if paragraph.kind != "heading" else 0.0
        may_divide = style.hyphenated and paragraph.kind == "body"
        rows = _fill(paragraph.text.split(), ruler, width_px, indent_px, may_divide)
        for index, row in enumerate(rows):
            last = index == len(rows) - 1
            lines.append(
                PrintedLine(
                    text=" ".join(row),
                    kind=paragraph.kind,
                    indent_px=indent_px if index == 0 or paragraph.kind == "verse" else 0.0,
                    stretched=style.justified and paragraph.kind == "body" and not last and len(row) > 1,
                )
            )
    return lines


def _fill(words: list[str], ruler: _Ruler, width_px: float, indent_px: float, may_divide: bool) -> list[list[str]]:
    """Return `words` set in rows of at most `width_px`, first row indented."""
    rows: list[list[str]] = []
    row: list[str] = []
    left_px = width_px - indent_px
    queue = list(reversed(words))
    while queue:
        word = queue.pop()
        need_px = ruler.width_px(word) + (ruler.space_px if row else 0.0)
        if need_px <= left_px:
            row.append(word)
            left_px -= need_px
            continue
        head, tail = _divide(word, ruler, left_px - (ruler.space_px if row else 0.0), may_divide, not row)
        if head:
            row.append(head)
        queue.append(tail)
        rows.append(row)
        row, left_px = [], width_px
    if row:
        rows.append(row)
    return rows


def _divide(word: str, ruler: _Ruler, room_px: float, may_divide: bool, must_divide: bool) -> tuple[str, str]:
    """Return the longest head of `word` that fits `room_px`, with its hyphen, and the rest of the word.

    The head is empty where nothing fits; with `must_divide` (an empty row) it has at least one character.
    """
    if may_divide:
        for point in reversed(break_points(word)):
            head = word[:point]
            printed = head if head.endswith(("-", "\u2010", "/")) else head + "-"
            if ruler.width_px(printed) <= room_px:
                return printed, word[point:]
    if not must_divide:
        return "", word
    n_chars = len(word) - 1
    while n_chars > 1 and ruler.width_px(word[:n_chars]) > room_px:
        n_chars -= 1
    return word[: max(n_chars, 1)], word[max(n_chars, 1) :]


def draw(lines: Sequence[PrintedLine], style: PageStyle) -> Image.Image:
    """Return the page as a grey-scale image (mode "L", white paper), `lines` in `style.n_columns` columns."""
    size_px = style.size_px
    column_px, gutter_px, margin_px = style.column_em * size_px, GUTTER_EM * size_px, MARGIN_EM * size_px
    per_column = math.ceil(len(lines) / style.n_columns)
    columns = [lines[start : start + per_column] for start in range(0, len(lines), max(per_column, 1))]
    height_px = max((sum(_height_px(line, style) for line in column) for column in columns), default=0.0)
    width_px = style.n_columns * column_px + (style.n_columns - 1) * gutter_px
    page = Image.new("L", (round(width_px + 2 * margin_px), round(height_px + 2 * margin_px)), 255)
    pen = ImageDraw.Draw(page)
    rulers = {"heading": _Ruler(style, HEADING_SCALE), "body": _Ruler(style), "verse": _Ruler(style)}
    for index, column in enumerate(columns):
        left_px, top_px = margin_px + index * (column_px + gutter_px), margin_px
        for line in column:
            _draw_line(pen, line, rulers[line.kind], left_px, top_px, column_px, style.ink)
            top_px += _height_px(line, style)
    return page


def _height_px(line: PrintedLine, style: PageStyle) -> float:
    scale = HEADING_SCALE * 1.25 if line.kind == "heading" else 1.0
    return style.leading * style.size_px * scale


def _draw_line(
    pen: ImageDraw.ImageDraw,
    line: PrintedLine,
    ruler: _Ruler,
    left_px: float,
    top_px: float,
    column_px: float,
    ink: int,
) -> None:
    words = line.text.split(" ")
    natural_px = sum(ruler.width_px(word) for word in words)
    gap_px = ruler.space_px
    if line.stretched:
        gap_px = max(gap_px * 0.7, (column_px - line.indent_px - natural_px) / (len(words) - 1))
    x = left_px + line.indent_px
    if line.kind == "heading":
        x += max(0.0, (column_px - natural_px - gap_px * (len(words) - 1)) / 2)
    for word in words:
        _draw_word(pen, word, ruler, x, top_px, ink)
        x += ruler.width_px(word) + gap_px


def _draw_word(pen: ImageDraw.ImageDraw, word: str, ruler: _Ruler, x: float, y: float, ink: int) -> None:
    if not ruler.tracking_px:
        pen.text((x, y), word, font=ruler.font, fill=ink)
        return
    for character in word:
        pen.text((x, y), character, font=ruler.font, fill=ink)
        x += ruler.width_px(character)


def sample_style(fonts: Sequence[FontFace], rng: np.random.Generator) -> PageStyle:
    """Return a page style drawn at random: first a face, then the measures.

    Sizes are 7 to 12 points at 150 to 300 dpi, never under 15.5 pixels, where no engine reads anything.

    Args:
        fonts: faces to choose from, at least one.
        rng: source of randomness.

    Raises:
        ValueError: `fonts` is empty.
    """
    if not fonts:
        raise ValueError("no font to print with")
    font = _sample_font(fonts, rng)
    size_pt = float(rng.choice([7, 7.5, 8, 8.5, 9, 9, 9.5, 10, 10, 10.5, 11, 12]))
    dpi_choices = [dpi for dpi in (150, 150, 200, 200, 240, 300) if size_pt * dpi / POINTS_PER_INCH >= 15.5]
    n_columns = 2 if rng.random() < 0.3 else 1
    column_em = float(rng.uniform(15, 22)) if n_columns == 2 else float(rng.uniform(18, 36))
    return PageStyle(
        font=font,
        size_pt=size_pt,
        dpi=int(rng.choice(dpi_choices)),
        n_columns=n_columns,
        column_em=round(column_em, 1),
        leading=round(float(rng.uniform(1.15, 1.45)), 2),
        justified=bool(rng.random() < 0.65),
        hyphenated=bool(rng.random() < 0.6),
        tracking_em=round(float(rng.uniform(0.02, 0.1)), 3) if rng.random() < 0.15 else 0.0,
        ink=int(rng.integers(0, 60)),
    )


def _sample_font(fonts: Sequence[FontFace], rng: np.random.Generator) -> FontFace:
    """Return a face: first its kind (serif most often, as in print), then its family, then its style."""
    kinds = sorted({font.kind for font in fonts})
    weights = np.array([KIND_WEIGHTS[kind] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    families = sorted({font.family for font in fonts if font.kind == kind})
    family = families[int(rng.integers(len(families)))]
    faces = [font for font in fonts if font.kind == kind and font.family == family]
    plain = np.array([PLAIN_WEIGHT if font.style in PLAIN_STYLES else 1.0 for font in faces])
    return faces[int(rng.choice(len(faces), p=plain / plain.sum()))]
