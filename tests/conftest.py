"""Settings of all tests: hypothesis does not time its examples, and no run's precision reaches the next test."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("kzocr", deadline=None)
settings.load_profile("kzocr")


@pytest.fixture(autouse=True)
def _precision_is_that_of_each_test() -> Iterator[None]:
    """Forget a test's precision: accelerate keeps it for the process, and `auto` depends on the machine."""
    yield
    if "accelerate" in sys.modules:
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state()
