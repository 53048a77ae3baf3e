"""Document fields: values of a document, such as an order's status, that stand on some of its lines only."""

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Window

from conf.contracts import Feed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def with_document_fields(bronze: "DataFrame", feed: Feed) -> "DataFrame":
    """The rows with each `per_document` column holding its document's value: header fields that stand on some of its lines only.

    A document is looked at within one file. Rows that name no document keep their own values.
    """
    from pyspark.sql import functions as F

    columns = [column for column in feed.columns if column.per_document]
    if not columns:
        return bronze
    document = [F.col(f"`{name}`") for name in feed.document]
    lines = Window.partitionBy("_source_file", *document).orderBy("_line")
    whole = lines.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    named = reduce(lambda left, right: left & right, (name.isNotNull() for name in document))
    filled = {}
    for column in columns:
        value = F.col(f"`{column.name}`")
        chosen = {
            "first_filled": F.first(value, ignorenulls=True),
            "last": F.last(value, ignorenulls=True),
            "max": F.max(value),
        }[column.per_document or "last"]
        filled[column.name] = F.when(named, chosen.over(whole)).otherwise(value)
    return bronze.withColumns(filled)
