"""Deliveries, tickets, reviews, calls and chats: every true fact is a row, every text of a customer has its truth, the same seed gives the same."""

from datetime import date
from functools import cache

import pytest

from spark_jobs.demo.twin.behaviour.days import Twin
from spark_jobs.demo.twin.day import Day, Rows
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.knobs import Span, load_knobs
from spark_jobs.demo.twin.people.people import build_people
from spark_jobs.demo.twin.systems.conversations import Calls, Wecom
from spark_jobs.demo.twin.systems.service import Delivery, Reviews, Tickets
from spark_jobs.demo.twin.world import World

SYSTEMS = (Calls, Wecom, Delivery, Tickets, Reviews)
CUSTOMERS, DAYS, SEED = 2_000, 8, 11
Delivered = tuple[tuple[Day, tuple[Rows, ...]], ...]


def days() -> Delivered:
    """Days of a small twin, each with what the systems of service deliver of it."""
    knobs, span, draws = load_knobs(), Span(first_day=date(2024, 3, 4), days=DAYS), Draws(SEED)
    twin = Twin(World(knobs, span, draws), build_people(knobs, draws, span, CUSTOMERS))
    systems = tuple(system() for system in SYSTEMS)
    return tuple((day, tuple(rows for system in systems for rows in system.deliver(day))) for day in twin.days())


@cache
def delivered() -> Delivered:
    """`days`, made once."""
    return days()


@pytest.mark.parametrize("name", ["deliveries", "tickets", "reviews"])
def test_every_fact_is_a_row(name: str) -> None:
    facts = [len(getattr(day, name)) for day, _ in delivered()]
    assert [sum(len(rows.table) for rows in delivery if rows.feed.feed == name) for _, delivery in delivered()] == facts
    assert sum(facts) > 20


@pytest.mark.parametrize(("feed", "column"), [("tickets", "text"), ("reviews", "content"), ("calls", "note"), ("messages", "content")])
def test_every_text_of_a_customer_has_its_truth(feed: str, column: str) -> None:
    written, told = set(), list[str]()
    for rows in (rows for _, delivery in delivered() for rows in delivery if rows.feed.feed == feed):
        from_customer = rows.table["direction"].to_pylist() if feed == "messages" else ["in"] * len(rows.table)
        texts = zip(rows.table.column(0).to_pylist(), rows.table[column].to_pylist(), from_customer, strict=True)
        written |= {key for key, text, direction in texts if text is not None and direction == "in"}
        told += rows.truth["texts"]["key"].to_pylist()
    assert len(written) > 10 and len(told) == len(set(told)) and written <= set(told)


def test_the_same_seed_delivers_the_same() -> None:
    for (_, one), (_, other) in zip(delivered(), days(), strict=True):
        assert [rows.feed for rows in one] == [rows.feed for rows in other]
        assert all(left.table.equals(right.table) for left, right in zip(one, other, strict=True))
