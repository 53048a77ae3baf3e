"""Campaigns with their messages, coupons and control groups; advertisements; partner events."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Platform
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import cookie_text, device_text, member_text, phone_text
from spark_jobs.demo.twin.places import CITY_NAMES
from spark_jobs.demo.twin.products import CATEGORIES
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import (
    DAY,
    PLAIN,
    SLASHED_DAY,
    constant,
    digits,
    joined,
    moment,
    money,
    number,
    only,
    pick,
)  # fmt: skip
from spark_jobs.demo.twin.systems.numbers import campaign_numbers, order_numbers, receipt_numbers

CAMPAIGNS = FeedFile(
    "twin_campaigns", "campaigns",
    (
        FileColumn("campaign_no", "id", required=True), FileColumn("title", required=True), FileColumn("touch_channel", "code", required=True),
        FileColumn("starts_on", "date", required=True), FileColumn("ends_on", "date", required=True), FileColumn("category"),
        FileColumn("coupon_value", "money", required=True), FileColumn("min_spend", "money", required=True),
    ),
)  # fmt: skip
TOUCHES = FeedFile(
    "twin_campaigns", "touches",
    (
        FileColumn("touch_no", "id", required=True), FileColumn("campaign_no", "id", required=True), FileColumn("member_no", "id", required=True),
        FileColumn("group", "code", required=True), FileColumn("sent_at", "moment"), FileColumn("is_delivered", "flag"),
        FileColumn("opened_at", "moment"), FileColumn("clicked_at", "moment"), FileColumn("selected_on", "date", required=True),
    ),
)  # fmt: skip
REDEMPTIONS = FeedFile(
    "twin_campaigns", "redemptions",
    (
        FileColumn("redemption_no", "id", required=True), FileColumn("campaign_no", "id", required=True), FileColumn("member_no", "id"),
        FileColumn("document_no", "id", required=True), FileColumn("redeemed_at", "moment", required=True), FileColumn("value", "money", required=True),
    ),
)  # fmt: skip
SPEND = FeedFile(
    "twin_ads", "spend",
    (
        FileColumn("spend_key", "id", required=True), FileColumn("platform", "code", required=True), FileColumn("ad_campaign", required=True),
        FileColumn("stat_day", "date", required=True), FileColumn("impressions", "number"), FileColumn("clicks", "number"),
        FileColumn("cost_cents", "number"),
    ),
    format="parquet",
)  # fmt: skip
CLICKS = FeedFile(
    "twin_ads", "clicks",
    (
        FileColumn("click_id", "id", required=True), FileColumn("platform", "code", required=True), FileColumn("clicked_at", "moment", required=True),
        FileColumn("cookie", "id"), FileColumn("device", "id"), FileColumn("ad_campaign"),
    ),
)  # fmt: skip
ATTENDANCE = FeedFile(
    "twin_partners", "event_attendance",
    (
        FileColumn("ticket", "id", required=True), FileColumn("event_name", required=True), FileColumn("partner"), FileColumn("city", "code"),
        FileColumn("attended_on", "date", required=True), FileColumn("guest_name"), FileColumn("guest_mobile", "phone"),
        FileColumn("wants_offers", "flag"),
    ),
    delimiter=";",
)  # fmt: skip
TOUCH_CHANNELS = ("push", "sms", "wecom", "mini_program")
PLATFORMS = tuple(each.name.lower() for each in Platform)
_ADS = ("brand", "fresh_deals", "new_customer", "festival")
_PARTNERS = ("阳光小学", "社区居委会", "城市马拉松", "青禾幼儿园", "农夫市集")
_EVENTS = ("亲子采摘日", "社区试吃会", "健康讲座", "年货市集", "开学礼")


class Campaigns(SourceSystem):
    """Campaigns as they begin, everybody in their audience (the control group too), and coupons as they are used."""

    feeds = (CAMPAIGNS, TOUCHES, REDEMPTIONS)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """What the campaign system knows of the day."""
        begun = day.world.campaigns.sent_on(day.number)
        if len(begun):
            yield self._campaigns(day, begun)
        if len(day.touches):
            yield self._touches(day, _shuffled(day, "touch number", day.touches, "campaign"))
        used = day.orders.take((day.orders["campaign"] >= 0) & ~day.orders["is_cancelled"])
        if len(used):
            yield self._redemptions(day, used)

    def _campaigns(self, day: Day, begun: Frame) -> Rows:
        def dates(numbers: Ints) -> pa.StringArray:
            return moment(day.midnight + (numbers - day.number) * 86_400, DAY, day.world.span.offset_seconds)

        titles = day.world.campaigns.names.take(pa.array(begun["campaign"]))
        return rows_of(CAMPAIGNS, [
            campaign_numbers(begun["campaign"]), titles, pick(TOUCH_CHANNELS, begun["touch_channel"]), dates(begun["first_day"]),
            dates(begun["last_day"]), pick(CATEGORIES, begun["category"]), money(begun["coupon"]), money(begun["min_spend"]),
        ], begun["campaign"])  # fmt: skip

    def _touches(self, day: Day, touches: Frame) -> Rows:
        clock = day.world.span.offset_seconds
        treated = touches["is_treated"]
        place = np.arange(len(touches)) - np.searchsorted(touches["campaign"], touches["campaign"])
        return rows_of(TOUCHES, [
            joined("T", digits(touches["campaign"], 5), digits(place, 8)), campaign_numbers(touches["campaign"]),
            member_text(day.wallet["member_id"][touches["person"]]), pick(("control", "treated"), treated.astype(np.int64)),
            moment(touches["sent_at"], PLAIN, clock), only(treated, pick(("N", "Y"), touches["delivered"].astype(np.int64))),
            moment(touches["opened_at"], PLAIN, clock), moment(touches["clicked_at"], PLAIN, clock),
            constant(f"{day.date:%Y-%m-%d}", len(touches)),
        ], np.maximum(touches["sent_at"], day.midnight))  # fmt: skip

    def _redemptions(self, day: Day, used: Frame) -> Rows:
        is_store = pa.array(used["channel"] == 0)
        document = pa.compute.if_else(is_store, receipt_numbers(used["order"]), order_numbers(used["order"]))
        return rows_of(REDEMPTIONS, [
            joined("D", digits(used["order"], 14)), campaign_numbers(used["campaign"]), member_text(day.wallet["member_id"][used["person"]]),
            document, moment(used["at"], PLAIN, day.world.span.offset_seconds), money(used["coupon_discount"]),
        ], used["at"])  # fmt: skip


class Ads(SourceSystem):
    """Spend by platform and day as Parquet; clicks with the browser's cookie or the device."""

    feeds = (SPEND, CLICKS)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """Spend of every platform, and the day's clicks of customers."""
        clicks = day.ad_clicks
        yield self._spend(day, clicks)
        if not len(clicks):
            return
        in_app = (day.wallet["device_id"][clicks["person"]] >= 0) & day.draws.happens(0.5, "ad in app", clicks["session"])
        ad = day.draws.integers(0, len(_ADS), "ad", clicks["session"])
        yield rows_of(CLICKS, [
            joined("K", digits(clicks["session"], 12)), pick(PLATFORMS, clicks["platform"]), number(clicks["at"]),
            only(~in_app, cookie_text(day.wallet["cookie"][clicks["person"]])), only(in_app, device_text(day.wallet["device_id"][clicks["person"]])),
            pick(_ADS, ad),
        ], clicks["at"])  # fmt: skip

    def _spend(self, day: Day, clicks: Frame) -> Rows:
        platform, ad = (each.ravel() for each in np.meshgrid(np.arange(len(PLATFORMS)), np.arange(len(_ADS)), indexing="ij"))
        ad_of_click = day.draws.integers(0, len(_ADS), "ad", clicks["session"]) if len(clicks) else np.zeros(0, np.int64)
        own = (
            np.bincount(clicks["platform"] * len(_ADS) + ad_of_click, minlength=len(platform))
            if len(clicks)
            else np.zeros(len(platform), np.int64)
        )
        others = day.draws.counts(np.full(len(platform), 3.0), "strangers click", day.number, platform, ad)
        total = own + others  # strangers click too and buy nothing
        shown = ((total + 1) * (38 + 25 * day.draws.uniform("click rate", day.number, platform, ad))).astype(np.int64)
        cost = np.round(total * 100 * (0.8 + 1.2 * day.draws.uniform("click price", day.number, platform))).astype(np.int64)
        stat_day = pa.array([day.date] * len(platform), pa.date32())
        key = joined(pick(PLATFORMS, platform), "-", pick(_ADS, ad), "-", constant(f"{day.date:%Y%m%d}", len(platform)))
        return rows_of(SPEND, [
            key, pick(PLATFORMS, platform), pick(_ADS, ad), stat_day, pa.array(shown), pa.array(total), pa.array(cost),
        ], platform)  # fmt: skip


