"""Do the columns of a feed fit the fields they are mapped onto: moments need a moment, currencies a code."""

import re
from collections.abc import Iterable, Iterator

from conf.columns import Column
from conf.currencies import CURRENCIES
from conf.entities import Entity
from conf.maps import Changes, EntityMap, FieldSource

MOMENTS = ("date", "timestamp")
_LITERAL = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_WORD = re.compile(r"\w+")


def field_problems(columns: Iterable[Column], entity: Entity, name: str, field: FieldSource) -> list[tuple[str, str]]:
    """What keeps `field`, over these columns of a feed, from filling the entity's column `name`: pairs of problem and remedy."""
    if name not in entity.column_names:
        return []
    kind, types = entity.column(name).type, {column.name: column.type for column in columns}
    found: list[tuple[str, str]] = []
    for source in field.alternatives:
        if kind in MOMENTS:
            found += _number_as_moment(types, f"{entity.entity}.{name} is a {kind}", kind, source)
        if name == "currency_code" and source.const is not None and str(source.const).strip().upper() not in CURRENCIES:
            found.append((f"{source.const!r} is no ISO 4217 currency code", "give three letters such as EUR"))
    return found


def _number_as_moment(types: dict[str, str], field_is: str, kind: str, source: FieldSource) -> Iterator[tuple[str, str]]:
    """A number says a moment only when it is known what it counts."""
    if source.const is not None and not isinstance(source.const, str):
        yield f"{field_is}, and {source.const!r} is a number", "write it as text, such as '2024-02-29'"
    bare = source.expr.strip().strip("`").lower() if source.expr is not None else ""
    for column in (*source.columns, bare):
        if types.get(column, "string") not in (*MOMENTS, "string"):
            remedy = (
                f"declare {column} as type {kind} with format epoch_s, epoch_ms, epoch_us or excel_serial, or a pattern such as yyyyMMdd"
            )
            yield f"{field_is}, and column {column} is a {types[column]}: a number does not say which moment it is", remedy


def mapped_moments(
    columns: Iterable[Column], maps: Iterable[EntityMap], changes: Changes | None, entities: dict[str, Entity]
) -> frozenset[str]:
    """Date and timestamp columns whose values reach an entity: as a field, in a key, in the expression of a moment, or as an order."""
    moments = {column.name.lower(): column.name for column in columns if column.type in MOMENTS}
    used = {name for entity_map in maps for name in _used(entity_map, entities)} | set(changes.columns if changes and maps else ())
    return frozenset(moments[name.lower()] for name in used if name.lower() in moments)


def _used(entity_map: EntityMap, entities: dict[str, Entity]) -> Iterator[str]:
    yield from entity_map.document
    if entity_map.order_by is not None:
        yield entity_map.order_by
    entity = entities.get(entity_map.entity)
    for name, field in entity_map.fields.items():
        yield from field.columns
        if entity is not None and name in entity.column_names and entity.column(name).type in MOMENTS:
            for source in field.alternatives:
                yield from _WORD.findall(_LITERAL.sub("", source.expr or ""))
