"""Masked views of gold for each role, in a schema `gold_<role>`. They read the views of gold, so a publication moves them without touching them."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.access import Access, Mask, Role
from conf.catalog import Schema
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AT_ONCE = 4


def schema_of(role: str) -> str:
    """The schema of a role's views."""
    return f"{Schema.GOLD}_{role}"


def refresh(spark: "SparkSession", settings: Settings, access: Access) -> int:
    """Make the views as access.yml and gold's columns have them now; gives how many were made, 0 when nothing changed since the last time."""
    columns = {
        row["viewName"]: [
            (field.name, field.dataType.simpleString()) for field in spark.table(f"{Schema.GOLD}.{row['viewName']}").schema.fields
        ]
        for row in spark.sql(f"show views in {Schema.GOLD}").collect()
        if not row["isTemporary"]
    }
    statements = {
        f"{schema_of(role)}.{view}": f"select {', '.join(_shown(name, kind, access, role_name=role) for name, kind in fields)} from {Schema.GOLD}.`{view}`"
        for role in access.roles
        for view, fields in columns.items()
    }
    note = settings.lake.root / "privacy" / "views"
    current = {"digest": hashlib.sha256(json.dumps(statements, sort_keys=True).encode()).hexdigest(), "roles": sorted(access.roles)}
    before = _noted(note)
    if before == current and all(spark.catalog.databaseExists(schema_of(role)) for role in access.roles):
        return 0
    for role in set(before.get("roles", [])) - set(access.roles):  # one that was taken out of access.yml
        spark.sql(f"drop database if exists {schema_of(role)} cascade")
    for role in access.roles:
        location = (settings.lake.warehouse / schema_of(role)).as_uri()
        spark.sql(f"create database if not exists {schema_of(role)} location '{location}'")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda name: spark.sql(f"create or replace view {name} as {statements[name]}"), statements))
    for role in access.roles:
        for row in spark.sql(f"show views in {schema_of(role)}").collect():
            if row["viewName"] not in columns:
                spark.sql(f"drop view if exists {schema_of(role)}.`{row['viewName']}`")
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(current), encoding="ascii")
    return len(statements)


def _noted(file: Path) -> dict[str, Any]:
    """What the views were made from; nothing when they never were, or the note cannot be read."""
    try:
        found = json.loads(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _shown(name: str, kind: str, access: Access, *, role_name: str) -> str:
    """A column as a role sees it."""
    role: Role = access.roles[role_name]
    mask = role.mask_of(access.label_of(name))
    column = f"`{name}`"
    if mask is Mask.FULL:
        return column
    if mask is Mask.YEAR and kind in ("date", "timestamp"):
        return f"year({column}) as {column}"
    if mask is Mask.TOKEN and kind == "string":
        return f"concat('t_', substring(sha2(concat('{role_name}/', {column}), 256), 1, 20)) as {column}"
    if mask is Mask.PARTIAL and kind == "string":
        return f"concat(substring({column}, 1, 1), '***') as {column}"
    return f"cast(null as {kind}) as {column}"
