"""Reader of Parquet files: every column as text, so that one contract serves all formats; the line is the row's number."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from conf.columns import Column
from spark_jobs.ingest.blocks import BOMB_BYTES, BOMB_RATIO, Reject, UnreadableFileError
from spark_jobs.ingest.header import Drift, Header, drifted, matched_header
from spark_jobs.ingest.rows import Rows, with_missing_columns

Parse = Callable[[], Rows]
BATCH_ROWS = 1 << 17
BATCH_BYTES = 64 << 20
ROWS_AT_ONCE = 1 << 13
MOST_COLUMNS = 16_384


def read_parquet(file: Path, columns: tuple[Column, ...], notes: list[str]) -> Iterator[Parse]:
    """Parses to run, in the order of the file.

    Raises:
        UnreadableFileError: the file breaks its contract as a whole.
    """
    with _readable("is not a complete Parquet file"):
        # INT96 holds nanoseconds of any year: as nanoseconds of 64 bits the year 9999 becomes 1815.
        source = pq.ParquetFile(file, coerce_int96_timestamp_unit="us")
        _refuse_too_large(source.metadata, file)
        schema = source.schema_arrow
        header = matched_header(schema.names, columns)
    notes += header.notes
    notes += _other_types(schema, header, columns)
    delivered = [name for name, ours in zip(schema.names, header.positions, strict=True) if ours]
    names = tuple(column.name for column in columns)
    first = 1
    with _readable("holds pages that cannot be read"):
        for batch in _batches(source, delivered):
            lines = np.arange(first, first + batch.num_rows, dtype=np.int64)
            first += batch.num_rows
            yield partial(_given, _checked(_text_columns(batch, delivered, header, schema.names, names), lines))


@contextmanager
def _readable(problem: str) -> Iterator[None]:
    try:
        yield
    except UnreadableFileError:
        raise
    except FileNotFoundError:
        raise UnreadableFileError("is not there any more", "deliver it again") from None
    except Exception:  # noqa: BLE001 - broken footers and pages raise anything: Arrow's errors, OSError, UnicodeDecodeError, OverflowError
        raise UnreadableFileError(problem, "deliver it again; check size and name at the sender") from None


def _refuse_too_large(footer: pq.FileMetaData, file: Path) -> None:
    """Refuse what unpacks to far more than it is, and nesting that no feed has.

    Raises:
        UnreadableFileError: the file is beyond a limit.
    """
    unpacked = sum(footer.row_group(at).total_byte_size for at in range(footer.num_row_groups))
    if unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * file.stat().st_size:
        raise UnreadableFileError(f"unpacks to more than {BOMB_RATIO} times its size", "check the delivery; deliver it as csv")
    if footer.num_columns > MOST_COLUMNS:
        raise UnreadableFileError(f"has more than {MOST_COLUMNS:,} columns", "deliver the columns that are needed")


def _batches(source: pq.ParquetFile, delivered: list[str]) -> Iterator[pa.Table]:
    """Rows in tables of a good size: few rows at once where values are large, as one text of a dictionary may stand in every row."""
    waiting: list[pa.RecordBatch] = []
    for batch in source.iter_batches(ROWS_AT_ONCE, columns=delivered):
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) >= BATCH_ROWS or sum(part.nbytes for part in waiting) >= BATCH_BYTES:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def _checked(table: pa.Table, lines: NDArray[np.int64]) -> Rows:
    """The rows without those that hold bytes that are no UTF-8; these are rejected."""
    try:
        table.validate(full=True)
    except pa.ArrowInvalid:
        return _without_undecodable(table, lines)
    return Rows(table, lines)


def _without_undecodable(table: pa.Table, lines: NDArray[np.int64]) -> Rows:
    is_bad = np.zeros(table.num_rows, bool)
    raw: dict[int, bytes] = {}
    for column in table.columns:
        for at, value in enumerate(column.cast(pa.binary()).to_pylist()):
            if value is not None and not _is_utf8(value):
                is_bad[at] = True
                raw.setdefault(at, value)
    rejects = [Reject(int(lines[at]), "line:encoding", value) for at, value in sorted(raw.items())]
    return Rows(table.filter(pa.array(~is_bad)), lines[~is_bad], rejects)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


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


def _text_columns(batch: pa.Table, delivered: list[str], header: Header, all_names: list[str], names: tuple[str, ...]) -> pa.Table:
    ours = dict(zip(all_names, header.positions, strict=True))
    columns = {ours[name]: pa.chunked_array([_as_text(part) for part in batch.column(name).chunks], pa.string()) for name in delivered}
    return with_missing_columns(pa.table(columns), names)


def _as_text(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _as_text(values.dictionary_decode())
    if pa.types.is_floating(kind):
        return _float_text(values if kind != pa.float16() else values.cast(pa.float32()))
    if pa.types.is_nested(kind):
        texts = [None if value is None else json.dumps(value, ensure_ascii=False, default=_json_value) for value in values.to_pylist()]
        return pa.array(texts, pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        values = values.cast(pa.binary())
        text = pa.Array.from_buffers(pa.string(), len(values), values.buffers(), offset=values.offset)  # checked later, row by row
    else:
        text = values.cast(pa.string())
    return pc.if_else(pc.equal(pc.binary_length(text), 0), None, text)


def _float_text(values: pa.Array) -> pa.Array:
    whole = pc.equal(values, pc.floor(values))
    small = pc.less(pc.abs(values), 1e15)
    exact = pc.cast(pc.if_else(pc.and_(whole, small), values, None), pa.int64()).cast(pa.string())
    return pc.coalesce(exact, pc.if_else(pc.is_nan(values), None, values).cast(pa.string()))


def _json_value(value: object) -> str:
    """Moments, decimals and bytes inside of lists and structs."""
    return value.hex() if isinstance(value, bytes) else str(value)
