"""Names of products in a sales export, in which clerks also write remarks: the name stays."""

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from conf.catalog import bronze_table
from conf.contracts import SourceContract
from conf.entities import Entity
from conf.settings import Settings
from spark_jobs.common.delta import ensure_table
from tests.scenarios.conform_lake import JANUARY, ConformLake, Delivery

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.proof]

MONDAY, TUESDAY, WEDNESDAY = JANUARY[:3]
Shop = Callable[..., ConformLake]


@pytest.fixture
def shop_with(spark: "SparkSession", settings: Settings, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A shop whose till describes articles in passing: code, title, price."""
    base = f"titles_{sum(map(ord, request.node.name))}"

    def make(title: Any = "title", *, suffix: str = "", feeds: int = 1, **more: Any) -> ConformLake:
        shop = ConformLake(spark, settings, name := base + suffix)
        columns = [
            {"name": "article_id", "type": "string", "id": True, "description": "key"},
            {"name": "title", "type": "string", "descriptive": True, "description": "what it is called"},
            {"name": "price", "type": "int", "description": "what it costs"},
        ]
        articles = {"entity": f"{name}_articles", "grain": "one row per article", "key": "article_id", "columns": columns}
        shop.entities = {f"{name}_articles": Entity.model_validate(articles)}
        feed = {
            "format": "csv",
            "columns": [{"name": column, "type": "string"} for column in ("code", "title", "price")],
            "maps": [{"entity": f"{name}_articles", "fields": {"article_id": "code", "title": title, "price": "price"}}],
        }
        named = {f"till{number or ''}": feed | more | {"files": f"till{number or ''}/{{date}}.csv"} for number in range(feeds)}
        shop.contract = SourceContract.model_validate({"source": name, "feeds": named})
        for each in named:
            ensure_table(spark, settings, bronze_table(name, each, shop.contract.feeds[each]))
        return shop

    yield make
    for table in ("ops.ingest_manifest", "ops.conform_rejects"):
        if spark.catalog.tableExists(table):
            spark.sql(f"delete from {table} where startswith(source, '{base}')")


def articles(shop: ConformLake) -> list[tuple[Any, ...]]:
    """Code, title and price in silver."""
    return [(row[0].split(":")[1], *row[1:3]) for row in shop.silver("articles")]


def test_a_remark_or_nothing_does_not_replace_the_name_and_the_price_is_the_newest(shop_with: Shop) -> None:
    remarks = dict(enumerate([None, "", "?", "damaged", "  Wrongly coded ", "?? missing", "盘点", "12"]))
    shop = shop_with()
    shop.deliver(Delivery("till", MONDAY, [(str(number), f"OAT SOAP {number}", "5") for number in remarks]))
    shop.run(MONDAY)

    shop.deliver(Delivery("till", TUESDAY, [(str(number), remark, "6") for number, remark in remarks.items()]))
    shop.run(TUESDAY)

    assert articles(shop) == [(str(number), f"OAT SOAP {number}", 6) for number in remarks]


def test_a_new_name_replaces_the_old_one_and_a_remark_stands_where_there_is_no_name(shop_with: Shop) -> None:
    shop = shop_with()
    shop.deliver(Delivery("till", MONDAY, [("a", "Soap", "5"), ("b", "lost", "1")]))
    shop.run(MONDAY)
    shop.deliver(Delivery("till", TUESDAY, [("a", "Oat soap", "5"), ("b", None, "1")]))
    shop.run(TUESDAY)

    assert articles(shop) == [("a", "Oat soap", 5), ("b", "lost", 1)]


def test_a_source_may_say_that_its_empty_values_replace_what_was_there(shop_with: Shop) -> None:
    shop = shop_with({"column": "title", "empty": "replaces"})
    shop.deliver(Delivery("till", MONDAY, [("a", "Soap", "5"), ("b", "Brush", "1")]))
    shop.run(MONDAY)
    shop.deliver(Delivery("till", TUESDAY, [("a", None, "5"), ("b", "?", "1")]))
    shop.run(TUESDAY)

    assert articles(shop) == [("a", None, 5), ("b", "?", 1)]


def test_an_article_that_a_snapshot_lost_is_one_deleted_row_also_where_empty_values_replace(shop_with: Shop) -> None:
    shop = shop_with({"column": "title", "empty": "replaces"}, delivery="snapshot")
    shop.deliver(Delivery("till", MONDAY, [("a", "Soap", "5"), ("b", "Brush", "1")]), Delivery("till", TUESDAY, [("a", "Soap", "6")]))
    shop.run(TUESDAY)

    rows = shop.spark.table(f"silver.{shop.name}_articles").select("article_id", "_is_deleted").collect()
    assert sorted((row[0].split(":")[1], row[1]) for row in rows) == [("a", False), ("b", True)]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("feeds", [1, 2])
def test_night_by_night_equals_one_go_over_names_remarks_and_gaps(shop_with: Shop, seed: int, feeds: int) -> None:
    # given nine days of sales of three articles in random order of names, remarks and gaps, by one till or two, some files late
    chance = random.Random(seed)
    shop = shop_with(feeds=feeds)
    days = JANUARY[:9]
    known: dict[Any, list[Delivery]] = {day: [] for day in days}
    for number, day in enumerate(days):
        for till in range(feeds):
            rows = [
                (chance.choice("abc"), chance.choice(["Soap", "Oat soap", "?", "damaged", None, ""]), str(chance.randint(1, 2)))
                for _ in range(chance.randint(1, 4))
            ]
            late = days[min(len(days) - 1, number + chance.choice([0, 0, 0, 2]))]
            known[late].append(Delivery(f"till{till or ''}", day, rows, late))

    # when
    for day in days:
        if known[day]:
            shop.deliver(*known[day])
        shop.run(day)

    # then
    night_by_night = shop.silver("articles")
    shop.forget()
    shop.run(days[-1])
    assert shop.silver("articles") == night_by_night
