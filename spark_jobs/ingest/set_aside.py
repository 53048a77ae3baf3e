"""Files that cannot be loaded as a whole: set aside for this run, or a reason to stop their feed, as `on_bad_file` says."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from conf.contracts import SourceContract
from conf.errors import Finding, InputError
from spark_jobs.common.job import StepContext
from spark_jobs.ingest.batch import Batch
from spark_jobs.ingest.landing import BadFile, Decision, LandedFile, is_as_found
from spark_jobs.ingest.manifest import SET_ASIDE, WITHDRAWN, Entry, Known, batch_id, entry_of, record
from spark_jobs.ingest.staging import stage

log = logging.getLogger(__name__)

STOP = "stop"
FeedName = tuple[str, str]


def stops_on_bad_file(contract: SourceContract, feed_name: str) -> bool:
    """Whether one bad file stops the feed: as the feed says, else when it is required, another feed refers to it, or it is a snapshot.

    The files of one date are a snapshot together: without one of them, what is in it would look deleted.
    """
    feed = contract.feeds[feed_name]
    if feed.on_bad_file is not None:
        return feed.on_bad_file == STOP
    is_referred = any(key.feed == feed_name for name, other in contract.feeds.items() if name != feed_name for key in other.foreign_keys)
    return feed.required or is_referred or feed.delivery == "snapshot"


def stage_readable(batch: Batch) -> None:
    """Stage the files of a batch. Bad files leave the batch, or stop it.

    The rest is staged again only where a bad file had rows before its fault: they must not stay among the others.

    Raises:
        InputError: a file is bad, and the feed stops on bad files.
    """
    while batch.files:
        batch.stats = {found.file: found for found in stage(batch.ctx.spark, batch.plan)}
        bad = _bad_files(batch)
        if bad and batch.stops_on_bad_file:
            raise InputError(f"files of {batch.name} are not complete or break their contract", [each.finding for each in bad])
        has_rows = any(batch.stats[each.landed.file].rows_in for each in bad)
        batch.leave_out(bad)
        if not has_rows:
            return
        shutil.rmtree(batch.plan.folder, ignore_errors=True)


def _bad_files(batch: Batch) -> list[BadFile]:
    """Files that changed while they were read, or that no reader could read, by name."""
    bad = []
    for landed in sorted(batch.files, key=lambda landed: landed.file):
        found = batch.stats[landed.file]
        if not is_as_found(landed, Path(batch.plan.landing)):
            remedy = "copy under a name that ends in .part, rename at the end, and run again"
            bad.append(BadFile(landed, Finding(landed.file, "its size or modification time changed while it was read", remedy)))
        elif found.problem:
            bad.append(BadFile(landed, Finding(landed.file, found.problem, found.remedy or "")))
    return bad


def note_set_aside(ctx: StepContext, decisions: Mapping[FeedName, Decision], known: Known) -> list[BadFile]:
    """Record and log the files that this run set aside, and those that are not set aside any more.

    A file that is set aside again, unchanged and for the same reason, gets no second row in the manifest.
    """
    entries, found = [], []
    for (source, name), decision in decisions.items():
        for bad in decision.set_aside:
            log.warning("file_set_aside feed=%s.%s file=%s problem=%r", source, name, bad.finding.where, bad.finding.problem)
            if known.set_aside.get((source, name, bad.landed.file)) != (bad.landed.hash, str_of(bad.finding)):
                entries.append(_entry(source, name, bad.landed, SET_ASIDE, str_of(bad.finding)))
        found += decision.set_aside
    record(ctx, [*entries, *_withdrawn(ctx, decisions, known)])
    return found


def str_of(finding: Finding) -> str:
    """Problem and remedy in one line: the file has a column of its own."""
    return f"{finding.problem} → {finding.remedy}" if finding.remedy else finding.problem


def _withdrawn(ctx: StepContext, decisions: Mapping[FeedName, Decision], known: Known) -> list[Entry]:
    """Files that were set aside and need no look any more: they are gone, or are again what was loaded."""
    entries = []
    for source, name, file in known.set_aside:
        decision = decisions.get((source, name), Decision())
        landed = next((each for each in decision.unchanged if each.file == file), None)
        if landed is not None:
            entries.append(_entry(source, name, landed, WITHDRAWN, "is again what was loaded"))
        elif (source, name) in decisions and not _is_there(ctx, file) and file not in {bad.landed.file for bad in decision.set_aside}:
            entries.append(_entry(source, name, LandedFile(file, 0, 0), WITHDRAWN, "is not in landing any more"))
    return entries


def _is_there(ctx: StepContext, file: str) -> bool:
    return (ctx.settings.lake.landing / file).exists()


def _entry(source: str, name: str, landed: LandedFile, status: str, message: str) -> Entry:
    return entry_of(landed, source, name, batch_id(source, name, [landed]), status, message=message)


def split_by_policy(decisions: Mapping[FeedName, Decision], stopping: Sequence[FeedName]) -> list[Finding]:
    """Findings of the feeds that stop on bad files; what is bad in the other feeds is set aside."""
    findings = []
    for feed, decision in decisions.items():
        if feed in stopping:
            findings += [bad.finding for bad in decision.bad]
        else:
            decision.set_aside, decision.bad = [*decision.set_aside, *decision.bad], []
    return findings
