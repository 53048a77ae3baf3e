"""Moments and currency codes on their way into silver: which are kept, and why a row is not."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from conf.contracts import SourceContract
from conf.entities import load_entities
from conf.settings import Retailer
from spark_jobs.conform.contributions import contributions
from spark_jobs.conform.mapping import mapped

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

COLUMNS = {"number": "string", "sold_at": "timestamp", "day": "date", "text": "string", "count": "bigint", "code": "string"}
SOLD = {
    "number": "1",
    "sold_at": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "day": date(2024, 2, 29),
    "text": None,
    "count": None,
    "code": "EUR",
}
PLACE = {"_source_file": "kiosk/f.csv", "_line": 2, "_known_on": date(2024, 3, 1)}


def the_order(spark: "SparkSession", fields: dict[str, Any], **values: Any) -> "Row":
    every = {"order_id": "number", "ordered_at": "sold_at", "ordered_on": "day"} | fields
    columns = [{"name": name, "type": kind} for name, kind in COLUMNS.items()]
    feed = {"files": "f.csv", "format": "csv", "columns": columns, "maps": [{"entity": "orders", "fields": every}]}
    contract = SourceContract.model_validate({"source": "kiosk", "time_zone": "Europe/Paris", "feeds": {"sales": feed}})
    (part,) = contributions({"kiosk": contract}, {"orders": load_entities()["orders"]}, Retailer(currency_code="CHF"))["orders"]
    ddl = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items()) + ", _source_file string, _line bigint, _known_on date"
    frame = spark.createDataFrame([tuple((SOLD | values | PLACE).values())], ddl)
    # As text: a moment of a year that Python does not have cannot be collected.
    return mapped(frame, part, late_files=False).selectExpr("string(ordered_at)", "ordered_on", "currency_code", "_reject").collect()[0]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("eur", "EUR"),
        (" Eur\t", "EUR"),
        ("\u00a0USD\u200b", "USD"),
        ("\ufeffcny\u3000", "CNY"),
        ("", None),
        (" ", None),
        (None, None),
        ("DEM", "DEM"),
    ],
)
def test_a_currency_code_is_in_capitals_without_anything_around_it(written: str | None, read: str | None, spark: "SparkSession") -> None:
    row = the_order(spark, {"currency_code": "code"}, code=written)

    assert (row["currency_code"], row["_reject"]) == (read, None)


@pytest.mark.parametrize("code", ["RMB", "EURO", "€", "XXX", "U S", "0"])
def test_a_code_that_is_no_currencys_keeps_the_row_out(code: str, spark: "SparkSession") -> None:
    assert the_order(spark, {"currency_code": "code"}, code=code)["_reject"] == ["currency_code: not an ISO 4217 code"]


def test_a_currency_that_is_not_mapped_is_the_retailers(spark: "SparkSession") -> None:
    row = the_order(spark, {}, code="RMB")

    assert (row["currency_code"], row["_reject"]) == ("CHF", None)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("timestamp_millis(count)", "ordered_at: implausible"),
        ("timestamp_seconds(-count div 1000)", "ordered_at: implausible"),
        ("timestamp'1899-12-31 23:00:00'", "ordered_at: implausible"),
        ("sold_at + interval 11 years", "ordered_at: implausible"),
        ("count + 1", "ordered_at: a number without a format"),
        ("text", "ordered_at: not a timestamp"),
    ],
)
def test_an_expression_that_gives_no_plausible_moment_keeps_the_row_out(expression: str, reason: str, spark: "SparkSession") -> None:
    row = the_order(spark, {"ordered_at": {"expr": expression}}, count=1_709_208_060_000_000, text="12:30:00")

    assert reason in row["_reject"]


@pytest.mark.parametrize(
    ("expression", "read"),
    [
        ("timestamp_micros(count)", "2024-02-29 12:01"),
        ("sold_at + interval 9 years", "2033-02-28 12:00"),
        ("timestamp'1900-01-01 00:00:00'", "1900-01-01 00:00"),
        ("'2024-02-29 10:00:00'", "2024-02-29 10:00"),
    ],
)
def test_an_expression_that_gives_a_plausible_moment_is_kept(expression: str, read: str, spark: "SparkSession") -> None:
    row = the_order(spark, {"ordered_at": {"expr": expression}}, count=1_709_208_060_000_000)

    assert row["_reject"] is None or row["_reject"] == []
    assert row["ordered_at"] == f"{read}:00"


def test_a_declared_day_far_away_is_kept_because_ingest_was_told_so(spark: "SparkSession") -> None:
    row = the_order(spark, {}, day=date(9999, 12, 31))

    assert (row["ordered_on"], row["_reject"]) == (date(9999, 12, 31), None)


@pytest.mark.parametrize("text", ["2024", "2024-02", "12:30:00", "soon"])
def test_a_text_without_a_whole_day_is_no_day(text: str, spark: "SparkSession") -> None:
    assert the_order(spark, {"ordered_on": "text"}, text=text)["_reject"] == ["ordered_on: not a date"]


def test_a_text_with_a_day_is_one(spark: "SparkSession") -> None:
    assert the_order(spark, {"ordered_on": "text"}, text="2024-02-29")["ordered_on"] == date(2024, 2, 29)
