"""Reader of Excel workbooks (.xlsx): one sheet, its cells as the text that a csv export of them would hold; the line is the sheet's row."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from conf.columns import Column
from conf.dialects import Csv
from spark_jobs.ingest.blocks import BOMB_BYTES, BOMB_RATIO, UnreadableFileError
from spark_jobs.ingest.header import Header, declared_header, matched_header
from spark_jobs.ingest.rows import Rows, text_table

Parse = Callable[[], Rows]
BATCH_ROWS = 1 << 14
DELIVER_AGAIN = "open it in a spreadsheet program and save it as .xlsx, or deliver it as csv"


def read_xlsx(file: Path, dialect: Csv, sheet: str | None, columns: tuple[Column, ...], notes: list[str]) -> Iterator[Parse]:
    """Parses to run, in the order of the sheet (the first one unless `sheet` names another). Hidden rows count; empty rows do not.

    Raises:
        UnreadableFileError: the file breaks its contract as a whole.
    """
    try:
        _refuse_bomb(file)
        book = load_workbook(file, read_only=True, data_only=True)
        try:
            yield from _parses(_numbered(book, sheet, dialect), dialect, columns, notes)
        finally:
            book.close()
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, OSError, EOFError, ValueError):
        raise UnreadableFileError("is not a complete Excel workbook", DELIVER_AGAIN) from None


def _refuse_bomb(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * file.stat().st_size:
        raise UnreadableFileError(f"unpacks to more than {BOMB_RATIO} times its size", "check the delivery; deliver it as csv")


def _numbered(book: Any, sheet: str | None, dialect: Csv) -> Iterator[tuple[int, list[str | None]]]:
    """The sheet's rows that hold anything, as text, with their numbers."""
    if sheet is not None and sheet not in book.sheetnames:
        raise UnreadableFileError(f"has no sheet {sheet!r}", f"name one of its {len(book.sheetnames)} sheets in the mapping")
    rows: Iterable[tuple[object, ...]] = (book[sheet] if sheet is not None else book.worksheets[0]).iter_rows(values_only=True)
    ignored = dialect.ignored
    for number, row in enumerate(rows, start=1):
        cells = [_text(value) for value in row]
        if number > dialect.skip_lines and any(cells):
            line = dialect.delimiter.join(cell or "" for cell in cells).encode()
            if ignored is None or not ignored.search(line):
                yield number, cells


def _parses(rows: Iterator[tuple[int, list[str | None]]], dialect: Csv, columns: tuple[Column, ...], notes: list[str]) -> Iterator[Parse]:
    header = declared_header(columns)
    if dialect.header:
        number, cells = next(rows, (1, []))
        header = matched_header([cell or "" for cell in cells], columns, number=number)
    notes += header.notes
    for batch in _batches(rows):
        yield partial(_rows, batch, header, dialect, tuple(column.name for column in columns))


def _batches(rows: Iterator[tuple[int, list[str | None]]]) -> Iterator[list[tuple[int, list[str | None]]]]:
    """The rows in lists of a good size."""
    batch: list[tuple[int, list[str | None]]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _rows(batch: list[tuple[int, list[str | None]]], header: Header, dialect: Csv, names: tuple[str, ...]) -> Rows:
    """Cells by column; a row may end early, as sheets do, and what stands beyond the header belongs to no column."""
    values: list[list[str | None]] = []
    for name in names:
        at = header.positions.index(name) if name in header.positions else None
        cells = [cells[at] if at is not None and at < len(cells) else None for _, cells in batch]
        values.append([None if cell in dialect.null_values else cell for cell in cells])
    return Rows(text_table(names, values), np.array([number for number, _ in batch], np.int64))


def _text(value: object) -> str | None:
    """A cell as text: whole numbers without `.0`, moments as `yyyy-MM-dd HH:mm:ss`, a day without time as `yyyy-MM-dd`."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if not value.microsecond else "microseconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip() or None
