"""Changes: which rows of silver new bronze rows add or alter, without reading more history than the plan calls for."""

from typing import TYPE_CHECKING

from spark_jobs.conform.descriptions import descriptive
from spark_jobs.conform.mapping import IS_DELETED
from spark_jobs.conform.plans import EntityPlan
from spark_jobs.conform.settle import RUNS, settled

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

IS_NEW = "_is_new"


def changed_rows(rows: "DataFrame", silver: "DataFrame", plan: EntityPlan, history: "DataFrame", *, broadcast_keys: bool) -> "DataFrame":
    """The rows that silver must take in to be what a rebuild would make of it.

    A key that silver does not have has all its history in the new rows. For a key that it has, the newest delivery is folded
    onto silver's row when the plan `is_newer`; otherwise its row is settled again from the whole history.

    Args:
        rows: good new rows, as `mapping.mapped` makes them.
        silver: the table as it is.
        plan: the entity's plan.
        history: all good rows of the same keys' contributions, the new ones included; read only when it is needed.
        broadcast_keys: the new rows are few enough for their keys to be sent to the workers.

    Returns:
        The table's columns and `_is_new`: only rows that differ from silver.
    """
    from pyspark.sql import functions as F

    key = plan.entity.key
    keys = rows.select(key).distinct()
    there = silver.join(F.broadcast(keys) if broadcast_keys else keys, key, "left_semi")
    described = descriptive(plan.entity)
    seed = [F.struct(*described).alias("_seed")] if described and plan.is_newer else []
    known = there.select(key, F.col("_first_known_on").alias("_silver_known_on"), *seed)
    relevant = rows.join(known, key, "left").where(~_says_nothing_new())
    if plan.is_newer:
        result = settled(relevant.drop("_silver_known_on"), plan.entity, contributions_meet=plan.contributions_meet)
        return _difference(result, there, plan, fold=True)
    is_new = F.col("_silver_known_on").isNull()
    touched = relevant.where(~is_new).select(key).distinct()
    again = history.join(F.broadcast(touched) if broadcast_keys else touched, key, "left_semi")
    versions = relevant.where(is_new).drop("_silver_known_on").unionByName(again)
    result = settled(versions, plan.entity, contributions_meet=plan.contributions_meet)
    return _difference(result, there, plan, fold=False)


def _says_nothing_new() -> "Column":
    """True for a row that only gives a key which silver has had for as long."""
    from pyspark.sql import functions as F

    return F.col("_is_key_only") & F.col("_silver_known_on").isNotNull() & (F.col("_known_on") >= F.col("_silver_known_on"))


def _difference(result: "DataFrame", there: "DataFrame", plan: EntityPlan, *, fold: bool) -> "DataFrame":
    """Settled rows that are new or differ. Folding, an equal row keeps its `_known_on` unless it changed in between."""
    from pyspark.sql import functions as F

    key = plan.entity.key
    values = [*(name for name in plan.entity.column_names if name != key), IS_DELETED, "_source"]
    dates = (F.col("_known_on").alias("_old_known_on"), F.col("_first_known_on").alias("_old_first"))
    old = there.select(key, F.lit(True).alias("_there"), F.struct(*values).alias("_old"), *dates)
    same_values = F.struct(*values).eqNullSafe(F.col("_old"))
    first = F.least("_first_known_on", "_old_first") if fold else F.col("_first_known_on")
    same_dates = (F.col("_known_on") == F.col("_old_known_on")) | (F.col(RUNS) == 1 if fold else F.lit(False))
    same_dates &= first == F.col("_old_first")
    unchanged = F.col("_there").isNotNull() & same_values & same_dates
    joined = result.join(old, key, "left").where(~unchanged)
    return joined.select(
        *plan.entity.column_names,
        IS_DELETED,
        "_source",
        "_known_on",
        first.alias("_first_known_on"),
        F.col("_there").isNull().alias(IS_NEW),
    )
