"""What `cdp simulate` shows: a bar while the days pass, and what was written."""

import resource
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.simulate import Summary


class Report:
    """A progress bar over days; use as a context, then `show`."""

    def __init__(self, days: int) -> None:
        self._console = Console()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task("The people come together", total=days)
        self._begin = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def advance(self, day: Day) -> None:
        """One more day is written."""
        self._bar.update(self._task, advance=1, description=f"{day.date} · {len(day.orders):,} orders")

    def show(self, summary: Summary, landing: Path, truth: Path) -> None:
        """The table of feeds, and what it took."""
        seconds = time.monotonic() - self._begin
        table = Table("source", "feed", title="Delivered by the twin's systems")
        for name in ("files", "rows", "late", "twice", "errors", "MB"):
            table.add_column(name, justify="right")
        for (source, feed), total in sorted(summary.feeds.items()):
            figures = (total.files, total.delivered, total.late, total.duplicates, total.errors)
            table.add_row(source, feed, *(f"{figure:,}" for figure in figures), f"{total.content_bytes / 1e6:,.1f}")
        self._console.print(table)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
        self._console.print(
            f"{summary.rows:,} rows in {seconds:,.1f} s ({summary.rows / max(seconds, 1e-9):,.0f} rows a second), {peak:.1f} GB of memory at most.\n"
            f"Files: {landing}\nTruth: {truth}",
            highlight=False,
        )
