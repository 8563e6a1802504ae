"""hOCR as programs write it: entities, lines without elements for words, HTML that is no XML."""

from __future__ import annotations

import pytest

from kzocr.edits import Edit
from kzocr.formats.hocr import Hocr
from kzocr.formats.layout import LayoutFile
from places import DATA

XHTML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><body><div class="ocr_page">
{}
</div></body></html>
"""


HTML = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">
<HTML><head><meta name=ocr-system content=openocr><title></title><body><div class="ocr_page">
{}
</div>
"""


def parse(lines: str, form: str = XHTML) -> LayoutFile:
    return LayoutFile.of(form.format(lines).encode(), "page.hocr", Hocr())


def edited(file: LayoutFile, *changes: tuple[str, str]) -> bytes:
    """Return the file in which each string was replaced at its first place; it can be read again."""
    found = [Edit(file.text.index(a), file.text.index(a) + len(a), a, b, 0.75) for a, b in changes]
    after = file.with_edits(sorted(found, key=lambda edit: edit.start))
    LayoutFile.of(after, "after.hocr", Hocr())
    return after


def lines_after(file: LayoutFile, *changes: tuple[str, str]) -> str:
    """Return what stands in the page when each string was replaced at its first place."""
    return edited(file, *changes).decode().partition('"ocr_page">\n')[2].partition("\n</div>")[0]


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


def test_what_was_counted_by_character_goes_from_changed_words_alone() -> None:
    counted = "x_confs 91 92; cuts 3 1 4;x_bboxes 1 2 3 4; nlp 1.5"
    word = '<span class="ocrx_word" title="{}">{}</span>'
    kept = word.format(f"bbox 10 2 19 4; {counted}; x_wconf 60", "су")
    old = word.format(f"bbox 1 2 9 4; {counted}; x_wconf 50; x_font Courier", "еск!")
    new = word.format("bbox 1 2 9 4; x_wconf 75; x_font Courier", "ескі")
    before, after = (f'<span class="ocr_line">{first} {kept}</span>' for first in (old, new))
    assert lines_after(parse(before), ("еск!", "ескі")) == after


def test_a_line_around_others_is_no_line() -> None:
    file = parse('<span class="ocr_textfloat">сурет <span class="ocr_line">бір сөз</span></span>')
    assert file.text == "бір сөз"


def test_a_word_within_a_word_is_the_same_word() -> None:
    form = '<span class="ocr_word" title="bbox 1 2 3 4"><span class="ocrx_word" title="x_wconf {}">{}</span></span>'
    before, after = (f'<span class="ocr_line">{form.format(*word)}</span>' for word in ((-2, "еск!"), (75, "ескі")))
    assert parse(before).text == "еск!"
    assert lines_after(parse(before), ("еск!", "ескі")) == after


def test_html_changes_in_its_lines_alone() -> None:
    data = (DATA / "formats" / "cuneiform.html").read_bytes()
    file = LayoutFile.of(data, "page.html", Hocr())
    assert file.text == "Ауыл шет1ндег! еск! диірмен\nбүк1л — «онір»ге ун A&B тартты.\nКеп1р жок."
    before = data.decode().splitlines()
    after = edited(file, ("еск!", "ескі"), ("онір", "өңір"), ("ун", "ұн")).decode().splitlines()
    assert [number for number, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [6, 7]
    assert after[6] == (
        '<p align=justify><span class="ocr_line" id="line_1" title="bbox 1 15 420 60">Ауыл шет1ндег! ескі '
        '<b>д<i>иір</i>мен</b><span class="ocr_cinfo" title=""></span></span>'
    )
    assert after[7] == (
        '<p><span class="ocr_line" id="line_2" title="bbox 1 70 420 100">бүк1л &mdash; <font size="2">«өңір»ге</font>'
        '<br>ұн A&amp;B тартты.<span class="ocr_cinfo" title=""></span></span>'
    )


@pytest.mark.parametrize(
    ("lines", "text", "after"),
    [
        ("<span class=ocr_line>бір еск!", "бір еск!", '<span class="ocr_line">бір ескі\n</span></div>\n'),
        ("<p class=ocr_line>еск!<p class=ocr_line>су", "еск!\nсу", '<p class="ocr_line">ескі</p><p class=ocr_line>су'),
        ("<p><b><span class=ocr_line>еск!</p> су", "еск!", '<p><b><span class="ocr_line">ескі</span></p> су'),
        ("</b><a class=ocr_line />x<i class=ocr_line>еск!</i >", "еск!",
         '</b><a class=ocr_line />x<i class="ocr_line">ескі</i>'),
        (
            "<i class=ocr_line id=1 id=2 xml:lang=kk b'=x>еск! &nbsp\x07&bull;&thing; <!-- a --><!-- b--c --></i>",
            "еск! •&thing;",
            '<i class="ocr_line" id="1" xml:lang="kk">ескі &nbsp; &bull;&amp;thing; <!-- a --></i>',
        ),
    ],
)  # fmt: skip
def test_html_without_end_tags_and_quotes(lines: str, text: str, after: str) -> None:
    file = parse(lines, HTML)
    assert file.text == text
    assert lines_after(file, ("еск!", "ескі")) == after
    assert file.with_edits([]) == HTML.format(lines).encode()


def test_html_in_the_encoding_of_its_meta_element() -> None:
    page = HTML.replace("<title>", '<META content="text/html; charset=windows-1251"><title>').replace("\n", "\r\n")
    data = page.format("<b>су</b>\r\n<span class=ocr_line>ун\r\nсу</span> ж").encode("windows-1251")
    file = LayoutFile.of(data, "page.html", Hocr())
    assert file.text == "ун су"
    after = edited(file, ("ун", "ұн"))
    assert after == data.replace("<span class=ocr_line>у".encode("cp1251"), b'<span class="ocr_line">&#1201;')


@pytest.mark.parametrize(
    ("lines", "form", "message"),
    [
        ("<o:p>", HTML, r"^page\.hocr: line 3: <o:p> is no element of HTML"),
        ("<b>" * 300, HTML, r"^page\.hocr: line 3: 256 elements are open: are their end tags missing\?"),
        ("<br>", XHTML, r"^page\.hocr:5: not well-formed XML"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(lines: str, form: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(lines, form)


def test_html_that_breaks_off_within_its_first_tag_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^page\.html: breaks off within its first tag"):
        LayoutFile.of(b"<html class='x' title='ocr_page'\n", "page.html", Hocr())


def test_text_of_many_references_is_one_text() -> None:
    page = HTML.format("<span class=ocr_line>" + "&#1178;" * 5000 + " су</span>")
    file = LayoutFile.of(page.encode("utf-8"), "page.html", Hocr())
    assert file.text == "Қ" * 5000 + " су"
