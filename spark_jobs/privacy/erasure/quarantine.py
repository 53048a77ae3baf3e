"""Quarantine without the subjects: its rows are encrypted, so each is opened here to see whom it is about."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from spark_jobs.common.crypto import Keyring
from spark_jobs.common.pii.feeds import customer_columns
from spark_jobs.ingest.tokens import TOKEN, raw_binding
from spark_jobs.privacy.erasure.bronze import FeedOf
from spark_jobs.privacy.erasure.work import Work
from spark_jobs.privacy.needles import Needles

ROWS_AT_ONCE = 20_000
WORD = re.compile(r"[\w@.+-]+")


@dataclass(frozen=True)
class Sought:
    """What tells that a rejected row is about a subject."""

    keys: frozenset[str]
    tokens: frozenset[str]
    values: Sequence[str]

    @cached_property
    def _needles(self) -> Needles:
        return Needles(self.values)

    @cached_property
    def _words(self) -> frozenset[str]:
        """Values, and keys as a source writes them: without their namespace."""
        return frozenset(self.values) | {key.partition(":")[2] for key in self.keys}

    def is_in(self, text: str, keys: Sequence[tuple[str, str]]) -> bool:
        """Whether a raw row holds a token, a key in one of the feed's `keys`, or (a line that never became columns) a value itself."""
        if any(match[0] in self.tokens for match in TOKEN.finditer(text)):
            return True
        try:
            row = json.loads(text)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            return not self._words.isdisjoint(WORD.findall(text)) or bool(self._needles.found_in(text.encode()))
        return any(f"{namespace}:{str(row[name]).strip()}" in self.keys for name, namespace in keys if row.get(name) is not None)


def erase_rejected(work: Work, of: FeedOf, ring: Keyring, sought: Sought) -> tuple[int, dict[str, list[int]]]:
    """Remove the subjects' rows from one quarantine table.

    Returns:
        Their number, and the lines of the delivered files that they came from.
    """
    from pyspark.sql import functions as F

    name = f"quarantine.{of.source}__{of.name}"
    if not (work.settings.lake.warehouse / "quarantine" / f"{of.source}__{of.name}" / "_delta_log").is_dir():
        return 0, {}
    table = work.spark.table(name).where(F.col("raw_row").isNotNull())
    rows = table.select("row_id", "raw_row", "_file_hash", "_source_file", "_line").toArrow()
    keys = customer_columns(of.feed, of.source)
    found: list[tuple[str]] = []
    lines: dict[str, list[int]] = {}
    for batch in rows.to_batches(ROWS_AT_ONCE):
        for row in batch.to_pylist():
            text = ring.decrypt(row["raw_row"], raw_binding(row["_file_hash"], row["_line"])).decode("utf-8", "replace")
            if sought.is_in(text, keys):
                found.append((row["row_id"],))
                lines.setdefault(row["_source_file"], []).append(row["_line"])
    if found:
        work.spark.createDataFrame(found, "row_id string").createOrReplaceTempView("erased_rejects")
        work.spark.sql(f"merge into {name} q using erased_rejects e on q.row_id = e.row_id when matched then delete").collect()
        work.spark.catalog.dropTempView("erased_rejects")
    return len(found), lines
