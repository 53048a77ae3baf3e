"""Tables of databases as deliveries: the news of a business date become Parquet files in landing, which are ingested as any other.

Reads: databases, over JDBC. Writes: landing/<source>/<feed>/<feed>_<date>*.parquet, and a note of the watermarks outside the warehouse.
Rerun: a date that is published is not asked for again; an extraction that was killed is repeated between the same watermarks.
"""

import json
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from conf.connections import Jdbc
from conf.contracts import Feed, SourceContract
from conf.errors import CdpError, EngineError, Finding, InputError
from spark_jobs.common.errors import readable, without_values
from spark_jobs.common.job import StepContext
from spark_jobs.ingest.journal import ingest_folder
from spark_jobs.ingest.manifest import last_published

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

TRIAL_ROWS = 1_000
_SAID = re.compile(r"(?:\b\w*(?:SQL|Connect|UnknownHost|ClassNotFound)\w*Exception: |\. ERROR: )([^\n]*)")

_MAY_PASS = re.compile(r"refused|time[d ]?out|terminat|too many|starting up|shutting down|unreachable|reset", re.IGNORECASE)


@dataclass
class Extraction:
    """What was read of one table: by business date its pieces, with the watermarks between which (None: from the beginning) and their rows."""

    file: Path
    dates: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, ctx: StepContext, source: str, feed_name: str) -> "Extraction":
        """The note of a feed."""
        file = ingest_folder(ctx.settings) / "extracts" / f"{source}__{feed_name}.json"
        return cls(file, json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {})

    def last(self) -> str | None:
        """The watermark that was reached last."""
        reached = [piece["to"] for _, pieces in sorted(self.dates.items()) for piece in pieces if piece["to"] is not None]
        return reached[-1] if reached else None

    def write(self) -> None:
        """On disk before anything depends on it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".part")
        with draft.open("w", encoding="utf-8") as out:
            json.dump({day: pieces for day, pieces in self.dates.items() if pieces}, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self.file)


def extract_tables(ctx: StepContext, feeds: Iterable[tuple[str, SourceContract, str, Feed]]) -> tuple[list[Finding], list[Finding]]:
    """Extract what is new for the business date from every feed that is a table; no feed is held up by another.

    Returns:
        What was refused, and what may be had later: databases that do not answer.
    """
    refused: list[Finding] = []
    later: list[Finding] = []
    for source, contract, name, feed in feeds:
        if feed.jdbc is None:
            continue
        try:
            _extract(ctx, source, name, feed, contract.time_zone or ctx.settings.retailer.time_zone)
        except CdpError as err:
            found = later if isinstance(err, EngineError) else refused
            found += [Finding(f"{source}.{name}", err.message), *err.findings]
    return refused, later


def sample_table(ctx: StepContext, source: str, name: str, feed: Feed, landing: Path) -> None:
    """The first rows of a table as a file below another landing folder, for a dry run.

    Raises:
        InputError: the database does not answer as it should.
    """
    assert feed.jdbc is not None
    rows = _read(ctx, feed.jdbc, _select(feed, feed.jdbc, None, None)).limit(TRIAL_ROWS)
    _deliver(rows, landing / source / name / f"{name}_{_named(ctx.business_date)}.parquet", feed.jdbc)


def _named(day: date) -> date:
    """A dry run may have no business date."""
    return date(2000, 1, 1) if day == date.max else day


def _extract(ctx: StepContext, source: str, name: str, feed: Feed, zone: str) -> None:
    """Pieces of one date: each run until the date is published adds what is new, as the hourly ingest does."""
    assert feed.jdbc is not None
    day, jdbc, note = ctx.business_date, feed.jdbc, Extraction.of(ctx, source, name)
    pieces = note.dates.setdefault(day.isoformat(), [])
    folder = ctx.settings.lake.landing / source / name
    for number, piece in enumerate(pieces):
        if piece["rows"] is None or (piece["rows"] and not _file(folder, name, day, number).exists()):
            _deliver_piece(ctx, feed, note, day, number, folder, name)
    if (
        any(text > day.isoformat() for text, found in note.dates.items() if found)
        or _is_published(ctx, day)
        or (pieces and not jdbc.watermark)
    ):
        return
    low, high = note.last(), _highest(ctx, feed, jdbc, day, zone)
    if jdbc.watermark is not None and (high is None or (low is not None and high == low)):
        return
    pieces.append({"from": low, "to": high, "rows": None})
    note.write()
    _deliver_piece(ctx, feed, note, day, len(pieces) - 1, folder, name)


def _file(folder: Path, name: str, day: date, number: int) -> Path:
    return folder / f"{name}_{day}{f'_{number}' if number else ''}.parquet"


def _is_published(ctx: StepContext, day: date) -> bool:
    """People have seen the date: what is new now belongs to the next one."""
    published = last_published(ctx)
    return published is not None and published >= day


def _deliver_piece(ctx: StepContext, feed: Feed, note: Extraction, day: date, number: int, folder: Path, name: str) -> None:
    """Read the rows between the watermarks that are noted; a killed run left them there."""
    assert feed.jdbc is not None
    piece = note.dates[day.isoformat()][number]
    rows = _deliver(
        _read(ctx, feed.jdbc, _select(feed, feed.jdbc, piece["from"], piece["to"])), _file(folder, name, day, number), feed.jdbc
    )
    piece["rows"] = rows
    note.write()
    log.info("event=extracted feed=%s rows=%d business_date=%s", name, rows, day)


def _highest(ctx: StepContext, feed: Feed, jdbc: Jdbc, day: date, zone: str) -> str | None:
    """The greatest watermark up to the end of the business date; what is committed while the rows are read waits for the next extraction."""
    if jdbc.watermark is None:
        return None
    column = feed.column(jdbc.watermark)
    mark = _quoted(column.delivered_name)
    where = ""
    if column.type in ("date", "timestamp"):
        ends = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)) + timedelta(
            hours=ctx.settings.airflow.day_ends_at_hour
        )
        where = f" where {mark} < '{ends.date() if column.type == 'date' else ends.isoformat(sep=' ')}'"
    value = _collected(_read(ctx, jdbc, f"(select max({mark}) as watermark from {jdbc.table}{where}) t"), jdbc)
    if isinstance(value, datetime):
        # Moments are UTC in the session; local ones have no zone and none is added.
        return value.isoformat(sep=" ")
    return None if value is None else str(value)


def _select(feed: Feed, jdbc: Jdbc, low: str | None, high: str | None) -> str:
    """The contract's columns of the rows in (low - overlap, high], as a table expression; the first time those without a watermark too."""
    names = ", ".join(_quoted(column.delivered_name) for column in feed.columns)
    if jdbc.watermark is None or high is None:
        return f"(select {names} from {jdbc.table}) t"
    column = feed.column(jdbc.watermark)
    mark = _quoted(column.delivered_name)
    # A day may go on after it was read: its rows come again.
    above = ">=" if column.type == "date" else ">"
    bound = f"({mark} <= {_literal(high)} or {mark} is null)" if low is None else f"{mark} <= {_literal(high)}"
    bounds = [bound, *([f"{mark} {above} {_literal(_less(low, jdbc.overlap_minutes))}"] if low is not None else [])]
    return f"(select {names} from {jdbc.table} where {' and '.join(bounds)}) t"


