from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from kzocr.figures.charts import Curve, Panel, to_svg


def test_a_picture_is_well_formed_and_complete() -> None:
    curve = Curve("a < b", [(0.0, 0.0), (1.0, 0.5)], [0.1, 1.0])
    root = ElementTree.fromstring(to_svg([Panel("one", "x", "y", [curve], True), Panel("two", "x", "y", [curve])]))
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {"one", "two", "a < b"} <= set(texts)
    circles = [element for element in root.iter() if element.tag.endswith("circle")]
    assert len(circles) == 4
    assert float(circles[0].attrib["cy"]) > float(circles[1].attrib["cy"])
    assert to_svg([Panel("one", "x", "y", [])]).count("polyline") == 0


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="no panels"):
        to_svg([])
    with pytest.raises(ValueError, match="outside"):
        to_svg([Panel("one", "x", "y", [Curve("a", [(0.0, 1.5)])])])
