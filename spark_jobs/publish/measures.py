"""What a night's news is worth: completeness, uniqueness, consistency, freshness and accounting, as rows of `ops.data_quality`.

News are the rows that became known after the last publication. They are read from disk by DuckDB, beside the engine: aggregates over
few columns, for which a Spark job would cost more than the reading. Routes are predicates in Spark SQL and therefore the engine's.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from conf.catalog import Schema
from conf.entities import Entity
from conf.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CENT = 0.01
OK, WARN, FAILED = "ok", "warn", "failed"

# Entity and field → the entity that must have its value.
REFERENCES = (
    ("order_items", "order_id", "orders"),
    ("order_items", "product_id", "products"),
    ("orders", "source_customer_id", "customers"),
    ("returns", "order_id", "orders"),
    ("coupon_redemptions", "source_customer_id", "customers"),
)
AGREEING = ("gender", "birth_year", "region", "phone_token", "email_token")


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure about the data of a night; `observed` is what is not a share, such as days or rows."""

    dimension: str
    rule: str
    source: str | None = None
    feed: str | None = None
    entity: str | None = None
    column_name: str | None = None
    rows_checked: int | None = None
    rows_failed: int | None = None
    observed: float | None = None
    threshold: float | None = None
    status: str = OK

    @property
    def pass_rate(self) -> float | None:
        """Share of rows that hold; None where nothing was counted."""
        return None if not self.rows_checked or self.rows_failed is None else max(0.0, 1 - self.rows_failed / self.rows_checked)


class News:
    """The rows of a lake's tables that became known in (since, until]."""

    def __init__(self, database: "DuckDBPyConnection", settings: Settings, since: date | None, until: date) -> None:
        self._database = database
        self._warehouse = settings.lake.warehouse
        self._until = until
        self._since = since

    def is_there(self, schema: Schema, name: str) -> bool:
        return (self._warehouse / schema / name / "_delta_log").is_dir()

    def all(self, schema: Schema, name: str) -> str:
        """SQL of a whole table as of the business date."""
        return f"(select * from {self.whole(schema, name)} where {_known_on(schema)} <= date '{self._until}')"

    def whole(self, schema: Schema, name: str) -> str:
        """SQL of a table that has no known dates."""
        return f"delta_scan('{self._warehouse / schema / name}')"

    def of(self, schema: Schema, name: str) -> str:
        """SQL of a table's news."""
        after = f"where {_known_on(schema)} > date '{self._since}'" if self._since else ""
        return f"(select * from {self.all(schema, name)} {after})"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._database.execute(query).fetchall()

    def row(self, query: str) -> tuple[Any, ...]:
        return self._database.execute(query).fetchone() or ()


def _known_on(schema: Schema) -> str:
    return "known_on" if schema is Schema.OPS else "_known_on"


@contextmanager
def news(settings: Settings, since: date | None, until: date) -> Iterator[News]:
    """Read the news of a lake; DuckDB keeps inside half of what the engine may use."""
    import duckdb
    from duckdb_extensions import import_extension

    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB", "temp_directory": str(settings.lake.root / "quality")}) as database:
        import_extension("delta", con=database)
        yield News(database, settings, since, until)


def measured_entities(found: News, entities: Mapping[str, Entity], filled: Mapping[str, frozenset[str]]) -> list[Measure]:
    """Completeness of every field that some map fills, and uniqueness of the key, of the entities that have news.

    Args:
        found: the news.
        entities: by name.
        filled: the fields that maps fill, by entity.
    """
    measures: list[Measure] = []
    for name, entity in sorted(entities.items()):
        fields = [column for column in entity.column_names if column in filled.get(name, ())]
        if not fields or not found.is_there(Schema.SILVER, name):
            continue
        counts = ", ".join(f'count("{field}")' for field in fields)
        news_of = f"{found.of(Schema.SILVER, name)} where _is_deleted is not true"
        rows, keys, *present = found.row(f'select count(*), count(distinct "{entity.key}"), {counts} from {news_of}')
        if rows:
            measures.append(Measure("uniqueness", "key", entity=name, column_name=entity.key, rows_checked=rows, rows_failed=rows - keys))
            measures += [
                Measure("completeness", "not_null", entity=name, column_name=field, rows_checked=rows, rows_failed=rows - there)
                for field, there in zip(fields, present, strict=True)
            ]
    return measures


def measured_consistency(found: News, least: float | None) -> list[Measure]:
    """Whether what belongs together agrees: references, order amounts and lines, and one person's facts in several sources (bar S2)."""
    checks: list[tuple[str, str, str, str | None]] = []
    for entity, field, other in REFERENCES:
        if found.is_there(Schema.SILVER, entity) and found.is_there(Schema.SILVER, other):
            key = {"orders": "order_id", "products": "product_id", "customers": "source_customer_id"}[other]
            there = f"{found.all(Schema.SILVER, other)} o"
            query = (
                f"select count(*), count_if(o.{key} is null) from {found.of(Schema.SILVER, entity)} n left join {there} on n.{field} = o.{key} "
                f"where n.{field} is not null and n._is_deleted is not true and (select count(*) > 0 from {found.all(Schema.SILVER, other)})"
            )
            checks.append((f"{field}_is_in_{other}", query, entity, field))
    if found.is_there(Schema.SILVER, "orders") and found.is_there(Schema.SILVER, "order_items"):
        lines = f"(select order_id, sum(sales_amount) as amount from {found.all(Schema.SILVER, 'order_items')} group by order_id)"
        query = (
            f"select count(*), count_if(abs(o.order_amount - l.amount) > {CENT}) from {found.of(Schema.SILVER, 'orders')} o join {lines} l "
            "using (order_id) where o.order_amount is not null"
        )
        checks.append(("order_amount_is_sum_of_lines", query, "orders", "order_amount"))
    checks += _agreement(found)
    measures = []
    for rule, query, entity, column in checks:
        rows, failed = found.row(query)
        if rows:
            is_low = least is not None and 1 - failed / rows < least
            measures.append(
                Measure("consistency", rule, entity=entity, column_name=column, rows_checked=rows, rows_failed=failed, threshold=least,
                        status=FAILED if is_low else OK)
            )  # fmt: skip
    return measures


def _agreement(found: News) -> list[tuple[str, str, str, str | None]]:
    """Customers whom several sources describe: those with two different values of an attribute."""
    if not (found.is_there(Schema.IDENTITY, "customer_ids") and found.is_there(Schema.SILVER, "customers")):
        return []
    ids = found.whole(Schema.IDENTITY, "customer_ids")
    several = f"(select customer_id from {ids} group by customer_id having count(distinct id_namespace) > 1)"
    people = (
        f"(select i.customer_id, c.* exclude (source_customer_id) from {found.all(Schema.SILVER, 'customers')} c join {ids} i using (source_customer_id) "
        f"where i.customer_id in (from {several}))"
    )
    checks: list[tuple[str, str, str, str | None]] = []
    for attribute in AGREEING:
        told = f"(select count(distinct {attribute}) as different, count({attribute}) as told from {people} group by customer_id)"
        query = f"select count(*), count_if(different > 1) from {told} where told > 1"
        checks.append((f"{attribute}_agrees", query, "customers", attribute))
    return checks
