"""hOCR, ALTO and PAGE XML: what an edit changes in the file, and that nothing else does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fakes import ScriptedDecoder, scripted
from kzocr.corrector import Corrector
from kzocr.edits import Edit, apply_edits
from kzocr.formats.boxes import Box, Word, line_text, replacements
from kzocr.formats.layout import LayoutFile
from kzocr.formats.recognise import DIALECTS, recognise
from places import DATA

FORMATS = DATA / "formats"
FILES = {"page.hocr": "hocr", "page.alto.xml": "alto", "divided.alto.xml": "alto", "page.xml": "page"}
FILES["cuneiform.html"] = "hocr"


def read(name: str) -> LayoutFile:
    return parse((FORMATS / name).read_bytes(), name)


def parse(data: bytes, name: str) -> LayoutFile:
    return LayoutFile.of(data, name, DIALECTS[recognise(data, name)])


def edits_of(text: str, *changes: tuple[str, str]) -> list[Edit]:
    """Return edits that replace each string at its first place, in the order of their places."""
    found = [Edit(text.index(a), text.index(a) + len(a), a, b, 0.75) for a, b in changes]
    return sorted(found, key=lambda edit: edit.start)


def edited(name: str, *changes: tuple[str, str]) -> LayoutFile:
    file = read(name)
    return parse(file.with_edits(edits_of(file.text, *changes)), name)


def elements(file: LayoutFile, text: str, key: str = "CONTENT") -> list[etree._Element]:
    return [e for e in file.markup.tree().numbers if e.get(key) == text]


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("name", FILES)
def test_recognised_by_content(name: str) -> None:
    assert recognise((FORMATS / name).read_bytes(), "x.unknown") == FILES[name]


@pytest.mark.parametrize("name", FILES)
def test_without_edits_every_byte_is_the_same(name: str) -> None:
    assert read(name).with_edits([]) == (FORMATS / name).read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_only_lines_that_change_change(name: str) -> None:
    file = read(name)
    [first, *_] = file.text.split("\n")
    before = file.markup.text.decode().splitlines()
    after = parse(file.with_edits([Edit(0, 1, first[0], "Ж", 0.5)]), name).markup.text.decode().splitlines()
    differing = [a for a, b in zip(before, after, strict=True) if a != b]
    assert len(before) == len(after)
    assert 1 <= len(differing) <= 8
    assert before[0] == after[0]


def test_text_has_lines_and_blocks() -> None:
    assert read("page.hocr").text.split("\n")[0] == "Ауыл шет1ндег! еск! дирмен бПрын"
    assert read("page.hocr").text == read("page.alto.xml").text
    assert read("divided.alto.xml").text == "ұн енді-\nріс өсті."
    assert read("page.xml").text == "Ауыл шет 1ндегi ескідиірмен\nбүкіл өнірге ұн тартқан.\n\nКепір жоқ."


def test_a_changed_word_keeps_its_box_and_gets_the_confidence_of_the_change() -> None:
    file = edited("page.alto.xml", ("еск!", "ескі"))
    [string] = elements(file, "ескі")
    assert dict(string.attrib) == {
        "ID": "string_2", "HPOS": "320", "VPOS": "50", "WIDTH": "64", "HEIGHT": "26", "WC": "0.75", "CONTENT": "ескі",
    }  # fmt: skip
    [word] = [e for e in edited("page.hocr", ("еск!", "ескі")).markup.tree().numbers if e.text == "ескі"]
    assert word.get("title") == "bbox 320 50 384 76; x_wconf 75"
    assert elements(file, "Ауыл")[0].get("WC") == "0.91"


def test_merged_words_have_the_box_around_both() -> None:
    file = edited("page.alto.xml", ("Пн тартып", "Пнтартып"))
    [string] = elements(file, "Пнтартып")
    assert [string.get(k) for k in ("HPOS", "VPOS", "WIDTH", "HEIGHT")] == ["240", "112", "165", "35"]
    assert string.getnext().get("HPOS") == "405"  # the space behind both
    [line] = [e for e in file.markup.tree().numbers if e.get("ID") == "line_1"]
    assert [e.tag.rpartition("}")[2] for e in line] == ["String", "SP"] * 4 + ["String"]
    words = edited("page.hocr", ("Пн тартып", "Пнтартып")).boxes()[1]
    assert [word for word in words if word.text == "Пнтартып"] == [Word("Пнтартып", Box(240, 112, 405, 147))]


def test_a_split_word_shares_its_box_by_letters() -> None:
    file = edited("page.alto.xml", ("бойында", "бой ында"))
    first, second = elements(file, "бой")[0], elements(file, "ында")[0]
    assert [first.get(k) for k in ("HPOS", "WIDTH", "ID")] == ["122", "62", "string_17"]  # 145 * 3 / 7 = 62
    assert [second.get(k) for k in ("HPOS", "WIDTH", "ID")] == ["184", "83", "string_17_2"]
    assert [first.getnext().get(k) for k in ("HPOS", "VPOS", "WIDTH")] == ["184", first.get("VPOS"), "0"]
    assert first.getnext().tag == "{http://www.loc.gov/standards/alto/ns-v3#}SP"
    ids = [e.get("ID") for e in file.markup.tree().numbers if e.get("ID")]
    assert len(ids) == len(set(ids))
    hocr = edited("page.hocr", ("бойында", "бой ында"))
    assert hocr.boxes()[3][1:3] == [Word("бой", Box(122, 295, 184, 332)), Word("ында", Box(184, 295, 267, 332))]


def test_the_space_in_a_split_word_has_as_many_decimals_as_the_words() -> None:
    [string] = elements(edited("divided.alto.xml", ("өсті", "өс ті")), "өс")
    assert dict(string.getnext().attrib) == {"WIDTH": "0.0", "HPOS": "186.5", "VPOS": "150.0"}  # 150.5 + 90 * 2 / 5
    bare = (FORMATS / "page.alto.xml").read_bytes().replace(b' HEIGHT="', b' OTHER="')
    file = parse(bare, "bare.xml")
    after = parse(file.with_edits(edits_of(file.text, ("еск!", "ес кі"))), "bare.xml")
    assert not elements(after, "ес")[0].getnext().attrib


def test_halves_of_a_divided_word_agree_on_the_whole() -> None:
    file = edited("divided.alto.xml", ("енді-", "өнді-"))
    assert [e.get("CONTENT") for e in elements(file, "өндіріс", "SUBS_CONTENT")] == ["өнді", "ріс"]
    assert [e.get("CONTENT") for e in file.markup.tree().numbers if e.tag.endswith("HYP")] == ["-"]
    other = edited("divided.alto.xml", ("ріс", "рісі"))
    assert len(elements(other, "ендірісі", "SUBS_CONTENT")) == 2


def test_a_hyphen_that_was_deleted_goes() -> None:
    file = edited("divided.alto.xml", ("енді-", "енді"))
    assert not [e for e in file.markup.tree().numbers if e.tag.endswith("HYP")]
    assert file.text == "ұн енді\nріс өсті."


def test_a_hyphen_that_its_word_has_too_is_one() -> None:
    data = read("divided.alto.xml").markup.text.replace('"енді"'.encode(), '"енді-"'.encode())
    file = parse(data.replace(b"windows-1251", b"utf-8"), "twice.xml")
    assert file.text == "ұн енді-\nріс өсті."

    def halves(*changes: tuple[str, str]) -> tuple[str, list[str]]:
        """Return the edited text, the hyphenated line's words and what `HYP` has."""
        after = parse(file.with_edits(edits_of(file.text, *changes)), "twice.xml")
        found = [e for e in after.markup.tree().numbers if e.tag.endswith(("String", "HYP"))]
        return after.text, [str(e.get("CONTENT")) for e in found[:-2]]

    assert halves(("енді-", "өнді-")) == ("ұн өнді-\nріс өсті.", ["ұн", "өнді-", "-"])
    assert halves(("енді-", "өнді¬")) == ("ұн өнді¬\nріс өсті.", ["ұн", "өнді¬", "¬"])
    assert halves(("енді-", "өнді")) == ("ұн өнді\nріс өсті.", ["ұн", "өнді"])
    assert halves(("енді-", "ен ді-")) == ("ұн ен ді-\nріс өсті.", ["ұн", "ен", "ді-", "-"])
    assert halves(("ұн", "ұны")) == ("ұны енді-\nріс өсті.", ["ұны", "енді-", "-"])
    changed = parse(file.with_edits(edits_of(file.text, ("енді-", "өнді-"))), "twice.xml")
    assert len(elements(changed, "өндіріс", "SUBS_CONTENT")) == 2


