"""Delta verbs on a real table."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from conf.catalog import Field, Schema, Table
from conf.errors import CdpError
from conf.settings import Settings
from spark_jobs.common.delta import MergeCounts, append, ensure_table, history, merge, overwrite, table_version

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIELDS = (Field("day", "string"), Field("id", "bigint"), Field("amount", "decimal(18,2)"))
TABLE = Table(Schema.OPS, "delta_verbs", "one row per id", FIELDS, ("id",), ("day",))


def rows(spark: "SparkSession") -> set[tuple[str, int, str]]:
    return {(row.day, row.id, str(row.amount)) for row in spark.table(TABLE.full_name).collect()}


@pytest.fixture
def table(spark: "SparkSession", settings: Settings) -> Iterator[Table]:
    ensure_table(spark, settings, TABLE)
    frame = spark.sql("select 'a' as day, 1L as id, 1.00bd as amount union all select 'b', 2L, 2.00bd")
    overwrite(spark, settings, TABLE, frame.selectExpr("day", "id", "cast(amount as decimal(18,2)) as amount"))
    yield TABLE
    spark.sql(f"drop table if exists {TABLE.full_name}")


def frame_of(spark: "SparkSession", *values: str) -> "DataFrame":  # type: ignore[name-defined]  # noqa: F821
    parts = " union all ".join(f"select {value}" for value in values)
    return spark.sql(f"select day, cast(id as bigint) as id, cast(amount as decimal(18,2)) as amount from ({parts}) as t(day, id, amount)")


def test_overwrite_replaces_only_the_rows_that_meet_the_predicate(spark: "SparkSession", settings: Settings, table: Table) -> None:
    overwrite(spark, settings, table, frame_of(spark, "'a', 9, 9"), where="day = 'a'")

    assert rows(spark) == {("a", 9, "9.00"), ("b", 2, "2.00")}


def test_append_adds_rows_whatever_the_order_of_columns(spark: "SparkSession", settings: Settings, table: Table) -> None:
    append(spark, settings, table, frame_of(spark, "'c', 3, 3").select("amount", "id", "day"))

    assert rows(spark) == {("a", 1, "1.00"), ("b", 2, "2.00"), ("c", 3, "3.00")}


def test_a_frame_that_does_not_fit_the_catalogue_is_refused_with_every_difference(
    spark: "SparkSession", settings: Settings, table: Table
) -> None:
    with pytest.raises(CdpError) as caught:
        append(spark, settings, table, spark.sql("select 'a' as day, 1 as ID_, 1 as other"))

    assert [finding.where for finding in caught.value.findings] == [f"ops.delta_verbs.{name}" for name in ("id", "amount", "ID_", "other")]


def test_a_frame_with_another_type_is_refused(spark: "SparkSession", settings: Settings, table: Table) -> None:
    with pytest.raises(CdpError, match=r"ops\.delta_verbs\.id: the frame has int, the catalogue bigint"):
        append(spark, settings, table, spark.sql("select 'a' as day, 1 as id, cast(1 as decimal(18,2)) as amount"))


def test_merge_inserts_new_rows_and_updates_only_changed_ones(spark: "SparkSession", settings: Settings, table: Table) -> None:
    counts = merge(spark, settings, table, frame_of(spark, "'a', 1, 1", "'b', 2, 5", "'c', 3, 3"))

    assert counts == MergeCounts(inserted=1, updated=1, deleted=0)
    assert rows(spark) == {("a", 1, "1.00"), ("b", 2, "5.00"), ("c", 3, "3.00")}


def test_merge_deletes_rows_that_the_source_marks_and_inserts_none_of_them(spark: "SparkSession", settings: Settings, table: Table) -> None:
    counts = merge(spark, settings, table, frame_of(spark, "'a', 1, -1", "'c', 3, -1"), delete_when="source.amount < 0")

    assert counts == MergeCounts(inserted=0, updated=0, deleted=1)
    assert rows(spark) == {("b", 2, "2.00")}


def test_merge_of_equal_rows_makes_no_version_when_asked_to_look_first(spark: "SparkSession", settings: Settings, table: Table) -> None:
    before = table_version(spark, table.full_name)

    counts = merge(spark, settings, table, frame_of(spark, "'a', 1, 1"), skip_when_equal=True)

    assert counts == MergeCounts(0, 0, 0)
    assert table_version(spark, table.full_name) == before


def test_a_column_that_the_catalogue_gained_is_added_and_old_rows_have_null(
    spark: "SparkSession", settings: Settings, table: Table
) -> None:
    grown = Table(table.schema, table.name, table.grain, (*FIELDS, Field("note", "string")), table.key, table.partition_by)

    ensure_table(spark, settings, grown)

    assert {row.note for row in spark.table(table.full_name).collect()} == {None}


def test_a_table_whose_folder_outlived_its_catalogue_entry_is_taken_over(spark: "SparkSession", settings: Settings, table: Table) -> None:
    before = rows(spark)
    spark.sql(f"drop table {table.full_name}")  # the location is explicit: the files stay

    ensure_table(spark, settings, table)

    assert rows(spark) == before
    assert history(spark, table.full_name, limit=1)[0].version == table_version(spark, table.full_name)


def test_a_decimal_that_has_more_digits_in_the_catalogue_is_widened_and_keeps_its_rows_and_place(
    spark: "SparkSession", settings: Settings
) -> None:
    # a table of its own: its folder stays, with the wider column
    before = Table(Schema.OPS, "delta_widened", TABLE.grain, FIELDS, TABLE.key, TABLE.partition_by)
    wider = Table(Schema.OPS, "delta_widened", TABLE.grain, (*FIELDS[:2], Field("amount", "decimal(22,6)")), TABLE.key, TABLE.partition_by)
    append(spark, settings, before, frame_of(spark, "'a', 1, 1", "'b', 2, 2"))

    ensure_table(spark, settings, wider)
    append(spark, settings, wider, spark.sql("select 'c' as day, 3L as id, cast(3.000001 as decimal(22,6)) as amount"))
    append(spark, settings, wider, spark.sql("select 'c' as day, 4L as id, cast(1234567890123456 as decimal(22,6)) as amount"))

    found = {(row.day, row.id, str(row.amount)) for row in spark.table(wider.full_name).collect()}
    detail = spark.sql(f"describe detail {wider.full_name}").collect()[0]
    spark.sql(f"drop table {wider.full_name}")
    assert found == {("a", 1, "1.000000"), ("b", 2, "2.000000"), ("c", 3, "3.000001"), ("c", 4, "1234567890123456.000000")}
    assert detail.partitionColumns == ["day"]
    assert detail.location.endswith("/ops/delta_widened")


@pytest.mark.parametrize("narrower", ["decimal(18,1)", "decimal(18,4)", "decimal(10,2)", "double"])
def test_a_decimal_that_could_lose_digits_is_refused(spark: "SparkSession", settings: Settings, table: Table, narrower: str) -> None:
    other = Table(table.schema, table.name, table.grain, (*FIELDS[:2], Field("amount", narrower)), table.key, table.partition_by)

    with pytest.raises(CdpError, match=r"delta_verbs\.amount: the table in the lake has decimal\(18,2\)"):
        ensure_table(spark, settings, other)
