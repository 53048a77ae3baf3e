"""The order system of everything that is not bought in a store: orders, their lines, payments and refunds, on the local clock.

A member's order carries the member number, a company's the company's account; of a guest it knows who receives the goods.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel, Issue
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import member_text, phone_text
from spark_jobs.demo.twin.products import product_numbers
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import PLAIN, digits, joined, kilos, moment, money, number, only, pick
from spark_jobs.demo.twin.systems.numbers import campaign_numbers, order_numbers
from spark_jobs.demo.twin.systems.sales import lines_of, stores_of, uses_second

ORDERS = FeedFile(
    "twin_oms", "orders",
    (
        FileColumn("order_no", "id", required=True), FileColumn("member_no", "id"), FileColumn("account_no", "id"),
        FileColumn("channel", "code", required=True), FileColumn("store_code", "id", required=True),
        FileColumn("created_at", "moment", required=True), FileColumn("status", "code", required=True), FileColumn("receiver"),
        FileColumn("receiver_phone", "phone"), FileColumn("address"), FileColumn("goods_amount", "money", required=True),
        FileColumn("coupon_amount", "money"), FileColumn("delivery_fee", "money"), FileColumn("paid_amount", "money", required=True),
        FileColumn("campaign_no", "id"), FileColumn("promised_at", "moment"),
    ),
)  # fmt: skip
ITEMS = FeedFile(
    "twin_oms", "order_items",
    (
        FileColumn("order_no", "id", required=True), FileColumn("line_no", "number", required=True), FileColumn("sku", "id", required=True),
        FileColumn("qty", "number", required=True), FileColumn("price", "money", required=True), FileColumn("promo_discount", "money"),
        FileColumn("coupon_share", "money"), FileColumn("line_amount", "money", required=True),
    ),
)  # fmt: skip
PAYMENTS = FeedFile(
    "twin_oms", "payments",
    (
        FileColumn("payment_no", "id", required=True), FileColumn("order_no", "id", required=True), FileColumn("method", "code", required=True),
        FileColumn("paid_at", "moment", required=True), FileColumn("amount", "money", required=True), FileColumn("result", "code", required=True),
    ),
)  # fmt: skip
REFUNDS = FeedFile(
    "twin_oms", "refunds",
    (
        FileColumn("refund_no", "id", required=True), FileColumn("order_no", "id", required=True), FileColumn("sku", "id"),
        FileColumn("qty", "number"), FileColumn("amount", "money", required=True), FileColumn("reason", "code", required=True),
        FileColumn("refunded_at", "moment", required=True), FileColumn("member_no", "id"),
    ),
)  # fmt: skip
CHANNELS = ("store", "app", "mini_program", "web", "live", "phone", "wecom", "b2b")
METHODS = ("wechat", "alipay", "card", "cash", "balance", "invoice")
REASONS = ("none", "late", "spoiled", "missing", "wrong_item", "price", "service", "question")


class Oms(SourceSystem):
    """See the module."""

    feeds = (ORDERS, ITEMS, PAYMENTS, REFUNDS)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The orders of the day with lines and payments, and the refunds of the day."""
        orders = day.orders.take(day.orders["channel"] != Channel.STORE)
        if len(orders):
            yield self._orders(day, orders)
            yield self._items(day, orders)
            yield self._payments(day, orders)
        refunds = day.refunds.take(day.refunds["channel"] != Channel.STORE)
        if len(refunds):
            yield self._refunds(day, refunds)

    def _orders(self, day: Day, orders: Frame) -> Rows:
        clock, person = day.world.span.offset_seconds, orders["person"]
        return rows_of(ORDERS, [
            order_numbers(orders["order"]), member_numbers(day, person, orders["order"], orders["company"]), account_numbers(orders["company"]),
            pick(CHANNELS, orders["channel"]), stores_of(day, orders["store"]), moment(orders["at"], PLAIN, clock),
            pick(("completed", "cancelled"), orders["is_cancelled"].astype(np.int64)), day.people.names(person),
            phone_text(day.wallet["phone"][person]), day.people.addresses(person), money(orders["gross"] - orders["discount"]),
            money(orders["coupon_discount"]), money(orders["delivery_fee"]), money(orders["amount"]), campaign_numbers(orders["campaign"]),
            moment(orders["promised_at"], PLAIN, clock),
        ], orders["at"])  # fmt: skip

    def _items(self, day: Day, orders: Frame) -> Rows:
        lines = lines_of(day, orders)
        return rows_of(ITEMS, [
            order_numbers(lines["order"]), number(lines["line"]), product_numbers(lines["product"]), kilos(lines["quantity"]),
            money(lines["unit_price"]), money(lines["discount"]), money(lines["coupon"]), money(lines["paid"]),
        ], orders["at"][lines["row"]])  # fmt: skip

    def _payments(self, day: Day, orders: Frame) -> Rows:
        """One payment for each order that is not on invoice; of cancelled orders it was returned."""
        paid = orders.take(orders["company"] < 0)
        at = paid["at"] + day.draws.integers(5, 90, "pays after", paid["order"])
        return rows_of(PAYMENTS, [
            joined("Y", digits(paid["order"], 14)), order_numbers(paid["order"]), pick(METHODS, paid["payment"]),
            moment(at, PLAIN, day.world.span.offset_seconds), money(paid["amount"]),
            pick(("success", "reversed"), paid["is_cancelled"].astype(np.int64)),
        ], at)  # fmt: skip

    def _refunds(self, day: Day, refunds: Frame) -> Rows:
        company = refunds["company"]
        return rows_of(REFUNDS, [
            joined("F", digits(refunds["refund"], 14)), order_numbers(refunds["order"]), product_numbers(refunds["product"]),
            only(refunds["line"] > 0, kilos(refunds["quantity"])), money(refunds["amount"]),
            pick(REASONS, np.where(refunds["issue"] == Issue.NONE, Issue.SERVICE, refunds["issue"])),
            moment(refunds["at"], PLAIN, day.world.span.offset_seconds), member_numbers(day, refunds["person"], refunds["order"], company),
        ], refunds["at"])  # fmt: skip


def member_numbers(day: Day, person: Ints, order: Ints, company: Ints) -> pa.StringArray:
    """The member number under which somebody orders: those who registered twice use either."""
    wallet = day.wallet
    member = np.where(uses_second(day, person, order), wallet["second_member_id"][person], wallet["member_id"][person])
    return member_text(np.where(company >= 0, -1, member))


def account_numbers(company: Ints) -> pa.StringArray:
    """Accounts of companies: B and six digits; null for −1."""
    return joined("B", digits(company, 6))
