from __future__ import annotations

import itertools
import math
import pickle
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSeq2SeqLM, BertConfig

from fakes import ScriptedDecoder, garbage, scripted
from kzocr.confidence.model import Calibration
from kzocr.correction.guards import Guards
from kzocr.correction.passes import Correction
from kzocr.corrector import Corrector, _embedded, embedded
from kzocr.edits import LINE_BREAKS, apply_edits
from kzocr.trials.fuzzing import fuzzed_texts
from toy_models import tiny_model
from toy_trees import by

torch.set_num_threads(1)

KINDS = [
    "Бүгін ",
    "қар жауды",
    "\n",
    "\r\n",
    "\t",
    "  ",
    " ",
    "6ip",
    "1990 ж.",
    "ед1",
    "қəлə",
    "и\u0306",
    "Windows ",
    "😀",
]
KINDS += [
    "\u00ad",
    "\u200b",
    "\ud800",
    "\x00",
    "\ufffd",
    "سلام",
    "\u202e",
    "а\u0301",
    "www.egemen.kz",
    "А" * 200,
    "\u2028",
    "\x0c",
    "\u00a0",
]
MIXED = st.lists(st.sampled_from(KINDS), max_size=60).map("".join)
ANY_TEXT = st.text(st.characters(), max_size=200)


def lines_of(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def assert_layout_kept(correction: Correction) -> None:
    """Check what no model can change: lines, indentation, tabs, line ends, what cannot be read."""
    before, after = lines_of(correction.original), lines_of(correction.text)
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert old[: len(old) - len(old.lstrip())] == new[: len(new) - len(new.lstrip())]
        assert old[len(old.rstrip()) :] == new[len(new.rstrip()) :]
    for character in "\t\ufffd\ud800\x00😀\u200b" + "".join(LINE_BREAKS):
        assert correction.original.count(character) == correction.text.count(character)


@given(MIXED | ANY_TEXT, st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_lines_survive_any_model(text: str, seed: int) -> None:
    corrector = Corrector(ScriptedDecoder(garbage(seed)), guards=Guards(max_changed_fraction=1.0), core_bytes=40)
    correction = corrector.explain(text)
    assert apply_edits(text, correction.edits) == correction.text == corrector.correct(text)
    assert_layout_kept(correction)
    assert [c for c in correction.text if c.isdigit() and c not in "013468"] == [
        c for c in text if c.isdigit() and c not in "013468"
    ]


@given(st.lists(MIXED, max_size=5), st.integers(1, 600))
@settings(max_examples=40, deadline=None)
def test_a_list_gives_what_its_items_give(texts: list[str], batch_bytes: int) -> None:
    corrector = Corrector(ScriptedDecoder(garbage(1)), batch_bytes=batch_bytes, guards=Guards(max_changed_fraction=1.0))
    singles = [corrector.correct(text) for text in texts]
    assert corrector.correct(texts) == singles
    assert corrector.correct(tuple(texts)) == singles
    assert list(corrector.correct_stream(iter(texts))) == singles


@given(MIXED | ANY_TEXT)
@settings(max_examples=60, deadline=None)
def test_a_model_that_copies_changes_nothing_but_spellings(text: str) -> None:
    correction = scripted().explain(text)
    assert all(edit.confidence == 1.0 for edit in correction.edits)
    assert correction.text == text.replace("қəлə", "қәлә").replace("и\u0306", "й") or correction.edits
    assert not correction.kept
    assert_layout_kept(correction)


def test_edits_are_counted_in_characters_of_the_original() -> None:
    correction = scripted(("ж ұ м ыс", "жұмыс"), ("сез", "сөз")).explain("Бұл ж ұ м ыс, бұл сез.")
    assert correction.text == "Бұл жұмыс, бұл сөз."
    assert [(e.start, e.end, e.before, e.after) for e in correction.edits] == [
        (5, 6, " ", ""),
        (7, 8, " ", ""),
        (9, 10, " ", ""),
        (19, 20, "е", "ө"),
    ]
    assert correction.original == "Бұл ж ұ м ыс, бұл сез."
    assert all(0.98 < edit.confidence < 1 for edit in correction.edits)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("6ip", "бір"),
        ("ед1", "еді"),
        ("Т1л1н", "Тілін"),
        ("3аман", "Заман"),
        ("0сы", "Осы"),
        ("1$ой", "қой"),
        ("icin", "ісін"),
        ("TepiMeH", "терімен"),
        ("*ypFa*", "құрға"),
    ],
)
def test_lookalikes_inside_words_are_repaired(before: str, after: str) -> None:
    text = f"Кешке дейін {before} дала үнсіз жатты."
    assert scripted((before, after)).correct(text) == text.replace(before, after)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("1990", "1991", "digits"),
        ("1990", "199О", "digits"),
        ("60ж", "бОж", "digits"),
        ("3-сынып", "З-сынып", "digits"),
        ("6ға", "бға", "digits"),
        ("12,5", "12.5", "digits"),
        ("1 200", "1200", "digits"),
        ("үш", "3", "digits"),
        ("A4", "Aч", "digits"),
        ("СО2", "СО", "digits"),
        ("www.egemen.kz", "шшш.egemen.kz", "address"),
        ("https://e.kz/6", "https://e.kz/б", "digits"),
        ("asem@mail.kz", "аsеm@mail.kz", "address"),
        ("Windows", "Шіндошс", "latin"),
        ("Google Air", "Google Аіг", "latin"),
        ("euro", "еуро", "latin"),
        ("XIX", "ХІХ", "latin"),
        ("COVID-19", "СОВІД-19", "latin"),
        ("көл\n\nжаға", "көл\nжаға", "lines"),
        ("көл", "кө\nл", "lines"),
        ("құры-\nлыс", "құрылыс", "lines"),
        ("көл\tжаға", "көлжаға", "space"),
        ("көл", "кө\x07л", "unreadable"),
        ("көл", "ко\u0308л", "unreadable"),
        ("😀", "!", "unreadable"),
    ],
)
def test_what_must_stay_stays_and_is_counted(before: str, after: str, reason: str) -> None:
    text = f"Кешке дейін {before} дала үнсіз жатты."
    view_before = before.replace("\t", " ").replace("😀", "_")
    correction = scripted((view_before, after)).explain(text)
    assert correction.text == text
    assert set(correction.kept) == {reason}


