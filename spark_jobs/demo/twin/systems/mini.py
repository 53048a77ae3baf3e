"""The mini-program's log: JSON lines, UTC, the messenger's ids, and the phone number of those who bound it."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.people.render import openid_text, phone_text, unionid_text
from spark_jobs.demo.twin.products import product_numbers
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import ISO_UTC, digits, joined, moment, only, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers
from spark_jobs.demo.twin.systems.visits import PAY, steps

EVENTS = FeedFile(
    "twin_mini", "events",
    (
        FileColumn("id", "id", required=True), FileColumn("openid", "id", required=True), FileColumn("unionid", "id"),
        FileColumn("action", "code", required=True), FileColumn("time", "moment", required=True), FileColumn("path"),
        FileColumn("goods_no", "id"), FileColumn("order_no", "id"), FileColumn("bound_phone", "phone"), FileColumn("stay_s", "number"),
        FileColumn("visit", "id"),
    ),
    format="jsonl", compression="zst",
)  # fmt: skip
NAMES = ("launch", "search", "view_goods", "add_cart", "submit_order", "pay")
_PATHS = ("/pages/home", "/pages/search", "/pages/goods", "/pages/goods", "/pages/order/confirm", "/pages/order/paid")


class Mini(SourceSystem):
    """See the module."""

    feeds = (EVENTS,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The events of the day's visits in the mini-program."""
        events = steps(day, Channel.MINI)
        if not len(events):
            return
        person, session, step = events["person"], events["session"], events["step"]
        wallet, draws = day.wallet, day.draws
        authorised = draws.happens(0.8, "authorises unionid", person)
        bound = (wallet["member_id"][person] >= 0) & draws.happens(0.6, "binds phone", person)
        yield rows_of(EVENTS, [
            joined("m", digits(session, 12), digits(events["place"], 2)), openid_text(wallet["openid"][person]),
            only(authorised, unionid_text(wallet["unionid"][person])), pick(NAMES, step), moment(events["at"], ISO_UTC), pick(_PATHS, step),
            product_numbers(events["product"]), only(step == PAY, order_numbers(events["order"])),
            only(bound, phone_text(wallet["phone"][person])), pa.array(events["seconds"].astype(np.int64)), joined("v", digits(session, 12)),
        ], events["at"])  # fmt: skip
