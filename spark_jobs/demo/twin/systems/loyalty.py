"""The loyalty system: members as they registered, points as they move, tiers as they change on the first of a month.

Tiers follow what a member paid in the 90 days before: silver from 600 yuan, gold from 1,800, diamond from 4,500; a tier that was reached is
kept for the month. Orders on which no member was known do not count.
"""

from collections import deque
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
from spark_jobs.demo.twin.systems.notation import PLAIN, constant, digits, joined, moment, nothing, only, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers, receipt_numbers
from spark_jobs.demo.twin.truth.columns import FAR, dates

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
TIER_NAMES = ("basic", "silver", "gold", "diamond")
TIER_FROM = (60_000, 180_000, 450_000)  # fen in 90 days
WINDOW = 90
REFERRAL_POINTS, CHECK_IN_POINTS = 200, 5


class Loyalty(SourceSystem):
    """Remembers what members paid, and their tiers."""

    feeds = (MEMBERS, POINTS, TIERS)

    def __init__(self) -> None:
        self._paid: Ints = np.zeros(0, np.int64)  # within the window, by person
        self._days: deque[tuple[Ints, Ints]] = deque()
        self._tier: Ints = np.zeros(0, np.int64)
        self._since: Ints = np.zeros(0, np.int64)
        self._told: list[pa.Table] = []
        self._day: Day | None = None

    def deliver(self, day: Day) -> Iterator[Rows]:
        """New members, points and tiers of the day; on the first day everybody who is a member already."""
        if day.number == 0:
            count = len(day.people.persons)
            self._paid, self._tier, self._since = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._day = day
        joined_now = day.registrations if day.number else Frame.concat([day.people.registrations(-1), day.registrations])
        if len(joined_now):
            yield self._members(day, joined_now)
        yield from self._points(day)
        yield from self._tiers(day)

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

    def _points(self, day: Day) -> Iterator[Rows]:
        orders = day.orders.take(_counts(day))
        earned = orders["amount"] // 100
        visits = day.sessions.take(day.sessions["is_logged_in"] & (day.sessions["channel"] == Channel.APP))
        visits = visits.take(day.draws.happens(0.12, "app check-in", visits["session"]))
        referred = day.registrations.take(day.registrations["referrer"] >= 0)
        uses = day.draws.happens(0.05, "redeems points", orders["order"]) & (earned >= 20)
        spent = orders.take(uses)
        parts = [
            _entries("E", orders["order"], orders["person"], 0, earned, orders["at"] + 60, _documents(orders)),
            _entries("U", spent["order"], spent["person"], 1, -(spent["amount"] // 200), spent["at"], _documents(spent)),
            _entries(
                "C", visits["session"], visits["person"], 2, np.full(len(visits), CHECK_IN_POINTS), visits["at"], nothing(len(visits))
            ),
            _entries(
                "V",
                referred["registration"],
                referred["referrer"],
                3,
                np.full(len(referred), REFERRAL_POINTS),
                referred["at"] + 5,
                nothing(len(referred)),
            ),
        ]
        table = pa.concat_tables([each for each, _, _ in parts])
        at, person = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
        keeps = day.wallet["member_id"][person] >= 0
        if not keeps.any():
            return
        table, at, person = table.filter(pa.array(keeps)), at[keeps], person[keeps]
        columns = [
            table.column("entry").combine_chunks(), member_text(day.wallet["member_id"][person]), table.column("kind").combine_chunks(),
            table.column("points").combine_chunks(), moment(at, PLAIN, day.world.span.offset_seconds), table.column("document").combine_chunks(),
        ]  # fmt: skip
        yield rows_of(POINTS, columns, at)

    def _tiers(self, day: Day) -> Iterator[Rows]:
        is_first = day.date.day == 1 and day.number > 0
        if is_first:
            reached = np.searchsorted(TIER_FROM, self._paid, side="right")
            changed = np.flatnonzero((reached != self._tier) & (day.wallet["member_id"] >= 0))
            self._note(day, changed)
            self._tier[changed], self._since[changed] = reached[changed], day.number
        orders = day.orders.take(_counts(day))
        self._days.append((orders["person"], orders["amount"]))
        np.add.at(self._paid, orders["person"], orders["amount"])
        if len(self._days) > WINDOW:
            person, amount = self._days.popleft()
            np.subtract.at(self._paid, person, amount)
        if is_first and len(changed):
            yield rows_of(TIERS, [
                member_text(day.wallet["member_id"][changed]), pick(TIER_NAMES, self._tier[changed]),
                constant(f"{day.date:%Y-%m-%d}", len(changed)),
            ], np.full(len(changed), day.midnight))  # fmt: skip

    def _note(self, day: Day, persons: Ints, until: Ints | None = None) -> None:
        """Truth of the tiers that end today, or never."""
        span = day.world.span
        first = np.maximum(self._since[persons], day.people.persons["registers_day"][persons])
        last = np.full(len(persons), day.number) if until is None else until
        keeps = first < last
        self._told.append(pa.table({
            "person_id": persons[keeps], "tier": pick(TIER_NAMES, self._tier[persons][keeps]), "valid_from": dates(span, first[keeps]),
            "valid_to": dates(span, last[keeps]),
        }))  # fmt: skip

    def truth(self) -> dict[str, pa.Table]:
        """The tier of every member at every time."""
        if self._day is None:
            return {}
        members = np.flatnonzero(self._day.people.persons["registers_day"] < self._day.world.span.days)
        self._note(self._day, members, np.full(len(members), FAR))
        return {"tiers": pa.concat_tables(self._told)}


def _counts(day: Day) -> np.ndarray:
    """Orders that bring points: paid, by a member who was known."""
    orders = day.orders
    return ~orders["is_cancelled"] & orders["is_identified"] & orders["is_registered"] & (orders["company"] < 0)


def _documents(orders: Frame) -> pa.StringArray:
    is_store = pa.array(orders["channel"] == Channel.STORE)
    return pa.compute.if_else(is_store, receipt_numbers(orders["order"]), order_numbers(orders["order"]))


def _entries(letter: str, key: Ints, person: Ints, kind: int, points: Ints, at: Ints, documents: pa.Array) -> tuple[pa.Table, Ints, Ints]:
    table = pa.table({
        "entry": joined(letter, digits(key, 14)), "kind": constant(("earn", "redeem", "check_in", "referral")[kind], len(key)),
        "points": number_signed(points), "document": documents.cast(pa.string()),
    })  # fmt: skip
    return table, at, person


def number_signed(values: Ints) -> pa.StringArray:
    """Whole numbers, negative ones too."""
    return pa.compute.cast(pa.array(np.asarray(values, np.int64)), pa.string())


def _cities(city: Ints) -> pa.StringArray:
    from spark_jobs.demo.twin.places import CITY_LABELS

    return pick(CITY_LABELS, city)
