"""Maps: how rows of a feed become rows of canonical entities."""

from collections import Counter
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, model_validator

from conf.dialects import Part
from conf.types import NAME
from conf.vocabularies.statuses import word


class FieldSource(Part):
    """Where a canonical field comes from: exactly one of column, const, expr, key, local_date, or first.

    `first` names several sources, of which the first that has a value speaks; ids among them keep their own namespaces.
    """

    column: str | None = None
    const: str | int | float | bool | None = None
    expr: str | None = None
    key: tuple[str, ...] | None = None
    local_date: str | None = None
    first: "tuple[FieldSource, ...] | None" = None
    namespace: str | None = Field(default=None, pattern=NAME)
    empty: Literal["keeps", "replaces"] = "keeps"
    values: dict[str, str | bool | int | float] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _exactly_one(self) -> "FieldSource":
        given = [name for name in ("column", "const", "expr", "key", "local_date", "first") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of: a column name, const, expr, key, local_date, first")
        if self.first is not None and (len(self.first) < 2 or self.namespace or any(each.first for each in self.first)):
            raise ValueError("first needs two sources or more, none of which has a first, and their namespaces belong to them")
        if self.values and self.column is None and self.expr is None:
            raise ValueError("values goes with column or expr; write it there, also inside first")
        if twice := sorted(text for text, number in Counter(map(word, self.values)).items() if number > 1):
            raise ValueError(f"values are equal without blanks and case: {', '.join(twice)}; keep one of each")
        return self

    @property
    def translations(self) -> dict[str, str]:
        """What `values` says: a word as words are compared, and the text in its place."""
        return {word(text): str(value).lower() if isinstance(value, bool) else str(value) for text, value in self.values.items()}

    @property
    def alternatives(self) -> "tuple[FieldSource, ...]":
        """The sources that may speak, in their order."""
        return self.first or (self,)

    @property
    def columns(self) -> tuple[str, ...]:
        """Feed columns it names outright (an expr may use more)."""
        return tuple(name for each in self.alternatives for name in (each.column, each.local_date, *(each.key or ())) if name)


# The route of rows for which no predicate is true.
DEFAULT_ROUTE = "default"


class Route(Part):
    """A kind of row that is meant for other maps than the rest, such as a return among sales. The first that is true takes the row."""

    name: str = Field(pattern=NAME)
    where: str
    description: str = ""


class Changes(Part):
    """A feed of changes: what a row does to its key, and in which order rows of one delivery happened."""

    operation: str
    delete: tuple[str, ...] = ("D", "d", "delete", "DELETE")
    order_by: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the feed that it names."""
        return tuple(name for name in (self.operation, self.order_by) if name)


class Dedup(StrEnum):
    """What makes two delivered rows the same row of an entity (docs/sources.md)."""

    KEY = "key"
    DOCUMENT = "document"
    FULL_ROW_PER_DOCUMENT = "full_row_per_document"
    NONE = "none"

    @property
    def makes_key(self) -> bool:
        """True when the key is never mapped; `document` takes a mapped key, and makes one where none is mapped."""
        return self in (Dedup.FULL_ROW_PER_DOCUMENT, Dedup.NONE)

    @property
    def has_documents(self) -> bool:
        """True when rows belong to documents, which the map's `document` identifies."""
        return self in (Dedup.DOCUMENT, Dedup.FULL_ROW_PER_DOCUMENT)


class EntityMap(Part):
    """How rows of a feed become rows of one canonical entity. A higher priority wins when feeds disagree on a field."""

    entity: str
    dedup: Dedup = Dedup.KEY
    document: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    routes: tuple[str, ...] = (DEFAULT_ROUTE,)
    fields: dict[str, FieldSource]
    where: str | None = None
    order_by: str | None = None
    priority: int = 0
    namespace: str | None = Field(default=None, pattern=NAME)

    @model_validator(mode="after")
    def _document_of_its_rows(self) -> "EntityMap":
        if self.document and not self.dedup.has_documents:
            raise ValueError("document goes with dedup: document or full_row_per_document; add one of them, or leave document out")
        if self.content and not self.dedup.has_documents:
            raise ValueError("content goes with dedup: document or full_row_per_document; add one of them, or leave content out")
        return self

    def namespace_of(self, field: str, source: str) -> str:
        """Namespace of an id field: the field's own, else the map's, else the source."""
        return self.namespace_for(self.fields.get(field), source)

    def namespace_for(self, mapped: FieldSource | None, source: str) -> str:
        """Namespace of the ids from one place: its own, else the map's, else the source."""
        return (mapped.namespace if mapped else None) or self.namespace or source
