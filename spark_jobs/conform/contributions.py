"""Contributions: every map of every feed, gathered by the canonical entity it fills, in a fixed order."""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from conf.catalog import SILVER_SYSTEM
from conf.contracts import Feed, SourceContract
from conf.entities import Entity
from conf.maps import Dedup, EntityMap
from conf.settings import Retailer
from conf.vocabularies import notes
from spark_jobs.common import deliveries

PARTS_OF_ORDERS = frozenset({"order_items", "returns", "payments"})


# Raised when the code reads equal maps in another way than before: silver tables that older code made are rebuilt.
MAPPING_VERSION = 2


@dataclass(frozen=True)
class Contribution:
    """What one map of one feed contributes to an entity. `rank` orders an entity's contributions: lower speaks first."""

    entity: Entity
    source: str
    feed_name: str
    feed: Feed
    map: EntityMap
    map_number: int
    rank: int
    time_zone: str
    currency_code: str | None

    @property
    def bronze(self) -> str:
        """Full name of the bronze table it reads."""
        return f"bronze.{self.source}__{self.feed_name}"

    @property
    def label(self) -> str:
        """How reports name it."""
        return f"{self.source}.{self.feed_name}"

    @property
    def key_namespace(self) -> str:
        """Namespace of its keys: contributions meet in a row only when they share it."""
        return self.namespace(self.entity.key)

    def namespace(self, column: str) -> str:
        """Namespace of an id column: the field's, else the map's, else the source."""
        return self.map.namespace_of(column, self.source)

    @property
    def document(self) -> tuple[str, ...]:
        """Columns of the feed that identify the document of a row; empty when the map has no documents."""
        return self.feed.document_of(self.map) if self.map.dedup.has_documents else ()

    @property
    def makes_key(self) -> bool:
        """True when the key is made from the row's document and content, or from its place."""
        return self.map.dedup.makes_key or (self.map.dedup is Dedup.DOCUMENT and self.entity.key not in self.map.fields)

    @property
    def replacing(self) -> tuple[str, ...]:
        """Fields whose empty values replace what was there: those the map says `empty: replaces` of."""
        return tuple(sorted(name for name, field in self.map.fields.items() if field.empty == "replaces"))

    @property
    def looks_at_whole_files(self) -> bool:
        """True when what a row becomes depends on other rows of its file."""
        return bool(self.document) or any(column.per_document for column in self.feed.columns)

    @property
    def is_key_only(self) -> bool:
        """True when it only says that the key exists, such as a customer known from a purchase."""
        return set(self.map.fields) == {self.entity.key}

    @cached_property
    def has_delivery_dates(self) -> bool:
        """True when its files say in their path for which date they were delivered."""
        return deliveries.has_dates(self.feed.files)

    def delivered_on(self, source_file: str, known_on: date) -> date:
        """Date for which a file was delivered: the one in its path, else the date on which it became known."""
        return deliveries.delivered_on(self.source, self.feed.files, source_file) or known_on


def contributions(
    sources: dict[str, SourceContract], entities: dict[str, Entity], retailer: Retailer
) -> dict[str, tuple[Contribution, ...]]:
    """Contributions of each of `entities`, by descending priority, then source, feed and place in the file.

    Maps that only give the key come last: they must not name the source of a row that another feed describes.
    """
    found: dict[str, list[Contribution]] = defaultdict(list)
    for source, contract in sources.items():
        zone = contract.time_zone or retailer.time_zone
        for feed_name, feed in contract.feeds.items():
            for number, entity_map in enumerate(feed.maps):
                if entity := entities.get(entity_map.entity):
                    currency = _currency(contract, entity, retailer)
                    found[entity.entity].append(Contribution(entity, source, feed_name, feed, entity_map, number, 0, zone, currency))
    return {name: _ranked(found[name]) for name in sorted(entities)}


def _currency(contract: SourceContract, entity: Entity, retailer: Retailer) -> str | None:
    """Currency of rows that state none; null for parts of orders that state theirs, which is then the currency of the parts."""
    if entity.entity in PARTS_OF_ORDERS and contract.states_currency("orders"):
        return None
    return contract.currency_code or retailer.currency_code


def _ranked(unordered: list[Contribution]) -> tuple[Contribution, ...]:
    ordered = sorted(unordered, key=lambda c: (c.is_key_only, -c.map.priority, c.source, c.feed_name, c.map_number))
    return tuple(replace(part, rank=rank) for rank, part in enumerate(ordered))


def definition_hash(entity: Entity, parts: tuple[Contribution, ...]) -> str:
    """Changes when the entity or anything that decides how rows become its rows changes."""
    definition = [
        MAPPING_VERSION,
        entity.model_dump(mode="json", include={"entity", "key", "columns"}),
        [field.name for field in SILVER_SYSTEM],
        sorted(notes()) if any(column.descriptive for column in entity.columns) else [],
        *(
            {
                "from": part.label,
                "files": part.feed.files,
                "types": {column.name: column.type for column in part.feed.bronze_columns},
                "delivery": part.feed.delivery,
                "changes": part.feed.changes and part.feed.changes.model_dump(mode="json"),
                "routes": [route.model_dump(mode="json", exclude={"description"}) for route in part.feed.routes],
                "document": part.document,
                "per_document": {column.name: column.per_document for column in part.feed.columns if column.per_document},
                "map": part.map.model_dump(mode="json"),
                "time_zone": part.time_zone,
                "currency_code": part.currency_code,
            }
            for part in parts
        ),
    ]
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:16]
