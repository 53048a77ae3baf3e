"""A feed loaded again with today's contract, from landing and the archive: bronze, quarantine and the manifest are replaced.

Rows keep the date on which they became known, and their file and line. The batch is new, so the next run builds everything downstream again.
A kill at any point is undone by the next reload or ingest: the tables go back to their versions, and the command is repeated.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from conf.catalog import Table, bronze_table, catalog, quarantine_table
from conf.contracts import Feed, SourceContract
from conf.erasure import load_erasure
from conf.errors import CdpError, Finding, InputError
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.delta import ensure_table, overwrite, table_version
from spark_jobs.common.job import StepContext
from spark_jobs.ingest import rejected
from spark_jobs.ingest.batch import Batch
from spark_jobs.ingest.erased import erased_marks
from spark_jobs.ingest.journal import one_at_a_time, recover
from spark_jobs.ingest.load import bronze_frame, check, note_redelivered_lines, rejection_findings, rejects_problem
from spark_jobs.ingest.manifest import LOADED, MANIFEST, REPLAYED, read_manifest
from spark_jobs.ingest.reloads import Reload, delivery_folder, roll_back, roll_back_killed
from spark_jobs.ingest.tokens import TOKEN
from spark_jobs.ingest.vault import VAULT, fill_vault
from spark_jobs.maintenance.deliveries import GONE, Delivery, deliveries, lay_out
from spark_jobs.marts.standing import forget
from spark_jobs.privacy.erasure import purge

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PLACE = ("_source_file", "_file_hash", "_line")
TOKEN_TYPE = "token"  # noqa: S105  # what a column of tokens is shown as


@dataclass(frozen=True)
class ColumnChange:
    """A column of bronze before and after; empty where it is not there."""

    column: str
    before: str
    after: str


@dataclass(frozen=True)
class FileChange:
    """A file before and after; `place` says where it lies: landing, archive or gone."""

    file: str
    place: str
    rows_in: int
    valid_before: int
    valid_after: int
    rejected_before: int
    rejected_after: int


@dataclass(frozen=True)
class FeedReload:
    """What a reload changes: columns, files, and what would stop it."""

    table: str
    columns: tuple[ColumnChange, ...]
    files: tuple[FileChange, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def gone(self) -> list[str]:
        """Files that lie neither in landing nor in the archive."""
        return [each.file for each in self.files if each.place == GONE]


def preview(ctx: StepContext, contract: SourceContract, feed_name: str) -> FeedReload:
    """Read the files with today's contract and compare; nothing in the lake changes."""
    with _read(ctx, contract, feed_name, any_share=True) as (batch, found, places):
        feed = contract.feeds[feed_name]
        problem = rejects_problem(batch, feed)
        findings = rejection_findings(batch)
        if problem:
            findings.insert(0, Finding(batch.name, problem, "the reload would stop; correct the contract"))
        return _changes(batch, feed, found, places, findings)


def reload(ctx: StepContext, contract: SourceContract, feed_name: str, *, drop_gone: bool = False) -> FeedReload:
    """Load the feed again.

    Raises:
        InputError: nothing was loaded, files are gone (without `drop_gone`), or too many rows would be rejected; nothing has changed.
    """
    with _read(ctx, contract, feed_name, any_share=False) as (batch, found, places):
        changes = _changes(batch, batch.feed, found, places, [])
        if changes.gone and not drop_gone:
            remedy = "put it back into landing, or give up its rows: --drop-gone"
            findings = [Finding(file, "lies neither in landing nor in the archive", remedy) for file in changes.gone]
            raise InputError("files of the feed are gone", findings)
        _replace_all(batch, found)
    if any(each.after == TOKEN_TYPE for each in changes.columns):
        purge.rewrite(ctx.spark, ctx.settings, [changes.table])
        purge.vacuum(ctx.spark, ctx.settings, [changes.table], load_erasure().retain_old_versions_hours)
    valid = sum(each.valid_after for each in changes.files)
    note(ctx.settings, Action.DATA_CHANGED, changes.table, reloaded_files=len(changes.files), rows=valid, gone=len(changes.gone))
    return changes


