from __future__ import annotations

import hashlib
import lzma
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kzocr.corpus import (
    CorpusError,
    Source,
    folded,
    load_corpus,
    load_word_lists,
    with_held_out,
    without_overlap,
    without_repeats,
    write_packed,
)


def test_a_file_is_a_source_of_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes("\ufeffсәлем  дүние\r\n\n  \nүйдe\n".encode())
    (source,) = load_corpus([str(path)])
    assert source.name == "book"
    assert source.lines == ("сәлем дүние", "үйде")  # the last letter of the file was a Latin e
    assert source.n_bytes == len("сәлем дүниеүйде".encode())
    assert source.sha256 == hashlib.sha256("сәлем дүние\nүйде".encode()).hexdigest()


def test_a_folder_is_its_text_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "notes.md"):
        (tmp_path / name).write_text(f"мәтін {name}", encoding="utf-8")
    assert [source.name for source in load_corpus([str(tmp_path)])] == ["a", "b"]


def test_bytes_that_are_not_utf8_are_named_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes("бірінші\nекінші\n".encode() + "үшінші".encode("utf-16-le"))
    with pytest.raises(CorpusError, match=r"book\.txt:3: not UTF-8"):
        load_corpus([str(path)])


def test_what_holds_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.txt: No such file"):
        load_corpus([str(tmp_path / "none.txt")])
    with pytest.raises(CorpusError, match=r"no \*\.txt file"):
        load_corpus([str(tmp_path)])
    (tmp_path / "empty.txt").write_text(" \n\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"empty\.txt: no text"):
        load_corpus([str(tmp_path / "empty.txt")])


def test_lines_that_are_measured_on_are_not_learnt_from() -> None:
    train = Source.from_lines("train", ["бір", "екі", "үш"])
    dev = Source.from_lines("dev", ["екі"])
    assert without_overlap([train], [dev])[0] == Source.from_lines("train", ["бір", "үш"])
    with pytest.raises(CorpusError, match="dev: every line"):
        without_overlap([train, dev], [dev])
    assert [source.name for source in without_overlap([train, dev], [dev], drops_empty=True)] == ["train"]
    with pytest.raises(CorpusError, match="dev: every line"):
        without_overlap([dev], [dev], drops_empty=True)


ROWS = [{"title": "т", "text": "бір\n\nекі"}, {"title": "т", "text": None}, {"title": "т", "text": "үш"}]


def fake_datasets(result: list[dict[str, str | None]] | Exception) -> ModuleType:
    module = ModuleType("datasets")

    def load_dataset(name: str, config: str | None, *, split: str, streaming: bool) -> list[dict[str, str | None]]:
        assert (name, config, split, streaming) == ("user/texts", None, "train", True)
        if isinstance(result, Exception):
            raise result
        return result

    module.load_dataset = load_dataset  # type: ignore[attr-defined]
    return module


def test_a_data_set_of_the_hub_is_read_by_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", fake_datasets(list(ROWS)))
    (source,) = load_corpus(["hub:user/texts::train:text"])
    assert (source.name, source.lines) == ("user/texts", ("бір", "екі", "үш"))
    with pytest.raises(CorpusError, match="no column 'body'; there are title, text"):
        load_corpus(["hub:user/texts::train:body"])


def test_a_data_set_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CorpusError, match="expected hub:NAME:CONFIG:SPLIT:COLUMN"):
        load_corpus(["hub:user/texts"])
    monkeypatch.setitem(sys.modules, "datasets", fake_datasets(ConnectionError("no network")))
    with pytest.raises(CorpusError, match="hub:user/texts::train:text: cannot be loaded: no network"):
        load_corpus(["hub:user/texts::train:text"])
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(CorpusError, match=r'pip install "kzocr\[train\]"'):
        load_corpus(["hub:user/texts::train:text"])


