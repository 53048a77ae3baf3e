"""Order lines without a number and of several kinds: what makes two rows the same row, and which rows a map is for."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from conf.catalog import bronze_table
from conf.contracts import SourceContract
from conf.settings import Settings
from spark_jobs.common.delta import ensure_table
from tests.scenarios.conform_lake import JANUARY, ConformLake, Delivery, entity

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.proof]

FIRST, SECOND = JANUARY[:2]
MILK, BREAD, EGGS = ("i1", "milk", "1"), ("i1", "bread", "2"), ("i2", "eggs", "1")
Shop = Callable[..., ConformLake]


@pytest.fixture
def shop_with(spark: "SparkSession", settings: Settings, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A source whose feed of lines fills one entity by the given map; out of the books afterwards."""
    base = f"lines_{sum(map(ord, request.node.name))}"

    def make(lines_map: dict[str, Any], routes: Sequence[dict[str, str]] = (), suffix: str = "") -> ConformLake:
        name = base + suffix
        shop = ConformLake(spark, settings, name)
        shop.entities = {f"{name}_lines": entity(f"{name}_lines", "line_id", article="string", quantity="int")}
        feed = {
            "files": "lines/{date}.csv",
            "format": "csv",
            "routes": routes,
            "columns": [{"name": column, "type": "string"} for column in ("invoice", "article", "quantity")],
            "maps": [{"entity": f"{name}_lines", "fields": {"article": "article", "quantity": "quantity"}, **lines_map}],
        }
        shop.contract = SourceContract.model_validate({"source": name, "feeds": {"lines": feed}})
        ensure_table(spark, settings, bronze_table(name, "lines", shop.contract.feeds["lines"]))
        return shop

    yield make
    for table in ("ops.ingest_manifest", "ops.conform_rejects"):
        if spark.catalog.tableExists(table):
            spark.sql(f"delete from {table} where startswith(source, '{base}')")


def settled(shop: ConformLake) -> list[tuple[str, int]]:
    """Article and quantity of every line in silver."""
    return sorted((row[1], row[2]) for row in shop.silver("lines"))


def test_an_invoice_delivered_twice_counts_once_and_equal_lines_inside_it_stay_two(shop_with: Shop) -> None:
    # given an invoice with two equal lines, delivered whole, and again the next day in another order and with a second invoice
    shop = shop_with({"dedup": "full_row_per_document", "document": ["invoice"]})
    shop.deliver(Delivery("lines", FIRST, [MILK, BREAD, MILK]))
    shop.run(FIRST)
    first_keys = {row[0] for row in shop.silver("lines")}

    # when
    shop.deliver(Delivery("lines", SECOND, [EGGS, MILK, MILK, BREAD]))
    shop.run(SECOND)

    # then, and one go over both files gives the same rows
    assert settled(shop) == [("bread", 2), ("eggs", 1), ("milk", 1), ("milk", 1)]
    assert first_keys < {row[0] for row in shop.silver("lines")}
    night_by_night = shop.silver("lines")
    shop.forget()
    shop.run(SECOND)
    assert shop.silver("lines") == night_by_night


def test_three_overlapping_pieces_in_any_order_settle_as_the_whole(shop_with: Shop) -> None:
    # given thirty invoices, some with equal lines, in pieces that overlap by whole invoices
    shop = shop_with({"dedup": "full_row_per_document", "document": ["invoice"]})
    lines = [(f"i{n}", f"a{n % 7}", str(1 + n % 3)) for n in range(30) for _ in range(1 + n % 2)]

    def piece(first: int, last: int) -> Sequence[tuple[str, str, str]]:
        return [line for line in lines if first <= int(line[0][1:]) < last][::-1]

    # when the last piece comes first, and one of them twice
    for day, rows in zip(JANUARY, (piece(18, 30), piece(0, 12), piece(8, 22), piece(0, 12)), strict=False):
        shop.deliver(Delivery("lines", day, rows))
        shop.run(day)

    # then
    assert settled(shop) == sorted((article, int(quantity)) for _, article, quantity in lines)


