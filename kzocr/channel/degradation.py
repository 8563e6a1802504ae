"""What printing and scanning do to a page image: ink, paper, light, lens, sensor, threshold and JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

Pixels = NDArray[np.float32]
WHITE = 255.0
MAX_BLUR_EM = 0.13


@dataclass(frozen=True)
class Degradation:
    """The parameters of one page's damage; all zero and None leaves the page as it is.

    Attributes:
        ink_spread_em: how far ink runs (positive) or is lost (negative), in units of the type size.
        ink_blotches: unevenness of the ink, 0 to 1.3.
        show_through: darkness of the other side of the sheet, 0 to 0.3.
        paper: grey value taken off the paper, 0 to 80.
        light: unevenness of the light, grey values, 0 to 80.
        blur_em: standard deviation of the lens blur in units of the type size, 0 to 0.16.
        skew_degrees: rotation of the sheet, -2 to 2.
        noise: standard deviation of the sensor noise, grey values, 0 to 40.
        specks: share of pixels turned black or white, 0 to 0.01.
        threshold: grey value, relative to the mean of paper and ink, that splits black from white; None
            keeps greys.
        jpeg_quality: 15 to 95; None for no JPEG.
    """

    ink_spread_em: float = 0.0
    ink_blotches: float = 0.0
    show_through: float = 0.0
    paper: float = 0.0
    light: float = 0.0
    blur_em: float = 0.0
    skew_degrees: float = 0.0
    noise: float = 0.0
    specks: float = 0.0
    threshold: float | None = None
    jpeg_quality: int | None = None


def sample_degradation(rng: np.random.Generator, severity: float | None = None) -> Degradation:
    """Return damage drawn at random; every kind of damage is there in some pages only.

    The more a page is blurred the less noise it gets: both at once hide the lines themselves from an engine.

    Args:
        rng: source of randomness.
        severity: 0 (a clean print) to 1 (barely readable); drawn from Beta(1.4, 1.4) if None.
    """
    strength = float(rng.beta(1.4, 1.4)) if severity is None else severity

    def part(low: float, high: float, chance: float) -> float:
        """Return a value from low to high, larger on damaged pages, or 0 where the damage is absent."""
        draw, there = rng.random(), rng.random() < chance
        return round(low + (high - low) * strength * (0.35 + 0.65 * float(draw)), 4) if there else 0.0

    spread = part(0.0, 0.06, 0.7) * (1 if rng.random() < 0.6 else -0.8)
    jpeg = int(rng.integers(round(80 - 55 * strength), 96)) if rng.random() < 0.6 else None
    threshold = round(float(rng.normal(0, 5 + 20 * strength)), 1) if rng.random() < 0.3 else None
    blur_em = part(0.0, MAX_BLUR_EM, 0.8)
    return Degradation(
        ink_spread_em=round(spread, 4),
        ink_blotches=part(0.0, 1.3, 0.65),
        show_through=part(0.0, 0.3, 0.25),
        paper=part(0.0, 80.0, 0.7),
        light=part(0.0, 80.0, 0.5),
        blur_em=blur_em,
        skew_degrees=round(float(rng.normal(0, 0.15 + 0.5 * strength)), 2) if rng.random() < 0.5 else 0.0,
        noise=round(part(0.0, 26.0, 0.6) * (1 - 0.8 * blur_em / MAX_BLUR_EM), 4),
        specks=part(0.0, 0.006, 0.3),
        threshold=threshold,
        jpeg_quality=jpeg,
    )


def degrade(page: Image.Image, damage: Degradation, size_px: float, rng: np.random.Generator) -> Image.Image:
    """Return `page` after print and scan; the same image for the same generator state.

    Args:
        page: grey-scale page (mode "L"), dark ink on white.
        damage: its parameters.
        size_px: the type size in pixels: blur and ink spread are relative to it.
        rng: source of randomness for noise, blotches and light.
    """
    pixels = _print(page, damage, size_px, rng)
    pixels = _scan(pixels, damage, size_px, rng)
    image = _to_image(pixels)
    if damage.jpeg_quality is not None:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=damage.jpeg_quality)
        image = Image.open(buffer).convert("L")
    return image


def _print(page: Image.Image, damage: Degradation, size_px: float, rng: np.random.Generator) -> Pixels:
    """Return the printed sheet: ink that ran or was lost, the other side, the grey of the paper."""
    pixels = _to_pixels(page)
    if damage.ink_spread_em or damage.ink_blotches:
        reach_px = max(0.6, abs(damage.ink_spread_em) * size_px)
        soft = _to_pixels(page.filter(ImageFilter.GaussianBlur(reach_px))) / WHITE
        change = max(-1.0, min(1.0, damage.ink_spread_em * 20))
        edge: float | Pixels = 0.5 + change * (0.3 if change > 0 else 0.16)
        if damage.ink_blotches:
            edge = edge + 0.45 * damage.ink_blotches * _cloud(page.size, size_px * 0.35, rng)
        edge = np.clip(edge, 0.22, 0.86)
        ink = float(pixels.min())
        pixels = (ink + (WHITE - ink) / (1.0 + np.exp(-(soft - edge) * 14.0))).astype(np.float32)
    if damage.show_through:
        back = ImageOps.mirror(page).filter(ImageFilter.GaussianBlur(0.06 * size_px))
        shifted = np.roll(_to_pixels(back), (round(0.6 * size_px), round(0.9 * size_px)), (0, 1))
        pixels = np.minimum(pixels, WHITE - damage.show_through * (WHITE - shifted))
    if damage.paper:
        texture = 1.0 + 0.15 * _cloud(page.size, size_px * 0.2, rng)
        pixels = np.minimum(pixels, WHITE - damage.paper * texture)
    return pixels


def _scan(pixels: Pixels, damage: Degradation, size_px: float, rng: np.random.Generator) -> Pixels:
    """Return what the scanner sees: skew, uneven light, blur, noise, specks, threshold."""
    image = _to_image(pixels)
    if damage.skew_degrees:
        paper = round(float(np.median(pixels)))
        image = image.rotate(damage.skew_degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)
    if damage.blur_em:
        image = image.filter(ImageFilter.GaussianBlur(damage.blur_em * size_px))
    pixels = _to_pixels(image)
    if damage.light:
        pixels = pixels - damage.light * (0.5 + 0.5 * _cloud(image.size, max(image.size) / 2, rng))
    if damage.noise:
        pixels = pixels + damage.noise * rng.standard_normal(pixels.shape, dtype=np.float32)
    if damage.threshold is not None:
        middle = (float(np.percentile(pixels, 50)) + float(np.percentile(pixels, 1))) / 2
        pixels = np.where(pixels > middle + damage.threshold, WHITE, 0.0).astype(np.float32)
    if damage.specks:
        draw = rng.random(pixels.shape, dtype=np.float32)
        pixels = np.where(draw < damage.specks / 2, 0.0, np.where(draw > 1 - damage.specks / 2, WHITE, pixels))
    return pixels.astype(np.float32)


def _cloud(size: tuple[int, int], grain_px: float, rng: np.random.Generator) -> Pixels:
    """Return a smooth random field, shape (height, width), about -1 to 1, with spots of `grain_px`."""
    width, height = (max(2, round(side / max(grain_px, 1.0)) + 1) for side in size)
    seeds = Image.fromarray(rng.uniform(-1, 1, (height, width)).astype(np.float32), "F")
    return np.asarray(seeds.resize(size, Image.Resampling.BICUBIC), dtype=np.float32)


def _to_pixels(image: Image.Image) -> Pixels:
    return np.asarray(image, dtype=np.float32)


def _to_image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), "L")
