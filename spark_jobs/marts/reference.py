"""`docs/outputs.md` and `docs/entities.md`, written from the contracts of the marts, the catalogue and the entities; a test says when they are old.

Run it with `python -m spark_jobs.marts.reference`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from conf.catalog import STATIC_TABLES, Schema, Table, feature_table, prediction_table
from conf.entities import Entity, load_entities
from conf.models import load_features, load_models
from conf.settings import PROJECT_ROOT
from spark_jobs.marts.runner import PROJECT_DIR

OUTPUTS, ENTITIES = PROJECT_ROOT / "docs" / "outputs.md", PROJECT_ROOT / "docs" / "entities.md"
WRITTEN_BY = "<!-- Written by `python -m spark_jobs.marts.reference`. Change the contracts, not this page. -->"
Row = tuple[str, ...]


def main() -> None:
    """Write both pages."""
    for file, text in pages().items():
        file.write_text(text, encoding="utf-8")


def pages() -> dict[Path, str]:
    """The text of each page by file."""
    return {OUTPUTS: outputs(), ENTITIES: entities()}


def outputs() -> str:
    """Every table that people read, with grain and columns."""
    lines = [
        "# What comes out",
        "",
        WRITTEN_BY,
        "",
        "People and tools read the views of `gold`: all of them show the same published night. `features` and `predictions` keep every night, by `as_of_on`.",
        "",
        "`customer_id` joins them all. A source's own ids are beside it in `dim_customer_ids`: `source` and `source_key` as the source writes them, and",
        "`source_customer_id`, the two with a colon between. `order_id`, `product_id` and other ids are written in that way too: `online_retail:536365`.",
        "Moments (`…_at`) are UTC, days (`…_on`) are on the retailer's clock, amounts in the retailer's currency.",
        "",
    ]
    for name, description, columns in sorted(_gold()):
        lines += _section(f"gold.{name}", description, ("column", "type", "meaning"), columns)
    tables = [feature_table(load_features()), *(prediction_table(model) for model in sorted(load_models()))]
    tables += [table for table in STATIC_TABLES if table.schema is Schema.OPS]
    for table in tables:
        lines += _section(table.full_name, f"Grain: {table.grain}.", ("column", "type", "meaning"), _fields(table))
    return "\n".join(lines)


def entities() -> str:
    """Every canonical entity, with the fields that a map can fill."""
    lines = [
        "# The canonical entities",
        "",
        WRITTEN_BY,
        "",
        "What maps in `conf/sources/*.yml` can fill. **Bold** fields have to be mapped: the key (unless `dedup` makes it) and what is required. `id` fields are written with the",
        "namespace of the source. Every other field may be left out. An entity that nobody fills is an empty table.",
        "",
    ]
    for name, entity in sorted(load_entities().items()):
        lines += _section(name, f"Grain: {entity.grain}.", ("field", "type", "meaning"), _entity_fields(entity))
    return "\n".join(lines)


def _gold() -> Iterator[tuple[str, str, list[Row]]]:
    """Name, description and columns of the marts and the seeds that are published beside them."""
    for file in (*sorted((PROJECT_DIR / "models" / "marts").rglob("*.yml")), PROJECT_DIR / "seeds" / "seeds.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for node in (*document.get("models", ()), *document.get("seeds", ())):
            yield node["name"], " ".join(node["description"].split()), [_column(column) for column in node["columns"]]


def _column(column: dict[str, Any]) -> Row:
    return f"`{column['name']}`", str(column["data_type"]), column["description"]


def _fields(table: Table) -> list[Row]:
    return [(f"`{field.name}`", field.type, field.description) for field in table.fields]


def _entity_fields(entity: Entity) -> list[Row]:
    rows: list[Row] = []
    for column in entity.columns:
        name = f"**`{column.name}`**" if column.required or column.name == entity.key else f"`{column.name}`"
        rows.append((name, "id" if column.id else column.type, column.description))
    return rows


def _section(title: str, description: str, heads: Row, rows: Iterable[Row]) -> list[str]:
    table = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    table += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return [f"## `{title}`", "", description, "", *table, ""]


if __name__ == "__main__":
    main()
