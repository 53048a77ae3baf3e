"""A feed's new files on their way into the lake: what they are, where they are staged and what was found in them."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING

from conf.contracts import Feed
from spark_jobs.common.crypto import KeyReference
from spark_jobs.common.job import StepContext
from spark_jobs.ingest import contract as rules_of
from spark_jobs.ingest import rejected
from spark_jobs.ingest.erased import Marks, erased_in
from spark_jobs.ingest.identifiers import Cleaner
from spark_jobs.ingest.journal import staging_folder
from spark_jobs.ingest.landing import BadFile, LandedFile, balanced_groups
from spark_jobs.ingest.manifest import batch_id
from spark_jobs.ingest.progress import Advance, silent
from spark_jobs.ingest.staging import FileStats, StagePlan, staged_rows
from spark_jobs.ingest.tokens import ERASED_RULE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

MOST_GROUPS = 16

TRIAL = ".check"  # ends the name of a feed that is only tried

# Folders of rejected rows that only other rows show to be wrong: of the file, and of another feed.
LATE = ("repeated", "orphaned")


@dataclass
class Batch:
    """A feed's new files on their way into the lake."""

    ctx: StepContext
    source: str
    feed_name: str
    feed: Feed
    time_zone: str
    key: KeyReference
    files: list[LandedFile]
    landing: Path | None = None
    advance: Advance = silent
    erased: Marks = field(default_factory=Marks)  # of customers who must not come back
    stops_on_bad_file: bool = False
    set_aside: list[BadFile] = field(default_factory=list)
    referred: dict[str, "Batch"] | None = None  # a dry run: other feeds' batches instead of what is in bronze
    stats: dict[str, FileStats] = field(default_factory=dict)
    rejected: dict[tuple[str, str], int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.source}.{self.feed_name}"

    @cached_property
    def batch_id(self) -> str:
        return batch_id(self.source, self.feed_name, self.files)

    @cached_property
    def plan(self) -> StagePlan:
        settings = self.ctx.settings
        folder = staging_folder(settings, self.source, self.feed_name)
        groups = balanced_groups(self.files, MOST_GROUPS)
        return StagePlan(
            self.feed, groups, str(self.landing or settings.lake.landing), str(folder), self.key, settings.ingest.keep_raw_in_quarantine,
            erased_in(self.feed, self.source, self.erased), Cleaner.for_feed(self.feed),
        )  # fmt: skip

    def leave_out(self, bad: Iterable[BadFile]) -> None:
        """Set files aside: the batch is what is left."""
        self.set_aside += bad
        left_out = {each.landed.file for each in bad}
        self.files = [landed for landed in self.files if landed.file not in left_out]
        self.stats = {file: found for file, found in self.stats.items() if file not in left_out}
        for name in ("batch_id", "plan") if left_out else ():
            self.__dict__.pop(name, None)

    @property
    def rows_in(self) -> int:
        return sum(found.rows_in for found in self.stats.values())

    @property
    def rows_wrong(self) -> int:
        """Rejected rows that break the contract; a row of somebody who was erased is none."""
        return sum(count for (_, rule), count in self.rejected.items() if rule != ERASED_RULE)

    @property
    def rows_rejected(self) -> int:
        return sum(self.rejected.values())

    def warn(self, rule: str, rows: int) -> None:
        """Count rows that break a rule and are loaded all the same."""
        if rows:
            self.warnings[rule] = rows
            log.warning("rule_broken feed=%s rule=%s rows=%d severity=warn", self.name, rule, rows)

    def rejected_of(self, file: str) -> int:
        """Rejected rows of one file."""
        return sum(count for (name, _), count in self.rejected.items() if name == file)

    def read(self, kind: str) -> "DataFrame":
        """A staged folder as a frame."""
        return self.ctx.spark.read.parquet(self.plan.folder_of(kind).as_uri())

    def checked(self) -> "DataFrame":
        """Staged rows, typed."""
        return rules_of.typed(self.read("rows"), self.feed, self.time_zone)

    def write(self, frame: "DataFrame", kind: str) -> None:
        """Stage a frame beside the rows."""
        frame.write.mode("overwrite").parquet(self.plan.folder_of(kind).as_uri())

    def count(self, kind: str) -> int:
        """Rows in a staged folder."""
        return staged_rows(self.plan.folder_of(kind))

    def accepted(self) -> "DataFrame":
        """Typed rows that break no rule of their own."""
        rows = self.checked()
        return rows.filter(~rules_of.any_broken(rules_of.rejecting_rules(self.feed))) if self.count("broken") else rows

    def valid(self) -> "DataFrame":
        """Typed rows that break no rule at all: what goes to bronze."""
        rows, place = self.accepted(), ["_source_file", "_line"]
        for kind in LATE:
            if self.count(kind):
                rows = rows.join(self.read(kind).select(*place), place, "left_anti")
        return rows

    def sealed(self) -> "DataFrame | None":
        """All rejected rows, sealed; None when there are none."""
        parts = [self.read(kind) for kind in ("broken", *LATE) if self.count(kind)]
        if self.count("rejects"):
            parts.append(rejected.unread_rows(self.read("rejects"), self.key))
        return reduce(lambda one, other: one.unionByName(other), parts) if parts else None