def test_indentation_and_trailing_spaces_stay_but_inner_runs_are_mended() -> None:
    text = "   Бір  сөз \n\n  екі \t сөз  \nүш"
    corrector = scripted(("Бір  сөз \n\n  екі", "Бір сөз\n\nекі"), ("\nүш", "\n  үш"))
    assert corrector.correct(text) == "   Бір сөз \n\n  екі \t сөз  \nүш"


def test_a_line_is_never_emptied() -> None:
    text = "бірінші жол осында\nек\nүшінші жол осында"
    assert scripted(("\nек\n", "\n\n")).explain(text).text == text


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("", "length"),
        ("Ауыл іргесінде өзен ағып жатыр. " * 2, "length"),
        (b"\xd0\xd0 \xff", "invalid"),
        ("Ауыл іргесінде өзен жатжатжатжатжатжат.", "repeats"),
        ("Қала маңында орман бар екен-ау.", "changed"),
    ],
)
def test_outputs_that_cannot_be_trusted_keep_the_window(output: str | bytes, reason: str) -> None:
    text = "Ауыл іргесінде өзен ағып жатыр."
    correction = Corrector(ScriptedDecoder(lambda _: output)).explain(text)
    assert (correction.text, dict(correction.kept)) == (text, {reason: 1})


def test_a_window_that_does_not_end_is_kept() -> None:
    corrector = Corrector(ScriptedDecoder(lambda text: text.replace("сез", "сөз"), finished=False))
    assert dict(corrector.explain("Бұл бір сез.").kept) == {"unfinished": 1}


def test_min_confidence_refuses_what_the_model_is_less_sure_of() -> None:
    decoder = ScriptedDecoder(lambda text: text.replace("сез", "сөз"), log_probability=-1.0)
    assert Corrector(decoder, guards=Guards(min_confidence=0.3)).correct("Жақсы сез.") == "Жақсы сөз."
    correction = Corrector(decoder, guards=Guards(min_confidence=0.5)).explain("Жақсы сез, қəлə.")
    assert correction.text == "Жақсы сез, қәлә."
    assert dict(correction.kept) == {"confidence": 1}


def test_foreign_letters_and_decomposed_letters_are_repaired_whatever_the_model_says() -> None:
    correction = scripted().explain("Алматы қəлəсы, Тоғыжанов та и\u0306. Azərbaycan")
    assert correction.text == "Алматы қәләсы, Тоғыжанов та й. Azərbaycan"
    assert [edit.confidence for edit in correction.edits] == [1.0] * 3
    correction = scripted().explain("Әлеу¬меттік ассам¬\nблея")
    assert [(e.before, e.after, e.confidence) for e in correction.edits] == [("¬м", "м", 1.0)]
    correction = scripted(("қәл", "қал")).explain("Бұл қəла.")
    assert [(e.before, e.after) for e in correction.edits] == [("ə", "а")]


