"""Mapping: bronze rows of one feed as rows of one canonical entity, with the reasons for which a row cannot be one."""

from typing import TYPE_CHECKING

from conf.entities import EntityColumn
from conf.field_types import MOMENTS
from conf.maps import Dedup, FieldSource
from conf.vocabularies.statuses import BLANKS, FULL_WIDTH, HALF_WIDTH
from spark_jobs.common.deliveries import delivered_on_column
from spark_jobs.common.document_fields import with_document_fields
from spark_jobs.common.routes import route_of
from spark_jobs.conform import values
from spark_jobs.conform.contributions import Contribution
from spark_jobs.conform.documents import (
    DOCUMENT,
    DOCUMENT_SEQUENCE,
    KEY_SEPARATOR,
    document_id,
    joined_key,
    with_document_sequence,
)

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

MADE_KEY = "_made_key"
FIRST_KNOWN = "_first_known_of_file"

# Columns beside the entity's own, in order of precedence of the version: the latest (_delivered_on, …, _place) speaks.
VERSION = ("_delivered_on", "_known_on", "_sequence", "_place")
PLACE = ("_source_file", "_line")
ORIGIN = ("_source", "_rank", "_priority", "_is_key_only", "_replaces")
REJECT = "_reject"
SEQUENCE = "decimal(38,6)"
IS_DELETED = "_is_deleted"


def mapped(bronze: "DataFrame", part: Contribution, *, late_files: bool, with_document: bool = False) -> "DataFrame":
    """Rows of `bronze` as rows of the entity.

    Args:
        bronze: rows of the feed with provenance columns.
        part: the feed's map.
        late_files: some file became known on another date than the one in its path.
        with_document: add `_document`, the document of each row, for a map that has documents.

    Returns:
        The entity's columns, `_is_deleted` (null when the map only gives the key), VERSION, PLACE, ORIGIN and `_reject`: an array of
        `column: reason`, null for a good row. A deleted row needs nothing but its key.
    """
    from pyspark.sql import functions as F

    bronze = with_first_known(bronze, part)
    raw = {column.name: _raw(column, part) for column in part.entity.columns}
    typed = {column.name: _typed(raw[column.name], column, part) for column in part.entity.columns}
    bronze = with_document_sequence(with_document_fields(bronze, part.feed), part, _own_sequence(part))
    if part.feed.routes:
        bronze = bronze.where(route_of(part.feed).isin(*part.map.routes))
    rows = _with_made_key(bronze.where(F.expr(part.map.where)) if part.map.where else bronze, part, typed)
    deleted = _is_deleted(part)
    reasons = [
        reason if column.name == part.entity.key or part.feed.changes is None else F.when(~deleted, reason)
        for column in part.entity.columns
        for reason in _reasons(raw[column.name], typed[column.name], column, part)
    ]
    # The key is always required, so there is at least one reason to test for.
    return rows.select(
        *(_told(typed[column.name], column, part).alias(column.name) for column in part.entity.columns),
        (F.lit(None).cast("boolean") if part.is_key_only else deleted).alias(IS_DELETED),
        _delivered_on(part, late_files).alias("_delivered_on"),
        "_known_on",
        _sequence(part).alias("_sequence"),
        _place(part).alias("_place"),
        *PLACE,
        F.lit(part.source).alias("_source"),
        F.lit(part.rank).alias("_rank"),
        F.lit(part.map.priority).alias("_priority"),
        F.lit(part.is_key_only).alias("_is_key_only"),
        F.array(*map(F.lit, part.replacing)).cast("array<string>").alias("_replaces"),
        F.when(F.coalesce(*reasons).isNotNull(), F.array_compact(F.array(*reasons))).alias(REJECT),
        *([document_id(part).alias(DOCUMENT)] if with_document else []),
    )


def document_deliveries(bronze: "DataFrame", part: Contribution, *, late_files: bool) -> "DataFrame":
    """Every delivery of every document of a feed, whatever becomes of its lines: `_document`, and the version and place of the delivery."""
    from pyspark.sql import functions as F

    rows = with_document_fields(with_first_known(bronze, part), part.feed).select(
        document_id(part).alias(DOCUMENT),
        *PLACE,
        _delivered_on(part, late_files).alias("_delivered_on"),
        "_known_on",
        _own_sequence(part).alias("_sequence"),
    )
    return (
        rows.where(F.col(DOCUMENT).isNotNull())
        .groupBy(DOCUMENT, "_source_file", "_delivered_on")
        .agg(F.min("_known_on").alias("_known_on"), F.max("_sequence").alias("_sequence"), F.max("_line").alias("_line"))
    )


