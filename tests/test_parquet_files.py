from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kzocr.corpus import load_corpus
from kzocr.formats.parquet import correct_parquet
from kzocr.formats.texts import read_text
from kzocr.parquet_files import column_texts

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

READERS: list[Callable[[Path], object]] = [
    lambda path: list(column_texts(path, "text")),
    lambda path: read_text(path, "text", "parquet"),
    lambda path: correct_parquet(path, path.with_name("new.parquet"), "text", iter),
    lambda path: load_corpus([str(path)]),
]
NAMES = ["column_texts", "read_text", "correct_parquet", "load_corpus"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "news.parquet"
    pq.write_table(pa.table({"text": ["Күз келді.", None, "Қар жауды."] * 2000}), path, compression="SNAPPY")
    return path


def test_texts_without_nulls(path: Path) -> None:
    assert list(column_texts(path, "text")) == ["Күз келді.", "Қар жауды."] * 2000


@pytest.mark.parametrize("read", READERS, ids=NAMES)
def test_without_pyarrow_every_reader_says_what_to_install(
    path: Path, read: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match=r'news\.parquet: Parquet files need pyarrow: pip install "kzocr\[parquet\]"'):
        read(path)


@pytest.mark.parametrize("read", READERS, ids=NAMES)
def test_every_reader_names_a_broken_file(path: Path, read: Callable[[Path], object]) -> None:
    data = path.read_bytes()
    for broken in (b"PAR1 and no more", data[:4] + bytes(60) + data[64:], data[:-30] + b"\xff" * 18 + data[-12:]):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"news\.parquet: no Parquet file that can be read: "):
            read(path)
    path.write_bytes(data)
    read(path)


@pytest.mark.parametrize("read", READERS, ids=NAMES)
def test_every_reader_names_bytes_that_are_no_text(path: Path, read: Callable[[Path], object]) -> None:
    latin = pa.array([b"\xff\xfe"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": latin}), path)
    with pytest.raises(ValueError, match=r"news\.parquet: no Parquet file that can be read: .*utf-8"):
        read(path)
