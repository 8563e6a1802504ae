from __future__ import annotations

import math

import pytest

from kzocr.confidence.edit_features import Background
from kzocr.confidence.model import IDENTITY, Calibration
from kzocr.confidence.recurrence import Recurrence
from kzocr.correction.guards import Guards
from kzocr.correction.proposals import Proposal, decide, has_tails, propose
from kzocr.edits import Edit, apply_edits
from kzocr.inference.views import Output, view


def printed(text: str, *, sure: float = 0.9, unsure: dict[int, float] | None = None, finished: bool = True) -> Output:
    """Return an output whose bytes have the probability `sure`, those at the given places another one."""
    probabilities = [sure] * (len(text.encode()) + 1)
    for place, probability in (unsure or {}).items():
        probabilities[place] = probability
    return Output(text, [math.log(probability) for probability in probabilities], finished)


def proposed(window: str, output: Output | None, guards: Guards | None = None) -> Proposal:
    return propose(window, view(window), output, guards or Guards())


def decided(window: str, output: Output, guards: Guards | None = None) -> Proposal:
    seen, guards = view(window), guards or Guards()
    return decide(window, seen, propose(window, seen, output, guards), guards, IDENTITY)


def test_nothing_is_proposed_where_the_model_was_not_asked_or_agrees() -> None:
    assert proposed("бір сез", None) == Proposal([])
    assert proposed("бір сез", printed("бір сез")) == Proposal([])


def test_an_edit_is_as_sure_as_its_least_certain_byte() -> None:
    # "бір с" has 6 + 1 + 2 = 9 bytes, so the letter behind it has the bytes 9 and 10
    [edit] = proposed(" бір сез", printed("бір сөз", unsure={9: 0.8, 10: 0.6, 11: 0.1})).edits
    assert (edit.start, edit.end, edit.before, edit.after) == (6, 7, "е", "ө")
    assert edit.confidence == pytest.approx(0.6)


def test_a_deletion_is_as_sure_as_the_byte_that_follows() -> None:
    [edit] = proposed("бір сшөз", printed("бір сөз", unsure={9: 0.7, 10: 0.1})).edits
    assert (edit.start, edit.end, edit.before, edit.after) == (5, 6, "ш", "")
    assert edit.confidence == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (printed("бір сөз екен", finished=False), "unfinished"),
        (printed("бір с\ufffdз екен"), "invalid"),
        (Output("бір сөз екен", [-0.1] * 5), "invalid"),
        (printed("бір сөз екен " * 3), "length"),
        (printed("мақпал шапан"), "changed"),
    ],
)
def test_an_output_that_cannot_be_trusted_is_refused_as_a_whole(output: Output, reason: str) -> None:
    assert proposed("бір сез екен", output) == Proposal([], kept=reason)  # type: ignore[arg-type]


def test_what_a_guard_refuses_is_told_with_its_place() -> None:
    found = proposed("1990 жылы бір сез", printed("1991 жылы бір сөз"))
    assert found.refused == [(3, "digits")]
    assert [(edit.before, edit.after) for edit in found.edits] == [("е", "ө")]
    everything = proposed("1990 жылы бір сез", printed("1991 жылы бір сөз"), Guards(keep_digits=False))
    assert [(edit.before, edit.after) for edit in everything.edits] == [("0", "1"), ("е", "ө")]


def test_what_the_model_cannot_read_stays() -> None:
    found = proposed("бір 😀 сез", printed("бір ән сөз"))
    assert (4, "unreadable") in found.refused
    assert [(edit.before, edit.after) for edit in found.edits] == [("е", "ө")]


def test_a_line_break_and_what_adjoins_its_change_stay() -> None:
    found = proposed("ән-\nші бір сез", printed("әнші бір сөз"))
    assert found.refused == [(2, "lines"), (3, "lines")]
    assert [(edit.before, edit.after) for edit in found.edits] == [("е", "ө")]


def test_an_edit_that_is_not_sure_enough_is_declined_when_it_is_decided() -> None:
    output = printed("бір сөз", unsure={9: 0.4})
    assert len(proposed("бір сез", output).edits) == 1
    assert decided("бір сез", output) == Proposal([], [(5, "confidence")])
    assert len(decided("бір сез", output, Guards(min_confidence=0.3)).edits) == 1


def test_a_row_of_latin_words_is_decided_together() -> None:
    window = "Allium cepa екен"
    found = decided(window, printed("Allium сера екен"), Guards(min_latin_confidence=0.0))
    assert found == Proposal([], [(7, "latin")])


def test_letters_that_are_skipped_are_declined_when_it_is_decided() -> None:
    window = "кеше ауылда бір әдемі ән айтылды"
    output = printed("кеше бір әдемі ән айтылды")
    assert proposed(window, output).refused == []
    assert decided(window, output) == Proposal([], [(4, "skipped")])


def test_repairs_of_the_view_are_made_whatever_the_model_says() -> None:
    assert decided("қəлə", printed("қәлә")).edits == [Edit(1, 2, "ə", "ә", 1.0), Edit(3, 4, "ə", "ә", 1.0)]


@pytest.mark.parametrize(
    ("window", "output"),
    [("кəн екен", "қән екен"), ("əк екен", "әқ екен")],
)
def test_an_edit_beside_a_repair_takes_it_in_and_stays_as_unsure_as_it_was(window: str, output: str) -> None:
    [edit] = decided(window, printed(output, sure=0.8)).edits
    assert (edit.start, edit.before, edit.after) == (0, window[:2], output[:2])
    assert edit.confidence == pytest.approx(0.8)


