"""What every source system of the twin is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.day import Day, FeedFile, Rows


class SourceSystem(ABC):
    """A source system. One object lives through a whole simulation and is asked for each day in order."""

    feeds: ClassVar[tuple[FeedFile, ...]]

    @abstractmethod
    def deliver(self, day: Day) -> Iterator[Rows]:
        """What the system delivers of a day; only feeds that have rows."""

    def truth(self) -> dict[str, pa.Table]:
        """Tables of the truth that are known in the end."""
        return {}


def rows_of(feed: FeedFile, columns: list[pa.Array], at: np.ndarray, truth: dict[str, pa.Table] | None = None) -> Rows:
    """Rows of a feed from its columns, in the feed's order."""
    return Rows(feed, pa.Table.from_arrays(columns, names=[column.name for column in feed.columns]), at, truth or {})
