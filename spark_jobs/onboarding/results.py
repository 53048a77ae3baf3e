"""Results of a dry run: by feed, by map and by entity, each with its findings and warnings.

A finding would stop a run or lose rows. A warning is something to look at.
"""

from dataclasses import dataclass, field

from conf.errors import Finding
from spark_jobs.ingest.examples import Example

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class MapCheck:
    """What one map makes of the valid rows of its feed.

    Attributes:
        rows: rows that take its routes and its `where`.
        rows_rejected: of these, rows that cannot be rows of the entity.
        keys: distinct keys of the other rows; 0 when the map could not be evaluated.
        repeated_keys: keys with several rows in one file; 0 where the map makes the key.
        changed_documents: documents that two files deliver with other lines, under `full_row_per_document`.
    """

    feed: str
    number: int
    entity: str
    rows: int = 0
    rows_rejected: int = 0
    keys: int = 0
    repeated_keys: int = 0
    changed_documents: int = 0
    findings: Findings = ()
    warnings: Findings = ()


@dataclass(frozen=True)
class FeedCheck:
    """What one feed would give."""

    feed: str
    files: int = 0
    rows_in: int = 0
    rows_valid: int = 0
    rows_rejected: int = 0
    rows_without_map: int = 0
    notes: tuple[str, ...] = ()
    findings: Findings = ()
    warnings: Findings = ()
    examples: tuple[Example, ...] = ()
    maps: tuple[MapCheck, ...] = ()


@dataclass(frozen=True)
class CurrencyTotal:
    """Rows of an entity in one currency, and the sum of each amount as text."""

    currency: str | None
    rows: int
    amounts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """The first and last value of a date or timestamp column, as text; None when it is never filled."""

    column: str
    first: str | None
    last: str | None


@dataclass(frozen=True)
class StatusWord:
    """A word of a status column and the rows that have it; None for rows without a status."""

    word: str | None
    rows: int


@dataclass(frozen=True)
class EntityCheck:
    """What the feeds of the source together make of one entity: one row per key, without deleted rows."""

    entity: str
    rows: int = 0
    deleted: int = 0
    currencies: tuple[CurrencyTotal, ...] = ()
    spans: tuple[Span, ...] = ()
    statuses: tuple[StatusWord, ...] = ()
    findings: Findings = ()
    warnings: Findings = ()


@dataclass(frozen=True)
class SourceCheck:
    """What a mapping would give on the files of its source."""

    source: str
    feeds: tuple[FeedCheck, ...]
    entities: tuple[EntityCheck, ...] = ()
    findings: Findings = ()

    @property
    def all_findings(self) -> Findings:
        """What would stop a run or lose rows: of the source, then by feed and map, then by entity."""
        return (*self.findings, *(finding for part in self._parts for finding in part.findings))

    @property
    def all_warnings(self) -> Findings:
        """What to look at, in the same order."""
        return tuple(warning for part in self._parts for warning in part.warnings)

    @property
    def _parts(self) -> "list[FeedCheck | MapCheck | EntityCheck]":
        parts: list[FeedCheck | MapCheck | EntityCheck] = []
        for feed in self.feeds:
            parts += [feed, *feed.maps]
        return [*parts, *self.entities]
