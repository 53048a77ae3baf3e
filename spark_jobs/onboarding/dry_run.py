"""What a mapping would load and reject on real files, and what the entities would hold, without changing the lake."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from conf.contracts import Feed, SourceContract
from conf.entities import load_entities
from conf.errors import Finding, InputError
from spark_jobs.common.crypto import KeyReference
from spark_jobs.common.job import StepContext
from spark_jobs.conform.contributions import Contribution, contributions
from spark_jobs.ingest.batch import TRIAL, Batch
from spark_jobs.ingest.examples import equal_damage, rejected_examples
from spark_jobs.ingest.extract import sample_table
from spark_jobs.ingest.header import Drift
from spark_jobs.ingest.journal import staging_folder
from spark_jobs.ingest.landing import LandedFile, decide, landed_files
from spark_jobs.ingest.load import bronze_frame, check, rejection_findings
from spark_jobs.onboarding.entity_check import check_entity
from spark_jobs.onboarding.evaluation import broken_routes, sql_problem
from spark_jobs.onboarding.feed_rows import FeedRows, observed
from spark_jobs.onboarding.landing_folder import folder_findings
from spark_jobs.onboarding.map_check import check_map
from spark_jobs.onboarding.results import EntityCheck, FeedCheck, MapCheck, SourceCheck

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VALID = "valid"  # staged beside the rows: those that break no rule, as bronze would hold them
PATH_IS_NOWHERE = "is in none of"


@dataclass
class _Trial:
    """One dry run: what it reads, and the batches it has staged so far."""

    ctx: StepContext
    contract: SourceContract
    landing: Path
    key: KeyReference
    parts: dict[str, tuple[Contribution, ...]]
    batches: dict[str, Batch] = field(default_factory=dict)
    sound: list[Contribution] = field(default_factory=list)  # maps that can be evaluated and have rows

    def maps_of(self, feed: str) -> list[Contribution]:
        """The maps of a feed in the order of the contract."""
        return sorted((part for parts in self.parts.values() for part in parts if part.feed_name == feed), key=lambda part: part.map_number)

    def valid(self, feed: str) -> "DataFrame":
        """Rows of a checked feed that break no rule."""
        return self.batches[feed].read(VALID)


def check_source(ctx: StepContext, contract: SourceContract, landing: Path, key: KeyReference) -> SourceCheck:
    """Run the files of every feed of a mapping through its contract and its maps.

    Args:
        ctx: session, settings and the last delivery date to look at.
        contract: the mapping.
        landing: folder that holds `<source>/…` as the landing folder does.
        key: the installation's key.
    """
    parts = contributions({contract.source: contract}, load_entities(), ctx.settings.retailer)
    trial = _Trial(ctx, contract, landing, key, parts)
    found: dict[str, FeedCheck] = {}
    try:
        # A feed comes after those that it refers to.
        for name in sorted(contract.feeds, key=lambda feed: len(contract.referred(feed))):
            found[name] = _check_feed(trial, name)
        entities = _check_entities(trial)
    finally:
        for batch in trial.batches.values():
            shutil.rmtree(batch.plan.folder, ignore_errors=True)
    feeds = tuple(found[name] for name in contract.feeds)
    return SourceCheck(contract.source, feeds, entities, tuple(folder_findings(landing, contract)))


def _check_entities(trial: _Trial) -> tuple[EntityCheck, ...]:
    valid = {name: trial.valid(name) for name in {part.feed_name for part in trial.sound}}
    checks = []
    for entity, parts in trial.parts.items():
        sound = [part for part in parts if part in trial.sound]
        if sound:
            checks.append(check_entity(load_entities()[entity], sound, valid))
    return tuple(checks)


def _check_feed(trial: _Trial, name: str) -> FeedCheck:
    feed, landing = trial.contract.feeds[name], trial.landing
    if feed.jdbc is not None:
        landing = staging_folder(trial.ctx.settings, trial.contract.source, f"{name}.sample")
        try:
            sample_table(trial.ctx, trial.contract.source, name, feed, landing)
        except InputError as err:
            return FeedCheck(name, findings=tuple(err.findings))
    landed, bad = landed_files(landing, trial.contract.source, feed, trial.ctx.business_date)
    findings = [each.finding for each in bad]
    decision = decide(landed, (), landing)
    findings += [Finding(each.file, "has no content", "deliver it again if it should have rows") for each in decision.empty]
    files = [replace(each, known_on=each.delivered_on or trial.ctx.business_date) for each in decision.new]
    if not files:
        remedy = f"put files under {landing / trial.contract.source} or correct `files`"
        return FeedCheck(name, findings=(*findings, Finding(name, f"no file matches {feed.files}", remedy)))
    checked = _check_files(trial, name, files, landing)
    copies = tuple(f"{each.file} is a copy of another file and is not loaded" for each in decision.copies)
    return replace(checked, notes=(*checked.notes, *copies), findings=(*findings, *checked.findings))


def _check_files(trial: _Trial, name: str, files: list[LandedFile], landing: Path) -> FeedCheck:
    """The files of one feed through its rules, then its maps."""
    ctx, feed = trial.ctx, trial.contract.feeds[name]
    checkable = tuple(key for key in feed.foreign_keys if key.feed in trial.batches or key.feed == name)
    any_share = feed.model_copy(update={"max_rejected_share": 1.0, "foreign_keys": checkable})
    zone = trial.contract.time_zone or ctx.settings.retailer.time_zone
    batch = Batch(
        ctx, trial.contract.source, f"{name}{TRIAL}", any_share, zone, trial.key, files, landing, referred=dict(trial.batches)
    )  # fmt: skip
    findings: list[Finding] = []
    try:
        check(batch)
        if batch.files:
            trial.batches[name] = batch
        findings += [
            *(each.finding for each in batch.set_aside),
            *rejection_findings(batch),
            *equal_damage(batch),
            *_too_many(batch, name, feed),
        ]
    except InputError as err:
        findings += err.findings
        shutil.rmtree(batch.plan.folder, ignore_errors=True)
    drift = sorted({note for found in batch.stats.values() for note in found.notes})
    findings += [Finding(name, note, "correct the path in the mapping") for note in drift if _is_lost_path(note)]
    notes = [note for note in drift if not _is_lost_path(note)]
    notes += [f"{rule} (warn) is broken by {rows} row(s)" for rule, rows in sorted(batch.warnings.items())]
    notes += [f"reference {key.name} not checked: no file of {key.feed}" for key in feed.foreign_keys if key not in checkable]
    valid = batch.rows_in - batch.rows_rejected
    found = FeedCheck(name, len(files), batch.rows_in, valid, batch.rows_rejected, notes=tuple(notes), findings=tuple(findings))
    if name not in trial.batches:
        return found
    if not batch.rows_in:
        return _without_rows(found, feed)
    found = replace(found, examples=rejected_examples(batch))
    return _with_maps(trial, found) if valid else found


def _without_rows(found: FeedCheck, feed: Feed) -> FeedCheck:
    """A feed whose files hold no row. A list that is there but empty is no mistake; one that is nowhere is a finding already."""
    if feed.each is None:
        empty = Finding(found.feed, "its files hold no row", "correct the format, or deliver files with rows")
        return replace(found, findings=(*found.findings, empty))
    if any(PATH_IS_NOWHERE in finding.problem for finding in found.findings):
        return found
    empty = Finding(found.feed, f"the list {feed.each} is empty in every object", "try files in which it has elements")
    return replace(found, warnings=(*found.warnings, empty))


def _is_lost_path(note: str) -> bool:
    return note.startswith(f"{Drift.MODERATE}:") and PATH_IS_NOWHERE in note


def _too_many(batch: Batch, name: str, feed: Feed) -> list[Finding]:
    """A share of rejected rows above which a run loads nothing of the feed."""
    configured = batch.ctx.settings.ingest
    most = configured.max_rejected_share if feed.max_rejected_share is None else feed.max_rejected_share
    if batch.rows_wrong <= max(most * batch.rows_in, configured.tolerated_rejects):
        return []
    said = f"{batch.rows_wrong} of {batch.rows_in} rows ({batch.rows_wrong / batch.rows_in:.1%}) rejected, allowed are {most:.1%}: nothing would be loaded"
    return [Finding(name, said, "correct what the rules name, or raise max_rejected_share of the feed")]


def _with_maps(trial: _Trial, found: FeedCheck) -> FeedCheck:
    """The feed with what its maps make of its valid rows."""
    name, batch = found.feed, trial.batches[found.feed]
    batch.write(bronze_frame(batch, batch.batch_id), VALID)
    valid, feed = trial.valid(name), trial.contract.feeds[name]
    if wrong := broken_routes(valid, name, feed):
        return replace(found, findings=(*found.findings, *wrong))
    parts = trial.maps_of(name)
    seen: list[FeedRows] = []
    if sql_problem(lambda: seen.append(observed(valid, feed, [part.map for part in parts]))):
        seen.append(observed(valid, feed, []))  # the map whose `where` cannot be evaluated is named below
    maps = [check_map(valid, part, seen[0].routed(part.map)) for part in parts]
    trial.sound += [part for part, checked in zip(parts, maps, strict=True) if _can_be_read(checked)]
    return replace(
        found,
        notes=(*seen[0].notes(), *found.notes),
        warnings=(*found.warnings, *seen[0].warnings(name)),
        rows_without_map=seen[0].without_map,
        maps=tuple(maps),
    )


def _can_be_read(checked: MapCheck) -> bool:
    """True for a map that gives rows."""
    return checked.keys > 0
