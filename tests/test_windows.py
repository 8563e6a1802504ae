from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzocr.windows import CONTEXT_BYTES, CORE_BYTES, windows

SENTENCE = "Таңертең ауыл сыртындағы көлге қаз қонды, біз оны терезеден көрдік. "
ANY_TEXT = st.text(st.characters(), max_size=400)
WORDS = st.lists(st.sampled_from(["қаз", "көл ", "\n", "\r\n", "  ", "ө" * 150, "и\u0306", "😀", ". "])).map("".join)


def n_bytes(text: str) -> int:
    return len(text.encode("utf-8", errors="surrogatepass"))


@given(ANY_TEXT | WORDS, st.integers(4, 60), st.integers(0, 20))
@settings(max_examples=200, deadline=None)
def test_cores_are_the_text_and_windows_keep_the_budget(text: str, core_bytes: int, context_bytes: int) -> None:
    found = list(windows(text, core_bytes=core_bytes, context_bytes=context_bytes))
    assert "".join(window.core for window in found) == text
    position = 0
    for window in found:
        assert window.core_start == position
        assert window.start <= window.core_start < window.core_end <= window.end
        assert window.text == text[window.start : window.end]
        assert n_bytes(window.text) <= core_bytes + 2 * context_bytes
        assert n_bytes(text[window.start : window.core_start]) <= context_bytes
        assert n_bytes(text[window.core_end : window.end]) <= context_bytes
        position = window.core_end


def test_default_windows_are_within_288_bytes() -> None:
    assert CORE_BYTES + 2 * CONTEXT_BYTES <= 288


def test_words_stay_whole_and_have_context() -> None:
    text = SENTENCE * 30
    found = list(windows(text))
    assert len(found) > 10
    for window in found[1:-1]:
        assert text[window.core_start - 1].isspace()
        assert text[window.start - 1].isspace()
        assert window.core_start - window.start >= 5
        assert window.end - window.core_end >= 3


def test_line_ends_are_preferred_to_sentence_ends_to_spaces() -> None:
    text = "бір екі үш. төрт бес\nалты жеті сегіз. тоғыз он " * 3
    [first, *_] = windows(text, core_bytes=50, context_bytes=0)
    assert first.core == "бір екі үш. төрт бес\n"
    [first, *_] = windows(text.replace("\n", " "), core_bytes=40, context_bytes=0)
    assert first.core == "бір екі үш. төрт бес "
    [first, *_] = windows("бір екі үш төрт. бес алты", core_bytes=32, context_bytes=0)
    assert first.core == "бір екі үш төрт. "


def test_a_short_text_is_one_window() -> None:
    assert [window.text for window in windows(SENTENCE)] == [SENTENCE]
    assert list(windows("")) == []


def test_cuts_stay_out_of_letters_with_marks_and_of_line_ends() -> None:
    text = "и\u0306" * 300 + "\r\n" * 300
    for window in windows(text, core_bytes=21, context_bytes=8):
        assert not unicodedata.combining(window.text[0])
        assert not unicodedata.combining(window.core[0])
        assert not (window.core[0] == "\n" and window.core_start > 0)


def first_core(text: str, core_bytes: int) -> str:
    return next(windows(text, core_bytes=core_bytes, context_bytes=0)).core


def test_cuts_stay_out_of_what_is_joined() -> None:
    assert first_core("көл жаға\r\nқар", 16) == "көл "
    teacher = "👩\u200d🏫"
    assert {first_core(teacher * 5, n_bytes) for n_bytes in (11, 15, 18, 21)} == {teacher}
    assert first_core("❤\ufe0f" * 5, 9) == "❤\ufe0f"
    assert [len(window.core) for window in windows("а" + "\u0306" * 30, core_bytes=21, context_bytes=0)] == [
        10,
        10,
        10,
        1,
    ]


def test_a_line_end_in_the_first_half_is_no_break() -> None:
    assert first_core("бірі\nекі жеті төрт", 24) == "бірі\nекі "


def test_context_is_whole_words_up_to_the_budget() -> None:
    text = "бір екі үш төрт бес алты жеті"
    first, second, *_ = windows(text, core_bytes=12, context_bytes=12)
    assert (first.core, first.text) == ("бір екі үш ", "бір екі үш төрт ")
    assert (second.core, second.text) == ("төрт ", "екі үш төрт бес ")
    assert next(windows(text, core_bytes=12, context_bytes=15)).text == "бір екі үш төрт бес"


def test_time_is_linear_in_lines_without_spaces_and_in_blank_lines() -> None:
    start = time.perf_counter()
    for text in ("ө" * 500_000, "\n" * 500_000, "a " * 250_000, " " + "ұ" * 500_000, "\u0306" * 200_000):
        assert sum(len(window.core) for window in windows(text)) == len(text)
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(("core_bytes", "context_bytes"), [(3, 0), (0, 0), (10, -1)])
def test_too_small_budgets_are_refused(core_bytes: int, context_bytes: int) -> None:
    with pytest.raises(ValueError, match=str(core_bytes)):
        next(windows("ә", core_bytes=core_bytes, context_bytes=context_bytes))
