"""Facts of a mapping that a draft must have as well: the entities of a feed, the columns of their keys and the number of rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conf.contracts import Feed, SourceContract
from conf.entities import load_entities
from conf.maps import EntityMap, FieldSource
from spark_jobs.ingest.csv_rows import Parse, read_csv
from spark_jobs.ingest.fixed_rows import read_fixed_width
from spark_jobs.ingest.json_rows import read_jsonl
from spark_jobs.ingest.parquet_rows import read_parquet
from spark_jobs.ingest.sheet_rows import read_xlsx

MASTERS = frozenset({"customers", "products", "stores"})
Key = frozenset[str]


@dataclass(frozen=True)
class Facts:
    """What must hold of the draft of some files.

    Args:
        files: pattern of their names.
        entities: entity → its key columns as the file names them; alternatives by `|`, parts by `+`. Nothing: any key.
        may: further entities that are no mistake.
        rows: rows that the reader gives; None for all that the draft's reader finds without rejecting one.
        each: path of the list whose elements are the rows.
    """

    files: str
    entities: Mapping[str, str]
    may: tuple[str, ...] = ()
    rows: int | None = None
    each: str | None = None


@dataclass(frozen=True)
class Read:
    """What the reader makes of a file."""

    file: str
    rows: int
    rejected: int


@dataclass
class DraftFacts:
    """Facts of a drafted feed."""

    each: str | None
    files: set[str]
    rows: int
    rejected: int
    keys: dict[str, list[Key]] = field(default_factory=dict)


def read_of(feed: Feed, file: Path) -> Read:
    """Read a whole file by the reader that ingest takes for its feed."""
    rows = rejected = 0
    for parse in _parses(feed, file):
        found = parse()
        rows += found.table.num_rows
        rejected += len(found.rejects)
    return Read(file.name, rows, rejected)


def _parses(feed: Feed, file: Path) -> Iterator[Parse]:
    match feed.format:
        case "csv":
            return read_csv(file, feed.csv, feed.columns, [])
        case "jsonl":
            return read_jsonl(file, feed.csv.encoding, feed.columns, feed.each)
        case "xlsx":
            return read_xlsx(file, feed.csv, feed.sheet, feed.columns, [])
        case "fixed_width":
            return read_fixed_width(file, feed.csv, feed.columns)
    return read_parquet(file, feed.columns, [])


def facts_of(feed: Feed, files: str, rows: int) -> Facts:
    """The facts that a mapping states; a list of products or stores that is no more than their keys may be left out."""
    entities: dict[str, list[str]] = {}
    may = set(MASTERS)
    for each in feed.maps:
        if each.entity in ("products", "stores") and len(each.fields) == 1:
            continue
        entities.setdefault(each.entity, []).extend("+".join(sorted(key)) for key in _keys(feed, each))
    return Facts(files, {entity: "|".join(keys) for entity, keys in entities.items()}, tuple(sorted(may)), rows, feed.each)


def _keys(feed: Feed, each: EntityMap) -> list[Key]:
    """The columns of a map's key as the file names them; for lines without a number those of their document."""
    key = each.fields.get(load_entities()[each.entity].key)
    names = [tuple(feed.document_of(each))] if key is None else list(_alternatives(key, feed))
    if each.entity == "order_items" and key is not None and "order_id" in each.fields:
        # Lines of a document that is replaced as a whole are the same lines as those with a number.
        names += list(_alternatives(each.fields["order_id"], feed))
    return [frozenset(_delivered(feed, name) for name in group) for group in names if group]


def _alternatives(source: FieldSource, feed: Feed) -> Iterator[tuple[str, ...]]:
    for each in source.alternatives:
        if each.expr is not None:
            yield from ((name,) for name in re.findall(r"[A-Za-z_]\w*", each.expr) if name in feed.column_names)
        else:
            yield each.columns


def _delivered(feed: Feed, name: str) -> str:
    """The file's name of a column; its place in a file without names."""
    has_names = feed.csv.header or feed.format not in ("csv", "xlsx")
    if has_names and feed.format != "fixed_width":
        return feed.column(name).delivered_name
    return str(feed.column_names.index(name) + 1)


def drafted_facts(contract: SourceContract, reads: Mapping[str, Sequence[Read]]) -> list[DraftFacts]:
    """The facts of every drafted feed, with what its reader made of the files."""
    found = []
    for name, feed in contract.feeds.items():
        files = reads[name]
        facts = DraftFacts(feed.each, {read.file for read in files}, sum(r.rows for r in files), sum(r.rejected for r in files))
        for each in feed.maps:
            facts.keys.setdefault(each.entity, []).extend(_keys(feed, each))
        found.append(facts)
    return found


def differences(expected: Facts, drafts: Sequence[DraftFacts], files: Sequence[str]) -> list[str]:
    """What a draft has not, has differently or has too much; empty when it is right."""
    each = _path(expected.each)
    draft = next((draft for draft in drafts if draft.files & set(files) and _path(draft.each) == each), None)
    if draft is None:
        return ["no feed reads its files"]
    wrong = [] if set(files) <= draft.files else [f"reads {len(draft.files & set(files))} of {len(files)} files"]
    if (expected.rows is not None and draft.rows != expected.rows) or (expected.rows is None and draft.rejected):
        wrong.append(f"{draft.rows} rows and {draft.rejected} rejected, not {expected.rows}")
    for entity, keys in expected.entities.items():
        right = {frozenset(_path(name) for name in key.split("+")) for key in keys.split("|") if key}
        has = {frozenset(_path(name) for name in key) for key in draft.keys.get(entity, [])}
        if not has and not keys.endswith("|"):
            wrong.append(f"no {entity}")
        elif has and right and not has & right:
            wrong.append(f"{entity} by {sorted(map(sorted, has))}, not {keys}")
    extra = set(draft.keys) - set(expected.entities) - set(expected.may) - MASTERS
    return wrong + [f"{entity} are too many" for entity in sorted(extra)]


def _path(name: str | None) -> str:
    return (name or "").replace("[]", "")
