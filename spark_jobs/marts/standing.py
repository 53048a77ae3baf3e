"""What of the marts stands already: the definitions the tables were built with, and the date gold stands at."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from conf.catalog import Schema, Table, catalog, prediction_table
from conf.settings import Settings
from spark_jobs.common.delta import ensure_table
from spark_jobs.marts.runner import PROJECT_DIR, parse, target_dir

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from pyspark.sql import SparkSession

FOUNDATION = "foundation"


def fingerprint(manifest: "Manifest", unique_ids: Iterable[str]) -> str:
    """Changes when a node, a macro or a setting of the project does."""
    parts = [(PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8")]
    parts += [f"{unique_id}={manifest.nodes[unique_id].checksum.checksum}" for unique_id in unique_ids]
    parts += [macro.macro_sql for macro in manifest.macros.values() if macro.package_name == "cdp"]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def foundation_nodes(manifest: "Manifest") -> list[str]:
    """Views and seeds that hold no business date: they stay as they are until their definition changes."""
    return [unique_id for unique_id, node in manifest.nodes.items() if FOUNDATION in node.tags]


def incremental_nodes(manifest: "Manifest") -> list[str]:
    """Models that keep rows of earlier nights."""
    return [unique_id for unique_id, node in manifest.nodes.items() if node.config.materialized == "incremental"]


class Standing:
    """Compares the project with what is in the lake."""

    def __init__(self, spark: "SparkSession", settings: Settings) -> None:
        self._spark = spark
        self._settings = settings
        self._manifest = parse(settings)
        self._file = target_dir(settings) / "standing.json"
        nodes = foundation_nodes(self._manifest)
        self._now = {
            "foundation": fingerprint(self._manifest, nodes),
            "incremental": fingerprint(self._manifest, [*nodes, *incremental_nodes(self._manifest)]),
        }

    def needs_foundation(self) -> bool:
        """True when a view or seed is missing or was built from another definition."""
        return self._before().get("foundation") != self._now["foundation"] or self._missing(foundation_nodes(self._manifest))

    def needs_full_refresh(self, business_date: date) -> bool:
        """True when the incremental marts cannot be continued: missing, built from other code, or standing after the date."""
        if self._before().get("incremental") != self._now["incremental"] or self._missing(incremental_nodes(self._manifest)):
            return True
        stands_at = self._stands_at()
        return stands_at is not None and stands_at > business_date

    def remember(self) -> None:
        """Note the definitions that the lake was built with; call it when the build succeeded."""
        self._file.write_text(json.dumps(self._now, indent=1), encoding="utf-8")

    def forget(self) -> None:
        """Before a full refresh: if it is killed half-way, the next run starts it again."""
        self._file.unlink(missing_ok=True)

    def ensure_sources(self) -> None:
        """Create the tables that the project reads and no earlier step has made: a retailer may lack any of them."""
        tables = {table.full_name: table for schema in (Schema.SILVER, Schema.IDENTITY) for table in catalog().in_schema(schema)}
        for source in self._manifest.sources.values():
            if source.source_name == Schema.PREDICTIONS:
                tables.setdefault(f"predictions.{source.name}", prediction_table(source.name))
        for table in self._absent(list(tables.values())):
            ensure_table(self._spark, self._settings, table)

    def _before(self) -> dict[str, str]:
        if not self._file.is_file():
            return {}
        try:
            found: dict[str, str] = json.loads(self._file.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return found

    def _stands_at(self) -> date | None:
        """The last date that anything in the incremental marts was known or happened on, or the profiles were built for."""
        columns = [("fct_orders", "known_on"), ("fct_orders", "ordered_on"), ("dim_customers", "as_of_on")]
        there = self._tables_in(Schema.GOLD_BUILD)
        # The filter keeps Delta 4.4 from answering out of its statistics, where the greatest date fails with a ClassCastException.
        queries = [
            f"select max({name}) as day from {Schema.GOLD_BUILD}.{table} where {name} is not null"
            for table, name in columns
            if table in there
        ]
        if not queries:
            return None
        day: date | None = self._spark.sql(f"select max(day) as day from ({' union all '.join(queries)})").collect()[0]["day"]
        return day

    def _missing(self, unique_ids: Iterable[str]) -> bool:
        wanted = {(node.schema, node.alias) for node in map(self._manifest.nodes.__getitem__, unique_ids)}
        there = {(schema, table) for schema in {schema for schema, _ in wanted} for table in self._tables_in(schema)}
        return bool(wanted - there)

    def _absent(self, tables: list[Table]) -> list[Table]:
        there = {schema: self._tables_in(schema) for schema in {table.schema for table in tables}}
        return [table for table in tables if table.name not in there[table.schema]]

    def _tables_in(self, schema: str) -> set[str]:
        return {row["tableName"] for row in self._spark.sql(f"show tables in {schema}").collect()}
