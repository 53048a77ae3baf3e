"""Deliveries through the real ingest step: every row exactly once, in bronze or in quarantine, whatever is delivered and however often."""

import gzip
import json
import re
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conf.errors import InputError
from conf.settings import Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.ingest import quarantine
from spark_jobs.ingest.journal import Pending, ingest_folder, staging_folder
from spark_jobs.ingest.landing import landed_files
from spark_jobs.ingest.load import load
from tests.scenarios.ingest_shop import GOOD, HEADER, Shop, till

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.proof]

MakeShop = Callable[..., Shop]


@pytest.fixture
def make_shop(spark: "SparkSession", settings: Settings, request: pytest.FixtureRequest) -> MakeShop:
    """A shop of the test's own, so that tests share the lake without meeting."""
    words = "".join(letter if letter.isalnum() else "_" for letter in request.node.name.removeprefix("test_"))[:31].strip("_").lower()
    name = f"{words}_{zlib.crc32(request.node.name.encode()):08x}"
    return lambda **changes: Shop(spark, settings, till(name, **changes))


def test_a_delivery_is_typed_tokenised_and_traceable(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.land("till_2024-01-05.csv", HEADER + GOOD)

    report = shop.ingest()

    token = key_reference(shop.settings).open().token("phone", "+8613800138000")
    assert shop.bronze(("receipt", "phone", "amount", "sold_at", "_line", "_known_on")) == [
        (1, token, Decimal("9.90"), datetime(2024, 1, 5, 0, 0, tzinfo=UTC).replace(tzinfo=None), 2, date(2024, 1, 5)),
        (2, None, Decimal("0.10"), datetime(2024, 1, 5, 1, 0, tzinfo=UTC).replace(tzinfo=None), 3, date(2024, 1, 5)),
    ]
    assert report.counts["rows_valid"] == 2
    assert shop.manifest() == [("till_2024-01-05.csv", "loaded", 2, 2, 0)]


def test_the_vault_opens_with_the_key_and_holds_no_plain_text(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.land("till_2024-01-05.csv", HEADER + "1,7,+86 139 1111 2222,1,2024-01-05 08:00:00\n2,7,+8613911112222,1,2024-01-05 08:00:00\n")

    shop.ingest()

    ring = key_reference(shop.settings).open()
    token = ring.token("phone", "+8613911112222")
    rows = shop.spark.table("vault.pii").where(f"token = '{token}'").collect()
    assert len(rows) == 1
    assert ring.decrypt(bytes(rows[0]["ciphertext"]), token).startswith(b"+86")
    for folder in ("bronze", "vault", "quarantine", "ops"):
        for file in (shop.settings.lake.warehouse / folder).rglob("*"):
            assert not file.is_file() or b"39 1111 2222" not in file.read_bytes()


def test_feeds_that_load_together_share_one_row_of_the_vault_for_a_phone_number(make_shop: MakeShop) -> None:
    shop = make_shop(also=("web", "app"))
    for folder, name in (("till", "till_2024-01-05.csv"), ("web", "2024-01-05.csv"), ("app", "2024-01-05.csv")):
        shop.land(name, HEADER + "1,7,+86 137 5555 6666,1,2024-01-05 08:00:00\n", folder=folder)

    shop.ingest()

    assert shop.vault("+8613755556666") == 1


def test_a_snapshot_that_comes_back_is_loaded_again_and_each_of_its_rows_can_be_replayed(make_shop: MakeShop) -> None:
    shop = make_shop(max_rejected_share=1)
    ten = HEADER + "1,7,,10,2024-01-05 08:00:00\n2,7,,-5,2024-01-05 08:00:00\n"
    shop.land("till_2024-01-01.csv", ten)
    shop.land("till_2024-01-02.csv", ten.replace(",10,", ",9,"))
    shop.ingest(date(2024, 1, 2))
    shop.land("till_2024-01-03.csv", ten)
    shop.ingest(date(2024, 1, 3))

    files = [f"till_2024-01-0{day}.csv" for day in (1, 2, 3)]
    assert shop.manifest() == [(file, "loaded", 2, 1, 1) for file in files]
    ids = {row["row_id"] for row in shop.spark.table(f"quarantine.{shop.table}").collect()}
    assert len(ids) == 3

    columns = [column if column["name"] != "amount" else column | {"min": -5} for column in _columns(shop)]
    replayed = shop.corrected(columns=columns, max_rejected_share=1).replay()

    assert (replayed.loaded, replayed.still_open) == (3, 0)
    assert [(row[0], row[4]) for row in shop.quarantine()] == [(file, "replayed") for file in files]
    days = [(f"{shop.contract.source}/till/{file}", line) for file in files for line in (2, 3)]
    assert shop.bronze(("_source_file", "_line")) == days


def test_rows_of_one_delivery_do_not_answer_for_the_same_rows_of_another(make_shop: MakeShop) -> None:
    shop = make_shop(max_rejected_share=1)
    bad = HEADER + "1,7,,-5,2024-01-05 08:00:00\n"
    shop.land("till_2024-01-01.csv", bad)
    shop.land("till_2024-01-02.csv", bad.replace("-5", "5"))
    shop.ingest(date(2024, 1, 2))
    shop.land("till_2024-01-03.csv", bad)
    columns = [column if column["name"] != "amount" else column | {"min": -5} for column in _columns(shop)]
    corrected = shop.corrected(columns=columns)
    corrected.ingest(date(2024, 1, 3))

    replayed = corrected.replay()

    assert replayed.loaded == 1
    assert [row[0].rpartition("/")[2] for row in corrected.bronze(("_source_file",))] == [f"till_2024-01-0{day}.csv" for day in (1, 2, 3)]


def test_a_file_that_changes_while_it_is_read_is_not_loaded(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.ingest()
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    landed, _ = landed_files(shop.settings.lake.landing, shop.contract.source, shop.contract.feeds["till"], date(2024, 1, 31))
    shop.land("till_2024-01-05.csv", HEADER + GOOD + "3,7,,1,2024-01-05 08:00:00\n")

    batch = shop.batch(*(replace(each, hash="of what it was", known_on=date(2024, 1, 5)) for each in landed))
    stopping = replace(batch, stops_on_bad_file=True, set_aside=[])
    says = r"changed while it was read → copy under a name that ends in \.part"

    with pytest.raises(InputError, match=says):
        load(stopping)
    assert load(batch) == []
    assert re.search(says, str(batch.set_aside[0].finding))

    assert shop.bronze() == []
    shop.ingest()
    assert shop.bronze() == [(1,), (2,), (3,)]


def test_a_rule_that_cannot_be_evaluated_is_named_without_the_value_it_failed_on(make_shop: MakeShop) -> None:
    shop = make_shop(rules=[{"name": "number", "expr": "cast(customer as int) > 0"}])
    shop.land("till_2024-01-05.csv", HEADER + "1,SECRETVALUE,,1,2024-01-05 08:00:00\n")

    with pytest.raises(InputError) as caught:
        shop.ingest()

    assert "cannot be evaluated" in str(caught.value)
    assert "SECRETVALUE" not in str(caught.value)


@pytest.mark.parametrize("schema", ["bronze", "quarantine"])
def test_rows_that_a_killed_run_wrote_after_all_are_noticed_and_taken_back(schema: str, make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.land("till_2024-01-05.csv", HEADER + GOOD + "x,7,,1,2024-01-05 08:00:00\n")
    shop.ingest()
    expected = shop.bronze(("receipt", "_line")), shop.quarantine()
    other = "quarantine" if schema == "bronze" else "bronze"
    shop.spark.sql(f"delete from ops.ingest_manifest where source = '{shop.contract.source}'").collect()
    shop.spark.sql(f"delete from {other}.{shop.table}").collect()

    with pytest.raises(InputError, match="do not add up"):
        shop.ingest()
    assert (shop.bronze(), shop.quarantine()) == ([], [])

    shop.ingest()
    assert (shop.bronze(("receipt", "_line")), shop.quarantine()) == expected
    assert shop.manifest() == [("till_2024-01-05.csv", "loaded", 3, 2, 1)]


def test_quarantine_of_a_feed_that_never_loaded_is_empty(make_shop: MakeShop) -> None:
    shop = make_shop()

    assert quarantine.rows(shop.settings, shop.contract.source, "till", 20, purpose="a test") == []
    assert isinstance(quarantine.counts(shop.settings), list)


def test_the_same_file_three_times_renamed_or_touched_changes_nothing(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.ingest()
    before = shop.versions()

    again = shop.ingest()
    assert (again.skipped_reason, shop.versions()) == ("no new files", before)

    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    assert (shop.ingest().skipped_reason, shop.versions()) == ("no new files", before)

    shop.land("till_2024-01-06.csv", HEADER + GOOD)
    shop.ingest()
    after = shop.versions()
    shop.ingest()

    assert len(shop.bronze()) == 2
    assert ("till_2024-01-06.csv", "duplicate", 0, 0, 0) in shop.manifest()
    assert shop.versions() == after


def test_changed_content_under_a_known_name_stops_a_required_feed(make_shop: MakeShop) -> None:
    shop = make_shop(required=True)
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.ingest()
    shop.land("till_2024-01-05.csv", HEADER + GOOD.replace("9.90", "9.91"))
    shop.land("till_2024-01-06.csv", HEADER + "3,7,,1,2024-01-06 08:00:00\n")

    with pytest.raises(InputError) as caught:
        shop.ingest()

    assert "till_2024-01-05.csv: its content changed" in str(caught.value)
    assert "new name" in str(caught.value)
    assert shop.bronze() == [(1,), (2,)]


def test_two_at_once_load_it_once(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.land("till_2024-01-05.csv", HEADER + GOOD)

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: shop.ingest(), range(2)))

    assert sorted(str(report.skipped_reason) for report in reports) == ["None", "no new files"]
    assert shop.bronze() == [(1,), (2,)]


def test_rejected_rows_are_in_quarantine_with_rule_file_and_line(make_shop: MakeShop) -> None:
    shop = make_shop(rules=[{"name": "small", "expr": "amount < 1000"}, {"name": "even", "expr": "receipt % 2 = 0", "severity": "warn"}])
    bad = "x,7,,1,2024-01-05 08:00:00\n5,7,,-1,05/01/2024\n6,7,,5000,2024-01-05 08:00:00\n7,8\n1,7,,2,2024-01-05 08:00:00\n"
    shop.land(
        "till_2024-01-05.csv",
        HEADER + GOOD + "8,7,,1,2024-01-05 08:00:00\n" * 1 + bad + "9,7,,3,2024-01-05 08:00:00\n10,7,,3,2024-01-05 08:00:00\n",
    )

    shop.ingest()

    file = "till_2024-01-05.csv"
    assert shop.quarantine() == [
        (file, 5, ["receipt:type"], ["text(1)"], "open"),
        (file, 6, ["amount:min", "sold_at:type"], ["integer(2)", "date-like(10)"], "open"),
        (file, 7, ["row:small"], ["row"], "open"),
        (file, 8, ["line:field_count"], ["line"], "open"),
        (file, 9, ["row:unique"], ["row"], "open"),
    ]
    assert shop.manifest() == [(file, "loaded", 10, 5, 5)]
    assert shop.bronze() == [(1,), (10,), (2,), (8,), (9,)]


def test_the_raw_row_in_quarantine_is_encrypted_and_opens_with_the_key(make_shop: MakeShop) -> None:
    shop = make_shop(max_rejected_share=1)
    shop.land("till_2024-01-05.csv", HEADER + "oops,the customer,,1,2024-01-05 08:00:00\nshort row\n")

    shop.ingest()

    ring = key_reference(shop.settings).open()
    rows = shop.spark.table(f"quarantine.{shop.table}").orderBy("_line").collect()
    plain = [ring.decrypt(bytes(row["raw_row"]), f"{row['_file_hash']}:{row['_line']}").decode() for row in rows]
    assert json.loads(plain[0])["customer"] == "the customer"
    assert plain[1] == "short row"


def test_too_many_rejected_rows_stop_the_feed_before_anything_is_visible(make_shop: MakeShop) -> None:
    shop = make_shop(max_rejected_share=0.1, on_bad_file="stop")
    shop.land("till_2024-01-05.csv", HEADER + GOOD + "x,7,,1,2024-01-05 08:00:00\n")

    with pytest.raises(InputError) as caught:
        shop.ingest()

    assert "1 of 3 rows (33.3%) rejected, allowed are 10.0%" in str(caught.value)
    assert "till_2024-01-05.csv:4: receipt:type is broken by 1 row(s), here by text(1)" in str(caught.value)
    assert shop.bronze() == []
    assert shop.quarantine() == []
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.ingest()
    assert shop.bronze() == [(1,), (2,)]


def test_a_file_with_too_many_rejected_rows_is_set_aside_and_the_others_of_its_feed_load(make_shop: MakeShop) -> None:
    # given one file whose columns were swapped, and two good ones, all in one batch
    shop = make_shop(max_rejected_share=0.1)
    shop.land("till_2024-01-04.csv", HEADER + "11,7,,1.00,2024-01-04 08:00:00\n")
    shop.land("till_2024-01-05.csv", HEADER + "x,7,,1,2024-01-05 08:00:00\ny,7,,1,2024-01-05 08:00:00\n3,7,,1,2024-01-05 08:00:00\n")
    shop.land("till_2024-01-06.csv", HEADER + "12,7,,1.00,2024-01-06 08:00:00\n")

    # when
    report = shop.ingest()

    # then it is named with its rule, none of its rows is visible, and it loads once it is right
    assert shop.bronze() == [(11,), (12,)]
    assert shop.quarantine() == []
    assert report.counts["files_set_aside"] == 1
    assert [(file, status) for file, status, *_ in shop.manifest() if status == "set_aside"] == [("till_2024-01-05.csv", "set_aside")]
    shop.land("till_2024-01-05.csv", HEADER + "3,7,,1.00,2024-01-05 08:00:00\n")
    shop.ingest()
    assert shop.bronze() == [(11,), (12,), (3,)]  # in order of their text


@pytest.mark.parametrize("stage", ["before bronze", "after bronze", "after manifest"])
def test_a_killed_load_is_taken_back_or_completed_by_the_next_run(stage: str, make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.land("till_2024-01-05.csv", HEADER + GOOD + "x,7,,1,2024-01-05 08:00:00\n")
    shop.ingest()
    expected = shop.bronze(("receipt", "_line", "_batch_id", "_file_hash")), shop.quarantine()
    batch = shop.spark.table(f"bronze.{shop.table}").first()["_batch_id"]  # type: ignore[index]
    tables = (f"bronze.{shop.table}", f"quarantine.{shop.table}")
    Pending(batch, tables, str(staging_folder(shop.settings, shop.contract.source, "till"))).write(shop.settings)
    if stage != "after manifest":
        shop.spark.sql(f"delete from ops.ingest_manifest where batch_id = '{batch}'").collect()
    if stage == "before bronze":
        for table in tables:
            shop.spark.sql(f"delete from {table} where _batch_id = '{batch}'").collect()

    shop.ingest()

    assert (shop.bronze(("receipt", "_line", "_batch_id", "_file_hash")), shop.quarantine()) == expected
    assert shop.manifest() == [("till_2024-01-05.csv", "loaded", 3, 2, 1)]
    assert list((ingest_folder(shop.settings) / "pending").glob("*.json")) == []


def test_files_of_the_future_wait(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.land("till_2024-01-06.csv", HEADER + "3,7,,1,2024-01-06 08:00:00\n")

    shop.ingest(date(2024, 1, 5))
    assert shop.bronze() == [(1,), (2,)]

    shop.ingest(date(2024, 1, 6))
    assert shop.bronze() == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("till_2024-01-05.csv.csv", b"receipt;customer;phone;amount;sold_at\n1;7;;1;2024-01-05 08:00:00\n", "csv.delimiter"),
        ("till_2024-01-05_b.csv", b"receipt,customer,phone,sold_at\n1,7,,2024-01-05 08:00:00\n", "no column amount"),
        ("till_2024-01-05_c.csv", HEADER.encode("utf-16"), "UTF-16"),
        ("till_2024-02-31.csv", HEADER.encode(), "is not a date"),
    ],
)
def test_a_hostile_file_is_named_with_its_remedy_and_the_other_feeds_go_on(
    name: str, content: bytes, says: str, make_shop: MakeShop
) -> None:
    shop = make_shop(also=("web",), on_bad_file="stop")
    shop.land(name, content)
    shop.land("2024-01-05.csv", HEADER + GOOD, folder="web")

    with pytest.raises(InputError) as caught:
        shop.ingest(date(2024, 3, 1))

    assert says in str(caught.value)
    assert "→" in str(caught.value)
    assert shop.bronze() == []
    assert shop.spark.table(f"bronze.{shop.contract.source}__web").count() == 2


def test_a_truncated_archive_stops_the_feed_and_loads_once_it_is_delivered_again(make_shop: MakeShop) -> None:
    shop = make_shop(files="till/till_{date}.csv.gz", on_bad_file="stop")
    packed = gzip.compress((HEADER + GOOD).encode())
    shop.land("till_2024-01-05.csv.gz", packed[:-12])

    with pytest.raises(InputError, match="not a complete gzip file"):
        shop.ingest()

    shop.land("till_2024-01-05.csv.gz", packed)
    shop.ingest()
    assert shop.bronze() == [(1,), (2,)]


def test_a_bad_file_is_set_aside_with_its_remedy_and_the_rest_is_loaded(make_shop: MakeShop, caplog: pytest.LogCaptureFixture) -> None:
    # given good files, and beside them an archive that breaks off after its first rows, a file without a column and one with an odd name
    shop = make_shop(files="till/till_{date}*")
    many = "".join(f"{number},7,,1.00,2024-01-06 08:00:00\n" for number in range(1000, 900_000))
    packed = gzip.compress((HEADER + many).encode(), compresslevel=1)
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.land("till_2024-01-06.csv.gz", packed[: len(packed) // 2])
    shop.land("till_2024-01-07.csv", "receipt,customer\n5,7\n")
    shop.land("till_2023-02-31.csv", HEADER + GOOD)
    shop.land("till_2024-01-08.csv", HEADER + "3,9,,2.00,2024-01-08 09:00:00\n")

    # when it is loaded twice
    reports = [shop.ingest(), shop.ingest()]

    # then every row of the good files is there, and none of the archive's
    bad = [("till_2023-02-31.csv", "set_aside", 0, 0, 0), ("till_2024-01-06.csv.gz", "set_aside", 0, 0, 0)]
    bad += [("till_2024-01-07.csv", "set_aside", 0, 0, 0)]
    good = [("till_2024-01-05.csv", "loaded", 2, 2, 0), ("till_2024-01-08.csv", "loaded", 1, 1, 0)]
    assert shop.bronze() == [(1,), (2,), (3,)]
    assert shop.manifest() == sorted(bad + good)
    assert [report.counts["files_set_aside"] for report in reports] == [3, 3]
    assert "is not a complete gzip file" in caplog.text

    # when the archive arrives complete and the others are taken away, then nothing is set aside any more
    shop.land("till_2024-01-06.csv.gz", gzip.compress((HEADER + "4,9,,2.00,2024-01-06 09:00:00\n").encode()))
    for name in ("till_2024-01-07.csv", "till_2023-02-31.csv"):
        (shop.settings.lake.landing / shop.contract.source / "till" / name).unlink()
    assert "files_set_aside" not in shop.ingest().counts
    assert shop.bronze() == [(1,), (2,), (3,), (4,)]
    withdrawn = [entry for entry in shop.manifest() if entry[1] == "withdrawn"]
    assert withdrawn == [("till_2023-02-31.csv", "withdrawn", 0, 0, 0), ("till_2024-01-07.csv", "withdrawn", 0, 0, 0)]


def test_a_loaded_file_that_was_edited_is_set_aside_until_the_original_is_back(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.ingest()
    shop.land("till_2024-01-05.csv", HEADER + GOOD.replace("9.90", "9.91"))
    shop.land("till_2024-01-06.csv", HEADER + "3,7,,1,2024-01-06 08:00:00\n")

    assert shop.ingest().counts["files_set_aside"] == 1

    assert shop.bronze(("receipt", "amount")) == [(1, Decimal("9.90")), (2, Decimal("0.10")), (3, Decimal("1.00"))]
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    assert "files_set_aside" not in shop.ingest().counts
    assert [status for _, status, *_ in shop.manifest()] == ["loaded", "set_aside", "withdrawn", "loaded"]


def test_an_empty_file_waits_for_its_content(make_shop: MakeShop, caplog: pytest.LogCaptureFixture) -> None:
    shop = make_shop()
    shop.land("till_2024-01-05.csv", b"")

    report = shop.ingest()

    assert report.skipped_reason == "no new files"
    assert "empty_file" in caplog.text
    shop.land("till_2024-01-05.csv", HEADER + GOOD)
    shop.ingest()
    assert shop.bronze() == [(1,), (2,)]


def test_no_value_of_a_customer_is_logged(make_shop: MakeShop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="spark_jobs")
    row = HEADER + "SECRETVALUE,7,+8613712345678,1,2024-01-05 08:00:00\n"
    shop = make_shop(max_rejected_share=0, on_bad_file="stop")
    shop.land("till_2024-01-05.csv", row)
    with pytest.raises(InputError) as caught:
        shop.ingest()
    lenient = shop.corrected(max_rejected_share=0)
    lenient.ingest()

    messages = [
        entry["message"] or "" for entry in shop.spark.table("ops.ingest_manifest").where(f"source = '{shop.contract.source}'").collect()
    ]
    said = caplog.text + str(caught.value) + "".join(messages)
    assert "till_2024-01-05.csv is set aside" in said or "file_set_aside" in said
    assert "SECRETVALUE" not in said
    assert "13712345678" not in said


def test_the_key_file_is_readable_by_its_owner_only(make_shop: MakeShop) -> None:
    shop = make_shop()

    reference = key_reference(shop.settings)

    assert Path(reference.tokens.file).stat().st_mode & 0o077 == 0
    assert "secret" not in repr(reference.open()) or reference.open().tokens.secret.hex() not in repr(reference.open())


def test_rows_are_replayed_once_the_contract_is_right(make_shop: MakeShop) -> None:
    shop = make_shop(max_rejected_share=1)
    shop.land("till_2024-01-05.csv", HEADER + GOOD + "3,7,,-5,2024-01-05 08:00:00\n4,7,,-6,2024-01-05 08:00:00\nragged\n")
    shop.ingest()
    columns = [column if column["name"] != "amount" else column | {"min": -5} for column in _columns(shop)]
    corrected = shop.corrected(columns=columns, max_rejected_share=1)

    first, second = corrected.replay(), corrected.replay()

    assert (first.tried, first.loaded, first.still_open, first.not_replayable) == (2, 1, 2, 1)
    assert (second.loaded, second.still_open) == (0, 2)
    assert corrected.bronze(("receipt", "_line")) == [(1, 2), (2, 3), (3, 4)]
    assert [row[4] for row in corrected.quarantine()] == ["replayed", "open", "open"]
    counts = [row[2:] for row in corrected.manifest()]
    assert [sum(column) for column in zip(*counts, strict=True)] == [5, 3, 2]


def test_a_replayed_row_has_tokens_where_its_values_have_become_personal_data_since(make_shop: MakeShop) -> None:
    shop = make_shop(max_rejected_share=1)
    direct = _columns(shop)
    plain = [column if column["name"] != "phone" else {"name": "phone", "type": "string"} for column in direct]
    then = shop.corrected(columns=plain, max_rejected_share=1)
    then.land("till_2024-01-05.csv", HEADER + "1,7,+86 136 7777 8888,-5,2024-01-05 08:00:00\n")
    then.ingest()
    columns = [column if column["name"] != "amount" else column | {"min": -5} for column in direct]

    replayed = shop.corrected(columns=columns).replay()

    assert replayed.loaded == 1
    assert shop.bronze(("phone",)) == [(key_reference(shop.settings).open().token("phone", "+8613677778888"),)]
    assert shop.vault("+8613677778888") == 1


def _columns(shop: Shop) -> list[dict[str, object]]:
    return [column.model_dump(exclude_defaults=True) for column in shop.contract.feeds["till"].columns]
