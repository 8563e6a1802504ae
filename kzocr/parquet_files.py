"""Parquet files: a column of strings, or an error that names the file. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1024
"""Rows in memory at a time."""


@contextmanager
def open_parquet(path: Path, column: str) -> Iterator[Any]:
    """Give the open `pyarrow.parquet.ParquetFile` at `path`, which has a column of strings of that name.

    What pyarrow finds broken while the block reads is raised as the same error as what it finds at once.

    Raises:
        ValueError: pyarrow is missing, the file is no Parquet or broken, or it has no such column of strings; the
            message names file and column.
        OSError: it cannot be read at all.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ValueError(f'{path}: Parquet files need pyarrow: pip install "kzocr[parquet]"') from error
    path.open("rb").close()  # the errors of pyarrow have no file name
    try:
        with pq.ParquetFile(path) as file:
            _check(file.schema_arrow, column, path)
            yield file
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise ValueError(_broken(path, error)) from error
    except OSError as error:
        if error.errno is None:  # not the system's: so pyarrow calls data that cannot be unpacked
            raise ValueError(_broken(path, error)) from error
        raise


def column_texts(path: Path, column: str) -> Iterator[str]:
    """Yield the texts of a column, nulls left out; see `open_parquet` for what is raised."""
    with open_parquet(path, column) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=[column]):
            yield from (text for text in batch.column(column).to_pylist() if text is not None)


def _broken(path: Path, error: Exception) -> str:
    return f"{path}: no Parquet file that can be read: {error}"


def _check(schema: pa.Schema, column: str, path: Path) -> None:
    import pyarrow.types as types

    if column not in schema.names:
        raise ValueError(f"{path}: no column {column!r}; there are {', '.join(map(repr, schema.names))}")
    if schema.names.count(column) > 1:
        raise ValueError(f"{path}: {schema.names.count(column)} columns are called {column!r}: rename all but one")
    kind = schema.field(column).type
    value = kind.value_type if types.is_dictionary(kind) else kind
    if not (types.is_string(value) or types.is_large_string(value) or types.is_string_view(value)):
        raise ValueError(f"{path}: column {column!r} is {kind}: expected strings")