def test_merging_into_a_divided_word_leaves_its_mark_at_the_line_end() -> None:
    file = edited("divided.alto.xml", ("ұн енді", "ұненді"))
    [string] = elements(file, "ұненді")
    assert (string.get("SUBS_TYPE"), string.get("SUBS_CONTENT")) == ("HypPart1", "ұнендіріс")
    split = edited("divided.alto.xml", ("енді", "ен ді"))
    assert [e.get("SUBS_TYPE") for text in ("ен", "ді") for e in elements(split, text)] == [None, "HypPart1"]


def test_encoding_prefixes_quotes_and_line_ends_stay() -> None:
    file = read("divided.alto.xml")
    data = file.with_edits(edits_of(file.text, ("ұн", "ұны")))
    assert data.startswith(b"<?xml version='1.0' encoding='windows-1251'?>\r\n")
    assert b"x:note='a &gt; b'" in data
    assert data.count(b"\n") == data.count(b"\r\n")
    assert b'CONTENT="&#1201;\xed\xfb"' in data
    assert data.count(b"xmlns") == 2
    assert b"CC=" not in data
    assert b"Glyph" not in data


def test_page_texts_of_word_line_and_region_agree() -> None:
    file = edited("page.xml", ("шет 1ндегi", "шетіндегі"), ("ескідиірмен", "ескі диірмен"), ("өнірге", "өңірге"))
    line = "Ауыл шетіндегі ескі диірмен"
    root = file.markup.tree().root
    texts = ["".join(e.itertext()) for e in root.iter("{*}Unicode")]
    assert texts.count(line) == 1
    assert f"{line}\nбүкіл өңірге ұн тартқан." in texts
    assert "шетіндегі" in texts
    assert not list(root.iter("{*}Glyph"))
    words = file.boxes()[0]
    assert words[:2] == [Word("Ауыл", Box(41, 50, 133, 85)), Word("шетіндегі", Box(145, 50, 307, 84))]
    assert [e.get("id") for e in root.iter("{*}Word")] == ["w1", "w2", "w4", "w4_2"]
    [equivalent] = [e for e in root.iter("{*}TextEquiv") if e[0].text == line]
    assert equivalent.get("conf") == "0.75"


