from __future__ import annotations

import re
import string
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fakes import scripted
from kzocr.cli import app
from kzocr.correction.guards import EDIT_REASONS, WINDOW_REASONS
from kzocr.correction.passes import Correction
from kzocr.demo import marks
from kzocr.demo.languages import ENGLISH, LANGUAGES, Words, preferred
from kzocr.demo.page import Demo, build
from kzocr.edits import Edit
from kzocr.formats.layout import LayoutFile
from kzocr.formats.recognise import DIALECTS, recognise
from places import DATA
from toy_trees import constant

FORMATS = DATA / "formats"
TEXT_FIELDS = [field.name for field in fields(Words) if field.name != "reasons"]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_says_everything(code: str) -> None:
    words = LANGUAGES[code]
    for name in TEXT_FIELDS:
        assert getattr(words, name).strip(), name
        assert placeholders(getattr(words, name)) == placeholders(getattr(ENGLISH, name)), name
    assert set(words.reasons) == {*WINDOW_REASONS, *EDIT_REASONS}
    assert all(words.reasons.values())


def test_a_lone_change_is_shown_from_the_least_confidence_on() -> None:
    corrector = scripted(("сез", "сөз"))
    corrector.calibration = constant(0.5)
    assert corrector.correct("Бұл сез.") == "Бұл сез."
    assert Demo(corrector).correct("Бұл сез.", None, 0.5, False, "kk").text == "Бұл сөз."
    assert Demo(corrector).correct("Бұл сез.", None, 0.7, False, "kk").text == "Бұл сез."


def test_languages_differ_in_everything_and_use_their_own_letters() -> None:
    for name in TEXT_FIELDS:
        assert len({getattr(words, name) for words in LANGUAGES.values()}) == len(LANGUAGES), name
    everything = {code: "".join(getattr(words, name) for name in TEXT_FIELDS) for code, words in LANGUAGES.items()}
    kazakh = set("әғқңөұүһіӘҒҚҢӨҰҮҺІ")
    assert kazakh & set(everything["kk"])
    assert not kazakh & set(everything["ru"])
    assert not re.search("[а-яё]", everything["en"])


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        (None, "kk"),
        ("de-DE, de;q=0.9", "kk"),
        ("ru-RU,ru;q=0.9,en-US;q=0.8", "ru"),
        ("en;q=0.4, kk-KZ;q=0.9", "kk"),
        ("fr, en;q=0.2, ru;q=bad", "ru"),
    ],
)
def test_the_browsers_language_is_taken(accepted: str | None, code: str) -> None:
    assert preferred(accepted) == code


def correction(original: str, text: str, *edits: Edit, kept: dict[str, int] | None = None) -> Correction:
    return Correction(text, original, edits, kept or {}, 1, 1)


def test_changes_are_marked_and_everything_is_escaped() -> None:
    found = correction("<b> м әтін", "<b> мәтін!", Edit(5, 6, " ", "", 0.9), Edit(10, 10, "", "!", 0.75))
    assert marks.marked(found, ENGLISH) == (
        '<div class="kzocr-text">&lt;b&gt; м<del title="confidence 0.90">␣</del>әтін'
        '<ins title="confidence 0.75">!</ins></div>'
    )
    evil = correction("a", "<script>", Edit(0, 1, "a", "<script>", 1.0))
    assert "<script>" not in marks.marked(evil, ENGLISH)
    assert marks.problem("<x>") == '<div class="kzocr-problem">&lt;x&gt;</div>'


def test_the_summary_says_what_was_left_and_why() -> None:
    edit = Edit(0, 1, "а", "ә", 0.9)
    line = marks.summary(correction("а", "ә", edit, kept={"digits": 2, "confidence": 1}), LANGUAGES["ru"])
    assert "Изменений: 1." in line
    assert "Оставлено как было: низкая уверенность (1), цифры (2)." in line
    assert marks.summary(correction("а", "а"), ENGLISH) == "<div>Nothing was changed.</div>"


@pytest.fixture
def demo() -> Demo:
    return Demo(scripted(("сез", "сөз")), max_chars=100)


def test_a_text_is_corrected_and_can_be_downloaded(demo: Demo) -> None:
    shown = demo.correct("Бір сез.", None, 0.5, False, "en")
    assert shown.text == "Бір сөз."
    assert "<del" in shown.differences
    assert shown.download is not None
    assert shown.download.name == "kzocr.corrected.txt"
    assert shown.download.read_text(encoding="utf-8") == "Бір сөз."


def test_the_slider_refuses_what_is_less_sure(demo: Demo) -> None:
    shown = demo.correct("Бір сез.", None, 1.0, False, "en")
    assert shown.text == "Бір сез."
    assert "low confidence (1)" in shown.status


def test_a_file_keeps_its_line_ends_and_mark_while_the_field_shows_its_text(demo: Demo, tmp_path: Path) -> None:
    path = tmp_path / "бет.txt"
    path.write_bytes("\ufeffБір сез.\r\nОн сез.\r\n".encode())
    loaded, text, message = demo.load(str(path), "kk")
    assert message == ""
    shown = demo.correct(text.replace("\r\n", "\n"), loaded, 0.5, False, "kk")
    assert shown.download is not None
    assert shown.download.name == "бет.corrected.txt"
    assert shown.download.read_bytes() == "\ufeffБір сөз.\r\nОн сөз.\r\n".encode()
    edited = demo.correct("Өзге сез.", loaded, 0.5, False, "kk")
    assert edited.download is not None
    assert edited.download.read_bytes() == "Өзге сөз.".encode()


