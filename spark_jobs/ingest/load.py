"""One batch of one feed: staged files → bronze, quarantine and vault, all or nothing.

Reads: staged files. Grain: one row per delivered row, in bronze or in quarantine.
Flags: `_batch_id`. Rerun: the batch is in the manifest, or its rows are taken back first.
"""

import logging
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from conf.catalog import bronze_table, catalog, quarantine_table
from conf.contracts import Feed
from conf.errors import CdpError, ConfigError, Finding, InputError
from spark_jobs.common.crypto import KeyReference
from spark_jobs.common.delta import append
from spark_jobs.common.errors import readable
from spark_jobs.common.job import StepContext
from spark_jobs.common.logging import Event, log_event
from spark_jobs.ingest import contract as rules_of
from spark_jobs.ingest import rejected
from spark_jobs.ingest.journal import Pending, staging_folder, take_back
from spark_jobs.ingest.landing import LandedFile, balanced_groups
from spark_jobs.ingest.manifest import LOADED, Entry, batch_id, entry_of, record
from spark_jobs.ingest.staging import FileStats, StagePlan, stage, staged_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

MOST_GROUPS = 16
SEALED = ("unread", "broken", "repeated")


@dataclass
class Batch:
    """A feed's new files on their way into the lake."""

    ctx: StepContext
    source: str
    feed_name: str
    feed: Feed
    time_zone: str
    key: KeyReference
    files: list[LandedFile]
    stats: dict[str, FileStats] = field(default_factory=dict)
    rejected: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.source}.{self.feed_name}"

    @cached_property
    def batch_id(self) -> str:
        return batch_id(self.source, self.feed_name, self.files)

    @cached_property
    def plan(self) -> StagePlan:
        settings = self.ctx.settings
        folder = staging_folder(settings, self.source, self.feed_name)
        groups = balanced_groups(self.files, MOST_GROUPS)
        return StagePlan(self.feed, groups, str(settings.lake.landing), str(folder), self.key, settings.ingest.keep_raw_in_quarantine)

    @property
    def rows_in(self) -> int:
        return sum(found.rows_in for found in self.stats.values())

    @property
    def rows_rejected(self) -> int:
        return sum(self.rejected.values())

    def rejected_of(self, file: str) -> int:
        """Rejected rows of one file."""
        return sum(count for (name, _), count in self.rejected.items() if name == file)

    def read(self, kind: str) -> "DataFrame":
        """A staged folder as a frame."""
        return self.ctx.spark.read.parquet(self.plan.folder_of(kind).as_uri())

    def checked(self) -> "DataFrame":
        """Staged rows, typed."""
        return rules_of.typed(self.read("rows"), self.feed, self.time_zone)


def load(batch: Batch) -> list[Entry]:
    """Load a batch and give its manifest entries, which are recorded already.

    Raises:
        InputError: a file breaks its contract as a whole, or too many rows were rejected; nothing of the batch is in the lake.
    """
    shutil.rmtree(batch.plan.folder, ignore_errors=True)
    try:
        check(batch)
        return _commit(batch)
    finally:
        shutil.rmtree(batch.plan.folder, ignore_errors=True)


def check(batch: Batch) -> None:
    """Stage the files and find out which rows break a rule; nothing in the lake changes.

    Raises:
        InputError: a file breaks its contract as a whole, or too many rows were rejected.
    """
    batch.stats = {found.file: found for found in stage(batch.ctx.spark, batch.plan)}
    findings = [Finding(found.file, found.problem, found.remedy or "") for found in batch.stats.values() if found.problem]
    if findings:
        raise InputError(f"files of {batch.name} break their contract", sorted(findings, key=lambda finding: finding.where))
    for found in batch.stats.values():
        for note in found.notes:
            log.warning("schema_drift feed=%s file=%s note=%r", batch.name, found.file, note)
    log_event(log, Event.READ, feed=batch.name, files=len(batch.files), rows=batch.rows_in, business_date=batch.ctx.business_date)
    if staged_rows(batch.plan.folder_of("rows")):
        _check_rules(batch)
    if batch.plan.folder_of("rejects").exists():
        _write(batch, rejected.unread_rows(batch.read("rejects"), batch.key), "unread")
    _count_rejected(batch)
    _stop_above_threshold(batch)


