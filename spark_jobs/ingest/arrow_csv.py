"""Delimited text by pyarrow's parser, where it provably reads what the careful reader would read."""

import re
from codecs import BOM_UTF8

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from conf.dialects import Csv
from spark_jobs.ingest.blocks import Reject
from spark_jobs.ingest.header import Header
from spark_jobs.ingest.records import Offsets, marks_of, well_placed_quotes
from spark_jobs.ingest.rows import Rows, with_missing_columns

BLANK_LINE = re.compile(rb"\n(?:[ \r]*\n|[ \r]+\Z)")


def fast_rows(
    data: bytes, lines: Offsets, dialect: Csv, header: Header, columns: tuple[str, ...], are_records: bool | None = None
) -> Rows | None:
    """Rows of whole records, each with the number of its first line, or None when the careful reader must read them.

    Accepted only if rows and rejects together are as many as the records. `are_records`: true when they were found by the parity of
    well-placed quotes, and blank ones are left out; false when by other means; None for lines without quotes.
    """
    if not _is_readable(data, dialect, are_records):
        return None
    if not len(lines):
        return None
    rejected: list[tuple[int, bytes]] = []
    try:
        table = _arrow_table(data, dialect, header, rejected)
    except pa.ArrowInvalid:
        return None
    if table.num_rows + len(rejected) != len(lines):
        return None
    rejects = [Reject(int(lines[place]), "line:field_count", raw) for place, raw in rejected]
    if rejects:
        lines = np.delete(lines, [place for place, _ in rejected])
    return Rows(with_missing_columns(table, columns), lines, rejects)


def _is_readable(data: bytes, dialect: Csv, are_records: bool | None) -> bool:
    marks = marks_of(dialect)
    if len(marks.delimiter) > 1 or (marks.escape and marks.escape in data):
        return False
    if data.startswith(BOM_UTF8) or b"\n" + BOM_UTF8 in data:
        return False
    if are_records is None and _has_blank_line(data):
        return False
    if are_records is False and marks.occur_in(data):
        quotes = well_placed_quotes(data, marks)
        if quotes is None or len(quotes) & 1:
            return False
    return data.count(b"\r") == data.count(b"\r\n") and b"\0" not in data and _is_utf8(data)


def _has_blank_line(data: bytes) -> bool:
    may_have = data[:1] in (b"\n", b"\r", b" ") or any(start in data for start in (b"\n\n", b"\n\r", b"\n "))
    return may_have and BLANK_LINE.search(b"\n" + data) is not None


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _arrow_table(data: bytes, dialect: Csv, header: Header, rejected: list[tuple[int, bytes]]) -> pa.Table:
    def reject(row: pacsv.InvalidRow) -> str:
        rejected.append((row.number - 1, row.text.encode()))
        return "skip"

    names = [name or f"_undeclared_{position}" for position, name in enumerate(header.positions)]
    quote = dialect.quote if dialect.quote is not None and dialect.quote.isascii() else False
    return pacsv.read_csv(
        pa.BufferReader(data),
        read_options=pacsv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
        parse_options=pacsv.ParseOptions(
            delimiter=dialect.delimiter, quote_char=quote, ignore_empty_lines=False, invalid_row_handler=reject
        ),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            include_columns=list(header.present),
            null_values=list(dialect.null_values),
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )
