"""What happens after an order: deliveries, tickets, reviews."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel, Issue
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import courier_phone_text, member_text, openid_text, phone_text
from spark_jobs.demo.twin.systems import texts
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.contacts import phones_given
from spark_jobs.demo.twin.systems.notation import ISO_UTC, PLAIN, digits, joined, moment, number, only, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers, receipt_numbers
from spark_jobs.demo.twin.systems.sales import stores_of

DELIVERIES = FeedFile(
    "twin_delivery", "deliveries",
    (
        FileColumn("waybill", "id", required=True), FileColumn("order_no", "id", required=True), FileColumn("store", "id"),
        FileColumn("courier_id", "id", required=True), FileColumn("courier_phone", "phone"), FileColumn("receiver_phone", "phone"),
        FileColumn("promised", "moment", required=True), FileColumn("picked", "moment"), FileColumn("delivered", "moment", required=True),
        FileColumn("distance_m", "number"),
    ),
)  # fmt: skip
TICKETS = FeedFile(
    "twin_tickets", "tickets",
    (
        FileColumn("ticketNo", "id", required=True), FileColumn("category", "code", required=True), FileColumn("channel", "code", required=True),
        FileColumn("orderNo", "id"), FileColumn("contactPhone", "phone"), FileColumn("memberNo", "id"), FileColumn("text"),
        FileColumn("openedAt", "moment", required=True), FileColumn("firstReplyAt", "moment"), FileColumn("resolvedAt", "moment"),
        FileColumn("closedAt", "moment"), FileColumn("satisfaction", "number"), FileColumn("repeatOf", "id"),
    ),
    format="jsonl", compression="none",
)  # fmt: skip
REVIEWS = FeedFile(
    "twin_reviews", "reviews",
    (
        FileColumn("review_id", "id", required=True), FileColumn("order_no", "id", required=True), FileColumn("member_no", "id"),
        FileColumn("openid", "id"), FileColumn("stars", "number", required=True), FileColumn("content"),
        FileColumn("created_at", "moment", required=True),
    ),
    format="jsonl",
)  # fmt: skip
NPS = FeedFile(
    "twin_reviews", "nps",
    (
        FileColumn("answer_id", "id", required=True), FileColumn("member_no", "id", required=True), FileColumn("score", "number", required=True),
        FileColumn("answered_at", "moment", required=True),
    ),
    delimiter="\t",
)  # fmt: skip
DESK = ("delivery", "quality", "price", "service", "question")
_DESK_OF_ISSUE = np.array([3, 0, 1, 0, 0, 2, 3, 4])
_TICKET_CHANNELS = {Channel.CALL: "phone", Channel.APP: "app", Channel.WECOM: "wecom"}


class Delivery(SourceSystem):
    """Deliveries, on the day on which they arrive."""

    feeds = (DELIVERIES,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The day's deliveries."""
        came = day.deliveries
        if not len(came):
            return
        clock = day.world.span.offset_seconds
        yield rows_of(DELIVERIES, [
            joined("W", digits(came["order"], 14)), order_numbers(came["order"]), stores_of(day, came["store"]), joined("C", digits(came["courier"], 5)),
            courier_phone_text(came["courier"]), phone_text(phones_given(day, "receiver", came["order"], came["person"], 0.04)), moment(came["promised_at"], PLAIN, clock),
            moment(came["picked_at"], PLAIN, clock), moment(came["delivered_at"], PLAIN, clock), number(came["distance"]),
        ], came["delivered_at"])  # fmt: skip


