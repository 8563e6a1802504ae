"""The scripts of makers of models as modules: `script("train").main`."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from places import ROOT


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def publish(*arguments: str) -> int:
    code: int = script("publish").main(list(arguments))
    return code
