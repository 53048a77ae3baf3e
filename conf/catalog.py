"""The register of every table that is not dbt's: schema, columns, grain and partitioning, derived from contracts and entities where it can be."""

from dataclasses import dataclass
from functools import cache

from conf.contracts import Feed, load_sources
from conf.entities import Entity, load_entities
from conf.models import FeatureSet, load_features, load_models
from conf.static_tables import STATIC_TABLES
from conf.tables import Field, Schema, Table, fields

__all__ = [
    "STATIC_TABLES",
    "Catalog",
    "Field",
    "Schema",
    "Table",
    "bronze_table",
    "catalog",
    "feature_table",
    "prediction_table",
    "quarantine_table",
    "silver_table",
]

PROVENANCE = fields("""
    _source_file | string | file relative to landing
    _line | bigint | physical line in the file, 1-based; row number for parquet
    _file_hash | string | sha256 of the file
    _known_on | date | first date on which the platform could know the row
    _batch_id | string | ingest batch, derived from the files in it
""")

SILVER_SYSTEM = fields("""
    _source | string | source system
    _known_on | date | first date on which the platform could know this version of the row
    _first_known_on | date | first date on which the platform could know the key
    _is_deleted | boolean | the source has deleted the row; marts leave it out
""")


def bronze_table(source: str, feed_name: str, feed: Feed) -> Table:
    """The typed, tokenised, append-only copy of a feed."""
    columns = tuple(Field(column.name, column.type, column.description) for column in feed.bronze_columns)
    return Table(Schema.BRONZE, f"{source}__{feed_name}", "one row per valid row of a delivered file", columns + PROVENANCE)


def quarantine_table(source: str, feed_name: str) -> Table:
    """The rejected rows of a feed, replayable."""
    columns = fields("""
        row_id | string | hash of the file's content and the line; stable over replays
        rules | array<string> | every rule the row breaks, as column:rule
        value_classes | array<string> | what kind of value broke each rule (empty, text, number …); never the value
        raw_row | binary | the row as delivered, AES-256-GCM encrypted; null when keeping it is switched off
        key_id | string | key that encrypted it
        status | string | open or replayed
    """)
    return Table(
        Schema.QUARANTINE, f"{source}__{feed_name}", "one row per rejected row of a delivered file", columns + PROVENANCE, ("row_id",)
    )


def silver_table(entity: Entity) -> Table:
    """A canonical entity: one row per key, latest version."""
    columns = tuple(Field(column.name, column.type, column.description) for column in entity.columns)
    return Table(Schema.SILVER, entity.entity, entity.grain, columns + SILVER_SYSTEM, (entity.key,))


def feature_table(feature_set: FeatureSet) -> Table:
    """Point-in-time features of customers."""
    key = fields("""
        as_of_on | date | date at whose end the features stand
        customer_id | string | customer
    """)
    columns = tuple(Field(column.name, "double", column.description) for column in feature_set.columns)
    return Table(Schema.FEATURES, feature_set.table, feature_set.grain, key + columns, ("as_of_on", "customer_id"), ("as_of_on",))


def prediction_table(model: str) -> Table:
    """Scores of one registered model."""
    columns = fields("""
        as_of_on | date | business date of the score
        customer_id | string | customer
        score | double | probability for classifiers, amount for regressors
        score_decile | int | 1 = highest tenth of that night; equal scores share a tenth
        model_name | string | registered model
        model_version | string | version that was champion
    """)
    return Table(Schema.PREDICTIONS, model, "one row per customer and business date", columns, ("as_of_on", "customer_id"), ("as_of_on",))


@dataclass(frozen=True)
class Catalog:
    """All tables by full name."""

    tables: dict[str, Table]

    def table(self, full_name: str) -> Table:
        """The table `schema.name`; KeyError when it is not registered."""
        return self.tables[full_name]

    def in_schema(self, schema: Schema) -> tuple[Table, ...]:
        """The tables of one schema, in order of name."""
        return tuple(self.tables[name] for name in sorted(self.tables) if self.tables[name].schema is schema)


@cache
def catalog() -> Catalog:
    """The catalogue of this configuration.

    Raises:
        ConfigError: a contract, an entity or the model register is not valid.
    """
    tables = list(STATIC_TABLES)
    for source, contract in load_sources().items():
        for feed_name, feed in contract.feeds.items():
            tables += [bronze_table(source, feed_name, feed), quarantine_table(source, feed_name)]
    tables += [silver_table(entity) for entity in load_entities().values()]
    tables += [feature_table(load_features())]
    tables += [prediction_table(model) for model in load_models()]
    return Catalog({table.full_name: table for table in tables})
