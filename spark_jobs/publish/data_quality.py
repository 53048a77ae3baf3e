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
from spark_jobs.common.document_fields import with_document_fields
from spark_jobs.common.job import StepContext
from spark_jobs.common.routes import route_of
from spark_jobs.publish.emptiness import measured_emptiness
from spark_jobs.publish.measures import FAILED, OK, WARN, Measure, News, measured_consistency, measured_entities, news
from spark_jobs.publish.quality import PassRate
from spark_jobs.publish.statuses import measured_statuses

TABLE = "ops.data_quality"
MANIFEST = "ingest_manifest"
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
    found += _routes(ctx, since, sources)
    with news(ctx.settings, since, ctx.business_date) as told:
        found += _of_rules(told) + _freshness(told, ctx.business_date)
        found += measured_entities(told, entities, filled_fields(sources))
        found += measured_consistency(told, ctx.settings.quality.min_consistency)
        found += measured_emptiness(told, ctx.settings, sources)
        found += measured_statuses(told, sources, since, ctx.settings.quality.max_unknown_status_share)
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


def _of_rules(told: News) -> list[Measure]:
    """Per feed the share of valid rows, and what each rule caught; rules that only warn too."""
    rows_in: dict[FeedName, int] = defaultdict(int)
    bad: dict[FeedName, int] = defaultdict(int)
    warned: dict[FeedName, dict[str, int]] = defaultdict(dict)
    query = f"select source, feed, rows_in, rows_quarantined, warnings from {told.of(Schema.OPS, MANIFEST)} where status = 'loaded'"
    for source, name, rows, rejected, warnings in told.rows(query):
        rows_in[source, name] += rows
        bad[source, name] += rejected
        for rule, count in json.loads(warnings or "{}").items():
            warned[source, name][rule] = warned[source, name].get(rule, 0) + count
    measures = [Measure("validity", "all", *feed, rows_checked=rows, rows_failed=bad[feed]) for feed, rows in sorted(rows_in.items())]
    for feed in sorted(feed for feed, rows in bad.items() if rows):
        table = f"{feed[0]}__{feed[1]}"
        if told.is_there(Schema.QUARANTINE, table):
            # A row that broke several rules counts for each.
            broken = f"(select unnest(rules) as rule from {told.of(Schema.QUARANTINE, table)})"
            counts = told.rows(f"select rule, count(*) from {broken} group by rule order by rule")
            measures += [_of_rule(feed, rule, rows_in[feed], count, OK) for rule, count in counts]
    for feed, found in sorted(warned.items()):
        measures += [_of_rule(feed, rule, rows_in[feed], count, WARN) for rule, count in sorted(found.items())]
    return measures


def _of_rule(feed: FeedName, rule: str, rows: int, failed: int, status: str) -> Measure:
    subject, _, name = rule.partition(":")
    column = None if subject in ("row", "line") else subject
    return Measure("validity", name or rule, *feed, column_name=column, rows_checked=rows, rows_failed=failed, status=status)


def _freshness(told: News, until: date) -> list[Measure]:
    """Days since the newest delivery of every feed that ever delivered; late is more than twice the gap that is usual for the feed."""
    days = f"select distinct source, feed, known_on from {told.all(Schema.OPS, MANIFEST)} where status = 'loaded'"
    measures = []
    for source, feed, known_on in told.rows(
        f"select source, feed, list(known_on order by known_on) from ({days}) group by all order by all"
    ):
        waited = (until - known_on[-1]).days
        gaps = [(later - earlier).days for earlier, later in pairwise(known_on)]
        is_late = len(gaps) >= LEAST_GAPS and waited > 2 * median(gaps)
        status = WARN if is_late else OK
        measures.append(Measure("freshness", "days_since_delivery", source, feed, observed=float(waited), status=status))
    return measures


def _routes(ctx: StepContext, since: date | None, sources: Mapping[str, SourceContract]) -> list[Measure]:
    """Rows by route of the feeds that have routes: sales, returns and whatever else a feed delivers, all accounted for."""
    from pyspark.sql import functions as F

    routed = [(source, name, feed) for source, contract in sources.items() for name, feed in contract.feeds.items() if feed.routes]
    there = {row["tableName"] for row in ctx.spark.sql(f"show tables in {Schema.BRONZE}").collect()} if routed else set()
    measures = []
    for source, name, feed in sorted(routed, key=lambda each: each[:2]):
        if f"{source}__{name}" in there:
            rows = ctx.spark.table(f"{Schema.BRONZE}.{source}__{name}").where(F.col("_known_on") <= F.lit(ctx.business_date))
            rows = rows if since is None else rows.where(F.col("_known_on") > F.lit(since))
            rows = with_document_fields(rows, feed)
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
