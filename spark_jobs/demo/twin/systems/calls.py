"""The call centre: one line for each call, without a header, fields between bars, in GB18030, on the local clock.

A call that opened a ticket is exported with its closing. The number is the caller's: at times a relative's or the courier's, or withheld.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.demo.twin.behaviour.aftermath import COURIERS_PER_STORE
from spark_jobs.demo.twin.codes import Channel, Issue
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import courier_phone_text, phone_text
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.contacts import phones_given
from spark_jobs.demo.twin.systems.forms import Form
from spark_jobs.demo.twin.systems.notation import COMPACT, digits, joined, moment, nothing, number, only, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers
from spark_jobs.demo.twin.systems.texts import drawn_phrases, moods, texts, texts_truth

SOURCE = "twin_calls"
CALLS = FeedFile(
    SOURCE, "calls",
    (
        FileColumn("call_id", "id", required=True), FileColumn("begin_time", "moment", required=True), FileColumn("end_time", "moment"),
        FileColumn("direction", "code", required=True), FileColumn("phone", "phone"), FileColumn("agent_no", "id"), FileColumn("queue", "code"),
        FileColumn("ring_sec", "number"), FileColumn("result", "code", required=True), FileColumn("order_no", "id"), FileColumn("note"),
    ),
    delimiter="|", encoding="gb18030", has_header=False,
)  # fmt: skip
FEEDS = (CALLS,)
COMPLAINS, CALLED_BACK, ORDERS, ASKS = range(4)
DIRECTIONS, QUEUES, RESULTS = ("呼入", "呼出"), ("投诉", "回访", "订购", "咨询"), ("接通", "未接", "转接")
FAMILY_SHARE, COURIER_SHARE, WITHHELD_SHARE, MISSED_SHARE, CALL_BACK_SHARE = 0.06, 0.04, 0.02, 0.1, 0.3
ASKING, ASKING_OF_CALLERS = 0.0004, 0.004  # chance a day to ask something by phone
PER_DAY = 10_000_000  # questions of a day are numbered by person
OWN_NOTES = drawn_phrases((
    ("回访，客户满意", "回访，客户称还在等退款", "回访无异议，结案", "告知赔付已到账", "回访，客户不愿多说", "回电说明原因，客户接受", "回访，客户仍不满，留意"),
    ("电话订@，送家里", "订@两份，下午送", "老客户，照上次再来一单，加@", "代老人订购，货到付款", "订@，要求别按门铃", "不会用手机，电话下单，要@", "订@和米面油，约晚上"),
))  # fmt: skip


class CallCentre(SourceSystem):
    """See the module."""

    feeds = FEEDS

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The calls of the day, and those that opened a ticket that was closed on it."""
        calls = Frame.concat([*_about_tickets(day), _orders(day), _questions(day)])
        if not len(calls):
            return
        call, kind, is_missed = calls["call"], calls["kind"], calls["is_missed"]
        clock, label = day.world.span.offset_seconds, joined("CC", digits(call, 17))
        agent = joined("4", digits(day.draws.integers(0, 60, "call agent", call), 3))
        result = np.where(is_missed, 1, np.where(day.draws.happens(0.06, "call passed on", call), 2, 0))
        note = only(~is_missed, _notes(day, calls))
        told = texts_truth(SOURCE, label, calls["issue"], calls["sentiment"], nothing(len(call)))
        is_told = pa.array((kind != CALLED_BACK) & ~is_missed)
        yield rows_of(CALLS, [
            label, moment(calls["at"], COMPACT, clock), moment(calls["at"] + calls["seconds"], COMPACT, clock),
            pick(DIRECTIONS, (kind == CALLED_BACK).astype(np.int64)), _phones(day, calls), only(~is_missed, agent), pick(QUEUES, kind),
            number(day.draws.integers(1, 45, "call rings", call)), pick(RESULTS, result),
            only(day.draws.happens(0.7, "call names order", call), order_numbers(calls["order"])), note,
        ], calls["at"], {name: table.filter(is_told) for name, table in told.items()})  # fmt: skip


