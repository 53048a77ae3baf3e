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

    Attributes:
        orders: rows of fct_orders with a customer; `known_on` is the date from which a row may be used.
        items: rows of fct_order_items with a customer, likewise.
        first_ordered_on: date of the first order, None when there is none.
    """

    orders: DataFrame
    items: DataFrame
    first_ordered_on: date | None


def known_from(initial_load: Literal["event_time", "strict"], first_known_on: date | None) -> Column:
    """The date from which a row may be used: its `known_on`, except that rows of the first load count from their own date if so declared."""
    if initial_load == "strict" or first_known_on is None:
        return F.col("known_on")
    in_first_load = F.col("known_on") == F.lit(first_known_on)
    return F.when(in_first_load, F.least("ordered_on", "known_on")).otherwise(F.col("known_on"))


def prepare(orders: DataFrame, items: DataFrame, up_to: date, initial_load: Literal["event_time", "strict"]) -> History:
    """The history as the platform knew it at the end of `up_to`."""
    extent = orders.agg(
        F.min("known_on").alias("known_on"), F.min(F.when(F.col("customer_id").isNotNull(), F.col("ordered_on"))).alias("ordered_on")
    ).first()
    first_known_on = extent["known_on"] if extent else None
    first_ordered_on = extent["ordered_on"] if extent else None
    has_customer = F.col("customer_id").isNotNull()
    is_visible = (F.col("ordered_on") <= F.lit(up_to)) & (F.col("known_on") <= F.lit(up_to))

    def visible(frame: DataFrame) -> DataFrame:
        return frame.where(has_customer & is_visible).withColumn("known_on", known_from(initial_load, first_known_on))

    return History(visible(orders), visible(items), first_ordered_on if first_ordered_on and first_ordered_on <= up_to else None)


def read_history(spark: SparkSession, up_to: date, initial_load: Literal["event_time", "strict"]) -> History:
    """The history in the activity marts, as of the end of `up_to`."""
    return prepare(spark.table(ORDERS), spark.table(ORDER_ITEMS), up_to, initial_load)


def sample_customers(history: History, share: float) -> History:
    """A stable share of the customers: the same customers on every day, whatever the layout of the tables."""
    if share >= 1:
        return history
    is_sampled = F.pmod(F.xxhash64("customer_id"), F.lit(1_000_000)) < F.lit(int(share * 1_000_000))
    return History(history.orders.where(is_sampled), history.items.where(is_sampled), history.first_ordered_on)
