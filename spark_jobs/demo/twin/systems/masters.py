"""Master data: products and their prices, stores, and the weather service."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.places import CITY_LABELS, CITY_NAMES, REGIONS
from spark_jobs.demo.twin.products import CATEGORIES, DEPARTMENTS, product_numbers
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import DAY, constant, digits, fixed, joined, moment, money, number, pick
from spark_jobs.demo.twin.systems.sales import stores_of

PRODUCTS = FeedFile(
    "twin_products", "products",
    (
        FileColumn("sku", "id", required=True), FileColumn("name_zh", required=True), FileColumn("department", "code", required=True),
        FileColumn("department_zh"), FileColumn("category", "code", required=True), FileColumn("brand"), FileColumn("unit", "code"),
        FileColumn("is_organic", "flag"), FileColumn("is_imported", "flag"), FileColumn("health_score", "number"),
        FileColumn("shelf_life_days", "number"), FileColumn("list_price", "money"),
    ),
    may_be_late=False, may_be_dirty=False,
)  # fmt: skip
PRICES = FeedFile(
    "twin_products", "prices",
    (
        FileColumn("sku", "id", required=True), FileColumn("valid_on", "date", required=True), FileColumn("shelf_price", "money", required=True),
        FileColumn("promo_price", "money"),
    ),
)  # fmt: skip
STORES = FeedFile(
    "twin_stores", "stores",
    (
        FileColumn("store_code", "id", required=True), FileColumn("store_name", required=True), FileColumn("city", required=True),
        FileColumn("region", "code", required=True), FileColumn("lat", "number"), FileColumn("lng", "number"), FileColumn("opened_on", "date"),
    ),
    may_be_late=False, may_be_dirty=False,
)  # fmt: skip
WEATHER = FeedFile(
    "twin_weather", "daily",
    (
        FileColumn("adcode", "id", required=True), FileColumn("city", required=True), FileColumn("observed_on", "date", required=True),
        FileColumn("temp_mean_c", "number", required=True), FileColumn("rain_mm", "number", required=True),
    ),
)  # fmt: skip
PRODUCTS_EVERY, STORES_EVERY = 7, 30  # days between two full lists


class Products(SourceSystem):
    """The product master (a full list every week) and the prices that changed."""

    feeds = (PRODUCTS, PRICES)

    def __init__(self) -> None:
        self._prices: tuple[Ints, Ints] | None = None

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The full list on its days; prices that are other than yesterday."""
        goods = day.world.assortment
        table = goods.products
        if day.number % PRODUCTS_EVERY == 0:
            yield rows_of(PRODUCTS, [
                product_numbers(table["product"]), goods.names, pick([name for name, _ in DEPARTMENTS], table["department"]),
                pick([label for _, label in DEPARTMENTS], table["department"]), pick(CATEGORIES, table["category"]), goods.brands,
                pick(("piece", "kg"), table["by_weight"].astype(np.int64)), pick(("N", "Y"), table["organic"].astype(np.int64)),
                pick(("N", "Y"), table["imported"].astype(np.int64)), fixed(np.round(table["health"] * 100).astype(np.int64), 2),
                number(table["shelf_life"]), money(table["price"]),
            ], table["product"])  # fmt: skip
        shelf = day.world.shelf_prices(day.number)
        cuts = day.world.cuts(day.number)
        promo = np.where(cuts > 0, np.round(shelf * (1 - cuts)).astype(np.int64), -1)
        before = self._prices
        changed = np.flatnonzero((shelf != before[0]) | (promo != before[1])) if before else np.arange(len(shelf))
        self._prices = shelf, promo
        if len(changed):
            cut = pa.compute.if_else(pa.array(promo[changed] >= 0), money(np.maximum(promo[changed], 0)), pa.scalar(None, pa.string()))
            yield rows_of(PRICES, [
                product_numbers(changed), constant(f"{day.date:%Y-%m-%d}", len(changed)), money(shelf[changed]), cut,
            ], changed)  # fmt: skip


class Stores(SourceSystem):
    """The list of stores, whole, every month."""

    feeds = (STORES,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The full list on its days."""
        if day.number % STORES_EVERY:
            return
        stores = day.world.stores
        opened = (day.world.span.midnight(0) // 86_400 + 1 + stores["opened_day"]) * 86_400
        yield rows_of(STORES, [
            stores_of(day, stores["store"]), joined(pick(CITY_LABELS, stores["city"]), number(stores["store"] + 1), "号店"),
            pick(CITY_NAMES, stores["city"]), pick(REGIONS, stores["region"]), fixed(np.round(stores["latitude"] * 1e5).astype(np.int64), 5),
            fixed(np.round(stores["longitude"] * 1e5).astype(np.int64), 5), moment(opened, DAY),
        ], stores["store"])  # fmt: skip


class Weather(SourceSystem):
    """A weather service: yesterday's weather would be late, so it is the day's own, by city."""

    feeds = (WEATHER,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """One row for each city."""
        weather, cities = day.world.weather(day.number), day.world.cities
        yield rows_of(WEATHER, [
            digits(cities["adcode"], 6), pick(CITY_NAMES, weather["city"]), constant(f"{day.date:%Y-%m-%d}", len(weather)),
            fixed(np.round(weather["temperature"] * 10).astype(np.int64), 1), fixed(np.round(weather["rain"] * 10).astype(np.int64), 1),
        ], weather["city"])  # fmt: skip
