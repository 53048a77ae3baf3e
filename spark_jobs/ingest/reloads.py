"""A feed that is loaded again as a whole: a note that outlives a kill says to which versions its tables go back."""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from conf.settings import Settings
from spark_jobs.common.delta import table_version
from spark_jobs.common.job import StepContext
from spark_jobs.ingest.journal import ingest_folder, staging_folder
from spark_jobs.ingest.manifest import MANIFEST


@dataclass(frozen=True)
class Reload:
    """A reload under way: its batch, and the version of each table before it."""

    source: str
    feed: str
    batch_id: str
    versions: dict[str, int]

    def write(self, settings: Settings) -> None:
        """Put the note on disk before the first commit."""
        file = _file(settings, self.source, self.feed)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}.tmp")
        with draft.open("w", encoding="utf-8") as out:
            json.dump(asdict(self), out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)

    def done(self, settings: Settings) -> None:
        """Remove the note: the batch is in the manifest, or the tables are as they were."""
        _file(settings, self.source, self.feed).unlink(missing_ok=True)


def delivery_folder(settings: Settings, source: str, feed: str) -> Path:
    """Where the deliveries of a feed lie while they are read again."""
    return ingest_folder(settings) / "staging" / f"{source}__{feed}.reload"


def roll_back(ctx: StepContext, reload: Reload) -> None:
    """Bring the tables back to what they were before a reload."""
    for folder in (staging_folder(ctx.settings, reload.source, reload.feed), delivery_folder(ctx.settings, reload.source, reload.feed)):
        shutil.rmtree(folder, ignore_errors=True)  # a statement of the dead run that still reads it fails and commits nothing
    for name, version in reload.versions.items():
        if table_version(ctx.spark, name) > version:
            ctx.spark.sql(f"restore table {name} to version as of {version}").collect()
            ctx.spark.catalog.refreshTable(name)
    (ingest_folder(ctx.settings) / "tables").unlink(missing_ok=True)  # their columns are compared anew
    reload.done(ctx.settings)


def roll_back_killed(ctx: StepContext) -> int:
    """Undo reloads that were killed before they reached the manifest; gives their number. The caller holds the ingest lock."""
    undone = 0
    for file in sorted(_folder(ctx.settings).glob("*.json")):
        reload = Reload(**json.loads(file.read_text(encoding="utf-8")))
        if ctx.spark.table(MANIFEST).where(f"batch_id = '{reload.batch_id}'").isEmpty():
            roll_back(ctx, reload)
            undone += 1
        else:
            shutil.rmtree(delivery_folder(ctx.settings, reload.source, reload.feed), ignore_errors=True)
            reload.done(ctx.settings)
    return undone


def _folder(settings: Settings) -> Path:
    return ingest_folder(settings) / "reloads"


def _file(settings: Settings, source: str, feed: str) -> Path:
    return _folder(settings) / f"{source}__{feed}.json"
