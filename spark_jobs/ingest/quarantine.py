"""Reading and replaying quarantine for the command line."""

from typing import TYPE_CHECKING

from conf.catalog import Schema
from conf.contracts import load_sources
from conf.settings import Settings
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.job import StepContext
from spark_jobs.common.session import engine_session
from spark_jobs.common.writer import one_writer
from spark_jobs.ingest.batch import Batch
from spark_jobs.ingest.journal import one_at_a_time, recover
from spark_jobs.ingest.manifest import last_ingest, read_manifest
from spark_jobs.ingest.replay import Replayed, replay
from spark_jobs.ingest.step import ensure_tables
from spark_jobs.ingest.tokens import raw_binding

if TYPE_CHECKING:
    pass


def counts(settings: Settings) -> list[dict[str, object]]:
    """Rejected rows by feed, rule and status, most frequent first."""
    with engine_session(settings) as spark:
        tables = [row["tableName"] for row in spark.sql(f"show tables in {Schema.QUARANTINE}").collect()]
        if not tables:
            return []
        selects = [
            f"select '{table}' as feed, rules[0] as rule, status, _source_file, _known_on from {Schema.QUARANTINE}.{table}"
            for table in sorted(tables)
        ]
        rows = spark.sql(
            "select feed, rule, status, count(*) as rows, count(distinct _source_file) as files, max(_known_on) as last_known_on "
            f"from ({' union all '.join(selects)}) group by feed, rule, status order by rows desc, feed, rule, status"
        ).collect()
    return [row.asDict() for row in rows]


def rows(settings: Settings, source: str, feed: str, limit: int, *, purpose: str = "") -> list[dict[str, object]]:
    """Rejected rows of a feed in order of file and line; with a purpose also the row as delivered, decrypted here and audited."""
    name = f"{Schema.QUARANTINE}.{source}__{feed}"
    with engine_session(settings) as spark:
        if not spark.catalog.tableExists(name):
            return []  # nothing was ever loaded from the feed
        table = spark.table(name).orderBy("_source_file", "_line").limit(limit)
        found = [row.asDict() for row in table.collect()]
    if purpose:
        note(settings, Action.PII_READ, name, purpose=purpose, rows=len(found))
    ring = key_reference(settings).open() if purpose else None
    shown = []
    for row in found:
        entry: dict[str, object] = {
            "file": row["_source_file"], "line": row["_line"], "rules": ", ".join(row["rules"]),
            "values": ", ".join(row["value_classes"]), "status": row["status"],
        }  # fmt: skip
        if ring is not None:
            raw = row["raw_row"]
            entry["row"] = (
                None if raw is None else ring.decrypt(bytes(raw), raw_binding(row["_file_hash"], row["_line"])).decode("utf-8", "replace")
            )
        shown.append(entry)
    return shown


def replay_feed(settings: Settings, source: str, feed: str) -> Replayed:
    """Replay the open rows of one feed under the ingest lock."""
    contract = load_sources()[source]
    definition = contract.feeds[feed]
    with engine_session(settings) as spark, one_writer(settings, "replay"), one_at_a_time(settings):
        ctx = StepContext(spark, settings, last_ingest(spark), "replay")
        ensure_tables(ctx, [(source, feed, contract, definition)])
        recover(ctx, read_manifest(ctx).batches)
        zone = contract.time_zone or settings.retailer.time_zone
        replayed = replay(Batch(ctx, source, feed, definition, zone, key_reference(settings), []))
    note(settings, Action.DATA_REPLAYED, f"bronze.{source}__{feed}", loaded=replayed.loaded, tried=replayed.tried)
    return replayed
