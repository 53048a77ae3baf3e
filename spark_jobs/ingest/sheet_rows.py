"""Reader of Excel workbooks (.xlsx): one sheet, its cells as the text that a csv export of them would hold; the line is the sheet's row."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from conf.columns import Column
from conf.dialects import Csv
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.header import Header, declared_header, matched_header
from spark_jobs.ingest.rows import Rows, text_table
from spark_jobs.ingest.workbooks import Workbook, open_workbook

Parse = Callable[[], Rows]
Row = tuple[int, dict[int, str]]
Picked = tuple[int, list[str | None]]
BATCH_ROWS = 1 << 14


def read_xlsx(file: Path, dialect: Csv, sheet: str | None, columns: tuple[Column, ...], notes: list[str]) -> Iterator[Parse]:
    """Parses to run, in the order of the sheet (the first one unless `sheet` names another). Hidden rows count; empty rows do not.

    Raises:
        UnreadableFileError: the file breaks its contract as a whole.
    """
    with open_workbook(file) as book:
        yield from _parses(_filled_rows(book, sheet, dialect), dialect, columns, notes)


def _filled_rows(book: Workbook, sheet: str | None, dialect: Csv) -> Iterator[Row]:
    """The sheet's rows that hold anything and are not to be ignored."""
    names = book.sheet_names
    if sheet is not None and sheet not in names:
        raise UnreadableFileError(f"has no sheet {sheet!r}", f"name one of its {len(names)} sheets in the mapping")
    ignored = dialect.ignored
    for number, cells in book.rows(names[0] if sheet is None else sheet):
        if number <= dialect.skip_lines or not cells:
            continue
        if ignored is None or not ignored.search(_line(cells, dialect.delimiter)):
            yield number, cells


def _line(cells: dict[int, str], delimiter: str) -> bytes:
    """The row as a line of csv, up to its last filled cell."""
    filled = sorted(cells)
    gaps = [delimiter * (column - before) for before, column in pairwise([1, *filled])]
    return "".join(gap + cells[column] for gap, column in zip(gaps, filled, strict=True)).encode()


def _parses(rows: Iterator[Row], dialect: Csv, columns: tuple[Column, ...], notes: list[str]) -> Iterator[Parse]:
    header = declared_header(columns)
    if dialect.header:
        number, cells = next(rows, (1, {}))
        names = [cells.get(column, "") for column in range(1, max(cells, default=0) + 1)]
        header = matched_header(names, columns, number=number)
    notes += header.notes
    places = [_place(header, column.name) for column in columns]
    for batch in _batches(rows, places):
        yield partial(_rows, batch, dialect, tuple(column.name for column in columns))


def _place(header: Header, name: str) -> int | None:
    return header.positions.index(name) + 1 if name in header.positions else None


def _batches(rows: Iterator[Row], places: list[int | None]) -> Iterator[list[Picked]]:
    """The cells of the contract's columns, in lists of a good size; what stands beyond the header belongs to no column."""
    batch: list[Picked] = []
    for number, cells in rows:
        batch.append((number, [None if place is None else cells.get(place) for place in places]))
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _rows(batch: list[Picked], dialect: Csv, names: tuple[str, ...]) -> Rows:
    values = [[None if cells[at] in dialect.null_values else cells[at] for _, cells in batch] for at in range(len(names))]
    return Rows(text_table(names, values), np.array([number for number, _ in batch], np.int64))
