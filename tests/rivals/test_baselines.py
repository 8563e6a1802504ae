import shlex
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.rivals import baselines

WORDS = {"сәлем": 50, "және": 90, "достар": 30, "бала": 20, "ағаш": 10}
TEXT = st.text(alphabet="сәлемСAcі1! .\n\tбала", max_size=30)


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def test_identity() -> None:
    assert baselines.identity(["а", ""]) == ["а", ""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("кeл1н 2021 CD", "келін 2021 CD"),
        ("б!з ҮЙ1НДЕ кел!", "біз ҮЙІНДЕ кел!"),
        ("ҡала қəдір", "қала қәдір"),
        ("5-сынып 20б XX ғасыр", "5-сынып 20б XX ғасыр"),
        ("Windows 3.1", "Windows 3.1"),
        ("к0л ж0Л", "кол жоЛ"),
    ],
)
def test_lookalike_map(text: str, expected: str) -> None:
    assert baselines.lookalike_map([text]) == [expected]


@given(st.lists(TEXT, max_size=3))
def test_lookalike_map_keeps_spaces_and_lengths(texts: list[str]) -> None:
    for text, corrected in zip(texts, baselines.lookalike_map(texts), strict=True):
        assert len(corrected) == len(text)
        assert [c.isspace() for c in corrected] == [c.isspace() for c in text]


def test_symspell_mends_words_and_keeps_the_rest() -> None:
    correct = baselines.symspell(WORDS)
    assert correct(["Салем, ЖЭНЕ дoстар!  2020\n\n\tбалаа"]) == ["Сәлем, ЖӘНЕ достар!  2020\n\n\tбала"]
    assert correct(["қызғылтсары"]) == ["қызғылтсары"]
    assert correct([]) == []


def test_symspell_compound_splits_and_joins() -> None:
    correct = baselines.symspell(WORDS, compound=True)
    assert correct(["Сә лем, бала жәнедостар.\nАғаш"]) == ["Сәлем, бала және достар.\nАғаш"]


@given(TEXT)
def test_symspell_keeps_lines(text: str) -> None:
    for compound in (False, True):
        (corrected,) = SYMSPELL[compound]([text])
        assert corrected.count("\n") == text.count("\n")


SYMSPELL = {compound: baselines.symspell(WORDS, compound=compound) for compound in (False, True)}


def test_symspell_without_words_or_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="at least one word"):
        baselines.symspell({})
    monkeypatch.setitem(sys.modules, "symspellpy", None)
    with pytest.raises(ModuleNotFoundError, match=r"kzocr\[baselines\]"):
        baselines.symspell(WORDS)


def test_hunspell_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="apt-get install hunspell hunspell-kk"):
        baselines.hunspell()


@pytest.mark.skipif(
    not (shutil.which("hunspell") and Path("/usr/share/hunspell/kk_KZ.dic").exists()),
    reason="needs hunspell-kk",
)
def test_hunspell_takes_the_first_suggestion() -> None:
    assert baselines.hunspell()(["Жэне салем!\n\n 12 ə"]) == ["Және сәлем!\n\n 12 ə"]
    assert baselines.hunspell()(["", "1\n"]) == ["", "1\n"]
    with pytest.raises(RuntimeError, match="xx_YY"):
        baselines.hunspell("xx_YY")(["сөз"])


def test_hunspell_reads_the_pipe_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = "@(#) version\n& ажал 2 1: ажар, аж ал\n\n*\n\n# зззз 1\n\n"
    monkeypatch.setattr(shutil, "which", lambda name: "hunspell")
    monkeypatch.setattr(baselines, "_run", lambda arguments, text: answer)
    assert baselines.hunspell()(["ажал зззз", "бала"]) == ["ажар зззз", "бала"]
    monkeypatch.setattr(baselines, "_run", lambda arguments, text: answer)
    with pytest.raises(RuntimeError, match="of 9 words"):
        baselines.hunspell()(["а б в г д е ж з и"])


def test_external_program() -> None:
    code = "import sys; t = sys.stdin.buffer.read().decode().replace('а', 'ә'); "
    code += "sys.stdout.buffer.write(t.encode())"
    assert baselines.external(python(code))(["ана\n", "бала", ""]) == ["әнә\n", "бәлә", ""]
    printing = baselines.external(python("print('x')"))
    assert printing(["а", "а\n"]) == ["x", "x\n"]


def test_external_failures() -> None:
    with pytest.raises(RuntimeError, match="exit code 3: broken"):
        baselines.external(python("import sys; sys.stderr.write('broken'); sys.exit(3)"))(["а"])
    with pytest.raises(FileNotFoundError, match="no program 'kzocr-no-such-program'"):
        baselines.external("kzocr-no-such-program")(["а"])
    with pytest.raises(ValueError, match="empty"):
        baselines.external("  ")


def test_word_lists(tmp_path: Path) -> None:
    assert baselines.count_words(["Бала, бала! 5 үй"]) == {"бала": 2, "үй": 1}
    path = tmp_path / "words.txt"
    path.write_text("Form\tFrequency\n# a comment\n\nҮй\t7\nүй 2\nтаң\nабв.\n", encoding="utf-8")
    assert baselines.read_word_frequencies(path) == {"үй": 9, "таң": 1}
    path.write_text("үй 7\nүй көп\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"words\.txt:2: expected a word and its count"):
        baselines.read_word_frequencies(path)
