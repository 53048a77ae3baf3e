"""features.customer_daily for one business date.

Reads: gold_build.fct_orders, gold_build.fct_order_items.
Grain: one row per as-of date and customer with at least one order up to it.
Flags: null where a value cannot be said.
Rerun: replaces the partition of the business date.
"""

from conf.catalog import catalog
from conf.models import load_register
from ml.features.customer_daily import customer_daily
from ml.features.history import read_history
from spark_jobs.common.delta import overwrite
from spark_jobs.common.job import StepContext, StepReport

TABLE = "features.customer_daily"


def run(ctx: StepContext) -> StepReport:
    """Write the features as of the business date."""
    day = ctx.business_date
    history = read_history(ctx.spark, day, load_register().initial_load)
    frame = customer_daily(history, [day], ctx.settings.retailer.time_zone)
    overwrite(ctx.spark, ctx.settings, catalog().table(TABLE), frame, f"as_of_on = date'{day}'")
    return StepReport("features", {"customers": ctx.spark.table(TABLE).where(f"as_of_on = date'{day}'").count()})
