"""A small world for the conform scenarios: two canonical entities, one source, and deliveries written straight into bronze."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from conf.catalog import bronze_table, catalog, silver_table
from conf.contracts import SourceContract
from conf.entities import Entity
from conf.settings import Settings
from spark_jobs.common.delta import append, ensure_table, overwrite, table_version
from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.conform.step import conform

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JANUARY = [date(2024, 1, day) for day in range(1, 32)]


def entity(name: str, key: str, **columns: str) -> Entity:
    """A canonical entity of the test; column types by name."""
    listed = [{"name": key, "type": "string", "id": True, "description": "key"}]
    listed += [{"name": column, "type": type_, "description": column} for column, type_ in columns.items()]
    return Entity.model_validate({"entity": name, "grain": "one row per key", "key": key, "columns": listed})


def shop(name: str) -> SourceContract:
    """A source with a till (who bought), a loyalty system and an app that both describe people, and a price list."""
    person = [{"name": "person", "type": "string"}]
    described = [*person, {"name": "city", "type": "string"}, {"name": "points", "type": "string"}]
    return SourceContract.model_validate(
        {
            "source": name,
            "feeds": {
                "tills": {
                    "files": "tills/{date}.csv",
                    "format": "csv",
                    "columns": person,
                    "maps": [{"entity": f"{name}_people", "fields": {"person_id": "person"}}],
                },
                "loyalty": {
                    "files": "loyalty/{date}.csv",
                    "format": "csv",
                    "columns": described,
                    "maps": [
                        {"entity": f"{name}_people", "priority": 1, "fields": {"person_id": "person", "city": "city", "points": "points"}}
                    ],
                },
                "app": {
                    "files": "app/{date}.csv",
                    "format": "csv",
                    "columns": described,
                    "maps": [{"entity": f"{name}_people", "fields": {"person_id": "person", "city": "city", "points": "points"}}],
                },
                "prices": {
                    "files": "prices/{date}.csv",
                    "format": "csv",
                    "columns": [{"name": "article", "type": "string"}, {"name": "price", "type": "string"}],
                    "maps": [{"entity": f"{name}_prices", "fields": {"article_id": "article", "price_amount": "price"}}],
                },
            },
        }
    )


@dataclass(frozen=True)
class Delivery:
    """Rows of one file: delivered for one day, known on another when it was late."""

    feed: str
    delivered_on: date
    rows: Sequence[tuple[Any, ...]]
    known_on: date | None = None

    @property
    def first_known_on(self) -> date:
        """When the platform could know it."""
        return self.known_on or self.delivered_on


@dataclass
class ConformLake:
    """One test's source and entities, apart from everybody else's by name."""

    spark: "SparkSession"
    settings: Settings
    name: str
    _batches: int = 0
    entities: dict[str, Entity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.contract = shop(self.name)
        self.entities = {
            f"{self.name}_people": entity(f"{self.name}_people", "person_id", city="string", points="int"),
            f"{self.name}_prices": entity(f"{self.name}_prices", "article_id", price_amount="decimal(18,2)"),
        }
        for feed_name, feed in self.contract.feeds.items():
            ensure_table(self.spark, self.settings, bronze_table(self.name, feed_name, feed))

    def deliver(self, *deliveries: Delivery, shuffle: int | None = None) -> None:
        """Load deliveries as one batch per feed, as ingest would; `shuffle` seeds another order of rows."""
        self._batches += 1
        for feed_name in sorted({delivery.feed for delivery in deliveries}):
            self._load(feed_name, [delivery for delivery in deliveries if delivery.feed == feed_name], shuffle)

    def run(self, day: date) -> StepReport:
        """Conform the test's entities for a business date."""
        return conform(StepContext(self.spark, self.settings, day, "test"), {self.name: self.contract}, self.entities)

    def people(self) -> list[tuple[Any, ...]]:
        """Silver's people as plain rows: key, city, points, source, known on."""
        return [row[:-2] for row in self.silver("people")]

    def prices(self) -> list[tuple[Any, ...]]:
        """Silver's prices as plain rows: key, price, source, known on."""
        return [row[:-2] for row in self.silver("prices")]

    def version(self, what: str) -> int:
        """Delta version of a silver table."""
        return table_version(self.spark, f"silver.{self.name}_{what}")

    def forget(self) -> None:
        """Throw silver and the state of these entities away, for a rebuild."""
        for each in self.entities.values():
            table = silver_table(each)
            overwrite(self.spark, self.settings, table, self.spark.createDataFrame([], table.ddl))
            self.spark.sql(f"delete from ops.conform_state where entity = '{each.entity}'")

    def silver(self, what: str) -> list[tuple[Any, ...]]:
        """A silver table with all its columns, as plain rows in order of key."""
        return sorted((tuple(row) for row in self.spark.table(f"silver.{self.name}_{what}").collect()), key=lambda row: str(row[0]))

    def _load(self, feed_name: str, deliveries: Iterable[Delivery], shuffle: int | None) -> None:
        table = bronze_table(self.name, feed_name, self.contract.feeds[feed_name])
        batch = f"{feed_name}-{self._batches}"
        rows, files = [], []
        for delivery in deliveries:
            path = f"{self.name}/{feed_name}/{delivery.delivered_on}.csv"
            provenance = (path, f"hash of {path}", delivery.first_known_on, batch)
            rows += [(*row, provenance[0], line, *provenance[1:]) for line, row in enumerate(delivery.rows, start=2)]
            files.append((path, delivery.first_known_on, len(delivery.rows)))
        if shuffle is not None:
            random.Random(shuffle).shuffle(rows)
        append(self.spark, self.settings, table, self.spark.createDataFrame(rows, table.ddl))
        self.record(feed_name, batch, files)

    def record(self, feed_name: str, batch: str, files: Iterable[tuple[str, date, int]], status: str = "loaded") -> None:
        """Note files as loaded, as ingest would."""
        manifest = catalog().table("ops.ingest_manifest")
        rows = [
            (
                batch,
                self.name,
                feed_name,
                path,
                f"hash of {path}",
                0,
                0,
                known_on,
                count,
                count,
                0,
                status,
                None,
                None,
                known_on,
                datetime(2024, 2, 1, tzinfo=UTC),
            )
            for path, known_on, count in files
        ]
        append(self.spark, self.settings, manifest, self.spark.createDataFrame(rows, manifest.ddl))