@contextmanager
def _read(
    ctx: StepContext, contract: SourceContract, feed_name: str, *, any_share: bool
) -> Iterator[tuple[Batch, list[Delivery], dict[str, str]]]:
    """The feed's files, staged and checked under the ingest lock."""
    with one_at_a_time(ctx.settings):
        found: list[Delivery] = []
        if ctx.spark.catalog.tableExists(MANIFEST):
            roll_back_killed(ctx)
            recover(ctx, read_manifest(ctx).batches)
            found = deliveries(ctx, contract.source, feed_name)
        if not found:
            name = f"{contract.source}.{feed_name}"
            raise InputError("there is nothing to load again", [Finding(name, "no file of it was loaded", "load it: cdp run --date …")])
        folder = delivery_folder(ctx.settings, contract.source, feed_name)
        laid = lay_out(ctx.settings, found, folder)
        feed = contract.feeds[feed_name]
        read = feed.model_copy(update={"max_rejected_share": 1.0}) if any_share else feed
        zone = contract.time_zone or ctx.settings.retailer.time_zone
        files = [landed for _, landed in laid.values() if landed is not None]
        batch = Batch(
            ctx, contract.source, feed_name, read, zone, key_reference(ctx.settings), files, folder, erased=erased_marks(ctx),
            stops_on_bad_file=True,
        )  # fmt: skip
        shutil.rmtree(batch.plan.folder, ignore_errors=True)
        try:
            if files:
                check(batch)
            yield batch, found, {file: place for file, (place, _) in laid.items()}
        finally:
            shutil.rmtree(batch.plan.folder, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)


def _changes(batch: Batch, feed: Feed, found: Sequence[Delivery], places: dict[str, str], findings: list[Finding]) -> FeedReload:
    files = []
    for each in found:
        rows_in = batch.stats[each.file].rows_in if each.file in batch.stats else 0
        wrong = batch.rejected_of(each.file)
        files.append(FileChange(each.file, places[each.file], rows_in, each.rows_valid, rows_in - wrong, each.rows_quarantined, wrong))
    table = bronze_table(batch.source, batch.feed_name, feed)
    return FeedReload(table.full_name, _column_changes(batch.ctx, table, feed), tuple(files), tuple(findings))


def _column_changes(ctx: StepContext, table: Table, feed: Feed) -> tuple[ColumnChange, ...]:
    from pyspark.sql import functions as F

    bronze = ctx.spark.table(table.full_name)
    before = dict(bronze.dtypes)
    texts = sorted(name for name, kind in before.items() if kind == "string" and not name.startswith("_"))
    held = bronze.agg(*[F.max(F.col(f"`{name}`").rlike(f"^{TOKEN.pattern}$")).alias(name) for name in texts]).first() if texts else None
    before |= {name: TOKEN_TYPE for name in texts if held is not None and held[name]}
    after = {field.name: field.type.replace(" ", "") for field in table.fields}
    after |= {column.name: TOKEN_TYPE for column in feed.columns if column.is_tokenised}
    empty = {name for name in texts if held is None or held[name] is None}  # nothing shows what they held
    return tuple(
        ColumnChange(name, before.get(name, ""), after.get(name, ""))
        for name in [*after, *(name for name in before if name not in after)]
        if before.get(name, "") != after.get(name, "") and not (name in empty and after.get(name) == TOKEN_TYPE)
    )


def _replace_all(batch: Batch, found: Sequence[Delivery]) -> None:
    """Vault first, the manifest last: until it is written, the reload is undone by whoever comes next."""
    ctx = batch.ctx
    bronze, quarantine = bronze_table(batch.source, batch.feed_name, batch.feed), quarantine_table(batch.source, batch.feed_name)
    versions = {table.full_name: table_version(ctx.spark, table.full_name) for table in (bronze, quarantine)}
    under_way = Reload(batch.source, batch.feed_name, _batch_id(batch, found), versions)
    ensure_table(ctx.spark, ctx.settings, catalog().table(VAULT))
    fill_vault(batch)
    rows = _bronze_rows(batch, bronze, found, under_way.batch_id)
    under_way.write(ctx.settings)
    _replace(ctx, bronze, rows, versions)
    sealed = batch.sealed() if batch.files else None
    empty = ctx.spark.createDataFrame([], quarantine.ddl)
    _replace(ctx, quarantine, empty if sealed is None else rejected.quarantine_frame(sealed, under_way.batch_id), versions)
    _prove(batch, bronze, under_way)
    note_redelivered_lines(batch)
    forget(ctx.settings)  # rows that are gone are no news to incremental marts
    _replace_entries(batch, bronze, found, under_way.batch_id)
    under_way.done(ctx.settings)


def _batch_id(batch: Batch, found: Sequence[Delivery]) -> str:
    """Another one than before, so that the rows are news for silver; the same when a killed reload is repeated."""
    parts = [batch.name, *(f"{each.file} {each.file_hash} {each.batch_ids}" for each in found)]
    return "reload-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:13]


