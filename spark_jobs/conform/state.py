"""What conform knows between nights: the loaded files of the ingest manifest, and the slices that silver has taken in."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
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


def loaded_files(ctx: StepContext) -> list[LoadedFile]:
    """Files in bronze that were known on the business date."""
    from pyspark.sql import functions as F

    rows = (
        ctx.spark.table(MANIFEST)
        .where(F.col("status").isin("loaded", "replayed") & (F.col("known_on") <= F.lit(ctx.business_date)))
        .select("source", "feed", "batch_id", "known_on", "file", F.coalesce("rows_valid", F.lit(0)).alias("rows"))
        .collect()
    )
    return [LoadedFile(*row) for row in rows]


def taken_slices(ctx: StepContext) -> dict[str, list[Taken]]:
    """Slices that silver has, by entity; of a slice that grew, its earlier entries too."""
    found: dict[str, list[Taken]] = defaultdict(list)
    columns = ("entity", "source", "feed", "batch_id", "known_on", "delivered_to", "row_count", "definition_hash")
    for row in ctx.spark.table(STATE).select(*columns).distinct().collect():
        found[row["entity"]].append(Taken(*row[1:]))
    return found


def record(ctx: StepContext, plans: Sequence[EntityPlan]) -> None:
    """Write that silver has taken the plans' slices in. Comes after the silver commits: a kill in between only repeats work."""
    table = catalog().table(STATE)
    full = [plan for plan in plans if plan.mode is Mode.FULL]
    if full:
        names = ", ".join(f"'{plan.entity.entity}'" for plan in full)
        overwrite(ctx.spark, ctx.settings, table, _frame(ctx, full), where=f"entity in ({names})")
    grown = [plan for plan in plans if plan.mode is Mode.INCREMENTAL]
    if grown:
        append(ctx.spark, ctx.settings, table, _frame(ctx, grown))


def _frame(ctx: StepContext, plans: Iterable[EntityPlan]) -> "DataFrame":
    rows: list[tuple[str | date | int, ...]] = [
        (
            plan.entity.entity,
            *piece.identity,
            piece.delivered_to,
            piece.row_count,
            ctx.business_date,
            plan.definition,
        )
        for plan in plans
        for piece in plan.pending
    ]
    return ctx.spark.createDataFrame(rows, catalog().table(STATE).ddl)
