"""Rejected rows: their rules and value classes in the open, the row itself encrypted by Spark's Python workers."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from conf.contracts import Feed
from spark_jobs.common.crypto import KeyReference
from spark_jobs.ingest.contract import PLACE_NAMES, TEXT, BrokenRule, broken_classes, broken_labels
from spark_jobs.ingest.tokens import ERASED_RULE, raw_binding

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame

OPEN, REPLAYED = "open", "replayed"
SEALED_DDL = (
    "rules array<string>, value_classes array<string>, raw_row binary, key_id string, "
    "_source_file string, _line bigint, _file_hash string, _known_on date"
)


def broken_rows(checked: "DataFrame", feed: Feed, rules: Sequence[BrokenRule], key: KeyReference, keep_raw: bool) -> "DataFrame":
    """Rows that break a rule, sealed."""
    columns = (broken_labels(rules).alias("rules"), broken_classes(rules).alias("value_classes"))
    return sealed(checked.select(*columns, row_as_json(feed).alias("_raw"), *PLACE_NAMES), key, keep_raw)


def late_rows(rows: "DataFrame", labels: "SparkColumn", feed: Feed, key: KeyReference, keep_raw: bool) -> "DataFrame":
    """Rows that only other rows show to be wrong, with an array of the rules they break, sealed."""
    from pyspark.sql import functions as F

    columns = (labels.alias("rules"), F.transform(labels, lambda _: F.lit("row")).alias("value_classes"))
    return sealed(rows.select(*columns, row_as_json(feed).alias("_raw"), *PLACE_NAMES), key, keep_raw)


def unread_rows(staged: "DataFrame", key: KeyReference) -> "DataFrame":
    """Rows that the reader rejected; it has encrypted them already."""
    from pyspark.sql import functions as F

    return staged.select(
        F.array("_rule").alias("rules"), F.array(F.lit("line")).alias("value_classes"),
        F.col("_raw").alias("raw_row"), F.lit(key.key_id).alias("key_id"), *PLACE_NAMES,
    )  # fmt: skip


def row_as_json(feed: Feed) -> "SparkColumn":
    """The row as delivered: a JSON object of its text by column of bronze (PII is a token already, what stays of it beside it).

    Null for a row of a customer who was erased: nothing of it is kept.
    """
    from pyspark.sql import functions as F

    names = [(column.name, column.name if column.type == "string" else TEXT + column.name) for column in feed.columns]
    names += [(column.name, column.name) for column in feed.bronze_columns[len(feed.columns) :]]
    row = F.to_json(F.struct(*[F.col(f"`{text}`").alias(name) for name, text in names]))
    return F.when(F.coalesce(F.col("_pii_rule"), F.lit("")) != ERASED_RULE, row)


def sealed(rows: "DataFrame", key: KeyReference, keep_raw: bool) -> "DataFrame":
    """Rows with `_raw` replaced by its ciphertext, bound to file and line."""

    def seal(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        ring = None
        for batch in batches:
            ring = ring or key.open()
            places = zip(batch["_raw"].to_pylist(), batch["_file_hash"].to_pylist(), batch["_line"].to_pylist(), strict=True)
            raw = [
                ring.encrypt(text.encode(), raw_binding(file_hash, line)) if keep_raw and text is not None else None
                for text, file_hash, line in places
            ]
            ids = pa.array([key.key_id] * batch.num_rows, pa.string())
            columns = [batch["rules"], batch["value_classes"], pa.array(raw, pa.binary()), ids, *(batch[name] for name in PLACE_NAMES)]
            yield pa.RecordBatch.from_arrays(columns, ["rules", "value_classes", "raw_row", "key_id", *PLACE_NAMES])

    return rows.mapInArrow(seal, SEALED_DDL)


def quarantine_frame(sealed_rows: "DataFrame", batch_id: str) -> "DataFrame":
    """Sealed rows with the columns of a quarantine table."""
    from pyspark.sql import functions as F

    row_id = F.sha2(F.concat_ws(":", "_source_file", "_file_hash", F.col("_line").cast("string")), 256)
    return sealed_rows.select(
        row_id.alias("row_id"), "rules", "value_classes", "raw_row", "key_id", F.lit(OPEN).alias("status"),
        *PLACE_NAMES, F.lit(batch_id).alias("_batch_id"),
    )  # fmt: skip
