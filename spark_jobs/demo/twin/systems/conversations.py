"""The 400 call centre and the advisors' chats: who called or wrote when, how long, and what was said."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.behaviour.aftermath import COURIERS_PER_STORE
from spark_jobs.demo.twin.codes import Channel, Issue
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import courier_phone_text, phone_text, unionid_text, wecom_text
from spark_jobs.demo.twin.systems import texts
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.contacts import phones_given
from spark_jobs.demo.twin.systems.notation import COMPACT, ISO_UTC, PLAIN, digits, joined, moment, number, only, pick
from spark_jobs.demo.twin.systems.service import ticket_numbers

CALLS = FeedFile(
    "twin_calls", "calls",
    (
        FileColumn("call_id", "id", required=True), FileColumn("caller", "phone"), FileColumn("began", "moment", required=True),
        FileColumn("ended", "moment", required=True), FileColumn("agent", "id"), FileColumn("queue", "code", required=True),
        FileColumn("ring_s", "number"), FileColumn("outcome", "code", required=True), FileColumn("ticket", "id"), FileColumn("note"),
    ),
    delimiter="|", encoding="gb18030", has_header=False, compression="none",
)  # fmt: skip
CONTACTS = FeedFile(
    "twin_wecom", "contacts",
    (
        FileColumn("external_userid", "id", required=True), FileColumn("unionid", "id"), FileColumn("advisor", "id", required=True),
        FileColumn("added_at", "moment", required=True), FileColumn("remark_name"), FileColumn("remark_mobile", "phone"),
    ),
)  # fmt: skip
MESSAGES = FeedFile(
    "twin_wecom", "messages",
    (
        FileColumn("msgid", "id", required=True), FileColumn("external_userid", "id", required=True), FileColumn("direction", "code", required=True),
        FileColumn("sent", "moment", required=True), FileColumn("advisor", "id"), FileColumn("content"),
    ),
    format="jsonl",
)  # fmt: skip
QUEUES, OUTCOMES = ("order", "complaint", "question"), ("solved", "ticket", "dropped")
_ANSWERS = ("您好，马上帮您看", "已经登记了", "稍等我问下门店", "给您补一份", "收到，谢谢反馈", "好的", "券已经发您了", "明天给您送过去")


class Calls(SourceSystem):
    """Calls about tickets, orders by phone, and questions out of the blue."""

    feeds = (CALLS,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The calls of the day, by the moment they began."""
        found = Frame.concat([_about_tickets(day), _orders(day), _questions(day)])
        if not len(found):
            return
        call, draws, clock = found["call"], day.draws, day.world.span.offset_seconds
        length = 20 + draws.exponential(130, "call length", call).astype(np.int64)
        dropped = draws.happens(0.05, "call dropped", call)
        length = np.where(dropped, 8, length)
        mood = np.where(found["queue"] == 1, -0.4, 0.15) + 0.3 * draws.normal("call mood", call)
        note = texts.write(draws, "call", call, found["issue"], np.clip(mood, -1, 1))
        keys = joined("T4", digits(call, 14))
        hidden = draws.happens(0.04, "number withheld", call)
        yield rows_of(CALLS, [
            keys, only(~hidden, _callers(day, found)), moment(found["at"], COMPACT, clock),
            moment(found["at"] + length, COMPACT, clock), joined("A", digits(draws.integers(1, 40, "agent", call), 3)), pick(QUEUES, found["queue"]),
            number(2 + draws.exponential(15, "rings", call).astype(np.int64)),
            pick(OUTCOMES, np.where(dropped, 2, np.where(found["ticket"] >= 0, 1, 0))), ticket_numbers(found["ticket"]), only(~dropped, note.text),
        ], found["at"], texts.truth_of("twin_calls", keys.filter(pa.array(~dropped)), _kept(note, ~dropped)))  # fmt: skip


class Wecom(SourceSystem):
    """Customers who add an advisor, and their messages."""

    feeds = (CONTACTS, MESSAGES)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """New contacts of the day (on the first day all there are), and its messages."""
        added = day.people.wallets.wecom_day
        person = np.flatnonzero(added <= day.number) if day.number == 0 else np.flatnonzero(added == day.number)
        if len(person):
            yield self._contacts(day, person, added[person])
        chats = _chats(day)
        if len(chats):
            yield self._messages(day, chats)

    def _contacts(self, day: Day, person: Ints, added: Ints) -> Rows:
        draws = day.draws
        at = day.midnight + (added - day.number) * 86_400 + draws.integers(9 * 3600, 21 * 3600, "adds advisor at", person)
        return rows_of(CONTACTS, [
            wecom_text(person), only(draws.happens(0.7, "wecom unionid", person), unionid_text(person)), advisors(day, person),
            moment(at, PLAIN, day.world.span.offset_seconds), day.people.names(person),
            only(draws.happens(0.35, "remark mobile", person), phone_text(day.wallet["phone"][person])),
        ], at)  # fmt: skip

    def _messages(self, day: Day, chats: Frame) -> Rows:
        chat, draws = chats["chat"], day.draws
        count = 1 + draws.counts(1.6, "messages", chat)
        row = np.repeat(np.arange(len(chats)), count)
        place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        of = chats.take(row)
        comes_in = place % 2 == 0
        message = of["chat"] * 100 + place
        written = texts.write(draws, "chat", message, of["issue"], np.clip(of["mood"] + 0.15 * draws.normal("chat mood", message), -1, 1))
        answer = pick(_ANSWERS, draws.integers(0, len(_ANSWERS), "answer", message))
        at = np.minimum(of["at"] + place * (25 + draws.integers(0, 180, "answers after", message)), day.midnight + 86_399)
        keys = joined("X", digits(message, 16))
        told = texts.truth_of("twin_wecom", keys.filter(pa.array(comes_in)), _kept(written, comes_in))
        return rows_of(MESSAGES, [
            keys, wecom_text(of["person"]), pick(("out", "in"), comes_in.astype(np.int64)), moment(at, ISO_UTC), advisors(day, of["person"]),
            pa.compute.if_else(pa.array(comes_in), written.text, answer),
        ], at, told)  # fmt: skip


