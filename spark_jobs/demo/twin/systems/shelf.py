"""Sensors at the shelves of stores: how long somebody stood there. Nobody is known; most who stand there do not buy."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.products import CATEGORIES
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import digits, joined, pick
from spark_jobs.demo.twin.systems.sales import stores_of

DWELL = FeedFile(
    "twin_shelf", "dwell",
    (
        FileColumn("reading", "id", required=True), FileColumn("store", "id", required=True), FileColumn("shelf", "code", required=True),
        FileColumn("start_ms", "moment", required=True), FileColumn("dwell_s", "number", required=True),
    ),
    format="jsonl",
)  # fmt: skip
SENSED = 0.25  # of the lines bought in a store, how many a sensor saw
OPENS, CLOSES = 7 * 3600, 22 * 3600  # of stores, seconds after midnight
READINGS_PER_DAY = 100_000_000


class Shelf(SourceSystem):
    """See the module."""

    feeds = (DWELL,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """Readings around what was bought, each with one of a passer-by."""
        orders = day.orders.take(day.orders["channel"] == Channel.STORE)
        lines = day.lines.take(np.isin(day.lines["order"], orders["order"]))
        lines = lines.take(day.draws.happens(SENSED, "sensed", lines["order"], lines["line"]))
        if not len(lines):
            return
        of = orders.take(np.searchsorted(orders["order"], lines["order"]))
        draws, key = day.draws, (lines["order"], lines["line"])
        opened, closes = day.midnight + OPENS, day.midnight + CLOSES
        longest = np.clip(of["at"] - opened - 60, 1, 1500)
        at = np.maximum(of["at"] - 60 - draws.integers(0, longest, "shelf before till", *key), opened)
        bought, passed = lines["product"] // day.world.assortment.per_category, draws.integers(0, len(CATEGORIES), "passes shelf", *key)
        passes_at = draws.integers(np.maximum(at - 900, opened), np.minimum(at + 900, closes), "passes at", *key)
        readings = Frame({
            "at": np.concatenate([at, passes_at]), "store": np.concatenate([of["store"]] * 2),
            "shelf": np.concatenate([bought, passed]),
            "seconds": np.concatenate([3 + _seconds(day, 14, "dwell", *key), 1 + _seconds(day, 4, "passer-by", *key)]),
            "chance": np.concatenate([draws.bits(purpose, *key) for purpose in ("dwell place", "passer-by place")]),
        }).sorted_by("at", "store", "chance")  # fmt: skip
        # Numbers and order of readings say nothing about who bought.
        yield rows_of(DWELL, [
            joined("h", digits(day.number * READINGS_PER_DAY + np.arange(len(readings)), 12)), stores_of(day, readings["store"]),
            pick(CATEGORIES, readings["shelf"]), pa.array(readings["at"] * 1000), pa.array(readings["seconds"]),
        ], readings["at"])  # fmt: skip


def _seconds(day: Day, mean: float, purpose: str, *key: Ints) -> Ints:
    return day.draws.exponential(mean, purpose, *key).astype(np.int64)
