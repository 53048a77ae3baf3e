"""Empty results: paths, feeds, columns and maps that gave nothing, and marts that have become empty.

Reads: landing, ops.ingest_manifest, and the Delta logs of bronze, silver and gold_build: no row of a table. Grain: one figure per feed,
entity or mart, where there is something to look at.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from conf.catalog import Schema
from conf.contracts import Feed, SourceContract
from conf.errors import Finding, QualityError
from conf.maps import DEFAULT_ROUTE
from conf.settings import Settings
from spark_jobs.common.deliveries import DATE_GLOBS
from spark_jobs.common.delta_log import filled_columns, row_count
from spark_jobs.publish.measures import FAILED, WARN, Measure, News
from spark_jobs.publish.publications import Published

DIMENSION, MANIFEST = "emptiness", "ingest_manifest"
NEVER_DELIVERED, NO_FEED, NEVER_FILLED, NO_ROWS = "never_delivered", "matches_no_feed", "never_filled", "maps_gave_no_rows"
IS_IN_NONE = "is in none of"  # a note of the JSON reader about a path
MOST_NAMES = 5
UNFINISHED = (".tmp", ".part")
FeedName = tuple[str, str]


def measured_emptiness(found: News, settings: Settings, sources: Mapping[str, SourceContract]) -> list[Measure]:
    """Whatever gave nothing, as of the business date; nothing of what is as it should be."""
    delivered = _delivered(found)
    feeds = {(source, name): feed for source, contract in sources.items() for name, feed in contract.feeds.items()}
    measures = _paths(found)
    measures += [
        Measure(DIMENSION, NEVER_DELIVERED, *name, observed=0.0, status=FAILED if feed.required else WARN)
        for name, feed in feeds.items()
        if name not in delivered
    ]
    measures += _strangers(settings.lake.landing, sources)
    news = {(source, name) for source, name in found.rows(f"select distinct source, feed from {_loaded(found.of(Schema.OPS, MANIFEST))}")}
    for name in sorted(news & set(feeds)):
        measures += _columns(settings, name, feeds[name])
    return measures + _entities(settings, feeds, delivered)


def _loaded(entries: str) -> str:
    return f"(select * from {entries} where status in ('loaded', 'replayed'))"


def _delivered(found: News) -> dict[FeedName, int]:
    """Valid rows of every feed that ever had a file."""
    query = f"select source, feed, sum(rows_valid) from {_loaded(found.all(Schema.OPS, MANIFEST))} group by all"
    return {(source, feed): rows for source, feed, rows in found.rows(query)}


def _paths(found: News) -> list[Measure]:
    """JSON paths that no object of a new file has: by feed and path, in how many of the new files."""
    entries = (
        f"(select source, feed, unnest(string_split(coalesce(message, ''), '; ')) as note from {_loaded(found.of(Schema.OPS, MANIFEST))})"
    )
    files = f"(select source, feed, count(*) as files from {_loaded(found.of(Schema.OPS, MANIFEST))} group by all)"
    path = f"regexp_extract(note, 'path (.*) {IS_IN_NONE}', 1)"
    query = (
        f"select source, feed, {path}, files, count(*) from {entries} join {files} using (source, feed) "
        f"where contains(note, '{IS_IN_NONE}') group by all order by all"
    )
    return [
        Measure(DIMENSION, f"path {text} {IS_IN_NONE} the objects", source, feed, rows_checked=files_, rows_failed=empty, status=WARN)
        for source, feed, text, files_, empty in found.rows(query)
    ]


def _strangers(landing: Path, sources: Mapping[str, SourceContract]) -> list[Measure]:
    """Files below landing that no feed of their source matches, and folders of no source."""
    measures = []
    for folder in sorted(landing.iterdir()) if landing.is_dir() else []:
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        contract = sources.get(folder.name)
        matched = {path for feed in contract.feeds.values() for path in _matches(folder, feed)} if contract else set()
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_finished(path.relative_to(folder))]
        strangers = [path.relative_to(folder).as_posix() for path in files if path not in matched]
        if strangers:
            rule = f"{NO_FEED}: {_some(strangers)}"
            measures.append(
                Measure(DIMENSION, rule, _as_text(folder.name), rows_checked=len(files), rows_failed=len(strangers), status=WARN)
            )
    return measures


def _matches(folder: Path, feed: Feed) -> Iterable[Path]:
    for written in DATE_GLOBS if "{date}" in feed.files else ("",):
        yield from folder.glob(feed.files.replace("{date}", written))


def _is_finished(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts) and not path.name.lower().endswith(UNFINISHED)


def _columns(settings: Settings, name: FeedName, feed: Feed) -> list[Measure]:
    """Delivered columns that never had a value in any row of the feed."""
    filled = filled_columns(settings, Schema.BRONZE, "__".join(name))
    empty = [column for column in feed.column_names if filled.get(column) is False]
    if not empty:
        return []
    rule = f"{NEVER_FILLED}: {_some(empty)}"
    return [Measure(DIMENSION, rule, *name, rows_checked=len(feed.column_names), rows_failed=len(empty), status=WARN)]


def _entities(settings: Settings, feeds: Mapping[FeedName, Feed], delivered: Mapping[FeedName, int]) -> list[Measure]:
    """Entities that are empty although feeds with a map for them have rows; maps of other routes than the rest may wait for their rows."""
    rows: dict[str, int] = {}
    for name, feed in feeds.items():
        for entity in {each.entity for each in feed.maps if DEFAULT_ROUTE in each.routes}:
            rows[entity] = rows.get(entity, 0) + delivered.get(name, 0)
    return [
        Measure(DIMENSION, NO_ROWS, entity=entity, rows_checked=count, rows_failed=count, status=WARN)
        for entity, count in sorted(rows.items())
        if count and row_count(settings, Schema.SILVER, entity) == 0
    ]


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    shown = ", ".join(_as_text(name)[:80] for name in names[:MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def _as_text(name: str) -> str:
    """A name that a table can hold: a file may have one that is no UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()


def check_required(measures: Sequence[Measure]) -> None:
    """Stop when a required feed never had a file.

    Raises:
        QualityError: one finding per feed.
    """
    findings = [
        Finding(f"{each.source}.{each.feed}", "is required and never had a file", "deliver it, correct `files`, or leave out `required`")
        for each in measures
        if each.dimension == DIMENSION and each.status == FAILED
    ]
    if findings:
        raise QualityError("required feeds are missing; gold stays as it was published last", findings)


def check_not_emptied(settings: Settings, before: Sequence[Published], now: Sequence[Published]) -> None:
    """Stop when a mart has no rows that had rows in the last publication.

    Raises:
        QualityError: one finding per mart, unless `quality.allow_empty_gold` is set for this run.
    """
    if settings.quality.allow_empty_gold:
        return
    versions = {each.table: each.version for each in before}
    findings = [
        Finding(
            f"gold.{each.table}",
            "would be empty, and is not in the last publication",
            "look at `cdp quality` for what is missing; when it is right, run the date again with --allow-empty-gold",
        )
        for each in now
        if each.table in versions
        and row_count(settings, Schema.GOLD_BUILD, each.table, each.version) == 0
        and row_count(settings, Schema.GOLD_BUILD, each.table, versions[each.table])
    ]
    if findings:
        raise QualityError("marts have become empty; gold stays as it was published last", findings)
