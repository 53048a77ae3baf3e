"""The ingest step: every landed file that is new, through its contract, into bronze, quarantine and the vault.

Reads: landing/<source>/…, ops.ingest_manifest, ops.publications. Grain: one row per delivered row.
Rerun: files that are in the manifest are skipped before they are read; a half loaded batch is taken back first.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from conf.catalog import Schema, bronze_table, catalog, quarantine_table
from conf.contracts import Feed, SourceContract, load_sources
from conf.errors import CdpError, EngineError, Finding, InputError
from spark_jobs.common.crypto import KeyReference, key_reference
from spark_jobs.common.delta import ensure_table
from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.common.logging import Event, log_event
from spark_jobs.ingest.batch import Batch
from spark_jobs.ingest.erased import Marks, erased_marks
from spark_jobs.ingest.extract import extract_tables
from spark_jobs.ingest.journal import ingest_folder, one_at_a_time, recover
from spark_jobs.ingest.landing import Decision, decide, landed_files, with_known_on
from spark_jobs.ingest.load import load
from spark_jobs.ingest.manifest import DUPLICATE, FAILED, Entry, Known, batch_id, entry_of, last_published, read_manifest, record
from spark_jobs.ingest.progress import Advance, feed_progress
from spark_jobs.ingest.reloads import roll_back_killed
from spark_jobs.ingest.set_aside import note_set_aside, split_by_policy, stops_on_bad_file

log = logging.getLogger(__name__)

FEEDS_AT_ONCE = 4
SHARED_TABLES = ("vault.pii", "ops.ingest_manifest", "ops.publications")
ConfiguredFeed = tuple[str, str, SourceContract, Feed]


def run(ctx: StepContext) -> StepReport:
    """Load what has landed up to the business date, for all configured sources.

    Raises:
        InputError: files or feeds that were not loaded, all in one list; the other feeds are loaded.
    """
    return ingest(ctx, load_sources())


def ingest(ctx: StepContext, sources: Mapping[str, SourceContract]) -> StepReport:
    """Load what has landed for these sources up to the business date.

    Raises:
        InputError: see `run`.
    """
    feeds = [(source, name, contract, feed) for source, contract in sources.items() for name, feed in contract.feeds.items()]
    with one_at_a_time(ctx.settings):
        ensure_tables(ctx, feeds)
        known = read_manifest(ctx)
        recovered = recover(ctx, known.batches)
        refused, later = extract_tables(ctx, [(source, contract, name, feed) for source, name, contract, feed in feeds])
        decisions = _decisions(ctx, feeds, known)
        findings = refused + split_by_policy(
            decisions, [(source, name) for source, name, contract, _ in feeds if stops_on_bad_file(contract, name)]
        )
        entries, failed = _load_all(ctx, feeds, decisions, known)
        findings += failed
        set_aside = note_set_aside(ctx, decisions, known)
    if findings:
        raise InputError("some deliveries were not loaded", findings + later)
    if later:
        raise EngineError("some databases do not answer", later)
    loaded = [entry for entry in entries if entry.status != DUPLICATE]
    counts: dict[str, int | float | str] = {
        "files_loaded": len(loaded),
        "files_unchanged": sum(len(decision.unchanged) for decision in decisions.values()),
        "files_copied": len(entries) - len(loaded),
        "rows_in": sum(entry.rows_in for entry in loaded),
        "rows_valid": sum(entry.rows_valid for entry in loaded),
        "rows_quarantined": sum(entry.rows_quarantined for entry in loaded),
        "batches_taken_back": recovered,
    }
    if drifted := sum(bool(entry.message) for entry in loaded):
        counts["files_with_drift"] = drifted
    if set_aside:
        counts["files_set_aside"] = len(set_aside)
    return StepReport("ingest", counts, None if entries or set_aside else "no new files")


def ensure_tables(ctx: StepContext, feeds: Sequence[ConfiguredFeed]) -> None:
    """Make the tables that ingest needs, and add columns that contracts gained; costs next to nothing when nothing changed."""
    roll_back_killed(ctx)
    tables = [catalog().table(name) for name in SHARED_TABLES]
    tables += [table for source, name, _, feed in feeds for table in (bronze_table(source, name, feed), quarantine_table(source, name))]
    there = {row["tableName"] for row in ctx.spark.sql(f"show tables in {Schema.BRONZE}").collect()}
    note = ingest_folder(ctx.settings) / "tables"
    current = hashlib.sha256("\n".join(f"{table.full_name} {table.ddl}" for table in tables).encode()).hexdigest()
    if note.is_file() and note.read_text(encoding="ascii") == current and {f"{source}__{name}" for source, name, _, _ in feeds} <= there:
        return
    with ThreadPoolExecutor(FEEDS_AT_ONCE) as pool:
        list(pool.map(lambda table: ensure_table(ctx.spark, ctx.settings, table), tables))
    note.write_text(current, encoding="ascii")


def _decisions(ctx: StepContext, feeds: Sequence[ConfiguredFeed], known: Known) -> dict[tuple[str, str], Decision]:
    published = last_published(ctx)
    decisions = {}
    for source, name, _, feed in feeds:
        files, misnamed = landed_files(ctx.settings.lake.landing, source, feed, ctx.business_date)
        decision = decide(files, known.of_feed(source, name, feed), ctx.settings.lake.landing)
        decision.bad += misnamed
        decision.new = with_known_on(decision.new, ctx.business_date, published)
        decision.copies = with_known_on(decision.copies, ctx.business_date, published)
        for landed in decision.empty:
            log.warning("empty_file feed=%s.%s file=%s note='waits until it is delivered with content'", source, name, landed.file)
        decisions[source, name] = decision
    return decisions


def _load_all(
    ctx: StepContext, feeds: Sequence[ConfiguredFeed], decisions: dict[tuple[str, str], Decision], known: Known
) -> tuple[list[Entry], list[Finding]]:
    """Load the feeds that have new files, a few at once; feeds that a bad file stops are left as they are."""
    findings: list[Finding] = []
    work = [feed for feed in feeds if _is_loadable(decisions[feed[0], feed[1]])]
    key, erased = key_reference(ctx.settings), erased_marks(ctx) if work else Marks()
    copies = [
        entry_of(landed, source, name, batch_id(source, name, [landed]), DUPLICATE)
        for (source, name), decision in decisions.items()
        if not decision.bad
        for landed in decision.copies
    ]
    entries = list(copies)
    failed = {feed for feed, decision in decisions.items() if decision.bad}
    with feed_progress([f"{source}.{name}" for source, name, _, _ in work]) as advance, ThreadPoolExecutor(FEEDS_AT_ONCE) as pool:
        for wave in in_waves(work):
            ready = [feed for feed in wave if not _waits_for(feed, failed)]
            findings += [_waiting(feed, failed) for feed in wave if feed not in ready]
            futures = [pool.submit(_load_feed, ctx, key, erased, feed, decisions[feed[0], feed[1]], known, advance) for feed in ready]
            for (source, name, _, _), future in zip(ready, futures, strict=True):
                try:
                    entries += future.result()
                except CdpError as err:
                    failed.add((source, name))
                    log_event(log, Event.FAILED, feed=f"{source}.{name}", message=err.message)
                    findings += [Finding(f"{source}.{name}", err.message), *err.findings]
    record(ctx, copies)
    return entries, findings


def in_waves(feeds: Sequence[ConfiguredFeed]) -> list[list[ConfiguredFeed]]:
    """The feeds in groups, so that a feed comes after the feeds that its foreign keys refer to."""
    left, waves = list(feeds), []
    while left:
        names = {(source, name) for source, name, _, _ in left}
        wave = [feed for feed in left if not any((feed[0], other) in names for other in feed[2].referred(feed[1]))]
        waves.append(wave)
        left = [feed for feed in left if feed not in wave]
    return waves


def _waits_for(feed: ConfiguredFeed, failed: set[tuple[str, str]]) -> list[str]:
    """Feeds that it refers to and that were not loaded: their missing rows would make its own look wrong."""
    source, name, contract, _ = feed
    return sorted(other for other in contract.referred(name) if (source, other) in failed)


def _waiting(feed: ConfiguredFeed, failed: set[tuple[str, str]]) -> Finding:
    others = ", ".join(_waits_for(feed, failed))
    return Finding(f"{feed[0]}.{feed[1]}", f"refers to {others}, which was not loaded", "it is loaded with the next run after that one")


def _is_loadable(decision: Decision) -> bool:
    return bool(decision.new) and not decision.bad


def _load_feed(
    ctx: StepContext, key: KeyReference, erased: Marks, feed: ConfiguredFeed, decision: Decision, known: Known, advance: Advance
) -> Sequence[Entry]:
    source, name, contract, definition = feed
    zone = contract.time_zone or ctx.settings.retailer.time_zone
    batch = Batch(ctx, source, name, definition, zone, key, decision.new, advance=advance, erased=erased,
                  stops_on_bad_file=stops_on_bad_file(contract, name), set_aside=decision.set_aside)  # fmt: skip
    try:
        return load(batch)
    except InputError as err:
        failed = [landed for landed in batch.files if (landed.file, landed.hash) not in known.failed]
        record(ctx, [entry_of(landed, source, name, batch.batch_id, FAILED, message=err.message) for landed in failed])
        raise
