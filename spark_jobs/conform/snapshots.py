"""Snapshots: keys that a full delivery does not have any more are deleted on its day."""

from typing import TYPE_CHECKING

from pyspark.sql import Window

from spark_jobs.conform.contributions import Contribution
from spark_jobs.conform.mapping import IS_DELETED

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def tombstones(rows: "DataFrame", part: Contribution) -> "DataFrame":
    """One row, marked as deleted and empty but for its key, for every key that a delivery has and the next one has not.

    Args:
        rows: all rows of a snapshot feed, as `mapping.mapped` makes them; rows that cannot be conformed show that their key is there.
        part: the feed's map.

    Returns:
        Rows like `rows`, on the day of the delivery in which the key is missing.
    """
    from pyspark.sql import functions as F

    key = part.entity.key
    present = rows.where(F.col(key).isNotNull()).select(key, "_delivered_on").distinct()
    in_order = Window.orderBy("_delivered_on")
    deliveries = rows.groupBy("_delivered_on").agg(F.max("_known_on").alias("_known_on"))
    following = deliveries.select(
        "_delivered_on",
        F.lead("_delivered_on").over(in_order).alias("_next_on"),
        F.lead("_known_on").over(in_order).alias("_next_known_on"),
    ).where("_next_on is not null")
    later = present.select(key, F.col("_delivered_on").alias("_next_on"))
    gone = present.join(F.broadcast(following), "_delivered_on").join(later, [key, "_next_on"], "left_anti")
    place = {name: F.lit(None) for name in ("_sequence", "_source_file", "_line")}
    version = gone.select(key, F.col("_next_on").alias("_delivered_on"), F.col("_next_known_on").alias("_known_on"))
    return deleted_rows(version.withColumns(place), rows, part)


def deleted_rows(gone: "DataFrame", rows: "DataFrame", part: Contribution) -> "DataFrame":
    """Rows like `rows`, marked as deleted and empty but for their key, at the version and place that `gone` gives.

    Args:
        gone: the key, `_delivered_on`, `_known_on`, `_sequence`, `_source_file` and `_line`.
        rows: rows as `mapping.mapped` makes them; only their schema is used.
        part: the feed's map.
    """
    from pyspark.sql import functions as F

    named = (part.entity.key, "_delivered_on", "_known_on", "_sequence", "_source_file", "_line")
    given = {name: F.col(name) for name in named} | {IS_DELETED: F.lit(True)}
    given["_place"] = F.when(F.col("_source_file").isNotNull(), F.struct("_source_file", "_line"))
    constant = {"_source": part.source, "_rank": part.rank, "_priority": part.map.priority, "_is_key_only": False}
    given |= {name: F.lit(value) for name, value in constant.items()}
    given["_replaces"] = F.array(*map(F.lit, part.replacing))
    types = {field.name: field.dataType for field in rows.schema}
    return gone.select(*(given.get(name, F.lit(None)).cast(types[name]).alias(name) for name in rows.columns))
