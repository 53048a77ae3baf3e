"""Step: who the customers are — measures, scores, tags, the 360 profile and segments, all as of the business date.

Reads: gold_build facts, silver customers, identity, predictions. Writes: staging, gold_build.
Rerun: every table is rebuilt for the date.
"""

from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.marts.report import report
from spark_jobs.marts.runner import run_dbt
from spark_jobs.marts.standing import FOUNDATION


def run(ctx: StepContext) -> StepReport:
    """Build the models tagged `customers`."""
    selection = ["--select", "tag:customers", "--exclude", f"tag:{FOUNDATION}", "tag:activity"]
    return report("customers", run_dbt(ctx.settings, "run", ctx.business_date, *selection))
