"""Pages: layout, hyphenation, degradation, line matching, resuming, engines."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kzocr.channel import engines
from kzocr.channel.degradation import Degradation, degrade, sample_degradation
from kzocr.channel.engines import EngineMissingError, EngineTimeoutError, Tesseract
from kzocr.channel.fonts import FontFace, find_fonts
from kzocr.channel.hyphenation import break_points
from kzocr.channel.lines import match_lines
from kzocr.channel.pages import TextSource, is_hopeless, make_page, read_page
from kzocr.channel.rendering import PageStyle, Paragraph, draw, layout, sample_style
from kzocr.text import printable

PROSE = (
    "Ауыл кітапханасындағы ескі газеттер көп жылдан бері шаң басып жатты. 2023 жылғы 14 қыркүйекте "
    "кітапханашы оларды сандық көшірмеге айналдыра бастады; қадір-қасиеті бар бұл іс - елге олжа."
)
SOURCE = TextSource("prose", (PROSE, "Қағазы сарғайған беттерді оқу оңай болған жоқ.", "Тарих"))


@pytest.fixture(scope="module")
def font() -> FontFace:
    try:
        return find_fonts()[0]
    except ValueError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def style(font: FontFace) -> PageStyle:
    return PageStyle(font, size_pt=9, dpi=200, column_em=14)


class Echo:
    """An engine that reads what it is told."""

    name = "echo-1"

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self, image: Image.Image, dpi: int) -> str:
        return self.text


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("мектептер", "мек-теп-тер"),
        ("бала", "ба-ла"),
        ("ана", "ана"),
        ("қорытындылау", "қо-ры-тын-ды-лау"),
        ("альбом", "аль-бом"),
        ("қант", "қант"),
        ("2023", "2023"),
        ("қадір-қасиет", "қа-дір-|қа-си-ет"),
    ],
)
def test_words_are_divided_between_syllables(word: str, parts: str) -> None:
    points = break_points(word)
    divided = "".join(
        ("-" if index in points and word[index - 1] != "-" else "|" if index in points else "") + character
        for index, character in enumerate(word)
    )
    assert divided == parts


def _rejoined(lines: list[str]) -> str:
    return "".join(lines).replace(" ", "").replace("-", "")


@pytest.mark.parametrize("column_em", [4.0, 9.0, 14.0, 30.0])
@pytest.mark.parametrize("hyphenated", [True, False])
def test_layout_loses_no_word(style: PageStyle, column_em: float, hyphenated: bool) -> None:
    paragraphs = [Paragraph("Тарих беттері", "heading"), Paragraph(PROSE), Paragraph("Ай, жұлдыз", "verse")]
    lines = layout(paragraphs, replace(style, column_em=column_em, hyphenated=hyphenated))
    assert _rejoined([line.text for line in lines]) == _rejoined([p.text for p in paragraphs])
    assert all(line.text.strip() for line in lines)


def test_layout_without_hyphenation_keeps_words_whole(style: PageStyle) -> None:
    lines = layout([Paragraph(PROSE)], replace(style, column_em=20, hyphenated=False))
    assert " ".join(line.text for line in lines) == PROSE


def test_layout_keeps_verse_lines(style: PageStyle) -> None:
    verses = [Paragraph("Көк аспан", "verse"), Paragraph("Жасыл жер", "verse")]
    assert [line.text for line in layout(verses, style)] == ["Көк аспан", "Жасыл жер"]


def test_layout_of_nothing_is_nothing(style: PageStyle) -> None:
    assert layout([], style) == []
    assert draw([], style).mode == "L"


def test_ink_stays_on_the_page(style: PageStyle) -> None:
    page = draw(layout([Paragraph(PROSE)], replace(style, n_columns=2)), style)
    edges = np.concatenate([np.asarray(page)[:, :3].ravel(), np.asarray(page)[:, -3:].ravel()])
    assert np.asarray(page).min() < 100
    assert edges.min() == 255


def test_sampled_styles_are_within_the_documented_range(font: FontFace) -> None:
    for seed in range(200):
        style = sample_style([font], np.random.default_rng(seed))
        assert 7 <= style.size_pt <= 12
        assert 150 <= style.dpi <= 300
        assert style.size_px >= 15.5


def test_sampling_without_fonts_is_an_error() -> None:
    with pytest.raises(ValueError, match="no font"):
        sample_style([], np.random.default_rng(0))


def test_no_damage_changes_nothing(style: PageStyle) -> None:
    page = draw(layout([Paragraph(PROSE)], style), style)
    same = degrade(page, Degradation(), style.size_px, np.random.default_rng(0))
    assert np.array_equal(np.asarray(page), np.asarray(same))


def test_damage_is_reproducible(style: PageStyle) -> None:
    page = draw(layout([Paragraph(PROSE)], style), style)
    damage = sample_degradation(np.random.default_rng(3), severity=0.7)
    first, again, other = (degrade(page, damage, style.size_px, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert damage == sample_degradation(np.random.default_rng(3), severity=0.7)


def test_zero_severity_leaves_the_paper_white() -> None:
    damage = sample_degradation(np.random.default_rng(1), severity=0.0)
    assert (damage.paper, damage.blur_em, damage.noise, damage.specks) == (0, 0, 0, 0)


def test_equal_lines_match() -> None:
    match = match_lines(["ана тілі", "туған жер"], ["ана тiлi", "", "тутан жер"])
    assert match.hypotheses == ("ана тiлi", "тутан жер")
    assert (match.n_missed, match.n_spurious) == (0, 0)


def test_a_missed_line_is_counted_and_dropped() -> None:
    match = match_lines(["бірінші жол", "екінші жолдар", "үшінші сөйлем"], ["бірінші жол", "үшінші сөйлем"])
    assert match.references == ("бірінші жол", "үшінші сөйлем")
    assert (match.n_missed, match.n_spurious) == (1, 0)


def test_a_spurious_line_is_counted_and_dropped() -> None:
    match = match_lines(["бірінші жол"], ["| .,", "бірінші жол"])
    assert match.hypotheses == ("бірінші жол",)
    assert (match.n_missed, match.n_spurious) == (0, 1)


def test_a_line_read_in_pieces_is_joined() -> None:
    match = match_lines(["қазақ әдебиеті тарихы", "тарау"], ["қазақ", "әдебиеті тарихы", "тарау"])
    assert match.hypotheses == ("қазақ әдебиеті тарихы", "тарау")


def test_unlike_lines_do_not_match() -> None:
    match = match_lines(["абвгд"], ["123456"])
    assert match.references == ()
    assert (match.n_missed, match.n_spurious) == (1, 1)


def test_nothing_read_is_all_missed() -> None:
    assert match_lines(["а", "б"], []).n_missed == 2


def test_printable_repairs_the_alphabet_and_drops_markup() -> None:
    assert printable("əркім  үйдe") == "әркім үйде"
    assert printable("қор&lt;br&gt;қыт\u00ad") == "қор қыт"
    assert printable("HTML тілі, IT-мамандар") == "HTML тілі, IT-мамандар"


def test_page_depends_on_seed_and_index_alone(font: FontFace) -> None:
    pages = [make_page([SOURCE], [font], 7, index, n_words=20) for index in (0, 1, 0)]
    assert pages[0].image.tobytes() == pages[2].image.tobytes()
    assert pages[0].lines == pages[2].lines
    assert pages[0].document_id == "prose-7-000000"
    assert pages[1].damage != pages[0].damage


def test_record_has_as_many_lines_on_both_sides(font: FontFace) -> None:
    page = make_page([SOURCE], [font], 7, 0, n_words=30)
    record = read_page(page, Echo("\n\n".join(page.lines)))
    assert record["reference"] == record["hypothesis"] == "\n".join(page.lines)
    assert (record["cer"], record["n_missed_lines"], record["origin"]) == (0, 0, "rendered")
    json.dumps(record)


def test_a_page_that_an_engine_does_not_finish_is_hopeless(font: FontFace) -> None:
    class Endless(Echo):
        def read(self, image: Image.Image, dpi: int) -> str:
            raise EngineTimeoutError("endless: took more than 120 seconds for a page")

    page = make_page([SOURCE], [font], 7, 0, n_words=30)
    record = read_page(page, Endless(""))
    assert record["failure"] == "endless: took more than 120 seconds for a page"
    assert record["n_missed_lines"] == len(page.lines)
    assert is_hopeless(record, 1.0)
    assert read_page(page, Echo("\n".join(page.lines)))["failure"] == ""


def test_a_page_with_half_its_lines_is_not_hopeless() -> None:
    assert not is_hopeless({"cer": 0.35, "n_lines": 4, "n_missed_lines": 2}, 0.35)


def test_a_missing_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.shutil, "which", lambda name: None)
    with pytest.raises(EngineMissingError, match="apt-get install tesseract-ocr tesseract-ocr-kaz"):
        Tesseract.installed("kaz")


def test_a_missing_font_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_fonts([tmp_path / "nowhere"])
    with pytest.raises(ValueError, match="apt-get install"):
        find_fonts([tmp_path])


def test_families_are_held_out_by_name(font: FontFace) -> None:
    families = ["PT Serif", "DejaVu Sans", "Nimbus Roman", "CMU Serif", "Noto Serif", "Noto Serif Display"]
    held_out = [family for family in families if replace(font, family=family).held_out]
    assert held_out == ["Nimbus Roman", "CMU Serif"]


@pytest.mark.ocr
def test_tesseract_reads_a_clean_page(style: PageStyle) -> None:
    style = replace(style, size_pt=11, column_em=26)
    lines = layout([Paragraph(PROSE)], style)
    text = Tesseract.installed("kaz").read(draw(lines, style), style.dpi)
    match = match_lines([line.text for line in lines], text.splitlines())
    assert match.n_missed == 0


@pytest.mark.ocr
def test_a_missing_language_says_what_to_install() -> None:
    with pytest.raises(EngineMissingError, match=r"no language xyz; on Debian: apt-get install .*xyz"):
        Tesseract.installed("xyz")


@pytest.mark.ocr
def test_kazakh_letters_are_lost_on_a_russian_model(style: PageStyle) -> None:
    style = replace(style, size_pt=11, column_em=26)
    text = Tesseract.installed("rus").read(draw(layout([Paragraph(PROSE)], style), style), style.dpi)
    assert not set(text) & set("әғқңөұүһі")
