"""One batch of one feed: staged files → bronze, quarantine and vault, all or nothing.

Reads: staged files. Grain: one row per delivered row, in bronze or in quarantine.
Flags: `_batch_id`. Rerun: the batch is in the manifest, or its rows are taken back first.
"""

import json
import logging
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from conf.catalog import Table, bronze_table, quarantine_table
from conf.contracts import Feed
from conf.errors import CdpError, ConfigError, EngineError, Finding, InputError
from spark_jobs.common.delta import table_version
from spark_jobs.common.errors import readable, without_values
from spark_jobs.common.logging import Event, log_event
from spark_jobs.common.once import append_once
from spark_jobs.ingest import contract as rules_of
from spark_jobs.ingest import rejected
from spark_jobs.ingest.batch import Batch
from spark_jobs.ingest.erased import note_redelivered
from spark_jobs.ingest.identifiers import REMEDIES
from spark_jobs.ingest.journal import Pending, take_back
from spark_jobs.ingest.landing import BadFile, LandedFile
from spark_jobs.ingest.manifest import LOADED, Entry, entry_of, record
from spark_jobs.ingest.references import check_references
from spark_jobs.ingest.set_aside import stage_readable
from spark_jobs.ingest.tokens import ERASED_RULE
from spark_jobs.ingest.vault import fill_vault

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)


def load(batch: Batch) -> list[Entry]:
    """Load a batch and give its manifest entries, which are recorded already; bad files leave the batch (`batch.set_aside`).

    Raises:
        InputError: a bad file stops the feed, or too many rows were rejected; nothing of the batch is in the lake.
    """
    shutil.rmtree(batch.plan.folder, ignore_errors=True)
    try:
        batch.advance(batch.name, "reading")
        check(batch)
        batch.advance(batch.name, "writing")
        entries = _commit(batch) if batch.files else []
        batch.advance(batch.name, "done")
        return entries
    finally:
        shutil.rmtree(batch.plan.folder, ignore_errors=True)


def check(batch: Batch) -> None:
    """Stage the files and find out which rows break a rule; nothing in the lake changes.

    Raises:
        InputError: a bad file stops the feed, or too many rows were rejected.
    """
    while True:
        stage_readable(batch)
        for found in batch.stats.values():
            for note in found.notes:
                log.warning("schema_drift feed=%s file=%s note=%r", batch.name, found.file, note)
        log_event(log, Event.READ, feed=batch.name, files=len(batch.files), rows=batch.rows_in, business_date=batch.ctx.business_date)
        batch.advance(batch.name, "checking")
        if batch.count("rows"):
            check_rules(batch)
        _count_rejected(batch)
        problem = rejects_problem(batch, batch.feed)
        if problem is None:
            return
        if batch.stops_on_bad_file:
            raise InputError(f"too many rejected rows in {batch.name}: {problem}", rejection_findings(batch))
        batch.leave_out(_files_with_too_many(batch))
        batch.rejected, batch.warnings = {}, {}
        shutil.rmtree(batch.plan.folder, ignore_errors=True)


def check_rules(batch: Batch) -> None:
    """Evaluate the contract over the staged rows; rows that break it are staged apart, sealed.

    Raises:
        ConfigError: a rule cannot be evaluated.
    """
    try:
        rules = rules_of.rejecting_rules(batch.feed)
        checked = batch.checked()
        broken = checked.filter(rules_of.any_broken(rules))
        batch.write(rejected.broken_rows(broken, batch.feed, rules, batch.key, batch.plan.keep_raw), "broken")
        _count_warnings(batch, checked)
    except CdpError:
        raise
    except Exception as err:
        short = readable(err)
        if short is None or isinstance(short, EngineError):
            raise
        raise ConfigError(
            f"the rules of {batch.name} cannot be evaluated", [Finding(batch.name, without_values(short.message), "correct the rule")]
        ) from err
    if batch.feed.unique:
        _check_unique(batch)
    check_references(batch)


