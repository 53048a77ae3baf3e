"""Entities as the feeds of one source would fill them: rows by currency and status, totals of amounts, spans of dates."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from conf.entities import Entity, EntityColumn
from conf.errors import Finding
from conf.maps import Dedup
from spark_jobs.conform.contributions import Contribution
from spark_jobs.conform.documents import DOCUMENT, retired_lines
from spark_jobs.conform.mapping import IS_DELETED, document_deliveries, mapped
from spark_jobs.conform.settle import good, settled
from spark_jobs.conform.snapshots import deleted_rows, tombstones
from spark_jobs.onboarding.results import CurrencyTotal, EntityCheck, Span, StatusWord

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CURRENCY, STATUS = "currency_code", "status"
MOMENTS = ("date", "timestamp")
MOST_WORDS, LONGEST_WORD = 20, 40
NO_WORD = "(other)"


def check_entity(entity: Entity, parts: Sequence[Contribution], valid: Mapping[str, "DataFrame"]) -> EntityCheck:
    """What the maps of a source make of an entity.

    Args:
        entity: the canonical entity.
        parts: its maps that can be evaluated.
        valid: rows of each feed that break no rule.
    """
    namespaces = [part.key_namespace for part in parts]
    frames = [frame for part in parts for frame in _frames(valid[part.feed_name], part)]
    rows = settled(
        good(reduce(lambda left, right: left.unionByName(right), frames)),
        entity,
        contributions_meet=len(set(namespaces)) < len(namespaces),
    ).persist()
    try:
        return _measured(rows, entity, parts)
    finally:
        rows.unpersist()


def _frames(valid: "DataFrame", part: Contribution) -> list["DataFrame"]:
    """Mapped rows, and the keys and lines that later deliveries have retired, as silver reads them."""
    rows = mapped(valid, part, late_files=False, with_document=bool(part.document))
    frames = [rows.drop(DOCUMENT)]
    if part.feed.delivery == "snapshot" and not part.is_key_only:
        frames.append(tombstones(frames[0], part))
    if part.map.dedup is Dedup.DOCUMENT:
        gone = retired_lines(rows, document_deliveries(valid, part, late_files=False), part.entity.key)
        frames.append(deleted_rows(gone, frames[0], part))
    return frames


def _measured(rows: "DataFrame", entity: Entity, parts: Sequence[Contribution]) -> EntityCheck:
    from pyspark.sql import functions as F

    moments = [column.name for column in entity.columns if column.type in MOMENTS]
    live = ~F.col(IS_DELETED)
    kinds = {"first": F.min, "last": F.max}
    bounds = [pick(F.when(live, F.col(name))).cast("string").alias(f"{kind}_{name}") for name in moments for kind, pick in kinds.items()]
    row = rows.agg(F.count_if(live).alias("rows"), F.count_if(~live).alias("deleted"), *bounds).collect()[0]
    shown = rows.where(live)
    mapped_names = {name for part in parts for name in part.map.fields}
    statuses, warnings = status_words(shown, entity, parts) if STATUS in mapped_names else ((), ())
    spans = tuple(Span(name, row[f"first_{name}"], row[f"last_{name}"]) for name in moments if name in mapped_names)
    totals, nothing = _totals(shown, entity, mapped_names), _nothing(row["rows"], entity, parts)
    return EntityCheck(entity.entity, row["rows"], row["deleted"], totals, spans, statuses, nothing, warnings)


def _nothing(rows: int, entity: Entity, parts: Sequence[Contribution]) -> tuple[Finding, ...]:
    if rows:
        return ()
    feeds = ", ".join(dict.fromkeys(part.feed_name for part in parts))
    return (Finding(entity.entity, f"would be empty after all maps of {feeds}", "correct what is named above for these maps"),)


def _totals(rows: "DataFrame", entity: Entity, mapped_names: set[str]) -> tuple[CurrencyTotal, ...]:
    """Rows and sums of amounts by currency; empty for an entity without a currency."""
    from pyspark.sql import functions as F

    if CURRENCY not in entity.column_names:
        return ()
    amounts = [column.name for column in entity.columns if is_money(column) and column.name in mapped_names]
    sums = [F.sum(name).cast("decimal(38,2)").cast("string").alias(name) for name in amounts]
    found = rows.groupBy(CURRENCY).agg(F.count("*").alias("rows"), *sums).orderBy(F.desc("rows"), CURRENCY).collect()
    return tuple(CurrencyTotal(row[CURRENCY], row["rows"], {name: row[name] or "0.00" for name in amounts}) for row in found)


def is_money(column: EntityColumn) -> bool:
    """True for amounts and fees, whose sum says something."""
    return column.type.startswith("decimal") and column.name.endswith(("_amount", "_fee"))


def status_words(rows: "DataFrame", entity: Entity, parts: Sequence[Contribution]) -> tuple[tuple[StatusWord, ...], tuple[Finding, ...]]:
    """The words of an entity's status column with their rows, the most frequent first, and what is wrong with them.

    A word is shown only when it cannot be a person's: never of a tokenised column, no long text, and none when most words differ.
    """
    from pyspark.sql import functions as F

    if any(_is_personal(part) for part in parts):
        return (), (Finding(f"{entity.entity}.{STATUS}", "comes from a personal column", "map a column that holds a status"),)
    word = F.regexp_replace(STATUS, r"^\s+|\s+$", "").alias(STATUS)
    counted = rows.groupBy(word).agg(F.count("*").alias("rows")).orderBy(F.desc("rows"), F.asc_nulls_last(STATUS))
    found = [(row[STATUS], row["rows"]) for row in counted.limit(MOST_WORDS + 1).collect()]
    if len(found) > MOST_WORDS:
        said = f"has more than {MOST_WORDS} different values"
        return (), (Finding(f"{entity.entity}.{STATUS}", said, "map a column that holds a status, not a text or a number"),)
    return tuple(StatusWord(word if word is None or len(word) <= LONGEST_WORD else NO_WORD, count) for word, count in found), ()


def _is_personal(part: Contribution) -> bool:
    source = part.map.fields.get(STATUS)
    names = source.columns if source else ()
    return any(part.feed.column(name).is_tokenised for name in names)
