"""The conform step: brings every silver table to the business date.

Reads: ops.ingest_manifest, bronze.*, ops.conform_state. Grain: silver.<entity> has one row per key.
Flags: ops.conform_rejects. Rerun: the same tables; entities without news are not touched.
"""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from conf.catalog import Schema, catalog, silver_table
from conf.contracts import SourceContract, load_sources
from conf.entities import Entity, load_entities
from spark_jobs.common.delta import ensure_table, merge, overwrite
from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.common.logging import Event, log_event
from spark_jobs.conform.contributions import Contribution, contributions
from spark_jobs.conform.entity_job import Outcome, conform_entity
from spark_jobs.conform.plans import EntityPlan, LoadedFile, Mode, plan, slices
from spark_jobs.conform.rows import rejected_rows
from spark_jobs.conform.state import MANIFEST, STATE, EntityState, begin, loaded_files, read_state, record

log = logging.getLogger(__name__)

REJECTS = "ops.conform_rejects"
ENTITIES_AT_ONCE = 4


def run(ctx: StepContext) -> StepReport:
    """Conform all canonical entities of this configuration."""
    return conform(ctx, load_sources(), load_entities())


def conform(ctx: StepContext, sources: dict[str, SourceContract], entities: dict[str, Entity]) -> StepReport:
    """Bring the silver tables of `entities` to the business date; see the module.

    Args:
        ctx: session, settings and business date.
        sources: contracts whose maps fill the entities.
        entities: canonical entities by name.
    """
    _ensure_tables(ctx, entities)
    plans = [each for each in _plans(ctx, sources, entities) if each.mode is not Mode.SKIP]
    if not plans:
        return StepReport("conform", {}, "no new rows in bronze")
    # Largest first: the small ones, which are mostly waiting for the driver, fill the gaps.
    plans = begin(ctx, sorted(plans, key=lambda each: -each.row_count))
    with ThreadPoolExecutor(ENTITIES_AT_ONCE) as pool:
        outcomes = list(pool.map(lambda each: _conform_and_log(ctx, each), plans))
    for each, outcome in zip(plans, outcomes, strict=True):
        _record_rejects(ctx, each, outcome)
    record(ctx, plans)
    return StepReport("conform", _counts(outcomes))


def _conform_and_log(ctx: StepContext, each: EntityPlan) -> Outcome:
    outcome = conform_entity(ctx, each)
    log_event(
        log, Event.WRITTEN, table=f"silver.{outcome.entity}", business_date=ctx.business_date, mode=outcome.mode,
        rows_in=outcome.rows_in, superseded=outcome.superseded, rejected=outcome.rejected, keys=outcome.keys, written=outcome.written,
    )  # fmt: skip
    if outcome.changed_documents:
        log.warning(
            "documents_changed entity=%s documents=%d remedy='lines of both deliveries count; use dedup: document when exports hold whole documents'",
            outcome.entity, outcome.changed_documents,
        )  # fmt: skip
    return outcome


def _plans(ctx: StepContext, sources: dict[str, SourceContract], entities: dict[str, Entity]) -> list[EntityPlan]:
    parts = contributions(sources, entities, ctx.settings.retailer)
    files, state = loaded_files(ctx), read_state(ctx)
    return [_plan(ctx, entities[name], mine, files, state.get(name, EntityState())) for name, mine in parts.items()]


def _plan(ctx: StepContext, entity: Entity, mine: tuple[Contribution, ...], files: list[LoadedFile], state: EntityState) -> EntityPlan:
    """The plan of an entity. A killed write that only added slices is repeated; any other, or one of a later date, calls for a rebuild."""
    is_doubtful = any(each.mode is Mode.FULL or each.business_date > ctx.business_date for each in state.begun)
    made = plan(entity, mine, slices(files, mine), state.taken, is_doubtful=is_doubtful)
    return replace(made, tokens=tuple(each.token for each in state.begun))


def _ensure_tables(ctx: StepContext, entities: dict[str, Entity]) -> None:
    """Every entity has a table, also one that no source fills: what follows can rely on it."""
    wanted = [*map(silver_table, entities.values()), *(catalog().table(name) for name in (MANIFEST, STATE, REJECTS))]
    there = {
        f"{schema}.{row.tableName}" for schema in (Schema.SILVER, Schema.OPS) for row in ctx.spark.sql(f"show tables in {schema}").collect()
    }
    missing = [table for table in wanted if table.full_name not in there]
    with ThreadPoolExecutor(ENTITIES_AT_ONCE) as pool:
        list(pool.map(lambda table: ensure_table(ctx.spark, ctx.settings, table), missing))


def _record_rejects(ctx: StepContext, each: EntityPlan, outcome: Outcome) -> None:
    """Keep what could not be conformed; a rebuild starts its entity's list anew."""
    mine = f"entity = '{each.entity.entity}'"
    table = catalog().table(REJECTS)
    if each.mode is Mode.INCREMENTAL and outcome.rejected:
        merge(ctx.spark, ctx.settings, table, rejected_rows(ctx, each))
    elif each.mode is Mode.FULL and (outcome.rejected or not ctx.spark.table(REJECTS).where(mine).isEmpty()):
        empty = ctx.spark.createDataFrame([], table.ddl)
        overwrite(ctx.spark, ctx.settings, table, rejected_rows(ctx, each) if outcome.rejected else empty, where=mine)


def _counts(outcomes: list[Outcome]) -> dict[str, int | float | str]:
    total: Counter[str] = Counter()
    for outcome in outcomes:
        total["rows_in"] += outcome.rows_in
        total["superseded"] += outcome.superseded
        total["rejected"] += outcome.rejected
        total["written"] += outcome.written
        total["changed_documents"] += outcome.changed_documents
    if not total["changed_documents"]:
        del total["changed_documents"]
    return {"entities": len(outcomes), "rebuilt": sum(outcome.mode is Mode.FULL for outcome in outcomes), **total}
