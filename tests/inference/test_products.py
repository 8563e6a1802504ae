"""Both libraries multiply alike, and the choice between them changes no output."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from kzocr.inference import products
from kzocr.inference.products import LEAST_POSITIONS, Product, added, linear, onednn_linear, rounded_up

needs_onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN")


@pytest.fixture(params=[F.linear, pytest.param(onednn_linear, marks=needs_onednn)])
def product(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Product:
    chosen: Product = request.param
    monkeypatch.setattr(products, "_fastest", lambda: chosen)
    return chosen


@pytest.mark.parametrize("n_positions", [0, 1, 15, 16, 240])
def test_products_are_those_of_torch(product: Product, n_positions: int) -> None:
    rng = torch.Generator().manual_seed(n_positions)
    states, more = torch.randn(n_positions, 48, generator=rng), torch.randn(n_positions, 64, generator=rng)
    weight = torch.randn(48, 64, generator=rng)
    before = states.clone()
    torch.testing.assert_close(linear(more, weight), more @ weight.t())
    torch.testing.assert_close(added(states, more, weight), states + more @ weight.t())
    assert torch.equal(states, before)


def test_few_shapes_are_left_and_few_positions_added() -> None:
    assert [rounded_up(n) for n in range(LEAST_POSITIONS)] == list(range(LEAST_POSITIONS))
    numbers = range(LEAST_POSITIONS, 8193)
    assert all(0 <= rounded_up(n) - n <= max(15, n / 32) for n in numbers)
    assert len({rounded_up(n) for n in numbers}) <= 160


def test_other_types_are_left_to_torch(product: Product) -> None:
    states, weight = torch.ones(32, 8, dtype=torch.bfloat16), torch.ones(4, 8, dtype=torch.bfloat16)
    assert linear(states, weight).dtype == added(linear(states, weight), states, weight).dtype == torch.bfloat16


@needs_onednn
def test_onednn_is_taken_where_it_is_clearly_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, expected in (({F.linear: 3.0, onednn_linear: 1.0}, onednn_linear), ({}, F.linear)):
        products._fastest.cache_clear()
        monkeypatch.setattr(products, "_seconds", lambda product, known=seconds: known.get(product, 1.0))
        assert products._fastest() is expected
    products._fastest.cache_clear()


def test_a_torch_without_onednn_multiplies_as_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(states: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        raise AttributeError("_linear_pointwise")

    products._fastest.cache_clear()
    monkeypatch.setattr(products, "onednn_linear", missing)
    assert products._fastest() is F.linear
    products._fastest.cache_clear()
