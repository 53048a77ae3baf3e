"""The twin's source systems: each delivers what it would know of a day, in its own words."""

from collections.abc import Iterator

import pyarrow as pa

from spark_jobs.demo.twin.day import Day, FeedFile, Rows


class Systems:
    """All systems of one simulation, to be asked day after day."""

    def __init__(self) -> None:
        from spark_jobs.demo.twin.systems.register import SYSTEMS

        self._systems = [system() for system in SYSTEMS]

    def deliver(self, day: Day) -> Iterator[Rows]:
        """What all systems deliver of a day."""
        for system in self._systems:
            yield from system.deliver(day)

    def truth(self) -> dict[str, pa.Table]:
        """Tables of the truth that systems decided, known in the end."""
        return {name: table for system in self._systems for name, table in system.truth().items()}


def all_feeds() -> tuple[FeedFile, ...]:
    """Every feed of every system."""
    from spark_jobs.demo.twin.systems.register import SYSTEMS

    return tuple(feed for system in SYSTEMS for feed in system.feeds)
