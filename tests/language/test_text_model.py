from __future__ import annotations

import lzma
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.language.text_model import LEAST_COUNT, ORDER, TextModel
from kzocr.text import LOWER

LINES = ["ол кітап оқыды", "мен кітап оқыдым", "ол хат жазды", "мен хат жаздым"] * 3


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.from_lines(LINES)


@pytest.mark.parametrize("context", ["", "о", "ол кі", "мен ха", "қзю", "кітап оқ"])
@pytest.mark.parametrize("order", [1, 2, 4, ORDER])
@pytest.mark.parametrize("least_count", [1, LEAST_COUNT, 5])
def test_probabilities_of_what_may_follow_add_up(context: str, order: int, least_count: int) -> None:
    model = TextModel.from_lines(LINES, order, least_count)
    signs = [*LOWER, " ", "-", ".", ",", "7", "€"]
    shares = [math.exp(model.log_probabilities(context + sign)[-1]) for sign in signs]
    assert sum(shares) == pytest.approx(1.0, abs=0.12)  # costs are rounded to a sixteenth of a nat


def test_shares_are_those_of_witten_and_bell() -> None:
    model = TextModel.from_lines(["аб аб ав"], order=2, least_count=1)
    # " аб аб ав ": 10 signs of 4 kinds; after а come б, б, в.
    uniform = 1 / (len(LOWER) + 6)
    lower = {"б": (2 + 4 * uniform) / 14, "в": (1 + 4 * uniform) / 14}
    for sign, count in (("б", 2), ("в", 1)):
        expected = math.log((count + 2 * lower[sign]) / (3 + 2))
        assert model.log_probabilities("а" + sign)[-1] == pytest.approx(expected, abs=1 / 32)


def test_what_was_seen_is_likelier(model: TextModel) -> None:
    seen, unseen = model.log_probabilities("ол кітап"), model.log_probabilities("ол кітеп")
    assert seen.shape == (8,)
    assert seen.sum() > unseen.sum()


def test_case_digits_and_line_ends_do_not_count(model: TextModel) -> None:
    assert np.array_equal(model.log_probabilities("Ол\nХАТ 19"), model.log_probabilities("ол хат 27"))


@given(st.text("олкітапжзды. Q7", max_size=30), st.data())
def test_gains_are_differences_of_whole_texts(text: str, data: st.DataObject) -> None:
    model = TextModel.from_lines(LINES)
    changes = []
    for _ in range(3):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, len(text)))
        changes.append((start, end, data.draw(st.text("олкітап ", max_size=9))))
    before = model.log_probabilities(text + " ").sum()
    expected = [
        model.log_probabilities(text[:start] + after + text[end:] + " ").sum() - before for start, end, after in changes
    ]
    assert model.gains(text, changes) == pytest.approx(expected)


def test_a_word_that_fits_gains(model: TextModel) -> None:
    text = "ол хет жазды"
    right, wrong = model.gains(text, [(3, 6, "хат"), (3, 6, "кітап")])
    assert right > 0
    assert right > wrong
    assert model.gains(text, []) == []


def test_rare_n_grams_are_left_out() -> None:
    once = TextModel.from_lines(["абвгде", "еежз"], least_count=2)
    assert [len(grams) > 0 for grams in once.grams] == [True] * 3 + [False] * (ORDER - 3)
    assert np.isfinite(once.log_probabilities("абвгде жз")).all()


def test_written_and_read_again(model: TextModel, tmp_path: Path) -> None:
    path = tmp_path / "text.npz.xz"
    model.write(path)
    again = TextModel.read(path)
    assert np.array_equal(again.log_probabilities("ол хат"), model.log_probabilities("ол хат"))
    size = path.stat().st_size
    model.write(path)
    assert path.stat().st_size == size


@pytest.mark.parametrize("content", [b"", b"nothing", lzma.compress(b"nothing"), lzma.compress(b"")])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.npz.xz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no text model"):
        TextModel.read(path)


def test_tables_that_do_not_belong_together_are_refused(model: TextModel) -> None:
    with pytest.raises(ValueError, match="ascending"):
        TextModel(model.grams, model.costs[:-1], model.back_offs)
    with pytest.raises(ValueError, match="ascending"):
        TextModel([model.grams[0][::-1]], [model.costs[0]], [])
    with pytest.raises(ValueError, match="order is 0"):
        TextModel.from_lines([], order=0)


def test_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="no text"):
        TextModel.from_lines([" ", ""])
