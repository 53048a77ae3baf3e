"""Quarantined rows once more through today's contract: rows that now keep it go to bronze with their old file and line.

Reads: quarantine.<source>__<feed>. Grain: one row per replayed row.
Flags: `_batch_id` of the replay. Rerun: rows that are in bronze already are only marked as replayed.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from conf.catalog import bronze_table, quarantine_table
from conf.contracts import Feed
from spark_jobs.common.crypto import KeyReference
from spark_jobs.ingest.batch import Batch
from spark_jobs.ingest.contract import PLACE_NAMES
from spark_jobs.ingest.identifiers import DAMAGE, TOO_LONG, Cleaner
from spark_jobs.ingest.journal import Pending
from spark_jobs.ingest.load import append_proven, bronze_frame, check_rules
from spark_jobs.ingest.manifest import REPLAYED, Entry, last_published, record
from spark_jobs.ingest.rejected import OPEN
from spark_jobs.ingest.tokens import VAULT_SCHEMA, Tokeniser, decoded, raw_binding
from spark_jobs.ingest.vault import fill_vault

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

HIDDEN_RULES = ("pattern", "allowed", "valid", DAMAGE, TOO_LONG)  # of a token: the value that broke them is not in the row any more
VAULT_DDL = "_vault array<struct<token: string, kind: string, key_id: string, ciphertext: binary>>"


@dataclass(frozen=True)
class Replayed:
    """What a replay did: rows tried, rows now in bronze, rows still open, and open rows that cannot be replayed."""

    tried: int
    loaded: int
    still_open: int
    not_replayable: int


def replay(batch: Batch) -> Replayed:
    """Replay the open rows of a feed; the caller holds the ingest lock.

    Rows that the reader could not cut into columns, and rows without a kept raw row, stay open: deliver them corrected.
    """
    shutil.rmtree(batch.plan.folder, ignore_errors=True)
    try:
        return _replay(batch)
    finally:
        shutil.rmtree(batch.plan.folder, ignore_errors=True)


def _replay(batch: Batch) -> Replayed:
    from pyspark.sql import functions as F

    table = quarantine_table(batch.source, batch.feed_name).full_name
    _mark_replayed(batch, table)
    rows = batch.ctx.spark.table(table).where(f"status = '{OPEN}'")
    open_rows = rows.count()
    batch.write(_unsealed(rows.where(_is_replayable(batch.feed)), batch), "rows")
    batch.write(batch.read("rows").select(F.explode("_vault").alias("entry")).select("entry.*"), "vault")
    tried = batch.count("rows")
    loaded = _load(batch) if tried else 0
    if loaded:
        _mark_replayed(batch, table)
    return Replayed(tried, loaded, open_rows - loaded, open_rows - tried)


def _is_replayable(feed: Feed) -> str:
    """Predicate over a quarantine table: the raw row is there, has columns, and was not rejected for what a token hides."""
    hidden = [f"{column.name}:{rule}" for column in feed.columns if column.is_tokenised for rule in HIDDEN_RULES]
    never = "".join(f" and not array_contains(rules, '{label}')" for label in hidden)
    return f"raw_row is not null and not startswith(rules[0], 'line:'){never}"


def _unsealed(rows: "DataFrame", batch: Batch) -> "DataFrame":
    """Quarantined rows as staged rows: text by contract column, and in `_vault` the tokens that the vault may not have."""
    from pyspark.sql import functions as F

    names = list(batch.feed.bronze_names)
    published = last_published(batch.ctx)
    soonest = F.lit(date.min if published is None else published + timedelta(days=1))
    rows = rows.withColumn("_known_on", F.greatest("_known_on", soonest)).select("raw_row", *PLACE_NAMES)
    ddl = ", ".join([*(f"`{name}` string" for name in names), "_pii_rule string"])
    places = "_source_file string, _line bigint, _file_hash string, _known_on date"
    return rows.mapInArrow(_opener(batch.feed, batch.key), f"{ddl}, {places}, {VAULT_DDL}")


def _opener(feed: Feed, key: KeyReference) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Opens raw rows; what has become PII since a row was sealed becomes a token now."""
    cleaner = Cleaner.for_feed(feed)

    def unseal(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        tokeniser = Tokeniser.for_feed(feed, key, keeps_tokens=True, cleaner=cleaner)
        for batch in batches:
            if not batch.num_rows:
                continue
            places = zip(batch["raw_row"].to_pylist(), batch["_file_hash"].to_pylist(), batch["_line"].to_pylist(), strict=True)
            values = [json.loads(tokeniser.ring.decrypt(raw, raw_binding(file_hash, line))) for raw, file_hash, line in places]
            delivered = pa.table({name: pa.array([value.get(name) for value in values], pa.string()) for name in feed.bronze_names})
            rows, vault = tokeniser.apply(delivered)
            rows = decoded(rows)
            entries = pa.array([vault.to_pylist(), *[[]] * (batch.num_rows - 1)], pa.list_(pa.struct(VAULT_SCHEMA)))
            columns = [*(column.combine_chunks() for column in rows.columns), *(batch[name] for name in PLACE_NAMES), entries]
            yield pa.RecordBatch.from_arrays(columns, [*rows.column_names, *PLACE_NAMES, "_vault"])

    return unseal


def _load(batch: Batch) -> int:
    from pyspark.sql import functions as F

    check_rules(batch)
    ctx, bronze = batch.ctx, bronze_table(batch.source, batch.feed_name, batch.feed)
    valid = bronze_frame(batch, "")
    if batch.feed.unique:
        taken = ctx.spark.table(bronze.full_name).select("_source_file", "_file_hash", *batch.feed.unique)
        valid = valid.join(taken, ["_source_file", "_file_hash", *batch.feed.unique], "left_anti")
    rows = valid.groupBy("_source_file", "_file_hash", "_known_on").agg(
        F.count("*").alias("rows"), F.hex(F.bit_xor(F.xxhash64("_source_file", "_file_hash", "_line"))).alias("mark")
    )
    files = sorted((row.asDict() for row in rows.collect()), key=lambda row: str(row["_source_file"]))
    count = sum(row["rows"] for row in files)
    if not count:
        return 0
    batch_id = "replay-" + hashlib.sha256("".join(f"{row['_file_hash']}{row['mark']}" for row in files).encode()).hexdigest()[:13]
    pending = Pending(batch_id, (bronze.full_name,), batch.plan.folder)
    pending.write(ctx.settings)
    fill_vault(batch)
    append_proven(batch, pending, bronze, valid.withColumn("_batch_id", F.lit(batch_id)).select(*bronze.field_names), count)
    record(ctx, [
        Entry(batch_id, batch.source, batch.feed_name, row["_source_file"], row["_file_hash"], 0, 0, row["_known_on"], 0, row["rows"], -row["rows"], REPLAYED)
        for row in files
    ])  # fmt: skip
    pending.done(ctx.settings)
    return int(count)


def _mark_replayed(batch: Batch, table: str) -> None:
    """Rows that are in bronze leave quarantine; nothing is committed when there are none."""
    bronze = bronze_table(batch.source, batch.feed_name, batch.feed).full_name
    same_place = "b._source_file = q._source_file and b._file_hash = q._file_hash and b._line = q._line"
    there = f"exists (select 1 from {bronze} b where {same_place})"
    spark = batch.ctx.spark
    if not spark.sql(f"select 1 from {table} q where status = '{OPEN}' and {there} limit 1").isEmpty():
        rows = spark.sql(f"select row_id from {table} q where status = '{OPEN}' and {there}")
        batch.write(rows, "replayed")
        batch.read("replayed").createOrReplaceTempView("replayed_rows")
        spark.sql(
            f"merge into {table} q using replayed_rows r on q.row_id = r.row_id when matched then update set status = 'replayed'"
        ).collect()
