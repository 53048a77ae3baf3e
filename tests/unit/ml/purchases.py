"""Literal rows of the activity marts with sane defaults, and the history they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from ml.features.history import History, prepare

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ORDERS = (
    "order_id string, customer_id string, store_id string, channel string, ordered_at timestamp, ordered_on date, line_count int, "
    "unit_count decimal(18,3), product_count int, sales_amount decimal(18,2), merchandise_amount decimal(18,2), fuel_amount decimal(18,2), "
    "discount_amount decimal(18,2), coupon_discount_amount decimal(18,2), promoted_sales_amount decimal(18,2), currency_code string, known_on date, "
    "first_known_on date"
)
ITEMS = (
    "order_item_id string, order_id string, customer_id string, ordered_on date, department string, sales_amount decimal(18,2), known_on date, "
    "first_known_on date"
)


@dataclass(frozen=True)
class Order:
    """An order with one line; known on its own date and never corrected unless said otherwise."""

    order_id: str
    customer_id: str | None
    ordered_on: date
    amount: str = "10.00"
    department: str | None = "dairy"
    store_id: str = "s1"
    hour: int = 10
    known_on: date | None = None
    first_known_on: date | None = None

    @property
    def known(self) -> tuple[date, date]:
        """Since when the row is known as it is, and in any version."""
        known_on = self.known_on or self.ordered_on
        return known_on, self.first_known_on or known_on

    def order_row(self) -> tuple[object, ...]:
        amount, none = Decimal(self.amount), Decimal("0.00")
        at = datetime.combine(self.ordered_on, time(self.hour), UTC)
        head = (self.order_id, self.customer_id, self.store_id, "pos", at, self.ordered_on, 1, Decimal("2.000"), 1)
        return (*head, amount, amount, none, none, none, none, "USD", *self.known)

    def item_row(self) -> tuple[object, ...]:
        return (f"{self.order_id}/1", self.order_id, self.customer_id, self.ordered_on, self.department, Decimal(self.amount), *self.known)


def an_order(number: int, ordered_on: date, customer_id: str | None = "ann", **values: object) -> Order:
    """An order of Ann's unless said otherwise."""
    return Order(f"o{number}", customer_id, ordered_on, **values)  # type: ignore[arg-type]


def a_history(spark: "SparkSession", orders: Sequence[Order], up_to: date, initial_load: str = "strict") -> History:
    """What the platform knew of the orders at the end of `up_to`."""
    order_rows = spark.createDataFrame([order.order_row() for order in orders], ORDERS)
    item_rows = spark.createDataFrame([order.item_row() for order in orders], ITEMS)
    return prepare(order_rows, item_rows, up_to, initial_load)  # type: ignore[arg-type]