def test_without_dedup_every_delivered_row_counts(shop_with: Shop) -> None:
    shop = shop_with({"dedup": "none"})
    shop.deliver(Delivery("lines", FIRST, [MILK, MILK]), Delivery("lines", SECOND, [MILK]))

    shop.run(SECOND)

    assert settled(shop) == [("milk", 1)] * 3


def test_a_line_without_its_document_is_rejected(shop_with: Shop) -> None:
    shop = shop_with({"dedup": "full_row_per_document", "document": ["invoice"]})
    shop.deliver(Delivery("lines", FIRST, [(None, "milk", "1"), BREAD]))

    report = shop.run(FIRST)

    assert settled(shop) == [("bread", 2)]
    assert report.counts["rejected"] == 1


def test_a_map_gets_the_rows_of_its_routes_and_the_first_route_that_is_true_takes_a_row(shop_with: Shop) -> None:
    # given returns and adjustments among the sales; a predicate that is null takes no row
    routes = [{"name": "return", "where": "startswith(invoice, 'C')"}, {"name": "other", "where": "quantity < 0"}]
    delivered = [MILK, ("C7", "milk", "-1"), ("A1", "bread", "-5"), ("i3", "eggs", None)]
    found = {}
    for number, wanted in enumerate([["default"], ["return"], ["other"], ["default", "return", "other"]]):
        shop = shop_with({"dedup": "none", "routes": wanted}, routes=routes, suffix=f"_{number}")
        shop.deliver(Delivery("lines", FIRST, delivered))
        shop.run(FIRST)
        found[",".join(wanted)] = sorted(row[1] for row in shop.silver("lines"))

    # then
    assert found == {
        "default": ["eggs", "milk"],
        "return": ["milk"],
        "other": ["bread"],
        "default,return,other": ["bread", "eggs", "milk", "milk"],
    }


def test_a_day_without_a_time_is_the_midnight_with_which_it_begins_at_the_source(shop_with: Shop) -> None:
    # given a shop in Shanghai that delivers days, mapped onto a day and onto a moment
    shop = shop_with({"dedup": "none"})
    name = f"{shop.name}_lines"
    shop.entities = {name: entity(name, "line_id", sold_at="timestamp", sold_on="date")}
    feed = {
        "files": "days/{date}.csv",
        "format": "csv",
        "columns": [{"name": "day", "type": "date"}],
        "maps": [{"entity": name, "dedup": "none", "fields": {"sold_at": "day", "sold_on": "day"}}],
    }
    shop.contract = SourceContract.model_validate({"source": shop.name, "time_zone": "Asia/Shanghai", "feeds": {"days": feed}})
    ensure_table(shop.spark, shop.settings, bronze_table(shop.name, "days", shop.contract.feeds["days"]))

    # when
    shop.deliver(Delivery("days", FIRST, [(FIRST,)]))
    shop.run(FIRST)

    # then
    row = shop.spark.table(f"silver.{name}").selectExpr("cast(sold_at as string)", "sold_on").collect()[0]
    assert tuple(row) == ("2023-12-31 16:00:00", FIRST)


def test_with_an_order_by_the_place_of_a_row_in_its_file_does_not_matter(shop_with: Shop) -> None:
    # given a key with several rows, equal ones by the column that orders them, in two files of one day and in two orders
    found = []
    for suffix, rows in (
        ("_one", [("i1", "old", "1"), ("i1", "a", "2"), ("i1", "b", "2")]),
        ("_two", [("i1", "b", "2"), ("i1", "a", "2"), ("i1", "old", "1")]),
    ):
        shop = shop_with(
            {"fields": {"line_id": "invoice", "article": "article", "quantity": "quantity"}, "order_by": "quantity"}, suffix=suffix
        )
        shop.deliver(Delivery("lines", FIRST, rows))
        shop.run(FIRST)
        found.append([row[1:3] for row in shop.silver("lines")])

    # then the greatest value speaks, and among equals the greatest content
    assert found == [[("b", 2)], [("b", 2)]]
