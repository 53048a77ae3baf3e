"""Tables of databases as deliveries: the news of a business date become one Parquet file in landing, which is ingested as any other.

Reads: databases, over JDBC. Writes: landing/<source>/<feed>/<feed>_<date>.parquet, and a note of the watermarks outside the warehouse.
Rerun: a date that was extracted is not asked for again; an extraction that was killed is repeated between the same watermarks.
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

from conf.connections import Jdbc
from conf.contracts import Feed
from conf.errors import CdpError, Finding, InputError
from spark_jobs.common.errors import readable, without_values
from spark_jobs.common.job import StepContext
from spark_jobs.ingest.journal import ingest_folder

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

TRIAL_ROWS = 1_000
_SAID = re.compile(r"(?:\b\w*(?:SQL|Connect|UnknownHost|ClassNotFound)\w*Exception: |\. ERROR: )([^\n]*)")


@dataclass
class Extraction:
    """What was read of one table: by business date the watermarks between which (None: from the beginning), and how many rows."""

    file: Path
    dates: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, ctx: StepContext, source: str, feed_name: str) -> "Extraction":
        """The note of a feed."""
        file = ingest_folder(ctx.settings) / "extracts" / f"{source}__{feed_name}.json"
        return cls(file, json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {})

    def before(self, day: date) -> str | None:
        """The last watermark that was reached before a date."""
        earlier = [note["to"] for text, note in sorted(self.dates.items()) if text < day.isoformat() and note["to"] is not None]
        return earlier[-1] if earlier else None

    def write(self, day: date, **note: Any) -> None:
        """Note a date; on disk before anything depends on it."""
        self.dates[day.isoformat()] = self.dates.get(day.isoformat(), {}) | note
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".part")
        with draft.open("w", encoding="utf-8") as out:
            json.dump(self.dates, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self.file)


def extract_tables(ctx: StepContext, feeds: Iterable[tuple[str, str, Feed]]) -> list[Finding]:
    """Extract what is new for the business date from every feed that is a table.

    Returns:
        What could not be extracted; other feeds are not held up by it.
    """
    findings = []
    for source, name, feed in feeds:
        if feed.jdbc is None:
            continue
        try:
            _extract(ctx, source, name, feed, feed.jdbc)
        except CdpError as err:
            findings += [Finding(f"{source}.{name}", err.message), *err.findings]
    return findings


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


def _extract(ctx: StepContext, source: str, name: str, feed: Feed, jdbc: Jdbc) -> None:
    day, note = ctx.business_date, Extraction.of(ctx, source, name)
    target = ctx.settings.lake.landing / source / name / f"{name}_{day}.parquet"
    known = note.dates.get(day.isoformat())
    if target.exists() or (known is not None and known.get("rows") == 0):
        return
    if known is None and any(text > day.isoformat() for text in note.dates):
        log.warning(
            "not_extracted feed=%s.%s business_date=%s reason='a later date was; the table as it was then is gone'", source, name, day
        )
        return
    if known is None:
        low, high = note.before(day), _highest(ctx, feed, jdbc)
        note.write(day, **{"from": low, "to": high if high is not None else low, "rows": None})
        known = note.dates[day.isoformat()]
    low, high = known["from"], known["to"]
    is_news = jdbc.watermark is None or (high is not None and high != low)
    rows = _deliver(_read(ctx, jdbc, _select(feed, jdbc, low, high)), target, jdbc) if is_news else 0
    note.write(day, rows=rows)
    log.info("event=extracted feed=%s.%s rows=%d business_date=%s", source, name, rows, day)


def _highest(ctx: StepContext, feed: Feed, jdbc: Jdbc) -> str | None:
    """The greatest watermark there is now; what is committed while the rows are read waits for the next date."""
    if jdbc.watermark is None:
        return None
    column = feed.column(jdbc.watermark).delivered_name
    value = _collected(_read(ctx, jdbc, f"(select max({_quoted(column)}) as watermark from {jdbc.table}) t"), jdbc)
    return None if value is None else value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _select(feed: Feed, jdbc: Jdbc, low: str | None, high: str | None) -> str:
    """The contract's columns of the rows in (low - overlap, high], as a table expression."""
    names = ", ".join(_quoted(column.delivered_name) for column in feed.columns)
    bounds = []
    if jdbc.watermark is not None:
        mark = _quoted(feed.column(jdbc.watermark).delivered_name)
        if low is not None:
            bounds.append(f"{mark} > {_literal(_less(low, jdbc.overlap_minutes))}")
        if high is not None:
            bounds.append(f"{mark} <= {_literal(high)}")
    return f"(select {names} from {jdbc.table}{' where ' + ' and '.join(bounds) if bounds else ''}) t"


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
        frame.coalesce(1).write.mode("overwrite").parquet(scratch.as_uri())
    parts = [part for part in sorted(scratch.glob("*.parquet")) if pq.read_metadata(part).num_rows]
    rows: int = sum(pq.read_metadata(part).num_rows for part in parts)
    if parts:
        parts[0].replace(target)
    shutil.rmtree(scratch)
    return rows


@contextmanager
def _answers(jdbc: Jdbc) -> Iterator[None]:
    """What the database or its driver refuses comes out as one line of what it said, without values.

    Raises:
        InputError: the table could not be read.
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
        raise InputError("a table could not be read", [Finding(jdbc.table, reason, remedy)]) from None
