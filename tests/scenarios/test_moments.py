"""From the raw line to silver: moments, signs and currencies as exports of unlike retailers write them, and what is kept out."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from conf.contracts import SourceContract
from conf.settings import Settings
from spark_jobs.common.job import StepContext
from spark_jobs.conform.step import conform
from spark_jobs.ingest.step import ingest
from tests.scenarios.conform_lake import entity

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

DAY = date(2024, 3, 2)


@pytest.fixture(autouse=True)
def out_of_the_books(spark: "SparkSession") -> Iterator[None]:
    """What the lake notes about these sources is of no other test's concern."""
    yield
    for table in ("ops.ingest_manifest", "ops.conform_rejects"):
        if spark.catalog.tableExists(table):
            spark.sql(f"delete from {table} where source in ('pixelshop', 'librairie')")


def _silver(
    spark: "SparkSession", settings: Settings, source: str, text: str, feed: dict[str, Any]
) -> tuple[list[Any], list[str], list[str]]:
    """A file through ingest and conform: rows in silver, rules in quarantine, reasons of conform."""
    name = f"{source}_sales"
    fields = feed.pop("fields")
    maps = [{"entity": name, "fields": {"sale_id": "number", **fields}}]
    described = {"files": "s/{date}.csv", "format": "csv", "max_rejected_share": 1, **feed, "maps": maps}
    contract = SourceContract.model_validate({"source": source, "time_zone": "Europe/Paris", "feeds": {"s": described}})
    sales = entity(name, "sale_id", sold_at="timestamp", sold_on="date", amount="decimal(18,2)", currency_code="string")
    file = settings.lake.landing / source / "s" / f"{DAY}.csv"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    ctx = StepContext(spark, settings, DAY, "test")

    ingest(ctx, {source: contract})
    conform(ctx, {source: contract}, {name: sales})

    rows = spark.table(f"silver.{name}").select(*sales.column_names).orderBy("sale_id").collect()
    broken = spark.table(f"quarantine.{source}__s").orderBy("_line").collect()
    reasons = spark.table("ops.conform_rejects").where(f"source = '{source}'").orderBy("_line").collect()
    return [tuple(row) for row in rows], [rule for row in broken for rule in row["rules"]], [r for row in reasons for r in row["reasons"]]


def test_a_web_shop_counts_microseconds(spark: "SparkSession", settings: Settings) -> None:
    # given an event log in microseconds, one event of which was written in milliseconds and one in nanoseconds
    text = "number,at,total,cur\n1,1709208060000000,10.00,usd\n2,1709208120000,10.00,USD\n3,1709208120000000000,10.00,USD\n4,1709208120000000,5,RMB\n"
    columns = [
        {"name": "number", "type": "string"},
        {"name": "at", "type": "timestamp", "format": "epoch_us"},
        {"name": "total", "type": "decimal(18,2)"},
        {"name": "cur", "type": "string"},
    ]

    fields = {"sold_at": "at", "sold_on": "at", "amount": "total", "currency_code": "cur"}
    rows, broken, reasons = _silver(spark, settings, "pixelshop", text, {"columns": columns, "fields": fields})

    assert rows == [("pixelshop:1", datetime(2024, 2, 29, 12, 1), date(2024, 2, 29), Decimal("10.00"), "USD")]  # noqa: DTZ001
    assert broken == ["at:implausible", "at:type"]
    assert reasons == ["currency_code: not an ISO 4217 code"]


def test_a_bookshop_writes_dates_and_refunds_for_people(spark: "SparkSession", settings: Settings) -> None:
    # given a ledger with French dates, refunds in brackets and with the minus behind, and an opening balance of 1970
    text = "number;jour;montant\nA;29 févr. 2024;(34,50 €)\nB;1 Mars 2024;34,50-\nC;2 mars 2024;1.234,50 €\nD;1 janv. 1970;1\nE;2 mars 2024;34,-\n"
    columns = [
        {"name": "number", "type": "string"},
        {"name": "jour", "type": "date", "format": "d MMM yyyy", "locale": "fr"},
        {"name": "montant", "type": "decimal(18,2)", "numbers": {"decimal": ",", "thousands": ".", "ignore": "€ ", "negative": ["parentheses", "trailing_minus"]}},
    ]  # fmt: skip

    fields = {"sold_at": "jour", "sold_on": "jour", "amount": "montant", "currency_code": {"const": "eur"}}
    rows, broken, reasons = _silver(spark, settings, "librairie", text, {"csv": {"delimiter": ";"}, "columns": columns, "fields": fields})

    assert [(row[0], row[2], row[3], row[4]) for row in rows] == [
        ("librairie:A", date(2024, 2, 29), Decimal("-34.50"), "EUR"),
        ("librairie:B", date(2024, 3, 1), Decimal("-34.50"), "EUR"),
        ("librairie:C", date(2024, 3, 2), Decimal("1234.50"), "EUR"),
    ]
    assert broken == ["jour:implausible", "montant:type"]
    assert reasons == []
