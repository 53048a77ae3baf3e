"""The review system: stars and texts of orders as JSON lines, and answers to the question of recommending as CSV with Chinese headers.

Who reviews in the app or on the web is known by member number, who does so in the mini-program by openid.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Bools, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import member_text, openid_text
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.forms import Form
from spark_jobs.demo.twin.systems.notation import digits, joined, moment, nothing, number, only, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers
from spark_jobs.demo.twin.systems.texts import texts, texts_truth

SOURCE = "twin_reviews"
REVIEWS = FeedFile(
    SOURCE, "reviews",
    (
        FileColumn("reviewId", "id", required=True), FileColumn("orderNo", "id", required=True), FileColumn("memberId", "id"),
        FileColumn("openId", "id"), FileColumn("client", "code", required=True), FileColumn("star", "number", required=True),
        FileColumn("comment"), FileColumn("createTime", "moment", required=True),
    ),
    format="jsonl", compression="zst",
)  # fmt: skip
NPS = FeedFile(
    SOURCE, "nps",
    (
        FileColumn("问卷编号", "id", required=True), FileColumn("会员号", "id"), FileColumn("小程序用户", "id"), FileColumn("订单号", "id"),
        FileColumn("推荐分", "number", required=True), FileColumn("答复时间", "moment", required=True),
    ),
)  # fmt: skip
FEEDS = (REVIEWS, NPS)
CLIENTS = ("app", "mini")
SILENT_SHARE, ANSWERS_SHARE = 0.15, 0.7  # reviews of stars alone; reviewers who answer the survey too
SLASHED = "%Y/%m/%d~ {h:02d}:{m:02d}:{s:02d}"


class ReviewSystem(SourceSystem):
    """See the module."""

    feeds = FEEDS

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The reviews of the day, and the answers of those who were asked."""
        reviews = day.reviews
        if not len(reviews):
            return
        yield self._reviews(day, reviews)
        asked = reviews.take(day.draws.happens(ANSWERS_SHARE, "answers nps", reviews["order"]))
        if len(asked):
            yield self._answers(day, asked)

    def _reviews(self, day: Day, reviews: Frame) -> Rows:
        order, member = reviews["order"], _by_member(day, reviews)
        number_ = joined("RV", digits(order, 14))
        speaks = ~day.draws.happens(SILENT_SHARE, "only stars", order)
        comment = texts(day.draws, "review", order, reviews["issue"], reviews["sentiment"], Form.REVIEW)
        told = texts_truth(SOURCE, number_, reviews["issue"], reviews["sentiment"], nothing(len(order)))
        return rows_of(REVIEWS, [
            number_, order_numbers(order), *_writers(day, reviews["person"], member), pick(CLIENTS, (~member).astype(np.int64)),
            pa.array(reviews["stars"], pa.int64()), only(speaks, comment), _local(reviews["at"], day.world.span.offset_seconds),
        ], reviews["at"], {name: table.filter(pa.array(speaks)) for name, table in told.items()})  # fmt: skip

    def _answers(self, day: Day, reviews: Frame) -> Rows:
        at = np.asarray(reviews["at"] + day.draws.integers(20, 240, "nps wait", reviews["order"]), np.int64)
        return rows_of(NPS, [
            joined("WJ", digits(reviews["order"], 14)), *_writers(day, reviews["person"], _by_member(day, reviews)),
            order_numbers(reviews["order"]), number(reviews["nps"]), moment(at, SLASHED, day.world.span.offset_seconds),
        ], at)  # fmt: skip


def _local(at: Ints, offset: int) -> pa.StringArray:
    """Local moments with their offset from UTC."""
    sign, minutes = "-" if offset < 0 else "+", abs(offset) // 60
    return moment(at, f"%Y-%m-%d~T{{h:02d}}:{{m:02d}}:{{s:02d}}{sign}{minutes // 60:02d}:{minutes % 60:02d}", offset)


def _by_member(day: Day, reviews: Frame) -> Bools:
    """Whether each review names the member number: of persons with an openid, only some do."""
    by_openid = (day.wallet["openid"][reviews["person"]] >= 0) & day.draws.happens(0.6, "reviews in mini", reviews["order"])
    return np.asarray(~by_openid, np.bool_)


def _writers(day: Day, person: Ints, is_member: Bools) -> tuple[pa.StringArray, pa.StringArray]:
    return only(is_member, member_text(day.wallet["member_id"][person])), only(~is_member, openid_text(day.wallet["openid"][person]))
