"""Sensors at the shelves of stores: how long somebody stood there. Nobody is known; most who stand there do not buy."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
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
        bought = lines["product"] // day.world.assortment.per_category
        passed = draws.integers(0, len(CATEGORIES), "passes shelf", *key)
        at = of["at"] - 60 - draws.integers(0, 1500, "shelf before till", *key)
        seconds = 3 + draws.exponential(14, "dwell", *key).astype(np.int64)
        short = 1 + draws.exponential(4, "passer-by", *key).astype(np.int64)
        moments = np.concatenate([at, at + draws.integers(-900, 900, "passes at", *key)])
        code = np.concatenate([key[0] * 200 + key[1] * 2, key[0] * 200 + key[1] * 2 + 1])
        yield rows_of(DWELL, [
            joined("h", digits(code, 16)), stores_of(day, np.concatenate([of["store"]] * 2)), pick(CATEGORIES, np.concatenate([bought, passed])),
            pa.array(moments * 1000), pa.array(np.concatenate([seconds, short])),
        ], moments)  # fmt: skip
