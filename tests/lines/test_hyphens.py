from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.inference.views import Output
from kzocr.lines.hyphens import CERTAIN, PAIRED_WORDS, Vocabulary, hyphen_odds, model_odds, word_odds
from kzocr.lines.reflow import DividedWord


def odds(left: str, right: str, document: str = "") -> float:
    return word_odds(DividedWord(left, right, "", ""), Vocabulary(document))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("қарым", "қатынасының"),
        ("ата", "анасы"),
        ("Бала", "шағасымен"),
        ("қайта", "қайта"),
        ("Нұр", "Сұлтан"),
        ("2015", "жылы"),
        ("Миг", "9"),
        ("ҚР", "ның"),
        ("ауыл-аймақ", "аймақ"),
    ],
)
def test_some_hyphens_are_certainly_printed(left: str, right: str) -> None:
    assert odds(left, right) == CERTAIN


@pytest.mark.parametrize(("left", "right"), [("өнді", "ріс"), ("мек", "теп"), ("КІТАП", "ХАНА"), ("бағдарла", "ма")])
def test_most_hyphens_only_divide(left: str, right: str) -> None:
    assert odds(left, right) < 0


def test_what_cannot_be_divided_there_is_likelier_a_pair() -> None:
    assert odds("жақсы", "ақ") > odds("жақ", "сыақ")
    assert odds("қап", "қара") > odds("қап", "тар")
    assert odds("нан", "ман") > odds("нан", "мен")


def test_the_document_knows() -> None:
    assert odds("темір", "бетон", "Жаңа темірбетоннан құйды, темірбетон") < odds("темір", "бетон") - 2
    assert odds("темір", "бетоннан", "темірбетонды құйды, темірбетонның бағасы") < odds("темір", "бетоннан") - 2
    assert odds("темір", "бетон", "темір-бетон көпір, темір-бетоннан") > 0
    assert odds("гүл", "шай", "Ол гүл терді, шай ішті.") > odds("гүл", "шай")


def test_vocabulary_counts_beginnings() -> None:
    vocabulary = Vocabulary("Өндіріс, өндірісі! қарым\u2010қатынас 5")
    assert (vocabulary.n_beginning("өндір"), vocabulary.n_beginning("қарым-қ"), vocabulary.n_beginning("ә")) == (
        2,
        1,
        0,
    )
    assert vocabulary.has("өндіріс")
    assert not vocabulary.has("өндір")


def test_divided_parts_are_no_words() -> None:
    vocabulary = Vocabulary("Жаңа өнді-\nріс пен қа-\n  ла-\n\x0cлар, ұзақ жол\u00ad\nдас бар")
    for part in ("өнді", "ріс", "қа", "ла", "лар", "жол", "дас"):
        assert not vocabulary.has(part)
    assert all(vocabulary.has(word) for word in ("жаңа", "пен", "ұзақ", "бар"))
    Vocabulary("қ" * 100_000 + " -" * 10_000 + "\n" * 100_000)


@given(st.lists(st.text("абә-", min_size=1, max_size=6)), st.text("абә", min_size=1, max_size=3))
def test_vocabulary_equals_a_scan(words: list[str], start: str) -> None:
    vocabulary = Vocabulary(" ".join(words))
    tokens = [
        token for word in words for token in ["-".join(filter(None, word.split("-")))] if "--" not in word and token
    ]
    expected = sum(token.startswith(start) for token in tokens)
    if not any("--" in word for word in words):
        assert vocabulary.n_beginning(start) == expected


def test_paired_words_have_two_parts() -> None:
    assert all(len(pair.split("-")) == 2 for pair in PAIRED_WORDS)


def output(text: str, log_probability: float = -0.01, finished: bool = True) -> Output:
    return Output(text, [log_probability] * (len(text.encode()) + 1), finished)


@pytest.mark.parametrize(
    ("of_hyphenated", "of_joined", "expected"),
    [
        (output("темірбетон"), output("темірбетон"), -4.0),
        (output("темір-бетон"), output("темір-бетон"), 4.0),
        (output("темірбетон"), output("темір-бетон"), 0.0),
        (output("темір-бетон", finished=False), output("темірбетон"), 0.0),
        (output("темір-бетон", -1.0), output("темірбетон", -0.01), -4.0),
        (output("темір-бетон", -0.05), output("темірбетон", -0.15), 0.15 * 21 - 0.05 * 22),
    ],
)
def test_the_model_prefers_what_it_leaves_alone(of_hyphenated: Output, of_joined: Output, expected: float) -> None:
    assert model_odds("темір-бетон", of_hyphenated, "темірбетон", of_joined) == pytest.approx(expected)


def test_the_model_is_asked_in_context_where_it_matters() -> None:
    asked: list[str] = []

    def outputs(texts: object) -> dict[str, Output]:
        asked.extend(texts)  # type: ignore[call-overload]
        return {text: output(text.replace("гүл-шай", "гүлшай")) for text in asked}

    words = [DividedWord("ата", "ана", "", ""), DividedWord("гүл", "шай", "ілген жаңа ", " ішіп отыр")]
    first, second = hyphen_odds(words, Vocabulary("гүл шай"), outputs)
    assert first == CERTAIN
    assert second < -3
    assert asked == ["жаңа гүл-шай ішіп", "жаңа гүлшай ішіп"]
    assert hyphen_odds([words[0]], Vocabulary(""), outputs) == [CERTAIN]
    assert len(asked) == 2
