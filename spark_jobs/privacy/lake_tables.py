"""The Delta tables that stand in a lake, whoever made them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from conf.catalog import Schema
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOT_TOUCHED = ("ops.audit",)  # holds no customer and no token, and is never written but at its end


def delta_tables(spark: "SparkSession", settings: Settings, schemas: Iterable[Schema]) -> list[str]:
    """Names of the tables of some schemas, without views."""
    names = [
        f"{schema}.{row['tableName']}"
        for schema in schemas
        for row in spark.sql(f"show tables in {schema}").collect()
        if not row["isTemporary"]
    ]
    return sorted(name for name in names if name not in NOT_TOUCHED and _is_delta(settings, name))


def _is_delta(settings: Settings, name: str) -> bool:
    """Views have no folder."""
    return (settings.lake.warehouse / name.replace(".", "/") / "_delta_log").is_dir()
