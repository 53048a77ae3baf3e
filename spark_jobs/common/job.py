"""The one edge of every step: waits for its turn, opens the session, calls the step, records what happened in `ops.runs`, and logs it."""

import importlib
import json
import logging
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import ModuleType
from typing import TYPE_CHECKING

from conf.catalog import catalog
from conf.settings import Settings, settings
from spark_jobs.common.audit.configuration import note_configuration
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.delta import append
from spark_jobs.common.errors import forget_values, readable, readable_errors, without_values
from spark_jobs.common.logging import Event, log_event
from spark_jobs.common.session import spark_session
from spark_jobs.common.writer import one_writer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

RUNS = "ops.runs"


@dataclass(frozen=True)
class StepContext:
    """What a step may know: the session, the settings, its business date and which run it belongs to."""

    spark: "SparkSession"
    settings: Settings
    business_date: date
    run_id: str


@dataclass(frozen=True)
class StepReport:
    """What a step did, in figures; `skipped_reason` says why it had nothing to do."""

    name: str
    counts: dict[str, int | float | str] = field(default_factory=dict)
    skipped_reason: str | None = None


def run_step(module_name: str, business_date: date, *, run_id: str | None = None) -> StepReport:
    """Run the `run(ctx) -> StepReport` of a module for a business date.

    Args:
        module_name: for example `spark_jobs.ingest.step`.
        business_date: the only argument a step has.
        run_id: groups the steps of one night; a new one by default.

    Raises:
        CdpError: the step failed in a way a person can do something about. Failures are in `ops.runs` too.
        LakeBusyError: another process went on writing to the lake.
    """
    module = importlib.import_module(module_name)
    configured = settings()
    with one_writer(configured, module_name):
        return _run(module, module_name, StepContext(spark_session(configured), configured, business_date, run_id or uuid.uuid4().hex))


def _run(module: ModuleType, step: str, ctx: StepContext) -> StepReport:
    started_at, started = datetime.now(UTC), time.monotonic()
    log_event(log, Event.STARTED, step=step, business_date=ctx.business_date, run_id=ctx.run_id)
    note_configuration(ctx.settings)
    try:
        report: StepReport = module.run(ctx)
    except Exception as err:  # noqa: BLE001  # raised below, outside of this block: its chain must not hold what a customer said
        failure = err
    else:
        seconds, status = time.monotonic() - started, "skipped" if report.skipped_reason else "ok"
        with readable_errors():
            record_run(ctx, step, status, started_at, seconds, report.counts, report.skipped_reason or "")
        if not report.skipped_reason:
            note(ctx.settings, Action.DATA_CHANGED, step, business_date=ctx.business_date, run_id=ctx.run_id, counts=report.counts)
        log_event(log, Event.FINISHED, step=step, business_date=ctx.business_date, status=status, seconds=seconds, **report.counts)
        return report
    short = readable(failure)
    message = without_values(short.message if short else f"{type(failure).__name__}: {failure}")
    log_event(log, Event.FAILED, step=step, business_date=ctx.business_date, message=message)
    _record_failure(ctx, step, started_at, time.monotonic() - started, message)
    shown = short or failure
    forget_values(shown)
    raise shown


def record_run(
    ctx: StepContext, step: str, status: str, started_at: datetime, seconds: float, counts: dict[str, int | float | str], message: str
) -> None:
    """Append one row to `ops.runs`."""
    table = catalog().table(RUNS)
    row = (
        ctx.run_id,
        ctx.business_date,
        step,
        status,
        started_at,
        round(seconds, 3),
        json.dumps(counts, sort_keys=True),
        message[:2000] or None,
    )
    append(ctx.spark, ctx.settings, table, ctx.spark.createDataFrame([row], table.ddl))


def _record_failure(ctx: StepContext, step: str, started_at: datetime, seconds: float, message: str) -> None:
    try:
        record_run(ctx, step, "failed", started_at, seconds, {}, message)
    except Exception as err:  # noqa: BLE001  # the step's own error is the one to show
        log_event(log, Event.FAILED, step=step, message=f"the failure could not be recorded: {type(err).__name__}")
