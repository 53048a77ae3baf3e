"""The date of a delivery, as landing and silver read it from a file's path."""

from datetime import date
from typing import TYPE_CHECKING

import pytest

from spark_jobs.common.deliveries import delivered_on, delivered_on_column

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CASES = [
    ("till/till_{date}.csv", "shop/till/till_2024-01-05.csv", date(2024, 1, 5)),
    ("till_{date}_sent_*.csv", "shop/till_2024-01-05_sent_2024-02-09.csv", date(2024, 1, 5)),
    ("{date}/**/part-?[0-9].csv.gz", "shop/2024-01-05/2024-02-09/x/part-a7.csv.gz", date(2024, 1, 5)),
    ("**/{date}.csv", "shop/2024-02-09/2024-01-05.csv", date(2024, 1, 5)),
    ("a+b (x)/{date}[!a]*", "shop/a+b (x)/2024-01-05b", date(2024, 1, 5)),
    ("till_{date}.csv", "shop/old name 2024-01-04 of 2024-01-05.txt", date(2024, 1, 5)),
    ("till_{date}_*.csv", "shop/till_20240105_20240209.csv", date(2024, 1, 5)),
    ("till_{date}.csv", "shop/till_2024-02-31.csv", None),
    ("till_{date}.csv", "shop/till_20240231.csv", None),
    ("till_{date}.csv", "shop/till.csv", None),
]


@pytest.mark.parametrize(("files", "path", "day"), CASES)
def test_the_pattern_says_which_date_of_a_path_is_the_delivery(files: str, path: str, day: date | None) -> None:
    assert delivered_on("shop", files, path) == day


def test_a_feed_without_dates_has_none() -> None:
    assert delivered_on("shop", "till*.csv", "shop/till_2024-01-05.csv") is None


def test_spark_reads_the_same_date(spark: "SparkSession") -> None:
    from pyspark.sql import functions as F

    found = [delivered_on_column("shop", files, F.lit(path)).alias(f"c{number}") for number, (files, path, _) in enumerate(CASES)]

    row = spark.range(1).select(*found).collect()[0]

    assert list(row) == [day for _, _, day in CASES]
