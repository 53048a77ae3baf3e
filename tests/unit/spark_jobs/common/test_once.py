"""Appends that cannot happen twice, on a real Delta table."""

from typing import TYPE_CHECKING

from conf.catalog import Field, Schema, Table
from conf.settings import Settings
from spark_jobs.common.delta import append, ensure_table, table_version
from spark_jobs.common.once import append_alone

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DOORS = Table(Schema.OPS, "once_doors", "one row per door", (Field("door", "int"),), ("door",))


def _doors(spark: "SparkSession", *numbers: int) -> "DataFrame":
    return spark.createDataFrame([(number,) for number in numbers], "door int")


def _found(spark: "SparkSession") -> list[int]:
    return sorted(row["door"] for row in spark.table(DOORS.full_name).collect())


def test_rows_made_from_one_version_are_added_once_however_often_they_are_appended(spark: "SparkSession", settings: Settings) -> None:
    ensure_table(spark, settings, DOORS)
    spark.sql(f"delete from {DOORS.full_name}").collect()
    version = table_version(spark, DOORS.full_name)

    first = append_alone(spark, DOORS, _doors(spark, 1, 2), version)
    second = append_alone(spark, DOORS, _doors(spark, 1, 2), version)

    assert (first, second) == (True, False)
    assert _found(spark) == [1, 2]
    assert append_alone(spark, DOORS, _doors(spark, 3), table_version(spark, DOORS.full_name))
    assert _found(spark) == [1, 2, 3]


def test_a_commit_that_came_in_between_is_noticed(spark: "SparkSession", settings: Settings) -> None:
    ensure_table(spark, settings, DOORS)
    version = table_version(spark, DOORS.full_name)
    append(spark, settings, DOORS, _doors(spark, 7))

    assert not append_alone(spark, DOORS, _doors(spark, 7), version)
