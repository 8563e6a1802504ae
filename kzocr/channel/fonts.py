"""Font files that can print Kazakh: found, sorted into kinds, split into training and held-out families."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kzocr.text import LOWER, UPPER

FONT_SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
SYSTEM_FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
DEBIAN_FONT_PACKAGES = "fonts-dejavu fonts-liberation fonts-noto-core fonts-paratype fonts-linuxlibertine"
NEVER_ENCODED = "\uffff"
"""A non-character: every font prints its "missing" box for it."""

PROBE_PX = 32
"""Size at which letters are drawn to see whether a font has them."""

HELD_OUT_SHARE = 5
"""One family in so many is kept from training."""

HAIRLINES = re.compile(r"\b(Thin|Hairline|Extra ?Light)\b")
"""Weights too thin to be printed at text sizes."""


@dataclass(frozen=True)
class FontFace:
    """One face of a font file. `kind` is "serif", "sans" or "mono"; `index` counts faces in a collection."""

    path: Path
    index: int
    family: str
    style: str
    kind: str

    @property
    def name(self) -> str:
        """Family and style: "PT Serif Italic"."""
        return f"{self.family} {self.style}"

    def load(self, size_px: float) -> ImageFont.FreeTypeFont:
        """Return the face at `size_px` pixels to the em."""
        return _load(self.path, self.index, round(size_px, 1))

    def missing(self, characters: Iterable[str]) -> set[str]:
        """Return those of `characters` that the face cannot print; white space is never missing."""
        return {character for character in set(characters) if not _prints(self.path, self.index, character)}

    @property
    def held_out(self) -> bool:
        """Whether the face is kept from training: one family in five, by a hash of the family's first word.

        Noto Serif and Noto Serif Display are thus on the same side. The rule looks at the name alone, so
        another machine with other fonts splits them the same way.
        """
        word = self.family.split()[0]
        return int(hashlib.sha256(word.encode()).hexdigest(), 16) % HELD_OUT_SHARE == 0


@lru_cache(maxsize=256)
def _load(path: Path, index: int, size_px: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size_px, index=index, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=65536)
def _glyph(path: Path, index: int, character: str) -> tuple[tuple[int, int], bytes]:
    mask = _load(path, index, PROBE_PX).getmask(character)
    return mask.size, bytes(mask)


def _prints(path: Path, index: int, character: str) -> bool:
    return character.isspace() or _glyph(path, index, character) != _glyph(path, index, NEVER_ENCODED)


def find_fonts(places: Iterable[Path] = SYSTEM_FONTS, characters: str = LOWER + UPPER) -> list[FontFace]:
    """Return every face under `places` that prints all of `characters`, ordered by name.

    A design that comes under several names is returned once, hairline weights not at all.

    Args:
        places: font files, folders (searched to the bottom), or text files that list one of these a line.
        characters: what a face must have; by default the 84 Kazakh letters.

    Raises:
        FileNotFoundError: a place does not exist.
        ValueError: no face has all of `characters`.
    """
    faces: dict[object, FontFace] = {}
    for path in _font_files(places):
        for face in _faces(path):
            if not HAIRLINES.search(face.name) and not face.missing(characters):
                faces.setdefault(_design(face), face)
    if not faces:
        raise ValueError(f"no font with all Kazakh letters found; on Debian: apt-get install {DEBIAN_FONT_PACKAGES}")
    return sorted(faces.values(), key=lambda face: face.name)


def _design(face: FontFace) -> object:
    """Return something equal for two faces that draw the same letters."""
    return tuple(_glyph(face.path, face.index, character) for character in "қғұәж")


def _font_files(places: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for place in places:
        if place.is_dir():
            files += sorted(path for path in place.rglob("*") if path.suffix.lower() in FONT_SUFFIXES)
        elif not place.exists():
            if place in SYSTEM_FONTS:
                continue
            raise FileNotFoundError(f"no such font file, folder or list: {place}")
        elif place.suffix.lower() in FONT_SUFFIXES:
            files.append(place)
        else:
            listed = [line.strip() for line in place.read_text(encoding="utf-8").splitlines() if line.strip()]
            files += _font_files(Path(line) for line in listed)
    return files


def _faces(path: Path) -> list[FontFace]:
    """Return the faces of a font file that Pillow can open; a file of another format has none."""
    faces: list[FontFace] = []
    while True:
        try:
            font = ImageFont.truetype(str(path), PROBE_PX, index=len(faces), layout_engine=ImageFont.Layout.BASIC)
        except OSError:
            return faces
        family, style = font.getname()
        faces.append(FontFace(path, len(faces), family or path.stem, style or "Regular", _kind(font)))
        if path.suffix.lower() != ".ttc":
            return faces


def _kind(font: ImageFont.FreeTypeFont) -> str:
    """Return "mono" (і is as wide as ш), "serif" (the feet of П are wider than its middle) or "sans"."""
    if font.getlength("і") == font.getlength("ш"):
        return "mono"
    large = font.font_variant(size=4 * PROBE_PX)
    image = Image.new("L", (8 * PROBE_PX, 8 * PROBE_PX), 0)
    ImageDraw.Draw(image).text((2 * PROBE_PX, 0), "П", font=large, fill=255)
    box = image.getbbox()
    if box is None:
        return "sans"
    rows = [image.crop((0, y, image.width, y + 1)).getbbox() for y in range(box[1], box[3])]
    widths = [row[2] - row[0] if row else 0 for row in rows]
    return "serif" if max(widths[-8:]) >= 1.07 * max(widths[len(widths) // 2], 1) else "sans"
