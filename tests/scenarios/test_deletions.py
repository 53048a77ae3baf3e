"""Deletes that sources declare: by an operation column, or by leaving a key out of a full delivery. Night by night as all in one go."""

import random
from collections.abc import Callable, Iterator
from datetime import date
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

FIRST, SECOND, THIRD, FOURTH = JANUARY[:4]
CHANGES = {"changes": {"operation": "op", "order_by": "at"}}
SNAPSHOT = {"delivery": "snapshot"}
Shop = Callable[..., ConformLake]


@pytest.fixture
def shop_with(spark: "SparkSession", settings: Settings, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A source with a feed of people that declares deletes, beside a till that only knows their keys; out of the books afterwards."""
    name = f"deletes_{sum(map(ord, request.node.name))}"

    def make(feed: dict[str, Any]) -> ConformLake:
        shop = ConformLake(spark, settings, name)
        shop.entities = {f"{name}_people": entity(f"{name}_people", "person_id", city="string")}
        people = {
            "files": "people/{date}.csv",
            "format": "csv",
            "columns": [{"name": column, "type": type_} for column, type_ in PEOPLE],
            "maps": [{"entity": f"{name}_people", "fields": {"person_id": "person", "city": "city"}}],
            **feed,
        }
        tills = shop.contract.feeds["tills"].model_dump(mode="json", exclude_unset=True)
        shop.contract = SourceContract.model_validate({"source": name, "feeds": {"people": people, "tills": tills}})
        ensure_table(spark, settings, bronze_table(name, "people", shop.contract.feeds["people"]))
        return shop

    yield make
    for table in ("ops.ingest_manifest", "ops.conform_rejects"):
        if spark.catalog.tableExists(table):
            spark.sql(f"delete from {table} where source = '{name}'")


PEOPLE = (("person", "string"), ("city", "string"), ("op", "string"), ("at", "bigint"))


def people(shop: ConformLake) -> list[tuple[str, str | None, bool, date]]:
    """Key, city, deleted and known on of everybody in silver."""
    return [(row[0].partition(":")[2], row[1], row[-1], row[3]) for row in shop.silver("people")]


def night(shop: ConformLake, day: date, *rows: tuple[Any, ...]) -> None:
    """Deliver the rows of a day and conform them."""
    shop.deliver(Delivery("people", day, [(*row, None, None)[:4] for row in rows]))
    shop.run(day)


def assert_equals_one_go(shop: ConformLake, day: date) -> None:
    """Silver as it is equals silver made anew."""
    night_by_night = shop.silver("people")
    shop.forget()
    shop.run(day)
    assert shop.silver("people") == night_by_night


def test_a_delete_of_a_change_feed_needs_only_the_key_and_can_be_taken_back(shop_with: Shop) -> None:
    shop = shop_with(CHANGES)

    # given changes of one delivery that stand in the file in another order than they happened
    night(shop, FIRST, ("ann", "Leeds", "U", 3), ("ann", "York", "I", 1), ("bob", "York", "I", 2))
    assert people(shop) == [("ann", "Leeds", False, FIRST), ("bob", "York", False, FIRST)]

    # when one is deleted, and later inserted again
    night(shop, SECOND, ("ann", None, "D", 4))
    assert people(shop) == [("ann", None, True, SECOND), ("bob", "York", False, FIRST)]
    night(shop, THIRD, ("ann", "Hull", "I", 5))

    # then
    assert people(shop) == [("ann", "Hull", False, THIRD), ("bob", "York", False, FIRST)]
    assert_equals_one_go(shop, THIRD)


def test_what_is_missing_in_a_snapshot_is_deleted_until_a_later_one_has_it_again(shop_with: Shop) -> None:
    shop = shop_with(SNAPSHOT)

    night(shop, FIRST, ("ann", "York"), ("bob", "York"))
    night(shop, SECOND, ("bob", "York"))
    assert people(shop) == [("ann", None, True, SECOND), ("bob", "York", False, FIRST)]
    night(shop, THIRD, ("bob", "Hull"))
    night(shop, FOURTH, ("ann", "York"), ("bob", "Hull"))

    assert people(shop) == [("ann", "York", False, FOURTH), ("bob", "Hull", False, THIRD)]
    assert_equals_one_go(shop, FOURTH)


@pytest.mark.parametrize("feed", [CHANGES, SNAPSHOT], ids=["changes", "snapshot"])
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.thorough)])
def test_night_by_night_equals_one_go_over_late_and_shuffled_deliveries(shop_with: Shop, feed: dict[str, Any], seed: int) -> None:
    # given a week of deliveries, some of them late, beside a till that knows the same people
    shop, chance = shop_with(feed), random.Random(seed)
    deliveries = []
    for number, day in enumerate(JANUARY[:7]):
        known_on = JANUARY[min(6, number + chance.choice([0, 0, 2]))]
        rows = [
            (f"p{who}", chance.choice(["York", "Hull"]), chance.choice("IUD"), number * 10 + who)
            for who in range(5)
            if chance.random() < 0.6
        ]
        deliveries.append(Delivery("people", day, rows or [("p9", "York", "I", 0)], known_on))
        deliveries.append(Delivery("tills", day, [(f"p{chance.randint(0, 6)}",)]))
    for day in JANUARY[:7]:
        if todays := [delivery for delivery in deliveries if delivery.first_known_on == day]:
            shop.deliver(*todays, shuffle=seed)
            shop.run(day)

    # when and then
    assert any(row[-1] for row in shop.silver("people"))
    assert_equals_one_go(shop, JANUARY[6])
