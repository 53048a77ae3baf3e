"""Feeds: one kind of file (or table) that a source delivers, with its columns, rules, routes and maps."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from conf.columns import Column
from conf.connections import Jdbc
from conf.dialects import Csv, Numbers, Part
from conf.maps import DEFAULT_ROUTE, Changes, Dedup, EntityMap, Route
from conf.processing import Processing
from conf.rules import ForeignKey, Rule


class Feed(Part):
    """One kind of file (or table) that a source delivers, with its contract and its maps."""

    description: str = ""
    files: str
    format: Literal["csv", "jsonl", "parquet", "fixed_width", "xlsx", "jdbc"]
    jdbc: Jdbc | None = None
    csv: Csv = Csv()
    sheet: str | None = None
    each: str | None = Field(default=None, min_length=1)
    numbers: Numbers = Numbers()
    max_rejected_share: float | None = Field(default=None, ge=0, le=1)
    required: bool = False
    on_bad_file: Literal["set_aside", "stop"] | None = None
    columns: tuple[Column, ...] = Field(min_length=1)
    delivery: Literal["increment", "snapshot"] = "increment"
    changes: Changes | None = None
    rules: tuple[Rule, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    unique: tuple[str, ...] = ()
    document: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    maps: tuple[EntityMap, ...] = ()
    processing: Processing | None = None

    @field_validator("files")
    @classmethod
    def _inside_landing(cls, value: str) -> str:
        if Path(value).is_absolute() or ".." in Path(value).parts:
            raise ValueError("files is relative to landing/<source>/ and must stay inside it")
        if value.count("{date}") > 1:
            raise ValueError("files may hold {date} once")
        return value

    @model_validator(mode="after")
    def _names_agree(self) -> "Feed":
        names = [column.name for column in self.bronze_columns]
        if twice := sorted(name for name, count in Counter(names).items() if count > 1):
            raise ValueError(f"column is there twice: {', '.join(twice)}")
        named = {
            "unique": self.unique,
            "document": self.document,
            "changes": self.changes.columns if self.changes else (),
            "foreign_keys": tuple(name for key in self.foreign_keys for name in key.columns),
        }
        for where, used in named.items():
            if unknown := sorted(set(used) - set(names)):
                raise ValueError(f"{where} names columns that are not there: {', '.join(unknown)}")
        self._check_deliveries()
        self._check_documents()
        routes = [route.name for route in self.routes]
        if twice := sorted({name for name in routes if routes.count(name) > 1 or name == DEFAULT_ROUTE}):
            raise ValueError(f"route is there twice, or has the name of the rest: {', '.join(twice)}")
        return self

    def _check_deliveries(self) -> None:
        if self.required and self.on_bad_file == "set_aside":
            raise ValueError("a required feed stops on a bad file; leave out required, or on_bad_file")
        if self.delivery == "snapshot" and self.on_bad_file == "set_aside":
            raise ValueError("a snapshot stops on a bad file: what is in it would look deleted; leave on_bad_file out")
        if self.changes and any(each.dedup is not Dedup.KEY for each in self.maps):
            raise ValueError(
                "a feed of changes needs maps with a key of its own; dedup makes keys out of the content, which a change changes"
            )
        if self.changes and self.delivery == "snapshot":
            raise ValueError("a feed is a snapshot or a feed of changes, not both; in a snapshot, what is missing is deleted")
        if self.delivery == "snapshot" and any(each.dedup is Dedup.DOCUMENT for each in self.maps):
            raise ValueError("a snapshot retires missing lines by itself; use dedup: full_row_per_document instead of dedup: document")

    def _check_documents(self) -> None:
        if (filled := [column.name for column in self.columns if column.per_document]) and not self.document:
            raise ValueError(f"per_document needs document; name the feed's columns of the invoice or order (for {', '.join(filled)})")
        if own := sorted({column.name for column in self.columns if column.per_document} & set(self.document)):
            raise ValueError(f"per_document cannot fill a column of the document; leave it out at {', '.join(own)}")

    def document_of(self, entity_map: EntityMap) -> tuple[str, ...]:
        """Columns that identify the document of a row, for a map: its own, else the feed's."""
        return entity_map.document or self.document

    @model_validator(mode="after")
    def _fits_its_format(self) -> "Feed":
        names = self.column_names
        placed = [column.name for column in self.columns if column.start is not None]
        if self.format == "fixed_width" and len(placed) < len(names):
            raise ValueError(f"fixed_width needs start and width for {', '.join(sorted(set(names) - set(placed)))}")
        if self.format != "fixed_width" and placed:
            raise ValueError(f"start and width are for fixed_width only: {', '.join(placed)}")
        if (self.format == "jdbc") != (self.jdbc is not None):
            raise ValueError("format: jdbc and jdbc: belong together; say which table of which database it is")
        if self.jdbc and self.jdbc.watermark and self.jdbc.watermark not in names:
            raise ValueError(f"the watermark {self.jdbc.watermark} is no column of the feed; name one of {', '.join(names)}")
        if self.each is not None and self.format != "jsonl":
            raise ValueError("each is for jsonl only: the path of a list, of which every element is a row")
        if self.sheet is not None and self.format != "xlsx":
            raise ValueError("sheet is for xlsx only")
        return self

    def column(self, name: str) -> Column:
        """The column of bronze called `name`; KeyError when there is none."""
        for column in self.bronze_columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The delivered columns."""
        return tuple(column.name for column in self.columns)

    @property
    def bronze_columns(self) -> tuple[Column, ...]:
        """The delivered columns, and those that hold what stays of personal values in the open."""
        return (*self.columns, *(column.kept for column in self.columns if column.kept is not None))

    @property
    def bronze_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.bronze_columns)


def referred_feeds(feeds: Mapping[str, Feed], name: str) -> set[str]:
    """Feeds that a feed refers to, directly or through others; a reference to its own rows does not count."""
    found: set[str] = set()
    new = {key.feed for key in feeds[name].foreign_keys} - {name}
    while new:
        found |= new
        new = {key.feed for each in new for key in feeds[each].foreign_keys if key.feed != each} - found
    return found
