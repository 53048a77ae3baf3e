"""A tiny grocer: literal silver tables, and the mart steps run on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from conf.catalog import Schema, Table, catalog
from conf.settings import Settings
from spark_jobs.common.delta import ensure_table, overwrite
from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.marts import activity, customers, metrics

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Row = dict[str, Any]


def day(number: int) -> date:
    """A day of January 2024."""
    return date(2024, 1, number)


def an_order(order_id: str, customer: str | None, on: int, known: int | None = None, **more: Any) -> Row:
    """An order at noon UTC; known on its own day unless said otherwise."""
    return {
        "order_id": order_id,
        "source_customer_id": f"shop:{customer}" if customer else None,
        "store_id": "shop:s1",
        "channel": "pos",
        "ordered_at": datetime(2024, 1, on, 12, tzinfo=UTC),
        "ordered_on": day(on),
        "status": "completed",
        "_known_on": day(known or on),
        **more,
    }


def a_line(order_item_id: str, order_id: str, product: str, sales: str, known: int, **more: Any) -> Row:
    """A line of an order."""
    return {
        "order_item_id": order_item_id,
        "order_id": order_id,
        "product_id": product,
        "quantity": Decimal(1),
        "sales_amount": Decimal(sales),
        "_known_on": day(known),
        **more,
    }


def a_product(product_id: str, product_class: str | None = "merchandise", department: str = "GROCERY", known: int = 1) -> Row:
    """A product."""
    return {"product_id": product_id, "product_class": product_class, "department": department, "_known_on": day(known)}


def an_identity(customer: str, known: int = 1) -> Row:
    """The customer `c_<name>` behind the source key `shop:<name>`."""
    return {"source_customer_id": f"shop:{customer}", "id_namespace": "shop", "customer_id": f"c_{customer}", "first_known_on": day(known)}


@dataclass(frozen=True)
class Grocer:
    """A lake whose silver tables are given as literal rows."""

    spark: "SparkSession"
    settings: Settings

    def delivers(self, **tables: Iterable[Row]) -> None:
        """Replace silver entities (by name), `customer_ids` or predictions by these rows; other columns are null."""
        for name, rows in tables.items():
            self._write(_table(name), list(rows))

    def has_taken(self, definitions: dict[int, str]) -> None:
        """What conform has noted: for each day the definition that its slice went through."""
        table = catalog().table("ops.conform_state")
        rows = [("orders", "shop", "till", "b", day(on), day(on), 1, day(on), definition) for on, definition in definitions.items()]
        overwrite(self.spark, self.settings, table, self.spark.createDataFrame(rows, table.ddl))  # type: ignore[arg-type]

    def has_nothing(self) -> None:
        """Empty every table the marts read, and remove the marts."""
        tables = [t for schema in (Schema.SILVER, Schema.IDENTITY, Schema.PREDICTIONS) for t in catalog().in_schema(schema)]
        tables.append(catalog().table("ops.conform_state"))
        for table in tables:
            ensure_table(self.spark, self.settings, table)
            self.spark.sql(f"delete from {table.full_name}")
        for row in self.spark.sql(f"show tables in {Schema.GOLD_BUILD}").collect():
            self.spark.sql(f"drop table {Schema.GOLD_BUILD}.{row['tableName']}")

    def activity(self, on: int) -> StepReport:
        """Run the activity step."""
        return activity.run(self._context(on))

    def profiles(self, on: int) -> StepReport:
        """Run the customers step on the facts as they are."""
        return customers.run(self._context(on))

    def night(self, on: int) -> None:
        """Run all three mart steps."""
        for step in (activity, customers, metrics):
            step.run(self._context(on))

    def check(self, on: int) -> StepReport:
        """Run the metrics step, which ends with all data tests."""
        return metrics.run(self._context(on))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query as tuples."""
        return [tuple(row) for row in self.spark.sql(query).collect()]

    def _context(self, on: int) -> StepContext:
        return StepContext(self.spark, self.settings, day(on), "test")

    def _write(self, table: Table, rows: list[Row]) -> None:
        unknown = {name for row in rows for name in row} - set(table.field_names)
        assert not unknown, f"{table.full_name} has no {unknown}"
        values = [tuple(_value(row, name) for name in table.field_names) for row in rows]
        frame = self.spark.createDataFrame(values, table.ddl)  # type: ignore[arg-type]
        overwrite(self.spark, self.settings, table, frame)


def _value(row: Row, name: str) -> Any:
    if name == "_source":
        return "shop"
    return row.get(name, row.get("_known_on") if name == "_first_known_on" else None)


def _table(name: str) -> Table:
    for schema in (Schema.SILVER, Schema.IDENTITY, Schema.PREDICTIONS):
        for table in catalog().in_schema(schema):
            if table.name == name:
                return table
    raise KeyError(name)
