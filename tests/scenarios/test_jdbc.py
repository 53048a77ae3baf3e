"""A table of a real PostgreSQL as a feed: what is new arrives once, as a delivery like any other."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from conf.contracts import SourceContract
from conf.errors import ConfigError, EngineError, InputError
from conf.settings import Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.onboarding import dry_run
from tests.scenarios.ingest_shop import Shop
from tests.scenarios.postgres import PASSWORD, USER, Postgres, binaries, postgres

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed (Debian: apt install postgresql)"),
]

SOURCE, VARIABLE = "crm_of_the_jdbc_test", "CDP_TEST_CRM_PASSWORD"
FIRST, SECOND = date(2024, 1, 5), date(2024, 1, 6)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        running.run(
            'create table members (id bigint primary key, "Phone No" text, points numeric, joined timestamp, changed_at timestamptz)',
            "insert into members values (1, '+86 138 0013 8000', 10.5, '2024-01-01 08:00', '2024-01-05 10:00+00')",
            "insert into members values (2, null, -1, '2024-01-02 08:00', '2024-01-05 11:00:00.123456+00')",
        )
        yield running


def contract(server: Postgres, **jdbc: Any) -> SourceContract:
    feed = {
        "format": "jdbc",
        "max_rejected_share": 0.6,
        "jdbc": {"url": server.url, "table": "public.members", "user": USER, "password_env": VARIABLE, "watermark": "changed_at"} | jdbc,
        "columns": [
            {"name": "id", "type": "bigint", "required": True},
            {"name": "phone", "source_name": "Phone No", "type": "string", "pii": "direct", "kind": "phone"},
            {"name": "points", "type": "decimal(18,2)", "min": 0},
            {"name": "joined", "type": "timestamp"},
            {"name": "changed_at", "type": "timestamp", "required": True},
        ],
    }
    return SourceContract.model_validate({"source": SOURCE, "time_zone": "Asia/Shanghai", "feeds": {"till": feed}})


def test_every_night_brings_the_rows_above_the_last_watermark_once(
    spark: "SparkSession", settings: Settings, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    shop = Shop(spark, settings, contract(server))

    # given a dry run, which leaves nothing behind
    (check,) = dry_run.check_source(shop.context(FIRST), shop.contract, settings.lake.landing, key_reference(settings)).feeds
    assert (check.rows_in, check.rows_valid) == (2, 1)
    assert not (settings.lake.landing / SOURCE).exists()

    # when the first night takes the table in
    shop.ingest(FIRST)

    # then rows are typed, a local time is one of the source, and what breaks a rule is in quarantine
    assert shop.bronze(("id",)) == [(1,)]
    assert spark.table(f"bronze.{shop.table}").selectExpr("cast(joined as string)").first()[0] == "2024-01-01 00:00:00"  # type: ignore[index]
    assert [row[2] for row in shop.quarantine()] == [["points:min"]]

    # when rows change, then the next night brings these alone, and the same night again nothing
    server.run(
        "update members set points = 20, changed_at = '2024-01-06 09:00+00' where id = 1",
        "insert into members values (3, null, 1, null, '2024-01-06 09:30+00')",
    )
    shop.ingest(SECOND)
    versions = shop.versions()
    shop.ingest(SECOND)
    assert shop.bronze(("id", "points")) == [(1, Decimal("10.50")), (1, Decimal("20.00")), (3, Decimal("1.00"))]
    assert shop.versions() == versions

    # when the day goes on, then the next run of the day adds what is new, and tomorrow waits
    server.run(
        "insert into members values (4, null, 0, null, '2024-01-06 11:00+00')",
        "insert into members values (5, null, 1, null, '2024-01-07 23:00+00')",
    )
    shop.ingest(SECOND)
    assert shop.bronze(("id", "points"))[-1] == (4, Decimal("0.00"))
    changed = spark.table(f"bronze.{shop.table}").where("id = 4").selectExpr("cast(changed_at as string)").first()
    assert changed is not None and changed[0] == "2024-01-06 11:00:00", "a moment with a zone is that moment"
    shop.ingest(date(2024, 1, 8))
    assert [row[0] for row in shop.bronze(("id",))] == [1, 1, 3, 4, 5]

    # when a date before is asked for, then it gives nothing that was not known then
    assert shop.ingest(date(2024, 1, 4)).counts["rows_in"] == 0
    logs = "".join(file.read_text(errors="replace") for file in (settings.lake.engine / "log").glob("*"))
    assert PASSWORD not in logs


def test_what_the_database_refuses_is_one_line_without_the_password(
    spark: "SparkSession", settings: Settings, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "not the password")
    day = date(2024, 2, 1)

    with pytest.raises(InputError, match="password authentication failed") as wrong:
        Shop(spark, settings, contract(server)).ingest(day)
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with pytest.raises(InputError, match="does not exist") as missing:
        Shop(spark, settings, contract(server, table="public.nobody")).ingest(day)
    with pytest.raises(EngineError, match=r"127[.]0[.]0[.]1:1 refused"):
        Shop(spark, settings, contract(server, url="jdbc:postgresql://127.0.0.1:1/postgres")).ingest(day)
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(InputError, match="set this environment variable"):
        Shop(spark, settings, contract(server)).ingest(day)

    for caught in (wrong, missing):
        assert "not the password" not in str(caught.value)
        assert "\tat " not in str(caught.value)


def test_a_password_has_no_place_in_a_mapping(server: Postgres) -> None:
    with pytest.raises((ConfigError, ValueError), match="holds a password"):
        contract(server, url="jdbc:postgresql://h/db?user=a&password=b")
