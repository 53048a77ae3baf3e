"""Delivered files as Parquet of text columns in a staging folder, written by Spark's Python workers, one group of files per task.

Reads: landed files. Grain: one row per parsed row; rejects and PII ciphertexts in folders beside them.
Rerun: the folder belongs to one batch and is removed before and after it.
"""

import errno
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from conf.contracts import Feed
from conf.errors import CdpError
from spark_jobs.common.crypto import KeyReference
from spark_jobs.ingest.blocks import Reject, UnreadableFileError
from spark_jobs.ingest.csv_rows import Parse, read_csv
from spark_jobs.ingest.fixed_rows import read_fixed_width
from spark_jobs.ingest.identifiers import Cleaner
from spark_jobs.ingest.json_rows import read_jsonl
from spark_jobs.ingest.landing import LandedFile
from spark_jobs.ingest.parquet_rows import read_parquet
from spark_jobs.ingest.rows import Rows
from spark_jobs.ingest.sheet_rows import read_xlsx
from spark_jobs.ingest.tokens import Erased, Tokeniser, raw_binding

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROW_GROUP_ROWS = 1 << 18
DICTIONARY_BYTES = 1 << 26  # of a row group: all its tokens
MOST_WAITING = 2  # tables to be written
NOT_OF_A_FILE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)
PLACE = [("_source_file", pa.string()), ("_line", pa.int64()), ("_file_hash", pa.string()), ("_known_on", pa.date32())]
REJECT_SCHEMA = pa.schema([*PLACE, ("_rule", pa.string()), ("_raw", pa.binary())])
STATS_DDL = "file string, rows_in bigint, rows_rejected bigint, problem string, remedy string, notes string"
STATS_SCHEMA = pa.schema(
    [("file", pa.string()), ("rows_in", pa.int64()), ("rows_rejected", pa.int64())]
    + [(n, pa.string()) for n in ("problem", "remedy", "notes")]
)


@dataclass(frozen=True)
class StagePlan:
    """What the workers need to know; travels inside the Spark plan, so it holds no key and no value."""

    feed: Feed
    groups: tuple[tuple[LandedFile, ...], ...]
    landing: str
    folder: str
    key: KeyReference
    keep_raw: bool = True
    erased: Erased | None = None
    cleaner: Cleaner | None = None  # made by the driver: workers do not read the entities

    def folder_of(self, kind: str) -> Path:
        """Where staged `rows`, `rejects` or `vault` rows are."""
        return Path(self.folder) / kind


@dataclass
class FileStats:
    """What one file gave."""

    file: str
    rows_in: int = 0
    rows_rejected: int = 0
    problem: str | None = None
    remedy: str | None = None
    notes: list[str] = field(default_factory=list)

    def row(self) -> dict[str, object]:
        """The stats as one row of `STATS_SCHEMA`."""
        return {**self.__dict__, "notes": "; ".join(self.notes)}


class GroupWriter:
    """One Parquet file of each kind for a group of files, written by a thread; files appear under their final name only when complete."""

    def __init__(self, plan: StagePlan, group: int) -> None:
        self._plan, self._group = plan, group
        self._stack = ExitStack()
        self._thread = self._stack.enter_context(ThreadPoolExecutor(1))
        self._writing: deque[Future[None]] = deque()
        self._drafts: dict[Path, Path] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: list[pa.Table] = []

    def rows(self, table: pa.Table) -> None:
        """Queue parsed rows; they are written in row groups of a good size."""
        self._waiting.append(table)
        if sum(waiting.num_rows for waiting in self._waiting) >= ROW_GROUP_ROWS:
            self._flush()

    def write(self, kind: str, table: pa.Table) -> None:
        """Write a table to the file of its kind: rows, rejects, erased or vault."""
        self._writing.append(self._thread.submit(self._write, kind, table))
        self._wait(MOST_WAITING)

    def _write(self, kind: str, table: pa.Table) -> None:
        if kind not in self._writers:
            folder = self._plan.folder_of(kind)
            folder.mkdir(parents=True, exist_ok=True)
            final = folder / f"part-{self._group:05d}.parquet"
            draft = folder / f".part-{self._group:05d}.{os.getpid()}"
            self._drafts[draft] = final
            self._writers[kind] = self._stack.enter_context(_parquet_writer(draft, table.schema))
        self._writers[kind].write_table(table.unify_dictionaries(), row_group_size=ROW_GROUP_ROWS)

    def _wait(self, most: int) -> None:
        while len(self._writing) > most:
            self._writing.popleft().result()

    def _flush(self) -> None:
        if self._waiting:
            self.write("rows", pa.concat_tables(self._waiting))
            self._waiting = []

    def close(self) -> None:
        """Finish all files and give them their names."""
        with self._stack:
            self._flush()
            self._wait(0)
        for draft, final in self._drafts.items():
            draft.replace(final)


