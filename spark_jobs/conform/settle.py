"""Settling: of all versions of a key, the one row that silver shows. Pure frames in, frames out.

Within one contribution the latest version speaks as a whole, latest by (_delivered_on, _known_on, _sequence, file and line) and
last of all the content, so the order is total. Contributions that share a key are merged column by column: the first that
has a value, by priority and then by the latest version. `_known_on` is the date since which the row has been as it is.
"""

from typing import TYPE_CHECKING

from pyspark.sql import Window

from conf.entities import Entity
from spark_jobs.conform.descriptions import descriptive, worth, worth_told
from spark_jobs.conform.mapping import IS_DELETED, REJECT, VERSION

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.window import WindowSpec

# How often the row changed within the frame it was settled from; 1 = all its versions say the same.
RUNS = "_runs"
SYSTEM = ("_source", "_known_on", "_first_known_on")


def settled(rows: "DataFrame", entity: Entity, *, contributions_meet: bool) -> "DataFrame":
    """One row per key.

    Args:
        rows: good rows as `mapping.mapped` makes them, of one or several contributions.
        entity: the canonical entity.
        contributions_meet: several contributions may give the same key.

    `rows` may hold `_seed`, the descriptive values that silver has: they stay unless the rows say more.

    Returns:
        The entity's columns, `_is_deleted`, SYSTEM and `_runs`.
    """
    latest = _latest_versions(rows, entity)
    result = _merged(latest, entity) if contributions_meet else latest
    return result.select(*entity.column_names, _deleted(), *SYSTEM, RUNS)


def plain(rows: "DataFrame", entity: Entity) -> "DataFrame":
    """Rows of keys that are there once, as silver shows them; equals `settled`, without a shuffle."""
    from pyspark.sql import functions as F

    return rows.select(*entity.column_names, _deleted(), "_source", "_known_on", F.col("_known_on").alias("_first_known_on"))


def _deleted() -> "Column":
    """Whether the row is deleted; no, when nobody but key-only maps knows it."""
    from pyspark.sql import functions as F

    return F.coalesce(IS_DELETED, F.lit(False)).alias(IS_DELETED)


def good(rows: "DataFrame") -> "DataFrame":
    """Rows that can be rows of the entity."""
    from pyspark.sql import functions as F

    return rows.where(F.col(REJECT).isNull())


def _values(entity: Entity) -> list[str]:
    return [*(name for name in entity.column_names if name != entity.key), IS_DELETED]


def _latest_versions(rows: "DataFrame", entity: Entity) -> "DataFrame":
    """The latest version of each key and contribution, `_known_on` being the start of its last unchanged run."""
    from pyspark.sql import functions as F

    values = _values(entity)
    group = [entity.key, "_rank", "_source", "_priority", "_is_key_only", "_replaces", *(["_seed"] if "_seed" in rows.columns else [])]
    # Only the last version of a day was ever visible: this makes the frame small before it is sorted.
    last_of_day = rows.groupBy(*group, *VERSION[:2]).agg(
        F.max(F.struct(*VERSION[2:], F.struct(F.lit(0).alias("_"), *values).alias("row"))).alias("last"),
        *(_best_of_day(name).alias(f"_best_{name}") for name in descriptive(entity)),
    )
    in_order = Window.partitionBy(*group).orderBy(*VERSION[:2])
    last_of_day, content = _described(last_of_day, entity, in_order, is_seeded="_seed" in group)
    changed = ~content.eqNullSafe(F.lag(content).over(in_order))
    runs = last_of_day.withColumn("_changed", changed.cast("int")).withColumn(
        RUNS, F.sum("_changed").over(in_order.rowsBetween(Window.unboundedPreceding, 0))
    )
    version = F.struct(*VERSION[:2], *(f"last.{name}" for name in VERSION[2:]))
    newest = runs.groupBy(*group).agg(
        F.max(F.struct(RUNS, (-F.unix_date("_known_on")).alias("since"), content.alias("row"))).alias("newest"),
        F.max(version).alias("_version"),
        F.min("_known_on").alias("_first_known_on"),
    )
    return newest.select(
        *group,
        *(F.col(f"newest.row.{name}").alias(name) for name in values),
        F.date_from_unix_date(-F.col("newest.since")).alias("_known_on"),
        "_first_known_on",
        F.col(f"newest.{RUNS}").alias(RUNS),
        "_version",
    )


def _best_of_day(name: str) -> "Column":
    """The value of a descriptive column that says most on a day, with its worth; among equals the latest."""
    from pyspark.sql import functions as F

    value = worth_told(F.col(name), F.array_contains("_replaces", name))
    return F.max(F.when(value.isNotNull(), F.struct(value.alias("worth"), *VERSION[2:], F.col(name).alias("value"))))


def _described(days: "DataFrame", entity: Entity, in_order: "WindowSpec", *, is_seeded: bool) -> "tuple[DataFrame, Column]":
    """The days, and the content of each: its last row, in which descriptive columns have the best value up to that day."""
    from pyspark.sql import functions as F

    if not descriptive(entity):
        return days, F.col("last.row")
    so_far = in_order.rowsBetween(Window.unboundedPreceding, 0)
    described = {}
    for name in descriptive(entity):
        best = F.col(f"_best_{name}")
        ranked = F.struct(best["worth"].alias("worth"), *VERSION[:2], best.alias("best"))
        chosen = F.max(F.when(best.isNotNull(), ranked)).over(so_far)
        value, old = chosen["best"]["value"], F.col(f"_seed.{name}") if is_seeded else F.lit(None).cast("string")
        described[name] = F.when(F.coalesce(chosen["worth"], F.lit(0)) >= F.coalesce(worth(old), F.lit(0)), value).otherwise(old)
    days = days.withColumns({f"_best_{name}": value for name, value in described.items()})
    content = [
        F.col(f"_best_{name}").alias(name) if name in described else F.col(f"last.row.{name}").alias(name) for name in _values(entity)
    ]
    return days, F.struct(F.lit(0).alias("_"), *content)


def _merged(latest: "DataFrame", entity: Entity) -> "DataFrame":
    """Contributions of a key in one row: per column the value of the highest priority, then of the latest version."""
    from pyspark.sql import functions as F

    precedence = F.struct("_priority", "_version", -F.col("_rank"))

    described = descriptive(entity)

    def first_value(name: str) -> "Column":
        rank = F.struct(worth(F.col(name)).alias("worth"), precedence) if name in described else precedence
        return F.max_by(F.col(name), F.when(F.col(name).isNotNull(), rank)).alias(name)

    described_on = F.max(F.when(~F.col("_is_key_only"), F.col("_known_on")))
    return latest.groupBy(entity.key).agg(
        *(first_value(name) for name in _values(entity)),
        F.min_by("_source", "_rank").alias("_source"),
        F.coalesce(described_on, F.min("_known_on")).alias("_known_on"),
        F.min("_first_known_on").alias("_first_known_on"),
        F.max(RUNS).alias(RUNS),
    )
