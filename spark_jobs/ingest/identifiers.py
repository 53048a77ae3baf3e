"""Keys and identifiers of a feed, clean before anything else sees them: rules, tokens, marks of erased customers, uniqueness, joins."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from conf.columns import Column
from conf.contracts import Feed
from conf.entities import Entity, load_entities
from conf.maps import EntityMap, FieldSource
from conf.types import PiiKind
from spark_jobs.common.pii.clean import LONGEST_KEY, Cleaned, cleaned
from spark_jobs.common.pii.normal import LONGEST

DAMAGE, TOO_LONG = "spreadsheet_damage", "too_long"
REMEDIES = {
    DAMAGE: "a spreadsheet changed the values: export the column as text, or set clean: false on it if they are written so",
    "quoting": "if values are never quoted, set csv.quote: none in the mapping; else correct the delivery",
    "unclosed_quote": "if values are never quoted, set csv.quote: none in the mapping; else correct the delivery",
    "field_lines": "if such long values are genuine, raise csv.max_field_lines; if values are never quoted, set csv.quote: none",
    TOO_LONG: "a value of this kind is never so long: correct the delivery, or the column's kind",
}
IDENTIFYING_KINDS = frozenset({PiiKind.PHONE, PiiKind.EMAIL, PiiKind.NATIONAL_ID, PiiKind.PLATE, PiiKind.OTHER})
NO_NUMBERS = frozenset({"boolean", "date", "timestamp"})  # only trimmed: a moment may be written `1.5E+3`
WORD = re.compile(r"[A-Za-z_]\w*")
TEXT_IN_SQL = re.compile(r"'(?:[^'\\]|\\.|'')*'")


def identifier_columns(feed: Feed, entities: Mapping[str, Entity]) -> dict[str, Column]:
    """The columns of a feed whose values are keys or identifiers, and those that its contract wants clean; by name.

    Keys and ids of the maps (also inside of `key`, `first` and expressions), `document`, `unique`, `foreign_keys`, and numbers and addresses
    that become tokens. `clean: false` takes a column out.
    """
    found = {name for each in feed.maps if each.entity in entities for name in _of_map(each, entities[each.entity])}
    found |= {*feed.unique, *feed.document, *(name for key in feed.foreign_keys for name in key.columns)}
    found |= {column.name for column in feed.columns if column.is_tokenised and column.kind in IDENTIFYING_KINDS}
    return {
        column.name: column for column in feed.columns if column.clean in (True, "nfkc") or (column.clean is None and column.name in found)
    }


def _of_map(each: EntityMap, entity: Entity) -> Iterable[str]:
    """Columns that make the key or an id of an entity, or name the document of a row."""
    yield from each.document
    for column in entity.columns:
        if (column.id or column.name == entity.key) and column.name in each.fields:
            for place in each.fields[column.name].alternatives:
                yield from _of_field(place)


def _of_field(place: FieldSource) -> Iterable[str]:
    yield from place.columns
    yield from WORD.findall(TEXT_IN_SQL.sub(" ", place.expr or ""))


@dataclass
class BrokenRules:
    """The first rule that each row breaks."""

    rows: int
    _labels: pa.Array | None = None

    def add(self, broken: pa.Array, label: str) -> None:
        """Rows of a mask break a rule; a row keeps the rule that it broke before."""
        self.add_labels(pc.if_else(broken, label, pa.scalar(None, pa.string())))

    def add_labels(self, labels: pa.Array) -> None:
        """The rule that each row breaks, or null."""
        self._labels = labels if self._labels is None else pc.coalesce(self._labels, labels)

    @property
    def labels(self) -> pa.Array:
        return pa.nulls(self.rows, pa.string()) if self._labels is None else self._labels


@dataclass(frozen=True)
class Cleaner:
    """Cleans the identifiers of one feed's rows, and finds values that are damaged or longer than any of their kind."""

    identifiers: Mapping[str, Column]
    tokenised: Mapping[str, Column]

    @classmethod
    def for_feed(cls, feed: Feed) -> "Cleaner":
        """The cleaner of a feed, by its contract and maps."""
        tokenised = {column.name: column for column in feed.columns if column.is_tokenised}
        return cls(identifier_columns(feed, load_entities()), tokenised)

    def apply(self, table: pa.Table, broken: BrokenRules) -> pa.Table:
        """The table with clean identifiers. A personal value that breaks a rule here is null afterwards: no token is made of it."""
        for name, column in {**self.tokenised, **self.identifiers}.items():
            table = _replaced(table, name, partial(_not_too_long, column, broken))
        for name, column in self.identifiers.items():
            table = _replaced(table, name, partial(_clean, column, broken))
        return table


def _replaced(table: pa.Table, name: str, change: "partial[pa.Array]") -> pa.Table:
    values = table.column(name).combine_chunks()
    changed = change(values)
    return table if changed is values else table.set_column(table.schema.get_field_index(name), name, changed)


def _not_too_long(column: Column, broken: BrokenRules, values: pa.Array) -> pa.Array:
    most = LONGEST[str(column.kind or PiiKind.OTHER)] if column.is_tokenised else LONGEST_KEY
    if (pc.max(pc.binary_length(values)).as_py() or 0) <= most:
        return values
    too_long = pc.fill_null(pc.greater(pc.utf8_length(values), most), False)
    return _rejected(column, broken, values, too_long, TOO_LONG) if pc.any(too_long).as_py() else values


def _clean(column: Column, broken: BrokenRules, values: pa.Array) -> pa.Array:
    found: Cleaned = cleaned(values, nfkc=column.clean == "nfkc", undo=column.type not in NO_NUMBERS)
    return found.values if found.damaged is None else _rejected(column, broken, found.values, found.damaged, DAMAGE)


def _rejected(column: Column, broken: BrokenRules, values: pa.Array, which: pa.Array, rule: str) -> pa.Array:
    broken.add(which, f"{column.name}:{rule}")
    return pc.if_else(which, pa.scalar(None, values.type), values) if column.is_tokenised else values