def _parquet_writer(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer that keeps dictionaries as they are and makes none: staged rows are read twice and thrown away."""
    dictionaries = [item.name for item in schema if pa.types.is_dictionary(item.type)]
    return pq.ParquetWriter(
        file, schema, compression="snappy", use_dictionary=dictionaries, dictionary_pagesize_limit=DICTIONARY_BYTES, store_schema=False
    )


def stage(spark: "SparkSession", plan: StagePlan) -> list[FileStats]:
    """Stage all groups as tasks of one Spark job, and collect one small row per file."""

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for group in batch.column(0).to_pylist():
                stats = [found.row() for found in stage_group(plan, group)]
                yield pa.RecordBatch.from_pylist(stats, schema=STATS_SCHEMA)

    tasks = spark.range(0, len(plan.groups), 1, len(plan.groups))
    rows = tasks.mapInArrow(work, STATS_DDL).toArrow().to_pylist()
    return [FileStats(**{**row, "notes": [note for note in row["notes"].split("; ") if note]}) for row in rows]


def staged_rows(folder: Path) -> int:
    """Rows in the Parquet files of a folder, by their footers."""
    return sum(pq.read_metadata(file).num_rows for file in folder.glob("*.parquet"))


def stage_group(plan: StagePlan, group: int) -> list[FileStats]:
    """Stage one group of files, one after the other; a file that cannot be read gives a problem, not an exception."""
    writer, tokeniser = GroupWriter(plan, group), Tokeniser.for_feed(plan.feed, plan.key, erased=plan.erased, cleaner=plan.cleaner)
    stats = []
    try:
        for landed in plan.groups[group]:
            found = FileStats(landed.file)
            try:
                _stage_file(plan, landed, writer, tokeniser, found)
            except UnreadableFileError as err:
                found.problem, found.remedy = err.problem, err.remedy
            stats.append(found)
    finally:
        writer.close()
    return stats


def _stage_file(plan: StagePlan, landed: LandedFile, writer: GroupWriter, tokeniser: Tokeniser, found: FileStats) -> None:
    threads = 2 if len(plan.groups) == 1 else 1
    for rows in _parsed(plan, landed, found, threads):
        found.rows_in += rows.count
        found.rows_rejected += len(rows.rejects)
        if rows.rejects:
            writer.write("rejects", _reject_table(plan, landed, rows.rejects, tokeniser))
        if len(rows.lines):
            with _naming(int(rows.lines[0])):
                table, vault = tokeniser.apply(rows.table)
            if vault.num_rows:
                writer.write("vault", vault)
            if tokeniser.erased_rows is not None:
                lines = rows.lines[tokeniser.erased_rows.touched.to_numpy(zero_copy_only=False)]
                writer.write("erased", pa.table({"file": pa.array([landed.file] * len(lines), pa.string()), "line": pa.array(lines)}))
            writer.rows(_with_place(table, landed, rows.lines))


def _parsed(plan: StagePlan, landed: LandedFile, found: FileStats, threads: int) -> Iterator[Rows]:
    """Rows of a file; whatever a reader raises is a problem of its file."""
    line = 0
    with _naming(1):
        rows = _in_order(_parses(plan, landed, found.notes), threads)
    while True:
        with _naming(line + 1):
            parsed = next(rows, None)
        if parsed is None:
            return
        yield parsed
        line = max([line, *parsed.lines[-1:].tolist(), *(reject.line for reject in parsed.rejects[-1:])])


@contextmanager
def _naming(line: int) -> Iterator[None]:
    """Turn an exception that nobody foresaw into a problem of the file. A disk that refuses writing, and memory, are nobody's file."""
    try:
        yield
    except (UnreadableFileError, CdpError, MemoryError):
        raise
    except Exception as err:
        if isinstance(err, OSError) and err.errno in NOT_OF_A_FILE:
            raise
        problem = f"the reader failed ({type(err).__name__}), at line {line:,} or after it"
        raise UnreadableFileError(problem, "deliver the file again, complete; if it fails again, report it with this line") from None


def _in_order(parses: Iterator[Parse], threads: int) -> Iterator[Rows]:
    """Run parses in threads, a few at a time, and give their rows in order."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Rows]] = deque()
        for parse in parses:
            waiting.append(pool.submit(parse))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _with_place(table: pa.Table, landed: LandedFile, lines: NDArray[np.int64]) -> pa.Table:
    count = len(lines)
    values = [
        _same(pa.scalar(landed.file, pa.string()), count),
        pa.array(lines, pa.int64()),
        _same(pa.scalar(landed.hash, pa.string()), count),
        pa.repeat(pa.scalar(landed.known_on, pa.date32()), count),
    ]
    for (name, _), column in zip(PLACE, values, strict=True):
        table = table.append_column(name, column)
    return table


def _same(value: pa.Scalar, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([value]))


def _reject_table(plan: StagePlan, landed: LandedFile, rejects: Sequence[Reject], tokeniser: Tokeniser) -> pa.Table:
    raw = [tokeniser.ring.encrypt(reject.raw, raw_binding(landed.hash, reject.line)) if plan.keep_raw else None for reject in rejects]
    columns = {"_rule": pa.array([reject.rule for reject in rejects], pa.string()), "_raw": pa.array(raw, pa.binary())}
    lines = np.array([reject.line for reject in rejects], np.int64)
    return _with_place(pa.table(columns), landed, lines).select(REJECT_SCHEMA.names)


def _parses(plan: StagePlan, landed: LandedFile, notes: list[str]) -> Iterator[Parse]:
    path, feed = Path(plan.landing) / landed.file, plan.feed
    if feed.format == "csv":
        return read_csv(path, feed.csv, feed.columns, notes)
    if feed.format == "jsonl":
        return read_jsonl(path, feed.csv.encoding, feed.columns, feed.each, notes)
    if feed.format == "fixed_width":
        return read_fixed_width(path, feed.csv, feed.columns)
    if feed.format == "xlsx":
        return read_xlsx(path, feed.csv, feed.sheet, feed.columns, notes)
    return read_parquet(path, feed.columns, notes)
