"""Publications: which Delta version of each mart people see, and the views of schema gold that show exactly those."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from conf.catalog import Schema, catalog
from conf.errors import CdpError, Finding
from spark_jobs.common.delta import append, ensure_table, table_version
from spark_jobs.common.gold_views import note_views
from spark_jobs.common.job import StepContext

PUBLICATIONS, RUNS = "ops.publications", "ops.runs"

# Each of them mostly waits for the catalogue and the log of one table.
TABLES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Published:
    """One table of a publication."""

    table: str
    version: int
    path: str


def built(ctx: StepContext) -> list[Published]:
    """The marts as they stand now."""
    tables = sorted(row["tableName"] for row in ctx.spark.sql(f"show tables in {Schema.GOLD_BUILD}").collect() if not row["isTemporary"])
    with ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
        return [found for found in pool.map(lambda name: _built(ctx, name), tables) if found]


def _built(ctx: StepContext, name: str) -> Published | None:
    full_name = f"{Schema.GOLD_BUILD}.{name}"
    detail = ctx.spark.sql(f"describe detail {full_name}").select("format", "location").collect()[0]
    return Published(name, table_version(ctx.spark, full_name), detail["location"]) if detail["format"] == "delta" else None


def latest(ctx: StepContext) -> tuple[date | None, list[Published]]:
    """Business date and tables of the publication that was made last; (None, []) before the first."""
    from pyspark.sql import functions as F

    ensure_table(ctx.spark, ctx.settings, catalog().table(PUBLICATIONS))
    table = ctx.spark.table(PUBLICATIONS)
    newest = table.agg(F.max("published_at").alias("published_at"))
    rows = table.join(newest, "published_at", "left_semi").orderBy("table_name").collect()
    return (rows[0]["business_date"], [Published(row["table_name"], row["version"], row["path"]) for row in rows]) if rows else (None, [])


def last_date(ctx: StepContext) -> date | None:
    """The latest business date before the current one that was published."""
    from pyspark.sql import functions as F

    earlier = ctx.spark.table(PUBLICATIONS).where(F.col("business_date") < F.lit(ctx.business_date))
    found: date | None = earlier.agg(F.max("business_date")).collect()[0][0]
    return found


def record(ctx: StepContext, tables: Sequence[Published]) -> None:
    """Publish: one commit for all tables. Whoever reads the publications sees all of the night or nothing of it."""
    table = catalog().table(PUBLICATIONS)
    now = datetime.now(UTC)
    rows = [(ctx.business_date, each.table, each.version, each.path, now) for each in tables]
    append(ctx.spark, ctx.settings, table, ctx.spark.createDataFrame(rows, table.ddl))


def check_published(ctx: StepContext) -> None:
    """Refuse to go on while the marts are further than what people see: a night is under way, or one failed before it was published.

    Raises:
        CdpError: they are.
    """
    from pyspark.sql import functions as F

    if latest(ctx)[0] is None or not ctx.spark.catalog.tableExists(RUNS):
        return
    published = ctx.spark.table(PUBLICATIONS).agg(F.max("published_at").alias("published_at"))
    built = ctx.spark.table(RUNS).where(F.startswith("step", F.lit("spark_jobs.marts.")))
    later = built.join(published, built["started_at"] > published["published_at"]).agg(F.max("business_date")).collect()[0][0]
    if later is not None:
        finding = Finding(
            f"gold_build of {later}", "was built and not published", f"let the night end, or run it again: cdp run --date {later}"
        )
        raise CdpError("the marts are newer than what was published", [finding])


def republish(ctx: StepContext) -> int:
    """Publish the marts as they stand for the business date that gold shows; gives the number of views, 0 before the first publication."""
    day, before = latest(ctx)
    if day is None or not before:
        return 0
    record(replace(ctx, business_date=day), built(ctx))
    return refresh_views(ctx)


def refresh_views(ctx: StepContext) -> int:
    """Make the views of gold show the latest publication; repairs what a kill after the commit left behind.

    Returns:
        How many views there are.
    """
    _, tables = latest(ctx)
    with ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
        list(pool.map(lambda each: _refresh_view(ctx, each), tables))
    names = {each.table for each in tables}
    for row in ctx.spark.sql(f"show views in {Schema.GOLD}").collect():
        if tables and row["viewName"] not in names:
            ctx.spark.sql(f"drop view if exists {Schema.GOLD}.`{row['viewName']}`")
    note_views(ctx.settings, {each.table: each.version for each in tables})
    return len(tables)


def _refresh_view(ctx: StepContext, each: Published) -> None:
    select = f"select * from {Schema.GOLD_BUILD}.`{each.table}` version as of {each.version}"
    ctx.spark.sql(f"create or replace view {Schema.GOLD}.`{each.table}` as {select}")
