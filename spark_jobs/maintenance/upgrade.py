"""Upgrade of a lake to the format of this release: a backup first, then the steps in order, the format file last.

A killed upgrade is repeated: steps that are done are noted in `<lake>/upgrade-<version>.json`, and until the format file is written no other command writes.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from conf.errors import EngineError, Finding
from conf.settings import Lake, Settings
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.job import StepContext
from spark_jobs.common.lake_format import FORMAT_VERSION, format_error, lake_version, write_version
from spark_jobs.common.session import engine_session
from spark_jobs.common.writer import one_writer
from spark_jobs.engine.lock import EngineLock
from spark_jobs.maintenance import backup
from spark_jobs.maintenance.changes import Change, Step
from spark_jobs.maintenance.steps import steps_between
from spark_jobs.publish import publications

Tell = Callable[[str], None]
REHEARSAL = "rehearsal"  # folder of a copy


@dataclass(frozen=True)
class Done:
    """A step that was carried out."""

    name: str
    title: str
    seconds: float
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade did, or (of a rehearsal) would do. `published_on`: the last published business date."""

    before: int
    steps: tuple[Done, ...]
    backup: Path | None
    published_on: date | None


def needs_upgrade(settings: Settings) -> int | None:
    """The version of a lake that is older than this release; None when there is nothing to do.

    Raises:
        LakeFormatError: the lake was made by a newer release, or its format file is damaged.
    """
    version = lake_version(settings)
    if version is not None and version < FORMAT_VERSION:
        return version
    if error := format_error(settings):
        raise error
    return None


def upgrade(settings: Settings, version: int, tell: Tell) -> Upgraded:
    """Upgrade the lake from a version; resumes an upgrade that was killed.

    Raises:
        EngineError: the lake's engine runs, so that no backup can be made.
        LakeBusyError: another process went on writing to the lake.
    """
    with one_writer(settings, "upgrade", waiting=tell, any_format=True):
        copy = settings.lake.root / "backups" / f"format-{version}"
        if needs_upgrade(settings) is None:  # another process upgraded it while this one waited
            return Upgraded(version, (), copy, None)
        backup.remove(settings.lake.root / REHEARSAL)  # of a rehearsal that was killed
        progress = Progress(settings)
        if not progress.is_begun:
            _refuse_running_engine(settings)
            tell("making a backup")
            backup.copy_lake(settings.lake.root, copy)
            progress.save()
        with engine_session(settings, tell) as spark:
            ctx = StepContext(spark, settings, date.min, "upgrade")
            carry_out(ctx, steps_between(version, FORMAT_VERSION), progress, tell)
            published = publications.latest(ctx)[0]
        write_version(settings, FORMAT_VERSION)
        note(settings, Action.CONFIGURATION_CHANGED, "lake format", before=version, after=FORMAT_VERSION)
        progress.remove()
    return Upgraded(version, tuple(progress.done), copy, published)


def rehearse(settings: Settings, version: int, tell: Tell) -> Upgraded:
    """Carry the steps out on a copy of the lake with an engine of its own; the copy is removed, the lake is left as it is."""
    folder = settings.lake.root / REHEARSAL
    own = {"connect_port": 0, "thrift_port": 0, "remote": None}
    rehearsed = settings.model_copy(update={"lake": Lake(root=folder), "spark": settings.spark.model_copy(update=own)})
    try:
        with one_writer(settings, "upgrade --rehearse", waiting=tell, any_format=True):
            tell("copying the lake")
            backup.copy_lake(settings.lake.root, folder, without=(backup.METASTORE,))
        with engine_session(rehearsed, tell) as spark:
            ctx = StepContext(spark, rehearsed, date.min, "rehearsal")
            register_tables(ctx)
            progress = Progress(rehearsed)
            carry_out(ctx, steps_between(version, FORMAT_VERSION), progress, tell)
            published = publications.latest(ctx)[0]
    finally:
        backup.remove(folder)
    return Upgraded(version, tuple(progress.done), None, published)


def register_tables(ctx: StepContext) -> None:
    """Enter every Delta table of the warehouse into an empty catalogue; paths inside of the tables are relative."""
    for log in sorted(ctx.settings.lake.warehouse.glob("*/*/_delta_log")):
        table = log.parent
        name = f"`{table.parent.name}`.`{table.name}`"
        ctx.spark.sql(f"create table if not exists {name} using delta location '{table.as_uri()}'")


def carry_out(ctx: StepContext, steps: Sequence[Step], progress: "Progress", tell: Tell) -> None:
    """Apply the steps that are not done yet, in order."""
    for step in steps:
        if step.name not in {done.name for done in progress.done}:
            tell(step.title)
            began = time.monotonic()
            changes = step.apply(ctx)
            progress.add(Done(step.name, step.title, round(time.monotonic() - began, 1), tuple(changes)))


def _refuse_running_engine(settings: Settings) -> None:
    if settings.spark.remote is None and EngineLock(settings.lake.engine).is_held():
        finding = Finding(str(settings.lake.engine), "an engine runs on the lake, whose catalogue cannot be copied", "cdp engine down")
        raise EngineError("no backup can be made", [finding])


class Progress:
    """Steps that are done, on disk after each; the note is made once the backup is complete."""

    def __init__(self, settings: Settings) -> None:
        self._file = file = settings.lake.root / f"upgrade-{FORMAT_VERSION}.json"
        self.is_begun = file.is_file()
        self.done: list[Done] = []
        if self.is_begun:
            noted = json.loads(file.read_text(encoding="utf-8"))
            self.done = [Done(**{**each, "changes": tuple(Change(**change) for change in each["changes"])}) for each in noted]

    def add(self, step: Done) -> None:
        """Note a step."""
        self.done.append(step)
        self.save()

    def save(self) -> None:
        """Write the note in one piece."""
        draft = self._file.with_suffix(f".{os.getpid()}.tmp")
        with draft.open("w", encoding="utf-8") as out:
            json.dump([asdict(step) for step in self.done], out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._file)

    def remove(self) -> None:
        """The upgrade is complete."""
        self._file.unlink(missing_ok=True)
