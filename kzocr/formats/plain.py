"""Plain text files: UTF-8 in, UTF-8 out, with the byte order mark and the line ends that were there."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_NAME_CHARS = 40
"""So much of a file's name is in that of the one to write to: with all of it that one's could be too long."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give an empty file to write to, which takes the place of `path`, with its mode, if no exception comes.

    What is there and is no regular file with a name (a pipe, a device, `/dev/stdout`) is written to instead.

    Raises:
        OSError: it cannot be written; what was there before is still there. The error names `path`.
    """
    if path.exists() and not path.resolve().is_file():
        with tempfile.TemporaryDirectory() as folder:
            unfinished = Path(folder) / "unfinished"
            unfinished.touch()
            yield unfinished
            with _naming(path), unfinished.open("rb") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
        return
    resolved = path.resolve()
    mode = resolved.stat().st_mode & 0o777 if resolved.exists() else 0o666 & ~_umask()
    with _naming(path):
        handle, temporary = tempfile.mkstemp(dir=resolved.parent, prefix=f".{resolved.name[:_NAME_CHARS]}.")
    os.close(handle)
    try:
        with _naming(path, temporary):
            yield Path(temporary)
            os.chmod(temporary, mode)
            os.replace(temporary, resolved)
    except BaseException:
        os.unlink(temporary)
        raise


@contextmanager
def _naming(path: Path, unfinished: str | None = None) -> Iterator[None]:
    """Let an error of writing name `path`, where it names nothing or a file that the user knows nothing of.

    Args:
        path: what the user named.
        unfinished: the file that is to become it. With one, errors of reading other files come too: they pass.
    """
    try:
        yield
    except OSError as error:
        if unfinished is None or error.errno in _NO_ROOM or error.filename == unfinished:
            error.filename = str(path)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
