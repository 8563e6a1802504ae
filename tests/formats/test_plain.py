from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.formats import plain


@given(st.text(), st.booleans())
def test_what_is_written_is_read(text: str, has_mark: bool) -> None:
    file = plain.TextFile(text, has_mark)
    data = plain.serialise(file)
    assert plain.serialise(plain.parse(data, name="x")) == data
    if not text.startswith("\ufeff"):
        assert plain.parse(data, name="x") == file


def test_files_keep_their_bytes(tmp_path: Path) -> None:
    data = "\ufeffбір\r\nекі\nүш\r".encode()
    source, copy = tmp_path / "a.txt", tmp_path / "b.txt"
    source.write_bytes(data)
    plain.write(copy, plain.read(source))
    assert copy.read_bytes() == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def test_another_encoding_is_named_with_its_offset() -> None:
    with pytest.raises(ValueError, match=r"page.txt: not UTF-8: byte 0xff at offset 0 \(it looks like UTF-16\)"):
        plain.parse("ән".encode("utf-16"), name="page.txt")
    with pytest.raises(ValueError, match="byte 0xd3 at offset 8;"):
        plain.parse(b"ab cd ef\xd3", name="page.txt")


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("ән")
    with pytest.raises(UnicodeEncodeError):
        plain.write(path, plain.TextFile("\ud800"))
    assert path.read_text() == "ән"
    assert len(list(tmp_path.iterdir())) == 1
