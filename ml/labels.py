"""What happened after an as-of date: the labels that models are trained and judged on."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.models import Label


def observed(orders: DataFrame, label: Label, as_of_dates: Sequence[date]) -> DataFrame:
    """Customers who bought in the label's window of an as-of date: as_of_on, customer_id, order_count, amount (decimal).

    A customer without a row bought nothing. Which orders may be counted is the caller's matter (`History`): labels look past the as-of
    date by design, but never past the date the history was read at.
    """
    dates = F.array(*(F.lit(day) for day in sorted(set(as_of_dates))))
    ordered_on = F.col("ordered_on")
    candidates = F.filter(
        dates, lambda day: (F.date_add(day, label.lead_days) < ordered_on) & (F.date_add(day, label.span_days) >= ordered_on)
    )
    bought = orders.select("customer_id", "ordered_on", label.amount, F.explode(candidates).alias("as_of_on"))
    return bought.groupBy("as_of_on", "customer_id").agg(F.count("*").alias("order_count"), F.sum(label.amount).alias("amount"))


def label_value(label: Label) -> Column:
    """The label as a double, over rows left-joined with `observed` (nulls where nothing was bought)."""
    bought = F.coalesce("order_count", F.lit(0)) > 0
    values = {
        "no_purchase_within": F.when(bought, 0.0).otherwise(1.0),
        "purchase_within": F.when(bought, 1.0).otherwise(0.0),
        "spend_within": F.greatest(F.coalesce(F.col("amount"), F.lit(0)), F.lit(0)).cast("double"),
    }
    return values[label.kind].cast("double")
