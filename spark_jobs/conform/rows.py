"""Rows of a plan: the bronze rows that its contributions name, mapped, with the lines and keys that deliveries have retired.

Reads: bronze.<source>__<feed>. Grain: one row per bronze row and map, and one per retired key.
"""

from functools import reduce
from typing import TYPE_CHECKING

from conf.maps import Dedup
from spark_jobs.common.document_fields import with_document_fields
from spark_jobs.common.job import StepContext
from spark_jobs.conform.contributions import Contribution
from spark_jobs.conform.documents import DOCUMENT, document_id, redelivered_otherwise, retired_lines
from spark_jobs.conform.mapping import FIRST_KNOWN, REJECT, document_deliveries, mapped
from spark_jobs.conform.plans import EntityPlan, Mode, Slice
from spark_jobs.conform.snapshots import deleted_rows, tombstones

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def rejected_rows(ctx: StepContext, plan: EntityPlan) -> "DataFrame":
    """The rows of a plan that cannot be rows of its entity, as `ops.conform_rejects` has them."""
    from pyspark.sql import functions as F

    frames = [
        mapped_rows(ctx, plan, (part,), only_pending=plan.mode is Mode.INCREMENTAL)
        .where(F.col(REJECT).isNotNull())
        .select(
            F.lit(plan.entity.entity).alias("entity"),
            F.lit(part.source).alias("source"),
            F.lit(part.feed_name).alias("feed"),
            F.lit(part.map_number).alias("map_number"),
            "_source_file",
            "_line",
            "_known_on",
            F.col(REJECT).alias("reasons"),
        )
        for part in (plan.parts if plan.mode is Mode.FULL else parts_with_news(plan))
    ]
    return reduce(lambda left, right: left.unionByName(right), frames)


def parts_with_news(plan: EntityPlan) -> tuple[Contribution, ...]:
    """Contributions of feeds that have pending slices."""
    feeds = {(piece.source, piece.feed) for piece in plan.pending}
    return tuple(part for part in plan.parts if (part.source, part.feed_name) in feeds)


def mapped_rows(ctx: StepContext, plan: EntityPlan, parts: tuple[Contribution, ...], *, only_pending: bool = False) -> "DataFrame":
    """Mapped rows of some contributions that were known on the business date."""
    frames = [_mapped(ctx, plan, part, only_pending) for part in parts]
    frames += [_deletions(ctx, plan, part, only_pending) for part in parts if part.feed.delivery == "snapshot" and not part.is_key_only]
    frames += [_retired_lines(ctx, plan, part, only_pending) for part in parts if part.map.dedup is Dedup.DOCUMENT]
    return reduce(lambda left, right: left.unionByName(right), frames)


def _mapped(ctx: StepContext, plan: EntityPlan, part: Contribution, only_pending: bool) -> "DataFrame":
    return mapped(_bronze(ctx, plan, part, only_pending), part, late_files=(part.source, part.feed_name) in plan.late_feeds)


def _deletions(ctx: StepContext, plan: EntityPlan, part: Contribution, only_pending: bool) -> "DataFrame":
    """What the snapshots of a feed have deleted; with `only_pending` what its pending ones did, for which older ones are read too."""
    from pyspark.sql import functions as F

    gone = tombstones(_mapped(ctx, plan, part, False), part)
    if not only_pending:
        return gone
    mine = _pieces(plan, part)
    return gone.where(
        F.col("_delivered_on").between(min(piece.delivered_from for piece in mine), max(piece.delivered_to for piece in mine))
    )


def _retired_lines(ctx: StepContext, plan: EntityPlan, part: Contribution, only_pending: bool) -> "DataFrame":
    """Lines that a later delivery of their document does not have; with `only_pending` those of the documents that are pending.

    All deliveries of a pending document are looked at: one that came late changes what an earlier and a later one have retired.
    """
    from pyspark.sql import functions as F

    late = (part.source, part.feed_name) in plan.late_feeds
    bronze = _whole_documents(ctx, plan, part, only_pending)
    rows = mapped(bronze, part, late_files=late, with_document=True)
    gone = retired_lines(rows, document_deliveries(bronze, part, late_files=late), part.entity.key)
    if only_pending and plan.is_newer:
        gone = gone.where(F.col("_delivered_on") >= min(piece.delivered_from for piece in _pieces(plan, part)))
    return deleted_rows(gone, rows.drop(DOCUMENT), part)


def _pieces(plan: EntityPlan, part: Contribution) -> list[Slice]:
    """Pending slices of a part's feed."""
    return [piece for piece in plan.pending if (piece.source, piece.feed) == (part.source, part.feed_name)]


def _bronze(ctx: StepContext, plan: EntityPlan, part: Contribution, only_pending: bool) -> "DataFrame":
    from pyspark.sql import functions as F

    table = ctx.spark.table(part.bronze).where(F.col("_known_on") <= F.lit(ctx.business_date))
    if part.looks_at_whole_files and (part.source, part.feed_name) in plan.replayed_feeds:
        first = table.groupBy("_source_file").agg(F.min("_known_on").alias(FIRST_KNOWN))
        table = table.join(F.broadcast(first), "_source_file")
    if not only_pending:
        return table
    mine = _pieces(plan, part)
    days = [piece.known_on for piece in mine]
    pending = table.where(
        F.col("_known_on").between(min(days), max(days)) & F.col("_batch_id").isin(sorted({piece.batch_id for piece in mine}))
    )
    if not part.looks_at_whole_files:
        return pending
    # A replayed row belongs to a file whose other rows are in silver already; its document is the whole of them.
    return table.join(F.broadcast(pending.select("_source_file").distinct()), "_source_file", "left_semi")


def changed_documents(ctx: StepContext, plan: EntityPlan) -> int:
    """Documents among the pending ones that two files deliver with other lines, under `full_row_per_document`."""
    found = 0
    for part in parts_with_news(plan):
        if part.map.dedup is Dedup.FULL_ROW_PER_DOCUMENT:
            rows = mapped(_whole_documents(ctx, plan, part, plan.mode is Mode.INCREMENTAL), part, late_files=False, with_document=True)
            found += redelivered_otherwise(rows, plan.entity.key).count()
    return found


def _whole_documents(ctx: StepContext, plan: EntityPlan, part: Contribution, only_pending: bool) -> "DataFrame":
    """All deliveries of a feed's documents; with `only_pending` of those that are pending."""
    from pyspark.sql import functions as F

    bronze = with_document_fields(_bronze(ctx, plan, part, False), part.feed)
    if not only_pending:
        return bronze
    pending = _bronze(ctx, plan, part, True).select(document_id(part).alias(DOCUMENT)).distinct()
    return bronze.join(pending, document_id(part) == F.col(DOCUMENT), "left_semi")
