from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from kzocr.decoding import Decoded
from kzocr.encoding import encode
from kzocr.rivals.yardstick import generate_greedy
from kzocr.speed.decoders import GENERATE, Forgetful, contestants, ctranslate2_run
from kzocr.speed.decoding import DecodingRace, timed
from toy_models import KAZAKH, NOISY, tiny_model

TEXTS = [NOISY[:30], KAZAKH[:24], NOISY[30:50]]


@pytest.fixture(autouse=True)
def _without_ctranslate2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2", None)


@pytest.fixture(scope="module")
def forgetful() -> Forgetful:
    return Forgetful(tiny_model())


def test_generate_is_first_and_what_is_not_installed_is_left_out(forgetful: Forgetful) -> None:
    assert ctranslate2_run(tiny_model(), "float32", "cpu") is None
    names = {rows: [one.name for one in contestants(tiny_model(), forgetful, rows, "cpu")] for rows in (1, 2)}
    assert names == {
        1: [GENERATE, "transformers generate, prompt lookup", "kzocr guided decoding"],
        2: [GENERATE, "kzocr guided decoding"],
    }
    [alone] = contestants(tiny_model(), forgetful, 2, "cpu", only_generate=True)
    assert (alone.name, alone.n_runs) == (GENERATE, 3)


def test_every_way_decodes_the_same(forgetful: Forgetful) -> None:
    batch = [encode(TEXTS[0])]
    expected = [row.ids for row in generate_greedy(tiny_model(), batch)]
    for one in contestants(tiny_model(), forgetful, 1, "cpu"):
        assert [row.ids for row in one.start()(batch)] == expected, one.name


def test_every_run_begins_without_memory(forgetful: Forgetful) -> None:
    run = forgetful.start()
    first = forgetful.decoder.memory
    run([encode(TEXTS[0])])
    forgetful.start()
    assert forgetful.decoder.memory is not first


def test_the_fastest_run_counts_and_outputs_keep_their_order() -> None:
    batches: list[int] = []

    def run(batch: Sequence[Sequence[int]]) -> list[Decoded]:
        batches.append(len(batch))
        return [Decoded(list(ids), [], True) for ids in batch]

    inputs = [encode("бір"), encode("екі"), encode("үш")]
    seconds, outputs = timed(lambda: run, inputs, 2, 3)
    assert [one.ids for one in outputs] == inputs
    assert batches == [2, *[2, 1] * 3]  # what is made once is not timed
    assert 0 < seconds < 1


def test_ways_to_decode_are_measured_beside_generate() -> None:
    race = DecodingRace(tiny_model(), TEXTS, "cpu", repeats=1)
    told: list[str] = []
    found = race.measurements([2], [2, 3], told.append)
    assert [(one.name, one.batch_rows) for one in found] == [(GENERATE, 2), ("kzocr guided decoding", 2), (GENERATE, 3)]
    assert told == [f"{one.name}, batches of {one.batch_rows}" for one in found]
    assert [one.n_different_windows for one in found] == [0, 0, 0]
    assert [one.ratio for one in found] == [1.0, found[0].seconds / found[1].seconds, 1.0]
    best = min(found[0].seconds, found[2].seconds)
    assert [one.ratio_to_best for one in found] == [best / one.seconds for one in found]
    assert all(one.chars_per_second == sum(map(len, TEXTS)) / one.seconds for one in found)
    assert {one.n_windows for one in found} == {3}


def test_the_profile_counts_bytes_and_passes_of_a_window() -> None:
    outputs = generate_greedy(tiny_model(), sorted(map(encode, TEXTS), key=len))
    profile = DecodingRace(tiny_model(), TEXTS, "cpu", repeats=1).profile(2)
    assert profile["batch_rows"] == 2
    assert profile["bytes_per_window"] == pytest.approx(sum(len(row.ids) + row.finished for row in outputs) / 3)
    assert profile["passes_per_window"] >= 1
    assert profile["wasted_bytes_per_window"] >= 0
    assert profile["encoder_share"] > 0
    assert profile["floor_share"] > 0
