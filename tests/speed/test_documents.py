from __future__ import annotations

import pytest

from kzocr.channel.prior import ChannelPrior
from kzocr.speed.documents import noisy, numbered, repeated


def test_no_line_of_a_long_document_comes_twice() -> None:
    document = numbered("Көлде қаз жүр.\n\nАғашта құс отыр.\n", 100)
    assert document == ("Көлде қаз жүр. 1000\nАғашта құс отыр. 1001\nКөлде қаз жүр. 1002\nАғашта құс отыр. 1003\n")


def test_a_short_text_is_repeated_and_cut_between_letters() -> None:
    assert repeated("қаз\n", 9) == "қаз\nқ"
    assert repeated("қаз\n", 10) == "қаз\nқ"  # 6 + 1 + 2 bytes, and half of the next letter
    assert repeated("қаз қонды", 6) == "қаз"


def test_an_empty_text_is_no_document() -> None:
    for make in (numbered, repeated):
        with pytest.raises(ValueError, match="the text is empty"):
            make(" \n", 10)


def test_the_same_noise_is_drawn_each_time() -> None:
    text = "Ағаштың түбінде үлкен қоңыр өгіз жатыр. " * 5
    assert noisy(text, "tesseract-rus") == noisy(text, "tesseract-rus") != text
    assert noisy(text, "clean") == text
    with pytest.raises(ValueError, match="no channel prior 'none'"):
        noisy(text, "none")
    assert "none" not in ChannelPrior.shipped_names()