def _callers(day: Day, found: Frame) -> pa.StringArray:
    """Numbers that calls come from: one's own, at times a relative's; a few calls are made by couriers who cannot find the door."""
    own = phone_text(phones_given(day, "call", found["call"], found["person"], 0.05))
    store = day.people.persons["store"][found["person"]]
    courier = courier_phone_text(store * COURIERS_PER_STORE + day.draws.integers(0, COURIERS_PER_STORE, "courier calls", found["call"]))
    by_courier = (
        (found["queue"] == 1) & (found["issue"] != Issue.PRICE_DIFFERENCE) & day.draws.happens(0.05, "call by courier", found["call"])
    )
    return pa.compute.if_else(pa.array(by_courier), courier, own)


def advisors(day: Day, person: Ints) -> pa.StringArray:
    """The advisor of each person: three in every store."""
    store = day.people.persons["store"][person]
    return joined("advisor", digits(store * 3 + day.draws.integers(0, 3, "advisor", person), 4))


def _kept(written: texts.Texts, rows: np.ndarray) -> texts.Texts:
    return texts.Texts(written.text.filter(pa.array(rows)), written.issue[rows], written.sentiment[rows])


def _calls(call: Ints, person: Ints, at: Ints, queue: int, issue: Ints, ticket: Ints) -> Frame:
    return Frame(
        {"call": call, "person": person, "at": at, "queue": np.full(len(call), queue), "issue": issue, "ticket": ticket}, len(call)
    )


def _about_tickets(day: Day) -> Frame:
    """Tickets that began with a call; a call centre exports its calls when the ticket is closed."""
    tickets = day.tickets.take(day.tickets["channel"] == Channel.CALL)
    return _calls(tickets["ticket"] * 4, tickets["person"], tickets["opened_at"] - 120, 1, tickets["issue"], tickets["ticket"])


def _orders(day: Day) -> Frame:
    orders = day.orders.take(day.orders["channel"] == Channel.CALL)
    question = np.full(len(orders), Issue.QUESTION)
    return _calls(orders["order"] * 4 + 1, orders["person"], orders["at"] - 90, 0, question, np.full(len(orders), -1))


def _questions(day: Day) -> Frame:
    person = np.flatnonzero(
        (day.people.persons["joined_day"] <= day.number)
        & day.draws.happens(0.0006, "asks by phone", day.number, day.people.persons["person"])
    )
    call = (day.number * 10_000_000 + person) * 4 + 2
    at = day.midnight + day.draws.integers(8 * 3600, 22 * 3600, "asks by phone at", call)
    return _calls(call, person, at, 2, np.full(len(person), Issue.QUESTION), np.full(len(person), -1))


def _chats(day: Day) -> Frame:
    """Chats with an advisor: about tickets, orders through the advisor, and small talk."""
    wallet = day.wallet
    tickets = day.tickets.take((day.tickets["channel"] == Channel.WECOM) & (wallet["wecom_id"][day.tickets["person"]] >= 0))
    orders = day.orders.take((day.orders["channel"] == Channel.WECOM) & (wallet["wecom_id"][day.orders["person"]] >= 0))
    talks = np.flatnonzero((wallet["wecom_id"] >= 0) & day.draws.happens(0.012, "small talk", day.number, day.people.persons["person"]))
    talk = (day.number * 10_000_000 + talks) * 4 + 2
    at = day.midnight + day.draws.integers(9 * 3600, 21 * 3600, "small talk at", talk)
    # A ticket comes out on the day it is closed; its chat too.
    closed = np.clip(tickets["closed_at"] - 1800, day.midnight, None)
    return Frame.concat([
        Frame({"chat": tickets["ticket"] * 4, "person": tickets["person"], "at": closed, "issue": tickets["issue"], "mood": np.full(len(tickets), -0.45)}),
        Frame({"chat": orders["order"] * 4 + 1, "person": orders["person"], "at": orders["at"] - 300, "issue": np.full(len(orders), Issue.QUESTION), "mood": np.full(len(orders), 0.1)}),
        Frame({"chat": talk, "person": talks, "at": at, "issue": np.full(len(talks), Issue.NONE), "mood": 0.5 + 0.3 * day.draws.normal("talk mood", talk)}),
    ])  # fmt: skip
