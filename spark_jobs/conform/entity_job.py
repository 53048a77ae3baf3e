"""One entity's night: reads the bronze rows its plan names and brings its silver table up to date in at most one commit.

Reads: bronze.<source>__<feed>, silver.<entity>. Grain: one row per key of the entity.
Flags: rows that cannot be rows of the entity go to `ops.conform_rejects` with their reasons.
Rerun: an interrupted run is repeated in full and comes to the same table; rows that are equal are not written again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conf.catalog import Table, silver_table
from conf.errors import ConfigError, Finding
from spark_jobs.common.delta import merge, overwrite, table_version
from spark_jobs.common.errors import SqlError, readable, without_values
from spark_jobs.common.job import StepContext
from spark_jobs.common.once import append_alone
from spark_jobs.conform.changes import changed_rows
from spark_jobs.conform.mapping import REJECT
from spark_jobs.conform.plans import EntityPlan, Mode
from spark_jobs.conform.rows import changed_documents, mapped_rows, parts_with_news
from spark_jobs.conform.settle import good, plain, settled

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Up to here the keys that are there more than once are sent to the workers, and all other rows are spared the sort.
MAX_REPEATED_KEYS = 100_000
MAX_REPEATED_SHARE = 0.05
MAX_BROADCAST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows of one entity's night. Full: rows_in = keys + superseded + rejected. `written` are rows of silver that changed.

    `changed_documents` counts documents delivered again with other lines under `full_row_per_document`, which keeps the lines of both.
    """

    entity: str
    mode: Mode
    rows_in: int = 0
    rejected: int = 0
    keys: int = 0
    written: int = 0
    changed_documents: int = 0

    @property
    def superseded(self) -> int:
        """Rows that are an older or repeated version of a key."""
        return self.rows_in - self.rejected - self.keys


@dataclass(frozen=True, slots=True)
class _Profile:
    rows_in: int
    rejected: int
    keys: int
    repeated_rows: int
    repeated_keys: int


def conform_entity(ctx: StepContext, plan: EntityPlan) -> Outcome:
    """Carry out a plan whose mode is FULL or INCREMENTAL; the state is the caller's to write afterwards.

    Raises:
        ConfigError: a map's expression cannot be evaluated on the rows.
    """
    try:
        outcome = _rebuild(ctx, plan) if plan.mode is Mode.FULL else _update(ctx, plan)
        return replace(outcome, changed_documents=changed_documents(ctx, plan))
    except Exception as err:
        short = readable(err)
        if not isinstance(short, SqlError):
            raise
        maps = ", ".join(f"{part.label} (map {part.map_number})" for part in plan.parts)
        remedy = "correct the expression in its map; try_cast and try_divide give null where a value does not fit"
        raise ConfigError(
            f"the maps onto {plan.entity.entity} cannot be evaluated", [Finding(maps, without_values(short.message), remedy)]
        ) from err


def _rebuild(ctx: StepContext, plan: EntityPlan) -> Outcome:
    table = silver_table(plan.entity)
    if not plan.parts:
        overwrite(ctx.spark, ctx.settings, table, ctx.spark.createDataFrame([], table.ddl))
        return Outcome(plan.entity.entity, plan.mode)
    rows = mapped_rows(ctx, plan, plan.parts)
    profile = _profile(rows, plan)
    overwrite(ctx.spark, ctx.settings, table, _as_table(_one_row_per_key(ctx, rows, plan, profile), table))
    return Outcome(plan.entity.entity, plan.mode, profile.rows_in, profile.rejected, profile.keys, profile.keys)


def _update(ctx: StepContext, plan: EntityPlan) -> Outcome:
    from pyspark.sql import functions as F

    table = silver_table(plan.entity)
    read_at = table_version(ctx.spark, table.full_name)
    parts = parts_with_news(plan)
    with _kept(mapped_rows(ctx, plan, parts, only_pending=True)) as rows:
        profile = _profile(rows, plan)
        silver = ctx.spark.table(table.full_name)
        is_small = plan.row_count <= MAX_BROADCAST_ROWS
        namespaces = {part.key_namespace for part in parts}
        history = mapped_rows(ctx, plan, tuple(part for part in plan.parts if part.key_namespace in namespaces))
        difference = changed_rows(good(rows), silver, plan, good(history), broadcast_keys=is_small)
        with _kept(difference) as upserts:
            counts = upserts.agg(F.count("*").alias("all"), F.count_if("_is_new").alias("new")).collect()[0]
            written = _as_table(upserts, table)
            if counts["all"] > counts["new"]:
                merge(ctx.spark, ctx.settings, table, written)
            elif counts["all"] and not append_alone(ctx.spark, table, written, read_at):
                return _rebuild(ctx, replace(plan, mode=Mode.FULL))
    return Outcome(plan.entity.entity, plan.mode, profile.rows_in, profile.rejected, profile.keys, counts["all"])


def _profile(rows: "DataFrame", plan: EntityPlan) -> _Profile:
    """Counts rows, rejects and keys in one pass; keys are told apart by a 64-bit hash."""
    from pyspark.sql import functions as F

    row = (
        _key_counts(rows, plan)
        .agg(
            F.sum(F.col("rows") + F.col("rejected")).alias("rows_in"),
            F.sum("rejected").alias("rejected"),
            F.count_if(F.col("rows") > 0).alias("keys"),
            F.sum(F.when(F.col("rows") > 1, F.col("rows"))).alias("repeated_rows"),
            F.count_if(F.col("rows") > 1).alias("repeated_keys"),
        )
        .collect()[0]
    )
    return _Profile(*(row[name] or 0 for name in ("rows_in", "rejected", "keys", "repeated_rows", "repeated_keys")))


def _key_counts(rows: "DataFrame", plan: EntityPlan) -> "DataFrame":
    from pyspark.sql import functions as F

    is_good = F.col(REJECT).isNull()
    return rows.groupBy(F.xxhash64(plan.entity.key).alias("_key_hash")).agg(
        F.count_if(is_good).alias("rows"), F.count_if(~is_good).alias("rejected")
    )


def _one_row_per_key(ctx: StepContext, rows: "DataFrame", plan: EntityPlan, profile: _Profile) -> "DataFrame":
    """Settled rows; where nearly every key is there once, only the repeated ones are sorted."""
    from pyspark.sql import functions as F

    good_rows = good(rows)
    if profile.repeated_rows == 0:
        return plain(good_rows, plan.entity)
    few = profile.repeated_keys <= MAX_REPEATED_KEYS and profile.repeated_rows <= MAX_REPEATED_SHARE * profile.rows_in
    if not few:
        return settled(good_rows, plan.entity, contributions_meet=plan.contributions_meet)
    hashes = _key_counts(rows, plan).where(F.col("rows") > 1).select("_key_hash").toArrow()
    repeated = F.broadcast(ctx.spark.createDataFrame(hashes))
    hashed = good_rows.withColumn("_key_hash", F.xxhash64(plan.entity.key))
    once = plain(hashed.join(repeated, "_key_hash", "left_anti"), plan.entity)
    often = settled(hashed.join(repeated, "_key_hash", "left_semi"), plan.entity, contributions_meet=plan.contributions_meet)
    return once.unionByName(often.select(*once.columns))


def _as_table(frame: "DataFrame", table: Table) -> "DataFrame":
    return frame.select(*table.field_names)


@contextmanager
def _kept(frame: "DataFrame") -> Iterator["DataFrame"]:
    """The frame, computed once for all that is asked of it inside the block."""
    kept = frame.persist()
    try:
        yield kept
    finally:
        kept.unpersist()
