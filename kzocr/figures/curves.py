"""A run's log -> a picture (PNG) of its loss and of its validation error rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CURVES_NAME = "curves.png"

_WIDTH, _HEIGHT = 960, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 86, 20, 44, 46
_INK, _FAINT, _PAPER = "#1c2430", "#d5dae2", "#ffffff"
_COLOURS = ("#2f6fd0", "#d0562f", "#2e8b57", "#8a4fbf", "#b8860b", "#177e89")
_RATES = {"cer_before": "before", "cer_after": "after correction"}
_N_TICKS = 5


@dataclass(frozen=True)
class Series:
    """One line: its name and its (step, value) points, in the order of the steps."""

    name: str
    points: Sequence[tuple[float, float]]


def write_curves(records: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw loss (logarithmic) and validation CER in percent over the steps.

    Args:
        records: of a run's `log.jsonl`: some with `loss`, some with `cer_before` and `cer_after`, also with `:NAME`
            behind them for sets of pairs.
        path: of the PNG file.

    Raises:
        ValueError: no record has a loss.
    """
    losses = [(r["step"], r["loss"]) for r in records if "loss" in r and r["loss"] > 0]
    if not losses:
        raise ValueError(f"{path}: nothing to draw: the log has no loss yet")
    panels = [("loss, nats a printed byte", [Series("loss", losses)], True)]
    keys = dict.fromkeys(key for r in records for key in r if key.partition(":")[0] in _RATES)
    rates = [
        Series(
            _RATES[key.partition(":")[0]] + key[len(key.partition(":")[0]) :].replace(":", ", "),
            [(r["step"], 100 * r[key]) for r in records if key in r],
        )
        for key in keys
    ]
    if rates:
        panels.append(("validation CER, %", rates, False))
    image = Image.new("RGB", (_WIDTH, _HEIGHT * len(panels)), _PAPER)
    draw = ImageDraw.Draw(image)
    last_step = max(record["step"] for record in records)
    for number, (title, series, is_logarithmic) in enumerate(panels):
        _panel(draw, number * _HEIGHT, title, series, last_step, is_logarithmic)
    image.save(path)


def _panel(
    draw: ImageDraw.ImageDraw, top: int, title: str, series: Sequence[Series], last_step: float, is_logarithmic: bool
) -> None:
    values = [value for line in series for _, value in line.points]
    scaled = [math.log10(value) for value in values] if is_logarithmic else [0.0, *values]
    low, high = min(scaled), max(scaled)
    high = high if high > low else low + 1
    font = ImageFont.load_default(size=14)
    bottom, right = top + _HEIGHT - _BOTTOM, _WIDTH - _RIGHT

    def place(step: float, value: float) -> tuple[float, float]:
        height = ((math.log10(value) if is_logarithmic else value) - low) / (high - low)
        return _LEFT + (right - _LEFT) * step / last_step, bottom - (bottom - top - _TOP) * height

    for tick in range(_N_TICKS + 1):
        value = low + (high - low) * tick / _N_TICKS
        y = bottom - (bottom - top - _TOP) * tick / _N_TICKS
        draw.line([(_LEFT, y), (right, y)], fill=_FAINT)
        label = f"{10**value if is_logarithmic else value:.3g}"
        draw.text((_LEFT - 8, y), label, fill=_INK, font=font, anchor="rm")
        x = _LEFT + (right - _LEFT) * tick / _N_TICKS
        draw.text((x, bottom + 8), f"{last_step * tick / _N_TICKS:,.0f}", fill=_INK, font=font, anchor="mt")
    draw.text((right, bottom + 26), "step", fill=_INK, font=font, anchor="rt")
    draw.text((_LEFT, top + 12), title, fill=_INK, font=font)
    for number, line in enumerate(series):
        points = [place(step, value) for step, value in line.points]
        draw.line(points, fill=_COLOURS[number % len(_COLOURS)], width=2, joint="curve")
        for x, y in points if len(points) < 40 else points[-1:]:
            draw.ellipse([x - 3, y - 3, x + 3, y + 3], fill=_COLOURS[number % len(_COLOURS)])
        if len(series) > 1:
            draw.text(
                (right - 150 * (len(series) - number), top + 12),
                line.name,
                fill=_COLOURS[number % len(_COLOURS)],
                font=font,
            )
