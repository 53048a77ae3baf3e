"""RFM scores computed in pandas alone, from a frame of order lines as a till delivers them: the reference for `dim_customers`."""

from datetime import date

import pandas as pd


def rfm_scores(lines: pd.DataFrame, business_date: date, time_zone: str) -> pd.DataFrame:
    """The documented rule (docs/marts.md), without Spark and without our code.

    Args:
        lines: one row per order line with `customer_id`, `order_id`, `ordered_at` (UTC, naive or aware) and `sales_amount`; one
            customer and one moment per order, null customers are guests.
        business_date: orders of later days, on the retailer's clock, do not count.
        time_zone: the retailer's.

    Returns:
        One row per customer with orders, by `customer_id`: `recency_days`, `order_count`, `sales_amount` (cents, exact) and the three
        scores.
    """
    frame = lines.dropna(subset=["customer_id"]).copy()
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"], utc=True)
    frame["ordered_on"] = frame["ordered_at"].dt.tz_convert(time_zone).dt.date
    frame["cents"] = (frame["sales_amount"].astype(float) * 100).round().astype("int64")
    frame = frame[frame["ordered_on"] <= business_date]
    customers = frame.groupby("customer_id").agg(
        last_ordered_on=("ordered_on", "max"),
        order_count=("order_id", "nunique"),
        sales_amount=("cents", "sum"),
    )
    customers = customers.reset_index()
    customers["recency_days"] = [(business_date - day).days for day in customers["last_ordered_on"]]
    customers["recency_score"] = _fifths(-customers["recency_days"])
    customers["frequency_score"] = _fifths(customers["order_count"])
    customers["monetary_score"] = _fifths(customers["sales_amount"])
    columns = ["recency_days", "order_count", "sales_amount", "recency_score", "frequency_score", "monetary_score"]
    return customers.set_index("customer_id")[columns].sort_index()


def _fifths(values: pd.Series) -> pd.Series:
    """The fifth of each value's percentile rank: customers below, plus half of those with the same value."""
    everybody = values.tolist()
    ranks = {value: sum(other < value for other in everybody) + sum(other <= value for other in everybody) for value in set(everybody)}
    return values.map({value: 1 + 5 * rank // (2 * len(everybody)) for value, rank in ranks.items()}).astype("int64")
