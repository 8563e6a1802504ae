from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzocr.edits import apply_edits
from kzocr.lines.reflow import DividedWord, reflow


def never(words: Sequence[DividedWord]) -> list[float]:
    return [-5.0] * len(words)


def always(words: Sequence[DividedWord]) -> list[float]:
    return [5.0] * len(words)


def flowed(text: str) -> str:
    return reflow(text, never).text


PROSE = (
    "Таңертең ауылдың шетіндегі көлге аққулар\n"
    "қонды. Балалар оларды жағадан көріп, үйге\n"
    "қарай жүгірді, апасына айтпақ болды. Кеште\n"
    "бәрі көлге қайта барды.\n"
)
VERSE = "Көл жағасы тып-тыныш,\nАққу жүзер айдында,\nЕсіл өзен ағады\nКүміс толқын жайында\n"


def test_a_paragraph_is_joined() -> None:
    assert flowed(PROSE) == PROSE.strip().replace("\n", " ") + "\n"


def test_blank_lines_and_line_ends_of_every_kind() -> None:
    assert flowed(PROSE + "\n\n" + PROSE).count("\n") == 4
    assert flowed(PROSE.replace("\n", "\r\n")) == PROSE.strip().replace("\n", " ") + "\r\n"
    assert flowed("") == ""
    assert flowed("\n \n\x0c") == "\n \n\x0c"


def test_a_line_that_leaves_room_ends_a_paragraph() -> None:
    text = PROSE + PROSE
    assert flowed(text).splitlines() == [PROSE.strip().replace("\n", " ")] * 2


def test_indentation_divides_paragraphs() -> None:
    lines = PROSE.splitlines()[:3]
    first = "   " + "\n".join(lines)
    text = f"{first}\n{first}\n"
    assert [line.strip() for line in flowed(text).splitlines()] == [" ".join(lines)] * 2


@pytest.mark.parametrize("heading", ["БІРІНШІ ТАРАУ", "Бірінші тарау", "1. Жалпы ережелер"])
def test_headings_stay(heading: str) -> None:
    assert flowed(f"{heading}\n{PROSE}").splitlines()[0] == heading


def test_verse_stays_even_beside_prose() -> None:
    assert flowed(VERSE) == VERSE
    assert VERSE in flowed(PROSE + "\n" + VERSE + "\n" + PROSE)


@pytest.mark.parametrize("marker", ["- ", "• ", "1) ", "12. ", "а) "])
def test_list_items_stay(marker: str) -> None:
    item = f"{marker}Ауыл мектебінің кітапханасына жаңа кітап алу;"
    text = "\n".join([item] * 5)
    assert flowed(text) == text


def test_a_sentence_goes_on_behind_a_dash() -> None:
    text = PROSE.replace("аққулар\nқонды", "аққулар\n– қонды")
    assert "аққулар – қонды" in flowed(text)


def test_columns_and_short_lists_stay() -> None:
    text = "Астана    1,2\nАлматы    2,0\nШымкент   1,1\nАқтау\t0,2\n"
    assert flowed(text) == text
    assert flowed("қой\nсиыр\nжылқы\nтүйе\n") == "қой\nсиыр\nжылқы\nтүйе\n"


def test_divided_words() -> None:
    text = "Биыл өнді-\nріс көлемі өсті, қарым-  \n  қатынас нығайды"
    assert flowed(text) == "Биыл өндіріс көлемі өсті, қарымқатынас нығайды"
    assert reflow(text, always).text == "Биыл өнді-ріс көлемі өсті, қарым-қатынас нығайды"
    assert reflow("өнді¬\nріс, жұ\u00ad\nмыс", always).text == "өндіріс, жұмыс"
    assert flowed("Ол кешке ауылға келді -\nбіз таңертең кеттік") == "Ол кешке ауылға келді - біз таңертең кеттік"


def test_divided_words_are_given_with_their_context() -> None:
    seen: list[DividedWord] = []

    def odds(words: Sequence[DividedWord]) -> list[float]:
        seen.extend(words)
        return never(words)

    reflow("Екі елдің «қарым-\nқатынасы» берік.\nСуық күз.\n", odds)
    assert seen == [DividedWord("қарым", "қатынасы", "Екі елдің «", "» берік.")]


def test_a_sentence_runs_over_a_page() -> None:
    left, right = PROSE.splitlines()[0], PROSE.splitlines()[1]
    assert flowed(f"{left}\n\n\x0c{right}\n") == f"{left} {right}\n"
    assert flowed(f"{PROSE}\n\x0c{PROSE}").count("\x0c") == 1
    assert "өндіріс" in flowed("Биыл өнді-\n\x0cріс көлемі өсті\n")
    assert flowed(f"{left}\n\n{right}\n").count("\n") == 3


def test_edits_are_those_of_the_original() -> None:
    flow = reflow("Биыл өнді-\nріс көлемі жақсы өсті, ел\nтынды", never)
    assert [(e.before, e.after) for e in flow.edits] == [("-\n", ""), ("\n", " ")]
    assert flow.edits[0].confidence == pytest.approx(0.9933, abs=1e-4)
    assert flow.edits[1].confidence == 1.0


PIECES = st.sampled_from(
    [
        "қала ",
        "Таң ",
        "өнді-",
        "\n",
        "\n\n",
        "\r\n",
        "\x0c",
        "\u00ad\n",
        "- ",
        "1. ",
        "   ",
        "\t",
        "ән.",
        "5-",
        "\u2028",
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=80), st.sampled_from([never, always]))
@settings(max_examples=100)
def test_nothing_but_line_ends_changes(text: str, odds: object) -> None:
    flow = reflow(text, odds)  # type: ignore[arg-type]
    assert apply_edits(text, flow.edits) == flow.text
    visible = [character for character in text if not character.isspace() and character not in "-¬\u00ad\u2010\u2011"]
    assert visible == [c for c in flow.text if not c.isspace() and c not in "-¬\u00ad\u2010\u2011"]
    for edit in flow.edits:
        assert edit.before.lstrip("-¬\u00ad\u2010\u2011").isspace()


def test_long_lines_and_many_lines_take_linear_time() -> None:
    word = "қ" * 100_000
    assert flowed(f"{word} а-\nб {word}") == f"{word} аб {word}"
    assert flowed("\n" * 100_000) == "\n" * 100_000
    assert flowed("а-\n" * 10_000).startswith("аааа")
