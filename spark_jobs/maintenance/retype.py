"""Tables whose columns have another type than the catalogue says: rows are kept where the new type holds every old value.

A silver table of any other change is emptied and built again from bronze by the next run. Bronze needs its deliveries: `cdp source reload`.
"""

import re
from typing import TYPE_CHECKING

from conf.catalog import Schema, Table, catalog
from conf.errors import CdpError, Finding
from spark_jobs.common.delta import ensure_table
from spark_jobs.common.job import StepContext
from spark_jobs.maintenance.changes import Change

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

STATE = "ops.conform_state"
DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
WHOLE_DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
WIDER = {("float", "double"), ("int", "double"), ("smallint", "double"), ("tinyint", "double")}


def holds_all(new: str, old: str) -> bool:
    """True when every value of the old type is one of the new type."""
    if old in WHOLE_DIGITS and new in WHOLE_DIGITS:
        return WHOLE_DIGITS[old] <= WHOLE_DIGITS[new]
    if match := DECIMAL.fullmatch(new):
        digits, scale = int(match[1]), int(match[2])
        if old in WHOLE_DIGITS:
            return digits - scale >= WHOLE_DIGITS[old]
        before = DECIMAL.fullmatch(old)
        return before is not None and scale >= int(before[2]) and digits - scale >= int(before[1]) - int(before[2])
    return new == old or (old, new) in WIDER


def retype_tables(ctx: StepContext) -> list[Change]:
    """Bring the columns of every table that is in the lake to the catalogue's types, and add those that are missing.

    Raises:
        CdpError: a table can neither be kept nor built again.
    """
    there = [table for table in catalog().tables.values() if _is_there(ctx, table)]
    return [change for table in sorted(there, key=lambda each: each.full_name) for change in retype(ctx, table)]


def _is_there(ctx: StepContext, table: Table) -> bool:
    return (ctx.settings.lake.warehouse / table.schema / table.name / "_delta_log").is_dir()


def retype(ctx: StepContext, table: Table) -> list[Change]:
    """Bring one table to the catalogue's columns; see the module."""
    types = dict(ctx.spark.table(table.full_name).dtypes)
    wanted = {field.name: field.type.replace(" ", "") for field in table.fields}
    other = {name: (types[name], kind) for name, kind in wanted.items() if name in types and types[name] != kind}
    if not other:
        missing = sorted(set(wanted) - set(types))
        ensure_table(ctx.spark, ctx.settings, table)
        return [Change(table.full_name, f"new columns: {', '.join(missing)}")] if missing else []
    told = ", ".join(f"{name} {old} → {new}" for name, (old, new) in sorted(other.items()))
    if all(holds_all(new, old) for old, new in other.values()):
        rows = ctx.spark.table(table.full_name)
        casts = {name: rows[name].cast(new) for name, (_, new) in other.items()}
        count = rows.count()
        _replace(ctx, table, rows.withColumns(casts))
        ensure_table(ctx.spark, ctx.settings, table)
        return [Change(table.full_name, told, count)]
    if table.schema is Schema.SILVER:
        return [_empty(ctx, table, told)]
    if table.schema is Schema.BRONZE:
        return [Change(table.full_name, f"left as it is ({told}); afterwards: cdp source reload {table.name.replace('__', '.', 1)}")]
    raise CdpError("a table cannot be upgraded", [Finding(table.full_name, told, "report it; the lake can be restored from its backup")])


def _empty(ctx: StepContext, table: Table, told: str) -> Change:
    """Forget what silver has taken in first: after a kill in between the table is emptied by the next try."""
    if ctx.spark.catalog.tableExists(STATE):
        ctx.spark.sql(f"delete from {STATE} where entity = '{table.name}'").collect()
    count = ctx.spark.table(table.full_name).count()
    _replace(ctx, table, ctx.spark.createDataFrame([], table.ddl))
    return Change(table.full_name, f"{told}; empty until the next run builds it again", count)


def _replace(ctx: StepContext, table: Table, frame: "DataFrame") -> None:
    """New rows and a new schema in one commit."""
    location = (ctx.settings.lake.warehouse / table.schema / table.name).as_uri()
    frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true").partitionBy(*table.partition_by).save(location)
    ctx.spark.catalog.refreshTable(table.full_name)
