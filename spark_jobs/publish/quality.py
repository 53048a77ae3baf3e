"""The quality gate: what share of the news since the last publication passed its contracts and maps, source by source."""

from dataclasses import dataclass
from datetime import date

from conf.errors import Finding, QualityError
from spark_jobs.common.job import StepContext


@dataclass(frozen=True, slots=True)
class PassRate:
    """Rows a source delivered, and those that made it into bronze and silver."""

    source: str
    rows_in: int
    rows_failed: int

    @property
    def share(self) -> float:
        """Share of rows that passed; 1 when there were none."""
        return 1.0 if not self.rows_in else 1 - self.rows_failed / self.rows_in


def pass_rates(ctx: StepContext, since: date | None) -> list[PassRate]:
    """Pass rate of each source over the files that were loaded after `since` (all files when None)."""
    from pyspark.sql import functions as F

    loaded = ctx.spark.table("ops.ingest_manifest").where(
        F.col("status").isin("loaded", "replayed") & (F.col("known_on") <= F.lit(ctx.business_date))
    )
    rejects = ctx.spark.table("ops.conform_rejects").where(F.col("_known_on") <= F.lit(ctx.business_date))
    if since is not None:
        loaded = loaded.where(F.col("known_on") > F.lit(since))
        rejects = rejects.where(F.col("_known_on") > F.lit(since))
    delivered = loaded.groupBy("source").agg(F.sum("rows_in").alias("rows_in"), F.sum("rows_quarantined").alias("quarantined"))
    # A row that several maps could not use failed once.
    failed = rejects.select("source", "_source_file", "_line").distinct().groupBy("source").agg(F.count("*").alias("failed"))
    rows = (
        delivered.join(failed, "source", "left")
        .select("source", "rows_in", F.col("quarantined") + F.coalesce("failed", F.lit(0)))
        .collect()
    )
    return sorted((PassRate(*row) for row in rows), key=lambda rate: rate.source)


def check(rates: list[PassRate], least: float) -> None:
    """Stop when a source is below the threshold.

    Raises:
        QualityError: with one finding per source.
    """
    remedy = "look at `cdp quarantine list` and ops.conform_rejects, correct the delivery or the mapping, run the night again"
    findings = [
        Finding(
            rate.source, f"{rate.rows_failed:,} of {rate.rows_in:,} rows failed: {rate.share:.2%} passed, {least:.2%} is needed", remedy
        )
        for rate in rates
        if rate.share < least
    ]
    if findings:
        raise QualityError("too many rows failed; gold stays as it was published last", findings)
