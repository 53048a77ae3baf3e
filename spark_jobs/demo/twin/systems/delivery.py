"""The couriers' system: who brought which order where and when, with Chinese headers, on the local clock."""

from collections.abc import Iterator

import numpy as np

from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.people.render import courier_phone_text, phone_text
from spark_jobs.demo.twin.places import store_numbers
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.contacts import phones_given
from spark_jobs.demo.twin.systems.notation import PLAIN, digits, joined, moment, number, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers

SOURCE = "twin_delivery"
DELIVERIES = FeedFile(
    SOURCE, "deliveries",
    (
        FileColumn("运单号", "id", required=True), FileColumn("订单号", "id", required=True), FileColumn("门店编码", "id", required=True),
        FileColumn("骑手编号", "id", required=True), FileColumn("骑手电话", "phone"), FileColumn("收货电话", "phone"),
        FileColumn("承诺送达时间", "moment", required=True), FileColumn("取货时间", "moment"), FileColumn("送达时间", "moment", required=True),
        FileColumn("配送距离", "number"), FileColumn("状态", "code", required=True),
    ),
)  # fmt: skip
FEEDS = (DELIVERIES,)
STATES = ("准时送达", "超时送达")
FAMILY_SHARE = 0.03


class CourierSystem(SourceSystem):
    """See the module."""

    feeds = FEEDS

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The orders that were handed over on the day."""
        rides = day.deliveries
        if not len(rides):
            return
        clock, order = day.world.span.offset_seconds, rides["order"]
        receiver = phones_given(day, "receiver", order, rides["person"], FAMILY_SHARE)
        yield rows_of(DELIVERIES, [
            joined("YD", digits(order, 14)), order_numbers(order), store_numbers(np.asarray(rides["store"])),
            joined("Q", digits(rides["courier"], 6)), courier_phone_text(rides["courier"]), phone_text(receiver),
            moment(rides["promised_at"], PLAIN, clock), moment(rides["picked_at"], PLAIN, clock), moment(rides["delivered_at"], PLAIN, clock),
            number(rides["distance"]), pick(STATES, rides["is_late"].astype(np.int64)),
        ], rides["delivered_at"])  # fmt: skip
