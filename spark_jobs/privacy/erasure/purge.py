"""Tables without their past: deleted rows leave the files, old files the disk, and old statistics the log."""

import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from conf.errors import CdpError, Finding
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AT_ONCE = 4
CHECKED = "spark.databricks.delta.retentionDurationCheck.enabled"
LOG_FILE = re.compile(r"^(\d{20})\.(?:json|crc|checkpoint.*|compacted.*|[0-9a-f-]+\.(?:json|parquet))")


def rewrite(spark: "SparkSession", settings: Settings, names: Iterable[str]) -> int:
    """Make tables hold no deleted row, and begin their logs anew with a checkpoint, so that what was before it can go. Gives the number of tables."""
    names = sorted(set(names))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda name: _rewrite(spark, settings, name), names))
    return len(names)


def _rewrite(spark: "SparkSession", settings: Settings, name: str) -> None:
    spark.sql(f"reorg table {name} apply (purge)").collect()
    spark.sql(f"alter table {name} set tblproperties ('delta.checkpointInterval' = '1')").collect()
    spark.sql(f"alter table {name} unset tblproperties ('delta.checkpointInterval')").collect()
    if _checkpoint(_folder(settings, name)) is None:
        raise CdpError("a table has no checkpoint", [Finding(name, "Delta wrote none", "run the erasure again")])


def vacuum(spark: "SparkSession", settings: Settings, names: Iterable[str], hours: int) -> dict[str, int]:
    """Remove files that no version needs which is younger than `hours`, and log entries from before the newest checkpoint.

    Log entries are removed with `hours` = 0 only: younger versions that are kept need them.

    Returns:
        Log files that were removed.
    """
    spark.conf.set(CHECKED, "false")
    names = sorted(set(names))
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda name: spark.sql(f"vacuum {name} retain {hours} hours").collect(), names))
    finally:
        spark.conf.unset(CHECKED)
    return {"log_files": sum(_cut_log(_folder(settings, name)) for name in names) if hours == 0 else 0}


def _folder(settings: Settings, name: str) -> Path:
    schema, _, table = name.partition(".")
    return settings.lake.warehouse / schema / table


def _checkpoint(folder: Path) -> int | None:
    """Version of the newest checkpoint."""
    try:
        found: int = json.loads((folder / "_delta_log" / "_last_checkpoint").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return None
    return found


def _cut_log(folder: Path) -> int:
    """Remove what the log has from before its newest checkpoint, as Delta itself does after `delta.logRetentionDuration`."""
    newest = _checkpoint(folder)
    removed = 0
    for file in sorted((folder / "_delta_log").rglob("*")):
        match = LOG_FILE.match(file.name.lstrip("."))
        if match and newest is not None and int(match[1]) < newest:
            file.unlink()
            removed += 1
    return removed
