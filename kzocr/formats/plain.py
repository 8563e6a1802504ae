"""Plain text files: UTF-8 in, UTF-8 out, with the byte order mark and the line ends that were there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kzocr.replacing import replacing

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TextFile:
    r"""The content of a text file.

    Attributes:
        text: its characters; line ends are as they stand in the file (`\n`, `\r\n` or a mixture).
        has_byte_order_mark: whether the file begins with a UTF-8 byte order mark, which `text` lacks.
    """

    text: str
    has_byte_order_mark: bool = False


def parse(data: bytes, *, name: str) -> TextFile:
    """Return the text file that `data` is.

    Args:
        data: the bytes of the file.
        name: the file's name, for the message.

    Raises:
        ValueError: the bytes are no UTF-8; the message names the file and the offset of the first bad byte.
    """
    has_byte_order_mark = data.startswith(_BYTE_ORDER_MARK)
    body = data[len(_BYTE_ORDER_MARK) :] if has_byte_order_mark else data
    try:
        return TextFile(body.decode("utf-8"), has_byte_order_mark)
    except UnicodeDecodeError as error:
        offset = error.start + len(data) - len(body)
        raise ValueError(
            f"{name}: not UTF-8: byte 0x{data[offset]:02x} at offset {offset}"
            f"{_guess(data)}; convert the file to UTF-8 first"
        ) from error


def _guess(data: bytes) -> str:
    """Return a remark about the encoding that `data` may be in, or an empty string."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return " (it looks like UTF-16)"
    n_letters = sum(byte >= 0xC0 for byte in data[:4096])
    return " (it may be Windows-1251)" if 4 * n_letters > len(data[:4096]) else ""


def serialise(file: TextFile) -> bytes:
    """Return the bytes of `file`: `serialise(parse(data, name="")) == data`."""
    return (_BYTE_ORDER_MARK if file.has_byte_order_mark else b"") + file.text.encode("utf-8")


def read(path: Path) -> TextFile:
    """Return the text file at `path`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not UTF-8; the message names the file and the byte offset.
    """
    return parse(path.read_bytes(), name=str(path))


def write(path: Path, file: TextFile) -> None:
    """Write `file` to `path` at once: a reader sees the old content or the new, never a part.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    with replacing(path) as unfinished:
        unfinished.write_bytes(serialise(file))
