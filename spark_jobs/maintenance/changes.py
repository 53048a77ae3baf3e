"""What a step of an upgrade did, or would do."""

from collections.abc import Callable
from dataclasses import dataclass

from spark_jobs.common.job import StepContext


@dataclass(frozen=True)
class Change:
    """A change of one table; `rows` is None where rows are not touched."""

    table: str
    what: str
    rows: int | None = None


@dataclass(frozen=True)
class Step:
    """A step of an upgrade. `apply` can be repeated after a kill at any point, and gives what it changed."""

    name: str
    title: str
    apply: Callable[[StepContext], list[Change]]
