"""Orders that are exported again and again: the newest delivery of a document is the document."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from conf.catalog import bronze_table
from conf.contracts import SourceContract
from conf.settings import Settings
from spark_jobs.common.delta import append, ensure_table
from tests.scenarios.conform_lake import JANUARY, ConformLake, Delivery, entity

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.proof]

MONDAY, TUESDAY, WEDNESDAY = JANUARY[:3]
COLUMNS = ("order_no", "article", "quantity", "status")
Shop = Callable[..., ConformLake]


@pytest.fixture
def shop_with(spark: "SparkSession", settings: Settings, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A web shop whose export of order lines fills one entity by the given map; out of the books afterwards."""
    base = f"docs_{sum(map(ord, request.node.name))}"

    def make(lines_map: dict[str, Any], *, suffix: str = "", names: Sequence[str] = COLUMNS, **feed: Any) -> ConformLake:
        name = base + suffix
        shop = ConformLake(spark, settings, name)
        shop.entities = {f"{name}_lines": entity(f"{name}_lines", "line_id", article="string", quantity="int", status="string")}
        fields = dict(zip(("article", "quantity", "status"), names[1:], strict=True))
        definition = {
            "files": "lines/{date}*.csv",
            "format": "csv",
            "document": [names[0]],
            "columns": [{"name": column, "type": "string"} for column in names],
            "maps": [{"entity": f"{name}_lines", "fields": fields, **lines_map}],
        }
        shop.contract = SourceContract.model_validate({"source": name, "feeds": {"lines": definition | feed}})
        ensure_table(spark, settings, bronze_table(name, "lines", shop.contract.feeds["lines"]))
        return shop

    yield make
    for table in ("ops.ingest_manifest", "ops.conform_rejects"):
        if spark.catalog.tableExists(table):
            spark.sql(f"delete from {table} where startswith(source, '{base}')")


def live(shop: ConformLake, *columns: str) -> list[tuple[Any, ...]]:
    """Lines that are not deleted."""
    table = shop.spark.table(f"silver.{shop.name}_lines").where("not _is_deleted")
    return sorted(tuple(row) for row in table.select(*(columns or ("article", "quantity"))).collect())


def rebuilt(shop: ConformLake, day: Any) -> list[tuple[Any, ...]]:
    """Silver as a rebuild from the beginning gives it."""
    shop.forget()
    shop.run(day)
    return shop.silver("lines")


def test_an_order_delivered_again_with_other_statuses_and_one_line_less_is_what_the_newest_export_says(shop_with: Shop) -> None:
    # given Ines's order of three lines on Monday, and Bo's, which is exported once
    shop = shop_with({"dedup": "document"})
    shop.deliver(
        Delivery(
            "lines", MONDAY, [("9", "tea", "2", "open"), ("9", "cup", "1", "open"), ("9", "tea", "2", "open"), ("10", "jam", "4", "open")]
        )
    )
    shop.run(MONDAY)
    assert live(shop) == [("cup", 1), ("jam", 4), ("tea", 2), ("tea", 2)]

    # when on Tuesday the cup is cancelled and the tea is sent
    shop.deliver(Delivery("lines", TUESDAY, [("9", "tea", "2", "sent"), ("9", "tea", "2", "sent")]))
    shop.run(TUESDAY)

    # then
    assert live(shop, "article", "status") == [("jam", "open"), ("tea", "sent"), ("tea", "sent")]
    night_by_night = shop.silver("lines")
    assert rebuilt(shop, TUESDAY) == night_by_night
    # and Monday still is what it was
    shop.run(MONDAY)
    assert live(shop) == [("cup", 1), ("jam", 4), ("tea", 2), ("tea", 2)]


def test_a_line_of_an_order_comes_back_when_a_later_export_has_it_again(shop_with: Shop) -> None:
    shop = shop_with(
        {"dedup": "document", "fields": {"line_id": {"key": ["order_no", "article"]}, "article": "article", "quantity": "quantity"}}
    )
    both, one = [("1", "ham", "1", ""), ("1", "egg", "6", "")], [("1", "ham", "1", "")]
    for day, rows in zip(JANUARY, (both, one, both), strict=False):
        shop.deliver(Delivery("lines", day, rows))
        shop.run(day)

    assert live(shop) == [("egg", 6), ("ham", 1)]
    assert len(shop.silver("lines")) == 2