def test_hidden_characters_stay_where_they_were() -> None:
    assert (
        scripted(("қызметкер", "қызметкер"), ("сез", "сөз")).correct("қызмет\u200bкер сез 😀")
        == "қызмет\u200bкер сөз 😀"
    )
    assert scripted(("сез", "сөз")).correct("с\u200bез") == "с\u200bөз"


def test_a_soft_hyphen_within_a_word_goes_and_one_at_a_line_s_end_stays() -> None:
    correction = scripted().explain("Әлеу\u00adмет ассам\u00ad\nблея, soft\u00adware")
    assert [(e.before, e.after, e.confidence) for e in correction.edits] == [("\u00adм", "м", 1.0)]


def test_text_without_cyrillic_letters_is_not_shown_to_the_model() -> None:
    decoder = ScriptedDecoder(lambda _: "ә")
    text = "Hello, 123! 😀 \ud800 \x00\n\n\tسلام e\u0301 ə"
    correction = Corrector(decoder).explain(text)
    assert correction.text == text
    assert (correction.n_windows, correction.n_model_windows, decoder.inputs) == (1, 0, [])


def test_long_text_goes_in_windows_that_agree_at_their_borders() -> None:
    text = "Біздің ауылда ж ұ м ыс көп, сез аз. \n" * 120
    corrector = scripted(("ж ұ м ыс", "жұмыс"), ("сез", "сөз"))
    expected = text.replace("ж ұ м ыс", "жұмыс").replace("сез", "сөз")
    assert corrector.correct(text) == expected
    assert corrector.explain(text).text == expected


def test_repeated_windows_are_decoded_once_and_batches_keep_their_budget() -> None:
    decoder = ScriptedDecoder(lambda text: text)
    texts = ["Бір жол.", "Екі жол.", "Бір жол."] * 10
    Corrector(decoder, batch_bytes=20).correct(texts)
    assert sorted(decoder.inputs) == ["Бір жол.", "Екі жол."]
    assert decoder.batches == [1, 1]
    decoder = ScriptedDecoder(lambda text: text)
    Corrector(decoder, batch_bytes=1000).correct([f"Жол {'қ' * (n % 50)} {n}." for n in range(200)])
    assert max(decoder.batches) > 5
    position = 0
    for size in decoder.batches:
        batch = decoder.inputs[position : position + size]
        assert size * max(len(text.encode()) for text in batch) <= 1000
        position += size


def test_progress_reaches_the_end() -> None:
    calls: list[tuple[int, int]] = []
    text = "Таудың басында қар жатыр. " * 100
    scripted().correct([text, text], on_progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (2 * len(text), 2 * len(text))
    assert calls == sorted(calls)
    calls.clear()
    scripted().explain(text, on_progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (len(text), len(text))


def test_a_stream_may_be_endless() -> None:
    stream = Corrector(ScriptedDecoder(str.upper), batch_bytes=200, guards=Guards(max_changed_fraction=1.0))
    endless = (f"жол {n}" for n in itertools.count())
    assert list(itertools.islice(stream.correct_stream(endless), 300))[-1] == "ЖОЛ 299"


@pytest.mark.parametrize(
    ("value", "message"),
    [(None, "None"), (b"abc", "bytes"), (3, "int"), ({"а"}, "set"), (iter("а"), "iterator")],
)
def test_other_types_are_refused(value: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        scripted().correct(value)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=message):
        scripted().explain(value)  # type: ignore[call-overload]


def test_other_types_in_a_list_are_refused_with_their_index() -> None:
    with pytest.raises(TypeError, match=r"item 1 .* NoneType|item 1 .* None"):
        scripted().correct(["а", None])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"item 1 .* float"):
        list(scripted().correct_stream(["а", 1.0]))  # type: ignore[list-item]
    with pytest.raises(TypeError, match="str"):
        scripted().correct_stream("а")


@pytest.mark.parametrize(
    "options",
    [
        {"min_confidence": 2},
        {"max_changed_fraction": -1},
        {"max_length_ratio": 0.5},
        {"max_lost_letters": -1},
        {"min_join_confidence": 2},
        {"min_lone_confidence": -1},
    ],
)
def test_senseless_thresholds_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Guards(**options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny_model(n_encoder=1, n_decoder=1).save_pretrained(folder)
    return folder


TEXT = "Күз келді.\n\nАспанда тырналар ұшып барады, 1990 жыл.\n"


def test_a_random_model_loses_no_line(model_folder: Path) -> None:
    corrector = Corrector.from_pretrained(model_folder, device="cpu")
    assert_layout_kept(corrector.explain(TEXT))
    assert corrector.correct(TEXT) == corrector.correct(TEXT)
    assert corrector.correct([TEXT, "а"])[0] == corrector.correct(TEXT)


def test_correctors_can_be_pickled_and_shared(model_folder: Path) -> None:
    guards = Guards(max_changed_fraction=1.0, min_confidence=0.001)
    corrector = Corrector.from_pretrained(str(model_folder), device="cpu", batch_bytes=300, guards=guards)
    data = pickle.dumps(corrector)
    assert len(data) < 2000
    copy = pickle.loads(data)
    assert (copy.batch_bytes, copy.guards) == (300, guards)
    expected = corrector.correct(TEXT)
    assert copy.correct(TEXT) == expected
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(copy.correct(TEXT))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def at_once(work: Callable[[], object], n: int) -> list[object]:
    with ThreadPoolExecutor(n) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(n)]]


