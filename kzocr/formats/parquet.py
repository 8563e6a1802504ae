"""Parquet: one string column is corrected; the other columns, the schema and its metadata stay. Needs pyarrow."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kzocr.formats.rows import CorrectStream, corrected_rows
from kzocr.parquet_files import BATCH_ROWS, open_parquet

if TYPE_CHECKING:
    import pyarrow as pa

OnRows = Callable[[int, int], None]


def correct_parquet(
    source: Path,
    target: Path,
    column: str,
    correct_stream: CorrectStream,
    on_rows: OnRows | None = None,
    batch_rows: int = BATCH_ROWS,
) -> None:
    """Write the Parquet file `source` to `target` with the strings of one column corrected.

    Nulls stay; a file in which nothing was changed is copied byte for byte. Compression is that of the source's
    columns. Memory does not grow with the file, but row groups are cut anew.

    Args:
        source: the file.
        target: where the new one goes; it is there in part if this fails.
        column: a column of strings.
        correct_stream: the corrector.
        on_rows: called with the rows done and all rows.
        batch_rows: rows in memory at a time, and the most in a row group of the new file.

    Raises:
        ValueError: as `open_parquet` says.
        OSError: a file cannot be read or written.
    """
    is_changed = False
    with open_parquet(source, column) as file:
        import pyarrow.parquet as pq

        schema = file.schema_arrow
        with pq.ParquetWriter(target, schema, **_settings(file, schema)) as writer:
            n_done = 0
            for batch in file.iter_batches(batch_size=batch_rows):
                corrected = _corrected(batch, column, correct_stream)
                is_changed = is_changed or corrected is not batch
                writer.write_batch(corrected)
                n_done += batch.num_rows
                if on_rows is not None:
                    on_rows(n_done, file.metadata.num_rows)
    if not is_changed:
        shutil.copyfile(source, target)


def _settings(file: Any, schema: pa.Schema) -> dict[str, Any]:
    """Return how the new file is written: the codecs of the source's columns, and its old form of timestamps."""
    if file.metadata.num_row_groups == 0:
        return {}
    group = file.metadata.row_group(0)
    codecs = {group.column(i).path_in_schema: group.column(i).compression for i in range(group.num_columns)}
    codecs = {path: "NONE" if codec == "UNCOMPRESSED" else codec for path, codec in codecs.items()}
    is_old = any(group.column(i).physical_type == "INT96" for i in range(group.num_columns))
    return {
        "compression": codecs,
        "version": file.metadata.format_version,
        "use_deprecated_int96_timestamps": is_old,
    }


def _corrected(batch: pa.RecordBatch, column: str, correct_stream: CorrectStream) -> pa.RecordBatch:
    """Return the batch with its column corrected; the same object if nothing was changed."""
    import pyarrow as pa

    texts: list[str | None] = batch.column(column).to_pylist()
    new = [corrected for _, corrected in corrected_rows(iter(texts), _itself, correct_stream)]
    if new == texts:
        return batch
    field = batch.schema.field(column)
    values = pa.array(new, pa.string()).cast(field.type)
    return batch.set_column(batch.schema.get_field_index(column), field, values)


def _itself(text: str | None) -> str | None:
    return text
