"""Samples of delivered files, read by the readers of ingest: a column's values are the texts that its contract will see."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from conf.columns import Column
from conf.dialects import Csv
from conf.errors import Finding, InputError
from spark_jobs.ingest.blocks import COMPRESSION, UnreadableFileError, utf8_chunks
from spark_jobs.ingest.csv_rows import Parse, read_csv
from spark_jobs.ingest.draft.dialect import guess_encoding, guess_text
from spark_jobs.ingest.draft.json_layout import json_layouts
from spark_jobs.ingest.draft.tables import Record, find_table, footer_patterns, names_by_place, trimmed
from spark_jobs.ingest.fixed_rows import read_fixed_width
from spark_jobs.ingest.json_rows import read_jsonl
from spark_jobs.ingest.parquet_rows import read_parquet
from spark_jobs.ingest.sheet_rows import read_xlsx
from spark_jobs.ingest.workbooks import open_workbook

HEAD_ROWS, MOST_ROWS, MOST_READ = 25_000, 50_000, 2_000_000
SHEET_ROWS = 500  # among which the header of a sheet is looked for
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
OLD_FORMATS = {
    b"\xd0\xcf\x11\xe0": ("is a workbook of the old format .xls", "save it as .xlsx or csv"),
    b"%PDF": ("is a PDF", "ask the source for csv or xlsx"),
    b"ORC": ("is an ORC file", "deliver it as parquet or csv"),
    b"Obj\x01": ("is an Avro file", "deliver it as parquet or JSON lines"),
}


@dataclass(frozen=True)
class Sample:
    """Rows of one file: the first ones as they follow each other, and every n-th of the rest; columns `c0`, `c1` … in file order."""

    file: Path
    format: str
    csv: Csv
    names: tuple[str, ...]
    rows: pa.Table
    head: pa.Table
    rejected: int = 0
    notes: tuple[str, ...] = ()
    is_named: bool = True
    each: str | None = None
    places: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Layout:
    """How a file is written, and the names of its columns."""

    format: str
    csv: Csv
    names: tuple[str, ...]
    notes: list[str] = field(default_factory=list)
    is_named: bool = True
    each: str | None = None
    places: tuple[tuple[int, int], ...] = ()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns as a contract that takes every value."""
        if self.places:
            return tuple(Column(name=f"c{at}", type="string", start=start, width=width) for at, (start, width) in enumerate(self.places))
        return tuple(Column(name=f"c{number}", source_name=name, type="string") for number, name in enumerate(self.names))


def read_samples(file: Path) -> list[Sample]:
    """Samples of a file of any format that ingest reads: one, or one more for each list of objects in JSON.

    Raises:
        InputError: the file cannot be read, has no rows, or no columns that can be told apart.
    """
    if not file.is_file():
        raise InputError("a sample cannot be read", [Finding(str(file), "is no file", "name sample files as the source delivers them")])
    try:
        samples = [_sample(file, layout) for layout in _layouts(file)]
        _refuse_one_column(samples)
    except UnreadableFileError as err:
        raise InputError("a sample cannot be read", [Finding(str(file), err.problem, err.remedy)]) from None
    return samples


def _sample(file: Path, layout: Layout) -> Sample:
    rows, head, rejected = _collected(_parses(file, layout))
    if not rows.num_rows and rejected:
        remedy = "look for a quote that is never closed (csv.quote: none reads quotes as text), and check csv.delimiter and csv.encoding"
        raise UnreadableFileError(f"none of its {rejected} line(s) is a row", remedy)
    if not rows.num_rows:
        raise UnreadableFileError(
            "no rows were found",
            "give a file with rows, and check delimiter and encoding: set csv.delimiter or format: fixed_width by hand",
        )
    return Sample(
        file,
        layout.format,
        layout.csv,
        layout.names,
        rows,
        head,
        rejected,
        tuple(layout.notes),
        layout.is_named,
        layout.each,
        layout.places,
    )


def _refuse_one_column(samples: list[Sample]) -> None:
    """One column of text says nothing: the file is written in another way than it was read."""
    if all(len(sample.names) < 2 for sample in samples) and samples[0].format in ("csv", "xlsx"):
        raise UnreadableFileError(
            "only one column was found", "set csv.delimiter, csv.skip_lines or sheet in a mapping that you write by hand (docs/sources.md)"
        )


def _suffix(file: Path) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix not in COMPRESSION), "")


