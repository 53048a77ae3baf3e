"""Labels: what counts as having happened after an as-of date."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from conf.models import Label
from ml.labels import label_value, observed
from tests.unit.ml.purchases import a_history, an_order

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.unit.ml.purchases import Order

AS_OF = date(2024, 3, 31)


def in_days(days: int) -> date:
    return AS_OF + timedelta(days=days)


def values(
    spark: "SparkSession", label: Label, orders: "list[Order]", *as_of: date, up_to: date = date(2024, 12, 31)
) -> dict[tuple[date, str], float]:
    found = observed(a_history(spark, orders, up_to).orders, label, as_of or (AS_OF,))
    rows = found.select("as_of_on", "customer_id", label_value(label).alias("label")).collect()
    return {(row["as_of_on"], row["customer_id"]): row["label"] for row in rows}


def test_the_window_begins_after_the_as_of_day_and_ends_with_the_horizon(spark: "SparkSession") -> None:
    # given orders on the edges of the 28 days
    orders = [an_order(n, in_days(days), customer_id=f"day {days}") for n, days in enumerate((0, 1, 28, 29))]

    # when
    label = values(spark, Label(kind="purchase_within", horizon_days=28), orders)

    # then only those inside have bought
    assert label == {(AS_OF, "day 1"): 1.0, (AS_OF, "day 28"): 1.0}


def test_a_lead_moves_the_window_away_from_the_as_of_day(spark: "SparkSession") -> None:
    # given a lead of three days before a horizon of seven
    orders = [an_order(n, in_days(days), customer_id=f"day {days}") for n, days in enumerate((3, 4, 10, 11))]

    # when
    label = values(spark, Label(kind="no_purchase_within", horizon_days=7, lead_days=3), orders)

    # then who bought in days 4 to 10 has not churned
    assert label == {(AS_OF, "day 4"): 0.0, (AS_OF, "day 10"): 0.0}


def test_spend_is_the_sum_of_the_window_and_never_negative(spark: "SparkSession") -> None:
    # given two purchases of Ann's, and a refund of Bob's
    orders = [
        an_order(1, in_days(1), amount="1.10"),
        an_order(2, in_days(90), amount="2.20"),
        an_order(3, in_days(2), "bob", amount="-5.00"),
    ]

    # when
    label = values(spark, Label(kind="spend_within", horizon_days=90), orders)

    # then
    assert label == {(AS_OF, "ann"): 3.3, (AS_OF, "bob"): 0.0}


def test_an_order_counts_for_every_as_of_date_whose_window_it_is_in(spark: "SparkSession") -> None:
    # given one order and two dates
    orders = [an_order(1, in_days(5))]

    # when
    label = values(spark, Label(kind="purchase_within", horizon_days=7), orders, AS_OF, in_days(4))

    # then
    assert label == {(AS_OF, "ann"): 1.0, (in_days(4), "ann"): 1.0}


def test_an_order_that_was_not_known_on_the_business_date_is_no_label(spark: "SparkSession") -> None:
    # given an order that arrived late
    orders = [an_order(1, in_days(1), known_on=in_days(30))]

    # when the history is read before and after it came
    label = Label(kind="purchase_within", horizon_days=7)

    # then
    assert values(spark, label, orders, up_to=in_days(29)) == {}
    assert values(spark, label, orders, up_to=in_days(30)) == {(AS_OF, "ann"): 1.0}


def test_an_order_that_is_corrected_after_the_business_date_is_still_a_label(spark: "SparkSession") -> None:
    # given an order that was known in time and corrected later
    orders = [an_order(1, in_days(1), amount="12.00", known_on=in_days(30), first_known_on=in_days(1))]

    # when and then
    assert values(spark, Label(kind="spend_within", horizon_days=7), orders, up_to=in_days(7)) == {(AS_OF, "ann"): 12.0}
