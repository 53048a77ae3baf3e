"""Source contracts: SourceContract → Feed → Column, Rule, EntityMap; one YAML file under conf/sources/ for each source system."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from conf.contract_findings import map_findings, reference_findings
from conf.currencies import check_currency
from conf.dialects import Part
from conf.documents import read_document, validate
from conf.entities import Entity, load_entities
from conf.errors import ConfigError, Finding
from conf.feeds import Feed, referred_feeds
from conf.processing import Processing
from conf.settings import conf_dirs
from conf.types import TABLE_PART, check_time_zone

__all__ = ["Feed", "SourceContract", "foreign_currencies", "key_namespaces", "load_contract", "load_sources", "may_mix_currencies"]

TablePart = Annotated[str, Field(pattern=TABLE_PART)]


class SourceContract(Part):
    """One source system: the namespace of its ids, its clock and currency, and its feeds."""

    source: TablePart
    title: str = ""
    time_zone: str | None = None
    currency_code: str | None = None
    processing: Processing | None = None
    feeds: dict[TablePart, Feed] = Field(min_length=1)

    _currency = field_validator("currency_code")(check_currency)
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

    @property
    def entities(self) -> set[str]:
        """Entities that its maps fill."""
        return {each.entity for feed in self.feeds.values() for each in feed.maps}

    def states_currency(self, entity: str) -> bool:
        """True when a map of the entity takes `currency_code` from the rows."""
        return any("currency_code" in each.fields for feed in self.feeds.values() for each in feed.maps if each.entity == entity)

    def referred(self, feed_name: str) -> set[str]:
        """Feeds that a feed refers to, directly or through others; a reference to its own rows does not count."""
        return referred_feeds(self.feeds, feed_name)


def key_namespaces(sources: dict[str, SourceContract], entity: Entity) -> tuple[str, ...]:
    """Namespaces of the keys that some map fills an entity with, in order; empty when nothing fills it."""
    maps = [(name, each) for name, contract in sources.items() for feed in contract.feeds.values() for each in feed.maps]
    return tuple(sorted({each.namespace_of(entity.key, name) for name, each in maps if each.entity == entity.entity}))


def foreign_currencies(sources: dict[str, SourceContract], currency_code: str) -> dict[str, str]:
    """Currency of each source that declares another one than the retailer's `currency_code`."""
    declared = {name: contract.currency_code for name, contract in sources.items()}
    return {name: code for name, code in sorted(declared.items()) if code and code != currency_code}


def may_mix_currencies(sources: dict[str, SourceContract], currency_code: str) -> bool:
    """True when amounts may have another currency than the retailer's: a source declares one, or a map takes the code from the rows."""
    return bool(foreign_currencies(sources, currency_code)) or any(
        contract.states_currency(entity) for contract in sources.values() for entity in contract.entities - {"exchange_rates"}
    )


def load_contract(file: Path) -> SourceContract:
    """Read and validate one mapping file against the canonical entities.

    Raises:
        ConfigError: every mistake at once, with file and line.
    """
    document = read_document(file)
    contract = validate(SourceContract, document)
    findings = map_findings(document, contract.feeds, load_entities()) + reference_findings(document, contract.source, contract.feeds)
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