def _less(watermark: str, minutes: int) -> str:
    """A watermark less the overlap; numbers have none."""
    if not minutes or _is_number(watermark):
        return watermark
    return (datetime.fromisoformat(watermark) - timedelta(minutes=minutes)).isoformat(sep=" ")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _literal(watermark: str) -> str:
    return str(Decimal(watermark)) if _is_number(watermark) else f"'{watermark}'"


def _quoted(name: str) -> str:
    return f'"{name}"' if not re.fullmatch(r"[a-z_][a-z0-9_]*", name) else name


def _read(ctx: StepContext, jdbc: Jdbc, table: str) -> "DataFrame":
    """A table expression of the database as a frame; local timestamps stay local."""
    options = {"url": jdbc.url, "dbtable": table, "fetchsize": str(jdbc.fetch_size), "preferTimestampNTZ": "true"}
    if jdbc.driver_class:
        options["driver"] = jdbc.driver_class
    if jdbc.user:
        options["user"] = jdbc.user
    if jdbc.password_env:
        password = os.environ.get(jdbc.password_env)
        if password is None:
            finding = Finding(jdbc.password_env, "is not set", "set this environment variable to the password of the database")
            raise InputError("the password of a database is not known", [finding])
        options["password"] = password
    return ctx.spark.read.format("jdbc").options(**options).load()


def _collected(frame: "DataFrame", jdbc: Jdbc) -> Any:
    with _answers(jdbc):
        row = frame.first()
    return None if row is None else row[0]


def _deliver(frame: "DataFrame", target: Path, jdbc: Jdbc) -> int:
    """Write the rows as one file that appears whole; how many there were. No file for no rows."""
    import pyarrow.parquet as pq

    scratch = target.parent / f".{target.stem}.part"
    shutil.rmtree(scratch, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _answers(jdbc):
        _as_texts(frame).coalesce(1).write.mode("overwrite").parquet(scratch.as_uri())
    parts = [part for part in sorted(scratch.glob("*.parquet")) if pq.read_metadata(part).num_rows]
    rows: int = sum(pq.read_metadata(part).num_rows for part in parts)
    if parts:
        parts[0].replace(target)
    shutil.rmtree(scratch)
    return rows


def _as_texts(frame: "DataFrame") -> "DataFrame":
    """Moments with their offset, and decimals without the zeros that Spark adds, so that the contract reads them as they were."""
    from pyspark.sql import functions as F

    columns = []
    for item in frame.schema.fields:
        value, kind = F.col(f"`{item.name}`"), item.dataType.simpleString()
        if kind == "timestamp":
            value = F.date_format(value, "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX")
        elif kind.startswith("decimal"):
            # A zero of many places is written as 0E-18.
            text = F.regexp_replace(value.cast("string"), r"^[-+]?0E.*$", "0")
            value = F.regexp_replace(F.regexp_replace(text, r"(\.\d*?)0+$", "$1"), r"\.$", "")
        columns.append(value.alias(item.name))
    return frame.select(*columns)


@contextmanager
def _answers(jdbc: Jdbc) -> Iterator[None]:
    """What the database or its driver refuses comes out as one line of what it said, without values.

    Raises:
        InputError: the table could not be read.
        EngineError: the database does not answer, which may pass.
    """
    try:
        yield
    except Exception as err:
        trace = getattr(err, "getStackTrace", None)
        said = _SAID.search(f"{err}\n{trace() if callable(trace) else ''}")
        short = readable(err)
        if said is None and short is None:
            raise
        reason = without_values(said[1] if said else short.message if short else "").strip()[:300]
        remedy = (
            f"look at url, table, user and {jdbc.password_env or 'password_env'} in the mapping, and whether the database can be reached"
        )
        if _MAY_PASS.search(reason):
            raise EngineError("a database does not answer", [Finding(jdbc.table, reason, remedy)]) from None
        raise InputError("a table could not be read", [Finding(jdbc.table, reason, remedy)]) from None