def test_entities_of_a_page_text_are_characters_and_go_when_it_changes() -> None:
    data = (FORMATS / "page.xml").read_bytes().replace("Кепір жоқ.".encode(), "&laquo;Кепір&raquo;&nbsp;жоқ.".encode())
    data = data.replace(b' standalone="yes"', b"").replace(b"<PcGts", b'<!DOCTYPE PcGts SYSTEM "page.dtd">\n<PcGts', 1)
    file = parse(data, "page.xml")
    assert file.text.endswith("\n\n«Кепір»\u00a0жоқ.")
    after = file.with_edits(edits_of(file.text, ("Кепір", "Көпір"))).decode()
    assert "<Unicode>«Көпір»\u00a0жоқ.</Unicode>" in after
    assert "laquo" not in after


def test_page_region_without_lines_keeps_the_lines_of_its_text() -> None:
    unicode = "<Unicode>  бір сез,\n\nекі  сез\nүш\n</Unicode>"
    page = f'<PcGts><Page><TextRegion><TextEquiv conf="0.5">{unicode}</TextEquiv></TextRegion></Page></PcGts>'
    file = parse(page.encode(), "page.xml")
    assert file.text == "бір сез,\nекі  сез\nүш"
    after = file.with_edits([Edit(5, 6, "е", "ө", 0.9), Edit(15, 16, "е", "ө", 0.8)])
    assert after.decode() == page.replace("сез", "сөз").replace("0.5", "0.80")


