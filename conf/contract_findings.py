"""Mistakes of a mapping that only its feeds and the canonical entities show together: names that are not there, keys, references."""

from collections.abc import Iterable, Mapping

from conf.documents import Document, nearest
from conf.entities import Entity
from conf.errors import Finding
from conf.feeds import Feed, referred_feeds
from conf.field_types import field_problems
from conf.maps import DEFAULT_ROUTE, Dedup, EntityMap


def reference_findings(document: Document, source: str, feeds: Mapping[str, Feed]) -> list[Finding]:
    """References to feeds and columns that are not there, and references that go in a circle."""
    findings = []
    for feed_name, feed in feeds.items():
        for number, key in enumerate(feed.foreign_keys):
            where = document.where(("feeds", feed_name, "foreign_keys", number))
            if key.feed not in feeds:
                findings += _unknown(where, f"{source} has no feed", [key.feed], set(feeds))
                continue
            findings += _unknown(where, f"feed {key.feed} has no column", key.targets, set(feeds[key.feed].column_names))
    if not findings and (circle := next((name for name in feeds if name in referred_feeds(feeds, name)), None)):
        where = document.where(("feeds", circle, "foreign_keys"))
        findings.append(Finding(where, f"{circle} refers to itself through other feeds", "leave one of the references out"))
    return findings


def map_findings(document: Document, feeds: Mapping[str, Feed], entities: dict[str, Entity]) -> list[Finding]:
    """Maps onto entities, fields and columns that are not there, keys that are missing, and fields of another type."""
    findings = []
    for feed_name, feed in feeds.items():
        for number, entity_map in enumerate(feed.maps):
            at: tuple[int | str, ...] = ("feeds", feed_name, "maps", number)
            entity = entities.get(entity_map.entity)
            if entity is None:
                remedy = nearest(entity_map.entity, set(entities))
                findings.append(Finding(document.where((*at, "entity")), f"unknown entity {entity_map.entity!r}", remedy))
                continue
            findings.extend(_key_findings(document, at, entity, entity_map))
            if entity_map.dedup.has_documents and not feed.document_of(entity_map):
                where, remedy = document.where((*at, "dedup")), "name the columns of the invoice or order, in the map or in the feed"
                findings.append(Finding(where, f"dedup: {entity_map.dedup} needs document", remedy))
            routes = {DEFAULT_ROUTE, *(route.name for route in feed.routes)}
            findings.extend(_unknown(document.where((*at, "routes")), f"feed {feed_name} has no route", entity_map.routes, routes))
            columns = set(feed.bronze_names)
            for key in ("document", "content"):
                findings.extend(_unknown(document.where((*at, key)), f"feed {feed_name} has no column", getattr(entity_map, key), columns))
            if entity_map.order_by is not None:
                findings.extend(
                    _unknown(document.where((*at, "order_by")), f"feed {feed_name} has no column", [entity_map.order_by], columns)
                )
            for name, field in entity_map.fields.items():
                where = document.where((*at, "fields", name))
                findings.extend(_unknown(where, f"{entity.entity} has no field", [name], set(entity.column_names)))
                findings.extend(_unknown(where, f"feed {feed_name} has no column", field.columns, columns))
                findings.extend(
                    Finding(where, problem, remedy) for problem, remedy in field_problems(feed.bronze_columns, entity, name, field)
                )
    return findings


def _unknown(where: str, problem: str, names: Iterable[str], known: set[str]) -> list[Finding]:
    return [Finding(where, f"{problem} {name!r}", nearest(name, known)) for name in names if name not in known]


def _key_findings(document: Document, at: tuple[int | str, ...], entity: Entity, entity_map: EntityMap) -> list[Finding]:
    is_mapped, where = entity.key in entity_map.fields, document.where((*at, "fields"))
    if entity_map.dedup is Dedup.KEY and not is_mapped:
        return [
            Finding(
                where, f"{entity.entity} needs its key {entity.key!r}", "map it, or say with dedup how rows without a key are told apart"
            )
        ]
    if is_mapped and entity_map.fields[entity.key].first:
        return [Finding(where, f"the key {entity.key!r} comes from several places", "write a map for each, with its own where")]
    if entity_map.dedup.makes_key and is_mapped:
        return [Finding(where, f"dedup: {entity_map.dedup} makes the key {entity.key!r}", "leave it out of fields")]
    return []
