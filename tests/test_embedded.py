"""What the model in the package does with texts that were written for this: it mends, and it leaves alone."""

import re

import pytest

from kzocr import Corrector
from kzocr.text import KAZAKH_SPECIFIC
from places import DATA

READ = """Бул 61зд!ц ел1м1з уш!н мацызды мэселе, 61рак уакыт аз. Окушылар
61л1м алуы керек, тэрт!п сактауы ти!с. 0лар 61ршш! болып 12 мамырда
кел!п, 61р-61р1мен танысты. Эр6!р адам халык тэрт!6!н сактайды.
9йткен! бул б!зд!ц м!ндет!м!з: 61 адам, 16 % жэне 1 350 тг тец емес."""

PRINTED = """Ауыл мектебінің оқушылары күзде өзен жағасына ағаш отырғызды.
Мұғалімдер оларға көшеттерді қалай күту керегін түсіндірді.
Келесі жылы көктемде әрбір сынып өз бағын суаруға шығады.
Ағаштар өскенде, құстар ұя салып, өңір көркейе түседі."""


@pytest.fixture(scope="module")
def corrector() -> Corrector:
    return Corrector.from_pretrained(device="cpu")


def test_letters_that_were_read_as_digits(corrector: Corrector) -> None:
    printed = corrector.correct(READ)
    words = re.findall(r"\w+", printed)
    assert {"біздің", "бірақ", "білім", "Олар", "бір", "бірімен", "тәртібін", "Өйткені", "міндетіміз"} <= set(words)
    assert re.findall(r"\d[\d ]*\d", printed) == ["12", "61", "16", "1 350"]


def test_words_of_other_languages_stay(corrector: Corrector) -> None:
    texts = (DATA / "latin.txt").read_text(encoding="utf-8").splitlines()
    for text, printed in zip(texts, corrector.correct(texts), strict=True):
        assert re.findall("[A-Za-z]+", printed) == re.findall("[A-Za-z]+", text)


def test_kazakh_words_that_came_out_in_latin_letters(corrector: Corrector) -> None:
    printed = corrector.correct("Бул жумыстын iminge кеп нэрсе бар. Tac тускен жерiнде ауыр, con адам icke K1picTi.")
    assert printed.startswith("Бұл жұмыстың ішінде көп нәрсе бар.")


@pytest.mark.parametrize(("left", "least_share"), [("?", 0.9), (" ", 0.9), ("", 0.8)])
def test_letters_that_a_text_layer_lost(corrector: Corrector, left: str, least_share: float) -> None:
    read = "".join(left if letter in KAZAKH_SPECIFIC else letter for letter in PRINTED)
    printed = PRINTED.lower().split()
    mended = corrector.correct(read).lower().split()
    assert sum(map(str.__eq__, printed, mended)) >= least_share * len(printed)


def test_words_that_a_line_s_end_divided(corrector: Corrector) -> None:
    read = "Аудан ор- талығында жаңа кітап-хана ашылды, оқыр- мандар қарым- қатынасы жақсар- ды."
    assert corrector.correct(read) == "Аудан орталығында жаңа кітапхана ашылды, оқырмандар қарым-қатынасы жақсарды."


def test_clean_sentences_stay(corrector: Corrector) -> None:
    texts = (DATA / "sentences.txt").read_text(encoding="utf-8").splitlines()
    n_changed = sum(text != printed for text, printed in zip(texts, corrector.correct(texts), strict=True))
    assert n_changed <= 1