def test_page_line_that_was_edited_by_hand_is_taken_and_its_words_are_left() -> None:
    data = (
        (FORMATS / "page.xml").read_bytes().replace("<Unicode>Ауыл шет 1".encode(), "<Unicode>Ауылдың шет 1".encode())
    )
    file = parse(data, "page.xml")
    assert file.text.startswith("Ауылдың шет 1ндегi")
    after = file.with_edits(edits_of(file.text, ("шет 1ндегi", "шетіндегі"))).decode()
    assert "<Unicode>Ауылдың шетіндегі ескідиірмен</Unicode>" in after
    assert "<Unicode>1ндегi</Unicode>" in after


@pytest.mark.parametrize("name", FILES)
def test_the_corrected_file_has_the_corrected_text(name: str) -> None:
    corrector = scripted(("еск!", "ескі"), ("1ндегi", "індегі"), ("енді-", "өнді-"), ("Кеп", "Көп"), ("Пн ", "Пн"))
    file = read(name)
    after = parse(file.with_edits(corrector.explain(file.text).edits), name)
    assert after.text == corrector.correct(file.text) != file.text


def test_the_model_sees_the_lines_together() -> None:
    decoder = ScriptedDecoder(lambda text: text)
    Corrector(decoder).explain(read("divided.alto.xml").text)
    assert decoder.inputs == ["ұн енді-\nріс өсті."]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<alto><Layout>", r"bad.xml:1: not well-formed XML"),
        (b"<?xml version='1.0' encoding='ascii'?><alto>\xd0</alto>", r"bad.xml: not ascii: byte"),
        (b"<!DOCTYPE alto [<!ENTITY a 'x'>]><alto>&a;</alto>", r"bad.xml: declares entities"),
        (
            b"<alto><TextLine>\n<String ID='s' CONTENT='x' HPOS='a' VPOS='0' WIDTH='1' HEIGHT='1'/></TextLine></alto>",
            r"bad.xml: line 2: HPOS of String s is 'a'",
        ),
    ],
)
def test_what_is_broken_is_named_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LayoutFile.of(data, "bad.xml", DIALECTS["alto"])


def test_other_xml_is_no_text() -> None:
    with pytest.raises(ValueError, match="root element <TEI>"):
        recognise(b"<?xml version='1.0'?>\n<!-- a --><TEI xmlns='x'></TEI>", "book.xml")
    assert recognise(b"<TEI>", "book.txt") == "text"
    assert recognise("сөз".encode(), "a.JSONL") == "jsonl"
    assert recognise(b"PAR1", "a") == "parquet"


@pytest.mark.parametrize(
    ("head", "form"),
    [
        ('{"text": "сез"}\n', "jsonl"),
        ('\ufeff\r\n  { "те\\"кст" : 1, "b": 2', "jsonl"),
        ("{сез}: бір\n", "text"),
        ('{"сез"} деді: бір\n', "text"),
        ('[1] "сез": бір\n', "text"),
    ],
)
def test_json_lines_are_known_without_their_name(head: str, form: str) -> None:
    assert recognise(head.encode(), "<stdin>") == form


@pytest.mark.parametrize("head", ['[{"text": "сез"}]', '{\n  "text": "сез"\n}', '[\n {\n "text":'])
def test_json_that_is_not_json_lines_is_no_text(head: str) -> None:
    with pytest.raises(ValueError, match=r"^rows\.json: JSON, but not JSON Lines: write one object a line"):
        recognise(head.encode(), "rows.json")