def _write(batch: Batch, frame: "DataFrame", kind: str) -> None:
    frame.write.mode("overwrite").parquet(batch.plan.folder_of(kind).as_uri())


def _check_rules(batch: Batch) -> None:
    try:
        rules = rules_of.rejecting_rules(batch.feed)
        checked = batch.checked()
        broken = checked.filter(rules_of.any_broken(rules))
        _write(batch, rejected.broken_rows(broken, batch.feed, rules, batch.key, batch.plan.keep_raw), "broken")
        _count_warnings(batch, checked)
    except CdpError:
        raise
    except Exception as err:
        short = readable(err)
        if short is None:
            raise
        raise ConfigError(
            f"the rules of {batch.name} cannot be evaluated", [Finding(batch.name, short.message, "correct the rule")]
        ) from err
    if batch.feed.unique:
        _check_unique(batch)


def _count_warnings(batch: Batch, checked: "DataFrame") -> None:
    from pyspark.sql import functions as F

    warnings = rules_of.warning_rules(batch.feed)
    if not warnings:
        return
    row = checked.agg(*[F.count_if(rule.is_broken).alias(rule.label) for rule in warnings]).first()
    for rule in warnings:
        if row is not None and row[rule.label]:
            log.warning("rule_broken feed=%s rule=%s rows=%d severity=warn", batch.name, rule.label, row[rule.label])


def _accepted(batch: Batch) -> "DataFrame":
    """Typed rows that break no rule of their own."""
    checked = batch.checked()
    if not staged_rows(batch.plan.folder_of("broken")):
        return checked
    return checked.filter(~rules_of.any_broken(rules_of.rejecting_rules(batch.feed)))


def _check_unique(batch: Batch) -> None:
    """Later rows with a key that was in the same file before are rejected; most files have none, so keys alone are read first."""
    from pyspark.sql import functions as F

    key = [*batch.feed.unique]
    keys = _accepted(batch).select("_source_file", "_line", *key).dropna(subset=key)
    first = keys.groupBy("_source_file", *key).agg(F.min("_line").alias("_first_line"), F.count("*").alias("_rows")).filter("_rows > 1")
    _write(batch, first, "repeated_keys")
    if staged_rows(batch.plan.folder_of("repeated_keys")):
        repeated = _accepted(batch).join(batch.read("repeated_keys"), ["_source_file", *key], "inner").filter("_line > _first_line")
        _write(batch, rejected.repeated_rows(repeated, batch.feed, batch.key, batch.plan.keep_raw), "repeated")


def _sealed(batch: Batch) -> "DataFrame | None":
    parts = [batch.read(kind) for kind in SEALED if staged_rows(batch.plan.folder_of(kind))]
    if not parts:
        return None
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.unionByName(part)
    return whole


def _count_rejected(batch: Batch) -> None:
    sealed = _sealed(batch)
    if sealed is not None:
        rows = sealed.groupBy("_source_file", sealed["rules"][0].alias("rule")).count().toArrow().to_pylist()
        batch.rejected = {(row["_source_file"], row["rule"]): row["count"] for row in rows}


def _stop_above_threshold(batch: Batch) -> None:
    most = batch.feed.max_rejected_share
    most = batch.ctx.settings.ingest.max_rejected_share if most is None else most
    if batch.rows_in and batch.rows_rejected > most * batch.rows_in:
        share = (
            f"{batch.rows_rejected} of {batch.rows_in} rows ({batch.rows_rejected / batch.rows_in:.1%}) rejected, allowed are {most:.1%}"
        )
        raise InputError(f"too many rejected rows in {batch.name}: {share}", rejection_findings(batch))


