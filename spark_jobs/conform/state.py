"""What conform knows between nights: the loaded files of the ingest manifest, and the slices that silver has taken in."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from conf.catalog import catalog
from spark_jobs.common.delta import append, overwrite
from spark_jobs.common.job import StepContext
from spark_jobs.conform.plans import EntityPlan, LoadedFile, Mode, Taken

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MANIFEST = "ops.ingest_manifest"
STATE = "ops.conform_state"
BEGUN, FINISHED = "begun", "finished"
StateRow = tuple[str | date | int, ...]


def loaded_files(ctx: StepContext) -> list[LoadedFile]:
    """Files in bronze that were known on the business date."""
    from pyspark.sql import functions as F

    rows = (
        ctx.spark.table(MANIFEST)
        .where(F.col("status").isin("loaded", "replayed") & (F.col("known_on") <= F.lit(ctx.business_date)))
        .select(
            "source",
            "feed",
            "batch_id",
            "known_on",
            "file",
            F.coalesce("rows_valid", F.lit(0)).alias("rows"),
            F.col("status") == "replayed",
        )
        .collect()
    )
    return [LoadedFile(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Begun:
    """A write to an entity's silver table that was begun and not recorded as finished: a run was killed in between."""

    token: str
    business_date: date
    mode: Mode


@dataclass(frozen=True, slots=True)
class EntityState:
    """Slices that silver has taken in (of a slice that grew, its earlier entries too), and writes that were never finished."""

    taken: list[Taken] = field(default_factory=list)
    begun: list[Begun] = field(default_factory=list)


def read_state(ctx: StepContext) -> dict[str, EntityState]:
    """The state of silver by entity."""
    found: dict[str, EntityState] = defaultdict(EntityState)
    finished = set()
    columns = ("entity", "source", "feed", "batch_id", "known_on", "delivered_to", "row_count", "definition_hash")
    for row in ctx.spark.table(STATE).select(*columns).distinct().collect():
        if row["source"]:
            found[row["entity"]].taken.append(Taken(*row[1:]))
        elif row["feed"] == BEGUN:
            found[row["entity"]].begun.append(Begun(row["batch_id"], row["known_on"], Mode(row["definition_hash"])))
        else:
            finished.add(row["batch_id"])
    return {name: EntityState(state.taken, [each for each in state.begun if each.token not in finished]) for name, state in found.items()}


def begin(ctx: StepContext, plans: Sequence[EntityPlan]) -> list[EntityPlan]:
    """Write that the plans' silver tables are about to change, in one commit; gives the plans with the token of that.

    Slices are recorded after the silver commits. A kill in between leaves the token: the next run knows that silver may hold rows of
    this date, or none of later ones, and does not rely on the slices.
    """
    marked = [replace(plan, tokens=(*plan.tokens, uuid.uuid4().hex)) for plan in plans]
    table = catalog().table(STATE)
    append(ctx.spark, ctx.settings, table, _frame(ctx, [_mark(ctx, plan, BEGUN, plan.tokens[-1]) for plan in marked]))
    return marked


def record(ctx: StepContext, plans: Sequence[EntityPlan]) -> None:
    """Write that silver has taken the plans' slices in, and that their tokens are finished. Comes after the silver commits."""
    table = catalog().table(STATE)
    full = [plan for plan in plans if plan.mode is Mode.FULL]
    if full:
        names = ", ".join(f"'{plan.entity.entity}'" for plan in full)
        overwrite(ctx.spark, ctx.settings, table, _frame(ctx, _slices(ctx, full)), where=f"entity in ({names})")
    grown = [plan for plan in plans if plan.mode is Mode.INCREMENTAL]
    if grown:
        finished = [_mark(ctx, plan, FINISHED, token) for plan in grown for token in plan.tokens]
        append(ctx.spark, ctx.settings, table, _frame(ctx, [*_slices(ctx, grown), *finished]))


def _mark(ctx: StepContext, plan: EntityPlan, what: str, token: str) -> StateRow:
    day = ctx.business_date
    return (plan.entity.entity, "", what, token, day, day, 0, day, str(plan.mode))


def _slices(ctx: StepContext, plans: Iterable[EntityPlan]) -> list[StateRow]:
    return [
        (plan.entity.entity, *piece.identity, piece.delivered_to, piece.row_count, ctx.business_date, plan.definition)
        for plan in plans
        for piece in plan.pending
    ]


def _frame(ctx: StepContext, rows: list[StateRow]) -> "DataFrame":
    return ctx.spark.createDataFrame(rows, catalog().table(STATE).ddl)
