"""The tills: one row for each line of a receipt, in GB18030 with Chinese headers; refunds at the till are rows of kind R with negative amounts."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import card_text
from spark_jobs.demo.twin.products import product_numbers
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import COMPACT, constant, digits, joined, kilos, moment, money, nothing, number, pick
from spark_jobs.demo.twin.systems.numbers import receipt_numbers
from spark_jobs.demo.twin.systems.sales import lines_of, stores_of

RECEIPTS = FeedFile(
    "twin_pos", "receipts",
    (
        FileColumn("小票号", "id", required=True), FileColumn("行号", "number", required=True), FileColumn("类型", "code", required=True),
        FileColumn("门店", "id", required=True), FileColumn("收银台", "number"), FileColumn("交易时间", "moment", required=True),
        FileColumn("会员卡号", "id"), FileColumn("商品编码", "id"), FileColumn("数量", "number", required=True),
        FileColumn("单价", "money", required=True), FileColumn("促销优惠", "money"), FileColumn("券优惠", "money"),
        FileColumn("实收金额", "money", required=True), FileColumn("支付方式", "code"), FileColumn("原小票号", "id"),
    ),
    encoding="gb18030",
)  # fmt: skip
PAYMENTS = ("微信", "支付宝", "银行卡", "现金", "储值", "挂账")


class Pos(SourceSystem):
    """See the module."""

    feeds = (RECEIPTS,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The receipts of the day, and its refunds at tills."""
        orders = day.orders.take(day.orders["channel"] == Channel.STORE)
        if len(orders):
            yield _sales(day, orders)
        refunds = day.refunds.take(day.refunds["channel"] == Channel.STORE)
        if len(refunds):
            yield _refunds(day, refunds)


def _sales(day: Day, orders: Frame) -> Rows:
    lines = lines_of(day, orders)
    row = lines["row"]
    of = orders.take(row)
    card = card_text(np.where(orders["is_identified"], day.wallet["loyalty_card"][orders["person"]], -1))
    tills = day.draws.integers(1, 9, "till", orders["order"])
    return rows_of(RECEIPTS, [
        receipt_numbers(lines["order"]), number(lines["line"]), constant("S", len(lines)), stores_of(day, of["store"]),
        number(tills[row]), moment(of["at"], COMPACT, day.world.span.offset_seconds), card.take(pa.array(row)), product_numbers(lines["product"]),
        kilos(lines["quantity"]), money(lines["unit_price"]), money(lines["discount"]), money(lines["coupon"]), money(lines["paid"]),
        pick(PAYMENTS, of["payment"]), nothing(len(lines)),
    ], of["at"])  # fmt: skip


def _refunds(day: Day, refunds: Frame) -> Rows:
    """Refunds carry the card where the receipt does: nobody looks the customer up for a refund."""
    count = len(refunds)
    each = np.round(refunds["amount"] / np.maximum(refunds["quantity"], 0.001)).astype(np.int64)
    none = money(np.zeros(count, np.int64))
    one = number(np.ones(count, np.int64))
    return rows_of(RECEIPTS, [
        joined("R", digits(refunds["refund"], 14)), one, constant("R", count), stores_of(day, refunds["store"]), one,
        moment(refunds["at"], COMPACT, day.world.span.offset_seconds), nothing(count), product_numbers(refunds["product"]),
        kilos(-refunds["quantity"]), money(np.where(refunds["quantity"] > 0, each, refunds["amount"])), none, none, money(-refunds["amount"]),
        constant("现金", count), receipt_numbers(refunds["order"]),
    ], refunds["at"])  # fmt: skip
