"""Samples of delivered files: format, dialect and the first rows as text. Nothing here knows what columns mean."""

import csv
import gzip
import itertools
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conf.errors import Finding, InputError

MOST_ROWS = 50_000
MOST_BYTES = 8_000_000
SUFFIXES = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"}
SUFFIXES |= {".xlsx": "xlsx", ".pq": "parquet"}
COMPRESSED = (".gz", ".zst", ".zip")
REMEDY = (
    "give csv, json lines, parquet or xlsx, also inside gz, zst or zip; for fixed-width text write the mapping by hand (docs/sources.md)"
)


@dataclass(frozen=True)
class Sample:
    """The first rows of a file: column names as delivered, and each column's values as text (None for no value)."""

    file: Path
    format: str
    columns: dict[str, list[str | None]]
    csv: dict[str, Any] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return max((len(values) for values in self.columns.values()), default=0)


def read_sample(file: Path) -> Sample:
    """The first rows of a file.

    Raises:
        InputError: not a file of a known format, or one without rows.
    """
    suffixes = [suffix.lower() for suffix in file.suffixes]
    kind = next((SUFFIXES[suffix] for suffix in reversed(suffixes) if suffix in SUFFIXES), None)
    if kind is None and suffixes and suffixes[-1] == ".zip":
        kind = _inside_zip(file)
    try:
        sample = READERS[kind](file) if kind else None
    except (OSError, ValueError, zipfile.BadZipFile) as err:
        raise InputError("a sample cannot be read", [Finding(str(file), type(err).__name__, REMEDY)]) from None
    if sample is None or not sample.rows:
        raise InputError("a sample cannot be used", [Finding(str(file), "has no rows" if sample else "is of no known format", REMEDY)])
    return sample


def _inside_zip(file: Path) -> str | None:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    return SUFFIXES.get(Path(names[0]).suffix.lower()) if len(names) == 1 else None


def _head(file: Path) -> bytes:
    """The first bytes of a file, unpacked."""
    suffix = file.suffix.lower()
    if suffix == ".gz":
        with gzip.open(file) as stream:
            return stream.read(MOST_BYTES)
    if suffix == ".zip":
        with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as stream:
            return stream.read(MOST_BYTES)
    with file.open("rb") as raw:
        if suffix == ".zst":
            import zstandard

            with zstandard.ZstdDecompressor().stream_reader(raw) as unpacked:
                return unpacked.read(MOST_BYTES)
        return raw.read(MOST_BYTES)


def encoding_of(head: bytes) -> str:
    """The most likely encoding of text: by its mark, as UTF-8, as Chinese, else as Western."""
    for mark, name in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8")):
        if head.startswith(mark):
            return name
    for cut in range(4):  # a character may have been cut at the end of the sample
        try:
            head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return "utf-8"
    runs = [len(list(run)) for is_high, run in itertools.groupby(head, key=lambda byte: byte >= 0x80) if is_high]
    pairs = sum(length for length in runs if length % 2 == 0)
    return "gb18030" if runs and pairs >= 0.8 * sum(runs) and max(runs) >= 4 else "cp1252"


def _text(file: Path) -> tuple[str, str]:
    """Decoded whole lines of the sample, and their encoding."""
    head = _head(file)
    encoding = encoding_of(head)
    text = head.decode(encoding, errors="replace").removeprefix("\ufeff")
    return (text if len(head) < MOST_BYTES else text[: text.rfind("\n") + 1]), encoding


def _read_csv(file: Path) -> Sample:
    text, encoding = _text(file)
    found = _sniffed(text)
    lines = text.splitlines(keepends=True)
    notes, ignored = [], []
    if found["skip"]:
        notes.append(f"{found['skip']} line(s) before the header are skipped")
    body = lines[found["skip"] :]
    if comments := [line for line in body if line.startswith("#")]:
        ignored.append("^#")
        notes.append(f"{len(comments)} line(s) begin with # and are ignored")
        body = [line for line in body if not line.startswith("#")]
    rows = list(itertools.islice(csv.reader(body, delimiter=found["delimiter"], quotechar=found["quote"]), MOST_ROWS))
    names = rows.pop(0) if found["header"] else [f"column_{number + 1}" for number in range(max(map(len, rows), default=0))]
    if short := sum(len(row) != len(names) for row in rows):
        notes.append(f"{short} row(s) have another number of fields than the header: totals, or a dialect that was not recognised")
    dialect = {"delimiter": found["delimiter"], "quote": found["quote"], "encoding": encoding, "header": found["header"]}
    dialect |= {"skip_lines": found["skip"], "ignore_lines": ignored}
    return Sample(file, "csv", _by_column(names, (row for row in rows if len(row) == len(names))), dialect, notes=tuple(notes))


