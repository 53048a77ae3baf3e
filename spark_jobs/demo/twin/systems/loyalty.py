"""The loyalty system: members as they registered, points as they move, tiers as they change on the first of a month (tiers.py).

Everybody begins in the lowest tier. Points and spending belong to the membership under which an order was placed; orders on which no member was
known bring nothing.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.registrations import RegisterSystem, registered_birthdays, registered_emails, registered_phones
from spark_jobs.demo.twin.people.render import card_text, member_text, unionid_text
from spark_jobs.demo.twin.people.wallet import member_codes
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import DAY, PLAIN, constant, digits, joined, moment, nothing, only, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers, receipt_numbers
from spark_jobs.demo.twin.systems.sales import uses_second
from spark_jobs.demo.twin.systems.tiers import TIER_NAMES, Tiers, member_codes_of

MEMBERS = FeedFile(
    "twin_loyalty", "members",
    (
        FileColumn("member_no", "id", required=True), FileColumn("card_no", "id"), FileColumn("name"), FileColumn("mobile", "phone"),
        FileColumn("email", "email"), FileColumn("gender", "code"), FileColumn("birthday", "date"), FileColumn("joined_at", "moment", required=True),
        FileColumn("joined_via", "code", required=True), FileColumn("unionid", "id"), FileColumn("referrer_no", "id"), FileColumn("city"),
    ),
)  # fmt: skip
POINTS = FeedFile(
    "twin_loyalty", "points",
    (
        FileColumn("entry_no", "id", required=True), FileColumn("member_no", "id", required=True), FileColumn("kind", "code", required=True),
        FileColumn("points", "number", required=True), FileColumn("booked_at", "moment", required=True), FileColumn("document_no", "id"),
    ),
)  # fmt: skip
TIERS = FeedFile(
    "twin_loyalty", "tiers",
    (
        FileColumn("member_no", "id", required=True), FileColumn("tier", "code", required=True), FileColumn("valid_from", "date", required=True),
    ),
)  # fmt: skip
REFERRAL_POINTS, CHECK_IN_POINTS = 200, 5


class Loyalty(SourceSystem):
    """Keeps the tiers; see the module."""

    feeds = (MEMBERS, POINTS, TIERS)

    def __init__(self) -> None:
        self._tiers: Tiers | None = None
        self._day: Day | None = None

    def deliver(self, day: Day) -> Iterator[Rows]:
        """New members, points and tiers of the day; on the first day everybody who is a member already."""
        tiers = self._tiers = self._tiers or Tiers(day)
        self._day = day
        joined_now = day.registrations if day.number else Frame.concat([day.people.registrations(-1), day.registrations])
        if len(joined_now):
            yield self._members(day, joined_now)
        orders = day.orders.take(_counts(day))
        orders = orders.having(account=_accounts(day, orders))
        yield from self._points(day, orders)
        yield from _tier_rows(day, joined_now, tiers.changes(day))
        tiers.pay(orders["account"], orders["amount"])

    def _members(self, day: Day, rows: Frame) -> Rows:
        person, draws = rows["person"], day.draws
        persons = day.people.persons.take(person)
        authorised = persons["uses_mini"] & ((rows["system"] == RegisterSystem.MINI) | draws.happens(0.35, "tells unionid", person))
        referrer = member_text(np.where(rows["referrer"] >= 0, member_codes(np.maximum(rows["referrer"], 0), 0), -1))
        return rows_of(MEMBERS, [
            member_text(rows["member_id"]), only(~rows["is_duplicate"], card_text(person)), day.people.registered.registered_names(rows),
            registered_phones(rows), registered_emails(rows), pick(("F", "M"), rows["gender"]), registered_birthdays(rows).cast(pa.string()),
            moment(rows["at"], PLAIN, day.world.span.offset_seconds), pick([each.name.lower() for each in RegisterSystem], rows["system"]),
            only(authorised, unionid_text(person)), referrer, only(draws.happens(0.6, "tells city", person), _cities(persons["city"])),
        ], rows["at"])  # fmt: skip

    def _points(self, day: Day, orders: Frame) -> Iterator[Rows]:
        earned = orders["amount"] // 100
        visits = day.sessions.take(day.sessions["is_logged_in"] & (day.sessions["channel"] == Channel.APP))
        visits = visits.take(day.draws.happens(0.12, "app check-in", visits["session"]))
        referred = day.registrations.take(day.registrations["referrer"] >= 0)
        uses = day.draws.happens(0.05, "redeems points", orders["order"]) & (earned >= 20)
        spent = orders.take(uses)
        parts = [
            _entries("E", orders["order"], orders["account"], 0, earned, orders["at"] + 60, _documents(orders)),
            _entries("U", spent["order"], spent["account"], 1, -(spent["amount"] // 200), spent["at"], _documents(spent)),
            _entries("C", visits["session"], 2 * visits["person"], 2, _same(CHECK_IN_POINTS, visits), visits["at"], nothing(len(visits))),
            _entries(
                "V", referred["registration"], 2 * referred["referrer"], 3, _same(REFERRAL_POINTS, referred), referred["at"] + 5,
                nothing(len(referred)),
            ),
        ]  # fmt: skip
        table = pa.concat_tables([each for each, _, _ in parts])
        at, account = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
        member = member_codes_of(day, account)
        keeps = member >= 0
        if not keeps.any():
            return
        table, at = table.filter(pa.array(keeps)), at[keeps]
        columns = [
            table.column("entry").combine_chunks(), member_text(member[keeps]), table.column("kind").combine_chunks(),
            table.column("points").combine_chunks(), moment(at, PLAIN, day.world.span.offset_seconds), table.column("document").combine_chunks(),
        ]  # fmt: skip
        yield rows_of(POINTS, columns, at)

    def truth(self) -> dict[str, pa.Table]:
        """The tier of every member at every time."""
        if self._tiers is None or self._day is None:
            return {}
        return {"tiers": self._tiers.truth(self._day)}


def _tier_rows(day: Day, joined: Frame, changes: Frame) -> Iterator[Rows]:
    """The first tier of new members, from the day on which they joined; and tiers that change today."""
    if not len(joined) + len(changes):
        return
    today = np.full(len(changes), day.midnight)
    at = np.concatenate([joined["at"], today])
    members = np.concatenate([joined["member_id"], member_codes_of(day, changes["account"])])
    tier = np.concatenate([np.zeros(len(joined), np.int64), changes["tier"]])
    yield rows_of(TIERS, [member_text(members), pick(TIER_NAMES, tier), moment(at, DAY, day.world.span.offset_seconds)], at)


def _accounts(day: Day, orders: Frame) -> Ints:
    """The accounts of orders, as the tills (by the card of the first membership) and the order system know them."""
    online = orders["channel"] != Channel.STORE
    accounts: Ints = 2 * orders["person"] + (online & uses_second(day, orders["person"], orders["order"]))
    return accounts


def _same(points: int, rows: Frame) -> Ints:
    return np.full(len(rows), points)


def _counts(day: Day) -> np.ndarray:
    """Orders that bring points: paid, by a member who was known."""
    orders = day.orders
    return ~orders["is_cancelled"] & orders["is_identified"] & orders["is_registered"] & (orders["company"] < 0)


def _documents(orders: Frame) -> pa.StringArray:
    is_store = pa.array(orders["channel"] == Channel.STORE)
    return pa.compute.if_else(is_store, receipt_numbers(orders["order"]), order_numbers(orders["order"]))


def _entries(letter: str, key: Ints, account: Ints, kind: int, points: Ints, at: Ints, documents: pa.Array) -> tuple[pa.Table, Ints, Ints]:
    table = pa.table({
        "entry": joined(letter, digits(key, 14)), "kind": constant(("earn", "redeem", "check_in", "referral")[kind], len(key)),
        "points": number_signed(points), "document": documents.cast(pa.string()),
    })  # fmt: skip
    return table, at, account


def number_signed(values: Ints) -> pa.StringArray:
    """Whole numbers, negative ones too."""
    return pa.compute.cast(pa.array(np.asarray(values, np.int64)), pa.string())


def _cities(city: Ints) -> pa.StringArray:
    from spark_jobs.demo.twin.places import CITY_LABELS

    return pick(CITY_LABELS, city)
