"""The quality gate: what share of the news since the last publication passed its contracts and maps, source by source."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from conf.contracts import SourceContract
from conf.errors import Finding, QualityError
from spark_jobs.common.job import StepContext

FeedName = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PassRate:
    """Rows a source delivered, those that did not make it into bronze and silver, and how many of them its feeds may lose."""

    source: str
    rows_in: int
    rows_failed: int
    rows_allowed: float

    @property
    def share(self) -> float:
        """Share of rows that passed; 1 when there were none."""
        return 1.0 if not self.rows_in else max(0.0, 1 - self.rows_failed / self.rows_in)

    @property
    def least_share(self) -> float:
        """Share of rows that must pass; 0 when the feeds may lose more rows than they delivered (`ingest.tolerated_rejects`)."""
        return 1.0 if not self.rows_in else max(0.0, 1 - self.rows_allowed / self.rows_in)


def allowed_shares(sources: Mapping[str, SourceContract], default: float) -> dict[FeedName, float]:
    """Share of rejected rows that each feed may have: its contract's, else the default."""
    return {
        (source, name): default if feed.max_rejected_share is None else feed.max_rejected_share
        for source, contract in sources.items()
        for name, feed in contract.feeds.items()
    }


def pass_rates(ctx: StepContext, since: date | None, allowed: Mapping[FeedName, float]) -> list[PassRate]:
    """Pass rate of each source over the files that were loaded after `since` (all files when None).

    Args:
        ctx: session and settings.
        since: the last published date.
        allowed: share of rejected rows by feed; feeds that are not in it have the setting's.
    """
    default, tolerated = ctx.settings.ingest.max_rejected_share, ctx.settings.ingest.tolerated_rejects
    delivered, failed, may_fail = defaultdict[str, int](int), defaultdict[str, int](int), defaultdict[str, float](float)
    for feed, rows in _delivered(ctx, since).items():
        delivered[feed[0]] += rows[0]
        failed[feed[0]] += rows[1]
        may_fail[feed[0]] += max(rows[0] * allowed.get(feed, default), tolerated)
    for source, rows_failed in _not_conformed(ctx, since).items():
        failed[source] += rows_failed
    return [PassRate(source, delivered[source], failed[source], may_fail[source]) for source in sorted(delivered)]


def _delivered(ctx: StepContext, since: date | None) -> dict[FeedName, tuple[int, int]]:
    """Rows in and rows that are still in quarantine, by feed; what was replayed of earlier files makes up for nothing."""
    from pyspark.sql import functions as F

    entries = ctx.spark.table("ops.ingest_manifest").where(F.col("known_on") <= F.lit(ctx.business_date))
    file = ["source", "feed", "file", "file_hash"]
    files = (
        entries.where(F.col("status").isin("loaded", "replayed"))
        .groupBy(*file)
        .agg(
            F.sum("rows_in").alias("rows_in"),
            F.sum("rows_quarantined").alias("rows_quarantined"),
            F.max(F.when(F.col("status") == "loaded", F.col("known_on"))).alias("loaded_for"),
        )
    )
    if since is not None:
        files = files.where(F.col("loaded_for") > F.lit(since))
    rows = files.groupBy("source", "feed").agg(F.sum("rows_in"), F.sum("rows_quarantined")).collect()
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def _not_conformed(ctx: StepContext, since: date | None) -> dict[str, int]:
    """Rows that maps could not use, by source; a row that several maps could not use failed once."""
    from pyspark.sql import functions as F

    rejects = ctx.spark.table("ops.conform_rejects").where(F.col("_known_on") <= F.lit(ctx.business_date))
    if since is not None:
        rejects = rejects.where(F.col("_known_on") > F.lit(since))
    rows = rejects.select("source", "_source_file", "_line").distinct().groupBy("source").count().collect()
    return {row["source"]: row["count"] for row in rows}


def check(rates: list[PassRate]) -> None:
    """Stop when a source has lost more rows than its feeds may.

    Raises:
        QualityError: with one finding per source.
    """
    remedy = "look at `cdp quarantine list` and ops.conform_rejects, correct the delivery or the mapping, run the night again"
    findings = [
        Finding(
            rate.source,
            f"{rate.rows_failed:,} of {rate.rows_in:,} rows failed: {rate.share:.2%} passed, {rate.least_share:.2%} is needed",
            remedy,
        )
        for rate in rates
        if rate.rows_failed > rate.rows_allowed
    ]
    if findings:
        raise QualityError("too many rows failed; gold stays as it was published last", findings)
