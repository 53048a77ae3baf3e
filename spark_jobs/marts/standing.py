"""What of the marts stands already: the definitions and the slices of silver the tables were built with, and the date they stand at."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.catalog import Schema, Table, catalog, prediction_table
from conf.settings import Settings
from spark_jobs.common.delta import ensure_table
from spark_jobs.marts.runner import PROJECT_DIR, dbt_vars, parse, target_dir

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from pyspark.sql import SparkSession

FOUNDATION = "foundation"
STATE = "ops.conform_state"
VARIABLES_HELD = ("product_namespaces", "converts_currency", "retailer_currency", "source_currencies", "non_purchase_statuses")

# Dates after which the incremental marts hold nothing: what was known or happened last, and what the profiles were built for.
KNOWN = (("fct_orders", "known_on"), ("fct_order_items", "known_on"))
DATED = (*KNOWN, ("fct_orders", "ordered_on"), ("dim_customers", "as_of_on"))


def fingerprint(manifest: "Manifest", unique_ids: Iterable[str], settings: Settings) -> str:
    """Changes when a node, a macro or a setting of the project does, or a variable that views and incremental models hold."""
    held = {name: value for name, value in dbt_vars(settings, date.min).items() if name in VARIABLES_HELD}
    parts = [(PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"), json.dumps(held, sort_keys=True)]
    parts += [f"{unique_id}={manifest.nodes[unique_id].checksum.checksum}" for unique_id in unique_ids]
    parts += [macro.macro_sql for macro in manifest.macros.values() if macro.package_name == "cdp"]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def foundation_nodes(manifest: "Manifest") -> list[str]:
    """Views and seeds that hold no business date: they stay as they are until their definition changes."""
    return [unique_id for unique_id, node in manifest.nodes.items() if FOUNDATION in node.tags]


def incremental_nodes(manifest: "Manifest") -> list[str]:
    """Models that keep rows of earlier nights."""
    return [unique_id for unique_id, node in manifest.nodes.items() if node.config.materialized == "incremental"]


def with_inputs(manifest: "Manifest", unique_ids: Iterable[str]) -> list[str]:
    """These nodes and the nodes they read directly: those that find out what changed are among them."""
    nodes = [*unique_ids]
    inputs = {name for unique_id in nodes for name in manifest.nodes[unique_id].depends_on.nodes if name in manifest.nodes}
    return sorted(inputs.union(nodes))


def _file(settings: Settings) -> Path:
    return target_dir(settings) / "standing.json"


def forget(settings: Settings) -> None:
    """Let the next night build the incremental marts from the beginning."""
    _file(settings).unlink(missing_ok=True)


class Standing:
    """Compares the project with what is in the lake."""

    def __init__(self, spark: "SparkSession", settings: Settings) -> None:
        self._spark = spark
        self._settings = settings
        self._manifest = parse(settings)
        self._file = _file(settings)
        nodes = foundation_nodes(self._manifest)
        kept = {*nodes, *with_inputs(self._manifest, incremental_nodes(self._manifest))}
        self._now = {
            "foundation": fingerprint(self._manifest, nodes, self._settings),
            "incremental": fingerprint(self._manifest, kept, self._settings),
            "taken": self._taken(),
        }

    def needs_foundation(self) -> bool:
        """True when a view or seed is missing or was built from another definition."""
        return self._before().get("foundation") != self._now["foundation"] or self._missing(foundation_nodes(self._manifest))

    def needs_full_refresh(self, business_date: date) -> bool:
        """True when the incremental marts cannot be continued.

        They are missing, were built from other code, stand after the date, or silver has got other rows in the past: of a map that
        was corrected, or of files that became known for a night that was built but never published.
        """
        if self._before().get("incremental") != self._now["incremental"] or self._missing(incremental_nodes(self._manifest)):
            return True
        dates = self._last_dates()
        if any(day > business_date for day in dates.values()):
            return True
        # From here on the models look for news themselves.
        looks_from = min((dates[column] for column in KNOWN if column in dates), default=date.min)
        return self._past_of("taken", self._before(), looks_from) != self._past_of("taken", self._now, looks_from)

    def remember(self) -> None:
        """Note the definitions that the lake was built with; call it when the build succeeded."""
        self._file.write_text(json.dumps(self._now, indent=1), encoding="utf-8")

    def forget(self) -> None:
        """Before a full refresh: if it is killed half-way, the next run starts it again."""
        forget(self._settings)

    def ensure_sources(self) -> None:
        """Create the tables that the project reads and no earlier step has made: a retailer may lack any of them."""
        tables = {table.full_name: table for schema in (Schema.SILVER, Schema.IDENTITY) for table in catalog().in_schema(schema)}
        for source in self._manifest.sources.values():
            if source.source_name == Schema.PREDICTIONS:
                tables.setdefault(f"predictions.{source.name}", prediction_table(source.name))
            elif source.source_name == Schema.OPS:
                tables.setdefault(f"ops.{source.name}", catalog().table(f"ops.{source.name}"))
        for table in self._absent(list(tables.values())):
            ensure_table(self._spark, self._settings, table)

    def _before(self) -> dict[str, Any]:
        if not self._file.is_file():
            return {}
        try:
            found: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return found

    def _taken(self) -> dict[str, str]:
        """By known date, a digest of the slices that silver has of it and of the definitions they went through."""
        if "conform_state" not in self._tables_in(Schema.OPS):
            return {}
        piece = "concat_ws('/', entity, source, feed, batch_id, row_count, definition_hash)"
        query = f"select known_on, sha2(array_join(array_sort(collect_set({piece})), ','), 256) as digest from {STATE} where source != '' group by known_on"
        return {row["known_on"].isoformat(): row["digest"][:16] for row in self._spark.sql(query).collect()}

    @staticmethod
    def _past_of(name: str, noted: dict[str, Any], until: date) -> dict[str, str]:
        return {day: digest for day, digest in noted.get(name, {}).items() if day < until.isoformat()}

    def _last_dates(self) -> dict[tuple[str, str], date]:
        """The last date in each of the columns DATED that has any."""
        there = self._tables_in(Schema.GOLD_BUILD)
        # The filter keeps Delta 4.4 from answering out of its statistics, where the greatest date fails with a ClassCastException.
        queries = [
            f"select '{table}' as table, '{name}' as name, max({name}) as day from {Schema.GOLD_BUILD}.{table} where {name} is not null"
            for table, name in DATED
            if table in there
        ]
        rows = self._spark.sql(" union all ".join(queries)).collect() if queries else []
        return {(row["table"], row["name"]): row["day"] for row in rows if row["day"] is not None}

    def _missing(self, unique_ids: Iterable[str]) -> bool:
        wanted = {(node.schema, node.alias) for node in map(self._manifest.nodes.__getitem__, unique_ids)}
        there = {(schema, table) for schema in {schema for schema, _ in wanted} for table in self._tables_in(schema)}
        return bool(wanted - there)

    def _absent(self, tables: list[Table]) -> list[Table]:
        there = {schema: self._tables_in(schema) for schema in {table.schema for table in tables}}
        return [table for table in tables if table.name not in there[table.schema]]

    def _tables_in(self, schema: str) -> set[str]:
        return {row["tableName"] for row in self._spark.sql(f"show tables in {schema}").collect()}