def test_threads_that_load_at_once_have_whole_models(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    n_loading: list[int] = []
    load = AutoModelForSeq2SeqLM.from_pretrained

    def slowly(*arguments: object, **given: object) -> object:
        n_loading.append(n_loading[-1] + 1 if n_loading else 1)
        time.sleep(0.05)
        model = load(*arguments, **given)
        n_loading.append(n_loading[-1] - 1)
        return model

    expected = Corrector.from_pretrained(model_folder, device="cpu").correct(TEXT)
    monkeypatch.setattr(AutoModelForSeq2SeqLM, "from_pretrained", slowly)
    found = at_once(lambda: Corrector.from_pretrained(model_folder, device="cpu").correct(TEXT), 3)
    assert found == [expected] * 3
    assert n_loading == [1, 0] * 3


def test_the_model_in_the_package_is_loaded_once_by_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly() -> object:
        time.sleep(0.05)
        return object()

    monkeypatch.setattr(Corrector, "from_pretrained", slowly)
    _embedded.cache_clear()
    try:
        assert len(set(at_once(embedded, 4))) == 1
    finally:
        _embedded.cache_clear()


def test_wrong_models_are_refused_with_a_reason(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such model folder"):
        Corrector.from_pretrained(tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="no config"):
        Corrector.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text((model_folder / "config.json").read_text())
    with pytest.raises(FileNotFoundError, match="weights are missing"):
        Corrector.from_pretrained(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ValueError, match="pickled"):
        Corrector.from_pretrained(tmp_path)
    small = tmp_path / "vocabulary"
    tiny_model(vocab_size=100).save_pretrained(small)
    with pytest.raises(ValueError, match="100 ids"):
        Corrector.from_pretrained(small)
    BertConfig().save_pretrained(small)
    with pytest.raises(ValueError, match="bert"):
        Corrector.from_pretrained(small)
    with pytest.raises(ValueError, match="float16"):
        Corrector.from_pretrained(model_folder, dtype="float16")
    with pytest.raises(ValueError, match="device"):
        Corrector.from_pretrained(model_folder, device="tablet")


COLUMN = (
    "Көктемде ауылдың сыртындағы сез айтыл-\n"
    "ған көлге аққулар қонды, балалар жүгіріп\n"
    "барды. Олардың қарым-\nқатынасы жақсы.\n\n"
    "Кеште үйге қайтты.\n"
)


def test_reflow_joins_and_corrects_with_context() -> None:
    corrector = scripted(("сез айтылған", "сөз айтылған"), ("жүгіріп барды", "жүгіре барды"))
    correction = corrector.explain(COLUMN, layout="reflow")
    assert correction.text == (
        "Көктемде ауылдың сыртындағы сөз айтылған көлге аққулар қонды, балалар жүгіре барды. "
        "Олардың қарым-қатынасы жақсы.\n\nКеште үйге қайтты.\n"
    )
    assert apply_edits(COLUMN, correction.edits) == correction.text
    assert correction.original == COLUMN
    assert corrector.correct(COLUMN, layout="reflow") == correction.text
    assert corrector.correct([COLUMN, "а"], layout="reflow") == [correction.text, "а"]
    assert list(corrector.correct_stream([COLUMN] * 3, layout="reflow")) == [correction.text] * 3
    assert corrector.explain([COLUMN, COLUMN], layout="reflow") == [correction] * 2
    assert corrector.correct(COLUMN, layout="keep").count("\n") == COLUMN.count("\n")
    for call in (corrector.correct, corrector.explain, corrector.correct_stream):
        with pytest.raises(ValueError, match="no layout 'tidy'"):
            call(["а"], layout="tidy")  # type: ignore[operator]


@given(MIXED | ANY_TEXT, st.integers(0, 5), st.integers(1, 3), st.sampled_from(["keep", "reflow"]))
@settings(max_examples=60)
def test_edits_of_several_passes_give_the_text(text: str, seed: int, max_passes: int, layout: str) -> None:
    guards = Guards(max_changed_fraction=1.0)
    corrector = Corrector(ScriptedDecoder(garbage(seed)), guards=guards, core_bytes=40, max_passes=max_passes)
    correction = corrector.explain(text, layout=layout)  # type: ignore[call-overload]
    assert apply_edits(text, correction.edits) == correction.text
    assert corrector.correct(text, layout=layout) == correction.text  # type: ignore[call-overload]


def test_a_second_pass_looks_at_what_changed() -> None:
    decoder = ScriptedDecoder(
        lambda text: text.replace("сөз", "сөздер") if "сөз " in text else text.replace("сез", "сөз")
    )
    text = "Бұл сез жаңа.\n\nКүз келді."
    once = Corrector(decoder, max_passes=1).explain(text)
    assert (once.text, once.is_settled) == ("Бұл сөз жаңа.\n\nКүз келді.", False)
    twice = Corrector(decoder)
    assert (twice.explain(text).n_passes, twice.explain(text).is_settled) == (3, True)
    assert twice.correct(text) == "Бұл сөздер жаңа.\n\nКүз келді."
    assert [(e.before, e.after) for e in twice.explain(text).edits] == [("е", "ө"), ("", "дер")]
    decoder.inputs.clear()
    assert Corrector(decoder).correct("Күз келді.") == "Күз келді."
    assert decoder.inputs == ["Күз келді."]
    with pytest.raises(ValueError, match="max_passes"):
        Corrector(decoder, max_passes=0)


def test_confidences_are_calibrated(model_folder: Path, tmp_path: Path) -> None:
    decoder = ScriptedDecoder(lambda text: text.replace("сез", "сөз"), log_probability=-0.5)
    half = by("log_odds", 0.0, -9.0, math.log(19))
    [edit] = Corrector(decoder, calibration=half).explain("Бұл бір сез.").edits
    assert edit.confidence == pytest.approx(0.95)
    assert Corrector(decoder, calibration=by("log_odds", 0.0, -9.0, 1.0)).explain("Бұл бір сез.").kept == {"lone": 1}
    twice = Corrector(decoder, calibration=by("log_odds", 0.0, -9.0, 1.0)).explain("Бұл бір сез. Бұл бір сез.")
    assert twice.text == "Бұл бір сөз. Бұл бір сөз."
    folder = tmp_path / "calibrated"
    shutil.copytree(model_folder, folder)
    assert Corrector.from_pretrained(folder, device="cpu").calibration == Calibration()
    half.write(folder / "calibration.json")
    corrector = Corrector.from_pretrained(folder, device="cpu")
    assert corrector.calibration == half == pickle.loads(pickle.dumps(corrector)).calibration


def test_fuzz() -> None:
    corrector = Corrector(ScriptedDecoder(garbage(2)), core_bytes=60, guards=Guards(max_changed_fraction=1.0))
    for _, text in fuzzed_texts(200, seed=0, long_chars=20_000):
        assert_layout_kept(corrector.explain(text))


def test_what_a_neighbouring_window_keeps_is_counted_once() -> None:
    text = "Ол 1990 жылы туған қызметкер. " * 100
    correction = scripted(("1990", "1991")).explain(text)
    assert dict(correction.kept) == {"digits": 100}


def test_a_passage_that_the_model_skips_stays() -> None:
    corrector = scripted((" (тігіледі, ор", ", ор"), ("сез", "сөз"))
    correction = corrector.explain("Тұғырға көтеріледі (тігіледі, орнатылады), сез басталады.")
    assert correction.text == "Тұғырға көтеріледі (тігіледі, орнатылады), сөз басталады."
    assert dict(correction.kept) == {"skipped": 1}
