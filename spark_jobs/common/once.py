"""An append that cannot happen twice, also when a killed client's statement is still running in the engine."""

import logging
import uuid
from typing import TYPE_CHECKING

from conf.catalog import Table
from spark_jobs.common.delta import conform_frame
from spark_jobs.common.logging import Event, log_event

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)

APPLICATION = "cdp"


def append_once(table: Table, frame: "DataFrame", read_at: int) -> str:
    """Add rows that were made from the table's version `read_at`; gives the mark of the commit.

    Delta leaves out a second append that was made from the same or an earlier version: one of a dead client that commits later.
    """
    mark = uuid.uuid4().hex
    writer = conform_frame(table, frame).writeTo(table.full_name)
    writer.option("txnAppId", APPLICATION).option("txnVersion", str(read_at)).option("userMetadata", mark).append()
    log_event(log, Event.WRITTEN, table=table.full_name, mode="append")
    return mark


def append_alone(spark: "SparkSession", table: Table, frame: "DataFrame", read_at: int) -> bool:
    """`append_once`; False when somebody else wrote since `read_at`: then the rows may be there twice, or not at all."""
    mark = append_once(table, frame, read_at)
    last = spark.sql(f"describe history {table.full_name} limit 1").select("version", "userMetadata").first()
    return last is not None and (last["version"], last["userMetadata"]) == (read_at + 1, mark)
