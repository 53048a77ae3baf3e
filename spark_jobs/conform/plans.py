"""Plans: what is to be done for each entity tonight, decided from the ingest manifest and the state of silver. No Spark in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from conf.entities import Entity
from spark_jobs.conform.contributions import Contribution, definition_hash


class Mode(StrEnum):
    """How silver is brought to the business date."""

    SKIP = "skip"
    FULL = "full"
    INCREMENTAL = "incremental"


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A file in bronze, as the ingest manifest has it."""

    source: str
    feed: str
    batch_id: str
    known_on: date
    file: str
    rows: int
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of one feed, batch and known date: the unit in which silver takes bronze in."""

    source: str
    feed: str
    batch_id: str
    known_on: date
    delivered_from: date
    delivered_to: date
    row_count: int
    late_files: bool = False
    is_replay: bool = False

    @property
    def identity(self) -> tuple[str, str, str, date]:
        """What identifies it."""
        return self.source, self.feed, self.batch_id, self.known_on


@dataclass(frozen=True, slots=True)
class Taken:
    """A slice that is in silver, as `ops.conform_state` has it."""

    source: str
    feed: str
    batch_id: str
    known_on: date
    delivered_to: date
    row_count: int
    definition_hash: str

    @property
    def identity(self) -> tuple[str, str, str, date]:
        """What identifies it."""
        return self.source, self.feed, self.batch_id, self.known_on


@dataclass(frozen=True)
class EntityPlan:
    """Tonight's work on one entity.

    Attributes:
        pending: slices that silver has not seen; all of them when the mode is FULL.
        is_newer: every pending row is of a later delivery than all rows in silver, and no other map gives the same keys
            (or the pending rows give nothing but keys), so that silver's own rows are all the history that is needed.
        late_feeds: feeds in which some file became known on another date than the one in its path.
        tokens: writes that are open until this plan is carried out.
        replayed_feeds: feeds of which rows were replayed from quarantine: they belong to files whose other rows were known before.
    """

    entity: Entity
    parts: tuple[Contribution, ...]
    mode: Mode
    pending: tuple[Slice, ...]
    is_newer: bool
    late_feeds: frozenset[tuple[str, str]]
    definition: str
    tokens: tuple[str, ...] = ()
    replayed_feeds: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def contributions_meet(self) -> bool:
        """True when two contributions may give the same key."""
        namespaces = [part.key_namespace for part in self.parts]
        return len(set(namespaces)) < len(namespaces)

    @property
    def row_count(self) -> int:
        """Pending rows of bronze."""
        return sum(piece.row_count for piece in self.pending)


def slices(files: Iterable[LoadedFile], parts: Iterable[Contribution]) -> list[Slice]:
    """Loaded files as slices, in order of identity."""
    part_of = {(part.source, part.feed_name): part for part in parts}
    found: dict[tuple[str, str, str, date], Slice] = {}
    for file in files:
        part = part_of.get((file.source, file.feed))
        if part is None:
            continue
        delivered = part.delivered_on(file.file, file.known_on)
        identity = (file.source, file.feed, file.batch_id, file.known_on)
        old = found.get(identity, Slice(*identity, delivered, delivered, 0))
        found[identity] = Slice(
            *identity,
            min(old.delivered_from, delivered),
            max(old.delivered_to, delivered),
            old.row_count + file.rows,
            old.late_files or delivered != file.known_on,
            old.is_replay or file.is_replay,
        )
    return [found[identity] for identity in sorted(found)]


def plan(
    entity: Entity, parts: tuple[Contribution, ...], bronze: list[Slice], taken: list[Taken], *, is_doubtful: bool = False
) -> EntityPlan:
    """What to do for an entity.

    Args:
        entity: the canonical entity.
        parts: its contributions.
        bronze: slices of its feeds that were known on the business date.
        taken: slices that silver has; of later dates too.
        is_doubtful: a killed run may have left silver in another state than `taken` says.
    """
    definition = definition_hash(entity, parts)
    late = frozenset((piece.source, piece.feed) for piece in bronze if piece.late_files)
    replayed = frozenset((piece.source, piece.feed) for piece in bronze if piece.is_replay)
    in_bronze = {piece.identity: piece.row_count for piece in bronze}
    in_silver: dict[tuple[str, str, str, date], int] = {}
    for old in taken:
        in_silver[old.identity] = max(old.row_count, in_silver.get(old.identity, 0))
    pending = tuple(piece for piece in bronze if in_silver.get(piece.identity, -1) < piece.row_count)
    # A slice that is gone or smaller was known later than the business date, or was taken out of bronze.
    outdated = any(old.definition_hash != definition or in_bronze.get(old.identity, -1) < old.row_count for old in taken)
    if outdated or is_doubtful or (pending and not taken):
        return EntityPlan(entity, parts, Mode.FULL, tuple(bronze), False, late, definition, replayed_feeds=replayed)
    if not pending:
        return EntityPlan(entity, parts, Mode.SKIP, (), False, late, definition)
    is_newer = _is_newer(parts, pending, taken)
    return EntityPlan(entity, parts, Mode.INCREMENTAL, pending, is_newer, late, definition, replayed_feeds=replayed)


def _is_newer(parts: tuple[Contribution, ...], pending: tuple[Slice, ...], taken: list[Taken]) -> bool:
    """See `EntityPlan.is_newer`. Contributions that only give the key never change a row that has been known for as long."""
    if min(piece.known_on for piece in pending) < max(piece.known_on for piece in taken) or any(piece.is_replay for piece in pending):
        return False
    first_delivery: dict[tuple[str, str], date] = {}
    for piece in pending:
        feed = (piece.source, piece.feed)
        first_delivery[feed] = min(piece.delivered_from, first_delivery.get(feed, piece.delivered_from))
    for part in parts:
        feed = (part.source, part.feed_name)
        if part.is_key_only or feed not in first_delivery:
            continue
        is_alone = sum(other.key_namespace == part.key_namespace for other in parts) == 1
        if not is_alone or any((piece.source, piece.feed) == feed and piece.delivered_to >= first_delivery[feed] for piece in taken):
            return False
    return True
