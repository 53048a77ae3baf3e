"""Source contracts: SourceContract → Feed → Column, Rule, EntityMap; one YAML file under conf/sources/ for each source system."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from conf.columns import Column
from conf.connections import Jdbc
from conf.dialects import Csv, Numbers, Part
from conf.documents import Document, nearest, read_document, validate
from conf.entities import Entity, load_entities
from conf.errors import ConfigError, Finding
from conf.maps import DEFAULT_ROUTE, Changes, Dedup, EntityMap, Route
from conf.processing import Processing
from conf.rules import ForeignKey, Rule
from conf.settings import conf_dirs
from conf.types import TABLE_PART, check_time_zone

TablePart = Annotated[str, Field(pattern=TABLE_PART)]


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


class SourceContract(Part):
    """One source system: the namespace of its ids, its clock and currency, and its feeds."""

    source: TablePart
    title: str = ""
    time_zone: str | None = None
    currency_code: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    processing: Processing | None = None
    feeds: dict[TablePart, Feed] = Field(min_length=1)

    _zone = field_validator("time_zone")(check_time_zone)

    @model_validator(mode="before")
    @classmethod
    def _files_of_tables(cls, value: Any) -> Any:
        """A table of a database is delivered as one file for each business date, whose name nobody has to give."""
        feeds = value.get("feeds") if isinstance(value, dict) else None
        if not isinstance(feeds, dict):
            return value
        named = {
            name: {**feed, "files": f"{name}/{name}_{{date}}*.parquet"} if isinstance(feed, dict) and feed.get("format") == "jdbc" else feed
            for name, feed in feeds.items()
        }
        return {**value, "feeds": named}

    def referred(self, feed_name: str) -> set[str]:
        """Feeds that a feed refers to, directly or through others; a reference to its own rows does not count."""
        found: set[str] = set()
        new = {key.feed for key in self.feeds[feed_name].foreign_keys} - {feed_name}
        while new:
            found |= new
            new = {key.feed for name in new for key in self.feeds[name].foreign_keys if key.feed != name} - found
        return found


def key_namespaces(sources: dict[str, SourceContract], entity: Entity) -> tuple[str, ...]:
    """Namespaces of the keys that some map fills an entity with, in order; empty when nothing fills it."""
    maps = [(name, each) for name, contract in sources.items() for feed in contract.feeds.values() for each in feed.maps]
    return tuple(sorted({each.namespace_of(entity.key, name) for name, each in maps if each.entity == entity.entity}))


def may_mix_currencies(sources: dict[str, SourceContract], currency_code: str) -> bool:
    """True when sources have several currencies (the retailer's where they say nothing), or rows say for themselves which one they have."""
    maps = (each for contract in sources.values() for feed in contract.feeds.values() for each in feed.maps)
    stated = any("currency_code" in each.fields and each.entity != "exchange_rates" for each in maps)
    return stated or len({contract.currency_code or currency_code for contract in sources.values()}) > 1


def _reference_findings(document: Document, contract: SourceContract) -> list[Finding]:
    """References to feeds and columns that are not there, and references that go in a circle."""
    findings = []
    for feed_name, feed in contract.feeds.items():
        for number, key in enumerate(feed.foreign_keys):
            where = document.where(("feeds", feed_name, "foreign_keys", number))
            if key.feed not in contract.feeds:
                findings += _unknown(where, f"{contract.source} has no feed", [key.feed], set(contract.feeds))
                continue
            findings += _unknown(where, f"feed {key.feed} has no column", key.targets, set(contract.feeds[key.feed].column_names))
    if not findings and (circle := next((name for name in contract.feeds if name in contract.referred(name)), None)):
        where = document.where(("feeds", circle, "foreign_keys"))
        findings.append(Finding(where, f"{circle} refers to itself through other feeds", "leave one of the references out"))
    return findings


def _map_findings(document: Document, contract: SourceContract, entities: dict[str, Entity]) -> list[Finding]:
    findings = []
    for feed_name, feed in contract.feeds.items():
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


def load_contract(file: Path) -> SourceContract:
    """Read and validate one mapping file against the canonical entities.

    Raises:
        ConfigError: every mistake at once, with file and line.
    """
    document = read_document(file)
    contract = validate(SourceContract, document)
    findings = _map_findings(document, contract, load_entities()) + _reference_findings(document, contract)
    if contract.source != file.stem:
        findings.append(Finding(document.where(("source",)), f"source is {contract.source!r}", f"name the file {contract.source}.yml"))
    if findings:
        raise ConfigError(f"{file.name} is not valid", findings)
    return contract


@cache
def load_sources() -> dict[str, SourceContract]:
    """All source contracts by name; a file of the overlay folder replaces the one of the same name.

    An overlay that has a `sources/` folder with a file `ONLY_THESE` leaves the repository's own sources out.

    Raises:
        ConfigError: every mistake in every file at once.
    """
    files: dict[str, Path] = {}
    for folder in conf_dirs():
        if (folder / "sources" / "ONLY_THESE").is_file():
            files.clear()
        files |= {file.name: file for file in sorted((folder / "sources").glob("*.yml"))}
    contracts: dict[str, SourceContract] = {}
    findings: list[Finding] = []
    for name in sorted(files):
        try:
            contract = load_contract(files[name])
            contracts[contract.source] = contract
        except ConfigError as err:
            findings += err.findings
    if findings:
        raise ConfigError("the source contracts are not valid", findings)
    return contracts