def _sniffed(text: str) -> dict[str, Any]:
    """Delimiter, quote, header and lines to skip, as DuckDB sees them."""
    import tempfile

    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "sample.csv"
        copy.write_text(text, encoding="utf-8")
        with duckdb.connect() as database:
            try:
                row = database.execute(
                    "select Delimiter, Quote, HasHeader, SkipRows from sniff_csv(?, sample_size = 20000, ignore_errors = true)", [str(copy)]
                ).fetchone()
            except duckdb.Error:
                row = None
    first = text.split("\n", 1)[0]
    if row is None:
        return {"delimiter": max(",;\t|", key=first.count), "quote": '"', "header": True, "skip": 0}
    quote = row[1] if row[1] and row[1] not in ("\0", "(empty)") else '"'
    return {"delimiter": row[0], "quote": quote, "header": bool(row[2]), "skip": int(row[3])}


def _read_jsonl(file: Path) -> Sample:
    text, encoding = _text(file)
    records, skipped = [], set[str]()
    for line in itertools.islice((line for line in text.split("\n") if line.strip()), MOST_ROWS):
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError("a line is no object")  # noqa: TRY004 - told as InputError above
        records.append(dict(_flat(record, skipped)))
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: [record.get(name) for record in records] for name in names}
    notes = tuple(f"{name} holds a list and is left out" for name in sorted(skipped))
    return Sample(file, "jsonl", columns, {"encoding": encoding} if encoding != "utf-8" else {}, notes=notes)


def _flat(record: dict[str, Any], skipped: set[str], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    """Values by dotted path; lists are left out."""
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, skipped, f"{prefix}{name}.")
        elif isinstance(value, list):
            skipped.add(prefix + name)
        else:
            yield prefix + name, None if value is None else value if isinstance(value, str) else json.dumps(value)


def _read_parquet(file: Path) -> Sample:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as parquet:
        batch = next(parquet.iter_batches(MOST_ROWS), None)
    if batch is None:
        return Sample(file, "parquet", {})
    columns = {name: [None if value is None else str(value) for value in batch[name].to_pylist()] for name in batch.schema.names}
    return Sample(file, "parquet", columns, types={item.name: str(item.type) for item in batch.schema})


def _read_xlsx(file: Path) -> Sample:
    from openpyxl import load_workbook

    book = load_workbook(file, read_only=True, data_only=True)
    try:
        rows = list(itertools.islice(book.worksheets[0].iter_rows(values_only=True), MOST_ROWS + 1))
    finally:
        book.close()
    first = next((number for number, row in enumerate(rows) if sum(cell is not None for cell in row) > 1), 0)
    names = [str(cell) if cell is not None else f"column_{number + 1}" for number, cell in enumerate(rows[first])] if rows else []
    texts = ([None if cell is None else str(cell) for cell in row] for row in rows[first + 1 :])
    notes = (f"{first} line(s) before the header are skipped",) if first else ()
    return Sample(file, "xlsx", _by_column(names, texts), {"skip_lines": first} if first else {}, notes=notes)


def _by_column(names: Iterable[str], rows: Iterable[Iterable[str | None]]) -> dict[str, list[str | None]]:
    listed = [*names]
    values = [*zip(*rows, strict=False)] or [() for _ in listed]
    return {name: [cell or None for cell in column] for name, column in zip(listed, values, strict=False)}


READERS: dict[str, Callable[[Path], Sample]] = {"csv": _read_csv, "jsonl": _read_jsonl, "parquet": _read_parquet, "xlsx": _read_xlsx}
