from __future__ import annotations

import pytest

from kzocr.correction.guards import EDIT_REASONS, WINDOW_REASONS, Guards
from kzocr.correction.refusals import WindowGuard, output_reason, unbalanced
from kzocr.edits import Edit
from kzocr.language.spans import addresses, latin_rows, latin_words


def refusal(text: str, before: str, after: str) -> str | None:
    """Return why an edit of the first place where `before` stands is refused."""
    start = text.index(before)
    return WindowGuard(text, Guards()).reason(Edit(start, start + len(before), before, after, 0.99))


def test_reasons_are_all_different() -> None:
    assert len({*WINDOW_REASONS, *EDIT_REASONS}) == len(WINDOW_REASONS) + len(EDIT_REASONS) == 22


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Windows, оның icin", ["Windows"]),
        ("Windows icin", ["Windows", "icin"]),
        ("бұл icin ғой", []),
        ("бұл YouTube-та", []),
        ("Google YouTube арнасы", ["Google", "YouTube"]),
        ("euro мен TepiMeH", ["euro"]),
        ("Air Astana ұшағы", ["Air", "Astana"]),
        ("XXI ғасыр, IV тарау, I том", ["XXI", "IV"]),
        ("mp3 және COVID-19", ["mp", "COVID"]),
        ("6epin i^apa LLJbiFbiHFa", []),
        ("қaлa", []),
        ("егер f(–x) = f(x) болса", ["f", "x", "f", "x"]),
        ("мұнда y = 2, B ≥ 3", ["y", "B"]),
        ("a) бірінші, c(өз), a (б)", []),
    ],
)
def test_latin_words_are_told_from_misread_ones(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in latin_words(text)] == words


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("«Once upon a time» деп Roma барды", [["Once", "upon", "a", "time"], ["Roma"]]),
        ("сөздер: cat, car, pen; сосын top", [["cat", "car", "pen"], ["top"]]),
        ("Tac тас, cap сап", [["Tac"], ["cap"]]),
    ],
)
def test_rows_of_latin_words(text: str, rows: list[list[str]]) -> None:
    assert [[text[start:end] for start, end in row] for row in latin_rows(text)] == rows


def test_a_row_of_latin_words_changes_together() -> None:
    guard = WindowGuard("Allium cepa деген Tac екен", Guards())
    edits = [Edit(7, 11, "cepa", "сера", 0.95), Edit(18, 21, "Tac", "Тас", 0.95)]
    assert guard.tears_row(edits) == [True, False]
    assert guard.tears_row([Edit(0, 6, "Allium", "Аллиум", 0.95), *edits]) == [False, False, False]
    assert WindowGuard(guard.window, Guards(keep_latin=False)).tears_row(edits) == [False, False]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("сайт www.egemen.kz/a-1.", ["www.egemen.kz/a-1"]),
        ("(https://e.kz/?q=1), хат: a.b@mail.kz.", ["https://e.kz/?q=1", "a.b@mail.kz"]),
        ("egemen.kz сайты, @asem_1 #kazakhstan", ["egemen.kz", "@asem_1", "#kazakhstan"]),
        ("Ол келді.Біз", []),
    ],
)
def test_addresses(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in addresses(text)] == found


@pytest.mark.parametrize(
    ("window", "start", "end", "after", "is_refused"),
    [
        ("  ән", 1, 2, "", True),
        ("  ән", 2, 2, " ", True),
        ("  ән", 2, 3, "Ә", False),
        ("ән  ", 2, 3, "", True),
        ("ән  ", 1, 2, "", False),
        ("ән  ", 2, 2, ".", False),
        ("ән  ", 2, 2, " .", False),
        ("ән  ", 2, 2, ". ", True),
        ("- ән", 0, 2, "", False),
        ("- ән", 0, 1, "", True),
        ("ән -", 3, 4, "", True),
        ("ән -", 2, 4, "", False),
        ("а", 0, 1, "", True),
        ("а\nб", 2, 3, "", True),
        ("\n\n", 1, 1, "а", True),
        ("ән  күй", 2, 3, "", False),
    ],
)
def test_outer_space_is_kept(window: str, start: int, end: int, after: str, is_refused: bool) -> None:
    edit = Edit(start, end, window[start:end], after, 1.0)
    assert (WindowGuard(window, Guards()).reason(edit) == "space") is is_refused


