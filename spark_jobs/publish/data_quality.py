"""The rows of `ops.data_quality` for a business date: what the gate decides on, and what people look at with `cdp quality`.

Reads: ops.ingest_manifest, quarantine, silver, identity, bronze of feeds with routes. Grain: one row per figure and business date.
Rerun: replaces the rows of the date.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from statistics import median
from typing import Any

from conf.catalog import Schema, catalog
from conf.contracts import SourceContract, load_sources
from conf.entities import load_entities
from conf.errors import Finding, QualityError
from spark_jobs.common.delta import overwrite
from spark_jobs.common.job import StepContext
from spark_jobs.common.routes import route_of
from spark_jobs.publish.measures import FAILED, OK, WARN, Measure, measured_consistency, measured_entities, news
from spark_jobs.publish.quality import PassRate

TABLE = "ops.data_quality"
LEAST_GAPS = 3  # with fewer deliveries nobody can say what is usual
FeedName = tuple[str, str]


def measure(ctx: StepContext, since: date | None, rates: Sequence[PassRate]) -> list[Measure]:
    """Measure the news of the business date and store the figures.

    Args:
        ctx: session, settings and business date.
        since: the last published date; None measures everything.
        rates: pass rates of the sources, which the gate decides on.
    """
    sources, entities = load_sources(), load_entities()
    found = [_of_source(rate) for rate in rates]
    found += _of_rules(ctx, since) + _freshness(ctx) + _routes(ctx, since, sources)
    with news(ctx.settings, since, ctx.business_date) as told:
        found += measured_entities(told, entities, filled_fields(sources))
        found += measured_consistency(told, ctx.settings.quality.min_consistency)
    table = catalog().table(TABLE)
    rows = [_row(ctx.business_date, each) for each in found]
    frame = ctx.spark.createDataFrame(rows, table.ddl)
    overwrite(ctx.spark, ctx.settings, table, frame, where=f"business_date = date'{ctx.business_date}'")
    return found


def check_consistency(measures: Sequence[Measure]) -> None:
    """Stop when what belongs together agrees too seldom.

    Raises:
        QualityError: with one finding per figure below its threshold.
    """
    findings = [
        Finding(
            f"{each.entity}.{each.column_name}",
            f"{each.rule}: {each.rows_failed:,} of {each.rows_checked:,} rows do not, {each.threshold:.2%} must",
            "look at the rows, correct a mapping or a delivery, or lower quality.min_consistency",
        )
        for each in measures
        if each.dimension == "consistency" and each.status == FAILED
    ]
    if findings:
        raise QualityError("sources do not agree; gold stays as it was published last", findings)


def filled_fields(sources: Mapping[str, SourceContract]) -> dict[str, frozenset[str]]:
    """The fields that maps fill, by entity."""
    fields: dict[str, set[str]] = defaultdict(set)
    for contract in sources.values():
        for feed in contract.feeds.values():
            for each in feed.maps:
                fields[each.entity] |= set(each.fields)
    return {name: frozenset(found) for name, found in fields.items()}


def _of_source(rate: PassRate) -> Measure:
    status = FAILED if rate.rows_failed > rate.rows_allowed else OK
    return Measure(
        "validity", "all", rate.source, rows_checked=rate.rows_in, rows_failed=rate.rows_failed, threshold=rate.least_share, status=status
    )


def _of_rules(ctx: StepContext, since: date | None) -> list[Measure]:
    """Per feed the share of valid rows, and what each rule caught; rules that only warn too."""
    from pyspark.sql import functions as F

    entries = ctx.spark.table("ops.ingest_manifest").where((F.col("status") == "loaded") & (F.col("known_on") <= F.lit(ctx.business_date)))
    if since is not None:
        entries = entries.where(F.col("known_on") > F.lit(since))
    rows_in: dict[FeedName, int] = defaultdict(int)
    bad: dict[FeedName, int] = defaultdict(int)
    warned: dict[FeedName, dict[str, int]] = defaultdict(dict)
    for row in entries.select("source", "feed", "rows_in", "rows_quarantined", "warnings").collect():
        feed = row["source"], row["feed"]
        rows_in[feed] += row["rows_in"]
        bad[feed] += row["rows_quarantined"]
        for rule, count in json.loads(row["warnings"] or "{}").items():
            warned[feed][rule] = warned[feed].get(rule, 0) + count
    measures = [Measure("validity", "all", *feed, rows_checked=rows, rows_failed=bad[feed]) for feed, rows in sorted(rows_in.items())]
    tables = {row["tableName"] for row in ctx.spark.sql(f"show tables in {Schema.QUARANTINE}").collect()} if any(bad.values()) else set()
    broken = _broken_rules(ctx, since, [feed for feed in sorted(rows_in) if bad[feed] and f"{feed[0]}__{feed[1]}" in tables])
    for feed, rule, count in broken:
        measures.append(_of_rule(feed, rule, rows_in[feed], count, OK))
    for feed, counts in sorted(warned.items()):
        measures += [_of_rule(feed, rule, rows_in[feed], count, WARN) for rule, count in sorted(counts.items())]
    return measures


def _of_rule(feed: FeedName, rule: str, rows: int, failed: int, status: str) -> Measure:
    subject, _, name = rule.partition(":")
    column = None if subject in ("row", "line") else subject
    return Measure("validity", name or rule, *feed, column_name=column, rows_checked=rows, rows_failed=failed, status=status)


def _broken_rules(ctx: StepContext, since: date | None, feeds: Sequence[FeedName]) -> list[tuple[FeedName, str, int]]:
    """Rows that each rule rejected; a row that broke several counts for each."""
    known = f"_known_on <= date'{ctx.business_date}'" + (f" and _known_on > date'{since}'" if since else "")
    selects = [
        f"select '{source}' as source, '{feed}' as feed, explode(rules) as rule from {Schema.QUARANTINE}.{source}__{feed} where {known}"
        for source, feed in feeds
    ]
    if not selects:
        return []
    query = f"select source, feed, rule, count(*) as rows from ({' union all '.join(selects)}) group by all order by all"
    return [((row["source"], row["feed"]), row["rule"], row["rows"]) for row in ctx.spark.sql(query).collect()]


def _freshness(ctx: StepContext) -> list[Measure]:
    """Days since the newest delivery of every feed that ever delivered; late is more than twice the gap that is usual for the feed."""
    query = (
        "select source, feed, array_sort(collect_set(known_on)) as days from ops.ingest_manifest "
        f"where status = 'loaded' and known_on <= date'{ctx.business_date}' group by source, feed order by source, feed"
    )
    measures = []
    for row in ctx.spark.sql(query).collect():
        waited = (ctx.business_date - row["days"][-1]).days
        gaps = [(later - earlier).days for earlier, later in pairwise(row["days"])]
        is_late = len(gaps) >= LEAST_GAPS and waited > 2 * median(gaps)
        measures.append(
            Measure("freshness", "days_since_delivery", row["source"], row["feed"], observed=float(waited), status=WARN if is_late else OK)
        )
    return measures


def _routes(ctx: StepContext, since: date | None, sources: Mapping[str, SourceContract]) -> list[Measure]:
    """Rows by route of the feeds that have routes: sales, returns and whatever else a feed delivers, all accounted for."""
    from pyspark.sql import functions as F

    there = {row["tableName"] for row in ctx.spark.sql(f"show tables in {Schema.BRONZE}").collect()}
    measures = []
    for source, contract in sorted(sources.items()):
        for name, feed in sorted(contract.feeds.items()):
            if not feed.routes or f"{source}__{name}" not in there:
                continue
            rows = ctx.spark.table(f"{Schema.BRONZE}.{source}__{name}").where(F.col("_known_on") <= F.lit(ctx.business_date))
            rows = rows if since is None else rows.where(F.col("_known_on") > F.lit(since))
            counts = {row["route"]: row["count"] for row in rows.groupBy(route_of(feed).alias("route")).count().collect()}
            total = sum(counts.values())
            measures += [
                Measure("accounting", f"route_{route}", source, name, rows_checked=total, observed=float(counts.get(route, 0)))
                for route in (*(each.name for each in feed.routes), "default")
                if total
            ]
    return measures


def _row(business_date: date, each: Measure) -> tuple[Any, ...]:
    return (
        business_date, each.source, each.feed, each.entity, each.dimension, each.rule, each.column_name, each.rows_checked, each.rows_failed,
        each.pass_rate, each.observed, each.threshold, each.status,
    )  # fmt: skip
