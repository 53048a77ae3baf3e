"""What of a feed's rows is about a customer: the columns that name one, those that say something of one, and whether a row stays without one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from conf.columns import Column
from conf.contracts import Feed
from conf.entities import load_entities
from conf.erasure import load_erasure
from conf.maps import EntityMap
from conf.types import PiiClass
from spark_jobs.common.pii.clean import clean_text

SOURCE_KEY = "source_customer_id"
WORD = re.compile(r"[A-Za-z_]\w*")
INTEGERS = frozenset({"tinyint", "smallint", "int", "bigint"})
NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.0*)?")


def keeps_rows(feed: Feed) -> bool:
    """Whether a row stays when its customer is erased, because one of the entities it fills does (conf/erasure.yml)."""
    kept = load_erasure().kept_without_customer.entities
    return any(each.entity in kept for each in feed.maps)


def is_about_customers(feed: Feed) -> bool:
    """Whether a row is about a customer even where it names none: an entity that it fills has a place for one."""
    return any(SOURCE_KEY in load_entities()[each.entity].column_names for each in feed.maps)


def personal_columns(feed: Feed) -> list[str]:
    """Columns of bronze that say something of a person, or who it is: they become null in a row that stays."""
    entities = load_entities()
    identifiers = {column.name for column in entities["customers"].columns if column.id}
    named = {name for each in feed.maps for field in identifiers & set(each.fields) for name in _columns_of(each, field, feed)}
    needed = {name for each in feed.maps if each.entity != "customers" for name in _columns_of(each, entities[each.entity].key, feed)}
    return [column.name for column in feed.bronze_columns if column.pii is not PiiClass.NONE or column.name in named - needed]


@dataclass(frozen=True)
class KeyColumn:
    """A column whose value is a customer's key as it stands, in a namespace."""

    name: str
    namespace: str
    is_integer: bool = False
    clean: bool | Literal["nfkc"] = True

    def key_of(self, text: str) -> str:
        """The key that silver has for a delivered text, without its namespace: a whole number may be written `007`, `+7` or `7.0`."""
        text = clean_text(text, nfkc=self.clean == "nfkc") if self.clean else text.strip() if self.is_integer else text
        return str(int(Decimal(text))) if self.is_integer and NUMBER.fullmatch(text) else text


def customer_columns(feed: Feed, source: str) -> list[KeyColumn]:
    """Every column whose value is a customer's key as it stands; keys that an expression makes are not among them."""
    columns = {column.name: column for column in feed.columns}
    found = [
        KeyColumn(place.column, each.namespace_for(place, source), *_reading(columns.get(place.column)))
        for each in feed.maps
        if SOURCE_KEY in each.fields
        for place in each.fields[SOURCE_KEY].alternatives
        if place.column is not None
    ]
    return list(dict.fromkeys(found))


def _reading(column: Column | None) -> tuple[bool, bool | Literal["nfkc"]]:
    """Whether a key is an integer, and how it is cleaned."""
    if column is None:
        return False, True
    return column.type in INTEGERS, True if column.clean is None else column.clean


def _columns_of(each: EntityMap, field: str, feed: Feed) -> Iterable[str]:
    """Feed columns from which a field comes; of an expression all columns whose names are in it."""
    source = each.fields.get(field)
    if source is None:
        return ()
    words = {word for one in source.alternatives for word in WORD.findall(one.expr or "")}
    return {*source.columns, *(words & set(feed.bronze_names))}
