"""Features: what they say about a customer, and that nothing after the as-of date moves them."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conf.models import load_features
from ml.features.customer_daily import customer_daily
from ml.features.history import begins_on
from tests.unit.ml.purchases import a_history, an_order

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.unit.ml.purchases import Order

AS_OF = date(2024, 3, 31)
LATER = date(2024, 12, 31)


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def rows_at(
    spark: "SparkSession", orders: "list[Order]", *as_of: date, up_to: date = LATER, initial_load: str = "strict"
) -> list[dict[str, Any]]:
    frame = customer_daily(a_history(spark, orders, up_to, initial_load), as_of, "UTC")
    return [row.asDict() for row in frame.orderBy("as_of_on", "customer_id").collect()]


ANNS_ORDERS = [
    an_order(1, days_ago(100), amount="40.00"),
    an_order(2, days_ago(20), amount="30.00", department="bakery", store_id="s2", hour=18),
    an_order(3, days_ago(10), amount="20.00", hour=17),
    an_order(4, days_ago(4), amount="10.00"),
    an_order(5, days_ago(4), amount="5.00"),
]


def test_a_customer_s_features_can_be_recomputed_by_hand(spark: "SparkSession") -> None:
    # given Ann's five orders, two of them on one day

    # when her features are computed
    [ann] = rows_at(spark, ANNS_ORDERS, AS_OF)

    # then each says what its description says
    expected = {
        "recency_days": 4,
        "tenure_days": 100,
        "frequency_7d": 2,
        "frequency_28d": 4,
        "frequency_182d": 5,
        "spend_14d": 35,
        "spend_91d": 65,
        "spend_182d": 105,
        "visit_days_182d": 4,
        "gap_mean_days": 32,
        "gap_last_days": 6,
        "gap_max_days": 80,
        "recency_to_gap": 4 / 32,
        "basket_amount_91d": 65 / 4,
        "evening_share_91d": 0.25,
        "morning_share_91d": 0.5,
        "store_count_91d": 2,
        "department_count_91d": 2,
        "department_top_share_91d": 35 / 65,
        "active_weeks_91d": 3,
    }
    assert {name: ann[name] for name in expected} == pytest.approx(expected)
    assert list(ann) == ["as_of_on", "customer_id", *load_features().names]


def test_what_cannot_be_said_is_null_and_never_zero(spark: "SparkSession") -> None:
    # given a single order, longer ago than the 91 days of shares and baskets
    orders = [an_order(1, days_ago(120))]

    # when features are computed
    [ann] = rows_at(spark, orders, AS_OF)

    # then counts and sums are zero, shares, means and gaps null
    assert (ann["frequency_91d"], ann["spend_91d"]) == (0, 0)
    unsaid = (
        "gap_mean_days",
        "gap_last_days",
        "recency_to_gap",
        "basket_amount_91d",
        "discount_share_91d",
        "weekend_share_91d",
        "department_count_91d",
    )
    assert {ann[name] for name in unsaid} == {None}


def test_a_window_holds_the_as_of_day_and_not_the_day_before_it_begins(spark: "SparkSession") -> None:
    # given an order on the as-of day, one on the first day of the 7-day window and one on the day before
    orders = [an_order(1, AS_OF), an_order(2, days_ago(6)), an_order(3, days_ago(7))]

    # when features are computed
    [ann] = rows_at(spark, orders, AS_OF)

    # then two are in the window
    assert (ann["recency_days"], ann["frequency_7d"], ann["frequency_14d"]) == (0, 2, 3)


def test_rows_dated_or_known_after_the_as_of_date_change_nothing(spark: "SparkSession") -> None:
    # given absurd orders in the future, and old ones that only arrived after the as-of date
    absurd = [
        an_order(90, AS_OF + timedelta(days=1), amount="99999999.99", department="yachts"),
        an_order(91, days_ago(3), amount="77777777.77", known_on=AS_OF + timedelta(days=1)),
        an_order(92, days_ago(90), customer_id="late", known_on=LATER),
    ]

    # when features are computed with and without them
    without, with_them = rows_at(spark, ANNS_ORDERS, AS_OF), rows_at(spark, ANNS_ORDERS + absurd, AS_OF)

    # then they are the same
    assert with_them == without


def test_an_order_that_is_corrected_later_stays_in_the_features_of_earlier_dates(spark: "SparkSession") -> None:
    # given Ann's orders, one of which gets another amount and department long after the as-of date
    corrected = an_order(3, days_ago(10), amount="25.00", department="fish", known_on=LATER, first_known_on=days_ago(9))
    orders = [*ANNS_ORDERS[:2], corrected, *ANNS_ORDERS[3:]]

    # when features are computed as of dates before it was known, and before it was corrected
    [unknown], [known] = rows_at(spark, orders, days_ago(10)), rows_at(spark, orders, AS_OF)

    # then it is there from the date on which it was first known, with the values of its newest version
    assert (unknown["frequency_28d"], unknown["recency_days"]) == (1, 10)
    assert (known["frequency_28d"], known["spend_28d"], known["gap_last_days"]) == (4, 70, 6)
    assert known["department_count_91d"] == 3


def test_a_history_begins_when_something_is_known_and_not_with_the_oldest_order(spark: "SparkSession") -> None:
    # given Ann's orders, one dated before them that arrives late, and one dated before them that will
    late = an_order(90, days_ago(500), known_on=days_ago(1))
    never = an_order(91, days_ago(900), known_on=AS_OF + timedelta(days=1))

    # when the history is read on the as-of date
    beginnings = {begins_on(a_history(spark, [*ANNS_ORDERS, late, never], AS_OF, load)) for load in ("strict", "event_time")}

    # then neither has moved its beginning
    assert beginnings == {days_ago(100)}
    assert begins_on(a_history(spark, [never], AS_OF)) is None


@pytest.mark.slow
def test_several_dates_at_once_equal_one_date_at_a_time(spark: "SparkSession") -> None:
    # given two customers and three dates, one of them before the second customer's first order
    orders = [*ANNS_ORDERS, an_order(6, days_ago(30), customer_id="bob"), an_order(7, days_ago(2), customer_id="bob", known_on=days_ago(1))]
    dates = [days_ago(45), days_ago(2), AS_OF]

    # when
    together = rows_at(spark, orders, *dates)
    one_by_one = [row for day in dates for row in rows_at(spark, orders, day, up_to=day)]

    # then
    assert together == one_by_one
    assert len(together) == 5


def test_history_of_the_first_load_counts_from_its_own_dates_when_declared(spark: "SparkSession") -> None:
    # given a year of orders that all arrived on one day, and one that arrived later
    first_load = date(2024, 6, 1)
    orders = [an_order(1, days_ago(100), known_on=first_load), an_order(2, days_ago(5), known_on=first_load)]
    orders.append(an_order(3, days_ago(1), known_on=date(2024, 6, 2)))

    # when features are computed as of a date before the platform existed
    strict = rows_at(spark, orders, AS_OF)
    [by_event_time] = rows_at(spark, orders, AS_OF, initial_load="event_time")

    # then a strict view knows nothing, the other knows the first load and not what came later
    assert strict == []
    assert (by_event_time["recency_days"], by_event_time["frequency_182d"]) == (5, 2)


def test_guests_have_no_features(spark: "SparkSession") -> None:
    # given an order without a customer
    orders = [an_order(1, days_ago(1), customer_id=None)]

    # when and then
    assert rows_at(spark, orders, AS_OF) == []