@pytest.mark.parametrize(
    ("name", "download"),
    [
        ("page.hocr", "page.corrected.hocr"),
        ("page.alto.xml", "page.alto.corrected.xml"),
        ("page.xml", "page.corrected.xml"),
    ],
)
def test_a_layout_file_is_corrected_in_place(name: str, download: str) -> None:
    demo, idle = Demo(scripted(("Ауыл", "Ауыз"))), Demo(scripted())
    source = FORMATS / name
    loaded, text, message = demo.load(str(source), "en")
    assert message == ""
    assert text.startswith("Ауыл ")
    shown = demo.correct(text, loaded, 0.0, False, "en")
    assert shown.text == text.replace("Ауыл", "Ауыз")
    assert shown.download is not None
    assert shown.download.name == download
    assert demo.load(str(shown.download), "en")[1] == shown.text
    kind = DIALECTS[recognise(source.read_bytes(), name)]
    before, after = (
        [word for line in LayoutFile.of(path.read_bytes(), name, kind).boxes() for word in line]
        for path in (source, shown.download)
    )
    assert [word.box for word in after] == [word.box for word in before]
    unchanged = idle.correct(text, loaded, 0.0, False, "en").download
    assert unchanged is not None
    assert unchanged.read_bytes() == source.read_bytes()


def test_lines_of_a_layout_file_stay_and_a_text_changed_by_hand_is_plain() -> None:
    demo = Demo(scripted(("дирмен", "диірмен")))
    loaded, text, _ = demo.load(str(FORMATS / "page.hocr"), "ru")
    joined = demo.correct(text, loaded, 0.0, True, "ru")
    assert joined.text.count("\n") == text.count("\n")
    assert LANGUAGES["ru"].lines_stay in joined.status
    assert LANGUAGES["ru"].lines_stay not in demo.correct(text, loaded, 0.0, False, "ru").status
    by_hand = demo.correct(f"{text} Соңы.", loaded, 0.0, False, "ru")
    assert LANGUAGES["ru"].only_text in by_hand.status
    assert by_hand.download is not None
    assert by_hand.download.name == "kzocr.corrected.txt"
    assert by_hand.download.read_text(encoding="utf-8") == by_hand.text == f"{text} Соңы.".replace("дирмен", "диірмен")


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "content", "field"),
    [
        ("rows.jsonl", '{"text": "Бір сез."}\n', "not_here"),
        ("page.html", "<html><body>Бір сез.</body></html>", "not_here"),
        ("book.xml", "<book>Бір сез.</book>", "not_here"),
        ("table.parquet", "PAR1", "not_here"),
        ("page.xml", '<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout></alto>', "broken"),
        ("page.hocr", "<?xml version='1.0'?><html><body><p class='ocr_par'>Бір сез.</body></html>", "broken"),
    ],
)
def test_what_is_no_text_and_no_layout_file_is_refused(
    demo: Demo, tmp_path: Path, code: str, name: str, content: str, field: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    loaded, text, message = demo.load(str(path), code)
    assert (loaded, text) == (None, "")
    assert getattr(LANGUAGES[code], field).format(name=name) in message


def test_lines_are_joined_when_asked(demo: Demo) -> None:
    lines = ["Ауылдағы кітапханада ескі газеттер көп жылдан бері", "сақталып тұр, бұл да сез."]
    assert demo.correct("\n".join(lines), None, 0.5, True, "en").text == " ".join(lines).replace("сез", "сөз")
    assert "\n" in demo.correct("\n".join(lines), None, 0.5, False, "en").text


def test_what_cannot_be_corrected_is_said_in_the_pages_language(demo: Demo, tmp_path: Path) -> None:
    assert LANGUAGES["kk"].empty in demo.correct(" \n", None, 0.5, False, "kk").status
    assert "101 символов при пределе 100" in demo.correct("а" * 101, None, 0.5, False, "ru").status
    path = tmp_path / "page.txt"
    path.write_bytes(b"\xc1\xff")
    loaded, text, message = demo.load(str(path), "en")
    assert (loaded, text) == (None, "")
    assert "page.txt: this is no UTF-8 text." in message
    assert demo.load(None, "en") == (None, "", "")


def test_old_downloads_are_removed(demo: Demo) -> None:
    import os

    first = demo.correct("сез", None, 0.5, False, "en").download
    assert first is not None
    os.utime(first.parent, (0, 0))
    demo._written("a.txt", b"")
    assert not first.exists()


def test_without_gradio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, demo: Demo) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "kzocr\[demo\]"'):
        build(demo)
    monkeypatch.setattr("kzocr.cli.serving.load_corrector", lambda *_: demo.corrector)
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 1
    assert 'pip install "kzocr[demo]"' in result.stderr


def test_an_unknown_language_is_refused(demo: Demo) -> None:
    with pytest.raises(ValueError, match="kk, ru, en"):
        build(demo, language="de")


def test_the_page_is_built_with_every_field() -> None:
    pytest.importorskip("gradio", reason='needs Gradio: pip install "kzocr[demo]"')
    page = build(Demo(scripted()))
    ids = {block.elem_id for block in page.blocks.values() if block.elem_id}
    assert {"text", "file", "least", "reflow", "correct", "example", "clear", "download", "language"} <= ids


def test_importing_the_demo_loads_neither_gradio_nor_torch() -> None:
    code = "import sys, kzocr.demo.page; sys.exit(bool({'torch', 'gradio'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
