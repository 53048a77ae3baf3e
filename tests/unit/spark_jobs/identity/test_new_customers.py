"""Minting: one customer per key of a source, the same at every rebuild."""

from datetime import date
from typing import TYPE_CHECKING

from spark_jobs.identity.step import news_of_customers

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)
SEEN = "source_customer_id string, _first_known_on date"
KNOWN = "source_customer_id string, customer_id string, first_known_on date"


def test_new_keys_get_a_customer_and_known_keys_and_guests_do_not(spark: "SparkSession") -> None:
    # given purchases of two people and a guest, one of whom has a customer already
    seen = spark.createDataFrame([("shop:1", SECOND), ("shop:1", FIRST), ("shop:2", FIRST), (None, FIRST)], SEEN)
    known = spark.createDataFrame([("shop:2", "c_2", FIRST)], KNOWN)

    # when
    rows = news_of_customers(seen, known).collect()

    # then
    assert [(row["source_customer_id"], row["id_namespace"], row["first_known_on"]) for row in rows] == [("shop:1", "shop", FIRST)]
    assert len(rows[0]["customer_id"]) == 22


def test_minting_again_gives_the_same_customer(spark: "SparkSession") -> None:
    nobody = spark.createDataFrame([], KNOWN)
    first = news_of_customers(spark.createDataFrame([("shop:1", FIRST), ("shop:2", FIRST)], SEEN), nobody)
    again = news_of_customers(spark.createDataFrame([("shop:2", SECOND), ("shop:1", SECOND)], SEEN), nobody)

    assert {row["source_customer_id"]: row["customer_id"] for row in first.collect()} == {
        row["source_customer_id"]: row["customer_id"] for row in again.collect()
    }


def test_a_key_that_was_known_earlier_than_it_seemed_is_told_again(spark: "SparkSession") -> None:
    known = spark.createDataFrame([("shop:1", "c_1", SECOND), ("shop:2", "c_2", FIRST)], KNOWN)

    rows = news_of_customers(spark.createDataFrame([("shop:1", FIRST), ("shop:2", SECOND)], SEEN), known).collect()

    assert [(row["source_customer_id"], row["first_known_on"], row["is_new"]) for row in rows] == [("shop:1", FIRST, False)]