def _count_warnings(batch: Batch, checked: "DataFrame") -> None:
    from pyspark.sql import functions as F

    warnings = rules_of.warning_rules(batch.feed)
    if not warnings:
        return
    row = checked.agg(*[F.count_if(rule.is_broken).alias(rule.label) for rule in warnings]).first()
    for rule in warnings:
        batch.warn(rule.label, 0 if row is None else row[rule.label])


def _check_unique(batch: Batch) -> None:
    """Later rows with a key that was in the same file before are rejected; most files have none, so keys alone are read first."""
    from pyspark.sql import functions as F

    key = [*batch.feed.unique]
    keys = batch.accepted().select("_source_file", "_line", *key).dropna(subset=key)
    first = keys.groupBy("_source_file", *key).agg(F.min("_line").alias("_first_line"), F.count("*").alias("_rows")).filter("_rows > 1")
    batch.write(first, "repeated_keys")
    if batch.count("repeated_keys"):
        repeated = batch.accepted().join(batch.read("repeated_keys"), ["_source_file", *key], "inner").filter("_line > _first_line")
        batch.write(rejected.late_rows(repeated, F.array(F.lit("row:unique")), batch.feed, batch.key, batch.plan.keep_raw), "repeated")


def _count_rejected(batch: Batch) -> None:
    sealed = batch.sealed()
    if sealed is not None:
        rows = sealed.groupBy("_source_file", sealed["rules"][0].alias("rule")).count().toArrow().to_pylist()
        batch.rejected = {(row["_source_file"], row["rule"]): row["count"] for row in rows}


def _files_with_too_many(batch: Batch) -> list[BadFile]:
    """The files with the greatest shares of rejected rows, so many that the others together keep the contract's limit."""
    most, wrong, rows, bad = _most_rejected(batch, batch.feed), batch.rows_wrong, batch.rows_in, []
    shares = {landed.file: _wrong_rows(batch, landed) / max(1, batch.stats[landed.file].rows_in) for landed in batch.files}
    for landed in sorted(batch.files, key=lambda landed: (-shares[landed.file], landed.file)):
        if wrong <= max(most * rows, batch.ctx.settings.ingest.tolerated_rejects):
            break
        bad.append(_with_too_many(batch, landed, most))
        wrong, rows = wrong - _wrong_rows(batch, landed), rows - batch.stats[landed.file].rows_in
    return bad


def _wrong_rows(batch: Batch, landed: LandedFile) -> int:
    return sum(count for (file, rule), count in batch.rejected.items() if file == landed.file and rule != ERASED_RULE)


def _with_too_many(batch: Batch, landed: LandedFile, most: float) -> BadFile:
    rules = {rule: count for (file, rule), count in batch.rejected.items() if file == landed.file and rule != ERASED_RULE}
    wrong, rows = sum(rules.values()), batch.stats[landed.file].rows_in
    rule = min(rules, key=lambda rule: (-rules[rule], rule))
    problem = f"{wrong} of {rows} rows ({wrong / rows:.1%}) rejected, allowed are {most:.1%}; {rule} is broken by {rules[rule]}"
    remedy = REMEDIES.get(rule.partition(":")[2], "correct the delivery or the contract, or raise max_rejected_share")
    return BadFile(landed, Finding(landed.file, problem, remedy))


def _most_rejected(batch: Batch, feed: Feed) -> float:
    """The greatest share of rejected rows that a feed allows."""
    return batch.ctx.settings.ingest.max_rejected_share if feed.max_rejected_share is None else feed.max_rejected_share


def rejects_problem(batch: Batch, feed: Feed) -> str | None:
    """How many more rows are rejected than a contract allows; None when they are not."""
    most = _most_rejected(batch, feed)
    if batch.rows_wrong <= max(most * batch.rows_in, batch.ctx.settings.ingest.tolerated_rejects):
        return None
    return f"{batch.rows_wrong} of {batch.rows_in} rows ({batch.rows_wrong / batch.rows_in:.1%}) rejected, allowed are {most:.1%}"