def test_word_lists_keep_their_order_and_lose_what_is_no_word(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("және\n(бар)\nжеке-жеке,\nWindows\nжән«Кім\n12\nжәне\nтыйым\n", encoding="utf-8")
    held_out = Source.from_lines("dev", ["тыйым"])
    assert load_word_lists([str(path)], [held_out]) == ("және", "(бар)", "жеке-жеке,")


def test_a_data_set_is_read_no_further_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "ә" * 600_000
    monkeypatch.setitem(sys.modules, "datasets", fake_datasets([{"text": long}, {"text": "артық"}]))
    (source,) = load_corpus(["hub:user/texts::train:text:1"])
    assert source.lines == (long,)
    with pytest.raises(CorpusError, match="MEGABYTES"):
        load_corpus(["hub:user/texts::train:text:all"])


def test_lines_that_differ_in_case_and_punctuation_are_the_same() -> None:
    assert folded("«Иә», 5!") == "иә5"
    sources = [Source.from_lines("a", ["Бір.", "екі", "бір"]), Source.from_lines("b", ["«Екі»", "үш"])]
    assert [source.lines for source in without_repeats(sources)] == [("Бір.", "екі"), ("үш",)]
    held_out = [Source.from_lines("dev", ["ЕКІ!"])]
    assert [source.lines for source in without_overlap(sources, held_out)] == [("Бір.", "бір"), ("үш",)]


def test_a_share_of_blocks_is_held_out_and_the_rest_stays_in_its_order() -> None:
    lines = [f"кітаптың {number}-жолы" for number in range(200)]
    (learnt,), (held_out,) = with_held_out([Source.from_lines("кітап", lines)], 0.2)
    starts = sorted({lines.index(line) // 20 * 20 for line in held_out.lines})
    assert len(starts) == 2
    assert held_out.lines == tuple(line for start in starts for line in lines[start : start + 20])
    assert learnt.lines == tuple(line for line in lines if line not in held_out.lines)
    assert learnt == Source.from_lines("кітап", learnt.lines)


def test_the_same_blocks_are_held_out_wherever_they_stand() -> None:
    book = Source.from_lines("кітап", [f"кітаптың {number}-жолы" for number in range(400)])
    news = Source.from_lines("жаңалық", [f"жаңалықтың {number}-жолы" for number in range(400)])
    (_, _), of_both = with_held_out([book, news], 0.2)
    (_, _), turned = with_held_out([news, book], 0.2)
    assert {source.name: source.lines for source in of_both} == {source.name: source.lines for source in turned}
    assert sum(len(source.lines) for source in of_both) == 160


def test_one_block_is_held_out_at_least_and_something_is_left() -> None:
    short, long = Source.from_lines("қысқа", ["бір жол"]), Source.from_lines("ұзын", [f"{n}-жол" for n in range(60)])
    learnt, held_out = with_held_out([short, long], 0.001)
    assert [len(source.lines) for source in held_out] in ([1], [20])
    assert sum(len(source.lines) for source in learnt) in (60, 41)
    with pytest.raises(CorpusError, match="nothing is left to learn from of 1 lines: 20 are held out at least"):
        with_held_out([short], 0.5)


def test_a_source_of_repeats_alone_is_gone() -> None:
    sources = [Source.from_lines("a", ["бір"]), Source.from_lines("b", ["Бір"])]
    assert [source.name for source in without_repeats(sources)] == ["a"]


def test_a_packed_corpus_reads_back(tmp_path: Path) -> None:
    sources = [Source.from_lines("a", ["бір", "екі"]), Source.from_lines("b", ["үш"])]
    path = tmp_path / "corpus.xz"
    write_packed(sources, path)
    assert load_corpus([str(path)]) == sources


def test_a_broken_packed_corpus_is_named(tmp_path: Path) -> None:
    path = tmp_path / "corpus.xz"
    with pytest.raises(CorpusError, match=r"corpus.xz: No such file"):
        load_corpus([str(path)])
    path.write_bytes(b"text")
    with pytest.raises(CorpusError, match=r"corpus.xz: not an xz file"):
        load_corpus([str(path)])
    path.write_bytes(lzma.compress(b'{"name": "a"}'))
    with pytest.raises(CorpusError, match=r"corpus.xz:1: not a source of a packed corpus"):
        load_corpus([str(path)])
    write_packed([Source.from_lines("а\u2028б", ["бір"]), Source("a", ("екі",), "0")], path)
    with pytest.raises(CorpusError, match=r"corpus.xz:2: a is not what its hash says"):
        load_corpus([str(path)])
    write_packed([Source("a", ("бір",), "0")], path)
    with pytest.raises(CorpusError, match=r"corpus.xz:1: a is not what its hash says"):
        load_corpus([str(path)])


def test_json_lines_are_read_by_key_and_bad_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    path.write_text('{"text": "бір\\nекі", "body": "үш"}\n\n{"text": null, "body": "төрт"}\n', encoding="utf-8")
    assert load_corpus([str(path)])[0].lines == ("бір", "екі")
    assert load_corpus([f"{path}:body"])[0] == Source.from_lines("news", ["үш", "төрт"])
    with pytest.raises(CorpusError, match=r"news\.jsonl:1: no key 'title'"):
        load_corpus([f"{path}:title"])
    for line in ('{"text": "ек', "[" * 100_000, '{"id": ' + "1" * 5000 + "}"):
        path.write_text(f'{{"text": "бір"}}\n{line}\n', encoding="utf-8")
        with pytest.raises(CorpusError, match=r"news\.jsonl:2: not JSON"):
            load_corpus([str(path)])


def test_parquet_is_read_by_column(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "news.parquet"
    parquet.write_table(pyarrow.table({"text": ["бір", None, "екі\nүш"], "id": [1, 2, 3]}), path)
    assert load_corpus([str(path)])[0].lines == ("бір", "екі", "үш")
    with pytest.raises(CorpusError, match=r"no column 'body'; there are 'text', 'id'"):
        load_corpus([f"{path}:body"])
    with pytest.raises(CorpusError, match=r"news\.parquet: column 'id' is int64: expected strings"):
        load_corpus([f"{path}:id"])
    with pytest.raises(CorpusError, match=r"none\.parquet: No such file or directory"):
        load_corpus([str(tmp_path / "none.parquet")])
    path.write_bytes(b"none")
    with pytest.raises(CorpusError, match=r"news\.parquet: no Parquet file that can be read"):
        load_corpus([str(path)])


def test_copies_in_another_dress_are_not_learnt_from() -> None:
    passage = "Көктемде өзен жағасына екі үйрек ұшып келіп ұя салды деп жазады"
    dev = Source.from_lines("dev", [passage, "Қыс."])
    around = f"Кеше {passage} деп жазады біздің ауыл газеті, ол жайлы бұдан бұрын да айтылған еді."
    far = "Көктемде өзен жағасына екі үйрек келіпті, бірақ ұя салмай, келесі күні таң ата қайтадан ұшып кетіпті"
    train = Source.from_lines("train", [passage.upper() + "!", around, far, "қыс", "Қыс келді."])
    assert without_overlap([train], [dev])[0].lines == (far, "Қыс келді.")
