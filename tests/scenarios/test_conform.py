"""Conform's promises on the real engine: one row per key, late and repeated rows settled, incremental equal to full."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from conf.errors import ConfigError
from conf.settings import Settings
from spark_jobs.common.delta import table_version
from tests.scenarios.conform_lake import JANUARY, ConformLake, Delivery

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.proof]

FIRST, SECOND, THIRD, FOURTH = JANUARY[:4]


@pytest.fixture
def shop(spark: "SparkSession", settings: Settings, request: pytest.FixtureRequest) -> Iterator[ConformLake]:
    """A source of the test's own; what it delivered is taken out of the books afterwards, for tests of later steps."""
    number = sum(map(ord, request.node.name))
    shop = ConformLake(spark, settings, f"shop_{number}")
    yield shop
    for table in ("ops.ingest_manifest", "ops.conform_rejects"):
        if spark.catalog.tableExists(table):
            spark.sql(f"delete from {table} where source = '{shop.name}'")


def test_the_latest_version_of_a_key_wins_and_nothing_is_lost_on_the_way(shop: ConformLake) -> None:
    # given a price that changes, one that repeats, one that cannot be read and one without an article
    shop.deliver(
        Delivery("prices", FIRST, [("milk", "1.10"), ("bread", "2.00"), ("eggs", "cheap")]),
        Delivery("prices", SECOND, [("milk", "1.20"), ("bread", "2.00"), (None, "9.99")]),
    )

    # when
    report = shop.run(SECOND)

    # then milk has the new price since the second day, bread the same since the first, and the other two are told
    source = shop.name
    assert shop.prices() == [(f"{source}:bread", Decimal("2.00"), source, FIRST), (f"{source}:milk", Decimal("1.20"), source, SECOND)]
    rejects = (
        shop.spark.table("ops.conform_rejects")
        .where(f"source = '{source}'")
        .select("_line", "reasons")
        .orderBy("_line", "_known_on")
        .collect()
    )
    assert [tuple(row) for row in rejects] == [(4, ["price_amount: not a decimal(18,2)"]), (4, ["article_id: missing"])]
    assert (report.counts["rows_in"], report.counts["superseded"], report.counts["rejected"], report.counts["written"]) == (6, 2, 2, 2)


def test_an_older_version_that_arrives_late_does_not_overwrite_a_newer_one(shop: ConformLake) -> None:
    # given a price of the third in silver
    shop.deliver(Delivery("prices", THIRD, [("milk", "1.30")]))
    shop.run(THIRD)

    # when the file of the first arrives on the fourth, with milk and an article nobody knew
    shop.deliver(Delivery("prices", FIRST, [("milk", "1.10"), ("tea", "3.00")], known_on=FOURTH))
    shop.run(FOURTH)

    # then milk keeps its newer price, and tea is known since the fourth
    source = shop.name
    assert shop.prices() == [(f"{source}:milk", Decimal("1.30"), source, THIRD), (f"{source}:tea", Decimal("3.00"), source, FOURTH)]


def test_two_feeds_describe_one_person_column_by_column(shop: ConformLake) -> None:
    # given a buyer, described by the loyalty system without a city and by the app with one
    shop.deliver(
        Delivery("tills", FIRST, [("ann",), ("bob",), ("ann",)]),
        Delivery("loyalty", SECOND, [("ann", None, "7")]),
        Delivery("app", THIRD, [("ann", "York", "99")]),
    )

    # when
    shop.run(THIRD)

    # then loyalty's points outrank the app's, the app fills the city, and the till's word alone makes a row
    source = shop.name
    assert shop.people() == [(f"{source}:ann", "York", 7, source, THIRD), (f"{source}:bob", None, None, source, FIRST)]


