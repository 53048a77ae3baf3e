"""What makes a load all or nothing across tables: one writer at a time, and a note of the batch under way that outlives a kill."""

import fcntl
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conf.settings import Settings
from spark_jobs.common.job import StepContext
from spark_jobs.common.logging import Event, log_event

log = logging.getLogger(__name__)


def ingest_folder(settings: Settings) -> Path:
    """Lock, notes and staging of ingest; not part of the warehouse."""
    return settings.lake.root / "ingest"


def staging_folder(settings: Settings, source: str, feed: str) -> Path:
    """Where a feed's batch is staged."""
    return ingest_folder(settings) / "staging" / f"{source}__{feed}"


@contextmanager
def one_at_a_time(settings: Settings) -> Iterator[None]:
    """Hold the ingest lock of this lake; waits for another ingest to end. The lock dies with its process."""
    folder = ingest_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log_event(log, Event.SKIPPED, what="waiting", reason="another ingest is running on this lake")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Pending:
    """A batch under way: what to take back if it never reaches the manifest."""

    batch_id: str
    tables: tuple[str, ...]
    staging: str

    def write(self, settings: Settings) -> None:
        """Put the note on disk before the first commit of the batch."""
        folder = ingest_folder(settings) / "pending"
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{self.batch_id}"
        with draft.open("w", encoding="utf-8") as out:
            json.dump(self.__dict__, out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(folder / f"{self.batch_id}.json")

    def done(self, settings: Settings) -> None:
        """Remove the note and the staged files: the batch is in the manifest, or was taken back."""
        shutil.rmtree(self.staging, ignore_errors=True)
        (ingest_folder(settings) / "pending" / f"{self.batch_id}.json").unlink(missing_ok=True)


def take_back(ctx: StepContext, pending: Pending) -> None:
    """Remove the rows of a batch that did not reach the manifest."""
    shutil.rmtree(pending.staging, ignore_errors=True)  # a statement of the dead run that still reads it fails and commits nothing
    for table in pending.tables:
        if ctx.spark.catalog.tableExists(table):
            ctx.spark.sql(f"delete from {table} where _batch_id = '{pending.batch_id}'").collect()
    pending.done(ctx.settings)


def pending_batches(settings: Settings) -> list[Pending]:
    """Notes that a killed run left."""
    notes = sorted((ingest_folder(settings) / "pending").glob("*.json"))
    values = [json.loads(note.read_text(encoding="utf-8")) for note in notes]
    return [Pending(**{**value, "tables": tuple(value["tables"])}) for value in values]


def recover(ctx: StepContext, finished: frozenset[str]) -> int:
    """Take back what a killed run left half loaded; a batch that is in the manifest is complete."""
    batches = pending_batches(ctx.settings)
    for pending in batches:
        if pending.batch_id in finished:
            pending.done(ctx.settings)
            continue
        take_back(ctx, pending)
        log_event(log, Event.SKIPPED, batch=pending.batch_id, reason="taken back: an earlier run was killed while loading it")
    return len(batches)
