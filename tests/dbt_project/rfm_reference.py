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
        last_ordered_at=("ordered_at", "max"),
        last_ordered_on=("ordered_on", "max"),
        order_count=("order_id", "nunique"),
        sales_amount=("cents", "sum"),
    )
    customers = customers.reset_index()
    customers["recency_days"] = [(business_date - day).days for day in customers["last_ordered_on"]]
    customers["recency_score"] = _fifths(customers, ["last_ordered_at", "customer_id"])
    customers["frequency_score"] = _fifths(customers, ["order_count", "sales_amount", "customer_id"])
    customers["monetary_score"] = _fifths(customers, ["sales_amount", "order_count", "customer_id"])
    columns = ["recency_days", "order_count", "sales_amount", "recency_score", "frequency_score", "monetary_score"]
    return customers.set_index("customer_id")[columns].sort_index()


def _fifths(customers: pd.DataFrame, order: list[str]) -> pd.Series:
    """SQL's ntile(5): five runs of the ordered rows, the first ones one row longer when the count does not divide."""
    count = len(customers)
    sizes = [count // 5 + (1 if fifth < count % 5 else 0) for fifth in range(5)]
    scores = [fifth + 1 for fifth, size in enumerate(sizes) for _ in range(size)]
    return pd.Series(scores, index=customers.sort_values(order, kind="stable").index, dtype="int64")