def test_more_purchases_do_not_rewrite_the_people_who_made_them(shop: ConformLake) -> None:
    # given people in silver
    shop.deliver(Delivery("tills", FIRST, [("ann",), ("bob",)]), Delivery("loyalty", FIRST, [("ann", "York", "7")]))
    shop.run(FIRST)
    before, version = shop.people(), shop.version("people")

    # when they buy again
    shop.deliver(Delivery("tills", SECOND, [("ann",), ("bob",)]))
    shop.run(SECOND)

    # then no row and no version of the table is new
    assert shop.people() == before
    assert shop.version("people") == version


def test_a_second_run_of_a_night_is_skipped_before_it_reads(shop: ConformLake) -> None:
    shop.deliver(Delivery("prices", FIRST, [("milk", "1.10")]))
    shop.run(FIRST)
    version = shop.version("prices")

    report = shop.run(FIRST)

    assert report.skipped_reason
    assert shop.version("prices") == version


def test_a_run_for_an_earlier_date_shows_silver_as_it_was_then(shop: ConformLake) -> None:
    # given three days in silver
    shop.deliver(*(Delivery("prices", day, [("milk", f"1.{day.day}0")]) for day in (FIRST, SECOND, THIRD)))
    shop.run(THIRD)

    # when the second is run again, and then the third
    shop.run(SECOND)
    as_of_second = shop.prices()
    shop.run(THIRD)

    # then each shows its own day
    source = shop.name
    assert as_of_second == [(f"{source}:milk", Decimal("1.20"), source, SECOND)]
    assert shop.prices() == [(f"{source}:milk", Decimal("1.30"), source, THIRD)]


def test_a_kill_between_the_silver_and_the_state_commit_only_repeats_work(shop: ConformLake) -> None:
    # given silver one night ahead of its state, as a kill between the two commits leaves it
    shop.deliver(Delivery("prices", FIRST, [("milk", "1.10"), ("tea", "3.00")]))
    shop.run(FIRST)
    shop.deliver(Delivery("prices", SECOND, [("milk", "1.20"), ("eggs", "2.00")]), Delivery("prices", THIRD, [("milk", "1.10")]))
    shop.run(THIRD)
    undisturbed, version = shop.prices(), shop.version("prices")
    shop.spark.sql(f"delete from ops.conform_state where source = '{shop.name}' and known_on > date'{FIRST}'")

    # when the night is run again
    report = shop.run(THIRD)

    # then the table is what it was, without a new version
    assert report.counts["rows_in"] == 3
    assert shop.prices() == undisturbed
    assert shop.version("prices") == version


def test_a_changed_map_rebuilds_the_entity_and_one_that_fails_is_named(shop: ConformLake) -> None:
    # given
    shop.deliver(Delivery("prices", FIRST, [("milk", "1.10")]))
    shop.run(FIRST)

    # when the map says something else, then the rows are what it says
    map_price(shop, "try_cast(price as decimal(18,2)) * 2")
    shop.run(FIRST)
    assert [row[1] for row in shop.prices()] == [Decimal("2.20")]

    # when it says what cannot be done, then the error says where, and tells no value
    map_price(shop, "price * 2")
    with pytest.raises(ConfigError, match=r"prices \(map 0\)") as caught:
        shop.run(FIRST)
    assert "1.10" not in str(caught.value)


def map_price(shop: ConformLake, expr: str) -> None:
    """Map the price by an expression."""
    mapping = shop.contract.feeds["prices"].maps[0]
    price = mapping.fields["price_amount"].model_validate({"expr": expr})
    changed = mapping.model_copy(update={"fields": mapping.fields | {"price_amount": price}})
    feeds = shop.contract.feeds | {"prices": shop.contract.feeds["prices"].model_copy(update={"maps": (changed,)})}
    shop.contract = shop.contract.model_copy(update={"feeds": feeds})


