"""The processing register (PIPL 55 and 56, GDPR 30), read from the contracts: every personal column, what becomes of it, why, on what ground, how long, for whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conf.columns import Column
from conf.contracts import Feed, SourceContract
from conf.documents import read_document
from conf.errors import Finding
from conf.maps import EntityMap
from conf.processing import Processing
from conf.settings import conf_dirs
from conf.types import PiiClass

NOT_DECLARED = "not declared"


@dataclass(frozen=True)
class Entry:
    """One personal column."""

    source: str
    feed: str
    column: str
    pii: str
    kind: str
    becomes: str
    goes_to: str
    purpose: str
    legal_basis: str
    retention_days: str
    recipients: str

    @property
    def is_declared(self) -> bool:
        """Purpose, ground and time are said."""
        return NOT_DECLARED not in (self.purpose, self.legal_basis, self.retention_days)


def entries(sources: Mapping[str, SourceContract]) -> Iterator[Entry]:
    """The register, in the order of the contracts."""
    for source, contract in sources.items():
        for feed_name, feed in contract.feeds.items():
            for column in feed.columns:
                if column.pii is not PiiClass.NONE:
                    yield _entry(source, contract, feed_name, feed, column)


def _entry(source: str, contract: SourceContract, feed_name: str, feed: Feed, column: Column) -> Entry:
    declared = (column.processing or Processing()).over((feed.processing or Processing()).over(contract.processing))
    return Entry(
        source, feed_name, column.name, str(column.pii), str(column.kind or ""), _becomes(column), ", ".join(_goes_to(feed, column)) or "nowhere",
        declared.purpose or NOT_DECLARED, str(declared.legal_basis or NOT_DECLARED), str(declared.retention_days or NOT_DECLARED),
        ", ".join(declared.recipients or ()) or "nobody outside",
    )  # fmt: skip


def _becomes(column: Column) -> str:
    if not column.is_tokenised:
        return "stays as it is"
    kept = f", {column.coarse} in the open" if column.coarse else ""
    return f"token in bronze, ciphertext in the vault{kept}"


def _goes_to(feed: Feed, column: Column) -> Iterator[str]:
    names = {column.name, *([column.kept.name] if column.kept else [])}
    for each in feed.maps:
        yield from (f"{each.entity}.{field}" for field in each.fields if names & _columns_of(each, field))


def _columns_of(each: EntityMap, field: str) -> set[str]:
    import re

    source = each.fields[field]
    return {*source.columns, *(word for one in source.alternatives for word in re.findall(r"[A-Za-z_]\w*", one.expr or ""))}


def undeclared(sources: Mapping[str, SourceContract]) -> list[Finding]:
    """Columns whose processing is not said, each with file and line."""
    found = []
    for entry in entries(sources):
        if entry.is_declared:
            continue
        missing = [name for name in ("purpose", "legal_basis", "retention_days") if getattr(entry, name) == NOT_DECLARED]
        place = _place(entry, sources[entry.source].feeds[entry.feed])
        found.append(
            Finding(place, f"{entry.column}: {', '.join(missing)} not declared", "add processing: to the source, the feed or the column")
        )
    return found


def _place(entry: Entry, feed: Feed) -> str:
    files = [folder / "sources" / f"{entry.source}.yml" for folder in conf_dirs()]
    file: Path | None = next((each for each in reversed(files) if each.is_file()), None)
    if file is None:
        return f"{entry.source}.{entry.feed}"
    return read_document(file).where(("feeds", entry.feed, "columns", feed.column_names.index(entry.column)))
