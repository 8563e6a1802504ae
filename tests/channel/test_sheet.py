from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kzocr.channel.model import ChannelModel
from kzocr.channel.rules import Rule
from kzocr.channel.sheet import channel_sheet
from kzocr.cli import app


def sheet(*channels: ChannelModel, text: str = "қаша") -> str:
    return channel_sheet(channels, "a <title>", np.random.default_rng(0), text)


def test_rates_can_be_read_off() -> None:
    page = sheet(
        ChannelModel(
            rules=(Rule("қ", {"к": 0.6, "": 0.05}), Rule("ті", {"и": 0.3}), Rule("а", {"о": 0.2}, left="<")),
            space_after={"ш": 0.82},
            insertions={".": 0.01},
        )
    )
    for shown in (
        "<b>ш▯</b>82",
        "<th>қ</th><td>65</td>",
        ">60</td>",
        "<b>ті → и</b>30",
        "(&lt;)а → о",
        "a &lt;title&gt;",
    ):
        assert shown in page
    assert "<script" not in page
    assert "http" not in page


def test_rates_of_several_documents_are_means() -> None:
    page = sheet(ChannelModel(space_after={"ш": 0.5}), ChannelModel())
    assert "<b>ш▯</b>25" in page
    assert "2 documents" in page


def test_examples_mark_what_changed() -> None:
    page = sheet(ChannelModel(rules=(Rule("ш", {"<": 1.0}),)), text="ш")
    assert '<mark title="ш">&lt;</mark>' in page


def test_nothing_to_show() -> None:
    assert "nothing is misread" in sheet(ChannelModel())
    with pytest.raises(ValueError, match="no channel"):
        sheet()


def test_command(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["show-channel", "tesseract-rus", "-o", str(tmp_path / "a.html"), "--draws", "5"])
    assert result.exit_code == 0
    assert "tesseract-rus" in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["show-channel", "unknown", "-o", str(tmp_path / "b.html")]).exit_code == 1