def _random_deliveries(seed: int, days: int) -> list[Delivery]:
    """Some days of deliveries with changes, repeats, late files and several feeds for one person."""
    chance = random.Random(seed)
    people, cities = [f"p{n}" for n in range(8)], ["York", "Leeds", None]
    found = []
    for day in JANUARY[:days]:
        for feed in ("loyalty", "app"):
            if chance.random() < 0.6:
                rows = [(chance.choice(people), chance.choice(cities), chance.choice(["1", "2", None, "many"])) for _ in range(5)]
                late = chance.random() < 0.3
                known_on = JANUARY[min(days - 1, day.day - 1 + chance.randint(1, 5))] if late else day
                found.append(Delivery(feed, day, rows, known_on))
        found.append(Delivery("tills", day, [(chance.choice([*people, f"guest{day.day}", None]),) for _ in range(6)]))
        found.append(Delivery("prices", day, [(chance.choice("abcde"), f"{chance.randint(1, 3)}.00") for _ in range(4)]))
    return found


@pytest.mark.parametrize(
    ("seed", "days"), [(1, 4), pytest.param(2, 12, marks=pytest.mark.thorough), pytest.param(3, 12, marks=pytest.mark.thorough)]
)
def test_night_by_night_equals_all_in_one_go_over_late_repeated_and_shuffled_rows(shop: ConformLake, seed: int, days: int) -> None:
    # given deliveries that arrive night by night, in any order of rows
    deliveries = _random_deliveries(seed, days)
    nights = sorted({delivery.first_known_on for delivery in deliveries})
    for night in nights:
        shop.deliver(*(delivery for delivery in deliveries if delivery.first_known_on == night), shuffle=night.day)
        shop.run(night)
    people, prices = shop.silver("people"), shop.silver("prices")

    # when silver is thrown away and made in one go
    shop.forget()
    report = shop.run(nights[-1])

    # then it is the same
    assert report.counts["rebuilt"] == 2
    assert shop.silver("people") == people
    assert shop.silver("prices") == prices


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (2, 3))])
def test_runs_of_any_dates_killed_between_any_two_commits_come_to_the_undisturbed_tables(shop: ConformLake, seed: int) -> None:
    # given six days of deliveries to two entities, all in bronze
    chance = random.Random(seed)
    days = JANUARY[:6]
    for day in days:
        prices = [(chance.choice(["milk", "tea", "eggs"]), f"{chance.randint(1, 9)}.00") for _ in range(2)]
        shop.deliver(Delivery("prices", day, prices), Delivery("app", day, [(chance.choice("ab"), f"city {day.day}", str(day.day))]))
    tables = [f"silver.{shop.name}_prices", f"silver.{shop.name}_people"]
    shop.run(days[0])

    # when runs of random dates are killed after the mark of their beginning, or after some of their tables
    for _ in range(5):
        before = {table: table_version(shop.spark, table) for table in tables}
        begun = table_version(shop.spark, "ops.conform_state") + 1
        shop.run(chance.choice(days))
        if table_version(shop.spark, "ops.conform_state") < begun:
            continue  # nothing to do on that date: nothing to kill
        for table in chance.sample(tables, chance.randint(0, 2)):
            shop.spark.sql(f"restore table {table} to version as of {before[table]}")
        shop.spark.sql(f"restore table ops.conform_state to version as of {begun}")

    # then a run of any date comes to what a rebuild gives, and so does the newest
    for day in (chance.choice(days), days[-1]):
        shop.run(day)
        found = shop.silver("prices"), shop.silver("people")
        shop.forget()
        shop.run(day)
        assert (shop.silver("prices"), shop.silver("people")) == found


def test_a_killed_run_of_an_older_date_does_not_lose_the_newest_days(shop: ConformLake) -> None:
    # given sixteen prices over two days in silver, and a run of the first day that is killed before it notes what silver has
    shop.deliver(*(Delivery("prices", day, [(f"article {n} of {day.day}", "1.00") for n in range(8)]) for day in (FIRST, SECOND)))
    shop.run(SECOND)
    begun = table_version(shop.spark, "ops.conform_state") + 1
    shop.run(FIRST)
    shop.spark.sql(f"restore table ops.conform_state to version as of {begun}")
    assert len(shop.prices()) == 8

    # when the newest day is run again
    shop.run(SECOND)

    # then
    assert len(shop.prices()) == 16
