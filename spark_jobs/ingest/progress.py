"""Progress bars of a load: one per feed on a terminal, nothing otherwise."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

PHASES = ("reading", "checking", "writing", "done")
Advance = Callable[[str, str], None]


def silent(feed: str, phase: str) -> None:
    """Shows nothing."""


@contextmanager
def feed_progress(feeds: Sequence[str]) -> Iterator[Advance]:
    """A function `(feed, phase)` that moves the feed's bar; silent where no person looks, or another display is up already."""
    if not feeds or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.errors import LiveError
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[phase]}"), TimeElapsedColumn())
    bars = Progress(*columns, console=Console(stderr=True), transient=True)
    try:
        bars.start()
    except LiveError:
        yield silent
        return
    tasks = {feed: bars.add_task(feed, total=len(PHASES) - 1, phase="waiting", start=False) for feed in feeds}

    def advance(feed: str, phase: str) -> None:
        bars.start_task(tasks[feed])
        bars.update(tasks[feed], completed=PHASES.index(phase), phase=phase)

    try:
        yield advance
    finally:
        bars.stop()
