"""JSONL and Parquet: one column changes, nothing else does, and memory stays flat."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import scripted
from kzocr.formats.jsonl import column_texts, correct_jsonl
from kzocr.formats.parquet import correct_parquet
from kzocr.formats.rows import corrected_rows
from kzocr.formats.texts import files_of, read_text


def mended(texts: Iterable[str]) -> Iterator[str]:
    return (text.replace("сез", "сөз") for text in texts)


def unchanged(texts: Iterable[str]) -> Iterator[str]:
    return iter(texts)


def jsonl(data: bytes, column: str = "text", correct=mended) -> bytes:  # type: ignore[no-untyped-def]
    target = BytesIO()
    correct_jsonl(BytesIO(data), target, column, correct, "rows.jsonl")
    return target.getvalue()


def test_only_the_value_of_the_column_changes() -> None:
    data = (
        '{"a":1e2,  "text" : "бір сез","b":[1.0,{"text":"сез"}]}\r\n\n{"text":null}\n{"text":"\\u0441\\u0435\\u0437"}'
    )
    after = (
        '{"a":1e2,  "text" : "бір сөз","b":[1.0,{"text":"сез"}]}\r\n\n{"text":null}\n{"text":"\\u0441\\u04e9\\u0437"}'
    )
    assert jsonl(data.encode()).decode() == after
    assert jsonl("\ufeff".encode() + data.encode()).decode() == "\ufeff" + after
    assert list(column_texts(BytesIO(data.encode()), "text", "x")) == ["бір сез", "сез"]


def test_the_last_of_two_equal_keys_counts_as_json_has_it() -> None:
    assert jsonl('{"text": "сез", "text": "сез"}'.encode()).decode() == '{"text": "сез", "text": "сөз"}'


def test_half_a_surrogate_pair_stays_beside_letters_that_are_not_escaped() -> None:
    line = '{"text": "\\ud800 бір сез \\uDC00"}'
    assert jsonl(line.encode()).decode() == '{"text": "\\ud800 бір сөз \\udc00"}'
    assert jsonl(b'{"text": "\\ud800 \\u0441\\u0435\\u0437"}') == b'{"text": "\\ud800 \\u0441\\u04e9\\u0437"}'


def test_a_number_of_any_length_stays() -> None:
    line = '{{"a": {}, "text": "{}", "b": [{}]}}'
    assert jsonl(line.format("7" * 5000, "сез", "-" + "1" * 9000).encode()).decode() == line.format(
        "7" * 5000, "сөз", "-" + "1" * 9000
    )


@given(st.lists(st.dictionaries(st.text(max_size=4), st.text() | st.floats(allow_nan=False) | st.none(), max_size=4)))
@settings(max_examples=100, deadline=None)
def test_rows_that_the_corrector_leaves_are_the_same_bytes(rows: list[dict[str, object]]) -> None:
    data = "".join(json.dumps({**row, "text": "сез"}) + "\n" for row in rows).encode()
    assert jsonl(data, correct=unchanged) == data
    expected = [{**row, "text": "сөз"} for row in rows]
    assert [json.loads(line) for line in jsonl(data).splitlines()] == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "rows.jsonl:2: not JSON"),
        (b"[1]", "rows.jsonl:2: expected a JSON object, got list"),
        (b'{"a": 1, "b": 2}', "rows.jsonl:2: no column 'text'; there are 'a', 'b'"),
        (b'{"text": 5}', "rows.jsonl:2: column 'text' is int: expected a string or null"),
        (b'{"text": "\xff"}', "rows.jsonl:2: not UTF-8: byte 10 of the line"),
        (b'{"text": 1' + b"0" * 5000 + b"}", "rows.jsonl:2: column 'text' is int: expected a string or null"),
        (b'{"a": ' + b"[" * 100_000, "rows.jsonl:2: brackets within brackets, too many to read"),
    ],
)
def test_a_bad_line_is_named(line: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        jsonl(b'{"text": ""}\n' + line)


def test_a_million_characters_pass_with_few_in_memory() -> None:
    def lines() -> Iterator[bytes]:
        for _ in range(2000):
            yield b'{"text": "' + b"a " * 500 + b'"}\n'

    class Sink(BytesIO):
        def write(self, data: object) -> int:
            return len(data)  # type: ignore[arg-type]

    tracemalloc.start()
    correct_jsonl(lines(), Sink(), "text", scripted(("b", "c")).correct_stream, "rows.jsonl")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_rows_without_text_are_not_heaped_up() -> None:
    ahead = 0

    def rows() -> Iterator[int]:
        nonlocal ahead
        for i in range(1000):
            ahead = i
            yield i

    for done, (row, text) in enumerate(corrected_rows(rows(), lambda _: None, mended)):
        assert (row, text) == (done, None)
        assert ahead - done < 10


@pytest.fixture
def table() -> pa.Table:
    columns = {
        "id": pa.array([1, 2, 3], pa.int16()),
        "text": pa.array(["бір сез", None, "сез"]),
        "kind": pa.array(["сез", "a", "сез"]).dictionary_encode(),
        "pages": pa.array([[1, 2], [], None], pa.list_(pa.int32())),
    }
    return pa.table(columns).replace_schema_metadata({"made by": "hand"})


def test_parquet_keeps_all_but_the_column(tmp_path: Path, table: pa.Table) -> None:
    source, target = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(
        table, source, compression={"id": "NONE", "text": "GZIP", "kind": "ZSTD", "pages.list.element": "NONE"}
    )
    seen: list[tuple[int, int]] = []
    correct_parquet(source, target, "text", mended, lambda done, n_all: seen.append((done, n_all)), batch_rows=2)
    after = pq.read_table(target)
    assert after.column("text").to_pylist() == ["бір сөз", None, "сөз"]
    assert after.drop_columns(["text"]).equals(table.drop_columns(["text"]))
    assert after.schema.equals(pq.read_schema(source), check_metadata=True)
    assert seen == [(2, 3), (3, 3)]
    group = pq.ParquetFile(target).metadata.row_group(0)
    assert [group.column(i).compression for i in range(3)] == ["UNCOMPRESSED", "GZIP", "ZSTD"]


def test_parquet_keeps_timestamps_in_their_old_form(tmp_path: Path, table: pa.Table) -> None:
    source, target = tmp_path / "a.parquet", tmp_path / "b.parquet"
    table = table.append_column("seen", pa.array([1_700_000_000_123_456_000] * 3, pa.timestamp("ns")))
    for is_old in (True, False):
        pq.write_table(table, source, use_deprecated_int96_timestamps=is_old)
        correct_parquet(source, target, "text", mended)
        assert pq.ParquetFile(target).schema.equals(pq.ParquetFile(source).schema)
        assert pq.read_table(target).column("seen") == table.column("seen")


def test_parquet_of_a_dictionary_column(tmp_path: Path, table: pa.Table) -> None:
    source, target = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(table, source)
    correct_parquet(source, target, "kind", mended)
    assert pq.read_table(target).column("kind").to_pylist() == ["сөз", "a", "сөз"]
    assert pq.read_table(target).schema == table.schema


def test_parquet_without_changes_is_the_same_bytes(tmp_path: Path, table: pa.Table) -> None:
    source, target = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(table, source)
    correct_parquet(source, target, "text", unchanged)
    assert target.read_bytes() == source.read_bytes()


def test_parquet_errors_name_file_and_column(tmp_path: Path, table: pa.Table) -> None:
    source = tmp_path / "a.parquet"
    pq.write_table(table, source)
    for column, message in (("x", "no column 'x'; there are 'id', 'text'"), ("id", "column 'id' is int16")):
        with pytest.raises(ValueError, match=message):
            correct_parquet(source, tmp_path / "b", column, mended)
    pq.write_table(pa.Table.from_arrays([pa.array(["сез"])] * 2, names=["text", "text"]), source)
    with pytest.raises(ValueError, match=r"a\.parquet: 2 columns are called 'text': rename all but one"):
        correct_parquet(source, tmp_path / "b", "text", mended)
    source.write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"a\.parquet: no Parquet file"):
        correct_parquet(source, tmp_path / "b", "text", mended)


def test_texts_of_files_and_folders(tmp_path: Path, table: pa.Table) -> None:
    (tmp_path / "deep").mkdir()
    pq.write_table(table, tmp_path / "deep" / "a.parquet")
    (tmp_path / "b.txt").write_bytes("\ufeffсез".encode())
    (tmp_path / "c.jsonl").write_text('{"text": "бір"}\n{"text": "екі"}\n', encoding="utf-8")
    (tmp_path / "d.png").write_bytes(b"")
    found = files_of([tmp_path])
    assert [path.name for path in found] == ["b.txt", "c.jsonl", "a.parquet"]
    assert [read_text(path, "text") for path in found] == ["сез", "бір\nекі", "бір сез\nсез"]
    with pytest.raises(FileNotFoundError, match=r"none: no such file or folder"):
        files_of([tmp_path / "none"])
