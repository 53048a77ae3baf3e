"""Reader of fixed-width text: columns by their place in the line, in characters; blanks around a value are no part of it."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from conf.columns import Column
from conf.dialects import Csv
from spark_jobs.ingest.blocks import Block, BlockReader, Reject, numbered_lines, utf8_chunks
from spark_jobs.ingest.csv_rows import first_block
from spark_jobs.ingest.rows import Rows, text_table

Parse = Callable[[], Rows]
FORM_FEED = b"\f"


def read_fixed_width(file: Path, dialect: Csv, columns: tuple[Column, ...]) -> Iterator[Parse]:
    """Parses to run, in the order of the file; each gives the rows of one block. There is no header: name its lines in `skip_lines`.

    A line that ends before a required column begins is rejected (`line:too_short`); other columns beyond its end are null. A line that
    goes on for as long again after its last column is rejected too (`line:too_long`): it holds further records, without line ends.
    A form feed, with which a printed page begins, belongs to no column.

    Raises:
        UnreadableFileError: the file breaks its contract as a whole.
    """
    reader = BlockReader(utf8_chunks(file, dialect.encoding))
    block = first_block(reader, dialect)
    while block is not None:
        yield partial(_rows, block, dialect, columns)
        block = reader.read()


def _rows(block: Block, dialect: Csv, columns: tuple[Column, ...]) -> Rows:
    names = [column.name for column in columns]
    if block.too_long:
        return Rows(text_table(names, [[] for _ in names]), np.empty(0, np.int64), [Reject(block.first_line, "line:too_long", block.data)])
    ignored, places = dialect.ignored, [_place(column) for column in columns]
    most = 2 * max(place.stop for place in places)
    least = max((place.start for column, place in zip(columns, places, strict=True) if column.required), default=0)
    values: list[list[str | None]] = [[] for _ in columns]
    numbers: list[int] = []
    rejects: list[Reject] = []
    for number, raw in numbered_lines(block):
        if not raw.strip() or (ignored is not None and _is_ignored(raw, ignored)):
            continue
        text = _text(raw, least, most)
        if isinstance(text, Reject):
            rejects.append(Reject(number, text.rule, raw))
            continue
        numbers.append(number)
        for column, place in zip(values, places, strict=True):
            cell = text[place].strip()
            column.append(None if cell in dialect.null_values else cell)
    return Rows(text_table(names, values), np.array(numbers, np.int64), rejects)


def _place(column: Column) -> slice:
    assert column.start is not None
    assert column.width is not None
    return slice(column.start - 1, column.start - 1 + column.width)


def _is_ignored(raw: bytes, ignored: re.Pattern[bytes]) -> bool:
    return any(ignored.search(line) for line in {raw, raw.removeprefix(FORM_FEED)})


def _text(raw: bytes, least: int, most: int) -> str | Reject:
    if b"\0" in raw:
        return Reject(0, "line:nul_byte", raw)
    try:
        text = raw.removeprefix(FORM_FEED).decode("utf-8")
    except UnicodeDecodeError:
        return Reject(0, "line:encoding", raw)
    if len(text) >= most and len(text.rstrip()) >= most:
        return Reject(0, "line:too_long", raw)
    return text if len(text) > least else Reject(0, "line:too_short", raw)
