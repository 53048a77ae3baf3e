"""What only the whole course of days shows: lifetime values over horizons, and when each category is bought again."""

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import Span
from spark_jobs.demo.twin.products import CATEGORIES
from spark_jobs.demo.twin.truth.columns import FAR, dates, yuan

EVERY = 30  # days between the dates as of which lifetime values are known
HORIZONS = (28, 90, 180, 365)


class LifetimeValues:
    """What each person pays for goods in the days (date, date + horizon], for dates every 30 days whose horizon ends within the simulation.

    As models forecast it: what a company pays, and fees of delivery, do not count.
    """

    def __init__(self, persons: int, span: Span) -> None:
        self._span = span
        self._orders, self._fen = np.zeros(persons, np.int32), np.zeros(persons, np.int64)
        self._until: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # date → sums before it

    def of_day(self, number: int, orders: Frame) -> list[pa.Table]:
        """Add a day's orders (`person, company, amount, delivery_fee`, fen; cancelled ones left out); the tables of the horizons that end with it."""
        count, private = len(self._orders), orders.take(orders["company"] < 0)
        self._orders += np.bincount(private["person"], minlength=count).astype(np.int32)
        np.add.at(self._fen, private["person"], private["amount"] - private["delivery_fee"])
        tables = [self._table(start, horizon) for start in self._until for horizon in HORIZONS if start + horizon == number]
        for start in [start for start in self._until if start + self._last_horizon(start) <= number]:
            del self._until[start]
        if number and number % EVERY == 0 and number + HORIZONS[0] < self._span.days:
            self._until[number] = (self._orders.copy(), self._fen.copy())
        return tables

    def _last_horizon(self, start: int) -> int:
        return max(horizon for horizon in HORIZONS if start + horizon < self._span.days)

    def _table(self, start: int, horizon: int) -> pa.Table:
        orders, fen = self._until[start]
        count = len(orders)
        return pa.table({
            "person_id": np.arange(count), "as_of": dates(self._span, np.full(count, start)),
            "horizon_days": np.full(count, horizon, np.int32), "orders": self._orders - orders, "amount": yuan(self._fen - fen),
        })  # fmt: skip


class CategoryPurchases:
    """Days on which persons buy from a category, each with the next such day."""

    def __init__(self, persons: int, span: Span) -> None:
        self._span = span
        self._last = np.full((persons, len(CATEGORIES)), -1, np.int16)

    def of_day(self, number: int, persons: Ints, categories: Ints) -> pa.Table:
        """The purchases that today's purchases (pairs, repeats allowed) come after."""
        pairs = np.unique(persons * len(CATEGORIES) + categories)
        person, category = pairs // len(CATEGORIES), pairs % len(CATEGORIES)
        before = self._last[person, category].astype(np.int64)
        self._last[person, category] = number
        again = before >= 0
        return self._table(person[again], category[again], before[again], np.full(int(again.sum()), number))

    def rest(self) -> pa.Table:
        """The purchases that no other one of the category followed within the simulation."""
        person, category = np.nonzero(self._last >= 0)
        return self._table(person, category, self._last[person, category].astype(np.int64), np.full(len(person), FAR))

    def _table(self, person: Ints, category: Ints, day: Ints, following: Ints) -> pa.Table:
        return pa.table({
            "person_id": person, "category": pa.array(CATEGORIES, pa.string()).take(pa.array(category)),
            "purchased_on": dates(self._span, day), "next_purchased_on": dates(self._span, following),
        })  # fmt: skip
