"""The register of every table that is not dbt's: schema, columns, grain and partitioning, derived from contracts and entities where it can be."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from conf.contracts import Feed, load_sources
from conf.entities import Entity, load_entities
from conf.models import FeatureSet, load_features, load_models


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


def _fields(text: str) -> tuple[Field, ...]:
    """Fields from lines of `name | type | description`."""
    rows = (line.split("|", 2) for line in text.strip().splitlines())
    return tuple(Field(*(part.strip() for part in row)) for row in rows)


PROVENANCE = _fields("""
    _source_file | string | file relative to landing
    _line | bigint | physical line in the file, 1-based; row number for parquet
    _file_hash | string | sha256 of the file
    _known_on | date | first date on which the platform could know the row
    _batch_id | string | ingest batch, derived from the files in it
""")

SILVER_SYSTEM = _fields("""
    _source | string | source system
    _known_on | date | first date on which the platform could know this version of the row
    _first_known_on | date | first date on which the platform could know the key
    _is_deleted | boolean | the source has deleted the row; marts leave it out
""")


def bronze_table(source: str, feed_name: str, feed: Feed) -> Table:
    """The typed, tokenised, append-only copy of a feed."""
    fields = tuple(Field(column.name, column.type, column.description) for column in feed.columns)
    return Table(Schema.BRONZE, f"{source}__{feed_name}", "one row per valid row of a delivered file", fields + PROVENANCE)


def quarantine_table(source: str, feed_name: str) -> Table:
    """The rejected rows of a feed, replayable."""
    fields = _fields("""
        row_id | string | hash of the file's content and the line; stable over replays
        rules | array<string> | every rule the row breaks, as column:rule
        value_classes | array<string> | what kind of value broke each rule (empty, text, number …); never the value
        raw_row | binary | the row as delivered, AES-256-GCM encrypted; null when keeping it is switched off
        key_id | string | key that encrypted it
        status | string | open or replayed
    """)
    return Table(
        Schema.QUARANTINE, f"{source}__{feed_name}", "one row per rejected row of a delivered file", fields + PROVENANCE, ("row_id",)
    )


def silver_table(entity: Entity) -> Table:
    """A canonical entity: one row per key, latest version."""
    fields = tuple(Field(column.name, column.type, column.description) for column in entity.columns)
    return Table(Schema.SILVER, entity.entity, entity.grain, fields + SILVER_SYSTEM, (entity.key,))


def feature_table(feature_set: FeatureSet) -> Table:
    """Point-in-time features of customers."""
    key = _fields("""
        as_of_on | date | date at whose end the features stand
        customer_id | string | customer
    """)
    fields = tuple(Field(column.name, "double", column.description) for column in feature_set.columns)
    return Table(Schema.FEATURES, feature_set.table, feature_set.grain, key + fields, ("as_of_on", "customer_id"), ("as_of_on",))


def prediction_table(model: str) -> Table:
    """Scores of one registered model."""
    fields = _fields("""
        as_of_on | date | business date of the score
        customer_id | string | customer
        score | double | probability for classifiers, amount for regressors
        score_decile | int | 1 = highest tenth of that night
        model_name | string | registered model
        model_version | string | version that was champion
    """)
    return Table(Schema.PREDICTIONS, model, "one row per customer and business date", fields, ("as_of_on", "customer_id"), ("as_of_on",))


# What is the same for every retailer.
STATIC_TABLES = (
    Table(
        Schema.OPS,
        "ingest_manifest",
        "one row per file and attempt to load it",
        _fields("""
            batch_id | string | batch the file was loaded in
            source | string | source system
            feed | string | feed of the source
            file | string | path relative to landing
            file_hash | string | sha256 of the content
            size_bytes | bigint | size of the file
            modified_at_ns | bigint | modification time, so that an unchanged file is not read again
            known_on | date | first date on which the platform could know its rows
            rows_in | bigint | rows read
            rows_valid | bigint | rows in bronze
            rows_quarantined | bigint | rows in quarantine
            status | string | loaded, duplicate, failed or replayed (its counts are what the replay moved)
            message | string | why it failed
            business_date | date | business date of the run that loaded it
            loaded_at | timestamp | when, by the clock of the run
        """),
    ),
    Table(
        Schema.OPS,
        "runs",
        "one row per step of a run",
        _fields("""
            run_id | string | run
            business_date | date | business date
            step | string | step
            status | string | ok, skipped or failed
            started_at | timestamp | when, by the clock of the run
            seconds | double | duration
            counts | string | JSON object of counts
            message | string | reason of a skip or failure, without any customer's value
        """),
    ),
    Table(
        Schema.OPS,
        "conform_state",
        "one row per entity and slice of bronze (feed, batch, known date) that is in silver",
        _fields("""
            entity | string | canonical entity
            source | string | source system
            feed | string | feed of the source
            batch_id | string | bronze batch
            known_on | date | known date of the slice's rows
            delivered_to | date | latest date for which one of its files was delivered
            row_count | bigint | rows of the slice in bronze
            conformed_on | date | business date of the run that conformed it
            definition_hash | string | hash of the entity and its maps at that time
        """),
        ("entity", "source", "feed", "batch_id", "known_on"),
    ),
    Table(
        Schema.OPS,
        "conform_rejects",
        "one row per bronze row that a map could not turn into a row of its entity",
        _fields("""
            entity | string | canonical entity
            source | string | source system
            feed | string | feed of the source
            map_number | int | place of the map among the maps of the feed, from 0
            _source_file | string | file relative to landing
            _line | bigint | line in the file
            _known_on | date | known date of the row
            reasons | array<string> | column: reason, never a value
        """),
        ("entity", "source", "feed", "map_number", "_source_file", "_line"),
    ),
    Table(
        Schema.OPS,
        "publications",
        "one row per published table and night",
        _fields("""
            business_date | date | business date of the night
            table_name | string | table in gold
            version | bigint | Delta version that readers see
            path | string | folder of the Delta table
            published_at | timestamp | when, by the clock of the run
        """),
    ),
    Table(
        Schema.OPS,
        "model_verdicts",
        "one row per evaluation of a challenger",
        _fields("""
            business_date | date | business date
            model_name | string | registered model
            challenger_version | string | version that was judged; null when it was not trained
            champion_version | string | champion before the verdict
            promoted | boolean | true when every gate held
            gates | string | JSON: gate → value, bound, held
            metrics | string | JSON of metrics of challenger, champion, baseline and linear model
            reason | string | why it was promoted, kept back or skipped
            decided_at | timestamp | when, by the clock of the run
        """),
    ),
    Table(
        Schema.VAULT,
        "pii",
        "one row per token",
        _fields("""
            token | string | k1:<hex HMAC-SHA-256 of the normalised value>
            kind | string | phone, email, name …
            key_id | string | key that encrypted it
            ciphertext | binary | AES-256-GCM with the token as associated data
        """),
        ("token",),
    ),
    Table(
        Schema.IDENTITY,
        "customer_ids",
        "one row per customer key of a source",
        _fields("""
            source_customer_id | string | the source's own key, namespaced
            id_namespace | string | its namespace
            customer_id | string | the customer, minted once and never reused
            first_known_on | date | date on which the key was first known
        """),
        ("source_customer_id",),
    ),
)


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
