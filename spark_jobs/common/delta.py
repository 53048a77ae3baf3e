"""Delta verbs: make, append, overwrite, merge and look at a table of the catalogue. All of it works over Spark Connect."""

import logging
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from conf.catalog import Schema, Table
from conf.errors import CdpError, Finding
from conf.settings import Settings
from spark_jobs.common.logging import Event, log_event

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of a Delta table."""

    version: int
    timestamp: datetime
    operation: str


@dataclass(frozen=True, slots=True)
class MergeCounts:
    """What a merge did, in rows."""

    inserted: int
    updated: int
    deleted: int


def ensure_table(spark: "SparkSession", settings: Settings, table: Table) -> None:
    """Create the table when it is missing, add the columns it lacks, and widen decimals that have more digits in the catalogue.

    Widening rewrites the table in one commit; every value stays what it is. The location is explicit: a table whose folder outlived its catalogue entry (a kill between the two) is taken over with its data.

    Raises:
        CdpError: a column of the table has another type than the catalogue says.
    """
    location = (settings.lake.warehouse / table.schema / table.name).as_uri()
    partitions = f"partitioned by ({', '.join(table.partition_by)})" if table.partition_by else ""
    if not spark.catalog.tableExists(table.full_name):
        exists = (settings.lake.warehouse / table.schema / table.name / "_delta_log").exists()
        columns = "" if exists else f"({table.ddl}) "
        spark.sql(f"create table if not exists {table.full_name} {columns}using delta {'' if exists else partitions} location '{location}'")
    there = {field.name: field.dataType.simpleString() for field in spark.table(table.full_name).schema.fields}
    if wider := _wider_decimals(table, there):
        _rewrite(spark, table, location, there | wider)
        there |= wider
    _check_types(table, {name: type_ for name, type_ in there.items() if name in table.field_names}, "the table in the lake")
    missing = ", ".join(f"`{field.name}` {field.type}" for field in table.fields if field.name not in there)
    if missing:
        spark.sql(f"alter table {table.full_name} add columns ({missing})")


def _wider_decimals(table: Table, there: dict[str, str]) -> dict[str, str]:
    """Decimal columns that have as many digits or more on both sides of the point in the catalogue, with the type they have there."""
    wider = {}
    for field in table.fields:
        now, wanted = _digits(there.get(field.name, "")), _digits(field.type)
        if now and wanted and now != wanted and now[0] <= wanted[0] and now[1] <= wanted[1]:
            wider[field.name] = field.type.replace(" ", "")
    return wider


def _digits(type_: str) -> tuple[int, int] | None:
    """Digits before and after the point of a decimal type; None for another type."""
    found = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", type_)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else None


def _rewrite(spark: "SparkSession", table: Table, location: str, types: dict[str, str]) -> None:
    """Replace the table by its own rows with these column types."""
    frame = spark.table(table.full_name).selectExpr(*(f"cast(`{name}` as {type_}) as `{name}`" for name, type_ in types.items()))
    writer = frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true").option("path", location)
    (writer.partitionBy(*table.partition_by) if table.partition_by else writer).saveAsTable(table.full_name)
    log_event(log, Event.WRITTEN, table=table.full_name, mode="widened")


def conform_frame(table: Table, frame: "DataFrame") -> "DataFrame":
    """The frame with exactly the table's columns in the table's order.

    Raises:
        CdpError: columns are missing, unknown or of another type; all of them are listed.
    """
    found = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    names = set(table.field_names)
    findings = [Finding(f"{table.full_name}.{name}", "missing in the frame") for name in table.field_names if name not in found]
    findings += [Finding(f"{table.full_name}.{name}", "not in the catalogue") for name in found if name not in names]
    if findings:
        raise CdpError(f"the frame for {table.full_name} does not have the table's columns", findings)
    _check_types(table, found, "the frame")
    return frame.select(*table.field_names)


def append(spark: "SparkSession", settings: Settings, table: Table, frame: "DataFrame") -> None:
    """Add the rows."""
    ensure_table(spark, settings, table)
    conform_frame(table, frame).writeTo(table.full_name).append()
    log_event(log, Event.WRITTEN, table=table.full_name, mode="append")


def overwrite(spark: "SparkSession", settings: Settings, table: Table, frame: "DataFrame", where: str = "true") -> None:
    """Replace the rows that meet `where` (all by default) by the frame, in one commit.

    Args:
        spark: session.
        settings: where the lake is.
        table: target.
        frame: the new rows; each must meet `where`.
        where: SQL predicate over the table, such as `as_of_on = date'2017-12-31'`.
    """
    from pyspark.sql import functions as F

    ensure_table(spark, settings, table)
    conform_frame(table, frame).writeTo(table.full_name).overwrite(F.expr(where))
    log_event(log, Event.WRITTEN, table=table.full_name, mode="overwrite", where=where)


def merge(
    spark: "SparkSession",
    settings: Settings,
    table: Table,
    source: "DataFrame",
    *,
    keys: Sequence[str] = (),
    compare: Sequence[str] = (),
    prune: str = "",
    delete_when: str = "",
    skip_when_equal: bool = False,
) -> MergeCounts:
    """Bring the table to the state of `source` for the keys in it; rows that are equal already are not rewritten.

    Args:
        spark: session.
        settings: where the lake is.
        table: target.
        source: one row per key, with the table's columns.
        keys: columns that identify a row; the table's key by default.
        compare: columns that decide whether a row changed; all but the keys by default.
        prune: further predicate over `target.`, so that only its files are read.
        delete_when: predicate over `source.`; rows that meet it are removed, or not inserted.
        skip_when_equal: look first whether anything differs, since a merge makes a new version even when nothing does. Costs one join.

    Returns:
        Rows inserted, updated and deleted.
    """
    ensure_table(spark, settings, table)
    keys = keys or table.key
    compare = compare or [name for name in table.field_names if name not in keys]
    view = f"merge_source_{uuid.uuid4().hex}"
    conform_frame(table, source).createOrReplaceTempView(view)
    on = " and ".join([*(f"target.`{key}` = source.`{key}`" for key in keys), *([f"({prune})"] if prune else [])])
    changed = " or ".join(f"not (target.`{name}` <=> source.`{name}`)" for name in compare) or "false"
    try:
        if skip_when_equal and _is_equal(spark, table, view, on, keys[0], changed, delete_when):
            return MergeCounts(0, 0, 0)
        statement = f"merge into {table.full_name} as target using {view} as source on {on}"
        statement += f" when matched and ({delete_when}) then delete" if delete_when else ""
        statement += f" when matched and ({changed}) then update set *"
        statement += f" when not matched{f' and not ({delete_when})' if delete_when else ''} then insert *"
        row = spark.sql(statement).collect()[0]
    finally:
        spark.catalog.dropTempView(view)
    counts = MergeCounts(row["num_inserted_rows"], row["num_updated_rows"], row["num_deleted_rows"])
    log_event(
        log, Event.WRITTEN, table=table.full_name, mode="merge", inserted=counts.inserted, updated=counts.updated, deleted=counts.deleted
    )
    return counts


def _is_equal(spark: "SparkSession", table: Table, view: str, on: str, key: str, changed: str, delete_when: str) -> bool:
    """True when merging the view would change nothing."""
    wanted = f"not ({delete_when})" if delete_when else "true"
    matched, new = f"target.`{key}` is not null", f"target.`{key}` is null"
    differs = f"({new} and {wanted}) or ({matched} and (not ({wanted}) or {changed}))"
    return not spark.sql(f"select 1 from {view} as source left join {table.full_name} as target on {on} where {differs} limit 1").collect()


def history(spark: "SparkSession", full_name: str, limit: int = 20) -> list[Commit]:
    """The last commits of a table, newest first."""
    rows = spark.sql(f"describe history {full_name} limit {limit}").select("version", "timestamp", "operation").collect()
    return [Commit(row["version"], row["timestamp"], row["operation"]) for row in rows]


def table_version(spark: "SparkSession", full_name: str) -> int:
    """The version of the table's last commit."""
    return history(spark, full_name, limit=1)[0].version


def _check_types(table: Table, found: dict[str, str], what: str) -> None:
    findings = [
        Finding(
            f"{table.full_name}.{field.name}",
            f"{what} has {found[field.name]}, the catalogue {field.type}",
            _remedy(table),
        )
        for field in table.fields
        if field.name in found and found[field.name] != field.type.replace(" ", "")
    ]
    if findings:
        raise CdpError(f"{what} for {table.full_name} does not have the table's types", findings)


def _remedy(table: Table) -> str:
    if table.schema is Schema.BRONZE:
        return f"correct the contract, or load the feed again with it: cdp source reload {table.name.replace('__', '.', 1)}"
    return "correct its definition; of a lake that an older release made: cdp upgrade"
