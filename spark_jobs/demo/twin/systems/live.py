"""The live room's interactions: JSON lines on the local clock, comments in plain words, the live platform's own id of the person."""

from collections.abc import Iterator

import numpy as np

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.people.render import live_openid_text
from spark_jobs.demo.twin.products import product_numbers
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import PLAIN, digits, joined, moment, only, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers
from spark_jobs.demo.twin.systems.visits import ADD, CHECKOUT, PAY, SEARCH, steps

INTERACTIONS = FeedFile(
    "twin_live", "interactions",
    (
        FileColumn("msg_id", "id", required=True), FileColumn("room", "id", required=True), FileColumn("user_openid", "id", required=True),
        FileColumn("kind", "code", required=True), FileColumn("at", "moment", required=True), FileColumn("comment"),
        FileColumn("goods", "id"), FileColumn("order", "id"), FileColumn("visit", "id"),
    ),
    format="jsonl",
)  # fmt: skip
KINDS = ("enter", "comment", "click_goods", "like", "follow", "order")
_COMMENTS = (
    "这个怎么卖", "昨天买的很新鲜", "什么时候发货", "能便宜点吗", "主播试吃一下", "包邮吗", "有没有有机的", "上次的不太新鲜", "再上一波优惠", "已下单",
    "孩子爱吃", "产地是哪里", "多少一斤", "可以送礼吗", "冷链配送吗", "价格比超市贵", "好的好的", "冲冲冲",
)  # fmt: skip


class Live(SourceSystem):
    """See the module."""

    feeds = (INTERACTIONS,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """What people did in the live rooms of the day."""
        found = steps(day, Channel.LIVE)
        if not len(found):
            return
        person, session, step = found["person"], found["session"], found["step"]
        kind = step.copy()
        kind[(step == CHECKOUT)] = 4
        kind[(step == ADD)] = 3
        comment = day.draws.integers(0, len(_COMMENTS), "live comment", session, found["place"])
        yield rows_of(INTERACTIONS, [
            joined("l", digits(session, 12), digits(found["place"], 2)), joined("R", digits(day.number * 3 + session % 3, 5)),
            live_openid_text(day.wallet["unionid"][person]), pick(KINDS, kind), moment(found["at"], PLAIN, day.world.span.offset_seconds),
            only(step == SEARCH, pick(_COMMENTS, comment)), product_numbers(np.where(step == SEARCH, -1, found["product"])),
            only(step == PAY, order_numbers(found["order"])), joined("v", digits(session, 12)),
        ], found["at"])  # fmt: skip
