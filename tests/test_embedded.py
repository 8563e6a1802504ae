"""What the model in the package does with texts that were written for this: it mends, and it leaves alone."""

import re
from pathlib import Path

import pytest

from kzocr import Corrector

DATA = Path(__file__).parent / "data"
READ = """Бул 61зд!ц ел1м1з уш!н мацызды мэселе, 61рак уакыт аз. Окушылар
61л1м алуы керек, тэрт!п сактауы ти!с. 0лар 61ршш! болып 12 мамырда
кел!п, 61р-61р1мен танысты. Эр6!р адам халык тэрт!6!н сактайды.
9йткен! бул б!зд!ц м!ндет!м!з: 61 адам, 16 % жэне 1 350 тг тец емес."""


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


def test_clean_sentences_stay(corrector: Corrector) -> None:
    texts = (DATA / "sentences.txt").read_text(encoding="utf-8").splitlines()
    n_changed = sum(text != printed for text, printed in zip(texts, corrector.correct(texts), strict=True))
    assert n_changed <= 1
