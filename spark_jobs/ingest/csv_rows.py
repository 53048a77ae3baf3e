"""Reader of delimited text: pyarrow's parser on well-formed records, and a careful reader, record by record, on the others."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conf.columns import Column
from conf.dialects import Csv
from spark_jobs.ingest.arrow_csv import fast_rows
from spark_jobs.ingest.blocks import KEPT_OF_A_LONG_LINE, Block, BlockReader, Reject, UnreadableFileError, numbered_lines, utf8_chunks
from spark_jobs.ingest.careful_csv import careful_rows, is_blank, rows_of, split_line
from spark_jobs.ingest.csv_limits import LONGEST_ROW, Remarks, broken_records, remark_of_skipped, unclosed_remark
from spark_jobs.ingest.header import Header, declared_header, matched_header
from spark_jobs.ingest.records import Records, RecordScanner, blank_records, find_records, marks_of
from spark_jobs.ingest.rows import Rows, text_table

Parse = Callable[[], Rows]
MOST_COLUMNS = 10_000
LOOKED_AT_ROWS = 100
SEPARATOR_LINE = re.compile(rb'"?sep=(.)"?', re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class CsvLayout:
    """Everything needed to parse one block of one file."""

    dialect: Csv
    header: Header
    columns: tuple[str, ...]
    header_line: bytes = b""


def read_csv(file: Path, dialect: Csv, columns: tuple[Column, ...], notes: list[str]) -> Iterator[Parse]:
    """Parses to run, in the order of the file; each gives the rows of one block. Notes come while it reads.

    Raises:
        UnreadableFileError: the file breaks its contract as a whole.
    """
    reader = BlockReader(utf8_chunks(file, dialect.encoding), partial(RecordScanner, dialect))
    block = _without_separator_line(first_block(reader, dialect), reader, dialect)
    if block is None:
        return
    layout, rest = _layout(block, dialect, columns)
    notes += layout.header.notes
    remarks = Remarks(notes)
    block = rest
    while block is not None:
        if block.skipped is not None:
            yield from _skipped(block, file, layout, remarks)
        elif block.data:
            yield from _parses(block, layout, reader, file, remarks)
        block = reader.read()


def first_block(reader: BlockReader, dialect: Csv) -> Block | None:
    """The file from its first line that counts: without `skip_lines`, leading blank lines and ignored lines; None when nothing is left.

    Raises:
        UnreadableFileError: a line without end.
    """
    to_skip = dialect.skip_lines
    while (block := reader.read()) is not None:
        if (found := _from_first_line(block, dialect, to_skip)) is not None:
            return found
        to_skip = max(0, to_skip - block.data.count(b"\n"))
    return None


def _from_first_line(block: Block, dialect: Csv, to_skip: int = 0) -> Block | None:
    """The block from its first line that counts, or None."""
    if block.too_long:
        raise UnreadableFileError(f"line {block.first_line}: has no line end", "check delimiter, encoding and line ends of the file")
    ignored, at, number = dialect.ignored, 0, block.first_line
    while at < len(block.data):
        end = block.data.find(b"\n", at) + 1 or len(block.data)
        line = block.data[at:end].rstrip(b"\r\n")
        if to_skip == 0 and line and not (ignored and ignored.search(line)):
            return Block(block.data[at:], number, block.is_last, block.first_byte + at)
        at, number, to_skip = end, number + 1, max(0, to_skip - 1)
    return None


def _without_separator_line(block: Block | None, reader: BlockReader, dialect: Csv) -> Block | None:
    """The file without the line `sep=;` by which a spreadsheet names its delimiter."""
    if block is None:
        return None
    line, end, rest = block.data.partition(b"\n")
    found = SEPARATOR_LINE.fullmatch(line.rstrip(b"\r"))
    if found is None:
        return block
    if found[1] != dialect.delimiter.encode():
        named = found[1].decode("utf-8", "replace")
        raise UnreadableFileError(
            f"line {block.first_line}: says that {named!r} is the delimiter", f"set csv.delimiter: {named!r} in the mapping"
        )
    following = Block(rest, block.first_line + 1, block.is_last, block.first_byte + len(line + end))
    return _from_first_line(following, dialect) or first_block(reader, dialect.model_copy(update={"skip_lines": 0}))


def _layout(block: Block, dialect: Csv, columns: tuple[Column, ...]) -> tuple[CsvLayout, Block]:
    names = tuple(column.name for column in columns)
    if not dialect.header:
        return CsvLayout(dialect, _with_trailing_delimiter(declared_header(columns), block.data, dialect), names), block
    line, end, rest = block.data.partition(b"\n")
    try:
        text = line.rstrip(b"\r").decode("utf-8")
        cells = split_line(text, dialect)
    except (UnicodeDecodeError, ValueError):
        raise UnreadableFileError(
            f"line {block.first_line}: the header cannot be read", f"is the file really {dialect.encoding}? set csv.encoding in the mapping"
        ) from None
    if len(cells) > MOST_COLUMNS:
        raise UnreadableFileError(
            f"line {block.first_line}: has {len(cells):,} columns", f"a file may have {MOST_COLUMNS:,}; check csv.delimiter"
        )
    header = matched_header(cells, columns, text, dialect.delimiter, block.first_line)
    layout = CsvLayout(dialect, _with_trailing_delimiter(header, rest, dialect), names, line.rstrip(b"\r"))
    return layout, Block(rest, block.first_line + 1, block.is_last, block.first_byte + len(line + end))


def _with_trailing_delimiter(header: Header, data: bytes, dialect: Csv) -> Header:
    """The header with a nameless last column when rows end in a delimiter that the header lacks.

    Only when all of the first rows do, and there are two: in a single row it may be a value too many.
    """
    ignored, delimiter = dialect.ignored, dialect.delimiter.encode()
    lines = [line.rstrip(b"\r") for line in data[:LONGEST_ROW].split(b"\n")[:LOOKED_AT_ROWS]]
    rows = [line for line in lines if not is_blank(line) and not (ignored and ignored.search(line))]
    if len(rows) < 2 or not all(row.endswith(delimiter) for row in rows):
        return header
    try:
        widths = {len(split_line(row.decode("utf-8"), dialect)) for row in rows}
    except ValueError:
        return header
    return Header((*header.positions, None), header.notes) if widths == {len(header.positions) + 1} else header


def _skipped(block: Block, file: Path, layout: CsvLayout, remarks: Remarks) -> Iterator[Parse]:
    """The rejects of a record that was too long to keep: one, or one for each line when its quote is never closed."""
    assert block.skipped is not None
    end = block.skipped.end
    if not (isinstance(end, RecordScanner) and end.is_inside):
        rule = remark_of_skipped(block, block.skipped, layout.dialect, remarks)
        yield partial(_rejected, [Reject(block.first_line, rule, block.data)], layout)
        return
    remarks.add(unclosed_remark(block.first_line, block.first_byte))
    again = BlockReader(utf8_chunks(file, layout.dialect.encoding))
    while (lines := again.read()) is not None:
        if lines.first_line + lines.data.count(b"\n") >= block.first_line:
            yield partial(_unclosed, lines, block.first_line, layout)


def _unclosed(block: Block, first_line: int, layout: CsvLayout) -> Rows:
    """A reject for each line of the block, from the first one on, because it is inside a quote that is never closed."""
    lines = [(number, raw) for number, raw in numbered_lines(block) if number >= first_line and not is_blank(raw)]
    return _rejected([Reject(number, "line:unclosed_quote", raw) for number, raw in lines], layout)


def _rejected(rejects: Sequence[Reject], layout: CsvLayout) -> Rows:
    return Rows(text_table(layout.columns, [[] for _ in layout.columns]), np.empty(0, np.int64), rejects)


def _parses(block: Block, layout: CsvLayout, reader: BlockReader, file: Path, remarks: Remarks) -> Iterator[Parse]:
    """Parses of a block; what must see the following lines is done at once."""
    dialect, data = layout.dialect, block.data
    has_ignored = dialect.ignored is not None and dialect.ignored.search(data) is not None
    if not has_ignored and not marks_of(dialect).occur_in(data):
        yield partial(_lines, block, layout)
        return
    records = find_records(data, dialect, block.is_last)
    broken = broken_records(block, records, dialect, remarks)
    if len(records.starts):
        yield partial(_rows, block, records, broken, layout)
    tail = data[records.tail :]
    if not tail:
        return
    first_line = block.first_line + data.count(b"\n", 0, records.tail)
    if block.is_last:
        remarks.add(unclosed_remark(first_line, block.first_byte + records.tail))
        yield partial(_unclosed, Block(tail, first_line, is_last=True), first_line, layout)
    elif len(tail) > LONGEST_ROW:
        yield from _skipped(reader.skip(tail), file, layout, remarks)
    else:
        reader.unread(tail)


def _lines(block: Block, layout: CsvLayout) -> Rows:
    """Rows of a block of which every line is a record."""
    lines = np.arange(block.first_line, block.first_line + block.data.count(b"\n") + (not block.data.endswith(b"\n")), dtype=np.int64)
    rows = fast_rows(block.data, lines, layout.dialect, layout.header, layout.columns)
    whole = Block(block.data, block.first_line, is_last=True)
    return rows if rows is not None else careful_rows(whole, layout.dialect, layout.header.positions, layout.columns, layout.header_line)[0]


def _rows(block: Block, records: Records, broken: dict[int, str], layout: CsvLayout) -> Rows:
    """Rows of a block whose records may have several lines; broken records are rejects, blank ones are none."""
    data, lines = block.data, records.lines + block.first_line
    kept = np.ones(len(lines), np.bool_)
    kept[list(broken)] = False
    kept &= ~blank_records(data, records)
    text = _joined(data, records, kept)
    by_parity = records.by_parity
    rows = fast_rows(text, lines[kept], layout.dialect, layout.header, layout.columns, by_parity)
    if rows is None:
        places = zip(lines[kept].tolist(), records.starts[kept].tolist(), records.ends[kept].tolist(), strict=True)
        kept_records = ((line, data[start:end]) for line, start, end in places)
        rows = rows_of(kept_records, layout.dialect, layout.header.positions, layout.columns, layout.header_line)
    rejects = [
        Reject(int(lines[at]), rule, _head(data[int(records.starts[at]) : int(records.ends[at])].rstrip(b"\r\n")))
        for at, rule in broken.items()
    ]
    return Rows(rows.table, rows.lines, sorted([*rows.rejects, *rejects], key=lambda reject: reject.line))


def _head(raw: bytes) -> bytes:
    return raw if len(raw) <= LONGEST_ROW else raw[:KEPT_OF_A_LONG_LINE]


def _joined(data: bytes, records: Records, kept: NDArray[np.bool_]) -> bytes:
    """The text of the kept records, copied in runs."""
    starts, ends = records.starts[kept], records.ends[kept]
    if not len(starts):
        return b""
    gaps = np.flatnonzero(starts[1:] != ends[:-1])
    begins = starts[np.concatenate([[0], gaps + 1])].tolist()
    closes = ends[np.concatenate([gaps, [len(ends) - 1]])].tolist()
    if len(begins) == 1 and begins[0] == 0 and closes[0] == len(data):
        return data
    view = memoryview(data)
    return b"".join(view[begin:close] for begin, close in zip(begins, closes, strict=True))