@pytest.mark.parametrize(
    ("window", "before", "after", "is_refused"),
    [
        ("Бұл Tac ғой", "Tac", "Тас", False),
        ("Бұл iminge екен", "iminge", "ішінде", False),
        ("Бұл Tac ғой", "T", "Т", True),
        ("Бұл Tac ғой", "Tac", "Таc", True),
        ("Бұл Tac ғой", "Tac", "", True),
        ("Бұл Tac ғой", "Tac", "—", True),
        ("Бұл Tac, cap ғой", "Tac, cap", "Тас, сап", False),
        ("Бұл Tac, cap ғой", "Tac, cap", "Тас", True),
        ("XXI ғасыр", "XXI", "ХХІ", True),
        ("мұнда f(x) болса", "x", "х", True),
    ],
)
def test_a_latin_word_changes_as_a_whole(window: str, before: str, after: str, is_refused: bool) -> None:
    assert (refusal(window, before, after) == "latin") is is_refused


def test_a_latin_word_changes_if_a_calibrated_model_is_sure() -> None:
    guard = WindowGuard("Бұл Tac ғой", Guards())
    assert guard.doubt(Edit(4, 7, "Tac", "Тас", 0.85)) is None
    assert guard.doubt(Edit(4, 7, "Tac", "Тас", 0.75)) == "latin"
    assert guard.doubt(Edit(4, 7, "Tac", "Тас", 0.85), is_calibrated=False) == "latin"
    assert guard.doubt(Edit(0, 3, "Бұл", "Бүл", 0.75)) is None
    open_guard = WindowGuard("Бұл Tac ғой", Guards(min_latin_confidence=0.0))
    assert open_guard.doubt(Edit(4, 7, "Tac", "Тас", 0.75), is_calibrated=False) is None


@pytest.mark.parametrize(
    ("after", "is_refused"),
    [
        ("й", False),
        ("и\u0306", True),
        ("\u0306", True),
        ("\u0306и", True),
        ("\x07", True),
        ("и\x07", True),
        ("中", True),
    ],
)
def test_what_is_no_composed_text_is_refused(after: str, is_refused: bool) -> None:
    assert (refusal("таи сөз", "и", after) == "unreadable") is is_refused


def test_thresholds_are_parameters() -> None:
    assert output_reason("қысқа мәтін болды", "қыс", True, Guards()) == "length"
    assert output_reason("қысқа мәтін болды", "қыс", True, Guards(min_length_ratio=0.0)) is None
    guard = WindowGuard("1990 Windows a@b.kz", Guards(keep_digits=False, keep_latin=False, keep_addresses=False))
    for start, end in ((0, 1), (5, 6), (13, 14)):
        assert guard.reason(Edit(start, end, guard.window[start:end], "ш", 1.0)) is None


@pytest.mark.parametrize(
    ("window", "before", "after", "is_mended"),
    [
        ("бұл 61рақ емес", "61", "бі", True),
        ("бұл 6!рақ емес", "6!", "бі", True),
        ("тәрт!6!н сақта", "!6!", "ібі", True),
        ("тәрт!6! бар", "!6!", "ібі", True),
        ("06лыс әкімі", "06", "Об", True),
        ("0л келді", "0", "О", True),
        ("9збек тілі", "9", "Ө", True),
        ("а9ам", "9", "д", True),
        ("ту19ан", "9", "г", False),
        ("бо9", "9", "о", False),
        ("9шы болды", "9", "Ө", False),
        ("9сыныпта", "9", "Ө", False),
        ("61ж бұрын", "61", "бі", False),
        ("61шы болып", "61", "бі", False),
        ("61 адам", "61", "бі", False),
        ("62рақ", "62", "бі", False),
        ("16! Ол", "6", "б", False),
        ("10л су", "0", "О", False),
        ("3сынып", "3с", "С", False),
        ("3сынып", "3", "", False),
        ("3аң шықты", "3а", "За", True),
        ("2О3 бет", "3", "з", False),
        ("21О-бет", "1", "і", False),
    ],
)
def test_a_digit_in_a_word_may_be_a_letter(window: str, before: str, after: str, is_mended: bool) -> None:
    assert (refusal(window, before, after) is None) == is_mended


@pytest.mark.parametrize(
    ("window", "is_mended"),
    [
        ("Келесің бе2\nБіз", True),
        ("Сен кімсің2 Мен", True),
        ("Қайда бардың9 — деді", True),
        ("Ол келді. Бұл не2", True),
        ("Қайда бардың9 деді", False),
        ("Кітапты оқыды2\nБіз", False),
        ("Қайда? Кітапты оқыды2\nБіз", False),
        ("Бөлмеде2\nБіз", False),
        ("Бұл не2а", False),
    ],
)
def test_a_digit_that_ends_a_question_is_its_mark(window: str, is_mended: bool) -> None:
    place = next(place for place, sign in enumerate(window) if sign in "29")
    edit = Edit(place, place + 1, window[place], "?", 1.0)
    assert (WindowGuard(window, Guards()).reason(edit) is None) == is_mended


def test_question_marks_are_mended_if_asked_for() -> None:
    edit = Edit(2, 3, "9", "?", 1.0)
    assert WindowGuard("ба9 деді", Guards()).reason(edit) == "digits"
    assert WindowGuard("ба9 деді", Guards(mend_question_marks=True)).reason(edit) is None
    assert WindowGuard("ба9а деді", Guards(mend_question_marks=True)).reason(edit) == "digits"
    assert WindowGuard("ба2", Guards(mend_question_marks=True)).reason(Edit(2, 3, "2", ".", 1.0)) == "digits"


@pytest.mark.parametrize(
    ("window", "after", "is_refused"),
    [
        ("Бері кел!\nБіз", "і", True),
        ("Бері кел!", "і", True),
        ("«Бері кел!» деді", "і", True),
        ("Бері кел! — деді", "і", True),
        ("Бері кел! Біз", "і", True),
        ("Бері кел! деді", "і", False),
        ("Бері кел!п", "і", False),
        ("Бері кел!\nБіз", ".", False),
        ("Бері кел!\nБіз", "!", False),
    ],
)
def test_a_mark_at_the_end_of_a_sentence_becomes_a_letter_only_when_sure(
    window: str, after: str, is_refused: bool
) -> None:
    place = window.index("!")
    guard = WindowGuard(window, Guards())
    assert (guard.doubt(Edit(place, place + 1, "!", after, 0.9)) == "mark") is is_refused
    assert guard.doubt(Edit(place, place + 1, "!", after, 0.96)) is None


def test_long_words_are_joined_only_when_sure() -> None:
    guard = WindowGuard("көрме секілді ж ұмыс", Guards())
    assert guard.doubt(Edit(5, 6, " ", "", 0.55)) == "join"
    assert guard.doubt(Edit(5, 6, " ", "", 0.65)) is None
    assert guard.doubt(Edit(15, 16, " ", "", 0.55)) is None


def test_an_edit_that_stands_alone_must_be_surer() -> None:
    guard = WindowGuard("бір сез", Guards())
    assert guard.doubt(Edit(5, 6, "е", "ө", 0.85), is_lone=True) == "lone"
    assert guard.doubt(Edit(5, 6, "е", "ө", 0.85)) is None
    assert guard.doubt(Edit(5, 6, "е", "ө", 0.95), is_lone=True) is None
    assert guard.doubt(Edit(5, 6, "е", "ө", 0.45), is_lone=True) == "confidence"
    loose = WindowGuard("бір сез", Guards(min_lone_confidence=0.8))
    assert loose.doubt(Edit(5, 6, "е", "ө", 0.85), is_lone=True) is None


def test_letters_are_not_lost_or_invented() -> None:
    skipped = [Edit(10, 20, " (тігіледі", "", 0.9)]
    assert unbalanced(skipped, Guards()) == ["skipped"]
    assert unbalanced(skipped, Guards(max_lost_letters=8)) == [None]
    together = [Edit(0, 2, "өн", "", 0.9), Edit(4, 6, "ді", "", 0.9), Edit(9, 9, "", "а", 0.9)]
    assert unbalanced(together, Guards()) == ["skipped", "skipped", None]
    beside = [Edit(0, 7, "ш 6epin", "ін", 0.9), Edit(9, 14, "6epin", "беріп", 0.9), Edit(15, 18, "Bip", "Бір", 0.9)]
    assert unbalanced(beside, Guards()) == ["skipped", None, None]
    assert unbalanced([Edit(3, 3, "", "деген", 0.9)], Guards()) == ["invented"]
    assert unbalanced([Edit(0, 3, "LLI", "Ш", 0.9), Edit(4, 6, "ьі", "ы", 0.9)], Guards()) == [None, None]
    assert unbalanced([Edit(0, 5, "және ", "бөлім", 0.9)], Guards()) == ["skipped"]
    assert unbalanced([Edit(0, 7, "TepiMeH", "терімен", 0.9)], Guards()) == [None]
    assert unbalanced([], Guards()) == []


def test_many_small_repairs_in_a_row_are_no_invention() -> None:
    """«Ызд!н бём» -> «Біздің бөлім» adds four letters in nine characters; the same in three would be too many."""
    repairs = [Edit(0, 1, "Ы", "Бі", 0.9), Edit(3, 5, "!н", "ің", 0.9), Edit(7, 8, "ё", "өлі", 0.9)]
    assert unbalanced(repairs, Guards()) == [None, None, None]
    assert unbalanced([Edit(0, 1, "Ы", "Бі", 0.9), Edit(2, 3, "ё", "өлімі", 0.9)], Guards()) == ["invented"] * 2


