"""The identity step: every customer key that any source knows has a customer.

Reads: the silver entities that name a customer. Grain: identity.customer_ids has one row per source_customer_id.
Rerun: keys that have a customer keep it; nothing is written when there are no new keys. A key that turns out to have been known
earlier says so. A run for an earlier date takes back the keys that were not known then; they come again with the same customer.
"""

from functools import reduce
from typing import TYPE_CHECKING

from conf.catalog import catalog
from conf.entities import Entity, load_entities
from spark_jobs.common.delta import append, ensure_table, merge
from spark_jobs.common.job import StepContext, StepReport

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CUSTOMER_IDS = "identity.customer_ids"
SOURCE_KEY = "source_customer_id"
ID_HEX_DIGITS = 20


def run(ctx: StepContext) -> StepReport:
    """Give every new customer key of silver its customer."""
    return identify(ctx, load_entities())


def identify(ctx: StepContext, entities: dict[str, Entity]) -> StepReport:
    """Give every new customer key of `entities` its customer; see the module."""
    table = catalog().table(CUSTOMER_IDS)
    ensure_table(ctx.spark, ctx.settings, table)
    not_yet = f"first_known_on > date'{ctx.business_date}'"
    if not ctx.spark.table(CUSTOMER_IDS).where(not_yet).isEmpty():
        ctx.spark.sql(f"delete from {CUSTOMER_IDS} where {not_yet}")
    frames = [ctx.spark.table(f"silver.{name}") for name, entity in sorted(entities.items()) if SOURCE_KEY in entity.column_names]
    if not frames:
        return StepReport("identity", {"new_customers": 0}, "no entity names a customer")
    seen = reduce(lambda left, right: left.unionByName(right), (frame.select(SOURCE_KEY, "_first_known_on") for frame in frames))
    news = news_of_customers(seen, ctx.spark.table(CUSTOMER_IDS)).persist()
    try:
        counts = {row["is_new"]: row["count"] for row in news.groupBy("is_new").count().collect()}
        rows = news.select(*table.field_names)
        if counts.get(False):
            merge(ctx.spark, ctx.settings, table, rows)
        elif counts:
            append(ctx.spark, ctx.settings, table, rows)
    finally:
        news.unpersist()
    return StepReport("identity", {"new_customers": counts.get(True, 0)}, None if counts else "no new customer keys")


def news_of_customers(seen: "DataFrame", known: "DataFrame") -> "DataFrame":
    """Customers for the keys in `seen` that are not in `known`, or are in it with a later date.

    Args:
        seen: `source_customer_id` (null for guests) and `_first_known_on`, any number of rows per key.
        known: identity.customer_ids.

    Returns:
        One row per key, with `is_new`. The customer_id is derived from the key, so a rebuild mints the same one.
    """
    from pyspark.sql import functions as F

    keys = seen.where(F.col(SOURCE_KEY).isNotNull()).groupBy(SOURCE_KEY).agg(F.min("_first_known_on").alias("first_known_on"))
    before = known.select(SOURCE_KEY, F.col("first_known_on").alias("known_before"))
    digest = F.substring(F.sha2(SOURCE_KEY, 256), 1, ID_HEX_DIGITS)
    is_new = F.col("known_before").isNull()
    return (
        keys.join(before, SOURCE_KEY, "left")
        .where(is_new | (F.col("first_known_on") < F.col("known_before")))
        .select(
            SOURCE_KEY,
            F.substring_index(SOURCE_KEY, ":", 1).alias("id_namespace"),
            F.concat(F.lit("c_"), digest).alias("customer_id"),
            "first_known_on",
            is_new.alias("is_new"),
        )
    )