def _layouts(file: Path) -> list[Layout]:
    with file.open("rb") as stream:
        magic = stream.read(4)
    if old := next((said for start, said in OLD_FORMATS.items() if magic.startswith(start)), None):
        raise UnreadableFileError(*old)
    if magic == b"PAR1":
        return [Layout("parquet", Csv(), tuple(pq.read_schema(file).names))]
    if _suffix(file) in (".xlsx", ".xlsm"):
        return [_of_sheet(file)]
    first = next(utf8_chunks(file, guess_encoding(file)[0]), b"").lstrip()[:1]
    if _suffix(file) in JSON_SUFFIXES or first == b"{":
        return _of_json(file)
    if first == b"<":
        raise UnreadableFileError("is HTML or XML", "ask the source for csv, xlsx or JSON")
    found = guess_text(file)
    return [_named(Layout(found.format, found.csv, tuple(found.names), found.notes, found.is_named, None, found.places))]


def _named(layout: Layout) -> Layout:
    """A layout without the columns that have no name; a file that is read by place keeps them all."""
    if not layout.csv.header or layout.places or all(name.strip() for name in layout.names):
        return layout
    notes = [*layout.notes, "check the header: a column without a name is left out"]
    return Layout(layout.format, layout.csv, tuple(name for name in layout.names if name.strip()), notes, layout.is_named)


def _of_sheet(file: Path) -> Layout:
    """The layout of the first sheet."""
    with open_workbook(file) as book:
        records: list[Record] = []
        for number, row in book.rows(book.sheet_names[0]):
            if len(records) == SHEET_ROWS:
                break
            if row:
                cells = tuple(row.get(column, "") for column in range(1, max(row) + 1))
                records.append(Record(number - 1, cells, ",".join(cells)))
        further = len(book.sheet_names) - 1
    width = max((len(record.cells) for record in records), default=0)
    table = find_table([Record(each.line, each.cells + ("",) * (width - len(each.cells)), each.text) for each in records])
    if table is None:
        raise UnreadableFileError("its first sheet has no table", "name the sheet with `sheet`, in a mapping that you write by hand")
    notes = [f"set sheet to read another one: {further} further sheet(s) are not read"] if further else []
    if table.first.line:
        notes.append(f"check skip_lines: {table.first.line} row(s) before the header are skipped")
    if patterns := footer_patterns(table):
        notes.append(f"check ignore_lines: {len(table.footer)} row(s) below the last one are left out")
    names = table.names
    by_place = (names_by_place(names) or names) if names_by_place(trimmed(table.first.cells)) else None
    if not table.has_header:
        notes.append("name the columns: the sheet has no header row")
        names = [str(number) for number in range(1, width + 1)]
    elif by_place:
        notes.append("check the order of the columns: names come twice in the header, so columns are read by their place")
    is_by_place = by_place is not None or not table.has_header
    skipped = table.first.line + (1 if table.has_header and by_place else 0)
    dialect = Csv(skip_lines=skipped, header=not is_by_place, ignore_lines=tuple(patterns))
    return _named(Layout("xlsx", dialect, tuple(by_place or names), notes, table.has_header))


def _of_json(file: Path) -> list[Layout]:
    encoding, doubt = guess_encoding(file)
    return [
        Layout("jsonl", Csv(encoding=encoding), found.paths, [*([doubt] if doubt else []), *found.notes], each=found.each)
        for found in json_layouts(file, encoding)
    ]


def _parses(file: Path, layout: Layout) -> Iterator[Parse]:
    match layout.format:
        case "csv":
            return read_csv(file, layout.csv, layout.columns, [])
        case "jsonl":
            return read_jsonl(file, layout.csv.encoding, layout.columns, layout.each)
        case "xlsx":
            return read_xlsx(file, layout.csv, None, layout.columns, [])
        case "fixed_width":
            return read_fixed_width(file, layout.csv, layout.columns)
    return read_parquet(file, layout.columns, [])


def _collected(parses: Iterator[Parse]) -> tuple[pa.Table, pa.Table, int]:
    """All sampled rows, the head of them, and how many rows the reader rejected."""
    head, rest, read, rejected, stride = [], [], 0, 0, 1
    for parse in parses:
        found = parse()
        rejected += len(found.rejects)
        room = max(0, HEAD_ROWS - read)
        if room:
            head.append(found.table.slice(0, room))
        if found.table.num_rows > room:
            rest.append(_every(found.table.slice(room), stride))
        while sum(table.num_rows for table in rest) > MOST_ROWS - HEAD_ROWS:
            rest, stride = [_every(table, 2) for table in rest], stride * 2
        read += found.table.num_rows
        if read >= MOST_READ:
            break
    if not head:
        return pa.table({}), pa.table({}), rejected
    return pa.concat_tables([*head, *rest]), pa.concat_tables(head), rejected


def _every(table: pa.Table, nth: int) -> pa.Table:
    return table.take(pa.array(range(0, table.num_rows, nth), pa.int64())) if nth > 1 else table
