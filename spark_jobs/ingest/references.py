"""References of a batch's rows to the rows of other feeds, which are in bronze by then: broken ones are rejected or counted."""

from typing import TYPE_CHECKING

from conf.catalog import Schema
from conf.rules import ForeignKey, Severity
from spark_jobs.ingest import rejected
from spark_jobs.ingest.batch import TRIAL, Batch

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PLACE = ("_source_file", "_line")
BROKEN = "_broken"


def check_references(batch: Batch) -> None:
    """Stage the rows whose reference is broken and must not be; log how many break one that may be."""
    from pyspark.sql import functions as F

    for key in batch.feed.foreign_keys:
        if key.severity is Severity.WARN:
            batch.warn(key.label, _orphans(batch, key).count())
    strict = [key for key in batch.feed.foreign_keys if key.severity is Severity.REJECT]
    if not strict:
        return
    orphans = [_orphans(batch, key).select(*PLACE, F.lit(key.label).alias(BROKEN)) for key in strict]
    broken = orphans[0]
    for more in orphans[1:]:
        broken = broken.unionByName(more)
    labels = broken.groupBy(*PLACE).agg(F.array_sort(F.collect_set(BROKEN)).alias(BROKEN))
    rows = _candidates(batch).join(labels, [*PLACE], "inner")
    batch.write(rejected.late_rows(rows, F.col(BROKEN), batch.feed, batch.key, batch.plan.keep_raw), "orphaned")


def _candidates(batch: Batch) -> "DataFrame":
    """Rows that keep all rules before this one."""
    rows = batch.accepted()
    return rows.join(batch.read("repeated").select(*PLACE), [*PLACE], "left_anti") if batch.count("repeated") else rows


def _orphans(batch: Batch, key: ForeignKey) -> "DataFrame":
    """Rows whose values are not in the other feed (for a feed that refers to itself: nor in this batch), compared as text."""
    from pyspark.sql import functions as F

    rows = _candidates(batch).dropna(subset=[*key.columns])
    there = _keys(_others(batch, key), key)
    is_same = [F.col(name).cast("string").eqNullSafe(F.col(f"_to_{number}")) for number, name in enumerate(key.columns)]
    return rows.join(there, is_same, "left_anti")


def _others(batch: Batch, key: ForeignKey) -> "DataFrame":
    """The columns referred to: of the other feed as of the business date, in a dry run of its files, and of this batch when it is the same feed."""
    mine = _candidates(batch).select(*key.targets) if key.feed == batch.feed_name.removesuffix(TRIAL) else None
    if batch.referred is not None:
        return batch.referred[key.feed].valid().select(*key.targets) if mine is None else mine
    table = batch.ctx.spark.table(f"{Schema.BRONZE}.{batch.source}__{key.feed}")
    loaded = table.where(f"_known_on <= date'{batch.ctx.business_date}'").select(*key.targets)
    return loaded if mine is None else loaded.unionByName(mine)


def _keys(rows: "DataFrame", key: ForeignKey) -> "DataFrame":
    from pyspark.sql import functions as F

    return rows.select(*(F.col(name).cast("string").alias(f"_to_{number}") for number, name in enumerate(key.targets))).distinct()
