"""What reaches a feed's file on which day: most rows on their own day, some late, some twice, some files twice."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.day import Day, FeedFile, Rows
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.files.dirt import Injected, faults_of, inject
from spark_jobs.demo.twin.files.writing import file_bytes, file_name, header_lines, write_once
from spark_jobs.demo.twin.knobs import FileKnobs

MOST_DAYS_LATE = 7
AGAIN = "_again"  # in the name of a file that is delivered twice


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was delivered of a feed on a day. `rows` happened that day, `delivered` lie in its file; `errors` are truth rows."""

    feed: FeedFile
    rows: int
    delivered: int
    late: int
    duplicates: int
    errors: tuple[dict[str, object], ...]
    content_bytes: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Rows that come on a later day."""

    table: pa.Table
    late: int
    duplicates: int


class Delivery:
    """The files of all feeds, day after day, under one landing folder."""

    def __init__(self, folder: Path, knobs: FileKnobs, draws: Draws, days: int) -> None:
        self._folder, self._knobs, self._draws, self._last = folder, knobs, draws, days - 1
        self._waiting: dict[tuple[str, str], dict[int, list[_Waiting]]] = defaultdict(lambda: defaultdict(list))
        self._feeds: dict[tuple[str, str], FeedFile] = {}

    def deliver(self, day: Day, delivered_today: Iterable[Rows]) -> list[Delivered]:
        """Write the day's files, in the order of source and feed. A feed may come in several pieces.

        Raises:
            OtherSimulationError: files of another simulation are in the folder.
        """
        pieces: dict[tuple[str, str], list[Rows]] = defaultdict(list)
        for rows in delivered_today:
            key = (rows.feed.source, rows.feed.feed)
            pieces[key].append(rows)
            self._feeds[key] = rows.feed
        due = [key for key, waiting in self._waiting.items() if day.number in waiting]
        return [self._of_feed(day, self._feeds[key], pieces.get(key, [])) for key in sorted({*pieces, *due})]

    def _of_feed(self, day: Day, feed: FeedFile, pieces: list[Rows]) -> Delivered:
        fresh = _in_order(pieces)
        count = fresh.num_rows if fresh is not None else 0
        tables, late, duplicates = [], 0, 0
        if fresh is not None:
            fresh, duplicates = self._held_back(day, feed, fresh)
            tables.append(fresh)
        for waiting in self._waiting[feed.source, feed.feed].pop(day.number, []):
            tables.append(waiting.table)
            late, duplicates = late + waiting.late, duplicates + waiting.duplicates
        table = pa.concat_tables(tables).combine_chunks()
        if not table.num_rows:
            return Delivered(feed, count, 0, 0, 0, (), 0)
        keys = table.column(0)
        table, injected = inject(feed, table, self._draws, day.number, self._knobs.dirt_share)
        date = f"{day.date:%Y%m%d}"
        content = file_bytes(feed, table, injected)
        write_once(self._folder / feed.source / file_name(feed, date), content)
        if feed.may_be_late and self._draws.happens(self._knobs.resent_file_share, f"again {feed.source}.{feed.feed}", day.number):
            write_once(self._folder / feed.source / file_name(feed, date, AGAIN), content)
        errors = _truth_of(feed, file_name(feed, date), keys, injected)
        return Delivered(feed, count, table.num_rows, late, duplicates, errors, len(content))

    def _held_back(self, day: Day, feed: FeedFile, fresh: pa.Table) -> tuple[pa.Table, int]:
        """The rows that come today, some of them twice, with the number of those; the others wait. Nothing waits beyond the last day."""
        if not feed.may_be_late:
            return fresh, 0
        name, number, rows = f"{feed.source}.{feed.feed}", day.number, np.arange(fresh.num_rows)
        is_late = self._draws.happens(self._knobs.late_share, f"late row {name}", number, rows)
        delay = self._draws.integers(1, MOST_DAYS_LATE + 1, f"days late {name}", number, rows)
        comes = np.where(is_late, np.minimum(number + delay, self._last), number)
        is_twice = self._draws.happens(self._knobs.duplicate_share, f"twice {name}", number, rows)
        tomorrow = is_twice & self._draws.happens(0.5, f"twice later {name}", number, rows)
        again = np.where(tomorrow, np.minimum(comes + 1, self._last), comes)
        self._wait(feed, fresh, comes, number, late=True)
        self._wait(feed, fresh, np.where(is_twice, again, number), number, late=False)
        now = np.repeat(rows, (comes == number).astype(int) + (is_twice & (again == number)))
        return fresh.take(pa.array(now)), int((is_twice & (again == number)).sum())

    def _wait(self, feed: FeedFile, table: pa.Table, comes: np.ndarray, number: int, *, late: bool) -> None:
        for due in np.unique(comes[comes > number]).tolist():
            rows = table.take(pa.array(np.flatnonzero(comes == due)))
            self._waiting[feed.source, feed.feed][due].append(_Waiting(rows, len(rows) * late, len(rows) * (not late)))


def _in_order(pieces: list[Rows]) -> pa.Table | None:
    """The rows of a feed by moment, the systems' own order within one."""
    if not pieces:
        return None
    table = pa.concat_tables([rows.table for rows in pieces])
    at = np.concatenate([rows.at for rows in pieces])
    return table.take(pa.array(np.argsort(at, kind="stable"))).combine_chunks()


def _truth_of(feed: FeedFile, name: str, keys: pa.ChunkedArray, injected: Injected) -> tuple[dict[str, object], ...]:
    """The injected errors with the keys that their rows had before."""
    faults = faults_of(feed)
    return tuple(
        {
            "source": feed.source, "feed": feed.feed, "file": name, "line": row + 1 + header_lines(feed), "key": str(keys[row].as_py()),
            "column": feed.columns[faults[each].column].name if faults[each].column >= 0 else None,
            "kind": faults[each].kind, "expected": faults[each].expected, "before": before,
        }
        for row, each, before in zip(injected.rows.tolist(), injected.faults.tolist(), injected.before, strict=True)
    )  # fmt: skip
