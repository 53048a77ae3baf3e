"""A promise and its figures: what is measured, how sure it is, and what a trivial answer would have reached."""

from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["share", "number", "money", "days"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `low` and `high` bound it with 95 % confidence; the baseline is what a trivial answer reaches on the same rows."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    unit: Unit = "share"
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """The figures of one promise. `note` says what the baseline is, or why there are no figures yet."""

    key: str
    title: str
    title_zh: str
    figures: tuple[Figure, ...] = ()
    note: str = ""
    is_made: bool = True
    details: tuple["Detail", ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Detail:
    """A table that belongs to a promise, such as the figures of each source."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]
