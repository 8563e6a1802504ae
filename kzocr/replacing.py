"""A file is replaced at once, when its new content is whole: who stops halfway leaves what was there before."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME_CHARS = 40
"""So much of a file's name is in that of the one to write to: with all of it that one's could be too long."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
