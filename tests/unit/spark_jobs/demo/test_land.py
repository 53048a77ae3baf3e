"""The demo's files hold the package's figures, on the days on which the systems would have delivered them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from conf.settings import Lake, Settings
from spark_jobs.demo.feeds import FEEDS, package_data
from spark_jobs.demo.land import land, landed_file

FORTNIGHT_END = date(2017, 1, 14)


def lake_at(root: Path) -> Settings:
    return Settings().model_copy(update={"lake": Lake(root=root)})


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = lake_at(tmp_path_factory.mktemp("demo"))
    land(settings, FORTNIGHT_END)
    return settings


@pytest.fixture
def sql() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def rows_of(sql: duckdb.DuckDBPyConnection, settings: Settings, feed: str) -> duckdb.DuckDBPyRelation:
    return sql.read_csv(str(settings.lake.landing / "complete_journey" / feed / "*.csv.gz"), all_varchar=True)


def content(settings: Settings) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in settings.lake.landing.rglob("*") if file.is_file()}


def test_a_day_file_holds_exactly_the_lines_of_that_day_on_the_stores_clock(fortnight: Settings, sql: duckdb.DuckDBPyConnection) -> None:
    # given the package's moments, which are UTC
    package = sql.execute(
        f"""select count(*), sum(sales_value::decimal(18, 2)), sum(quantity), min(transaction_timestamp), max(transaction_timestamp)
        from '{package_data()}/transactions.parquet'
        where transaction_timestamp >= '2017-01-01 05:00' and transaction_timestamp < '2017-01-15 05:00'"""
    ).fetchone()

    # when all files of the fortnight are read, with their offsets
    landed = (
        rows_of(sql, fortnight, "transactions")
        .query(
            "t",
            """select count(*), sum(sales_value::decimal(18, 2)), sum(quantity::bigint),
        min(transaction_timestamp::timestamptz)::timestamp, max(transaction_timestamp::timestamptz)::timestamp from t""",
        )
        .fetchone()
    )

    # then nothing was lost or moved
    assert landed == package


def test_every_line_is_in_the_file_of_its_own_local_date(fortnight: Settings) -> None:
    for day in (1, 14):
        file = landed_file(fortnight.lake.landing, "transactions", date(2017, 1, day))
        with duckdb.connect() as sql:
            dates = (
                sql.read_csv(str(file), all_varchar=True).query("t", "select distinct left(transaction_timestamp, 10) from t").fetchall()
            )
        assert dates == [(f"2017-01-{day:02d}",)]


def test_nothing_is_landed_before_its_day(fortnight: Settings) -> None:
    days = sorted(file.name.split(".")[0][-10:] for file in fortnight.lake.landing.rglob("*.csv.gz"))
    assert days[0] == "2017-01-01"
    assert days[-1] == FORTNIGHT_END.isoformat()


@pytest.mark.slow
def test_landing_again_changes_no_file_and_a_fresh_landing_has_the_same_bytes(fortnight: Settings, tmp_path: Path) -> None:
    # given what is landed
    before = content(fortnight)

    # when it is landed again, and somewhere else in two steps
    again = land(fortnight, FORTNIGHT_END)
    elsewhere = lake_at(tmp_path)
    land(elsewhere, date(2017, 1, 5))
    land(elsewhere, FORTNIGHT_END)

    # then nothing was written twice, and the bytes agree
    assert sum(feed.files_written for feed in again) == 0
    assert content(fortnight) == before
    assert content(elsewhere) == before


@pytest.mark.slow
def test_the_whole_year_holds_every_row_and_every_cent_of_the_package(tmp_path: Path, sql: duckdb.DuckDBPyConnection) -> None:
    # given the year, landed
    year = lake_at(tmp_path)
    progress: list[tuple[str, int, int]] = []
    landed = land(year, progress=lambda *step: progress.append(step))

    # when rows and files are counted
    rows = {feed.feed: feed.rows_written for feed in landed}
    sales, on_moments = (
        rows_of(sql, year, "transactions")
        .query("t", "select sum(sales_value::decimal(18, 2)), count(distinct transaction_timestamp::timestamptz) from t")
        .fetchall()[0]
    )
    moments = sql.execute(f"select count(distinct transaction_timestamp) from '{package_data()}/transactions.parquet'").fetchall()[0][0]

    # then they are the package's
    assert rows == {
        "products": 92_331,
        "households": 801,
        "campaign_descriptions": 27,
        "campaign_members": 6_589,
        "coupons": 116_204,
        "coupon_redemptions": 2_102,
        "transactions": 1_469_307,
        "promotions": 20_940_529,
    }
    assert sales == Decimal("4596039.58")
    assert on_moments == moments
    assert {feed: (done, total) for feed, done, total in progress}["transactions"] == (365, 365)
    assert {feed.name for feed in FEEDS} == set(rows)


@pytest.mark.slow
def test_promotions_are_the_packages_row_for_row(tmp_path: Path, sql: duckdb.DuckDBPyConnection) -> None:
    # given the promotions of the year's first quarter
    land(lake_at(tmp_path), date(2017, 3, 31))

    # when landed and packaged rows are summed up by week with an order-free checksum
    checksum = "week::int, count(*), bit_xor(hash(product_id::bigint, store_id::bigint, display_location, mailer_location))"
    files = str(tmp_path / "landing" / "complete_journey" / "promotions" / "*.csv.gz")
    landed = sql.execute(f"select {checksum} from read_csv(?, all_varchar = true) group by 1 order by 1", [files]).fetchall()
    package = sql.execute(f"select {checksum} from '{package_data()}/promotions.parquet' where week <= 14 group by 1 order by 1").fetchall()

    # then they agree
    assert landed == package
