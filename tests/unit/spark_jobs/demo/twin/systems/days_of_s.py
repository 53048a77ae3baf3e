"""Days of a small twin, as the systems of service see them."""

from datetime import date
from functools import cache

from spark_jobs.demo.twin.behaviour.days import Twin
from spark_jobs.demo.twin.day import Day, Rows
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.knobs import Span, load_knobs
from spark_jobs.demo.twin.people.people import build_people
from spark_jobs.demo.twin.systems.conversations import Calls, Wecom
from spark_jobs.demo.twin.systems.service import Delivery, Reviews, Tickets
from spark_jobs.demo.twin.world import World

SYSTEMS = (Calls, Wecom, Delivery, Tickets, Reviews)
CUSTOMERS, DAYS, SEED = 3_000, 9, 11


def days() -> tuple[tuple[Day, tuple[Rows, ...]], ...]:
    """The days, each with what the systems deliver of it."""
    knobs, span, draws = load_knobs(), Span(first_day=date(2024, 3, 4), days=DAYS), Draws(SEED)
    twin = Twin(World(knobs, span, draws), build_people(knobs, draws, span, CUSTOMERS))
    systems = tuple(system() for system in SYSTEMS)
    return tuple((day, tuple(rows for system in systems for rows in system.deliver(day))) for day in twin.days())


@cache
def delivered() -> tuple[tuple[Day, tuple[Rows, ...]], ...]:
    """`days`, made once."""
    return days()
