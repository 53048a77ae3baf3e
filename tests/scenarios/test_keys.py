"""Stories of keys that a spreadsheet or an export damaged, through the real step of ingest."""

import zlib
from datetime import date
from typing import TYPE_CHECKING

import pytest

from conf.settings import Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.onboarding.dry_run import check_source
from spark_jobs.privacy.retokenisation import newest_of_each
from tests.scenarios.ingest_shop import HEADER, Shop, till

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(spark: "SparkSession", settings: Settings, request: pytest.FixtureRequest) -> Shop:
    name = f"keys_{zlib.crc32(request.node.name.encode()):08x}"
    maps = [{"entity": "orders", "fields": {"order_id": "receipt", "source_customer_id": "customer"}}]
    return Shop(spark, settings, till(name, maps=maps))


def test_a_till_export_that_went_through_a_spreadsheet_loads_what_is_certain_and_rejects_the_rest(shop: Shop) -> None:
    # given six receipts: a tab, a formula, a decimal, a rounded customer, a rounded telephone, an error value
    shop.land(
        "till_2024-01-05.csv",
        HEADER
        + "\u00a01,M1\t,+8613800138000.0,1,2024-01-05 08:00:00\n"
        + '2,"=""00017""",+86 138 0013 8000,1,2024-01-05 08:00:00\n'
        + "3\u3000,'00017,,1,2024-01-05 08:00:00\n"
        + "4,1.23457E+17,,1,2024-01-05 08:00:00\n"
        + "5,M1,1.38E+10,1,2024-01-05 08:00:00\n"
        + "6,#N/A,,1,2024-01-05 08:00:00\n",
    )

    # when
    checked = check_source(shop.context(date(2024, 1, 31)), shop.contract, shop.settings.lake.landing, key_reference(shop.settings))
    shop.ingest()

    # then
    token = key_reference(shop.settings).open().token("phone", "+8613800138000")
    assert shop.bronze(("receipt", "customer", "phone")) == [(1, "M1", token), (2, "00017", token), (3, "00017", None)]
    assert [(line, rules) for _, line, rules, *_ in shop.quarantine()] == [
        (5, ["customer:spreadsheet_damage"]),
        (6, ["phone:spreadsheet_damage"]),
        (7, ["customer:spreadsheet_damage"]),
    ]
    findings = {finding.problem: finding.remedy for finding in checked.feeds[0].findings}
    assert any(problem.startswith("customer:spreadsheet_damage is broken by 2 row(s)") for problem in findings)
    assert all("export the column as text" in remedy for remedy in findings.values())
    # and nothing of the damaged rows comes back by a replay under the same contract
    assert shop.replay().loaded == 0


def test_of_rows_whose_keys_become_one_the_newest_stays_and_rows_without_a_key_stay(spark: "SparkSession") -> None:
    rows = [
        ("a", "2024-01-01", 1),
        ("a", "2024-01-03", 2),
        ("a", "2024-01-02", 3),
        ("b", "2024-01-01", 4),
        (None, "2024-01-01", 5),
        (None, "2024-01-01", 6),
    ]

    kept = newest_of_each(spark.createDataFrame(rows, "guest string, _known_on string, visits int"), ("guest",))

    assert sorted(row["visits"] for row in kept.collect()) == [2, 4, 5, 6]
