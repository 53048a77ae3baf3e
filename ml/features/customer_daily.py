"""features.customer_daily: what is known of each customer at the end of a day.

Reads: gold_build.fct_orders, gold_build.fct_order_items (rows dated and first known on or before the as-of date, nothing else).
Grain: one row per as-of date and customer with at least one order up to it.
Flags: null where a value cannot be said (a share of nothing, a gap after one visit); conf/features.yml has the meaning of each column.
Rerun: the partition of an as-of date is replaced.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.models import load_features
from ml.features.history import History

WINDOWS = (7, 14, 28, 56, 91, 182)
KEY = ("as_of_on", "customer_id")


def customer_daily(history: History, as_of_dates: Sequence[date], time_zone: str) -> DataFrame:
    """Features at the end of each as-of date, in the columns and the order of conf/features.yml.

    Sums are of decimals and whole numbers, so that no result depends on the order of rows; the last operation turns them into doubles.
    Several dates in one call give exactly the rows of one call per date.

    Args:
        history: orders and items of known customers.
        as_of_dates: the dates to stand at.
        time_zone: IANA zone in which hours of the day are meant.
    """
    dates = sorted(set(as_of_dates))
    rows = _order_features(_seen_at(history.orders, dates), time_zone).join(
        _department_features(history.items, dates), on=list(KEY), how="left"
    )
    ready = _with_gaps(rows)
    return ready.select("as_of_on", "customer_id", *(_finished()[name].cast("double").alias(name) for name in load_features().names))


def _seen_at(events: DataFrame, dates: Sequence[date], max_age: int = 36_500) -> DataFrame:
    """Each event once per as-of date at which it had happened and was known, with its age in days at that date, up to `max_age`."""
    all_dates = F.array(*(F.lit(day) for day in dates))
    seen_from, seen_until = F.greatest("ordered_on", "usable_from"), F.date_add("ordered_on", max_age)
    exploded = events.withColumn("as_of_on", F.explode(F.filter(all_dates, lambda day: (day >= seen_from) & (day <= seen_until))))
    return exploded.withColumn("age", F.datediff("as_of_on", "ordered_on"))


def _within(days: int, value: Column) -> Column:
    return F.when(F.col("age") < days, value)


def _count(condition: Column) -> Column:
    return F.sum(F.when(condition, F.lit(1)).otherwise(F.lit(0)))


def _order_features(seen: DataFrame, time_zone: str) -> DataFrame:
    """Sums and counts of orders by as-of date and customer, still exact."""
    recent = F.col("age") < 91
    hour = F.hour(F.from_utc_timestamp("ordered_at", time_zone))
    is_weekend = F.dayofweek("ordered_on").isin(1, 7)
    windows = [
        column
        for days in WINDOWS
        for column in (
            _count(F.col("age") < days).alias(f"frequency_{days}d"),
            F.coalesce(F.sum(_within(days, F.col("sales_amount"))), F.lit(0)).alias(f"spend_{days}d"),
        )
    ]
    sums_91d = (
        "line_count",
        "unit_count",
        "product_count",
        "fuel_amount",
        "discount_amount",
        "coupon_discount_amount",
        "promoted_sales_amount",
    )
    return seen.groupBy(*KEY).agg(
        F.min("age").alias("recency_days"),
        F.max("age").alias("tenure_days"),
        F.sum("sales_amount").alias("spend_all"),
        *windows,
        *(F.sum(_within(91, F.col(column))).alias(f"{column}_sum") for column in sums_91d),
        _count(recent & is_weekend).alias("weekend_orders"),
        _count(recent & hour.isNotNull()).alias("timed_orders"),
        _count(recent & (hour < 12)).alias("morning_orders"),
        _count(recent & (hour >= 18)).alias("evening_orders"),
        F.size(F.collect_set(_within(91, F.col("store_id")))).alias("store_count_91d"),
        F.size(F.collect_set(_within(91, F.floor(F.col("age") / 7)))).alias("active_weeks_91d"),
        F.array_sort(F.collect_set(_within(182, F.col("age")))).alias("visit_ages"),
    )


def _department_features(items: DataFrame, dates: Sequence[date]) -> DataFrame:
    """How many departments a customer buys from, and how much of it in the largest one."""
    is_recent = F.col("ordered_on") > F.lit(min(dates) - timedelta(days=91))
    by_day = items.where(is_recent & F.col("department").isNotNull()).groupBy("customer_id", "department", "ordered_on", "usable_from")
    seen = _seen_at(by_day.agg(F.sum("sales_amount").alias("sales_amount")), dates, max_age=90)
    by_department = seen.groupBy(*KEY, "department").agg(F.sum("sales_amount").alias("amount"))
    return by_department.groupBy(*KEY).agg(
        F.count("*").alias("departments"),
        F.max("amount").alias("department_top_amount"),
        F.sum("amount").alias("department_amount"),
    )


def _with_gaps(rows: DataFrame) -> DataFrame:
    """Adds the days between visits, latest first, and their exact count, sum and sum of squares."""
    later = F.col("visit_ages")
    pairs = F.greatest(F.size(later) - 1, F.lit(0))
    gaps = F.zip_with(F.slice(later, F.lit(2), pairs), F.slice(later, F.lit(1), pairs), lambda older, newer: older - newer)
    squares = F.aggregate("gaps", F.lit(0).cast("bigint"), lambda total, gap: total + gap.cast("bigint") * gap.cast("bigint"))
    sums = F.aggregate("gaps", F.lit(0).cast("bigint"), lambda total, gap: total + gap.cast("bigint"))
    return rows.withColumn("gaps", gaps).withColumns({"gap_count": F.size("gaps"), "gap_sum": sums, "gap_squares": squares})


def _ratio(part: Column, whole: Column) -> Column:
    """The part over the whole in doubles; null unless the whole is positive."""
    return F.when(whole > 0, part.cast("double") / whole.cast("double"))


def _finished() -> dict[str, Column]:
    """Each feature by name, from the exact sums; those not named here are columns already."""
    col = F.col
    orders, sales = col("frequency_91d"), col("spend_91d")
    full_price = sales + col("discount_amount_sum")
    gap_mean = _ratio(col("gap_sum"), col("gap_count"))
    gap_variance = _ratio(col("gap_count") * col("gap_squares") - col("gap_sum") * col("gap_sum"), col("gap_count") * col("gap_count"))
    derived = {
        "spend_per_day": col("spend_all").cast("double") / (col("tenure_days") + 1),
        "frequency_trend_28d": 2 * col("frequency_28d") - col("frequency_56d"),
        "spend_trend_28d": 2 * col("spend_28d") - col("spend_56d"),
        "visit_days_182d": F.size("visit_ages"),
        "gap_mean_days": gap_mean,
        "gap_std_days": F.sqrt(gap_variance),
        "gap_last_days": F.get("gaps", F.lit(0)),
        "gap_max_days": F.array_max("gaps"),
        "recency_to_gap": col("recency_days") / gap_mean,
        "basket_amount_91d": _ratio(sales, orders),
        "basket_lines_91d": _ratio(col("line_count_sum"), orders),
        "basket_units_91d": _ratio(col("unit_count_sum"), orders),
        "basket_products_91d": _ratio(col("product_count_sum"), orders),
        "fuel_share_91d": _ratio(col("fuel_amount_sum"), sales),
        "discount_share_91d": _ratio(col("discount_amount_sum"), full_price),
        "coupon_share_91d": _ratio(col("coupon_discount_amount_sum"), full_price),
        "promoted_share_91d": _ratio(col("promoted_sales_amount_sum"), sales),
        "weekend_share_91d": _ratio(col("weekend_orders"), orders),
        "morning_share_91d": _ratio(col("morning_orders"), col("timed_orders")),
        "evening_share_91d": _ratio(col("evening_orders"), col("timed_orders")),
        "department_count_91d": col("departments"),
        "department_top_share_91d": _ratio(col("department_top_amount"), col("department_amount")),
    }
    return {name: derived.get(name, col(name)) for name in load_features().names}
