"""How text stands on a printed page: line wraps, end-of-line hyphens, verse lines. Words are never changed."""

from __future__ import annotations

import numpy as np

from kzocr.channel.hyphenation import break_points


def wrap(text: str, width_chars: int, hyphenation_rate: float, rng: np.random.Generator) -> str:
    """Return `text` set in lines of at most `width_chars` characters (longer words stand alone).

    Args:
        text: paragraphs divided by line ends, which stay.
        width_chars: the measure, in characters.
        hyphenation_rate: share in [0, 1] of the words that do not fit which are broken with a hyphen if they can be.
        rng: decides which.

    Returns:
        The printed lines. Joined again without the added hyphens and line ends they give `text`, with runs of
        spaces folded.
    """
    return "\n".join(_wrap_paragraph(line, width_chars, hyphenation_rate, rng) for line in text.split("\n"))


def _wrap_paragraph(paragraph: str, width_chars: int, hyphenation_rate: float, rng: np.random.Generator) -> str:
    lines: list[str] = []
    line = ""
    for word in paragraph.split(" "):
        if not word:
            continue
        if not line or len(line) + 1 + len(word) <= width_chars:
            line = f"{line} {word}" if line else word
            continue
        room = width_chars - len(line) - 2
        points = [point for point in break_points(word) if point <= room]
        if points and rng.random() < hyphenation_rate:
            first = word[: points[-1]]
            lines.append(f"{line} {first}" if first.endswith("-") else f"{line} {first}-")
            line = word[points[-1] :]
        else:
            lines.append(line)
            line = word
    lines.append(line)
    return "\n".join(lines)
