from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from kzocr.spelling.context_model import ContextModel, ContextShape
from kzocr.spelling.context_words import tokens

SHAPE = ContextShape(n_rows=512, part_dim=16, state_dim=24)
WORDS = st.sampled_from(["ақ", "қар", "жауды", "1991", ",", "таң", "атты"])


@pytest.fixture(scope="module")
def model() -> ContextModel:
    torch.manual_seed(0)
    model = ContextModel(SHAPE)
    torch.nn.init.normal_(model.biases.weight)
    return model.eval()


@given(st.lists(WORDS), st.lists(WORDS, min_size=1, max_size=3), st.lists(WORDS), st.lists(WORDS, max_size=2))
@settings(max_examples=50)
def test_words_that_come_together_fit_as_each_does_beside_the_others(
    left: list[str], words: list[str], right: list[str], instead_of: list[str]
) -> None:
    torch.manual_seed(0)
    model = ContextModel(SHAPE).eval()
    front = "".join(f"{word} " for word in left)
    text = " ".join([*left, *instead_of, *right])
    change = (len(front), len(front) + len(" ".join(instead_of)), " ".join(words))
    changed = " ".join([*left, *words, *right])
    places = tokens(changed)[len(left) : len(left) + len(words)]
    singly = model.fits(changed, [(place.start, place.end, word) for place, word in zip(places, words, strict=True)])
    assert model.fits(text, [change])[0] == pytest.approx(sum(singly), abs=1e-4)


def test_changes_do_not_touch_each_other(model: ContextModel) -> None:
    text = "ақ қар жауды, таң атты"
    changes = [(3, 6, "қыр"), (3, 6, "қа ра"), (14, 17, "тан"), (0, 6, "аққар"), (0, 6, "")]
    assert model.fits(text, changes) == pytest.approx([model.fits(text, [change])[0] for change in changes], abs=1e-4)
    assert model.fits(text, [(0, 6, "")]) == [0.0]
    assert model.fits("", [(0, 0, "таң")]) == pytest.approx(model.fits(" ", [(0, 1, "Таң")]))
    assert model.fits(text, []) == []


def test_both_sides_count(model: ContextModel) -> None:
    fits = [model.fits(text, [(3, 6, "қар")])[0] for text in ("ақ қар жауды", "ал қар жауды", "ақ қар жаңа")]
    assert len(set(fits)) == 3


def test_written_and_loaded_again(model: ContextModel, tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    model.write(first)
    again = ContextModel.load(first)
    again.write(second, {"recipe": "{}"})
    assert again.shape == SHAPE
    changes = [(3, 6, word) for word in ("қар", "қыр", "таң")]
    expected = model.fits("ақ қар жауды", changes)
    assert again.fits("ақ қар жауды", changes) == pytest.approx(expected, abs=0.05)  # eight bits, and sixteen
    assert ContextModel.load(second).fits("ақ қар", changes) == pytest.approx(again.fits("ақ қар", changes), abs=1e-3)


def test_a_broken_file_is_named(model: ContextModel, tmp_path: Path) -> None:
    path = tmp_path / "context.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"context\.safetensors: no context model"):
        ContextModel.load(path)
    save_file({"parts.weight": torch.zeros(2, 2)}, path)
    with pytest.raises(ValueError, match=r"context\.safetensors: no context model"):
        ContextModel.load(path)
    model.write(path)
    save_file({"parts.weight": torch.zeros(2, 2)}, path, metadata={"n_rows": "many"})
    with pytest.raises(ValueError, match="no context model"):
        ContextModel.load(path)
    with pytest.raises(OSError, match="missing"):
        ContextModel.load(tmp_path / "missing.safetensors")
