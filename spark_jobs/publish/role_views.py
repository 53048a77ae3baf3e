"""Masked views for each role: of gold in a schema `gold_<role>`, of silver in a schema `silver_<role>`.

Those of gold read the views of gold, and those of silver read `ops.publications`, so a publication moves them without touching them.
"""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from conf.access import Access
from conf.catalog import Schema, silver_table
from conf.contracts import SourceContract
from conf.entities import Entity
from conf.settings import Settings
from spark_jobs.publish import silver_views
from spark_jobs.publish.masks import shown

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AT_ONCE = 4
LAYERS = (Schema.GOLD, Schema.SILVER)


def schema_of(role: str) -> str:
    """The schema of a role's views of gold."""
    return f"{Schema.GOLD}_{role}"


def refresh(
    spark: "SparkSession", settings: Settings, access: Access, entities: Mapping[str, Entity], sources: Mapping[str, SourceContract]
) -> int:
    """Make the views whose text is not what it was; gives how many were made, 0 when nothing changed since the last time."""
    file = settings.lake.root / "privacy" / "views"
    wanted = _of_gold(spark, access) | silver_views.statements(access, entities, sources)
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in wanted.items()}
    schemas = {f"{layer}_{role}" for layer in LAYERS for role in access.roles}
    there = {row[0] for row in spark.sql("show databases").collect()}
    before = {name: digest for name, digest in _noted(file).items() if name.partition(".")[0] in there}
    if before == digests and schemas <= there:
        return 0
    _make_schemas(spark, settings, schemas, {name.partition(".")[0] for name in before} - schemas)
    changed = sorted(name for name in wanted if before.get(name) != digests[name])
    lacking = _lacking(spark, {name.partition(".")[2] for name in changed if name.startswith(f"{Schema.SILVER}_")}, entities)
    made = [name for name in changed if not (name.startswith(f"{Schema.SILVER}_") and name.partition(".")[2] in lacking)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda name: spark.sql(f"create or replace view {name} as {wanted[name]}"), made))
    kept = {name: digest for name, digest in digests.items() if name in made or before.get(name) == digest}
    _drop_others(spark, schemas, set(kept))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept, sort_keys=True), encoding="ascii")
    return len(made)


def _of_gold(spark: "SparkSession", access: Access) -> dict[str, str]:
    """The query of each view of gold by its full name."""
    columns = {
        row["viewName"]: [
            (field.name, field.dataType.simpleString()) for field in spark.table(f"{Schema.GOLD}.{row['viewName']}").schema.fields
        ]
        for row in spark.sql(f"show views in {Schema.GOLD}").collect()
        if not row["isTemporary"]
    }
    return {
        f"{schema_of(role)}.{view}": "select "
        + ", ".join(shown(name, kind, access.roles[role].mask_of(access.label_of(name)), role) for name, kind in fields)
        + f" from {Schema.GOLD}.`{view}`"
        for role in access.roles
        for view, fields in columns.items()
    }


def _make_schemas(spark: "SparkSession", settings: Settings, schemas: set[str], gone: set[str]) -> None:
    """Create the schemas of the roles, and drop those of roles that were taken out of access.yml."""
    for schema in sorted(gone):
        spark.sql(f"drop database if exists {schema} cascade")
    for schema in sorted(schemas):
        spark.sql(f"create database if not exists {schema} location '{(settings.lake.warehouse / schema).as_uri()}'")


def _lacking(spark: "SparkSession", names: set[str], entities: Mapping[str, Entity]) -> set[str]:
    """Entities whose table is not there or has not all columns yet; their views are made by a later publication."""
    tables = {row["tableName"] for row in spark.sql(f"show tables in {Schema.SILVER}").collect()} if names else set()
    return {
        name
        for name in names
        if name not in tables or not set(silver_table(entities[name]).field_names) <= set(spark.table(f"{Schema.SILVER}.`{name}`").columns)
    }


def _drop_others(spark: "SparkSession", schemas: set[str], names: set[str]) -> None:
    for schema in sorted(schemas):
        for row in spark.sql(f"show views in {schema}").collect():
            if f"{schema}.{row['viewName']}" not in names:
                spark.sql(f"drop view if exists {schema}.`{row['viewName']}`")


def _noted(file: Path) -> dict[str, str]:
    """Digest of the text of each view as it was made; empty when none was, or the file cannot be read."""
    try:
        found = json.loads(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    is_valid = isinstance(found, dict) and all(isinstance(digest, str) for digest in found.values())
    return found if is_valid else {}
