"""The ticket system: closed tickets as JSON lines, moments as milliseconds, nested; the category is what the agent chose in a hurry.

Who calls is known by phone number; who writes from the app or the messenger is known by member number.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel, Issue
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Draws, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import member_text, phone_text
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.contacts import phones_given
from spark_jobs.demo.twin.systems.forms import Form
from spark_jobs.demo.twin.systems.notation import digits, joined, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers
from spark_jobs.demo.twin.systems.texts import moods, texts, texts_truth

SOURCE = "twin_tickets"
TICKETS = FeedFile(
    SOURCE, "tickets",
    (
        FileColumn("ticketNo", "id", required=True), FileColumn("source", "code", required=True), FileColumn("category", "code", required=True),
        FileColumn("memberId", "id"), FileColumn("contactPhone", "phone"), FileColumn("orderNo", "id"), FileColumn("content"),
        FileColumn("timeline"), FileColumn("satisfaction", "number"), FileColumn("repeatOf", "id"), FileColumn("agentId", "id"),
    ),
    format="jsonl",
)  # fmt: skip
FEEDS = (TICKETS,)
SOURCES = {Channel.CALL: "hotline", Channel.APP: "app", Channel.WECOM: "wecom"}
OTHER = "其他"
CATEGORIES = (OTHER, "配送延迟", "商品质量", "缺货少件", "错发商品", "价格争议", "服务态度", "咨询")  # by issue
WRONG_SHARE, OTHER_SHARE, FAMILY_SHARE = 0.09, 0.06, 0.05
AGENTS = 40


class TicketSystem(SourceSystem):
    """See the module."""

    feeds = FEEDS

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The tickets that were closed on the day."""
        tickets = day.tickets
        if not len(tickets):
            return
        ticket, person, issue = tickets["ticket"], tickets["person"], tickets["issue"]
        sentiment, category = moods(day.draws, "ticket", ticket, issue), chosen_categories(day.draws, ticket, issue)
        member = np.where(tickets["channel"] == Channel.CALL, -1, day.wallet["member_id"][person])
        phone = np.where(member >= 0, -1, phones_given(day, "ticket", ticket, person, FAMILY_SHARE))
        number, label = ticket_numbers(ticket), pick(CATEGORIES, category)
        answer = tickets["satisfaction"]
        yield rows_of(TICKETS, [
            number, pick([SOURCES.get(channel, "app") for channel in Channel], tickets["channel"]), label, member_text(member),
            phone_text(phone), order_numbers(tickets["order"]), texts(day.draws, "ticket", ticket, issue, sentiment, Form.TICKET),
            _timeline(tickets), pa.array(answer, pa.int64(), mask=answer < 0), ticket_numbers(tickets["repeat_of"]),
            joined("KF", digits(day.draws.integers(0, AGENTS, "ticket agent", ticket), 3)),
        ], tickets["closed_at"], texts_truth(SOURCE, number, issue, sentiment, label))  # fmt: skip


def ticket_numbers(tickets: Ints) -> pa.StringArray:
    """Numbers of tickets: SR and 14 digits; null for −1."""
    return joined("SR", digits(tickets, 14))


def chosen_categories(draws: Draws, ticket: Ints, issue: Ints) -> Ints:
    """What the agent chose: mostly the right category, sometimes another one or the drawer for everything."""
    fate = draws.choice([1 - WRONG_SHARE - OTHER_SHARE, WRONG_SHARE, OTHER_SHARE], "ticket category", ticket)
    wrong = 1 + (issue + draws.integers(0, len(Issue) - 2, "wrong category", ticket)) % (len(Issue) - 1)
    return np.where(fate == 0, issue, np.where(fate == 1, wrong, 0))


def _timeline(tickets: Frame) -> pa.StructArray:
    """The moment of each state, in milliseconds since 1970-01-01 UTC."""
    names = {"open": "opened_at", "firstReply": "first_reply_at", "resolved": "resolved_at", "closed": "closed_at"}
    return pa.StructArray.from_arrays([pa.array(tickets[column] * 1000) for column in names.values()], names=list(names))
