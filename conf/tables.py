"""What a table is: schema, name, grain, columns and partitioning."""

from dataclasses import dataclass
from enum import StrEnum


class Schema(StrEnum):
    """Spark databases; each has its own folder in the warehouse."""

    BRONZE = "bronze"
    QUARANTINE = "quarantine"
    VAULT = "vault"
    SILVER = "silver"
    IDENTITY = "identity"
    STAGING = "staging"
    GOLD_BUILD = "gold_build"
    GOLD = "gold"
    FEATURES = "features"
    PREDICTIONS = "predictions"
    OPS = "ops"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table: name, Spark SQL type and meaning."""

    name: str
    type: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A Delta table that Spark code writes."""

    schema: Schema
    name: str
    grain: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    partition_by: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def ddl(self) -> str:
        """Columns as Spark DDL, `name type, …`."""
        return ", ".join(f"`{field.name}` {field.type}" for field in self.fields)


def fields(text: str) -> tuple[Field, ...]:
    """Fields from lines of `name | type | description`."""
    rows = (line.split("|", 2) for line in text.strip().splitlines())
    return tuple(Field(*(part.strip() for part in row)) for row in rows)
