"""The twin's source systems: each delivers what it would know of a day, in its own words.

A system is a module with `SOURCE`, `FEEDS` and either `deliver(day)` or a class that delivers day after day because it remembers.
"""

from collections.abc import Iterator

import pyarrow as pa

from spark_jobs.demo.twin.day import Day, FeedFile, Rows


class Systems:
    """All systems of one simulation, to be asked day after day."""

    def __init__(self) -> None:
        from spark_jobs.demo.twin.systems.register import systems

        self._systems = systems()

    def deliver(self, day: Day) -> Iterator[Rows]:
        """What all systems deliver of a day."""
        for system in self._systems:
            yield from system.deliver(day)

    def truth(self) -> dict[str, pa.Table]:
        """Tables of the truth that systems decided, known in the end."""
        tables: dict[str, pa.Table] = {}
        for system in self._systems:
            tables.update(system.truth())
        return tables


def all_feeds() -> tuple[FeedFile, ...]:
    """Every feed of every system."""
    from spark_jobs.demo.twin.systems.register import MODULES

    return tuple(feed for module in MODULES for feed in module.FEEDS)
