"""The publish step: checks the night's quality, records the marts' versions in one commit, and points gold at them.

Reads: gold_build.*, ops.ingest_manifest, ops.conform_rejects, and what `data_quality` measures. Grain: ops.publications has one row per table and publication.
Rerun: versions that are published already are not published again; the views are made to show the latest publication.
"""

import logging

from conf.access import load_access
from conf.catalog import catalog
from conf.contracts import load_sources
from conf.entities import load_entities
from conf.errors import Finding, QualityError
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.audit.seal import seal
from spark_jobs.common.delta import ensure_table
from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.common.logging import Event, log_event
from spark_jobs.publish.data_quality import TABLE, check_consistency, measure
from spark_jobs.publish.emptiness import check_not_emptied, check_required
from spark_jobs.publish.publications import built, last_date, latest, record, refresh_views
from spark_jobs.publish.quality import allowed_shares, check, pass_rates
from spark_jobs.publish.role_views import refresh
from spark_jobs.publish.statuses import check_statuses

log = logging.getLogger(__name__)


def run(ctx: StepContext) -> StepReport:
    """Publish the night.

    Raises:
        QualityError: too many rows failed or have an unknown status, a required feed is missing, a mart has become empty, or there is nothing to publish.
    """
    for name in ("ops.publications", "ops.ingest_manifest", "ops.conform_rejects", TABLE):
        ensure_table(ctx.spark, ctx.settings, catalog().table(name))
    allowed = allowed_shares(load_sources(), ctx.settings.ingest.max_rejected_share)
    rates = pass_rates(ctx, last_date(ctx), allowed)
    measures = measure(ctx, last_date(ctx), rates)
    check(rates)
    check_consistency(measures)
    check_statuses(measures)
    check_required(measures)
    tables = built(ctx)
    if not tables:
        raise QualityError("there is nothing to publish", [Finding("gold_build", "has no tables", "build the marts first: cdp run")])
    published_for, published = latest(ctx)
    is_published = (published_for, published) == (ctx.business_date, tables)
    if published_for is not None and published_for <= ctx.business_date:
        check_not_emptied(ctx.settings, published, tables)
    if not is_published:
        record(ctx, tables)
        log_event(log, Event.PUBLISHED, business_date=ctx.business_date, tables=len(tables))
        note(
            ctx.settings,
            Action.DATA_PUBLISHED,
            "gold",
            business_date=ctx.business_date,
            versions={each.table: each.version for each in tables},
        )
    views = refresh_views(ctx)
    for_roles = refresh(ctx.spark, ctx.settings, load_access(), load_entities(), load_sources())
    sealed = seal(ctx.spark, ctx.settings, ctx.business_date)
    shares = {f"pass_rate_{rate.source}": round(rate.share, 6) for rate in rates}
    counts: dict[str, int | float | str] = {
        "tables": len(tables),
        "views": views,
        "views_of_roles": for_roles,
        "audit_records": sealed,
        **shares,
    }
    return StepReport("publish", counts, "these versions are published already" if is_published else None)
