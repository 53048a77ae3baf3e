"""One simulation from beginning to end: the people live, the systems write their files, and the truth is put beside them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.behaviour.backbone import load_backbone
from spark_jobs.demo.twin.behaviour.days import Twin
from spark_jobs.demo.twin.day import Day, Rows
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.files.delivery import Delivered, Delivery
from spark_jobs.demo.twin.files.writing import claim
from spark_jobs.demo.twin.knobs import Knobs, Span
from spark_jobs.demo.twin.people.people import build_people
from spark_jobs.demo.twin.systems import Systems
from spark_jobs.demo.twin.truth import tables
from spark_jobs.demo.twin.truth.folder import TruthFolder
from spark_jobs.demo.twin.truth.history import CategoryPurchases, LifetimeValues
from spark_jobs.demo.twin.world import World

VERSION = 2  # of what a seed means: raised when the same seed gives other bytes


@dataclass(frozen=True, slots=True)
class Simulation:
    """What to simulate. The same values give the same bytes; `persons_at_once` only bounds the memory."""

    customers: int
    span: Span
    seed: int
    knobs: Knobs
    persons_at_once: int = 50_000
    has_backbone: bool = False  # the purchases are those of Complete Journey

    @property
    def facts(self) -> dict[str, object]:
        """What decides every byte: it names the simulation, in landing and in the truth."""
        return {
            "customers": self.customers, "days": self.span.days, "first_day": self.span.first_day, "time_zone": self.span.time_zone,
            "seed": self.seed, "backbone": self.has_backbone, "version": VERSION, "knobs": json.loads(self.knobs.model_dump_json()),
        }  # fmt: skip


@dataclass(slots=True)
class FeedTotals:
    """What was delivered of a feed in all."""

    files: int = 0
    rows: int = 0
    delivered: int = 0
    late: int = 0
    duplicates: int = 0
    errors: int = 0
    content_bytes: int = 0

    def add(self, day: Delivered) -> None:
        """Count one day."""
        self.files += day.delivered > 0
        self.rows += day.rows
        self.delivered += day.delivered
        self.late += day.late
        self.duplicates += day.duplicates
        self.errors += len(day.errors)
        self.content_bytes += day.content_bytes


@dataclass(slots=True)
class Summary:
    """What a simulation made: totals by (source, feed)."""

    feeds: dict[tuple[str, str], FeedTotals] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows in files."""
        return sum(feed.delivered for feed in self.feeds.values())


def simulate(what: Simulation, landing: Path, truth: Path, advance: Callable[[Day], None] = lambda _: None) -> Summary:
    """Write the files of all systems under `landing` and the truth under `truth`.

    Args:
        what: people, days, seed and knobs.
        landing: gets `<source>/<feed>/<feed>_<yyyymmdd>…`; files that are there with the same content are left alone.
        truth: replaced when everything is written.
        advance: called after each day.

    Raises:
        OtherSimulationError: `landing` holds files of another simulation.
        NotATruthError: `truth` holds something else.
    """
    claim(landing, what.facts)
    draws = Draws(what.seed)
    people = build_people(what.knobs, draws, what.span, what.customers)
    backbone = load_backbone(draws, what.span.first_day) if what.has_backbone else None
    twin = Twin(World(what.knobs, what.span, draws), people, what.persons_at_once, backbone)
    systems, delivery, summary = Systems(), Delivery(landing, what.knobs.files, draws, what.span.days), Summary()
    with TruthFolder(truth) as told:
        history = _History(twin, told)
        for day in twin.days():
            for delivered in delivery.deliver(day, _told(systems.deliver(day), told)):
                summary.feeds.setdefault((delivered.feed.source, delivered.feed.feed), FeedTotals()).add(delivered)
                _note_delivery(told, day, delivered)
            history.of_day(day)
            advance(day)
        history.finish()
        for name, table in {**people.truth_tables(), **systems.truth()}.items():
            told.add(name, table)
        told.note(what.facts)
    return summary


class _History:
    """Notes the truth of each day."""

    def __init__(self, twin: Twin, told: TruthFolder) -> None:
        self._twin, self._told, self._span = twin, told, twin.world.span
        count = len(twin.people.persons)
        self._values, self._purchases = LifetimeValues(count, self._span), CategoryPurchases(count, self._span)

    def of_day(self, day: Day) -> None:
        kept = day.orders.take(~day.orders["is_cancelled"])
        if len(day.orders):
            self._told.add("orders", tables.orders(day))
        for table in self._values.of_day(day.number, kept):
            self._told.add("lifetime_values", table)
        lines = day.lines.take(np.isin(day.lines["order"], kept["order"]))
        person = kept["person"][np.searchsorted(kept["order"], lines["order"])]
        self._told.add(
            "category_purchases", self._purchases.of_day(day.number, person, lines["product"] // day.world.assortment.per_category)
        )

    def finish(self) -> None:
        twin, told, span = self._twin, self._told, self._span
        told.add("category_purchases", self._purchases.rest())
        told.add("churn", tables.churn(span, twin.state))
        for of_runs in zip(*(tables.tags(span, persons, traits, twin.state) for persons, traits in twin.runs), strict=True):
            told.add("tags", pa.concat_tables(of_runs))
        told.add("treatment_effects", tables.treatment_effects(twin))
        told.add("channel_contribution", tables.channel_contribution(span, twin))
        told.add("shocks", tables.shocks(span, twin.world.knobs))


def _told(delivered: Iterator[Rows], told: TruthFolder) -> Iterator[Rows]:
    """The rows, while what their systems know to be true of them is noted."""
    for rows in delivered:
        for name, table in rows.truth.items():
            if len(table):
                told.add(name, table)
        yield rows


_ERROR_COLUMNS = pa.schema([
    ("source", pa.string()), ("feed", pa.string()), ("file", pa.string()), ("line", pa.int64()), ("key", pa.string()), ("column", pa.string()),
    ("kind", pa.string()), ("expected", pa.string()), ("before", pa.string()),
])  # fmt: skip


def _note_delivery(told: TruthFolder, day: Day, delivered: Delivered) -> None:
    told.add("injected_errors", pa.Table.from_pylist(list(delivered.errors), _ERROR_COLUMNS))
    told.add("feed_days", pa.table({
        "source": [delivered.feed.source], "feed": [delivered.feed.feed], "day": [day.date], "rows": [delivered.rows],
        "delivered_rows": [delivered.delivered], "late_rows": [delivered.late], "duplicate_rows": [delivered.duplicates],
        "dirty_rows": [len(delivered.errors)],
    }))  # fmt: skip
