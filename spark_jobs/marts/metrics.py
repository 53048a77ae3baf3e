"""Step: the daily metrics, and the data tests of all marts: the last look before they are published.

Reads: gold_build. Writes: gold_build.metrics_daily.
Rerun: the table is rebuilt for the date.
"""

from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.marts.report import report
from spark_jobs.marts.runner import run_dbt


def run(ctx: StepContext) -> StepReport:
    """Build the models tagged `metrics` and run every data test.

    Raises:
        DbtError: a test with severity error found rows; nothing may be published then.
    """
    selection = ["--select", "tag:metrics", "test_type:data", "--exclude-resource-type", "unit_test"]
    return report("metrics", run_dbt(ctx.settings, "build", ctx.business_date, *selection))