class Partners(SourceSystem):
    """Events with partners: a list of who came, with a name and mostly a number, in the order in which they signed."""

    feeds = (ATTENDANCE,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """Events on weekends, in some cities; those who live near come."""
        if day.date.weekday() < 5:
            return
        persons = day.people.persons
        held = day.draws.happens(0.35, "partner event", day.number, np.arange(len(CITY_NAMES)))
        comes = held[persons["city"]] & day.draws.happens(0.004, "attends", day.number, persons["person"])
        if not comes.any():
            return
        guests = _shuffled(day, "signs", persons.take(comes), "city")
        person, city, draws = guests["person"], guests["city"], day.draws
        kind = draws.integers(0, len(_EVENTS), "event kind", day.number, city)
        ordinal = day.date.toordinal()
        yield rows_of(ATTENDANCE, [
            joined("E", digits(ordinal * 100_000 + np.arange(len(person)), 12)), pick(_EVENTS, kind), pick(_PARTNERS, (kind + city) % len(_PARTNERS)),
            pick(CITY_NAMES, city), moment(np.full(len(person), day.midnight), SLASHED_DAY, day.world.span.offset_seconds),
            day.people.names(person), only(draws.happens(0.8, "leaves number", day.number, person), phone_text(day.wallet["phone"][person])),
            pick(("N", "Y"), draws.happens(0.5, "wants offers", day.number, person).astype(np.int64)),
        ], np.arange(len(person)))  # fmt: skip


def _shuffled(day: Day, purpose: str, rows: Frame, within: str) -> Frame:
    """Rows of persons by a column and then in no order: neither numbers nor places in a file say who lives with whom."""
    chance = day.draws.bits(purpose, rows[within], rows["person"], day.number)
    return rows.take(np.lexsort((chance, rows[within])))