def test_an_order_whose_rows_now_take_another_route_leaves_this_map(shop_with: Shop) -> None:
    # given an order that is voided the next day; sales are all rows that are not
    shop = shop_with({"dedup": "document"}, routes=[{"name": "voided", "where": "status = 'void'"}])
    shop.deliver(Delivery("lines", MONDAY, [("1", "ham", "1", "paid"), ("2", "egg", "6", "paid")]))
    shop.run(MONDAY)
    shop.deliver(Delivery("lines", TUESDAY, [("1", "ham", "1", "void")]))
    shop.run(TUESDAY)

    assert live(shop) == [("egg", 6)]


def test_of_two_exports_of_one_day_the_greater_order_by_is_the_newer_document(shop_with: Shop) -> None:
    # given two files of one day, of which the first by name was written last; the status is its version
    columns = [{"name": name, "type": "string"} for name in COLUMNS[:3]] + [{"name": "status", "type": "int"}]
    shop = shop_with({"dedup": "document", "order_by": "status"}, columns=columns)
    rows = {"a": [("1", "ham", "2", 8)], "b": [("1", "ham", "1", 7), ("1", "egg", "6", 7)]}
    values = [
        (*row, f"{shop.name}/lines/{MONDAY}{file}.csv", line, f"hash {file}", MONDAY, "batch")
        for file, lines in rows.items()
        for line, row in enumerate(lines, 2)
    ]
    bronze = bronze_table(shop.name, "lines", shop.contract.feeds["lines"])
    append(shop.spark, shop.settings, bronze, shop.spark.createDataFrame(values, bronze.ddl))
    shop.record("lines", "batch", [(value[4], MONDAY, 1) for value in values])

    # when
    shop.run(MONDAY)

    assert live(shop) == [("ham", 2)]


def test_two_feeds_with_other_column_names_give_the_same_line_the_same_key(shop_with: Shop) -> None:
    # given the same invoice from two systems, whose columns have English and German names
    maps = {"dedup": "full_row_per_document"}
    english = shop_with(maps, suffix="_en")
    german = shop_with(maps, suffix="_de", names=("beleg", "artikel", "menge", "stand"))
    lines = [("7", "milk", "1", "paid"), ("7", "milk", "1", "paid"), ("7", "bread", "2", "paid")]

    keys = []
    for shop in (english, german):
        shop.deliver(Delivery("lines", MONDAY, lines))
        shop.run(MONDAY)
        keys.append([row[0].split(":", 1)[1] for row in shop.silver("lines")])

    # then
    assert sorted(keys[0]) == sorted(keys[1])
    assert len(set(keys[0])) == 3


def test_content_names_what_a_line_is_so_that_a_changed_status_is_no_other_line(shop_with: Shop) -> None:
    shop = shop_with({"dedup": "full_row_per_document", "content": ["article", "quantity"]})
    shop.deliver(Delivery("lines", MONDAY, [("1", "ham", "1", "open")]))
    shop.run(MONDAY)
    shop.deliver(Delivery("lines", TUESDAY, [("1", "ham", "1", "sent")]))
    report = shop.run(TUESDAY)

    assert live(shop, "article", "status") == [("ham", "sent")]
    assert "changed_documents" not in report.counts


def test_a_document_redelivered_with_other_lines_is_counted_when_both_deliveries_stay(shop_with: Shop) -> None:
    shop = shop_with({"dedup": "full_row_per_document"})
    shop.deliver(Delivery("lines", MONDAY, [("1", "ham", "1", "open"), ("2", "egg", "6", "open")]))
    shop.run(MONDAY)
    shop.deliver(Delivery("lines", TUESDAY, [("1", "ham", "1", "sent"), ("2", "egg", "6", "open"), ("3", "jam", "1", "open")]))

    report = shop.run(TUESDAY)

    assert report.counts["changed_documents"] == 1


