"""References between feeds and plausible dates: what is not there yet waits, what is wrong is rejected or counted, and nothing is lost."""

import zlib
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from conf.contracts import SourceContract
from conf.errors import InputError
from conf.settings import Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.onboarding import dry_run
from tests.scenarios.ingest_shop import Shop

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

TILL = "receipt,article,sold_on\n1,milk,2024-01-05\n2,soap,2024-01-05\n3,,2024-01-05\n"
ARTICLES = "code\nmilk\n"


def contract(source: str, severity: str, **sold_on: Any) -> SourceContract:
    """A till whose articles must be in the list of articles, which comes after it in the file."""
    till = {
        "files": "till/till_{date}.csv",
        "format": "csv",
        "max_rejected_share": 0.9,
        "columns": [
            {"name": "receipt", "type": "bigint", "required": True},
            {"name": "article", "type": "string"},
            {"name": "sold_on", "type": "date", **sold_on},
        ],
        "foreign_keys": [{"name": "known_article", "columns": ["article"], "feed": "articles", "to": ["code"], "severity": severity}],
    }
    articles = {"files": "articles/{date}.csv", "format": "csv", "columns": [{"name": "code", "type": "string", "required": True}]}
    return SourceContract.model_validate({"source": source, "feeds": {"till": till, "articles": articles}})


@pytest.fixture
def source(request: pytest.FixtureRequest) -> str:
    return f"refers_{zlib.crc32(request.node.name.encode()):08x}"


def test_a_row_that_refers_to_nothing_is_rejected_and_replayed_when_the_other_feed_has_caught_up(
    spark: "SparkSession", settings: Settings, source: str
) -> None:
    # given a till that sold an article which the list does not have yet
    shop = Shop(spark, settings, contract(source, "reject"))
    shop.land("till_2024-01-05.csv", TILL)
    shop.land("2024-01-05.csv", ARTICLES, folder="articles")

    # when both are loaded in one run, then only that row is rejected: an empty value refers to nothing
    shop.ingest()
    assert shop.bronze() == [(1,), (3,)]
    assert shop.quarantine() == [("till_2024-01-05.csv", 3, ["row:known_article"], ["row"], "open")]

    # when the article is delivered and quarantine is replayed, then the row is there once
    shop.land("2024-01-06.csv", "code\nsoap\n", folder="articles")
    shop.ingest()
    assert shop.replay().loaded == 1
    assert shop.bronze() == [(1,), (2,), (3,)]


def test_a_feed_waits_for_the_feed_that_it_refers_to(spark: "SparkSession", settings: Settings, source: str) -> None:
    # given a list of articles that breaks its contract as a whole
    shop = Shop(spark, settings, contract(source, "reject"))
    shop.land("till_2024-01-05.csv", TILL)
    shop.land("2024-01-05.csv", "kode\nmilk\n", folder="articles")

    # when and then
    with pytest.raises(InputError, match="refers to articles, which was not loaded"):
        shop.ingest()
    assert shop.bronze() == []

    # when the list is delivered well, then nothing was lost
    (settings.lake.landing / source / "articles" / "2024-01-05.csv").unlink()
    shop.land("2024-01-05.csv", "code\nmilk\nsoap\n", folder="articles")
    shop.ingest()
    assert shop.bronze() == [(1,), (2,), (3,)]


def test_a_dry_run_follows_references_through_the_files_and_counts_warnings(spark: "SparkSession", settings: Settings, source: str) -> None:
    # given files that were never loaded
    shop = Shop(spark, settings, contract(source, "warn", max_days_after_delivery=0, max_days_before_delivery=30))
    shop.land("till_2024-01-05.csv", TILL + "4,milk,2024-01-06\n5,milk,2023-01-05\n6,milk,2023-12-06\n")
    shop.land("2024-01-05.csv", ARTICLES, folder="articles")

    # when
    till, articles = dry_run.check_source(
        shop.context(date(2024, 1, 31)), shop.contract, settings.lake.landing, key_reference(settings)
    ).feeds

    # then
    assert (till.rows_in, till.rows_valid, articles.rows_valid) == (6, 4, 1)
    assert "row:known_article (warn) is broken by 1 row(s)" in till.notes
    assert {finding.problem.split(" is broken")[0] for finding in till.findings} == {"sold_on:after_delivery", "sold_on:before_delivery"}