@pytest.mark.parametrize(
    ("text", "before", "after", "reason"),
    [
        ("өлеңін Т.Рысқұлов жазған", "Т.", "", "skipped"),
        ("өлеңін Т. Рысқұлов жазған", "Т", "", "skipped"),
        ("өлеңін Т. Рысқұлов жазған", ".", ",", "skipped"),
        ("өлеңін Т.Рысқұлов жазған", "Т.Р", "Сұр", "skipped"),
        ("өлеңін Г.Рысқұлов жазған", "Г", "Т", None),
        ("өлеңін Т.Рысқулов жазған", "у", "ұ", None),
        ("өлеңі бар БАҚ. Сол күні", ".", ",", None),
    ],
)
def test_initials_stay(text: str, before: str, after: str, reason: str | None) -> None:
    assert refusal(text, before, after) == reason


@pytest.mark.parametrize(
    ("text", "before", "after", "reason"),
    [
        ("а) ән б) күй", "б) ", "", "skipped"),
        ("а) ән б) күй", ")", "", "skipped"),
        ("а) ән 6) күй", "6", "б", "digits"),
        ("а) ән в) күй", "в", "б", None),
        ("ән (күй ма) деді", ")", "", None),
        ("(ән м) күй", "м)", "мен", "skipped"),
    ],
)
def test_the_marks_of_a_list_stay(text: str, before: str, after: str, reason: str | None) -> None:
    assert refusal(text, before, after) == reason


@pytest.mark.parametrize(
    ("text", "before", "after", "reason"),
    [
        ("Ән айтылды. \n", ".", ",", "end"),
        ("Ән айтылды.", ".", "", "end"),
        ("Ән айтылды..", ".", "", None),
        ("Ән айтылды!.", ".", "", None),
        ("Ән айтылды'", "'", ".", None),
        ("Ән айтылды. Күй", ".", ",", None),
        ("Ән айтылды", "ды", "ды.", None),
        ("Күй § 3 бойынша", "§", "«", "digits"),
        ("Күй №7", "№", "Ме", "digits"),
        ("Күй 35 %-дан", "%", "", "digits"),
        ("Күй 35 %дак", "а", "ы", None),
        ("көр№кті", "№", "і", None),
        ("1$ан", "1$", "қ", None),
    ],
)
def test_marks_at_the_end_and_signs_of_numbers_stay(text: str, before: str, after: str, reason: str | None) -> None:
    assert refusal(text, before, after) == reason


def test_a_mark_is_not_added_where_the_text_ends() -> None:
    edit = Edit(10, 10, "", ".", 0.99)
    assert WindowGuard("Ән айтылды", Guards()).reason(edit) == "end"
    assert WindowGuard("Ән айтылды", Guards(keep_end=False)).reason(edit) is None


@pytest.mark.parametrize(
    ("before", "after", "is_refused"),
    [("“", '"', True), ("“", '""', True), ("»", "”", True), ("”", "", False), ("“", "т", False), ("", "»", False)],
)
def test_one_quotation_mark_is_not_exchanged_for_another(before: str, after: str, is_refused: bool) -> None:
    window = f"ол {before}сөз деді"
    edit = Edit(3, 3 + len(before), before, after, 0.99)
    assert WindowGuard(window, Guards()).reason(edit) == ("quote" if is_refused else None)
    assert WindowGuard(window, Guards(keep_quotes=False)).reason(edit) is None


@pytest.mark.parametrize(
    ("window", "kept", "reason"),
    [
        ("сайты www.a.kz екен", "www.a.kz", "address"),
        ("бұл Windows екен", "Windows", "latin"),
        ("Письмо хранится в областном архиве.", "Письмо хранится в областном архиве", "russian"),
    ],
)
def test_what_stays_gets_no_letter_at_its_edges(window: str, kept: str, reason: str) -> None:
    start = window.index(kept)
    guard = WindowGuard(window, Guards())
    for place in (start, start + len(kept)):
        assert guard.reason(Edit(place, place, "", "ш", 1.0)) == reason
    mark = Edit(start + len(kept), start + len(kept), "", ",", 1.0)
    assert guard.reason(mark) is None


def test_a_latin_word_is_not_joined_to_its_neighbour() -> None:
    guard = WindowGuard("бұл Windows екен", Guards())
    assert [guard.reason(Edit(place, place + 1, " ", "", 1.0)) for place in (3, 11)] == ["latin", "latin"]


@pytest.mark.parametrize(
    ("window", "reason"), [("жасы 12, 5 екен", "digits"), ("жасы 12, ән екен", None), ("үй мен, 5 ән", None)]
)
def test_only_what_stands_between_digits_parts_a_number(window: str, reason: str | None) -> None:
    place = window.index(", ") + 1
    assert WindowGuard(window, Guards()).reason(Edit(place, place + 1, " ", "", 1.0)) == reason
