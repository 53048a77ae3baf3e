"""Customers who were erased, for ingest: a row of theirs that is delivered late or again does not bring them back."""

from conf.catalog import catalog
from conf.contracts import Feed
from spark_jobs.common.delta import ensure_table
from spark_jobs.common.job import StepContext
from spark_jobs.common.pii.feeds import customer_columns, keeps_rows, personal_columns
from spark_jobs.ingest.tokens import Erased

SUPPRESSIONS = "vault.suppressions"


def erased_marks(ctx: StepContext) -> frozenset[str]:
    """The marks of all customer keys that were erased."""
    if not (ctx.settings.lake.warehouse / "vault" / "suppressions").is_dir():
        return frozenset()
    ensure_table(ctx.spark, ctx.settings, catalog().table(SUPPRESSIONS))
    return frozenset(ctx.spark.table(SUPPRESSIONS).select("mark").toArrow()["mark"].to_pylist())


def erased_in(feed: Feed, source: str, marks: frozenset[str]) -> Erased | None:
    """What a feed's reader has to know of them; None when nobody was erased, or the feed names no customers."""
    keys = customer_columns(feed, source)
    return Erased(marks, keys, personal_columns(feed) if keeps_rows(feed) else None) if marks and keys else None
