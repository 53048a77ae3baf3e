"""Step: the facts of what happened — orders, lines, redemptions, campaign members — and their dimensions.

Ends with the test that every amount could be converted, so that no model learns from amounts that are missing.

Reads: silver, identity. Writes: staging, gold_build.
Rerun: the same date gives the same tables; a date before the one gold stands at rebuilds them as of that date.
"""

from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.marts.report import report
from spark_jobs.marts.runner import dbt_vars, run_dbt
from spark_jobs.marts.standing import FOUNDATION, Standing


def run(ctx: StepContext) -> StepReport:
    """Build the models tagged `activity`, after the views and seeds that all marts share when those changed.

    Raises:
        DbtError: a model failed, or an amount has no exchange rate.
    """
    standing = Standing(ctx.spark, ctx.settings)
    standing.ensure_sources()
    full_refresh = standing.needs_full_refresh(ctx.business_date)
    selection = ["tag:activity", *([f"tag:{FOUNDATION}"] if full_refresh or standing.needs_foundation() else [])]
    arguments = ["--select", *selection, "--exclude-resource-type", "test", "unit_test"]
    if full_refresh:
        standing.forget()
        arguments.append("--full-refresh")
    results = run_dbt(ctx.settings, "build", ctx.business_date, *arguments)
    standing.remember()
    if dbt_vars(ctx.settings, ctx.business_date)["converts_currency"]:
        run_dbt(ctx.settings, "test", ctx.business_date, "--select", "exchange_rates_are_there")
    return report("activity", results, full_refresh=int(full_refresh))
