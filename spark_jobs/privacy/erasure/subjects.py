"""Who is erased: the customers' source keys, their tokens, and which of these are nobody else's."""

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from conf.entities import load_entities
from conf.errors import Finding, InputError
from spark_jobs.privacy.erasure.work import Work

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SUBJECTS_DDL = "kind string, value string"
CUSTOMER, KEY, OWN, SEEN = "customer", "key", "own", "seen"


def known_customers(spark: "SparkSession", customer_ids: Sequence[str]) -> set[str]:
    """Those of some customers whom the lake knows."""
    asked = spark.createDataFrame([(each,) for each in customer_ids], "customer_id string")
    known = spark.table("identity.customer_ids").join(asked, "customer_id", "left_semi")
    return {row["customer_id"] for row in known.select("customer_id").distinct().collect()}


def check_known(spark: "SparkSession", asked: Sequence[str]) -> None:
    """Refuse customers whom the lake does not know: a certificate about nobody would be signed, and worth nothing.

    Raises:
        InputError: there are some; the message does not name them.
    """
    if count := len(set(asked) - known_customers(spark, asked)):
        finding = Finding(
            "customers", f"{count} of {len(asked)} are not in identity.customer_ids", "see gold.dim_customer_ids; leave them out"
        )
        raise InputError("somebody is not known, or was erased before", [finding])


def find_subjects(work: Work, customer_ids: Sequence[str]) -> dict[str, int]:
    """Write the subjects of the batch and count them by kind.

    A token is a person's own when no customer outside of the batch has it in `silver.customers`: a phone that the family shares stays with the others.
    A customer key that is made of an own token (a guest who is known by a number) is the same person, and erased too.
    """
    from pyspark.sql import functions as F

    spark = work.spark
    asked = spark.createDataFrame([(value,) for value in sorted(set(customer_ids))], "customer_id string")
    known = spark.table("identity.customer_ids").select("source_customer_id", "customer_id")
    keys = known.join(asked, "customer_id", "left_semi")
    columns = [column.name for column in load_entities()["customers"].columns if column.name.endswith("_token")]
    held = _tokens_held(spark.table("silver.customers"), columns)
    others = held.join(keys, "source_customer_id", "left_anti").where(~F.contains("source_customer_id", "token"))
    mine = held.join(keys, "source_customer_id", "left_semi").select("token").distinct()
    own = work.keep(mine.join(others.select("token").distinct(), "token", "left_anti"), "own")
    made_of = known.withColumn("token", F.substring_index("source_customer_id", ":", -2))  # <namespace>:k1:<hex>
    also = made_of.join(own, "token", "left_semi").select("source_customer_id", "customer_id")
    everybody = keys.select("source_customer_id", "customer_id").unionByName(also).distinct()
    frames = [
        everybody.select(F.lit(KEY).alias("kind"), F.col("source_customer_id").alias("value")),
        everybody.select(F.lit(CUSTOMER).alias("kind"), F.col("customer_id").alias("value")),
        asked.select(F.lit(CUSTOMER).alias("kind"), F.col("customer_id").alias("value")),
        own.select(F.lit(OWN).alias("kind"), F.col("token").alias("value")),
    ]
    found = work.keep(reduce(lambda one, other: one.unionByName(other), frames).distinct(), "subjects")
    return {row["kind"]: row["count"] for row in found.groupBy("kind").count().collect()}


def add_seen(work: Work, tokens: "DataFrame") -> int:
    """Add tokens (column `value`) that stand in rows of the subjects: names and texts, which others may have too."""
    from pyspark.sql import functions as F

    mine = tokens.join(work.subjects(OWN), "value", "left_anti").distinct()
    found = mine.select(F.lit(SEEN).alias("kind"), "value")
    if work.has("seen"):  # of an earlier round
        found = found.unionByName(work.keep(work.read("seen"), "seen_before")).distinct()
    return work.keep(found, "seen").count()


def _tokens_held(customers: "DataFrame", columns: Sequence[str]) -> "DataFrame":
    """(source_customer_id, token), a row for each token of a customer record."""
    from pyspark.sql import functions as F

    tokens = F.explode(F.array_compact(F.array(*[F.col(name) for name in columns])))
    return customers.select("source_customer_id", tokens.alias("token"))
