"""What a mapping would load and reject, on real files, without changing the lake."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from conf.contracts import SourceContract
from conf.errors import Finding, InputError
from conf.maps import DEFAULT_ROUTE
from spark_jobs.common.crypto import KeyReference
from spark_jobs.common.document_fields import with_document_fields
from spark_jobs.common.job import StepContext
from spark_jobs.common.routes import route_of
from spark_jobs.ingest.batch import TRIAL, Batch
from spark_jobs.ingest.examples import Example, rejected_examples
from spark_jobs.ingest.extract import sample_table
from spark_jobs.ingest.journal import staging_folder
from spark_jobs.ingest.landing import landed_files
from spark_jobs.ingest.load import check, rejection_findings


@dataclass(frozen=True)
class FeedCheck:
    """What one feed would give."""

    feed: str
    files: int
    rows_in: int
    rows_valid: int
    rows_rejected: int
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]
    examples: tuple[Example, ...] = ()


def check_source(ctx: StepContext, contract: SourceContract, landing: Path, key: KeyReference) -> list[FeedCheck]:
    """Run the files of every feed of a mapping through its contract.

    Args:
        ctx: session, settings and the last delivery date to look at.
        contract: the mapping.
        landing: folder that holds `<source>/…` as the landing folder does.
        key: the installation's key.
    """
    batches: dict[str, Batch] = {}
    found: dict[str, FeedCheck] = {}
    try:
        # A feed comes after those that it refers to.
        for name in sorted(contract.feeds, key=lambda each: len(contract.referred(each))):
            found[name] = _check_feed(ctx, contract, name, landing, key, batches)
    finally:
        for batch in batches.values():
            shutil.rmtree(batch.plan.folder, ignore_errors=True)
    return [found[name] for name in contract.feeds]


def _check_feed(
    ctx: StepContext, contract: SourceContract, name: str, landing: Path, key: KeyReference, batches: dict[str, Batch]
) -> FeedCheck:
    feed = contract.feeds[name]
    if feed.jdbc is not None:
        landing = staging_folder(ctx.settings, contract.source, f"{name}.sample")
        try:
            sample_table(ctx, contract.source, name, feed, landing)
        except InputError as err:
            return FeedCheck(name, 0, 0, 0, 0, (), tuple(err.findings))
    files, bad = landed_files(landing, contract.source, feed, ctx.business_date)
    findings = [each.finding for each in bad]
    files = [replace(landed, hash=landed.file, known_on=landed.delivered_on or ctx.business_date) for landed in files if landed.size]
    if not files:
        remedy = f"put files under {landing / contract.source} or correct `files`"
        return FeedCheck(name, 0, 0, 0, 0, (), (*findings, Finding(name, f"no file matches {feed.files}", remedy)))
    zone = contract.time_zone or ctx.settings.retailer.time_zone
    checkable = tuple(each for each in feed.foreign_keys if each.feed in batches or each.feed == name)
    any_share = feed.model_copy(update={"max_rejected_share": 1.0, "foreign_keys": checkable})
    routes: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    batch = Batch(ctx, contract.source, f"{name}{TRIAL}", any_share, zone, key, files, landing, referred=dict(batches))
    try:
        check(batch)
        findings += [each.finding for each in batch.set_aside] + rejection_findings(batch)
        examples = rejected_examples(batch)
        routes = _rows_by_route(batch) if feed.routes and batch.count("rows") else ()
        if batch.files:
            batches[name] = batch
    except InputError as err:
        findings += err.findings
        shutil.rmtree(batch.plan.folder, ignore_errors=True)
    notes = sorted({note for found in batch.stats.values() for note in found.notes})
    notes += [f"{rule} (warn) is broken by {rows} row(s)" for rule, rows in sorted(batch.warnings.items())]
    notes += [f"reference {each.name} not checked: no file of {each.feed}" for each in feed.foreign_keys if each not in checkable]
    valid = batch.rows_in - batch.rows_rejected
    return FeedCheck(name, len(files), batch.rows_in, valid, batch.rows_rejected, (*routes, *notes), tuple(findings), examples)


def _rows_by_route(batch: Batch) -> tuple[str, ...]:
    """How many valid rows take each route, in the order of the contract, the rest last."""
    rows = with_document_fields(batch.accepted(), batch.feed).groupBy(route_of(batch.feed).alias("route")).count().collect()
    counts = {row["route"]: row["count"] for row in rows}
    return tuple(f"route {name}: {counts.get(name, 0)} row(s)" for name in (*(route.name for route in batch.feed.routes), DEFAULT_ROUTE))
