from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import ScriptedDecoder, garbage
from kzocr.correction.guards import Guards
from kzocr.corrector import Corrector
from kzocr.edits import apply_edits

FREE = Guards(max_changed_fraction=1.0)
WORDS = st.lists(st.sampled_from(["қаз ", "көл", "\n", "сез ", "6ip", "1990", "қəлə", ", "]), max_size=60).map("".join)


@given(WORDS, st.integers(0, 9))
@settings(max_examples=80, deadline=None)
def test_what_has_settled_stays(text: str, seed: int) -> None:
    corrector = Corrector(ScriptedDecoder(garbage(seed)), guards=FREE, core_bytes=40, max_passes=40)
    first = corrector.explain(text)
    assert apply_edits(text, first.edits) == first.text
    if first.is_settled:
        again = corrector.explain(first.text)
        assert (again.text, again.edits, again.is_settled) == (first.text, (), True)


def test_a_circle_ends_at_the_same_place_wherever_it_is_entered() -> None:
    turns = {"Бұл сез.": "Бұл сөз.", "Бұл сөз.": "Бұл сүз.", "Бұл сүз.": "Бұл сез.", "Бұл саз.": "Бұл сөз."}
    corrector = Corrector(ScriptedDecoder(lambda text: turns.get(text, text)))
    corrections = [corrector.explain(text) for text in turns]
    assert {correction.text for correction in corrections} == {"Бұл сез."}
    assert all(correction.is_settled and correction.kept == {"oscillates": 1} for correction in corrections)
    assert [len(correction.edits) for correction in corrections] == [0, 1, 1, 1]
    assert all(apply_edits(c.original, c.edits) == c.text for c in corrections)


def test_of_a_circle_the_state_is_taken_that_the_model_is_least_sure_to_leave() -> None:
    turns = {"Бұл сез.": "Бұл сөз.", "Бұл сөз.": "Бұл сез."}

    class Unsure(ScriptedDecoder):
        def decode(self, inputs, *, max_new_bytes):  # type: ignore[no-untyped-def]
            rows = super().decode(inputs, max_new_bytes=max_new_bytes)
            return [
                type(row)(row.ids, [-0.1 if "сез" in text else -0.5] * len(row.ids), True)
                for row, text in zip(rows, self.inputs[-len(rows) :], strict=True)
            ]

    corrector = Corrector(Unsure(lambda text: turns.get(text, text)))
    assert [corrector.correct(text) for text in turns] == ["Бұл сөз."] * 2


def test_passes_that_run_out_are_told() -> None:
    decoder = ScriptedDecoder(lambda text: text.replace(".", "о."))
    correction = Corrector(decoder, guards=FREE, max_passes=3).explain("Ауылдың сыртындағы үлкен көлде қаз.")
    assert (correction.text[-7:], correction.n_passes, correction.is_settled) == ("қазооо.", 3, False)


def test_only_windows_that_changed_are_decoded_again() -> None:
    lines = [f"Ауылдың сыртында {number} үй тұр, олардың арасында бақ та бар еді.\n" for number in range(100, 150)]
    lines[20] = lines[20].replace("бақ", "бак")
    decoder = ScriptedDecoder(lambda text: text.replace("бак", "бақ"))
    correction = Corrector(decoder).explain("".join(lines))
    assert (correction.n_passes, len(correction.edits)) == (2, 1)
    assert len(decoder.inputs) - correction.n_model_windows <= 3


def test_a_window_whose_output_cannot_be_used_is_looked_at_in_pieces() -> None:
    def function(text: str) -> str:
        return text * 3 if "%%" in text else text.replace("бак", "бақ")

    decoder = ScriptedDecoder(function)
    text = "Ауылдың сыртында бак та бар еді, ол да әдемі.\nКүй %% тартылды.\nҮлкен бак көлдің жағасында.\n"
    correction = Corrector(decoder).explain(text)
    assert correction.text == text.replace("бак", "бақ")
    assert apply_edits(text, correction.edits) == correction.text
    assert correction.kept == {"length": 1}
    assert correction.is_settled


def test_a_window_that_would_change_too_much_is_not_looked_at_in_pieces() -> None:
    text = "Ауылдың сыртында бак та бар еді, ол да әдемі. Үлкен бак көлдің жағасында.\n"

    def function(window: str) -> str:
        return re.sub(r"\w", "ж", window) if len(window) > 60 else window.replace("бак", "бақ")

    decoder = ScriptedDecoder(function)
    correction = Corrector(decoder).explain(text)
    assert (correction.text, correction.kept) == (text, {"changed": 1})
    assert decoder.inputs == [text.strip()]


def test_gaps_between_columns_stay_where_a_window_shows_one_row() -> None:
    row = "Алматы облысының орталығы мен аудандары  он мың гектар егістік жер  жүз миллион теңге\n"
    corrector = Corrector(ScriptedDecoder(lambda text: " ".join(text.split(" ")).replace("  ", " ")), core_bytes=100)
    assert corrector.correct("Бұл  сөз.\n" + row.replace("он", "бес") + row) == (
        "Бұл сөз.\n" + row.replace("он", "бес") + row
    )
