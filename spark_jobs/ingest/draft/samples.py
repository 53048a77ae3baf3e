"""Samples of delivered files, read by the readers of ingest: a column's values are the texts that its contract will see."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from conf.columns import Column
from conf.dialects import Csv
from conf.errors import Finding, InputError
from spark_jobs.ingest.blocks import COMPRESSION, UnreadableFileError
from spark_jobs.ingest.csv_rows import Parse, read_csv
from spark_jobs.ingest.draft.dialect import guess_csv, guess_encoding
from spark_jobs.ingest.json_rows import numbered_objects, parse_object, read_jsonl
from spark_jobs.ingest.parquet_rows import read_parquet
from spark_jobs.ingest.sheet_rows import read_xlsx
from spark_jobs.ingest.workbooks import open_workbook

HEAD_ROWS, MOST_ROWS, MOST_READ = 25_000, 50_000, 2_000_000
JSON_LINES = 5_000
FIRST_ROWS = 50  # among which the header of a sheet is looked for


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


@dataclass(frozen=True)
class Layout:
    """How a file is written, and the names of its columns."""

    format: str
    csv: Csv
    names: tuple[str, ...]
    notes: list[str] = field(default_factory=list)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns as a contract that takes every value."""
        return tuple(Column(name=f"c{number}", source_name=name, type="string") for number, name in enumerate(self.names))


def read_sample(file: Path) -> Sample:
    """A sample of a file of any format that ingest reads but fixed width.

    Raises:
        InputError: the file cannot be read, or has no rows.
    """
    if not file.is_file():
        raise InputError("a sample cannot be read", [Finding(str(file), "is no file", "name sample files as the source delivers them")])
    try:
        layout = _layout(file)
        rows, head, rejected = _collected(_parses(file, layout))
    except UnreadableFileError as err:
        raise InputError("a sample cannot be read", [Finding(str(file), err.problem, err.remedy)]) from None
    if not rows.num_rows:
        remedy = "give a file with rows; fixed-width text has no draft: see docs/sources.md"
        raise InputError("a sample cannot be read", [Finding(str(file), "no rows were found", remedy)])
    return Sample(file, layout.format, layout.csv, layout.names, rows, head, rejected, tuple(layout.notes))


def _suffix(file: Path) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix not in COMPRESSION), "")


def _layout(file: Path) -> Layout:
    with file.open("rb") as stream:
        magic = stream.read(4)
    if magic == b"PAR1":
        return _named("parquet", Csv(), pq.read_schema(file).names)
    if _suffix(file) in (".xlsx", ".xlsm"):
        return _of_sheet(file)
    if _suffix(file) in (".json", ".jsonl", ".ndjson"):
        return _of_json(file)
    dialect, names, notes = guess_csv(file)
    return _named("csv", dialect, names, notes)


def _named(kind: str, dialect: Csv, names: list[str], notes: list[str] | None = None) -> Layout:
    """A layout without the columns that cannot be told apart: those without a name, and the second of a name."""
    notes = list(notes or [])
    kept: dict[str, str] = {}
    for name in names:
        loose = name.strip().casefold().replace(" ", "_")
        if not loose:
            notes.append("a column without a name is left out")
        elif loose in kept:
            notes.append(f"a second column {json.dumps(name, ensure_ascii=False)} is left out")
        else:
            kept[loose] = name
    return Layout(kind, dialect, tuple(kept.values()), notes)


def _of_sheet(file: Path) -> Layout:
    with open_workbook(file) as book:
        skipped = 0
        cells: list[str] = []
        for number, row in book.rows(book.sheet_names[0]):
            if number > FIRST_ROWS or (cells and number > skipped + 5):
                break
            if len(row) > max(1, sum(map(bool, cells))):
                skipped, cells = number - 1, [row.get(column, "") for column in range(1, max(row) + 1)]
        further = len(book.sheet_names) - 1
    notes = [f"{further} further sheet(s) are not read: `sheet` names one"] if further else []
    if skipped:
        notes.append(f"{skipped} row(s) before the header are skipped")
    return _named("xlsx", Csv(skip_lines=skipped), cells, notes)


def _of_json(file: Path) -> Layout:
    """The paths to all values of the first objects, in the order in which they appear."""
    encoding, doubt = guess_encoding(file)
    paths: Counter[str] = Counter()
    lists: set[str] = set()
    objects, _ = next(numbered_objects(file, encoding), ([], []))
    lines = [raw for _, raw in objects[:JSON_LINES]]
    for found in (parse_object(raw) for raw in lines if raw.strip()):
        if isinstance(found, dict):
            for path, value in _leaves(found):
                paths[path] += 1
                if isinstance(value, list):
                    lists.add(path)
    if not paths:
        raise UnreadableFileError("has no JSON objects", "deliver one object a line, or one array of objects")
    notes = [
        f"{path} is a list and stays text; a second feed on the same files with each: {path} makes its elements rows"
        for path in sorted(lists)
    ]
    # An object that is empty or null somewhere would be a column of its own, with all that its parts hold.
    leaves = [path for path in paths if not any(other.startswith(f"{path}.") for other in paths)]
    return _named("jsonl", Csv(encoding=encoding), leaves, [*([doubt] if doubt else []), *notes])


def _leaves(value: dict[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    for name, part in value.items():
        path = f"{above}{name}"
        if isinstance(part, dict) and part:
            yield from _leaves(part, f"{path}.")
        else:
            yield path, part


def _parses(file: Path, layout: Layout) -> Iterator[Parse]:
    if layout.format == "csv":
        return read_csv(file, layout.csv, layout.columns, [])
    if layout.format == "jsonl":
        return read_jsonl(file, layout.csv.encoding, layout.columns)
    if layout.format == "xlsx":
        return read_xlsx(file, layout.csv, None, layout.columns, [])
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
