"""What the platform has seen of customers' orders, and since when: the only input of features and labels."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

ORDERS = "gold_build.fct_orders"
ORDER_ITEMS = "gold_build.fct_order_items"


@dataclass(frozen=True, slots=True)
class History:
    """Orders and order items of known customers.

    A row is there from the date on which any version of it was known, and shows its newest values: a correction that comes later changes
    what earlier dates see of the order, never whether they see it.

    Attributes:
        orders: rows of fct_orders with a customer; `usable_from` is the date from which a row may be used.
        items: rows of fct_order_items with a customer, likewise.
    """

    orders: DataFrame
    items: DataFrame


def usable_from(initial_load: Literal["event_time", "strict"], first_load_on: date | None) -> Column:
    """The date from which a row may be used: its `first_known_on`, except that rows of the first load count from their own date if so declared."""
    if initial_load == "strict" or first_load_on is None:
        return F.col("first_known_on")
    in_first_load = F.col("first_known_on") == F.lit(first_load_on)
    return F.when(in_first_load, F.least("ordered_on", "first_known_on")).otherwise(F.col("first_known_on"))


def prepare(orders: DataFrame, items: DataFrame, up_to: date, initial_load: Literal["event_time", "strict"]) -> History:
    """The history as the platform knew it at the end of `up_to`."""
    is_visible = (F.col("ordered_on") <= F.lit(up_to)) & (F.col("first_known_on") <= F.lit(up_to))
    extent = orders.where(is_visible).agg(F.min("first_known_on").alias("first_load_on")).first()
    known_since = usable_from(initial_load, extent["first_load_on"] if extent else None)

    def visible(frame: DataFrame) -> DataFrame:
        return frame.where(is_visible & F.col("customer_id").isNotNull()).withColumn("usable_from", known_since)

    return History(visible(orders), visible(items))


def begins_on(history: History) -> date | None:
    """The first date at whose end an order had happened and was known, None without one.

    Not the date of the oldest order: one that arrives a year late gives the year before it no history to learn from.
    """
    first = history.orders.agg(F.min(F.greatest("ordered_on", "usable_from")).alias("begins_on")).first()
    return first["begins_on"] if first else None


def read_history(spark: SparkSession, up_to: date, initial_load: Literal["event_time", "strict"]) -> History:
    """The history in the activity marts, as of the end of `up_to`."""
    return prepare(spark.table(ORDERS), spark.table(ORDER_ITEMS), up_to, initial_load)


def sample_customers(history: History, share: float) -> History:
    """A stable share of the customers: the same customers on every day, whatever the layout of the tables."""
    if share >= 1:
        return history
    is_sampled = F.pmod(F.xxhash64("customer_id"), F.lit(1_000_000)) < F.lit(int(share * 1_000_000))
    return History(history.orders.where(is_sampled), history.items.where(is_sampled))
