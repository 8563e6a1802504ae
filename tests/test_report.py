import re
from html.parser import HTMLParser

import pytest

from kzocr.evaluation import evaluate
from kzocr.pairs import TextPair
from kzocr.report import coloured, to_html

PAIRS = [TextPair("Көл <терең>.\nЖол ұзақ.", "Кел <терец>.\nЖ ол узақ.", "a & b", "real")]


def mend(texts: list[str]) -> list[str]:
    return [text.replace("Кел", "Көл").replace("Ж ол", "Жал") for text in texts]


def test_page_is_whole_and_needs_no_network() -> None:
    reports = [
        evaluate(c, PAIRS, clean_lines=["Жай."], name=n, n_resamples=20)
        for n, c in (("mend <1>", mend), ("same", lambda texts: texts))
    ]
    page = to_html(reports, title="A & B")
    assert "<title>A &amp; B</title>" in page
    assert "mend &lt;1&gt;" in page
    assert "a &amp; b, line 1" in page
    assert not re.search(r"https?://|<script|<link|src=", page)
    open_tags: list[str] = []

    class Balanced(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag != "meta":
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Balanced().feed(page)
    assert open_tags == []


def test_colours() -> None:
    before, after = coloured(reference="Көл кең", before="Кел к<ң", after="Көл кң")
    assert before == "К<mark>е</mark>л к<mark>&lt;</mark>ң"
    assert after == 'К<mark class="mended">ө</mark>л к<del>е</del>ң'


def test_reports_must_be_on_the_same_sets() -> None:
    with pytest.raises(ValueError, match="no reports"):
        to_html([])
    one, two = (evaluate(mend, {name: PAIRS}, n_resamples=5) for name in "xy")
    with pytest.raises(ValueError, match="different sets"):
        to_html([one, two])
