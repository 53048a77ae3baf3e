"""Documents: rows of a feed that belong together, such as the lines of an order, and what a later delivery of a document retires."""

from typing import TYPE_CHECKING

from pyspark.sql import Window

from conf.contracts import Feed
from conf.maps import Dedup
from spark_jobs.conform.contributions import Contribution

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

DOCUMENT = "_document"
DOCUMENT_SEQUENCE = "_document_sequence"
KEY_SEPARATOR = "|"


def joined_key(names: tuple[str, ...], feed: Feed) -> "Column":
    """Parts joined by `|`, which is escaped inside them; null when any part is."""
    from pyspark.sql import functions as F

    columns = []
    for name in names:
        text = F.col(f"`{name}`").cast("string")
        if feed.column(name).type == "string":
            text = F.replace(F.replace(text, F.lit("\\"), F.lit("\\\\")), F.lit(KEY_SEPARATOR), F.lit("\\" + KEY_SEPARATOR))
        columns += [F.lit(KEY_SEPARATOR), text]
    return F.concat(*columns[1:])


def document_id(part: Contribution) -> "Column":
    """The document of a row as one text; null when any of its columns is."""
    return joined_key(part.document, part.feed)


def with_document_sequence(bronze: "DataFrame", part: Contribution, sequence: "Column") -> "DataFrame":
    """The rows with the order of their document among its deliveries: the greatest `order_by` of its lines in the file."""
    from pyspark.sql import functions as F

    if part.map.dedup is not Dedup.DOCUMENT:
        return bronze
    whole = Window.partitionBy("_source_file", *(F.col(f"`{name}`") for name in part.document))
    return bronze.withColumn(DOCUMENT_SEQUENCE, F.max(sequence).over(whole))


def retired_lines(rows: "DataFrame", deliveries: "DataFrame", key: str) -> "DataFrame":
    """Lines that a later delivery of their document does not have, with the version of that delivery.

    Args:
        rows: mapped rows with `_document`; rows that cannot be conformed show that their line is there.
        deliveries: every delivery of every document: `_document`, `_source_file`, `_line`, `_delivered_on`, `_known_on`, `_sequence`.
        key: the entity's key.

    Returns:
        The key, and the columns of the delivery that retired it.
    """
    from pyspark.sql import functions as F

    version = ("_delivered_on", "_known_on", "_sequence", "_source_file")
    in_order = Window.partitionBy(DOCUMENT).orderBy(*(F.col(name).asc_nulls_first() for name in version))
    following = deliveries.select(
        DOCUMENT, F.col("_source_file").alias("_file"), F.lead(F.struct(*version, "_line")).over(in_order).alias("_next")
    ).where("_next is not null")
    present = rows.where(F.col(key).isNotNull() & F.col(DOCUMENT).isNotNull())
    present = present.select(key, DOCUMENT, F.col("_source_file").alias("_file")).distinct()
    candidates = present.join(following, [DOCUMENT, "_file"]).withColumn("_next_file", F.col("_next._source_file"))
    still = present.select(key, DOCUMENT, F.col("_file").alias("_next_file"))
    return candidates.join(still, [key, DOCUMENT, "_next_file"], "left_anti").select(key, "_next.*")


def redelivered_otherwise(rows: "DataFrame", key: str) -> "DataFrame":
    """Documents of which two files hold other lines, one row each.

    Args:
        rows: mapped rows with `_document`.
        key: the entity's key.
    """
    from pyspark.sql import functions as F

    contents = rows.where(F.col(DOCUMENT).isNotNull()).groupBy(DOCUMENT, "_source_file")
    hashed = contents.agg(F.array_sort(F.collect_list(F.xxhash64(key))).alias("lines"))
    return hashed.groupBy(DOCUMENT).agg(F.count_distinct("lines").alias("contents")).where("contents > 1")