def _is_deleted(part: Contribution) -> "Column":
    from pyspark.sql import functions as F

    changes = part.feed.changes
    return (
        F.lit(False) if changes is None else F.coalesce(F.trim(F.col(changes.operation).cast("string")).isin(*changes.delete), F.lit(False))
    )


def _sequence(part: Contribution) -> "Column":
    """Order inside a delivery: of a document among its deliveries, of any other row among its key's rows."""
    from pyspark.sql import functions as F

    return F.col(DOCUMENT_SEQUENCE) if part.map.dedup is Dedup.DOCUMENT else _own_sequence(part)


def _place(part: Contribution) -> "Column":
    """File and line, which order rows last; null where `order_by` replaces them. Documents of one day come in the order of their files."""
    from pyspark.sql import functions as F

    return F.when(F.lit(part.map.order_by is None or part.map.dedup is Dedup.DOCUMENT), F.struct(*PLACE))


def _own_sequence(part: Contribution) -> "Column":
    """Order of the rows inside a delivery, as a number; null where only file and line tell it."""
    from pyspark.sql import functions as F

    name = part.map.order_by or (part.feed.changes.order_by if part.feed.changes else None)
    if name is None:
        return F.lit(None).cast(SEQUENCE)
    value, type_ = F.col(name), part.feed.column(name).type
    in_order = {"timestamp": F.unix_micros, "date": F.unix_date}.get(type_)
    return (value if in_order is None else in_order(value)).try_cast(SEQUENCE)


def _with_made_key(rows: "DataFrame", part: Contribution, typed: dict[str, "Column"]) -> "DataFrame":
    """The rows with `_made_key` when the map makes one: the surrogate key of rows without a natural key.

    Per document and content the equal rows of one file are numbered, so that a document delivered again has the same keys.
    Content is what the map says of a row, so that two feeds with other column names make the same keys; or the columns in `content`.
    Without documents a row is its place: content hash of the file, and line.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    if not part.makes_key:
        return rows
    if not part.document:
        return rows.withColumn(MADE_KEY, F.concat_ws(KEY_SEPARATOR, "_file_hash", F.col("_line").cast("string")))
    values = {name: value for name, value in typed.items() if name in part.map.fields}
    if part.map.content:
        values = {f"c{number}": F.col(f"`{name}`").cast("string") for number, name in enumerate(part.map.content)}
    said = F.to_json(F.struct(*(value.alias(name) for name, value in values.items())))
    rows = rows.withColumn("_content", F.substring(F.sha2(said, 256), 1, 16))
    equal = Window.partitionBy("_source_file", *(F.col(f"`{name}`") for name in part.document), "_content").orderBy("_line")
    number = F.row_number().over(equal).cast("string")
    key = F.concat(document_id(part), F.lit(KEY_SEPARATOR), F.col("_content"), F.lit(KEY_SEPARATOR), number)
    return rows.withColumn(MADE_KEY, key).drop("_content")


def _raw(column: EntityColumn, part: Contribution) -> "Column | None":
    """The mapped value before its cast; None when the map has no such field."""
    from pyspark.sql import functions as F

    source = part.map.fields.get(column.name)
    if column.name == part.entity.key and part.makes_key:
        return F.col(MADE_KEY)
    if source is None:
        return F.lit(part.currency_code) if column.name == "currency_code" else None
    return F.coalesce(*[_from(each, column, part) for each in source.alternatives]) if source.first else _from(source, column, part)


def _from(source: FieldSource, column: EntityColumn, part: Contribution) -> "Column":
    """The value from one place, before its cast."""
    from pyspark.sql import functions as F

    if source.const is not None:
        return F.lit(source.const)
    if source.key is not None:
        return joined_key(source.key, part.feed)
    if source.values:
        return _translated(F.col(source.column) if source.column else F.expr(source.expr or ""), source)
    return F.expr(source.expr) if source.expr is not None else _from_column(source, column, part)


def _translated(raw: "Column", source: FieldSource) -> "Column":
    """The value that `values` has for a word; a word that is not there goes on as it is."""
    from pyspark.sql import functions as F

    text = raw.cast("string")
    compared = F.lower(F.btrim(F.translate(text, FULL_WIDTH, HALF_WIDTH), F.lit(BLANKS)))
    pairs = [F.lit(each) for pair in source.translations.items() for each in pair]
    return F.coalesce(F.try_element_at(F.create_map(*pairs), compared), text)


def _from_column(source: FieldSource, column: EntityColumn, part: Contribution) -> "Column":
    """A feed column; between a moment and a day stands the source's clock, whether `local_date` says so or not."""
    from pyspark.sql import functions as F

    name = source.local_date or source.column
    assert name is not None
    if column.type == "date" and part.feed.column(name).type == "timestamp":
        return F.to_date(F.from_utc_timestamp(F.col(name), part.time_zone))
    if column.type == "timestamp" and part.feed.column(name).type == "date":
        return F.to_utc_timestamp(F.col(name).cast("timestamp"), part.time_zone)
    return F.col(name)


