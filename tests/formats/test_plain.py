from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.formats import plain
from kzocr.replacing import replacing


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


def test_a_name_as_long_as_they_may_be_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("қ" * 125 + ".txt")
    plain.write(path, plain.TextFile("ән"))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(path.name, "ән")]


def test_an_error_of_writing_names_the_file_that_was_to_be_written(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(FileNotFoundError) as missing:
        plain.write(tmp_path / "none" / "a.txt", plain.TextFile("ән"))
    assert missing.value.filename == str(tmp_path / "none" / "a.txt")
    for number in (errno.ENOSPC, errno.EFBIG):
        with pytest.raises(OSError, match=r"a\.txt") as full, replacing(path):
            raise OSError(number, "no room")
        assert full.value.filename == str(path)
    with pytest.raises(OSError, match="bad sector") as unread, replacing(path):
        raise OSError(errno.EIO, "bad sector")
    assert unread.value.filename is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no full device here")
def test_a_full_device_is_named() -> None:
    with pytest.raises(OSError, match="/dev/full"):
        plain.write(Path("/dev/full"), plain.TextFile("ән"))


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    plain.write(pipe, plain.TextFile("ән"))
    assert pipe.is_fifo()
    reader.join(timeout=10)
    assert read == ["ән".encode()]
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_is_written_to_and_stays() -> None:
    main, other = os.openpty()
    device = Path(os.ttyname(other))
    plain.write(device, plain.TextFile("ән"))
    assert device.is_char_device()
    assert os.read(main, 100) == "ән".encode()
    os.close(other)
    os.close(main)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system does not name what is open")
def test_what_is_open_and_has_no_name_is_written_to() -> None:
    reading, writing = os.pipe()
    plain.write(Path(f"/dev/fd/{writing}"), plain.TextFile("ән"))
    os.close(writing)
    assert os.read(reading, 100) == "ән".encode()
    os.close(reading)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system does not name what is open")
def test_nothing_is_written_to_a_pipe_if_it_fails() -> None:
    reading, writing = os.pipe()
    with pytest.raises(UnicodeEncodeError):
        plain.write(Path(f"/dev/fd/{writing}"), plain.TextFile("\ud800"))
    os.close(writing)
    assert os.read(reading, 100) == b""
    os.close(reading)


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ән")
    (tmp_path / "b.txt").symlink_to("a.txt")
    plain.write(tmp_path / "b.txt", plain.TextFile("күй"))
    assert (tmp_path / "b.txt").is_symlink()
    assert (tmp_path / "a.txt").read_text() == "күй"
