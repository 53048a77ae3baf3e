"""Publishing on the real engine: readers of gold see one whole night, and keep seeing it while the next one is built."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from conf.catalog import catalog
from conf.errors import QualityError
from conf.settings import Settings
from spark_jobs.common.delta import ensure_table
from spark_jobs.common.job import StepContext
from spark_jobs.publish import step
from spark_jobs.publish.publications import PUBLICATIONS, Published, latest, record, refresh_views
from spark_jobs.publish.quality import PassRate, check, pass_rates

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

BEFORE, FIRST, SECOND = date(2030, 12, 31), date(2031, 1, 1), date(2031, 1, 2)
MARTS = ("t_publish_orders", "t_publish_customers")


@pytest.fixture
def ctx(spark: "SparkSession", settings: Settings) -> Iterator[StepContext]:
    """Two marts of a first night; taken away afterwards, so that other tests find gold as it was."""
    ctx = StepContext(spark, settings, FIRST, "test")
    for name in MARTS:
        location = (settings.lake.warehouse / "gold_build" / name).as_uri()
        spark.sql(f"create table gold_build.{name} (night int) using delta location '{location}'")
        # The folder of a test before this one may still be there.
        spark.sql(f"insert overwrite gold_build.{name} values (1)")
    # The day before was published: what other tests left in the lake is no news to the quality gate.
    ensure_table(spark, settings, catalog().table(PUBLICATIONS))
    record(replace(ctx, business_date=BEFORE), [Published("t_publish_before", 0, "nowhere")])
    yield ctx
    for name in MARTS:
        spark.sql(f"drop view if exists gold.{name}")
        spark.sql(f"drop table if exists gold_build.{name}")
    spark.sql(f"delete from {PUBLICATIONS} where business_date >= date'{BEFORE}'")
    for table in ("ops.ingest_manifest", "ops.conform_rejects"):
        spark.sql(f"delete from {table} where source = 't_publish_shop'")


def build(ctx: StepContext, name: str, night: int) -> None:
    """What dbt does: the table is replaced by another night's."""
    ctx.spark.sql(f"insert overwrite gold_build.{name} values ({night})")


def seen(ctx: StepContext) -> list[int]:
    """What a reader of gold sees of the two marts."""
    return [ctx.spark.table(f"gold.{name}").collect()[0]["night"] for name in MARTS]


def test_readers_keep_the_published_night_until_the_next_one_is_published(ctx: StepContext) -> None:
    # given a published night
    step.run(ctx)

    # when the next night has built its tables, and then is published
    for name in MARTS:
        build(ctx, name, 2)
    while_building = seen(ctx)
    step.run(replace(ctx, business_date=SECOND))

    # then
    assert while_building == [1, 1]
    assert seen(ctx) == [2, 2]


def test_publishing_again_adds_no_publication(ctx: StepContext) -> None:
    step.run(ctx)
    before = ctx.spark.table(PUBLICATIONS).count()

    report = step.run(ctx)

    assert report.skipped_reason
    assert ctx.spark.table(PUBLICATIONS).count() == before


def test_a_kill_after_the_commit_is_repaired_by_the_next_publish(ctx: StepContext) -> None:
    # given a publication that was recorded, and a kill before the views followed
    step.run(ctx)
    _, tables = latest(ctx)
    for name in MARTS:
        build(ctx, name, 2)
    record(ctx, [Published(each.table, each.version + (each.table in MARTS), each.path) for each in tables])
    assert seen(ctx) == [1, 1]

    # when
    refresh_views(ctx)

    # then
    assert seen(ctx) == [2, 2]


def test_the_pass_rate_counts_quarantined_rows_and_rows_that_could_not_be_conformed_once(ctx: StepContext) -> None:
    # given a source with 100 rows: one quarantined, one that two maps could not use
    manifest, rejects = "ops.ingest_manifest", "ops.conform_rejects"
    step.run(ctx)
    day = f"date'{FIRST}'"
    ctx.spark.sql(
        f"insert into {manifest} (batch_id, source, feed, file, known_on, rows_in, rows_valid, rows_quarantined, status) "
        f"values ('b', 't_publish_shop', 'f', 'x', {day}, 100, 99, 1, 'loaded')"
    )
    values = ", ".join(f"('e{n}', 't_publish_shop', 'f', {n}, 'x', 7, {day}, array('key: missing'))" for n in (0, 1))
    ctx.spark.sql(f"insert into {rejects} values {values}")

    # when
    rates = [rate for rate in pass_rates(ctx, None, {}) if rate.source == "t_publish_shop"]
    ctx.spark.sql(f"update {manifest} set rows_quarantined = 50 where source = 't_publish_shop'")

    # then two of a hundred failed, and with half of them bad nothing is published
    assert rates == [PassRate("t_publish_shop", 100, 2, 2.0)]
    with pytest.raises(QualityError, match="t_publish_shop: 51 of 100 rows failed"):
        step.run(ctx)


def test_a_feed_may_lose_what_its_contract_allows_and_replays_of_old_files_hide_nothing(ctx: StepContext) -> None:
    # given an old file of which 40 rows were replayed tonight, and a new one of which 30 of 100 rows failed
    step.run(ctx)
    old, new = f"date'{BEFORE}'", f"date'{FIRST}'"
    entries = [("old", old, 100, 40, "loaded"), ("old", new, 0, -40, "replayed"), ("new", new, 100, 30, "loaded")]
    values = ", ".join(
        f"('b', 't_publish_shop', 'f', '{file}', '{file}', {known}, {rows}, {rows - bad}, {bad}, '{status}')"
        for file, known, rows, bad, status in entries
    )
    columns = "batch_id, source, feed, file, file_hash, known_on, rows_in, rows_valid, rows_quarantined, status"
    ctx.spark.sql(f"insert into ops.ingest_manifest ({columns}) values {values}")

    # when
    (rate,) = [rate for rate in pass_rates(ctx, BEFORE, {("t_publish_shop", "f"): 0.4}) if rate.source == "t_publish_shop"]

    # then
    assert rate == PassRate("t_publish_shop", 100, 30, 40.0)
    check([rate])