def rejection_findings(batch: Batch, most: int = 20) -> list[Finding]:
    """Rejected rows by rule, the most frequent first, each with the file and line of its first row."""
    from pyspark.sql import functions as F

    sealed = batch.sealed()
    if sealed is None:
        return []
    place = F.min(F.struct("_source_file", "_line", "value_classes")).alias("place")
    rows = sealed.groupBy(sealed["rules"][0].alias("rule")).agg(F.count("*").alias("rows"), place)
    found = rows.orderBy(F.desc("rows"), "rule").limit(most).collect()
    return [
        Finding(
            f"{row['place'][0]}:{row['place'][1]}",
            f"{row['rule']} is broken by {row['rows']} row(s)" + _kind_of(row["place"][2][0]),
            REMEDIES.get(row["rule"].partition(":")[2], "correct the delivery or the contract"),
        )
        for row in found
    ]


def _kind_of(value_class: str) -> str:
    """What kind of value broke a rule; nothing where the whole row or line did."""
    return "" if value_class in ("row", "line") else f", here by {value_class}"


def _commit(batch: Batch) -> list[Entry]:
    bronze = bronze_table(batch.source, batch.feed_name, batch.feed)
    quarantine = quarantine_table(batch.source, batch.feed_name)
    pending = Pending(batch.batch_id, (bronze.full_name, quarantine.full_name), batch.plan.folder)
    pending.write(batch.ctx.settings)
    ctx, valid = batch.ctx, batch.rows_in - batch.rows_rejected
    fill_vault(batch)
    if valid:
        append_proven(batch, pending, bronze, bronze_frame(batch, batch.batch_id), valid)
    sealed = batch.sealed()
    if sealed is not None:
        append_proven(batch, pending, quarantine, rejected.quarantine_frame(sealed, batch.batch_id), batch.rows_rejected)
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
    if batch.warnings:
        entries[0] = replace(entries[0], warnings=json.dumps(batch.warnings, sort_keys=True))
    note_redelivered_lines(batch)
    record(ctx, entries)
    pending.done(ctx.settings)
    return entries


def note_redelivered_lines(batch: Batch) -> None:
    """Lines about people who were erased are to go out of the delivered files too."""
    if not batch.count("erased"):
        return
    lines: dict[str, list[int]] = {}
    for row in pq.read_table(batch.plan.folder_of("erased")).to_pylist():
        lines.setdefault(row["file"], []).append(row["line"])
    note_redelivered(batch.ctx.settings, batch.batch_id, lines)


def bronze_frame(batch: Batch, batch_id: str) -> "DataFrame":
    """The rows of the batch that broke no rule, with the columns of the bronze table."""
    from pyspark.sql import functions as F

    return batch.valid().select(*batch.feed.bronze_names, *rules_of.PLACE_NAMES, F.lit(batch_id).alias("_batch_id"))


def _by_rule(batch: Batch) -> dict[str, int]:
    counts: dict[str, int] = {}
    for (_, rule), count in batch.rejected.items():
        counts[rule] = counts.get(rule, 0) + count
    return counts


def append_proven(batch: Batch, pending: Pending, table: Table, frame: "DataFrame", count: int) -> None:
    """Append rows of a batch, and count the batch's rows in the table: a statement of a killed run may have written them too.

    Raises:
        CdpError: they are not `count`; the rows are taken back.
    """
    spark = batch.ctx.spark
    append_once(table, frame, table_version(spark, table.full_name))
    found = spark.table(table.full_name).where(f"_batch_id = '{pending.batch_id}'").count()
    if found != count:
        take_back(batch.ctx, pending)
        finding = Finding(
            table.full_name,
            f"{found} rows of the batch are there, must be {count}",
            "none was kept; run again, and report it if it repeats",
        )
        raise CdpError(f"rows of {batch.name} do not add up", [finding])
