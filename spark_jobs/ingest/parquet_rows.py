"""Reader of Parquet files: every column as text, so that one contract serves all formats; the line is the row's number."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from conf.columns import Column
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.header import Drift, Header, drifted, matched_header
from spark_jobs.ingest.rows import Rows, with_missing_columns

Parse = Callable[[], Rows]
BATCH_ROWS = 1 << 17


def read_parquet(file: Path, columns: tuple[Column, ...], notes: list[str]) -> Iterator[Parse]:
    """Parses to run, in the order of the file.

    Raises:
        UnreadableFileError: the file breaks its contract as a whole.
    """
    try:
        source = pq.ParquetFile(file)
        header = matched_header(source.schema_arrow.names, columns)
    except (pa.ArrowException, OSError):
        raise UnreadableFileError("is not a complete Parquet file", "deliver it again; check size and name at the sender") from None
    notes += header.notes
    notes += _other_types(source.schema_arrow, header, columns)
    delivered = [name for name, ours in zip(source.schema_arrow.names, header.positions, strict=True) if ours]
    names = tuple(column.name for column in columns)
    first = 1
    try:
        for batch in source.iter_batches(BATCH_ROWS, columns=delivered):
            lines = np.arange(first, first + batch.num_rows, dtype=np.int64)
            first += batch.num_rows
            rows = Rows(_text_columns(batch, delivered, header, source.schema_arrow.names, names), lines)
            yield partial(_given, rows)
    except (pa.ArrowException, OSError):
        raise UnreadableFileError("holds pages that cannot be read", "deliver it again; check size and name at the sender") from None


def _other_types(schema: pa.Schema, header: Header, columns: tuple[Column, ...]) -> list[str]:
    """Columns that are stored as text though the contract says otherwise: each of their values has to be read as one."""
    declared = {column.name: column.type for column in columns}
    found = []
    for item, name in zip(schema, header.positions, strict=True):
        if name is not None and declared[name] != "string" and (pa.types.is_string(item.type) or pa.types.is_large_string(item.type)):
            found.append(drifted(Drift.MODERATE, f"{name} is stored as text, the contract says {declared[name]}"))
    return found


def _given(rows: Rows) -> Rows:
    return rows


def _text_columns(batch: pa.RecordBatch, delivered: list[str], header: Header, all_names: list[str], names: tuple[str, ...]) -> pa.Table:
    ours = dict(zip(all_names, header.positions, strict=True))
    table = pa.table({ours[name]: _as_text(batch.column(name)) for name in delivered})
    return with_missing_columns(table, names)


def _as_text(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _as_text(values.dictionary_decode())
    if pa.types.is_floating(kind):
        whole = pc.equal(values, pc.floor(values))
        small = pc.less(pc.abs(values), 1e15)
        exact = pc.cast(pc.if_else(pc.and_(whole, small), values, None), pa.int64()).cast(pa.string())
        return pc.coalesce(exact, pc.if_else(pc.is_nan(values), None, values).cast(pa.string()))
    if pa.types.is_nested(kind):
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    text = values.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), None, text)