def _frame(day: Day, kind: int, key: Ints, calls: Frame, issue: Ints, sentiment: np.ndarray) -> Frame:
    """Calls of a kind; `key` numbers them within it."""
    call = (kind + 1) * 10**15 + key
    missed = day.draws.happens(MISSED_SHARE * (kind == ASKS), "call missed", call)
    talk = 25 + day.draws.exponential(140, "call lasts", call).astype(np.int64)
    return Frame({
        "call": call, "kind": kind, "person": calls["person"], "order": calls["order"], "at": calls["at"], "issue": issue, "sentiment": sentiment,
        "is_missed": missed, "seconds": np.where(missed, 0, talk),
    }, len(call))  # fmt: skip


def _about_tickets(day: Day) -> tuple[Frame, Frame]:
    """The calls that opened tickets, and the calls back when something had been done."""
    tickets = day.tickets.take(day.tickets["channel"] == Channel.CALL)
    feeling = moods(day.draws, "ticket", tickets["ticket"], tickets["issue"])
    opening = _frame(day, COMPLAINS, tickets["ticket"], tickets.having(at=tickets["opened_at"]), tickets["issue"], feeling)
    back = np.flatnonzero(day.draws.happens(CALL_BACK_SHARE, "called back", tickets["ticket"]))
    again = tickets.take(back).having(at=tickets["resolved_at"][back])
    return opening, _frame(day, CALLED_BACK, again["ticket"], again, again["issue"], feeling[back])


def _orders(day: Day) -> Frame:
    orders = day.orders.take(day.orders["channel"] == Channel.CALL)
    nothing_wrong = np.full(len(orders), int(Issue.NONE))
    return _frame(day, ORDERS, orders["order"], orders, nothing_wrong, np.zeros(len(orders)))


def _questions(day: Day) -> Frame:
    """Questions of persons who may have bought nothing at all."""
    persons = day.people.persons
    chance = (ASKING + ASKING_OF_CALLERS * persons["uses_call"]) * (persons["joined_day"] <= day.number)
    person = np.flatnonzero(day.draws.happens(chance, "asks by phone", persons["person"], day.number))
    key, about = day.number * PER_DAY + person, np.full(len(person), int(Issue.QUESTION))
    at = day.midnight + day.draws.integers(8 * 3600, 22 * 3600, "asks by phone at", key)
    calls = Frame({"person": person, "order": -1, "at": at}, len(person))
    return _frame(day, ASKS, key, calls, about, moods(day.draws, "call", key, about))


def _phones(day: Day, calls: Frame) -> pa.StringArray:
    """The numbers that rang, or that were rung."""
    draws, call, kind = day.draws, calls["call"], calls["kind"]
    customers = phone_text(phones_given(day, "call", call, calls["person"], FAMILY_SHARE))
    store = day.people.persons["store"][calls["person"]]
    couriers = courier_phone_text(store * COURIERS_PER_STORE + draws.integers(0, COURIERS_PER_STORE, "courier calls", call))
    by_courier = (kind == COMPLAINS) & draws.happens(COURIER_SHARE, "call by courier", call)
    withheld = (kind == ASKS) & draws.happens(WITHHELD_SHARE, "call withheld", call)
    return only(~withheld, pc.if_else(pa.array(by_courier), couriers, customers))


def _notes(day: Day, calls: Frame) -> pa.StringArray:
    """What the agent typed: what the caller said, or the centre's own phrases about orders and calls back."""
    kind, call = calls["kind"], calls["call"]
    own = OWN_NOTES(day.draws, "call note", call, (kind == ORDERS).astype(np.int64))
    said = texts(day.draws, "call", call, calls["issue"], calls["sentiment"], Form.NOTE)
    return pc.if_else(pa.array((kind == CALLED_BACK) | (kind == ORDERS)), own, said)