@pytest.mark.parametrize(
    ("head", "name", "message"),
    [
        (
            b"%PDF-1.7\n%\xe2\xe3",
            "a.pdf",
            r"^a\.pdf: a PDF: take its text out first \(pdftotext a\.pdf - > ",
        ),
        (b"PK\x03\x04\x14", "a.docx", "^a.docx: a document of a word processor or an archive: save it as plain text"),
        (b"{\\rtf1\\ansi", "a.rtf", "^a.rtf: a document of a word processor"),
        (b"\x1f\x8b\x08", "a.txt.gz", r"^a\.txt\.gz: compressed: unpack it first \(gunzip a\.txt\.gz\)$"),
        (b"\xff\xd8\xff\xe0", "a.jpg", r"^a\.jpg: an image, .* \(tesseract a\.jpg - -l kaz\)$"),
        (b"II*\x00", "a.txt", "^a.txt: an image"),
    ],
)
def test_what_is_no_text_is_named_with_what_to_do(head: bytes, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recognise(head, name)


def test_an_edit_over_a_line_end_is_refused() -> None:
    file = read("divided.alto.xml")
    with pytest.raises(ValueError, match="over the end of a line"):
        file.with_edits([Edit(7, 10, "-\nр", "р", 0.9)])


WORDS = st.lists(st.text("абвіқ", min_size=1, max_size=6), min_size=1, max_size=6)
PIECES = st.text("абі  ", max_size=5)


@st.composite
def edited_lines(draw: st.DrawFn, text: str) -> list[Edit]:
    """Draw edits of a text that touch no line end."""
    edits: list[Edit] = []
    place = 0
    while place < len(text):
        place += draw(st.integers(0, 8))
        end = min(place + draw(st.integers(0, 4)), len(text))
        before = text[place:end]
        if place > len(text) or "\n" in before:
            break
        edits.append(Edit(place, end, before, draw(PIECES), 0.5))
        place = end + 1
    blank = {i for i in range(1, len(text)) if text[i - 1 : i + 1] == "\n\n"}
    return [edit for edit in edits if (edit.before or edit.after) and edit.start not in blank]


@given(st.data(), WORDS)
@settings(max_examples=200, deadline=None)
def test_new_boxes_lie_within_the_line_and_words_are_those_of_the_text(data: st.DataObject, texts: list[str]) -> None:
    words, x = [], 10.0
    for text in texts:
        words.append(Word(text, Box(x, 5, x + 7 * len(text), 30)))
        x += 7 * len(text) + 6
    edits = data.draw(edited_lines(line_text(words)))
    new: list[Word] = []
    place = 0
    for change in replacements(words, edits):
        new += words[place : change.first]
        new += [Word(word.text, word.box) for word in change.words]
        place = change.end
    new += words[place:]
    assert [word.text for word in new] == apply_edits(line_text(words), edits).split()
    for word in new:
        assert word.box is not None
        assert 10 <= word.box.left <= word.box.right <= x - 6 + 1e-9
        assert (word.box.top, word.box.bottom) == (5, 30)


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_edits_give_the_edited_text_within_the_lines(name: str, data: st.DataObject) -> None:
    file = read(name)
    edits = data.draw(edited_lines(file.text))
    after = parse(file.with_edits(edits), name)
    assert lines(after.text) == lines(apply_edits(file.text, edits))
    limits = [
        (min(b.left for b in boxes), max(b.right for b in boxes)) for boxes in map(boxes_of, file.boxes()) if boxes
    ]
    left, right = min((a for a, _ in limits), default=0), max((b for _, b in limits), default=0)
    for words in after.boxes():
        assert all(left - 1 <= box.left <= box.right <= right + 1 for box in boxes_of(words))


def boxes_of(words: Sequence[Word]) -> list[Box]:
    return [word.box for word in words if word.box is not None]
