"""Identifiers in bronze that were loaded before they were cleaned: the same key would be delivered in another spelling from now on."""

from conf.catalog import Schema
from conf.contracts import load_sources
from conf.entities import load_entities
from spark_jobs.common.job import StepContext
from spark_jobs.ingest.identifiers import identifier_columns
from spark_jobs.maintenance.changes import Change

# What `pii.clean` trims or undoes, as Java writes it: signs without ink at an end, and marks of a spreadsheet.
UNCLEAN = r"""^[\p{Z}\p{Cc}\p{Cf}]|[\p{Z}\p{Cc}\p{Cf}]$|^="|^'.*[0-9]|^#|^[+-]?[0-9]+\.(0{1,2}|0{4,})$|^[+-]?[0-9]+([.,][0-9]+)?[Ee][+-]?[0-9]{1,3}$"""


def find_old_identifiers(ctx: StepContext) -> list[Change]:
    """Name the feeds whose keys today's ingest would write in another way; loading them again makes the keys one."""
    from pyspark.sql import functions as F

    there = {row["tableName"] for row in ctx.spark.sql(f"show tables in {Schema.BRONZE}").collect()}
    changes = []
    for source, contract in load_sources().items():
        for name, feed in contract.feeds.items():
            texts = [column for column in identifier_columns(feed, load_entities()).values() if column.type == "string"]
            names = [column.name for column in texts if not column.is_tokenised]
            if f"{source}__{name}" not in there or not names:
                continue
            table = ctx.spark.table(f"{Schema.BRONZE}.{source}__{name}")
            unclean = [F.col(f"`{each}`").rlike(UNCLEAN) for each in names if each in table.columns]
            rows = table.where(F.coalesce(*(F.when(each, True) for each in unclean), F.lit(False))).count() if unclean else 0
            if rows:
                found = f"{rows:,} rows have keys that are written otherwise from now on; afterwards: cdp source reload {source}.{name}"
                changes.append(Change(f"{Schema.BRONZE}.{source}__{name}", found))
    return changes