def _typed(raw: "Column | None", column: EntityColumn, part: Contribution) -> "Column":
    from pyspark.sql import functions as F

    if raw is None:
        return F.lit(None).cast(column.type)
    if column.type in MOMENTS:
        return values.moment(raw, column, part)
    if column.name == values.CURRENCY and not column.id:
        return values.currency_code(raw)
    if not column.id:
        return raw.try_cast(column.type)
    source = part.map.fields.get(column.name)
    if source is None or not source.first:
        return _named(raw, part.namespace(column.name))
    return F.coalesce(*[_named(_from(each, column, part), part.map.namespace_for(each, part.source)) for each in source.first])


def _named(raw: "Column", namespace: str) -> "Column":
    """An id in its namespace; null when it is empty."""
    from pyspark.sql import functions as F

    return F.concat(F.lit(f"{namespace}:"), F.nullif(F.trim(raw.cast("string")), F.lit("")))


def _told(typed: "Column", column: EntityColumn, part: Contribution) -> "Column":
    """The value as it is settled: a descriptive text of nothing but blanks says nothing."""
    from pyspark.sql import functions as F

    return F.when(F.trim(typed) != "", typed) if column.descriptive and column.name not in part.replacing else typed


def _reasons(raw: "Column | None", typed: "Column", column: EntityColumn, part: Contribution) -> list["Column"]:
    """Why a row cannot be a row of the entity because of this column: a required value is missing, a cast fails, or no such value may be."""
    from pyspark.sql import functions as F

    required = column.required or column.name == part.entity.key
    if raw is None:
        return [F.lit(f"{column.name}: not mapped")] if required else []
    is_empty = typed.isNull() if column.id or column.name == values.CURRENCY else F.lit(False)
    reasons = [F.when(raw.isNull() | is_empty, F.lit(f"{column.name}: missing"))] if required else []
    if not column.id and _cast_can_fail(column, part):
        reasons.append(F.when(raw.isNotNull() & typed.isNull(), F.lit(f"{column.name}: not a {column.type}")))
    if column.type in MOMENTS:
        reasons += values.moment_reasons(raw, typed, column, part)
    if column.name == values.CURRENCY and column.name in part.map.fields:
        reasons += values.currency_reasons(typed)
    return reasons


def _cast_can_fail(column: EntityColumn, part: Contribution) -> bool:
    if column.type == "string":
        return False
    source = part.map.fields.get(column.name)
    if source is None or source.first or source.values or not source.columns:
        return True
    return part.feed.column(source.columns[0]).type != column.type


def with_first_known(bronze: "DataFrame", part: Contribution) -> "DataFrame":
    """The rows with the date on which their file was first known; the row's own date where nobody looks at whole files.

    A row that was replayed from quarantine is known later than its file: its document is still a delivery of the file's day.
    """
    from pyspark.sql import functions as F

    if not part.looks_at_whole_files or FIRST_KNOWN in bronze.columns:
        return bronze
    return bronze.withColumn(FIRST_KNOWN, F.col("_known_on"))


def _delivered_on(part: Contribution, late_files: bool) -> "Column":
    from pyspark.sql import functions as F

    first_known = F.col(FIRST_KNOWN if part.looks_at_whole_files else "_known_on")
    if not (late_files and part.has_delivery_dates):
        return first_known
    return F.coalesce(delivered_on_column(part.source, part.feed.files, F.col("_source_file")), first_known)
