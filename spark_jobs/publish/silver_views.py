"""Masked views of silver for each role, in a schema `silver_<role>`: one for every entity that a source maps.

They leave out deleted rows, and rows known after the business date that was published last. Their text names no date: they read it from
`ops.publications`, so a nightly run leaves them as they are.
"""

import re
from collections.abc import Iterator, Mapping

from conf.access import Access
from conf.catalog import Schema
from conf.contracts import SourceContract
from conf.entities import Entity, EntityColumn
from conf.maps import EntityMap, FieldSource
from conf.types import PiiClass
from spark_jobs.publish.masks import shown

SOURCE_KEY = "source_customer_id"
KEY, PERSON = "key", "person"
WORD = re.compile(r"[A-Za-z_]\w*")
PUBLISHED_ON = "(select max_by(business_date, published_at) from ops.publications)"


def schema_of(role: str) -> str:
    """The schema of a role's views of silver."""
    return f"{Schema.SILVER}_{role}"


def statements(access: Access, entities: Mapping[str, Entity], sources: Mapping[str, SourceContract]) -> dict[str, str]:
    """The query of each view by its full name; only entities that some source maps have views."""
    views = {}
    for name in sorted({each.entity for each in _maps(sources)} & set(entities)):
        labels = labels_of(access, entities[name], entities["customers"], sources)
        for role in access.roles:
            columns = [
                shown(column.name, column.type, access.roles[role].mask_of(labels[column.name]), role) for column in entities[name].columns
            ]
            views[f"{schema_of(role)}.{name}"] = (
                f"select {', '.join(columns)}, _source as source, _known_on as known_on from {Schema.SILVER}.`{name}` "
                f"where _is_deleted is not true and _known_on <= {PUBLISHED_ON}"
            )
    return views


def labels_of(access: Access, entity: Entity, customers: Entity, sources: Mapping[str, SourceContract]) -> dict[str, str | None]:
    """The label of each column of an entity.

    The name decides as it does in gold. Without a label by name, a number of a customer and a key that is made of one are `key`, and a column with
    class `quasi` is `person`.
    """
    numbers = {column.name for column in customers.columns if column.id}
    made_of_keys = set(_made_of_keys(entity, numbers, sources))
    return {column.name: access.label_of(column.name) or _label(column, numbers | made_of_keys) for column in entity.columns}


def _label(column: EntityColumn, keys: set[str]) -> str | None:
    if column.name in keys:
        return KEY
    return None if column.pii is PiiClass.NONE else PERSON


def _made_of_keys(entity: Entity, numbers: set[str], sources: Mapping[str, SourceContract]) -> Iterator[str]:
    """Columns that some map fills from a column of the feed that names a customer, such as `key: [campaign_no, member_no]`."""
    for contract in sources.values():
        for feed in contract.feeds.values():
            naming = {name for each in feed.maps for field in numbers & set(each.fields) for name in each.fields[field].columns}
            for each in feed.maps:
                if each.entity == entity.entity:
                    yield from (field for field, source in each.fields.items() if naming & _columns_of(source))


def _columns_of(source: FieldSource) -> set[str]:
    """Feed columns from which a field comes; of an expression all words in it."""
    return set(source.columns) | {word for each in source.alternatives if each.expr for word in WORD.findall(each.expr)}


def _maps(sources: Mapping[str, SourceContract]) -> Iterator[EntityMap]:
    for contract in sources.values():
        for feed in contract.feeds.values():
            yield from feed.maps
