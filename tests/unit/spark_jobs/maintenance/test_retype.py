"""Columns whose type changed: which rows stay."""

import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from conf.catalog import Field, Schema, Table, catalog
from conf.errors import CdpError
from conf.settings import Settings
from spark_jobs.common.delta import append, ensure_table, overwrite
from spark_jobs.common.job import StepContext
from spark_jobs.maintenance.changes import Change
from spark_jobs.maintenance.retype import STATE, holds_all, retype

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NAME = "retyped_parcels"


def parcels(schema: Schema, weight: str, *more: Field) -> Table:
    return Table(schema, NAME, "one row per parcel", (Field("parcel_id", "bigint"), Field("weight", weight), *more), ("parcel_id",))


@pytest.mark.parametrize(
    ("old", "new", "is_kept"),
    [
        ("decimal(18,2)", "decimal(22,6)", True),
        ("decimal(18,2)", "decimal(18,3)", False),  # 16 digits before the point became 15
        ("decimal(18,3)", "decimal(18,2)", False),
        ("int", "bigint", True),
        ("bigint", "int", False),
        ("int", "decimal(10,0)", True),
        ("bigint", "decimal(22,6)", False),
        ("float", "double", True),
        ("bigint", "double", False),
        ("string", "bigint", False),
        ("date", "timestamp", False),
        ("array<string>", "array<string>", True),
    ],
)
def test_a_type_that_holds_every_value_of_the_old_one_keeps_the_rows(old: str, new: str, is_kept: bool) -> None:
    assert holds_all(new, old) is is_kept


@pytest.fixture
def ctx(spark: "SparkSession", settings: Settings) -> Iterator[StepContext]:
    yield StepContext(spark, settings, date(2024, 1, 31), "test")
    for schema in (Schema.SILVER, Schema.OPS, Schema.BRONZE):
        spark.sql(f"drop table if exists {schema}.{NAME}")
        shutil.rmtree(settings.lake.warehouse / schema / NAME, ignore_errors=True)  # its place was given, so Spark leaves it


def fill(ctx: StepContext, table: Table, weight: str) -> None:
    overwrite(ctx.spark, ctx.settings, table, ctx.spark.sql(f"select 1L as parcel_id, cast({weight}) as weight"))


def test_a_wider_amount_keeps_its_rows_and_the_table_gets_its_new_columns(ctx: StepContext) -> None:
    fill(ctx, parcels(Schema.OPS, "decimal(6,2)"), "12.34 as decimal(6,2)")

    changes = retype(ctx, wanted := parcels(Schema.OPS, "decimal(9,4)", Field("sent_on", "date")))
    again = retype(ctx, wanted)

    rows = ctx.spark.table(wanted.full_name)
    assert changes == [Change(wanted.full_name, "weight decimal(6,2) → decimal(9,4)", 1)]
    assert again == []
    assert rows.dtypes == [("parcel_id", "bigint"), ("weight", "decimal(9,4)"), ("sent_on", "date")]
    assert [tuple(row) for row in rows.collect()] == [(1, Decimal("12.3400"), None)]


def test_a_silver_table_of_another_type_is_emptied_and_what_it_had_taken_in_is_forgotten(ctx: StepContext) -> None:
    # given rows of text, and a state that says that silver has them
    fill(ctx, parcels(Schema.SILVER, "string"), "'heavy' as string")
    day, state = date(2024, 1, 5), catalog().table(STATE)
    taken = [(NAME, "post", "parcels", "b1", day, day, 1, day, "d1"), ("another", "post", "parcels", "b1", day, day, 1, day, "d1")]
    append(ctx.spark, ctx.settings, state, ctx.spark.createDataFrame(taken, state.ddl))

    # when the weight becomes a number
    changes = retype(ctx, wanted := parcels(Schema.SILVER, "int"))

    # then the next run finds an empty table that has taken nothing in
    assert changes == [Change(wanted.full_name, "weight string → int; empty until the next run builds it again", 1)]
    assert ctx.spark.table(wanted.full_name).dtypes == [("parcel_id", "bigint"), ("weight", "int")]
    assert ctx.spark.table(wanted.full_name).count() == 0
    assert [row["entity"] for row in ctx.spark.table(STATE).where(f"entity in ('{NAME}', 'another')").collect()] == ["another"]


def test_bronze_of_another_type_is_left_and_the_command_that_loads_it_again_is_named(ctx: StepContext) -> None:
    fill(ctx, parcels(Schema.BRONZE, "string"), "'heavy' as string")

    [change] = retype(ctx, parcels(Schema.BRONZE, "int"))

    assert change.what.endswith("afterwards: cdp source reload retyped_parcels")
    assert ctx.spark.table(f"bronze.{NAME}").collect()[0]["weight"] == "heavy"


def test_a_table_that_nothing_can_build_again_stops_the_upgrade(ctx: StepContext) -> None:
    ensure_table(ctx.spark, ctx.settings, parcels(Schema.OPS, "string"))

    with pytest.raises(CdpError, match="cannot be upgraded"):
        retype(ctx, parcels(Schema.OPS, "int"))
