from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from kzocr.figures.curves import write_curves

LOG = [{"step": 10, "loss": 2.0}, {"step": 20, "loss": 0.5}, {"step": 20, "cer_before": 0.08, "cer_after": 0.04}]


def colours(path: Path) -> set[tuple[int, ...]]:
    return {colour for _, colour in Image.open(path).convert("RGB").getcolors(maxcolors=1 << 20) or ()}  # type: ignore[misc]


def test_a_log_becomes_a_picture_of_two_panels(tmp_path: Path) -> None:
    write_curves(LOG, tmp_path / "curves.png")
    picture = Image.open(tmp_path / "curves.png")
    assert picture.size == (960, 720)
    assert {(0x2F, 0x6F, 0xD0), (0xD0, 0x56, 0x2F)} <= colours(tmp_path / "curves.png")


def test_without_a_validation_there_is_one_panel(tmp_path: Path) -> None:
    write_curves(LOG[:2], tmp_path / "curves.png")
    assert Image.open(tmp_path / "curves.png").size == (960, 360)
    assert (0xD0, 0x56, 0x2F) not in colours(tmp_path / "curves.png")


def test_a_log_without_a_loss_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"curves.png: nothing to draw"):
        write_curves([], tmp_path / "curves.png")
