"""Sealing: records go from the journals into `ops.audit`, and the log's root is signed.

Reads: journals, ops.audit. Writes: ops.audit (append only) and a head outside the warehouse. Rerun: records that are there are not added again.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING

from conf.catalog import catalog
from spark_jobs.common.audit.heads import add_head, heads_file, read_heads, root_of
from spark_jobs.common.audit.journal import read_journals
from spark_jobs.common.audit.records import Record
from spark_jobs.common.delta import append, ensure_table

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import SparkSession

    from conf.settings import Settings

AUDIT = "ops.audit"


def seal(spark: "SparkSession", settings: "Settings", business_date: "date") -> int:
    """Bring the table up to the journals and sign it; the number of records that were added.

    Nothing is signed when nothing is new: a head that only says the same again would make a later one look fresher than it is.
    """
    table = catalog().table(AUDIT)
    if not spark.catalog.tableExists(AUDIT):
        ensure_table(spark, settings, table)
        # Delta itself then refuses updates and deletes; who takes the property away is found by the heads.
        spark.sql(f"alter table {AUDIT} set tblproperties ('delta.appendOnly' = 'true')")
    there = [(row["position"], _record(row.asDict())) for row in spark.table(AUDIT).orderBy("position").collect()]
    known = {(record.writer, record.sequence) for _, record in there}
    new = [record for record in read_journals(settings) if (record.writer, record.sequence) not in known]
    first = there[-1][0] + 1 if there else 1
    if new:
        rows = [(first + offset, *asdict(record).values()) for offset, record in enumerate(new)]
        append(spark, settings, table, spark.createDataFrame(rows, table.ddl))
    records = [record for _, record in there] + new
    heads = read_heads(heads_file(settings))
    if records and (not heads or (heads[-1].size, heads[-1].root) != (len(records), root_of(records))):
        add_head(settings, records, business_date.isoformat())
    return len(new)


def _record(row: dict[str, object]) -> Record:
    return Record(**{name: value for name, value in row.items() if name != "position"})  # type: ignore[arg-type]