def rejection_findings(batch: Batch, most: int = 20) -> list[Finding]:
    """Rejected rows by rule, the most frequent first, each with the file and line of its first row."""
    from pyspark.sql import functions as F

    sealed = _sealed(batch)
    if sealed is None:
        return []
    place = F.min(F.struct("_source_file", "_line", "value_classes")).alias("place")
    rows = sealed.groupBy(sealed["rules"][0].alias("rule")).agg(F.count("*").alias("rows"), place)
    found = rows.orderBy(F.desc("rows"), "rule").limit(most).collect()
    remedy = "correct the delivery or the contract (cdp source check shows more)"
    return [
        Finding(
            f"{row['place'][0]}:{row['place'][1]}", f"{row['rule']} is broken by {row['rows']} row(s), here by {row['place'][2][0]}", remedy
        )
        for row in found
    ]


def _commit(batch: Batch) -> list[Entry]:
    bronze = bronze_table(batch.source, batch.feed_name, batch.feed)
    quarantine = quarantine_table(batch.source, batch.feed_name)
    pending = Pending(batch.batch_id, (bronze.full_name, quarantine.full_name), batch.plan.folder)
    pending.write(batch.ctx.settings)
    ctx, valid = batch.ctx, batch.rows_in - batch.rows_rejected
    _fill_vault(batch)
    if valid:
        append(ctx.spark, ctx.settings, bronze, bronze_frame(batch))
        _prove_nothing_is_lost(batch, pending, bronze.full_name, valid)
    sealed = _sealed(batch)
    if sealed is not None:
        append(ctx.spark, ctx.settings, quarantine, rejected.quarantine_frame(sealed, batch.batch_id))
        for rule, count in sorted(_by_rule(batch).items()):
            log_event(log, Event.QUARANTINED, table=quarantine.full_name, rule=rule, rows=count, business_date=ctx.business_date)
    entries = [
        entry_of(
            landed, batch.source, batch.feed_name, batch.batch_id, LOADED,
            rows_in=batch.stats[landed.file].rows_in, quarantined=batch.rejected_of(landed.file),
            message="; ".join(batch.stats[landed.file].notes) or None,
        )
        for landed in batch.files
    ]  # fmt: skip
    record(ctx, entries)
    pending.done(ctx.settings)
    return entries


def bronze_frame(batch: Batch) -> "DataFrame":
    """The rows of the batch that broke no rule, with the columns of the bronze table."""
    from pyspark.sql import functions as F

    rows = _accepted(batch)
    if staged_rows(batch.plan.folder_of("repeated")):
        rows = rows.join(batch.read("repeated").select("_source_file", "_line"), ["_source_file", "_line"], "left_anti")
    return rows.select(*batch.feed.column_names, *rules_of.PLACE_NAMES, F.lit(batch.batch_id).alias("_batch_id"))


def _by_rule(batch: Batch) -> dict[str, int]:
    counts: dict[str, int] = {}
    for (_, rule), count in batch.rejected.items():
        counts[rule] = counts.get(rule, 0) + count
    return counts


def _fill_vault(batch: Batch) -> None:
    from pyspark.sql import functions as F

    if not Path(batch.plan.folder_of("vault")).exists():
        return
    vault = catalog().table("vault.pii")
    staged = batch.read("vault").groupBy("token").agg(F.min(F.struct("kind", "key_id", "ciphertext")).alias("entry"))
    new = staged.select("token", "entry.*").join(batch.ctx.spark.table(vault.full_name).select("token"), "token", "left_anti")
    if not new.isEmpty():
        append(batch.ctx.spark, batch.ctx.settings, vault, new)


def _prove_nothing_is_lost(batch: Batch, pending: Pending, table: str, valid: int) -> None:
    row = batch.ctx.spark.sql(f"describe history {table} limit 1").selectExpr("operationMetrics['numOutputRows'] as rows").first()
    written = -1 if row is None or row["rows"] is None else int(row["rows"])
    if written != valid:
        take_back(batch.ctx, pending)
        finding = Finding(
            table, f"{written} rows were written, {valid} are valid", "nothing was kept; run again, and report it if it repeats"
        )
        raise CdpError(f"rows of {batch.name} do not add up", [finding])