@pytest.mark.parametrize(("choice", "expected"), [("first_filled", "new"), ("last", "paid"), ("max", "paid")])
def test_a_field_of_the_order_that_stands_on_some_of_its_lines_holds_for_all(shop_with: Shop, choice: str, expected: str) -> None:
    # given an order whose status stands on its second and last line, and an order without any
    columns = [{"name": name, "type": "string"} for name in COLUMNS[:3]] + [{"name": "status", "type": "string", "per_document": choice}]
    routes = [{"name": "unpaid", "where": "status is null"}]
    shop = shop_with({"dedup": "document"}, columns=columns, routes=routes)
    lines = [("1", "ham", "1", None), ("1", "egg", "2", "new"), ("1", "jam", "3", None), ("1", "tea", "4", "paid"), ("2", "oil", "5", None)]

    # when the lines come in any order of the other order
    shop.deliver(Delivery("lines", MONDAY, lines))
    shop.run(MONDAY)

    # then the route, too, is decided by the order's value
    assert live(shop, "article", "status") == [(article, expected) for article in ("egg", "ham", "jam", "tea")]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("key", ["mapped", "made"])
def test_night_by_night_equals_one_go_over_random_redeliveries(shop_with: Shop, seed: int, key: str) -> None:
    # given eight days of exports of five orders whose lines come, change and go; some files arrive days late
    chance = random.Random(seed)
    fields = {"line_id": {"key": ["order_no", "article"]}} if key == "mapped" else {}
    shop = shop_with({"dedup": "document", "fields": {**fields, "article": "article", "quantity": "quantity", "status": "status"}})
    days = JANUARY[:8]
    known: dict[Any, list[Delivery]] = {day: [] for day in days}
    for number, day in enumerate(days):
        rows = [
            (f"o{order}", article, str(chance.randint(1, 2)), chance.choice(["open", "sent"]))
            for order in chance.sample(range(5), 3)
            for article in chance.sample(["tea", "ham", "egg", "jam"], chance.randint(1, 3))
        ]
        late = days[min(len(days) - 1, number + chance.choice([0, 0, 0, 1, 3]))]
        known[late].append(Delivery("lines", day, rows, late))

    # when they are loaded night by night
    for day in days:
        if known[day]:
            shop.deliver(*known[day], shuffle=seed)
        shop.run(day)

    # then
    night_by_night = shop.silver("lines")
    newest = {}
    for delivery in sorted((each for found in known.values() for each in found), key=lambda each: each.delivered_on):
        for order in {row[0] for row in delivery.rows}:
            newest[order] = [row for row in delivery.rows if row[0] == order]
    assert live(shop) == sorted((row[1], int(row[2])) for rows in newest.values() for row in rows)
    assert rebuilt(shop, days[-1]) == night_by_night


def test_a_line_replayed_from_quarantine_belongs_to_the_delivery_of_its_file(shop_with: Shop) -> None:
    # given an export without dates in its names: order 1 with ham, whose egg is in quarantine, and on Wednesday a newer export of it
    shop = shop_with({"dedup": "document"}, files="lines/*.csv")
    bronze = bronze_table(shop.name, "lines", shop.contract.feeds["lines"])

    def load(file: str, line: int, row: tuple[str, ...], known_on: Any, batch: str, status: str = "loaded") -> None:
        path = f"{shop.name}/lines/{file}.csv"
        append(
            shop.spark, shop.settings, bronze, shop.spark.createDataFrame([(*row, path, line, f"hash {file}", known_on, batch)], bronze.ddl)
        )
        shop.record("lines", batch, [(path, known_on, 1)], status=status)

    load("a", 2, ("1", "ham", "1", "open"), MONDAY, "first")
    shop.run(MONDAY)
    load("b", 2, ("1", "ham", "9", "sent"), TUESDAY, "second")
    shop.run(TUESDAY)

    # when the egg of the older export is replayed
    load("a", 3, ("1", "egg", "6", "open"), WEDNESDAY, "replay", status="replayed")
    shop.run(WEDNESDAY)

    # then the newer export still is the order
    assert live(shop) == [("ham", 9)]
    night_by_night = shop.silver("lines")
    assert rebuilt(shop, WEDNESDAY) == night_by_night
