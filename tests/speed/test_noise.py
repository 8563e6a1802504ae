from __future__ import annotations

import sys

import numpy as np
import pytest

from kzocr.channel.generators import Documents
from kzocr.channel.model import ChannelModel
from kzocr.channel.prior import ChannelPrior
from kzocr.channel.rules import Rule
from kzocr.speed.noise import noise_speed, noise_speeds

TEXT = "Қара қаз көлге қонды, қыста жоқ. " * 20


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nlpaug", "noisocr"):
        monkeypatch.setitem(sys.modules, name, None)
    told: list[str] = []
    speeds = noise_speeds(["clean", "tesseract-rus"], [TEXT] * 2, TEXT, lambda name, error: told.append(name))
    clean, russian = speeds.noise
    assert told == ["nlpaug OcrAug", "noisocr"]
    assert (clean.name, clean.cer, clean.ratio) == ("clean", 0.0, None)
    assert russian.cer > 0.05
    assert speeds.start_up_seconds > 0
    assert speeds.peak_mib > 10


def test_speed_is_bytes_a_second_and_errors_are_pooled() -> None:
    whole = ChannelPrior("own", {"one": 1.0}, fitted={"one": ChannelModel("one", (Rule("қ", {"к": 0.5}),))})
    speed = noise_speed("own", whole, [TEXT] * 3)
    assert speed.mb_per_second == 3 * len(TEXT.encode()) / speed.seconds / 1e6
    assert speed.cer == pytest.approx(0.5 * TEXT.count("қ") / len(TEXT), rel=0.15)

    def doubled(text: str, rng: np.random.Generator) -> str:
        return text + text[:10]

    assert noise_speed("doubled", Documents(doubled), [TEXT]).cer == 10 / len(TEXT)
