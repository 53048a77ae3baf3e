"""Reader of delimited text: pyarrow's parser on well-formed blocks, and a careful reader, row by row, on the others."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from conf.columns import Column
from conf.dialects import Csv
from spark_jobs.ingest.blocks import Block, BlockReader, Reject, UnreadableFileError, utf8_chunks
from spark_jobs.ingest.careful_csv import careful_rows, split_line
from spark_jobs.ingest.header import Header, declared_header, matched_header
from spark_jobs.ingest.rows import Rows, text_table, with_missing_columns

Parse = Callable[[], Rows]
BLANK_LINE = re.compile(rb"\n(?:[ \r]*\n|[ \r]+\Z)")


@dataclass(frozen=True)
class CsvLayout:
    """Everything needed to parse one block of one file."""

    dialect: Csv
    header: Header
    columns: tuple[str, ...]
    ignored: re.Pattern[bytes] | None = None


def read_csv(file: Path, dialect: Csv, columns: tuple[Column, ...], notes: list[str]) -> Iterator[Parse]:
    """Parses to run, in the order of the file; each gives the rows of one block.

    Raises:
        UnreadableFileError: the file breaks its contract as a whole.
    """
    reader = BlockReader(utf8_chunks(file, dialect.encoding))
    block = first_block(reader, dialect)
    if block is None:
        return
    layout, rest = _layout(block, dialect, columns)
    notes += layout.header.notes
    block = rest
    while block is not None:
        if block.data:
            yield _parse(block, layout, reader)
        block = reader.read()


def first_block(reader: BlockReader, dialect: Csv) -> Block | None:
    """The file from its first line that counts: without `skip_lines`, leading blank lines and ignored lines; None when nothing is left.

    Raises:
        UnreadableFileError: a line without end.
    """
    to_skip, ignored = dialect.skip_lines, dialect.ignored
    while (block := reader.read()) is not None:
        if block.too_long:
            raise UnreadableFileError(f"line {block.first_line}: has no line end", "check delimiter, encoding and line ends of the file")
        data, number = block.data, block.first_line
        while data:
            end = data.find(b"\n") + 1 or len(data)
            line = data[:end].rstrip(b"\r\n")
            if to_skip == 0 and line and not (ignored and ignored.search(line)):
                return Block(data, number, block.is_last)
            data, number, to_skip = data[end:], number + 1, max(0, to_skip - 1)
    return None


def _layout(block: Block, dialect: Csv, columns: tuple[Column, ...]) -> tuple[CsvLayout, Block]:
    names = tuple(column.name for column in columns)
    if not dialect.header:
        return CsvLayout(dialect, declared_header(columns), names, dialect.ignored), block
    line, _, rest = block.data.partition(b"\n")
    try:
        text = line.removesuffix(b"\r").decode("utf-8")
        cells = split_line(text, dialect)
    except (UnicodeDecodeError, ValueError):
        raise UnreadableFileError(
            f"line {block.first_line}: the header cannot be read", f"is the file really {dialect.encoding}? set csv.encoding in the mapping"
        ) from None
    header = matched_header(cells, columns, text, dialect.delimiter, block.first_line)
    return CsvLayout(dialect, header, names, dialect.ignored), Block(rest, block.first_line + 1, block.is_last)


def _parse(block: Block, layout: CsvLayout, reader: BlockReader) -> Parse:
    """A parse of the block; what must see the following lines is done at once."""
    if block.too_long:
        reject = Reject(block.first_line, "line:too_long", block.data)
        return lambda: Rows(text_table(layout.columns, [[] for _ in layout.columns]), np.empty(0, np.int64), [reject])
    has_ignored = layout.ignored is not None and layout.ignored.search(block.data) is not None
    if has_ignored or _rows_may_cross_lines(block.data, layout.dialect):
        rows, tail = careful_rows(block, layout.dialect, layout.header.positions, layout.columns)
        if tail:
            reader.unread(tail)
        return lambda: rows
    return lambda: _fast_rows(block, layout)


def _rows_may_cross_lines(data: bytes, dialect: Csv) -> bool:
    """True when a quoted field may go on in the next line, or the dialect is none of pyarrow's."""
    quote, escape, delimiter = dialect.quote.encode(), (dialect.escape or "").encode(), dialect.delimiter.encode()
    if len(delimiter) > 1 or (escape and escape in data):
        return True
    if quote not in data:
        return False
    if escape or len(quote) > 1:
        return True
    characters = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(characters == quote[0])
    line_of_quote = np.searchsorted(np.flatnonzero(characters == ord("\n")), quotes)
    if np.any(np.bincount(line_of_quote) & 1):
        return True
    # Every second quote opens a field or follows the one that it doubles; any other is text, and what follows it may open a field.
    openers = quotes[::2]
    before = characters[openers[1:] - 1] if openers[0] == 0 else characters[openers - 1]
    return not bool(np.all(np.isin(before, np.frombuffer(b"\n" + delimiter + quote, np.uint8))))


def _fast_rows(block: Block, layout: CsvLayout) -> Rows:
    """Rows by pyarrow, accepted only if rows and rejects together are as many as the lines."""
    data = block.data
    expected = data.count(b"\n") + (not data.endswith(b"\n"))
    if _has_blank_line(data) or data.count(b"\r") != data.count(b"\r\n") or b"\0" in data or not _is_utf8(data):
        return careful_rows(block, layout.dialect, layout.header.positions, layout.columns, alone=True)[0]
    rejects: list[Reject] = []
    try:
        table = _arrow_table(block, layout, rejects)
    except pa.ArrowInvalid:
        table = None
    if table is None or table.num_rows + len(rejects) != expected:
        return careful_rows(block, layout.dialect, layout.header.positions, layout.columns, alone=True)[0]
    lines = np.arange(block.first_line, block.first_line + expected, dtype=np.int64)
    if rejects:
        lines = np.setdiff1d(lines, np.array([reject.line for reject in rejects], np.int64), assume_unique=True)
    return Rows(with_missing_columns(table, layout.columns), lines, rejects)


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


def _arrow_table(block: Block, layout: CsvLayout, rejects: list[Reject]) -> pa.Table:
    def reject(row: pacsv.InvalidRow) -> str:
        rejects.append(Reject(block.first_line + row.number - 1, "line:field_count", row.text.encode()))
        return "skip"

    names = [name or f"_undeclared_{position}" for position, name in enumerate(layout.header.positions)]
    return pacsv.read_csv(
        pa.BufferReader(block.data),
        read_options=pacsv.ReadOptions(use_threads=False, block_size=len(block.data) + 1, column_names=names),
        parse_options=pacsv.ParseOptions(
            delimiter=layout.dialect.delimiter, quote_char=layout.dialect.quote, ignore_empty_lines=False, invalid_row_handler=reject
        ),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            include_columns=list(layout.header.present),
            null_values=list(layout.dialect.null_values),
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )
