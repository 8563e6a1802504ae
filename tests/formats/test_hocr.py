"""hOCR as programs write it: entities, lines without elements for words."""

from __future__ import annotations

import pytest

from kzocr.edits import Edit
from kzocr.formats.hocr import Hocr
from kzocr.formats.layout import LayoutFile

XHTML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><body><div class="ocr_page">
{}
</div></body></html>
"""


def parse(lines: str, form: str = XHTML) -> LayoutFile:
    return LayoutFile.of(form.format(lines).encode(), "page.hocr", Hocr())


def lines_after(file: LayoutFile, *changes: tuple[str, str]) -> str:
    """Return what stands in the page when each string was replaced at its first place."""
    found = [Edit(file.text.index(a), file.text.index(a) + len(a), a, b, 0.75) for a, b in changes]
    after = file.with_edits(sorted(found, key=lambda edit: edit.start))
    LayoutFile.of(after, "after.hocr", Hocr())
    return after.decode().partition('"ocr_page">\n')[2].partition("\n</div>")[0]


def words(*texts: str) -> str:
    inside = " ".join(f'<span class="ocrx_word">{text}</span>' for text in texts)
    return f'<span class="ocr_line">{inside}</span>'


def test_an_entity_is_read_as_its_character() -> None:
    file = parse(words("&laquo;Ескі&raquo;", "су&nbsp;&mdash;", "&hellip;", "&amp;", "&nbsp;", "дірмен"))
    assert file.text == "«Ескі» су — … & дірмен"


def test_entities_of_changed_words_become_characters_and_others_stay() -> None:
    file = parse(words("&laquo;еск!&raquo;", "дірмен&nbsp;&mdash;", "<b>&hellip;</b>", "&hellip;"))
    assert lines_after(file, ("еск!", "ескі")) == words("«ескі»", "дірмен&nbsp;&mdash;", "<b>&hellip;</b>", "&hellip;")
    assert lines_after(file, ("…", "!")) == words("&laquo;еск!&raquo;", "дірмен&nbsp;&mdash;", "<b>!</b>", "&hellip;")


def test_an_entity_that_html_has_not_is_named_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"^page\.hocr: line 4: unknown entity &қой;: put the character itself"):
        parse(words("&қой;"))


def test_a_line_of_text_alone_keeps_what_stands_around_the_changed_words() -> None:
    file = parse('<span class="ocr_line">&laquo;Ауыл&raquo;  шет1нде<b>г!</b> &mdash; <i>еск!</i>&nbsp;су</span>')
    assert file.text == "«Ауыл» шет1ндег! — еск! су"
    assert lines_after(file, ("шет1ндег!", "шетіндегі")) == (
        '<span class="ocr_line">&laquo;Ауыл&raquo;  шетіндегі<b></b> &mdash; <i>еск!</i>&nbsp;су</span>'
    )
    assert lines_after(file, ("Ауыл", "Ауылы"), ("—", "-"), ("еск!", "ескі"), ("су", "сулы")) == (
        '<span class="ocr_line">«Ауылы»  шет1нде<b>г!</b> - <i>ескі</i>&nbsp;сулы</span>'
    )
    assert lines_after(file, ("— еск! ", "ескі ")) == (
        '<span class="ocr_line">&laquo;Ауыл&raquo;  шет1нде<b>г!</b> ескі су<i></i></span>'
    )


def test_a_line_around_others_is_no_line() -> None:
    file = parse('<span class="ocr_textfloat">сурет <span class="ocr_line">бір сөз</span></span>')
    assert file.text == "бір сөз"