def _bronze_rows(batch: Batch, bronze: Table, found: Sequence[Delivery], batch_id: str) -> "DataFrame":
    """Valid rows; those that were replayed from quarantine keep the later date on which they became known."""
    from pyspark.sql import functions as F

    if not batch.files or not batch.count("rows"):
        return batch.ctx.spark.createDataFrame([], bronze.ddl)
    rows = bronze_frame(batch, batch_id)
    if not any(each.has_replays for each in found):
        return rows.select(*bronze.field_names)
    old = batch.ctx.spark.table(bronze.full_name).groupBy(*PLACE).agg(F.max("_known_on").alias("_known_before"))
    batch.write(old, "known_before")
    rows = rows.join(batch.read("known_before"), [*PLACE], "left")
    return rows.withColumn("_known_on", F.greatest("_known_on", "_known_before")).select(*bronze.field_names)


def _replace(ctx: StepContext, table: Table, frame: "DataFrame", versions: dict[str, int]) -> None:
    """New rows and new columns in one commit, which happens once only: a statement of a killed run may come later."""
    location = (ctx.settings.lake.warehouse / table.schema / table.name).as_uri()
    writer = frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
    writer.option("txnAppId", "cdp-reload").option("txnVersion", str(versions[table.full_name])).save(location)
    ctx.spark.catalog.refreshTable(table.full_name)


def _prove(batch: Batch, bronze: Table, under_way: Reload) -> None:
    wanted = batch.rows_in - batch.rows_rejected
    there = batch.ctx.spark.table(bronze.full_name).where(f"_batch_id = '{under_way.batch_id}'").count()
    if there != wanted:
        roll_back(batch.ctx, under_way)
        problem = f"{there} rows are there, must be {wanted}"
        finding = Finding(bronze.full_name, problem, "the table is as it was; run again, and report it if it repeats")
        raise CdpError(f"rows of {batch.name} do not add up", [finding])


def _replace_entries(batch: Batch, bronze: Table, found: Sequence[Delivery], batch_id: str) -> None:
    """The manifest's entries of the feed, in one commit; of copies and failed files nothing changes."""
    table = catalog().table(MANIFEST)
    later: dict[tuple[str, str], list[tuple[date, int]]] = {}
    if any(each.has_replays for each in found):
        counts = batch.ctx.spark.table(bronze.full_name).groupBy("_source_file", "_file_hash", "_known_on").count().collect()
        for row in counts:
            later.setdefault((row[0], row[1]), []).append((row[2], row[3]))
    rows = [row for each in found if each.file in batch.stats for row in _entries(batch, each, later.get((each.file, each.file_hash), []))]
    values = [tuple((row | {"batch_id": batch_id}).get(name) for name in table.field_names) for row in rows]
    where = f"source = '{batch.source}' and feed = '{batch.feed_name}' and status in ('{LOADED}', '{REPLAYED}')"
    overwrite(batch.ctx.spark, batch.ctx.settings, table, batch.ctx.spark.createDataFrame(values, table.ddl), where=where)


def _entries(batch: Batch, each: Delivery, known: list[tuple[date, int]]) -> list[dict[str, str | int | date | datetime | None]]:
    """A file's entry, and one for each later date on which replayed rows of it became known."""
    stats, wrong = batch.stats[each.file], batch.rejected_of(each.file)
    moved = sum(count for day, count in known if day != each.known_on)
    same: dict[str, str | int | date | datetime | None] = {
        "source": batch.source, "feed": batch.feed_name, "file": each.file, "file_hash": each.file_hash,
        "business_date": each.business_date, "loaded_at": each.loaded_at,
    }  # fmt: skip
    loaded = same | {
        "size_bytes": each.size, "modified_at_ns": each.modified_at_ns, "known_on": each.known_on, "rows_in": stats.rows_in,
        "rows_valid": stats.rows_in - wrong - moved, "rows_quarantined": wrong + moved, "status": LOADED,
        "message": "; ".join(stats.notes) or None,
    }  # fmt: skip
    replayed = [
        same | {"size_bytes": 0, "modified_at_ns": 0, "known_on": day, "rows_in": 0, "rows_valid": count, "rows_quarantined": -count, "status": REPLAYED}
        for day, count in sorted(known)
        if day != each.known_on
    ]  # fmt: skip
    return [loaded, *replayed]
