"""The web shop's page views: CSV with British dates on the local clock; a cookie in every row, e-mail and member number after a login."""

from collections.abc import Iterator

import numpy as np

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.people.render import cookie_text, email_text, member_text
from spark_jobs.demo.twin.products import product_numbers
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import SLASHES, digits, joined, moment, number, only, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers
from spark_jobs.demo.twin.systems.visits import PAY, steps

PAGE_VIEWS = FeedFile(
    "twin_web", "page_views",
    (
        FileColumn("view_id", "id", required=True), FileColumn("cookie", "id", required=True), FileColumn("viewed_at", "moment", required=True),
        FileColumn("page_type", "code", required=True), FileColumn("referrer"), FileColumn("product_no", "id"), FileColumn("order_no", "id"),
        FileColumn("seconds", "number"), FileColumn("login_email", "email"), FileColumn("member_no", "id"), FileColumn("visit_id", "id"),
    ),
    compression="zst",
)  # fmt: skip
PAGES = ("home", "search", "product", "cart", "checkout", "thank_you")
_REFERRERS = ("", "baidu.example", "so.example", "douyin.example", "weibo.example")


class Web(SourceSystem):
    """See the module."""

    feeds = (PAGE_VIEWS,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The page views of the day."""
        views = steps(day, Channel.WEB)
        if not len(views):
            return
        person, session, logged = views["person"], views["session"], views["is_logged_in"]
        referrer = day.draws.choice([6, 3, 1, 1, 0.5], "web referrer", session)
        yield rows_of(PAGE_VIEWS, [
            joined("w", digits(session, 12), digits(views["place"], 2)), cookie_text(day.wallet["cookie"][person]),
            moment(views["at"], SLASHES, day.world.span.offset_seconds), pick(PAGES, views["step"]),
            only((views["place"] == 0) & (referrer > 0), pick(_REFERRERS, referrer)), product_numbers(views["product"]),
            only(views["step"] == PAY, order_numbers(views["order"])), number(views["seconds"].astype(np.int64)),
            only(logged, email_text(day.wallet["email"][person])), only(logged, member_text(day.wallet["member_id"][person])),
            joined("v", digits(session, 12)),
        ], views["at"])  # fmt: skip
