"""The archive: delivered files after they were loaded, encrypted, until their time is over.

A file leaves landing only when its encrypted copy was read back and is the same. What was archived may be delivered again: the manifest knows it.
"""

import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from conf.contracts import Feed, load_sources
from conf.errors import CdpError, Finding
from conf.settings import Settings
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import Keyring, file_hash, key_reference
from spark_jobs.ingest.erased import redelivered_folder
from spark_jobs.privacy.redaction import without_lines
from spark_jobs.privacy.sealed_files import SealedHeader, open_sealed, read_header, remove_drafts, seal_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

SUFFIX = ".sealed"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Loaded:
    """A file that the manifest knows."""

    source: str
    feed: str
    file: str
    file_hash: str
    known_on: date


def loaded_files(spark: "SparkSession", until: date | None = None) -> list[Loaded]:
    """Files that are in the lake (loaded, or copies of loaded ones), in order of name; those known up to a date only."""
    table = spark.table("ops.ingest_manifest").where("status in ('loaded', 'duplicate')")
    table = table if until is None else table.where(f"known_on <= date'{until}'")
    rows = table.groupBy("source", "feed", "file", "file_hash").agg({"known_on": "min"}).collect()
    return sorted((Loaded(*row) for row in rows), key=lambda each: (each.file, each.file_hash))


def archived(settings: Settings, file: str) -> Path:
    """Where a file of landing lies in the archive."""
    return settings.lake.archive / f"{file}{SUFFIX}"


def archive(settings: Settings, files: Iterable[Loaded]) -> int:
    """Move files from landing into the archive; those that are not there, or are not what was loaded, are left alone. Gives their number."""
    ring, moved = key_reference(settings).open(), 0
    for each in files:
        path = settings.lake.landing / each.file
        if not path.is_file() or file_hash(path) != each.file_hash:
            continue
        target = archived(settings, each.file)
        seal_file(ring, SealedHeader(each.file, each.file_hash, each.known_on.isoformat()), _chunks(path), target)
        _check(ring, target, each.file_hash)
        path.unlink()
        moved += 1
    return moved


def _check(ring: Keyring, target: Path, expected: str) -> None:
    """Read back what was written, before the original goes."""
    digest = hashlib.sha256()
    for piece in open_sealed(ring, target):
        digest.update(piece)
    if digest.hexdigest() != expected:
        target.unlink()
        raise CdpError(
            "a file could not be archived", [Finding(str(target), "does not read back as it was", "check the disk and run again")]
        )


def remove_old(settings: Settings, before: date) -> int:
    """Remove files from the archive that became known before a date; gives their number."""
    old = [file for file in sorted(settings.lake.archive.rglob(f"*{SUFFIX}")) if read_header(file).known_on < before.isoformat()]
    for file in old:
        file.unlink()
    return len(old)


def retain(settings: Settings, spark: "SparkSession", business_date: date) -> dict[str, int]:
    """Bring landing and archive to what the settings say for a business date; each change is in the audit log."""
    rules = settings.privacy.archive
    remove_drafts(settings.lake.archive)
    counts = {"archived": 0, "removed": 0, "redacted": _redact_redelivered(settings, spark)}
    if rules.after_days is not None:
        counts["archived"] = archive(settings, loaded_files(spark, business_date - timedelta(days=rules.after_days)))
    if settings.lake.archive.is_dir():
        counts["removed"] = remove_old(settings, business_date - timedelta(days=rules.keep_days))
    if any(counts.values()):
        note(settings, Action.DATA_CHANGED, "archive", business_date=business_date, counts=counts)
    return counts


def _redact_redelivered(settings: Settings, spark: "SparkSession") -> int:
    """Take lines about people who were erased out of files that were delivered since, and remove later copies of files that lines went out of."""
    notes = sorted(redelivered_folder(settings).glob("*.json"))
    loaded = loaded_files(spark)
    lines: dict[str, set[int]] = {}
    for file in notes:
        for name, numbers in json.loads(file.read_text(encoding="utf-8")).items():
            lines.setdefault(name, set()).update(numbers)
    changed = sum(redact(settings, lines, loaded)[what] for what in ("redacted", "removed"))
    for file in notes:
        file.unlink()
    redacted = {header.file_hash for each in settings.lake.archive.rglob(f"*{SUFFIX}") if (header := read_header(each)).redacted}
    for each in loaded:
        path = settings.lake.landing / each.file
        if each.file_hash in redacted and path.is_file() and file_hash(path) == each.file_hash:
            path.unlink()
            changed += 1
    return changed


def redact(settings: Settings, files: Mapping[str, Collection[int]], loaded: Iterable[Loaded]) -> dict[str, int]:
    """Take lines out of delivered files, by name → lines from 1; they lie in the archive afterwards, also those that lay in landing.

    A file of which single rows cannot be taken out (a workbook) is emptied: what is in bronze stays, only the delivery is gone.

    Returns:
        Files redacted, files removed, and lines that went.
    """
    remove_drafts(settings.lake.archive)
    ring, feeds = key_reference(settings).open(), _feeds()
    counts = {"redacted": 0, "removed": 0, "lines": 0}
    for each in loaded:
        lines = files.get(each.file)
        if not lines:
            continue
        landed, target = settings.lake.landing / each.file, archived(settings, each.file)
        if landed.is_file() and file_hash(landed) == each.file_hash:
            header, content = SealedHeader(each.file, each.file_hash, each.known_on.isoformat()), b"".join(_chunks(landed))
        elif target.is_file():
            header, content = read_header(target), b"".join(open_sealed(ring, target))
        else:
            continue
        feed = feeds.get((each.source, each.feed))
        rest = None if feed is None else without_lines(content, Path(each.file).suffix.lower(), feed, lines)
        # Of a file that goes as a whole an empty one stays: so it is known when it is delivered again.
        seal_file(ring, replace(header, redacted=header.redacted + len(lines)), [rest or b""], target)
        counts["removed" if rest is None else "redacted"] += 1
        counts["lines"] += len(lines)
        if landed.is_file() and file_hash(landed) == each.file_hash:
            landed.unlink()
    return counts


def _feeds() -> dict[tuple[str, str], Feed]:
    return {(source, name): feed for source, contract in load_sources().items() for name, feed in contract.feeds.items()}


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk
