"""Contracts that change after their files were loaded: the feed is loaded again, and everybody finds what the new contract says."""

import zlib
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from conf.catalog import catalog
from conf.errors import CdpError, InputError
from conf.settings import Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.delta import append, table_version
from spark_jobs.ingest.reloads import Reload, delivery_folder
from spark_jobs.maintenance.reload import ColumnChange, FeedReload, preview, reload
from spark_jobs.privacy.archive import archive, loaded_files
from tests.scenarios.ingest_shop import GOOD, HEADER, Shop, till

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

DAY = date(2024, 1, 31)
COLUMNS = ("receipt", "customer", "phone", "amount", "sold_at")


def contract(**changed: dict[str, Any]) -> list[dict[str, Any]]:
    """Columns of the till, some of them changed."""
    columns: list[dict[str, Any]] = [
        {"name": "receipt", "type": "bigint", "required": True},
        {"name": "customer", "type": "string"},
        {"name": "phone", "type": "string", "pii": "direct", "kind": "phone"},
        {"name": "amount", "type": "decimal(18,2)", "required": True, "min": 0},
        {"name": "sold_at", "type": "timestamp", "required": True, "format": "yyyy-MM-dd HH:mm:ss"},
    ]
    return [column | changed.get(str(column["name"]), {}) for column in columns]


@pytest.fixture
def shop(spark: "SparkSession", settings: Settings, request: pytest.FixtureRequest) -> Shop:
    return Shop(spark, settings, till(f"reload_{zlib.crc32(request.node.name.encode()):08x}"))


def load_again(shop: Shop, **options: bool) -> FeedReload:
    return reload(shop.context(DAY), shop.contract, "till", **options)


def files(shop: Shop) -> dict[str, tuple[int, int, int]]:
    """Rows in, valid and rejected by file, replays included."""
    found: dict[str, tuple[int, int, int]] = {}
    for name, status, *counts in shop.manifest():
        if status in ("loaded", "replayed"):
            found[name] = tuple(a + b for a, b in zip(found.get(name, (0, 0, 0)), counts, strict=True))  # type: ignore[assignment]
    return found


def test_a_type_that_was_too_narrow_gets_its_digits_and_its_rejected_rows_back(shop: Shop) -> None:
    # given two days of amounts in cents, one row of which was rejected because its customer was not a number
    narrow = shop.corrected(columns=contract(customer={"type": "int"}))
    narrow.land("till_2024-01-05.csv", HEADER + "1,7,,9.905,2024-01-05 08:00:00\n2,M8,,0.10,2024-01-05 09:00:00\n")
    narrow.land("till_2024-01-06.csv", HEADER + "3,9,,2.50,2024-01-06 08:00:00\n")
    narrow.ingest()
    wide = shop.corrected(columns=contract(amount={"type": "decimal(18,3)"}))

    # when the contract changes, ingest names the remedy, and the preview says what would change
    with pytest.raises(CdpError) as refused:
        wide.ingest()
    versions = wide.versions()
    seen = preview(wide.context(DAY), wide.contract, "till")

    # then
    assert f"cdp source reload {shop.contract.source}.till" in str(refused.value)
    assert versions == wide.versions()
    assert seen.columns == (ColumnChange("customer", "int", "string"), ColumnChange("amount", "decimal(18,2)", "decimal(18,3)"))
    first = seen.files[0]
    assert (first.place, first.rows_in, first.valid_before, first.valid_after, first.rejected_before, first.rejected_after) == (
        "landing", 2, 1, 2, 1, 0,
    )  # fmt: skip

    # and when it is loaded again, every row is there with its date and its line, and nothing is news for ingest
    load_again(wide)
    assert wide.bronze(("receipt", "customer", "amount", "_known_on", "_line")) == [
        (1, "7", Decimal("9.905"), date(2024, 1, 5), 2),
        (2, "M8", Decimal("0.100"), date(2024, 1, 5), 3),
        (3, "9", Decimal("2.500"), date(2024, 1, 6), 2),
    ]
    assert wide.quarantine() == []
    assert wide.manifest() == [("till_2024-01-05.csv", "loaded", 2, 2, 0), ("till_2024-01-06.csv", "loaded", 1, 1, 0)]
    assert wide.ingest().skipped_reason == "no new files"


def test_a_column_that_becomes_personal_is_a_token_and_its_plain_values_leave_bronze(shop: Shop) -> None:
    # given names that were taken for no personal data
    shop.land("till_2024-01-05.csv", HEADER + "1,Zebulon Quux,,9.90,2024-01-05 08:00:00\n")
    shop.ingest()
    personal = shop.corrected(columns=contract(customer={"pii": "direct", "kind": "name"}))
    seen = preview(personal.context(DAY), personal.contract, "till")

    # when
    load_again(personal)

    # then
    token = key_reference(shop.settings).open().token("name", "Zebulon Quux")
    assert seen.columns == (ColumnChange("customer", "string", "token"),)
    assert personal.bronze(("receipt", "customer")) == [(1, token)]
    assert shop.spark.table("vault.pii").where(f"token = '{token}'").count() == 1
    folder = shop.settings.lake.warehouse / "bronze" / shop.table
    assert [file for file in folder.rglob("*") if file.is_file() and b"Zebulon" in file.read_bytes()] == []


def test_files_of_the_archive_are_read_and_nothing_readable_of_them_stays_behind(shop: Shop) -> None:
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.ingest()
    archive(shop.settings, [each for each in loaded_files(shop.spark) if each.source == shop.contract.source])
    assert not (shop.settings.lake.landing / shop.contract.source / "till" / "till_2024-01-05.csv").exists()
    wide = shop.corrected(columns=contract(amount={"type": "decimal(20,4)"}))

    done = load_again(wide)

    assert [each.place for each in done.files] == ["archive"]
    assert wide.bronze(("receipt", "amount")) == [(1, Decimal("9.9000")), (2, Decimal("0.1000"))]
    assert not delivery_folder(shop.settings, shop.contract.source, "till").exists()


def test_a_reload_that_was_killed_after_its_first_commit_is_undone_and_can_be_repeated(shop: Shop) -> None:
    # given a reload whose bronze is there in its new form, and whose manifest is not
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.ingest()
    before = shop.bronze(COLUMNS)
    names = (f"bronze.{shop.table}", f"quarantine.{shop.table}")
    Reload(shop.contract.source, "till", "reload-killed", {name: table_version(shop.spark, name) for name in names}).write(shop.settings)
    location = (shop.settings.lake.warehouse / "bronze" / shop.table).as_uri()
    half = shop.spark.table(names[0]).limit(1).selectExpr("*", "'x' as also").drop("amount")
    half.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(location)

    # when the next ingest comes, the rows are what they were
    shop.land("till_2024-01-06.csv", HEADER + "3,9,,1.00,2024-01-06 08:00:00\n")
    shop.ingest()
    assert [row for row in shop.bronze(COLUMNS) if row[0] != 3] == before

    # and when the reload is repeated, it is done
    wide = shop.corrected(columns=contract(amount={"type": "decimal(18,3)"}))
    load_again(wide)
    assert wide.bronze(("receipt", "amount")) == [(1, Decimal("9.900")), (2, Decimal("0.100")), (3, Decimal("1.000"))]
    assert files(wide) == {"till_2024-01-05.csv": (2, 2, 0), "till_2024-01-06.csv": (1, 1, 0)}


def test_files_that_are_gone_stop_a_reload_until_their_rows_are_given_up(shop: Shop) -> None:
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.land("till_2024-01-06.csv", HEADER + "3,9,,1.00,2024-01-06 08:00:00\n")
    shop.ingest()
    (shop.settings.lake.landing / shop.contract.source / "till" / "till_2024-01-05.csv").unlink()

    with pytest.raises(InputError, match="gone") as refused:
        load_again(shop)
    assert len(shop.bronze()) == 3
    load_again(shop, drop_gone=True)

    assert [finding.where.rpartition("/")[2] for finding in refused.value.findings] == ["till_2024-01-05.csv"]
    assert shop.bronze() == [(3,)]
    assert files(shop) == {"till_2024-01-06.csv": (1, 1, 0)}


def test_rows_that_were_replayed_keep_the_later_date_on_which_they_became_known(shop: Shop) -> None:
    # given a row that was rejected on the 5th and became known by a replay on the 20th
    strict = shop.corrected(columns=contract(amount={"min": 1}))
    strict.land("till_2024-01-05.csv", HEADER + GOOD)
    strict.ingest()
    assert shop.replay().loaded == 1
    shop.spark.sql(f"update bronze.{shop.table} set _known_on = date'2024-01-20' where receipt = 2").collect()
    mine = f"source = '{shop.contract.source}' and status = 'replayed'"
    shop.spark.sql(f"update ops.ingest_manifest set known_on = date'2024-01-20' where {mine}").collect()

    load_again(shop)

    assert shop.bronze(("receipt", "_known_on")) == [(1, date(2024, 1, 5)), (2, date(2024, 1, 20))]
    assert shop.manifest() == [("till_2024-01-05.csv", "loaded", 2, 1, 1), ("till_2024-01-05.csv", "replayed", 0, 1, -1)]
    rows = shop.spark.table("ops.ingest_manifest").where(mine).collect()
    assert [row["known_on"] for row in rows] == [date(2024, 1, 20)]


def test_a_customer_who_was_erased_does_not_come_back(shop: Shop) -> None:
    # given customer 7, who is erased while the delivered file still has the line
    maps = [
        {"entity": "orders", "fields": {"order_id": "receipt", "source_customer_id": "customer"}},
        {"entity": "customers", "fields": {"source_customer_id": "customer"}},
    ]
    mapped = shop.corrected(maps=maps)
    mapped.land("till_2024-01-05.csv", HEADER + GOOD)
    mapped.ingest()
    mark = key_reference(shop.settings).open().mark(f"{shop.contract.source}:7")
    table = catalog().table("vault.suppressions")
    append(shop.spark, shop.settings, table, shop.spark.createDataFrame([(mark, "key", "e1", date(2024, 1, 10))], table.ddl))

    load_again(mapped)

    assert "7" not in {customer for _, customer in mapped.bronze(("receipt", "customer"))}


def test_too_many_rejected_rows_stop_a_reload_and_the_preview_says_so(shop: Shop) -> None:
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.ingest()
    wrong = shop.corrected(columns=contract(customer={"type": "string", "allowed": ["nobody"]}))

    seen = preview(wrong.context(DAY), wrong.contract, "till")
    with pytest.raises(InputError, match="too many rejected rows"):
        load_again(wrong)

    assert seen.findings[0].problem == "2 of 2 rows (100.0%) rejected, allowed are 50.0%"
    assert len(shop.bronze()) == 2


def test_files_that_lack_a_column_the_contract_now_requires_stop_a_reload_and_stay_loaded(shop: Shop) -> None:
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.ingest()
    stricter = shop.corrected(columns=[*contract(), {"name": "till_no", "type": "string", "required": True}])

    with pytest.raises(InputError) as refused:
        load_again(stricter)

    assert "no column till_no" in str(refused.value)
    assert len(shop.bronze()) == 2


def test_a_feed_of_which_nothing_was_loaded_is_refused(shop: Shop) -> None:
    with pytest.raises(InputError, match="nothing to load again"):
        load_again(shop)