def test_a_repair_gives_way_to_an_edit_of_the_same_character() -> None:
    [edit] = decided("сəз екен", printed("сөз екен")).edits
    assert (edit.start, edit.before, edit.after) == (1, "ə", "ө")
    assert edit.confidence == pytest.approx(0.9)


def test_proposals_for_pieces_are_joined_at_their_places() -> None:
    left = Proposal([Edit(1, 2, "е", "ө", 0.9)], [(0, "digits")], None)
    right = Proposal([Edit(0, 1, "к", "қ", 0.8)], [(2, "latin")], "length")
    together = left.joined(right, 10)
    assert together.edits == [Edit(1, 2, "е", "ө", 0.9), Edit(10, 11, "к", "қ", 0.8)]
    assert together.refused == [(0, "digits"), (12, "latin")]
    assert (together.kept, right.joined(left, 10).kept) == ("length", "length")


@pytest.mark.parametrize(
    ("window", "output", "corrected"),
    [
        ("КYН КӨСЕМ", "Күн КӨСЕМ", "КҮН КӨСЕМ"),
        ("КYН КӨСЕМ", "КүН КӨСЕМ", "КҮН КӨСЕМ"),
        ("Кyн көсем", "Күн көсем", "Күн көсем"),
        ("кYн көсем", "күн көсем", "күн көсем"),
        ("Y көсем", "ү көсем", "ү көсем"),
        ("КЕН көсем", "кең көсем", "кең көсем"),
    ],
)
def test_letters_of_a_word_in_capitals_are_capitals(window: str, output: str, corrected: str) -> None:
    edits = proposed(window, printed(output), Guards(keep_latin=False)).edits
    assert apply_edits(window, edits) == corrected


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("К,ыс келді", True),
        ("шык,ты", True),
        ("балык, тауык", False),
        ("шык,ты, так,та, балык,", True),
        ("шык,ты, так,та, балык, тарак,", False),
        ("ән,күй", False),
        ("балык,", False),
        ("6к,1", False),
    ],
)
def test_commas_may_be_tails_if_one_stands_within_a_word(text: str, has: bool) -> None:
    assert has_tails(text) == has


def test_a_comma_behind_a_word_stays_where_no_comma_is_a_tail() -> None:
    window, output = "балык, тауык, ет", printed("балық тауық ет")
    seen = view(window)
    assert apply_edits(window, propose(window, seen, output, Guards()).edits) == "балық тауық ет"
    kept = propose(window, seen, output, Guards(), commas_are_tails=False)
    assert apply_edits(window, kept.edits) == "балық, тауық, ет"
    within = propose("шык,ты", view("шык,ты"), printed("шықты"), Guards(), commas_are_tails=False)
    assert apply_edits("шык,ты", within.edits) == "шықты"


def test_a_lone_word_is_mended_whole_or_not_at_all() -> None:
    window = "Ол казакша сөйледі."
    seen, guards = view(window), Guards(min_lone_confidence=0.8)
    # "Ол " has 5 bytes and "ка" four, so that қ has the bytes 5 and 6, and the second one 13 and 14
    output = printed("Ол қазақша сөйледі.", sure=0.85, unsure={13: 0.6})
    proposal = propose(window, seen, output, guards)
    assert [edit.confidence for edit in proposal.edits] == pytest.approx([0.85, 0.6])
    calibrated = Calibration(n_edits=1)
    background = Background(recurrence=Recurrence.of(proposal.edits, window))
    decided = decide(window, seen, proposal, guards, calibrated, background)
    assert decided.edits == []
    assert [reason for _, reason in decided.refused] == ["lone", "lone"]
    many = Background(
        recurrence=Recurrence.of([*proposal.edits, *(edit.moved(50) for edit in proposal.edits)], window * 2)
    )
    assert [edit.confidence for edit in decide(window, seen, proposal, guards, calibrated, many).edits] == [0.85, 0.6]


def test_half_of_a_lone_word_is_not_mended_where_the_other_half_is_unlikely() -> None:
    window = "Ол казакша сөйледі."
    seen, guards = view(window), Guards(min_lone_confidence=0.8)
    proposal = propose(window, seen, printed("Ол қазақша сөйледі.", sure=0.95, unsure={13: 0.3}), guards)
    background = Background(recurrence=Recurrence.of(proposal.edits, window))
    decided = decide(window, seen, proposal, guards, Calibration(n_edits=1), background)
    assert decided.edits == []
    assert [reason for _, reason in decided.refused] == ["lone", "confidence"]


@pytest.mark.parametrize(
    ("window", "output", "corrected"),
    [
        ("Бұл адамнын.", "Бұл адамның", "Бұл адамның."),
        ("Бұл адамнын", "Бұл адамның.", "Бұл адамның"),
        ("Бұл адамнын!", "Бұл адамның.", "Бұл адамның!"),
        ("Бұл адам .", "Бұл адам", "Бұл адам."),
        ("Бұл адамнын.", "Бұл адамның.", "Бұл адамның."),
        ("Бұл адам'", "Бұл адам.", "Бұл адам."),
    ],
)
def test_the_mark_at_the_end_stays_where_letters_before_it_change(window: str, output: str, corrected: str) -> None:
    assert apply_edits(window, proposed(window, printed(output)).edits) == corrected
