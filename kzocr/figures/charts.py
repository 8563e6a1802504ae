"""Lines and points -> one SVG picture that needs nothing else: no library, no font, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_SIDE = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 34, 50
_COLOURS = ("#2f6fd0", "#d0562f", "#2e8b57", "#8a4fbf")
_INK, _FAINT = "#1c2430", "#98a2b3"


@dataclass(frozen=True)
class Curve:
    """One line of a panel.

    Attributes:
        name: shown in the legend.
        points: (x, y), both 0 to 1, joined in their order.
        sizes: area of each point relative to the largest, 0 to 1; empty for points of one size.
    """

    name: str
    points: Sequence[tuple[float, float]]
    sizes: Sequence[float] = ()


@dataclass(frozen=True)
class Panel:
    """One square with axes from 0 to 1.

    Attributes:
        title: above it.
        x_label: below it.
        y_label: at its left.
        curves: at most four.
        has_diagonal: whether to draw the line x = y.
    """

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    has_diagonal: bool = False


def to_svg(panels: Sequence[Panel]) -> str:
    """Return a picture of the panels side by side.

    Raises:
        ValueError: there are no panels, or a point is outside of 0 to 1.
    """
    if not panels:
        raise ValueError("no panels to draw")
    width, height = len(panels) * (_SIDE + _LEFT + _RIGHT), _SIDE + _TOP + _BOTTOM
    body = "".join(_panel(panel, number * (_SIDE + _LEFT + _RIGHT)) for number, panel in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12" fill="{_INK}">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n{body}</svg>\n'
    )


def _panel(panel: Panel, offset: int) -> str:
    left, bottom = offset + _LEFT, _TOP + _SIDE
    middle = left + _SIDE / 2
    parts = [
        f'<text x="{middle}" y="20" text-anchor="middle" font-weight="bold">{escape(panel.title)}</text>',
        f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">{escape(panel.x_label)}</text>',
        f'<text transform="translate({offset + 16} {_TOP + _SIDE / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(panel.y_label)}</text>",
        f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="{_FAINT}"/>',
    ]
    for tick in range(6):
        value = tick / 5
        x, y = _place(value, value, left)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{value:.1f}</text>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.1f}</text>')
        parts.append(f'<path d="M{left} {y:.1f}H{left + _SIDE}" stroke="{_FAINT}" stroke-opacity="0.3"/>')
    if panel.has_diagonal:
        parts.append(f'<path d="M{left} {bottom}L{left + _SIDE} {_TOP}" stroke="{_FAINT}" stroke-dasharray="4 4"/>')
    for number, curve in enumerate(panel.curves):
        parts.append(_curve(curve, left, _COLOURS[number % len(_COLOURS)], number))
    return "\n".join(parts) + "\n"


def _curve(curve: Curve, left: int, colour: str, number: int) -> str:
    if any(not (0 <= value <= 1) for point in curve.points for value in point):
        raise ValueError(f"curve {curve.name!r} has a point outside of 0 to 1")
    places = [_place(x, y, left) for x, y in curve.points]
    sizes = curve.sizes or [0.2] * len(places)
    parts = []
    if len(places) > 1:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
    for (x, y), size in zip(places, sizes, strict=True):
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + 7 * size**0.5:.1f}" fill="{colour}" fill-opacity="0.6"/>'
        )
    y = _TOP + 18 + 18 * number
    parts.append(f'<rect x="{left + 10}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
    parts.append(f'<text x="{left + 26}" y="{y}">{escape(curve.name)}</text>')
    return "\n".join(parts)


def _place(x: float, y: float, left: int) -> tuple[float, float]:
    return left + _SIDE * x, _TOP + _SIDE * (1 - y)
