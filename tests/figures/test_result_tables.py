from __future__ import annotations

import pytest

from kzocr.evaluation import evaluate
from kzocr.figures.result_tables import bands_markdown, replace_between_markers, summary_markdown, to_markdown
from kzocr.pairs import TextPair
from toy_reports import toy_reports

PAIRS = [TextPair("Көл <терең>.\nЖол ұзақ.", "Кел <терец>.\nЖ ол узақ.", "a & b", "real")]


def mend(texts: list[str]) -> list[str]:
    return [text.replace("Кел", "Көл").replace("Ж ол", "Жал") for text in texts]


def test_the_summary_has_a_row_a_corrector_and_what_the_last_did_to_each_set() -> None:
    lines = summary_markdown(toy_reports()).splitlines()
    assert lines[0] == "| CER % | book pages | clean lines changed |"
    assert lines[2] == f"| identity | {100 * 3 / 28:.2f} | 0.00 |"
    assert lines[3] == f"| kzocr | **{100 * 2 / 28:.2f}** | **50.00** |"
    assert lines[5].startswith("| kzocr | characters | CER % before |")
    assert lines[7].startswith(f"| book pages | 28 | {100 * 3 / 28:.2f} | {100 * 2 / 28:.2f} [")
    assert "| -33 % |" in lines[7]
    assert len(lines) == 8


def test_the_least_of_a_column_is_bold_and_the_identity_is_no_rival() -> None:
    identity, kzocr = toy_reports()
    kzocr["sets"][0]["after"]["cer"]["value"] = 0.5
    other = {**kzocr, "corrector": "other", "clean": {"share_changed": {"value": 0.25}}}
    lines = summary_markdown([identity, other, kzocr]).splitlines()
    assert lines[3:5] == ["| other | **50.00** | **25.00** |", "| kzocr | **50.00** | 50.00 |"]
    assert "**" not in lines[2]


def test_without_clean_lines_there_is_no_column_for_them() -> None:
    reports = [{**report, "clean": None} for report in toy_reports()]
    assert summary_markdown(reports).startswith("| CER % | book pages |\n")


@pytest.mark.parametrize("table", [summary_markdown, to_markdown])
def test_reports_are_on_the_same_sets(table) -> None:  # type: ignore[no-untyped-def]
    one, two = toy_reports()
    two["sets"][0]["name"] = "other pages"
    with pytest.raises(ValueError, match="different sets"):
        table([one, two])
    with pytest.raises(ValueError, match="no reports"):
        table([])


def test_markdown_shows_the_rates_of_the_report() -> None:
    report = evaluate(mend, {"set": PAIRS}, clean_lines=["Көл кең."], name="mend", n_resamples=5).to_dict()
    table = to_markdown([report])
    after = report["sets"][0]["after"]
    assert f"| mend | {100 * after['cer']['value']:.2f} [" in table
    assert f"| {100 * after['wer']['value']:.2f} |" in table
    assert "**clean text**: 1 lines" in table
    with pytest.raises(ValueError, match="no reports"):
        to_markdown([])


def test_documents_that_were_read_well_and_badly_stand_apart() -> None:
    letters = "Бір күні ауылда той болды, ел жиналды. " * 4
    pairs = [
        TextPair(letters, letters.replace("Бір", "Бiр", 1), "well", "real"),
        TextPair("Қар ерте жауды.", "Кар срте жауды.", "badly", "real"),
        TextPair("Таң атты.", "Таң атты.", "right", "real"),
    ]
    harmful = evaluate(
        lambda texts: [text.replace("Кар", "Қар").replace("атты", "аты") for text in texts],
        {"set": pairs, "one": pairs[2:]},
        name="mend",
        n_resamples=5,
    )
    n_chars = len(letters.strip()) + len("Таң атты.")
    assert bands_markdown(harmful.to_dict()).splitlines()[2:] == [
        f"| set | below 1 % | 2 | {100 * 1 / n_chars:.2f} | {100 * 2 / n_chars:.2f} | +100 % |",
        "| set | 10 to 20 % | 1 | 13.33 | 6.67 | -50 % |",
        "| one | below 1 % | 1 | 0.00 | 11.11 | from none |",
    ]
    assert "| from none |" in to_markdown([harmful.to_dict()])


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    page = "a\n<!-- x -->\nold\n<!-- end of x -->\nb"
    assert replace_between_markers(page, "x", "new") == "a\n<!-- x -->\nnew\n<!-- end of x -->\nb"
    with pytest.raises(ValueError, match="markers"):
        replace_between_markers(page, "y", "new")