class Tickets(SourceSystem):
    """Tickets as they are closed, with the agent's choice of a category, which is wrong for one in eight."""

    feeds = (TICKETS,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The tickets closed on the day."""
        tickets = day.tickets
        if not len(tickets):
            return
        draws, ticket, person = day.draws, tickets["ticket"], tickets["person"]
        wrong = draws.happens(0.12, "wrong category", ticket)
        desk = np.where(wrong, draws.integers(0, len(DESK), "which category", ticket), _DESK_OF_ISSUE[tickets["issue"]])
        mood = (
            np.where(tickets["issue"] == Issue.QUESTION, 0.1, -0.45)
            - 0.25 * (tickets["repeat_of"] >= 0)
            + 0.25 * draws.normal("ticket mood", ticket)
        )
        written = texts.write(draws, "ticket", ticket, tickets["issue"], np.clip(mood, -1, 1))
        by_phone = (tickets["channel"] == Channel.CALL) | draws.happens(0.3, "ticket with phone", ticket)
        known = ~by_phone | draws.happens(0.4, "ticket with member", ticket)
        keys = ticket_numbers(ticket)
        yield rows_of(TICKETS, [
            keys, pick(DESK, desk), _channels(tickets), _order_numbers(tickets), only(by_phone, phone_text(day.wallet["phone"][person])),
            only(known, member_text(day.wallet["member_id"][person])), written.text, moment(tickets["opened_at"], ISO_UTC),
            moment(tickets["first_reply_at"], ISO_UTC), moment(tickets["resolved_at"], ISO_UTC), moment(tickets["closed_at"], ISO_UTC),
            pa.array(tickets["satisfaction"], mask=tickets["satisfaction"] < 0), ticket_numbers(tickets["repeat_of"]),
        ], tickets["closed_at"], texts.truth_of("twin_tickets", keys, written))  # fmt: skip


class Reviews(SourceSystem):
    """Reviews of orders by member or messenger id, and answers to a survey that asks for 0 to 10."""

    feeds = (REVIEWS, NPS)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The reviews and answers of the day."""
        reviews = day.reviews
        if not len(reviews):
            return
        draws, order, person = day.draws, reviews["order"], reviews["person"]
        wallet = day.wallet
        written = texts.write(draws, "review", order, reviews["issue"], reviews["sentiment"])
        by_openid = (wallet["openid"][person] >= 0) & draws.happens(0.45, "reviews in mini", order)
        keys = joined("V", digits(order, 14))
        silent = draws.happens(0.15, "stars only", order)
        yield rows_of(REVIEWS, [
            keys, _order_numbers(reviews), only(~by_openid, member_text(wallet["member_id"][person])),
            only(by_openid, openid_text(wallet["openid"][person])), pa.array(reviews["stars"]), only(~silent, written.text),
            moment(reviews["at"], ISO_UTC),
        ], reviews["at"], _truth_of_written(keys, written, ~silent))  # fmt: skip
        answers = reviews.take(draws.happens(0.5, "answers nps", order) & (wallet["member_id"][person] >= 0))
        if len(answers):
            yield rows_of(NPS, [
                joined("N", digits(answers["order"], 14)), member_text(wallet["member_id"][answers["person"]]), number(answers["nps"]),
                moment(answers["at"] + 90, PLAIN, day.world.span.offset_seconds),
            ], answers["at"] + 90)  # fmt: skip


def _truth_of_written(keys: pa.StringArray, written: texts.Texts, rows: np.ndarray) -> dict[str, pa.Table]:
    kept = texts.Texts(written.text.filter(pa.array(rows)), written.issue[rows], written.sentiment[rows])
    return texts.truth_of("twin_reviews", keys.filter(pa.array(rows)), kept)


def ticket_numbers(tickets: np.ndarray) -> pa.StringArray:
    """Numbers of tickets: G and fourteen digits; null for −1."""
    return joined("G", digits(tickets, 14))


def _channels(tickets: Frame) -> pa.StringArray:
    places = np.full(len(Channel), 0)
    names = list(_TICKET_CHANNELS.values())
    for place, channel in enumerate(_TICKET_CHANNELS):
        places[channel] = place
    return pick(names, places[tickets["channel"]])


def _order_numbers(rows: Frame) -> pa.StringArray:
    """The document that a ticket or review is about: a receipt when it was bought in a store."""
    is_store = pa.array(rows["order_channel"] == Channel.STORE)
    return pa.compute.if_else(is_store, receipt_numbers(rows["order"]), order_numbers(rows["order"]))
