import re
from html.parser import HTMLParser

import pytest

from kzocr.evaluation import evaluate
from kzocr.pairs import TextPair
from kzocr.report import coloured, to_html
from places import ROOT
from toy_reports import PAIRS, mend


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


def test_what_the_corrector_broke_is_told_from_what_it_left() -> None:
    _, after = coloured(reference="көл кең", before="кел кең", after="кел каң!")
    assert after == 'к<mark>е</mark>л к<mark class="harmed">а</mark>ң<mark class="harmed">!</mark>'


def test_page_without_passages_holds_none() -> None:
    report = evaluate(mend, PAIRS, clean_lines=["Жол Кел."], n_resamples=5)
    assert "терең" in to_html([report])
    assert "терең" not in to_html([report], passages=False)
    assert "Кел" not in to_html([report], passages=False)


def test_every_total_has_its_interval_on_the_page() -> None:
    report = evaluate(mend, PAIRS, n_resamples=50)
    page = to_html([report])
    after = report.sets[0].after
    totals = [after.cer, after.wer, after.wer_normalised, after.wer_mean, after.cer_spaceless, report.sets[0].hipe_cmer]
    for rate in totals:
        assert f"{100 * rate.value:.2f}<small>{100 * rate.low:.2f} to {100 * rate.high:.2f}</small>" in page


def test_every_heading_of_the_page_is_explained() -> None:
    page = to_html([evaluate(mend, PAIRS, name="mend", n_resamples=5)])
    guide = (ROOT / "docs" / "reading-the-report.md").read_text(encoding="utf-8")
    totals = page.split("<table>", 2)[1].split("</thead>")[0]
    columns = re.findall(r"<th>([^<]+)</th>", totals)
    kinds = re.findall(r"<td>([^<]+)</td><td class=\"bars\">", page.split("Errors by kind")[1].split("</table>")[0])
    assert len(columns) == 11
    assert len(kinds) == 7
    for heading in [*columns, *kinds]:
        assert f"\n| {heading} |" in guide, heading


def test_documents_that_were_read_well_and_badly_stand_apart_where_there_are_both() -> None:
    text = "Бір күні ауылда той болды, ел жиналды."
    well = TextPair(text, text, "b", "real")
    page = to_html([evaluate(mend, [*PAIRS, well], n_resamples=5)])
    table = page.split("<h3>Documents by how badly they were read</h3>")[1].split("</table>")[0]
    rows = re.findall(r"<tr><td>(.*?)</td></tr>", table)
    assert rows[0] == "below 1 %</td><td>1</td><td>0.00</td><td>0.00</td><td>0"
    assert rows[1] == "10 to 20 %</td><td>1</td><td>18.18</td><td>13.64</td><td>25"
    assert "by how badly" not in to_html([evaluate(mend, PAIRS, n_resamples=5)])
