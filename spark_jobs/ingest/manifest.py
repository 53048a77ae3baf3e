"""The ingest manifest: which files were loaded, which are copies, how many rows of each went where."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from conf.catalog import catalog
from conf.contracts import Feed
from spark_jobs.common.deliveries import delivered_on, has_dates
from spark_jobs.common.delta import append
from spark_jobs.common.job import StepContext
from spark_jobs.ingest.landing import KnownFile, LandedFile

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MANIFEST = "ops.ingest_manifest"
LOADED, DUPLICATE, FAILED, REPLAYED = "loaded", "duplicate", "failed", "replayed"
SET_ASIDE, WITHDRAWN = "set_aside", "withdrawn"
FileName = tuple[str, str, str]  # source, feed and file


@dataclass(frozen=True)
class Entry:
    """One row of the manifest, without the columns that are the same for a whole run."""

    batch_id: str
    source: str
    feed: str
    file: str
    file_hash: str
    size_bytes: int
    modified_at_ns: int
    known_on: date | None
    rows_in: int
    rows_valid: int
    rows_quarantined: int
    status: str
    message: str | None = None
    warnings: str | None = None


@dataclass(frozen=True)
class Known:
    """What is in the manifest when a run begins."""

    files: dict[tuple[str, str], list[KnownFile]]
    failed: frozenset[tuple[str, str]]
    batches: frozenset[str]
    set_aside: dict[FileName, tuple[str, str]] = field(default_factory=dict)  # hash and message of the files that are set aside now

    def of_feed(self, source: str, feed_name: str, feed: Feed) -> list[KnownFile]:
        """Files of one feed that are loaded or copies of loaded ones; when its names have dates, every file has one."""
        found = self.files.get((source, feed_name), [])
        if not has_dates(feed.files):
            return [replace(entry, delivered_on=None) for entry in found]
        return [replace(entry, delivered_on=delivered_on(source, feed.files, entry.file) or entry.delivered_on) for entry in found]


def read_manifest(ctx: StepContext) -> Known:
    """Everything the manifest knows of files, as of now."""
    columns = ("batch_id", "source", "feed", "file", "file_hash", "size_bytes", "modified_at_ns", "known_on", "status", "message")
    table = ctx.spark.table(MANIFEST).select(*columns).orderBy("loaded_at", "file").toArrow()
    files: dict[tuple[str, str], list[KnownFile]] = {}
    failed, batches = set(), set()
    set_aside: dict[FileName, tuple[str, str]] = {}
    for row in table.to_pylist():
        if row["status"] == SET_ASIDE:
            set_aside[row["source"], row["feed"], row["file"]] = (row["file_hash"], row["message"])
        elif row["status"] in (LOADED, DUPLICATE, WITHDRAWN):
            set_aside.pop((row["source"], row["feed"], row["file"]), None)
        if row["status"] in (LOADED, REPLAYED):
            batches.add(row["batch_id"])
        if row["status"] in (LOADED, DUPLICATE):
            is_copy = row["status"] == DUPLICATE
            entry = KnownFile(row["file"], row["file_hash"], row["size_bytes"], row["modified_at_ns"], row["known_on"], is_copy)
            files.setdefault((row["source"], row["feed"]), []).append(entry)
        elif row["status"] == FAILED:
            failed.add((row["file"], row["file_hash"]))
    return Known(files, frozenset(failed), frozenset(batches), set_aside)


def last_published(ctx: StepContext) -> date | None:
    """The last business date whose results people have seen."""
    row = ctx.spark.sql("select max(business_date) from ops.publications").first()
    return None if row is None else row[0]


def last_ingest(spark: "SparkSession") -> date:
    """Business date of the last ingest: a replay or a reload belongs to it, it has none of its own."""
    if not spark.catalog.tableExists(MANIFEST):
        return date.min
    row = spark.sql(f"select max(business_date) from {MANIFEST}").first()
    return date.min if row is None or row[0] is None else row[0]


def batch_id(source: str, feed: str, files: Iterable[LandedFile]) -> str:
    """Name of a batch, derived from the files in it: the same files give the same batch."""
    text = "\n".join(sorted(f"{source}/{feed}/{landed.file}/{landed.hash}" for landed in files))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def record(ctx: StepContext, entries: Sequence[Entry]) -> None:
    """Append entries in one commit; nothing at all when there are none."""
    if not entries:
        return
    table = catalog().table(MANIFEST)
    now = datetime.now(UTC)
    rows = [{**asdict(entry), "business_date": ctx.business_date, "loaded_at": now} for entry in entries]
    values = [tuple(row[name] for name in table.field_names) for row in rows]
    append(ctx.spark, ctx.settings, table, ctx.spark.createDataFrame(values, table.ddl))


def entry_of(
    landed: LandedFile,
    source: str,
    feed: str,
    batch: str,
    status: str,
    *,
    rows_in: int = 0,
    quarantined: int = 0,
    message: str | None = None,
) -> Entry:
    """The manifest entry of a landed file."""
    return Entry(
        batch,
        source,
        feed,
        landed.file,
        landed.hash,
        landed.size,
        landed.modified_at_ns,
        landed.known_on,
        rows_in,
        rows_in - quarantined,
        quarantined,
        status,
        message,
    )
